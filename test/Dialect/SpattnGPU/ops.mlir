// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --emit-bytecode %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --mlir-print-op-generic %s | spattn-opt | FileCheck %s

// CHECK-LABEL: @memory
// CHECK: %[[T:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
// CHECK: %[[U:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
// CHECK: %[[M:.*]] = spattn_gpu.alloc overlaid : !spattn_gpu.memory<24>
// CHECK: spattn_gpu.shared %[[T]] : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.shared %[[U]][%{{.*}}] : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x64xf16>
// CHECK: spattn_gpu.shared %[[T]][%{{.*}}] stride 16384 : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
// CHECK: spattn_gpu.barrier %[[M]] : !spattn_gpu.memory<24>
// CHECK: %[[B:.*]] = spattn_gpu.barrier %[[M]][%{{.*}}] offset 8 : !spattn_gpu.memory<24>
// CHECK: spattn_gpu.barrier_init %[[B]], 2{{$}}
// CHECK: spattn_gpu.barrier_init %[[B]], 1 loads
// CHECK: spattn_gpu.barrier_fence
// CHECK: spattn_gpu.barrier_arrive %[[B]]
// CHECK: spattn_gpu.barrier_arrive %[[B]] if %{{.*}}
// CHECK: spattn_gpu.barrier_wait %[[B]] parity %{{.*}}
// CHECK: spattn_gpu.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}}, %[[B]] : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}}, %[[B]] evict first : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}}, %[[B]] evict last : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.load_pages %{{.*}}[%{{.*}}, %{{.*}}] pages %{{.*}}, %{{.*}} to %{{.*}}, %[[B]] : !spattn_gpu.shared<128x128xbf16>
func.func @memory(%map: !llvm.ptr, %i: index, %parity: i32, %first: i1) {
  %mt = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  %mu = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  // As if nothing were said of the alignment.
  %mb = spattn_gpu.alloc overlaid : !spattn_gpu.memory<24, alignment = 16>
  %t = spattn_gpu.shared %mt : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  %u = spattn_gpu.shared %mu[%i] : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x64xf16>
  %n = spattn_gpu.shared %mt[%i] stride 16384 : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  %a = spattn_gpu.barrier %mb : !spattn_gpu.memory<24>
  %b = spattn_gpu.barrier %mb[%i] offset 8 : !spattn_gpu.memory<24>
  spattn_gpu.barrier_init %b, 2
  spattn_gpu.barrier_init %b, 1 loads
  spattn_gpu.barrier_fence
  spattn_gpu.barrier_arrive %b
  spattn_gpu.barrier_arrive %b if %first
  spattn_gpu.barrier_wait %b parity %parity
  spattn_gpu.load %map[%i, %i, %i] to %t, %b : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.load %map[%i, %i, %i] to %t, %b evict first : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.load %map[%i, %i, %i] to %t, %b evict last : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.load_pages %map[%i, %i] pages %parity, %parity to %t, %b : !spattn_gpu.shared<128x128xbf16>
  return
}

