// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected 64 rows and a multiple of 8 columns up to 256, got 32x128}}
func.func private @acc_rows(!spattn_gpu.acc<32x128xf32>)

// -----

// expected-error @+1 {{expected elements of type f32, got 'f16'}}
func.func private @acc_type(!spattn_gpu.acc<64x128xf16>)

// -----

// expected-error @+1 {{expected a multiple of 8 columns up to 256, got 12}}
func.func private @columns(!spattn_gpu.columns<12>)

// -----

// expected-error @+1 {{expected a multiple of 8 columns up to 256, got 0}}
func.func private @no_columns(!spattn_gpu.columns<0>)

// -----

// expected-error @+1 {{expected a multiple of 8 columns up to 256, got 264}}
func.func private @many_columns(!spattn_gpu.columns<264>)

// -----

// expected-error @+1 {{expected a multiple of 8 columns up to 256, got 4}}
func.func private @seen(!spattn_gpu.column_mask<4>)

// -----

// expected-error @+1 {{expected 64 rows and a multiple of 16 columns up to 256, got 64x8}}
func.func private @operand(!spattn_gpu.operand<64x8xbf16>)

// -----

// expected-error @+1 {{expected elements of type f16 or bf16, got 'f32'}}
func.func private @operand_type(!spattn_gpu.operand<64x16xf32>)

// -----

// expected-error @+1 {{expected a multiple of 8 rows and a multiple of 64 columns, each up to 256, got 128x32}}
func.func private @shared(!spattn_gpu.shared<128x32xbf16>)

// -----

// expected-error @+1 {{expected elements of type f16 or bf16, got 'f32'}}
func.func private @shared_type(!spattn_gpu.shared<128x64xf32>)

// -----

// expected-error @+1 {{expected two dimensions}}
func.func private @dimensions(!spattn_gpu.acc<64xf32>)

// -----

func.func @barrier_count(%b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected a count from 1 to 32767, got 0}}
  spattn_gpu.barrier_init %b, 0
  return
}

// -----

func.func @barrier_loads(%b: !spattn_gpu.barrier) {
  // expected-error @+1 {{expected a count from 1 to 32767, got 32768}}
  spattn_gpu.barrier_init %b, 32768 loads
  return
}

// -----

