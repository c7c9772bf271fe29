// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected from 1 to 232448 bytes, which a block may have, got 0}}
func.func private @no_memory(!spattn_gpu.memory<0>)

// -----

// expected-error @+1 {{expected from 1 to 232448 bytes, which a block may have, got 232449}}
func.func private @much_memory(!spattn_gpu.memory<232449>)

// -----

// expected-error @+1 {{expected an alignment that is a power of two from 16 to 1024, got 8}}
func.func private @little_alignment(!spattn_gpu.memory<64, alignment = 8>)

// -----

// expected-error @+1 {{expected an alignment that is a power of two from 16 to 1024, got 2048}}
func.func private @much_alignment(!spattn_gpu.memory<64, alignment = 2048>)

// -----

// expected-error @+1 {{expected an alignment that is a power of two from 16 to 1024, got 48}}
func.func private @odd_alignment(!spattn_gpu.memory<64, alignment = 48>)

// -----

func.func @alloc_in_branch(%i: i1) {
  scf.if %i {
    // expected-error @+1 {{expected to be in the entry block of a function, since an allocation lasts as long as the kernel}}
    %m = spattn_gpu.alloc : !spattn_gpu.memory<64>
  }
  return
}

// -----

func.func @alloc_in_block() {
  cf.br ^bb1
^bb1:
  // expected-error @+1 {{expected to be in the entry block of a function}}
  %m = spattn_gpu.alloc : !spattn_gpu.memory<64>
  return
}

// -----

// expected-error @+1 {{expected to be in the entry block of a function}}
%m = spattn_gpu.alloc : !spattn_gpu.memory<64>

// -----

// The tile starts at the next multiple of 1024.
// expected-error @+1 {{the launch has 9215 bytes of shared memory, but the function's allocations take 9216}}
llvm.func @launch_of_less() attributes {
  spattn_gpu.launch = #spattn_gpu.launch<threads = 1, shared = 9215, grid = <1>>} {
  %a = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %b = spattn_gpu.alloc : !spattn_gpu.memory<64>
  %c = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  llvm.return
}

// -----

// Those from an overlaid one on are at the beginning again.
// expected-error @+1 {{the launch has 8191 bytes of shared memory, but the function's allocations take 8192}}
llvm.func @launch_of_less_than_either() attributes {
  spattn_gpu.launch = #spattn_gpu.launch<threads = 1, shared = 8191, grid = <1>>} {
  %a = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %b = spattn_gpu.alloc overlaid : !spattn_gpu.memory<4096, alignment = 1024>
  %c = spattn_gpu.alloc : !spattn_gpu.memory<64>
  llvm.return
}

// -----

func.func @tile_alignment(%m: !spattn_gpu.memory<8192>) {
  // expected-error @+1 {{expected memory with an alignment of 1024 for a tile, got '!spattn_gpu.memory<8192>'}}
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<8192> -> !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @large_tile(%m: !spattn_gpu.memory<32767, alignment = 1024>, %i: index) {
  // expected-error @+1 {{expected 32768 bytes within the 32767 of its memory, got offset 0}}
  %t = spattn_gpu.shared %m[%i] : !spattn_gpu.memory<32767, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  return
}

// -----

func.func @late_tile(%m: !spattn_gpu.memory<65535, alignment = 1024>) {
  %one = arith.constant 1 : index
  // expected-error @+1 {{expected a stage from 0 to 0, the last within the 65535 bytes of its memory, got 1}}
  %t = spattn_gpu.shared %m[%one] : !spattn_gpu.memory<65535, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  return
}

// -----

func.func @early_tile(%m: !spattn_gpu.memory<65536, alignment = 1024>) {
  %before = arith.constant -1 : index
  // expected-error @+1 {{expected a stage from 0 to 1, the last within the 65536 bytes of its memory, got -1}}
  %t = spattn_gpu.shared %m[%before] : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  return
}

// -----

func.func @barrier_offset(%m: !spattn_gpu.memory<64>) {
  // expected-error @+1 {{expected an offset that is a multiple of 8, got 4}}
  %b = spattn_gpu.barrier %m offset 4 : !spattn_gpu.memory<64>
  return
}

// -----

func.func @late_barrier(%m: !spattn_gpu.memory<64>) {
  // expected-error @+1 {{expected 8 bytes within the 64 of its memory, got offset 64}}
  %b = spattn_gpu.barrier %m offset 64 : !spattn_gpu.memory<64>
  return
}

// -----

func.func @early_barrier(%m: !spattn_gpu.memory<64>) {
  // expected-error @+1 {{expected 8 bytes within the 64 of its memory, got offset -8}}
  %b = spattn_gpu.barrier %m offset -8 : !spattn_gpu.memory<64>
  return
}

// -----

func.func @barrier_stage(%m: !spattn_gpu.memory<64>) {
  %two = arith.constant 2 : index
  // expected-error @+1 {{expected a stage from 0 to 1, the last within the 64 bytes of its memory, got 2}}
  %b = spattn_gpu.barrier %m[%two] offset 48 : !spattn_gpu.memory<64>
  return
}

// -----

func.func @write_words_offset(%m: !spattn_gpu.memory<512>, %i: index, %a: i32) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got 8 and 256}}
  spattn_gpu.write_words %m[%i] stride 256 offset 8, %a : !spattn_gpu.memory<512>
  return
}