// CHECK-LABEL: @products
// CHECK: spattn_gpu.mma_fence
// CHECK: %[[S:.*]] = spattn_gpu.mma %{{.*}} rows %{{.*}}, %{{.*}} {transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x128xf32>
// CHECK: spattn_gpu.mma_commit
// CHECK: %[[W:.*]] = spattn_gpu.mma_wait 0, %[[S]] : !spattn_gpu.acc<64x128xf32>
// CHECK: %[[P:.*]] = spattn_gpu.to_operand %[[W]] : !spattn_gpu.acc<64x128xf32> to !spattn_gpu.operand<64x128xbf16>
// CHECK: %[[O:.*]] = spattn_gpu.mma %[[P]], %{{.*}} acc %{{.*}} : !spattn_gpu.operand<64x128xbf16>, !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.acc<64x64xf32> -> !spattn_gpu.acc<64x64xf32>
// CHECK: spattn_gpu.mma_wait 1, %[[O]], %[[P]] : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.operand<64x128xbf16>
func.func @products(%q: !spattn_gpu.shared<128x64xbf16>, %k: !spattn_gpu.shared<128x64xbf16>, %wg: index) {
  spattn_gpu.mma_fence
  %s = spattn_gpu.mma %q rows %wg, %k {transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x64xbf16> -> !spattn_gpu.acc<64x128xf32>
  spattn_gpu.mma_commit
  %w = spattn_gpu.mma_wait 0, %s : !spattn_gpu.acc<64x128xf32>
  %p = spattn_gpu.to_operand %w : !spattn_gpu.acc<64x128xf32> to !spattn_gpu.operand<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %a = spattn_gpu.fill %zero : !spattn_gpu.acc<64x64xf32>
  %o = spattn_gpu.mma %p, %k acc %a : !spattn_gpu.operand<64x128xbf16>, !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.acc<64x64xf32> -> !spattn_gpu.acc<64x64xf32>
  %d:2 = spattn_gpu.mma_wait 1, %o, %p : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.operand<64x128xbf16>
  return
}

// CHECK-LABEL: @fragments
// CHECK: %[[F:.*]] = spattn_gpu.fill %{{.*}} : !spattn_gpu.rows
// CHECK: %[[R:.*]] = spattn_gpu.reduce max %{{.*}}, %[[F]] : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.quad_reduce add %[[R]]
// CHECK: spattn_gpu.map(%{{.*}}, %[[R]]) {
// CHECK: spattn_gpu.any_greater %[[R]], %{{.*}}
// CHECK: spattn_gpu.distances %{{.*}} : !spattn_gpu.acc<64x16xf32>
// CHECK: %[[D:.*]] = spattn_gpu.distances %{{.*}} {transposed} : !spattn_gpu.acc<64x16xf32>
// CHECK: %[[B:.*]] = spattn_gpu.gather %{{.*}}[%[[D]]] : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.scatter_add %[[B]] to %{{.*}}[%[[D]]] : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.distances %{{.*}} heads 8 : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.positions %{{.*}} : !spattn_gpu.rows
// CHECK: spattn_gpu.positions %{{.*}} heads 2 : !spattn_gpu.rows
// CHECK: spattn_gpu.positions %{{.*}} : !spattn_gpu.columns<16>
// CHECK: %[[SEEN:.*]] = spattn_gpu.column_mask {
// CHECK: } : !spattn_gpu.column_mask<16>
// CHECK: %[[BOTH:.*]] = spattn_gpu.column_mask with %[[SEEN]] : !spattn_gpu.column_mask<16> {
// CHECK: } : !spattn_gpu.column_mask<16>
// CHECK: %[[SOME:.*]] = spattn_gpu.residue_mask %[[BOTH]] {
// CHECK: } : !spattn_gpu.column_mask<16>
// CHECK: %[[MORE:.*]] = spattn_gpu.residue_mask %[[BOTH]] with %[[SOME]] : !spattn_gpu.column_mask<16> {
// CHECK: } : !spattn_gpu.column_mask<16>
// CHECK: %[[REST:.*]] = spattn_gpu.column_mask_difference %[[MORE]], %[[SEEN]] : !spattn_gpu.column_mask<16>
// CHECK: spattn_gpu.mask %{{.*}}, %[[REST]] : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.store %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}} as bf16 : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.store_rows %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}}
// CHECK: spattn_gpu.store %{{.*}} to %{{.*}} stride %{{.*}} heads 4 apart %{{.*}} rows %{{.*}} as bf16 : !spattn_gpu.acc<64x16xf32>
// CHECK: spattn_gpu.store_rows %{{.*}} to %{{.*}} stride %{{.*}} heads 64 apart %{{.*}} rows %{{.*}}
func.func @fragments(%s: !spattn_gpu.acc<64x16xf32>, %p: !llvm.ptr, %i: index) {
  %zero = arith.constant 0.0 : f32
  %f = spattn_gpu.fill %zero : !spattn_gpu.rows
  %r = spattn_gpu.reduce max %s, %f : !spattn_gpu.acc<64x16xf32>
  %c = spattn_gpu.quad_reduce add %r
  %m = spattn_gpu.map(%s, %r) {
  ^bb0(%x: f32, %y: f32):
    %d = arith.subf %x, %y : f32
    spattn_gpu.yield %d : f32
  } : (!spattn_gpu.acc<64x16xf32>, !spattn_gpu.rows) -> !spattn_gpu.acc<64x16xf32>
  %g = spattn_gpu.any_greater %r, %c
  %one = arith.constant 1 : i32
  %d0 = spattn_gpu.distances %one : !spattn_gpu.acc<64x16xf32>
  %d1 = spattn_gpu.distances %one {transposed} : !spattn_gpu.acc<64x16xf32>
  %b = spattn_gpu.gather %p[%d1] : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.scatter_add %b to %p[%d1] : !spattn_gpu.acc<64x16xf32>
  %d2 = spattn_gpu.distances %one heads 8 : !spattn_gpu.acc<64x16xf32>
  %p0 = spattn_gpu.positions %one : !spattn_gpu.rows
  %p2 = spattn_gpu.positions %one heads 2 : !spattn_gpu.rows
  %p1 = spattn_gpu.positions %one : !spattn_gpu.columns<16>
  %seen = spattn_gpu.column_mask {
  ^bb0(%row: index):
    %lo = arith.constant 0 : i32
    %hi = arith.index_cast %row : index to i32
    spattn_gpu.yield %lo, %hi : i32, i32
  } : !spattn_gpu.column_mask<16>
  %both = spattn_gpu.column_mask with %seen : !spattn_gpu.column_mask<16> {
  ^bb0(%row: index):
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<16>
  %some = spattn_gpu.residue_mask %both {
  ^bb0(%row: index):
    %start = arith.index_cast %row : index to i32
    spattn_gpu.yield %one, %start, %one : i32, i32, i32
  } : !spattn_gpu.column_mask<16>
  %more = spattn_gpu.residue_mask %both with %some : !spattn_gpu.column_mask<16> {
  ^bb0(%row: index):
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<16>
  %rest = spattn_gpu.column_mask_difference %more, %seen : !spattn_gpu.column_mask<16>
  %t = spattn_gpu.mask %m, %rest : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %t to %p stride %i rows %i as bf16 : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store_rows %c to %p stride %i rows %i
  spattn_gpu.store %t to %p stride %i heads 4 apart %i rows %i as bf16 : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store_rows %c to %p stride %i heads 64 apart %i rows %i
  return
}

// CHECK-LABEL: @counter
// CHECK: %[[TICKET:.*]] = spattn_gpu.atomic_inc %{{.*}}
// CHECK: spattn_gpu.warp_broadcast %[[TICKET]]
func.func @counter(%p: !llvm.ptr) -> i32 {
  %t = spattn_gpu.atomic_inc %p
  %n = spattn_gpu.warp_broadcast %t
  return %n : i32
}

// CHECK-LABEL: @flag
// CHECK: spattn_gpu.semaphore_arrive %[[FLAG:.*]]
// CHECK: spattn_gpu.semaphore_wait 1024 at %[[FLAG]]
// CHECK: spattn_gpu.semaphore_release 1024 to %[[FLAG]]
func.func @flag(%p: !llvm.ptr) -> i32 {
  %n = spattn_gpu.semaphore_arrive %p
  spattn_gpu.semaphore_wait 1024 at %p
  spattn_gpu.semaphore_release 1024 to %p
  return %n : i32
}

// CHECK-LABEL: @threads
// CHECK: spattn_gpu.warpgroup
// CHECK: spattn_gpu.named_barrier_sync 1, 256
// CHECK: spattn_gpu.named_barrier_sync 1[%{{.*}}], 256
// CHECK: spattn_gpu.named_barrier_arrive 1[%{{.*}}], 256
// CHECK: spattn_gpu.set_max_registers 40, false
func.func @threads() {
  %g = spattn_gpu.warpgroup
  spattn_gpu.named_barrier_sync 1, 256
  spattn_gpu.named_barrier_sync 1[%g], 256
  spattn_gpu.named_barrier_arrive 1[%g], 256
  spattn_gpu.set_max_registers 40, false
  return
}

// CHECK-LABEL: @stores
// CHECK: spattn_gpu.mma_wait 0, %{{.*}} : !spattn_gpu.acc<64x128xf32> after %{{.*}}
// CHECK: spattn_gpu.write %{{.*}} to %{{.*}}[%{{.*}}] : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.async_proxy_fence
// CHECK: spattn_gpu.store_tile %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.store_tile %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] column 64 : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.clear_tile %{{.*}} : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.store_wait
// CHECK: spattn_gpu.store_fill %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}} columns 128 : bf16
// CHECK: spattn_gpu.store_tile_rows %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}} columns 72 : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.store_tile_rows %{{.*}} to %{{.*}} stride %{{.*}} heads 2 apart %{{.*}} rows %{{.*}} columns 72 : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.finish_load %{{.*}} rows %{{.*}}, %{{.*}} : !spattn_gpu.shared<128x128xbf16>
func.func @stores(%o: !spattn_gpu.acc<64x128xf32>, %sum: !spattn_gpu.rows, %p: !llvm.ptr, %i: index, %zero: bf16,
                  %t: !spattn_gpu.shared<128x128xbf16>, %full: !spattn_gpu.barrier) {
  %w = spattn_gpu.mma_wait 0, %o : !spattn_gpu.acc<64x128xf32> after %sum
  spattn_gpu.write %w to %t[%i] : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.async_proxy_fence
  spattn_gpu.store_tile %t to %p[%i, %i, %i] : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.store_tile %t to %p[%i, %i, %i] column 64 : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.clear_tile %t : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.store_wait
  spattn_gpu.store_fill %zero to %p stride %i rows %i columns 128 : bf16
  spattn_gpu.store_tile_rows %t to %p stride %i rows %i columns 72 : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.store_tile_rows %t to %p stride %i heads 2 apart %i rows %i columns 72 : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.finish_load %t rows %i, %full : !spattn_gpu.shared<128x128xbf16>
  return
}

// CHECK-LABEL: @words
// CHECK-SAME: %[[M:.*]]: !spattn_gpu.memory<512>,
// CHECK: spattn_gpu.write_words %[[M]][%{{.*}}] stride 256, %{{.*}}, %{{.*}} : !spattn_gpu.memory<512>
// CHECK: spattn_gpu.write_words %[[M]][%{{.*}}] stride 256 offset 64, %{{.*}} : !spattn_gpu.memory<512>
// CHECK: spattn_gpu.read_words %[[M]][%{{.*}}] stride 256 uniform : !spattn_gpu.memory<512> -> i32, i32
// CHECK: spattn_gpu.read_words %[[M]][%{{.*}}] stride 256 : !spattn_gpu.memory<512> -> i32
// CHECK: spattn_gpu.read_words %[[M]][%{{.*}}] stride 256 offset 64 uniform : !spattn_gpu.memory<512> -> i32
// CHECK: spattn_gpu.lookup %{{.*}} in 32 of %[[M]][%{{.*}}] stride 256 : !spattn_gpu.memory<512>
// CHECK: spattn_gpu.lookup %{{.*}} in 8 of %[[M]][%{{.*}}] stride 256 offset 192 : !spattn_gpu.memory<512>
func.func @words(%m: !spattn_gpu.memory<512>, %i: index, %a: i32, %b: i32) -> (i32, i32, i32) {
  spattn_gpu.write_words %m[%i] stride 256, %a, %b : !spattn_gpu.memory<512>
  spattn_gpu.write_words %m[%i] stride 256 offset 64, %a : !spattn_gpu.memory<512>
  %c, %d = spattn_gpu.read_words %m[%i] stride 256 uniform : !spattn_gpu.memory<512> -> i32, i32
  %e = spattn_gpu.read_words %m[%i] stride 256 : !spattn_gpu.memory<512> -> i32
  %h = spattn_gpu.read_words %m[%i] stride 256 offset 64 uniform : !spattn_gpu.memory<512> -> i32
  %f = spattn_gpu.lookup %e in 32 of %m[%i] stride 256 : !spattn_gpu.memory<512>
  %g = spattn_gpu.lookup %e in 8 of %m[%i] stride 256 offset 192 : !spattn_gpu.memory<512>
  return %c, %d, %e : i32, i32, i32
}

// Stages that are constants, up to the last one.
// CHECK-LABEL: @last_stages
func.func @last_stages(%m: !spattn_gpu.memory<512>, %t: !spattn_gpu.memory<65536, alignment = 1024>) -> i32 {
  %last = arith.constant 1 : index
  %tile = spattn_gpu.shared %t[%last] : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  %barrier = spattn_gpu.barrier %m[%last] offset 496 : !spattn_gpu.memory<512>
  %word = spattn_gpu.read_words %m[%last] stride 256 offset 240 : !spattn_gpu.memory<512> -> i32
  return %word : i32
}

// All that a launch has may be allocated, and more of it left.
// CHECK-LABEL: @launched
llvm.func @launched() attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, shared = 2048, grid = <1>>} {
  %a = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %b = spattn_gpu.alloc : !spattn_gpu.memory<1024, alignment = 1024>
  llvm.return
}
llvm.func @launched_with_more() attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, shared = 2048, grid = <1>>} {
  %a = spattn_gpu.alloc : !spattn_gpu.memory<8>
  llvm.return
}

// CHECK-LABEL: @columns
// CHECK-SAME: %[[C:.*]]: !spattn_gpu.columns<64>
// CHECK: spattn_gpu.read_columns %[[M:.*]][%{{.*}}] stride 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
// CHECK: %[[R:.*]] = spattn_gpu.read_columns %[[M]][%{{.*}}] stride 256 offset 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
// CHECK: spattn_gpu.map(%[[R]], %{{.*}}, %[[C]]) {
// CHECK: } : (!spattn_gpu.columns<64>, !spattn_gpu.rows, !spattn_gpu.columns<64>) -> !spattn_gpu.acc<64x64xf32>
func.func @columns(%c: !spattn_gpu.columns<64>, %r: !spattn_gpu.rows, %i: index, %memory: !spattn_gpu.memory<512>)
    -> !spattn_gpu.acc<64x64xf32> {
  %e = spattn_gpu.read_columns %memory[%i] stride 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
  %d = spattn_gpu.read_columns %memory[%i] stride 256 offset 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
  %m = spattn_gpu.map(%d, %r, %c) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    spattn_gpu.yield %s : f32
  } : (!spattn_gpu.columns<64>, !spattn_gpu.rows, !spattn_gpu.columns<64>) -> !spattn_gpu.acc<64x64xf32>
  return %m : !spattn_gpu.acc<64x64xf32>
}