func.func @no_rows(%q: !spattn_gpu.shared<128x64xbf16>) {
  // expected-error @+1 {{expected 'rows' for a left operand in shared memory}}
  %s = spattn_gpu.mma %q, %q {transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x128xf32>
  return
}

// -----

func.func @rows(%p: !spattn_gpu.operand<64x64xbf16>, %q: !spattn_gpu.shared<128x64xbf16>, %i: index) {
  // expected-error @+1 {{expected no 'rows' for a left operand in registers}}
  %s = spattn_gpu.mma %p rows %i, %q {transposed} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x128xf32>
  return
}

// -----

func.func @depth(%p: !spattn_gpu.operand<64x64xbf16>, %q: !spattn_gpu.shared<128x64xbf16>) {
  // expected-error @+1 {{expected operands of one depth, got 64 and 128}}
  %s = spattn_gpu.mma %p, %q : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @elements(%p: !spattn_gpu.operand<64x64xf16>, %q: !spattn_gpu.shared<128x64xbf16>) {
  // expected-error @+1 {{expected operands of one element type, got 'f16' and 'bf16'}}
  %s = spattn_gpu.mma %p, %q {transposed} : !spattn_gpu.operand<64x64xf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x128xf32>
  return
}

// -----

func.func @columns(%p: !spattn_gpu.operand<64x64xbf16>, %q: !spattn_gpu.shared<128x64xbf16>) {
  // expected-error @+1 {{expected a result of 128 columns, got '!spattn_gpu.acc<64x64xf32>'}}
  %s = spattn_gpu.mma %p, %q {transposed} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @acc(%p: !spattn_gpu.operand<64x64xbf16>, %q: !spattn_gpu.shared<128x64xbf16>, %a: !spattn_gpu.acc<64x64xf32>) {
  // expected-error @+1 {{expected 'acc' of the result's type, got '!spattn_gpu.acc<64x64xf32>'}}
  %s = spattn_gpu.mma %p, %q acc %a {transposed} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.acc<64x64xf32> -> !spattn_gpu.acc<64x128xf32>
  return
}

// -----

func.func @map_type(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows) {
  // expected-error @+1 {{expected rows as result of rows alone, and else an accumulator}}
  %s = spattn_gpu.map(%r) {
  ^bb0(%x: f32):
    spattn_gpu.yield %x : f32
  } : (!spattn_gpu.rows) -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @map_accumulators(%a: !spattn_gpu.acc<64x64xf32>, %b: !spattn_gpu.acc<64x128xf32>) {
  // expected-error @+1 {{expected accumulators of the result's type, got '!spattn_gpu.acc<64x128xf32>'}}
  %s = spattn_gpu.map(%a, %b) {
  ^bb0(%x: f32, %y: f32):
    spattn_gpu.yield %x : f32
  } : (!spattn_gpu.acc<64x64xf32>, !spattn_gpu.acc<64x128xf32>) -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @map_columns(%a: !spattn_gpu.acc<64x64xf32>, %c: !spattn_gpu.columns<128>) {
  // expected-error @+1 {{expected as many columns as the result has, got '!spattn_gpu.columns<128>'}}
  %s = spattn_gpu.map(%a, %c) {
  ^bb0(%x: f32, %y: f32):
    spattn_gpu.yield %x : f32
  } : (!spattn_gpu.acc<64x64xf32>, !spattn_gpu.columns<128>) -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @map_columns_to_rows(%c: !spattn_gpu.columns<64>) {
  // expected-error @+1 {{expected as many columns as the result has, got '!spattn_gpu.columns<64>'}}
  %s = spattn_gpu.map(%c) {
  ^bb0(%x: f32):
    spattn_gpu.yield %x : f32
  } : (!spattn_gpu.columns<64>) -> !spattn_gpu.rows
  return
}

// -----

func.func @map_arguments(%r: !spattn_gpu.rows) {
  // expected-error @+1 {{expected an argument of type f32 for each operand}}
  %s = spattn_gpu.map(%r, %r) {
  ^bb0(%x: f32):
    spattn_gpu.yield %x : f32
  } : (!spattn_gpu.rows, !spattn_gpu.rows) -> !spattn_gpu.rows
  return
}

// -----

func.func @map_yield(%r: !spattn_gpu.rows) {
  // expected-error @+1 {{expected the body to yield an f32}}
  %s = spattn_gpu.map(%r) {
  ^bb0(%x: f32):
    spattn_gpu.yield %x, %x : f32, f32
  } : (!spattn_gpu.rows) -> !spattn_gpu.rows
  return
}

// -----

func.func @spans_yield() {
  // expected-error @+1 {{expected the body to yield pairs of i32}}
  %s = spattn_gpu.column_mask {
  ^bb0(%row: index):
    spattn_gpu.yield %row : index
  } : !spattn_gpu.column_mask<64>
  return
}

// -----

func.func @spans_argument() {
  // expected-error @+1 {{expected one argument of type index}}
  %s = spattn_gpu.column_mask {
  ^bb0(%row: i32):
    spattn_gpu.yield %row, %row : i32, i32
  } : !spattn_gpu.column_mask<64>
  return
}

// -----

func.func @to_operand(%a: !spattn_gpu.acc<64x64xf32>) {
  // expected-error @+1 {{expected an operand of 64 columns, got '!spattn_gpu.operand<64x32xbf16>'}}
  %p = spattn_gpu.to_operand %a : !spattn_gpu.acc<64x64xf32> to !spattn_gpu.operand<64x32xbf16>
  return
}

// -----

func.func @store(%a: !spattn_gpu.acc<64x64xf32>, %p: !llvm.ptr, %i: index) {
  // expected-error @+1 {{expected to store elements of type f32, f16 or bf16, got 'i8'}}
  spattn_gpu.store %a to %p stride %i rows %i as i8 : !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @sync() {
  // expected-error @+1 {{expected a barrier from 0 to 15, got 16}}
  spattn_gpu.named_barrier_sync 16, 128
  return
}

// -----

func.func @sync_threads() {
  // expected-error @+1 {{expected a multiple of 32 threads up to 1024, got 100}}
  spattn_gpu.named_barrier_sync 0, 100
  return
}

// -----

func.func @arrive() {
  // expected-error @+1 {{expected a barrier from 0 to 15, got 16}}
  spattn_gpu.named_barrier_arrive 16, 128
  return
}

// -----

func.func @registers() {
  // expected-error @+1 {{expected a multiple of 8 from 24 to 256, got 20}}
  spattn_gpu.set_max_registers 20, true
  return
}

// -----

func.func @write_columns(%o: !spattn_gpu.acc<64x64xf32>, %t: !spattn_gpu.shared<128x128xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of 64 columns, got '!spattn_gpu.shared<128x128xbf16>'}}
  spattn_gpu.write %o to %t[%i] : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.shared<128x128xbf16>
  return
}

// -----

func.func @write_rows(%o: !spattn_gpu.acc<64x64xf32>, %t: !spattn_gpu.shared<96x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of a multiple of 64 rows, got '!spattn_gpu.shared<96x64xbf16>'}}
  spattn_gpu.write %o to %t[%i] : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.shared<96x64xbf16>
  return
}

// -----

func.func @fill_columns(%p: !llvm.ptr, %i: index, %zero: f32) {
  // expected-error @+1 {{expected from 1 to 4096 columns, got 0}}
  spattn_gpu.store_fill %zero to %p stride %i rows %i columns 0 : f32
  return
}

// -----

func.func @tile_column(%p: !llvm.ptr, %t: !spattn_gpu.shared<64x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a 'column' that is a multiple of 8, got 4}}
  spattn_gpu.store_tile %t to %p[%i, %i, %i] column 4 : !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @tile_rows_beyond(%p: !llvm.ptr, %t: !spattn_gpu.shared<64x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a multiple of 8 columns up to 64, got 72}}
  spattn_gpu.store_tile_rows %t to %p stride %i rows %i columns 72 : !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @tile_rows_odd(%p: !llvm.ptr, %t: !spattn_gpu.shared<64x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a multiple of 8 columns up to 64, got 20}}
  spattn_gpu.store_tile_rows %t to %p stride %i rows %i columns 20 : !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @spans_columns(%seen: !spattn_gpu.column_mask<16>) {
  // expected-error @+1 {{expected 'others' of the result's type '!spattn_gpu.column_mask<32>', got '!spattn_gpu.column_mask<16>'}}
  %s = spattn_gpu.column_mask with %seen : !spattn_gpu.column_mask<16> {
  ^bb0(%row: index):
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<32>
  return
}

// -----

func.func @lhs_transposed(%p: !spattn_gpu.operand<64x64xbf16>, %k: !spattn_gpu.shared<64x64xbf16>) {
  // expected-error @+1 {{expected a left operand in shared memory for 'lhs_transposed'}}
  %s = spattn_gpu.mma %p, %k {lhs_transposed} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<64x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @lhs_transposed_rows(%s: !spattn_gpu.shared<64x64xbf16>, %k: !spattn_gpu.shared<64x64xbf16>) {
  // expected-error @+1 {{expected 'rows' for a left operand in shared memory}}
  %d = spattn_gpu.mma %s, %k {lhs_transposed} : !spattn_gpu.shared<64x64xbf16>, !spattn_gpu.shared<64x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

// The depth of a transposed operand are its rows.
func.func @lhs_transposed_depth(%s: !spattn_gpu.shared<128x64xbf16>, %k: !spattn_gpu.shared<64x64xbf16>, %i: index) {
  // expected-error @+1 {{expected operands of one depth, got 128 and 64}}
  %d = spattn_gpu.mma %s rows %i, %k {lhs_transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<64x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @depth_multiple(%s: !spattn_gpu.shared<24x64xbf16>, %k: !spattn_gpu.shared<24x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a depth that is a multiple of 16, got 24}}
  %d = spattn_gpu.mma %s rows %i, %k {lhs_transposed} : !spattn_gpu.shared<24x64xbf16>, !spattn_gpu.shared<24x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @write_operand(%o: !spattn_gpu.operand<64x64xf16>, %t: !spattn_gpu.shared<64x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of the operand's element type, got '!spattn_gpu.shared<64x64xbf16>'}}
  spattn_gpu.write %o to %t[%i] : !spattn_gpu.operand<64x64xf16>, !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @write_operand_columns(%o: !spattn_gpu.operand<64x64xbf16>, %t: !spattn_gpu.shared<64x128xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of 64 columns, got '!spattn_gpu.shared<64x128xbf16>'}}
  spattn_gpu.write %o to %t[%i] : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<64x128xbf16>
  return
}

// -----

func.func @read_columns_of_tile(%t: !spattn_gpu.shared<128x128xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of 64 columns, got '!spattn_gpu.shared<128x128xbf16>'}}
  %o = spattn_gpu.read %t[%i] : !spattn_gpu.shared<128x128xbf16> to !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @products_of_rows(%t: !spattn_gpu.shared<96x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of a multiple of 64 rows, got '!spattn_gpu.shared<96x64xbf16>'}}
  %d = spattn_gpu.row_products %t, %t[%i] : !spattn_gpu.shared<96x64xbf16>
  return
}