// -----

func.func @write_words_count(%m: !spattn_gpu.memory<512>, %i: index, %a: i32) {
  // expected-error @+1 {{expected from 1 to 4 numbers, got 5}}
  spattn_gpu.write_words %m[%i] stride 16, %a, %a, %a, %a, %a : !spattn_gpu.memory<512>
  return
}

// -----

func.func @late_write_words(%m: !spattn_gpu.memory<512>, %i: index, %a: i32) {
  // expected-error @+1 {{expected 4 bytes within the 512 of its memory, got offset 4294967296}}
  spattn_gpu.write_words %m[%i] stride 256 offset 4294967296, %a : !spattn_gpu.memory<512>
  return
}

// -----

func.func @write_words_stage(%m: !spattn_gpu.memory<512>, %a: i32) {
  %two = arith.constant 2 : index
  // expected-error @+1 {{expected a stage from 0 to 1, the last within the 512 bytes of its memory, got 2}}
  spattn_gpu.write_words %m[%two] stride 256, %a : !spattn_gpu.memory<512>
  return
}

// -----

func.func @read_words_stride(%m: !spattn_gpu.memory<512>, %i: index) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got 16 and 20}}
  %a = spattn_gpu.read_words %m[%i] stride 20 offset 16 : !spattn_gpu.memory<512> -> i32
  return
}

// -----

func.func @late_read_words(%m: !spattn_gpu.memory<512>, %i: index) {
  // expected-error @+1 {{expected 4 bytes within the 512 of its memory, got offset 9223372036854775792}}
  %a = spattn_gpu.read_words %m[%i] stride 256 offset 9223372036854775792 : !spattn_gpu.memory<512> -> i32
  return
}

// -----

func.func @lookup_count(%m: !spattn_gpu.memory<512>, %i: index, %n: i32) {
  // expected-error @+1 {{expected from 1 to 16 numbers, got 18}}
  %v = spattn_gpu.lookup %n in 9 of %m[%i] stride 64 offset 16 : !spattn_gpu.memory<512>
  return
}

// -----

// Twice as many numbers are 18 in 64 bits.
func.func @negative_lookup(%m: !spattn_gpu.memory<512>, %i: index, %n: i32) {
  // expected-error @+1 {{expected from 1 to 64 numbers, got -9223372036854775799}}
  %v = spattn_gpu.lookup %n in -9223372036854775799 of %m[%i] stride 256 : !spattn_gpu.memory<512>
  return
}

// -----

func.func @late_lookup(%m: !spattn_gpu.memory<512>, %i: index, %n: i32) {
  // expected-error @+1 {{expected 256 bytes within the 512 of its memory, got offset 272}}
  %v = spattn_gpu.lookup %n in 32 of %m[%i] stride 256 offset 272 : !spattn_gpu.memory<512>
  return
}

// -----

func.func @load_words_multiple(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected a multiple of 4 numbers, got 6}}
  spattn_gpu.load_words 6 from %p to %m[%i] stride 256, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @load_words_offset(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got 4 and 256}}
  spattn_gpu.load_words 64 from %p to %m[%i] stride 256 offset 4, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @load_words_count(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected from 1 to 64 numbers, got 68}}
  spattn_gpu.load_words 68 from %p to %m[%i] stride 256, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @load_no_words(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected from 1 to 64 numbers, got 0}}
  spattn_gpu.load_words 0 from %p to %m[%i] stride 256, %b : !spattn_gpu.memory<512>
  return
}

// -----

// So many numbers have 0 bytes in 64 bits.
func.func @negative_load_words(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected from 1 to 64 numbers, got -4611686018427387904}}
  spattn_gpu.load_words -4611686018427387904 from %p to %m[%i] stride 256, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @negative_offset(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got -16 and 256}}
  spattn_gpu.load_words 64 from %p to %m[%i] stride 256 offset -16, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @negative_stride(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got 0 and -256}}
  spattn_gpu.load_words 64 from %p to %m[%i] stride -256, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @late_load_words(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index, %b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected 256 bytes within the 512 of its memory, got offset 272}}
  spattn_gpu.load_words 64 from %p to %m[%i] stride 256 offset 272, %b : !spattn_gpu.memory<512>
  return
}

// -----

func.func @add_words_multiple(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index) {
  // expected-error @+1 {{expected a multiple of 4 numbers, got 6}}
  spattn_gpu.add_words 6 from %m[%i] stride 256 to %p : !spattn_gpu.memory<512>
  return
}