// The transpose of 64 columns of a tile: what is deep in it are its rows.
// CHECK-LABEL: @lhs_transposed
// CHECK: spattn_gpu.mma %{{.*}} rows %{{.*}}, %{{.*}} {lhs_transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x192xbf16> -> !spattn_gpu.acc<64x192xf32>
// CHECK: spattn_gpu.mma %{{.*}} rows %{{.*}}, %{{.*}} acc %{{.*}} {lhs_transposed, transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<48x128xbf16>, !spattn_gpu.acc<64x48xf32> -> !spattn_gpu.acc<64x48xf32>
func.func @lhs_transposed(%s: !spattn_gpu.shared<128x64xbf16>, %k: !spattn_gpu.shared<128x192xbf16>,
                          %t: !spattn_gpu.shared<48x128xbf16>, %a: !spattn_gpu.acc<64x48xf32>, %i: index) {
  %d = spattn_gpu.mma %s rows %i, %k {lhs_transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x192xbf16> -> !spattn_gpu.acc<64x192xf32>
  %e = spattn_gpu.mma %s rows %i, %t acc %a {lhs_transposed, transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<48x128xbf16>, !spattn_gpu.acc<64x48xf32> -> !spattn_gpu.acc<64x48xf32>
  return
}

// CHECK-LABEL: @gradients
// CHECK: spattn_gpu.load_words 64 from %{{.*}} to %[[M:.*]][%{{.*}}] stride 256, %{{.*}} : !spattn_gpu.memory<32768>
// CHECK: spattn_gpu.load_words 64 from %{{.*}} to %[[M]][%{{.*}}] stride 256 offset 1024, %{{.*}} : !spattn_gpu.memory<32768>
// CHECK: spattn_gpu.load_rows %{{.*}} stride %{{.*}} rows %{{.*}} else %{{.*}}
// CHECK: spattn_gpu.load_rows %{{.*}} stride %{{.*}} heads 16 apart %{{.*}} rows %{{.*}} else %{{.*}}
// CHECK: spattn_gpu.load_columns %{{.*}} stride %{{.*}} count %{{.*}} : !spattn_gpu.columns<64>
// CHECK: spattn_gpu.read %{{.*}}[%{{.*}}] : !spattn_gpu.shared<128x64xbf16> to !spattn_gpu.acc<64x64xf32>
// CHECK: spattn_gpu.row_products %{{.*}}, %{{.*}}[%{{.*}}] : !spattn_gpu.shared<128x64xbf16>
// CHECK: spattn_gpu.write %{{.*}} to %{{.*}}[%{{.*}}] : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16>
// CHECK: spattn_gpu.add_fragment %{{.*}} to %{{.*}} : !spattn_gpu.acc<64x64xf32>
// CHECK: spattn_gpu.write_fragment %{{.*}} to %[[M]][%{{.*}}] stride 16384 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
// CHECK: spattn_gpu.write_fragment %{{.*}} to %[[M]][%{{.*}}] stride 16384 offset 16384 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
// CHECK: spattn_gpu.read_fragment %[[M]][%{{.*}}] stride 16384 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
// CHECK: spattn_gpu.read_fragment %[[M]][%{{.*}}] stride 16384 offset 16384 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
// CHECK: spattn_gpu.add_words 4096 from %[[M]][%{{.*}}] stride 16384 to %{{.*}} : !spattn_gpu.memory<32768>
// CHECK: spattn_gpu.add_words 4096 from %[[M]][%{{.*}}] stride 16384 offset 16384 to %{{.*}} overwriting : !spattn_gpu.memory<32768>
// CHECK: spattn_gpu.load_fragment %{{.*}} : !spattn_gpu.acc<64x64xf32>
func.func @gradients(%p: !llvm.ptr, %t: !spattn_gpu.shared<128x64xbf16>, %b: !spattn_gpu.barrier, %x: f32, %i: index,
                     %m: !spattn_gpu.memory<32768>)
    -> (!spattn_gpu.rows, !spattn_gpu.acc<64x64xf32>) {
  spattn_gpu.load_words 64 from %p to %m[%i] stride 256, %b : !spattn_gpu.memory<32768>
  spattn_gpu.load_words 64 from %p to %m[%i] stride 256 offset 1024, %b : !spattn_gpu.memory<32768>
  %r = spattn_gpu.load_rows %p stride %i rows %i else %x
  %h = spattn_gpu.load_rows %p stride %i heads 16 apart %i rows %i else %x
  %l = spattn_gpu.load_columns %p stride %i count %i : !spattn_gpu.columns<64>
  %a = spattn_gpu.read %t[%i] : !spattn_gpu.shared<128x64xbf16> to !spattn_gpu.acc<64x64xf32>
  %d = spattn_gpu.row_products %t, %t[%i] : !spattn_gpu.shared<128x64xbf16>
  %o = spattn_gpu.to_operand %a : !spattn_gpu.acc<64x64xf32> to !spattn_gpu.operand<64x64xbf16>
  spattn_gpu.write %o to %t[%i] : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16>
  spattn_gpu.add_fragment %a to %p : !spattn_gpu.acc<64x64xf32>
  spattn_gpu.write_fragment %a to %m[%i] stride 16384 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
  spattn_gpu.write_fragment %a to %m[%i] stride 16384 offset 16384 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
  %s = spattn_gpu.read_fragment %m[%i] stride 16384 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
  %u = spattn_gpu.read_fragment %m[%i] stride 16384 offset 16384 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
  spattn_gpu.add_words 4096 from %m[%i] stride 16384 to %p : !spattn_gpu.memory<32768>
  spattn_gpu.add_words 4096 from %m[%i] stride 16384 offset 16384 to %p overwriting : !spattn_gpu.memory<32768>
  %f = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x64xf32>
  return %r, %f : !spattn_gpu.rows, !spattn_gpu.acc<64x64xf32>
}