// -----

func.func @read_rows(%t: !spattn_gpu.shared<96x64xbf16>, %i: index) {
  // expected-error @+1 {{expected a tile of a multiple of 64 rows, got '!spattn_gpu.shared<96x64xbf16>'}}
  %o = spattn_gpu.read %t[%i] : !spattn_gpu.shared<96x64xbf16> to !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @residues_yield(%seen: !spattn_gpu.column_mask<16>, %n: i32) {
  // expected-error @+1 {{expected the body to yield triples of i32}}
  %s = spattn_gpu.residue_mask %seen {
  ^bb0(%row: index):
    spattn_gpu.yield %n, %n : i32, i32
  } : !spattn_gpu.column_mask<16>
  return
}

// -----

func.func @residues_argument(%seen: !spattn_gpu.column_mask<16>) {
  // expected-error @+1 {{expected one argument of type index}}
  %s = spattn_gpu.residue_mask %seen {
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<16>
  return
}

// -----

func.func @residues_columns(%seen: !spattn_gpu.column_mask<16>, %more: !spattn_gpu.column_mask<32>) {
  // expected-error @+1 {{expected 'others' of the result's type '!spattn_gpu.column_mask<16>', got '!spattn_gpu.column_mask<32>'}}
  %s = spattn_gpu.residue_mask %seen with %more : !spattn_gpu.column_mask<32> {
  ^bb0(%row: index):
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<16>
  return
}

// -----

func.func @store_heads(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' to be a power of two up to 64, got 3}}
  spattn_gpu.store %a to %p stride %i heads 3 apart %i rows %i as bf16 : !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @store_rows_heads(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' to be a power of two up to 64, got 128}}
  spattn_gpu.store_rows %r to %p stride %i heads 128 apart %i rows %i
  return
}

// -----

func.func @load_rows_heads(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' to be a power of two up to 64, got 0}}
  %h = spattn_gpu.load_rows %p stride %i heads 0 apart %i rows %i else %x
  return
}

// -----

func.func @store_tile_rows_heads(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' to be a power of two up to 64, got 6}}
  spattn_gpu.store_tile_rows %t to %p stride %i heads 6 apart %i rows %i columns 64 : !spattn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @one_head_apart(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'head_stride' with more than one head}}
  spattn_gpu.store_rows %r to %p stride %i heads 1 apart %i rows %i
  return
}

// -----

func.func @heads_not_apart(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'head_stride' with more than one head}}
  "spattn_gpu.store_rows"(%r, %p, %i, %i) {heads = 4 : i64} : (!spattn_gpu.rows, !llvm.ptr, index, index) -> ()
  return
}

// -----

func.func @distances_heads(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' to be a power of two up to 64, got 5}}
  %d = spattn_gpu.distances %n heads 5 : !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @distances_heads_transposed(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' of rows that are queries, without 'transposed'}}
  %d = spattn_gpu.distances %n heads 4 {transposed} : !spattn_gpu.acc<64x64xf32>
  return
}

// -----

func.func @positions_heads(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' to be a power of two up to 64, got -2}}
  %d = spattn_gpu.positions %n heads -2 : !spattn_gpu.rows
  return
}

// -----

func.func @positions_heads_of_columns(%a: !spattn_gpu.acc<64x64xf32>, %r: !spattn_gpu.rows, %t: !spattn_gpu.shared<64x64xbf16>, %p: !llvm.ptr, %i: index, %n: i32, %x: f32) {
  // expected-error @+1 {{expected 'heads' of rows, got '!spattn_gpu.columns<64>'}}
  %d = spattn_gpu.positions %n heads 2 : !spattn_gpu.columns<64>
  return
}