// -----

func.func @add_words_count(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index) {
  // expected-error @+1 {{expected from 1 to 64 numbers, got 68}}
  spattn_gpu.add_words 68 from %m[%i] stride 256 to %p : !spattn_gpu.memory<512>
  return
}

// -----

// Offsets and strides that 32 bits do not hold.
func.func @late_add_words(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index) {
  // expected-error @+1 {{expected 256 bytes within the 512 of its memory, got offset 2147483648}}
  spattn_gpu.add_words 64 from %m[%i] stride 256 offset 2147483648 to %p : !spattn_gpu.memory<512>
  return
}

// -----

func.func @large_stride(%m: !spattn_gpu.memory<512>, %p: !llvm.ptr, %i: index) {
  // expected-error @+1 {{expected a stride within the 512 bytes of its memory, got 4294967296}}
  spattn_gpu.add_words 64 from %m[%i] stride 4294967296 to %p : !spattn_gpu.memory<512>
  return
}

// -----

func.func @write_fragment_count(%m: !spattn_gpu.memory<32768>, %a: !spattn_gpu.acc<64x64xf32>, %i: index) {
  // expected-error @+1 {{expected from 1 to 2048 numbers, got 4096}}
  spattn_gpu.write_fragment %a to %m[%i] stride 8192 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
  return
}

// -----

func.func @write_fragment_offset(%m: !spattn_gpu.memory<32768>, %a: !spattn_gpu.acc<64x64xf32>, %i: index) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got 8 and 16384}}
  spattn_gpu.write_fragment %a to %m[%i] stride 16384 offset 8 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
  return
}

// -----

func.func @read_fragment_count(%m: !spattn_gpu.memory<32768>, %i: index) {
  // expected-error @+1 {{expected from 1 to 2048 numbers, got 4096}}
  %a = spattn_gpu.read_fragment %m[%i] stride 8192 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @late_read_fragment(%m: !spattn_gpu.memory<32768>, %i: index) {
  // expected-error @+1 {{expected 16384 bytes within the 32768 of its memory, got offset 16400}}
  %a = spattn_gpu.read_fragment %m[%i] stride 16384 offset 16400 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @late_write_fragment(%m: !spattn_gpu.memory<32768>, %a: !spattn_gpu.acc<64x64xf32>, %i: index) {
  // expected-error @+1 {{expected 16384 bytes within the 32768 of its memory, got offset 16400}}
  spattn_gpu.write_fragment %a to %m[%i] stride 16384 offset 16400 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
  return
}

// -----

func.func @read_columns_stride(%m: !spattn_gpu.memory<512>, %i: index) {
  // expected-error @+1 {{expected an offset and a stride that are multiples of 16, got 0 and 260}}
  %c = spattn_gpu.read_columns %m[%i] stride 260 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
  return
}

// -----

func.func @read_columns_count(%m: !spattn_gpu.memory<512>, %i: index) {
  // expected-error @+1 {{expected from 1 to 32 numbers, got 64}}
  %c = spattn_gpu.read_columns %m[%i] stride 128 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
  return
}

// -----

func.func @late_read_columns(%m: !spattn_gpu.memory<512>, %i: index) {
  // expected-error @+1 {{expected 256 bytes within the 512 of its memory, got offset 1073741824}}
  %c = spattn_gpu.read_columns %m[%i] stride 256 offset 1073741824 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
  return
}

// -----

func.func @read_columns_stage(%m: !spattn_gpu.memory<512>) {
  %one = arith.constant 1 : index
  // expected-error @+1 {{expected a stage from 0 to 0, the last within the 512 bytes of its memory, got 1}}
  %c = spattn_gpu.read_columns %m[%one] stride 256 offset 16 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
  return
}

// -----

func.func @tile_with_narrow_stride(%i: index) {
  %m = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  // expected-error @+1 {{expected a stride that is a multiple of 1024 and at least the tile's 8192 bytes, got 4096}}
  %t = spattn_gpu.shared %m[%i] stride 4096 : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @tile_with_odd_stride(%i: index) {
  %m = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  // expected-error @+1 {{expected a stride that is a multiple of 1024 and at least the tile's 8192 bytes, got 8200}}
  %t = spattn_gpu.shared %m[%i] stride 8200 : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @pages(%map: !llvm.ptr, %i: index, %page: i32) {
  %m = spattn_gpu.alloc : !spattn_gpu.memory<12288, alignment = 1024>
  %n = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<12288, alignment = 1024> -> !spattn_gpu.shared<48x128xbf16>
  %b = spattn_gpu.barrier %n : !spattn_gpu.memory<8>
  // expected-error @+1 {{expected pages of a multiple of 8 rows each, got 4 for a tile of 48}}
  spattn_gpu.load_pages %map[%i, %i] pages %page, %page, %page, %page to %t, %b : !spattn_gpu.shared<48x128xbf16>
  return
}
