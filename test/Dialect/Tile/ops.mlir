// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --emit-bytecode %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --mlir-print-op-generic %s | spattn-opt | FileCheck %s

// CHECK-LABEL: @memory
// CHECK: tile.shared at 0 : !tile.shared<128x128xbf16>
// CHECK: tile.shared[%{{.*}}] at 32768 : !tile.shared<64x64xf16>
// CHECK: %[[B:.*]] = tile.barrier[%{{.*}}] at 8
// CHECK: tile.barrier_init %[[B]], 2{{$}}
// CHECK: tile.barrier_init %[[B]], 1 loads
// CHECK: tile.barrier_fence
// CHECK: tile.barrier_arrive %[[B]]
// CHECK: tile.barrier_arrive %[[B]] if %{{.*}}
// CHECK: tile.barrier_wait %[[B]] parity %{{.*}}
// CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}}, %[[B]] : !tile.shared<128x128xbf16>
func.func @memory(%map: !llvm.ptr, %i: index, %parity: i32, %first: i1) {
  %t = tile.shared at 0 : !tile.shared<128x128xbf16>
  %u = tile.shared[%i] at 32768 : !tile.shared<64x64xf16>
  %b = tile.barrier[%i] at 8
  tile.barrier_init %b, 2
  tile.barrier_init %b, 1 loads
  tile.barrier_fence
  tile.barrier_arrive %b
  tile.barrier_arrive %b if %first
  tile.barrier_wait %b parity %parity
  tile.load %map[%i, %i, %i] to %t, %b : !tile.shared<128x128xbf16>
  return
}

// CHECK-LABEL: @products
// CHECK: tile.mma_fence
// CHECK: %[[S:.*]] = tile.mma %{{.*}} rows %{{.*}}, %{{.*}} {transposed} : !tile.shared<128x64xbf16>, !tile.shared<128x64xbf16> -> !tile.acc<64x128xf32>
// CHECK: tile.mma_commit
// CHECK: %[[W:.*]] = tile.mma_wait 0, %[[S]] : !tile.acc<64x128xf32>
// CHECK: %[[P:.*]] = tile.to_operand %[[W]] : !tile.acc<64x128xf32> to !tile.operand<64x128xbf16>
// CHECK: %[[O:.*]] = tile.mma %[[P]], %{{.*}} acc %{{.*}} : !tile.operand<64x128xbf16>, !tile.shared<128x64xbf16>, !tile.acc<64x64xf32> -> !tile.acc<64x64xf32>
// CHECK: tile.mma_wait 1, %[[O]], %[[P]] : !tile.acc<64x64xf32>, !tile.operand<64x128xbf16>
func.func @products(%q: !tile.shared<128x64xbf16>, %k: !tile.shared<128x64xbf16>, %wg: index) {
  tile.mma_fence
  %s = tile.mma %q rows %wg, %k {transposed} : !tile.shared<128x64xbf16>, !tile.shared<128x64xbf16> -> !tile.acc<64x128xf32>
  tile.mma_commit
  %w = tile.mma_wait 0, %s : !tile.acc<64x128xf32>
  %p = tile.to_operand %w : !tile.acc<64x128xf32> to !tile.operand<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %a = tile.fill %zero : !tile.acc<64x64xf32>
  %o = tile.mma %p, %k acc %a : !tile.operand<64x128xbf16>, !tile.shared<128x64xbf16>, !tile.acc<64x64xf32> -> !tile.acc<64x64xf32>
  %d:2 = tile.mma_wait 1, %o, %p : !tile.acc<64x64xf32>, !tile.operand<64x128xbf16>
  return
}

// CHECK-LABEL: @fragments
// CHECK: %[[F:.*]] = tile.fill %{{.*}} : !tile.rows
// CHECK: %[[R:.*]] = tile.reduce max %{{.*}}, %[[F]] : !tile.acc<64x16xf32>
// CHECK: tile.combine add %[[R]]
// CHECK: tile.map(%{{.*}}, %[[R]]) {
// CHECK: tile.any_greater %[[R]], %{{.*}}
// CHECK: %[[SEEN:.*]] = tile.spans {
// CHECK: } : !tile.seen<16>
// CHECK: %[[BOTH:.*]] = tile.spans with %[[SEEN]] : !tile.seen<16> {
// CHECK: } : !tile.seen<16>
// CHECK: tile.mask %{{.*}}, %[[BOTH]] : !tile.acc<64x16xf32>
// CHECK: tile.store %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}} as bf16 : !tile.acc<64x16xf32>
// CHECK: tile.store_rows %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}}
func.func @fragments(%s: !tile.acc<64x16xf32>, %p: !llvm.ptr, %i: index) {
  %zero = arith.constant 0.0 : f32
  %f = tile.fill %zero : !tile.rows
  %r = tile.reduce max %s, %f : !tile.acc<64x16xf32>
  %c = tile.combine add %r
  %m = tile.map(%s, %r) {
  ^bb0(%x: f32, %y: f32):
    %d = arith.subf %x, %y : f32
    tile.yield %d : f32
  } : (!tile.acc<64x16xf32>, !tile.rows) -> !tile.acc<64x16xf32>
  %g = tile.any_greater %r, %c
  %seen = tile.spans {
  ^bb0(%row: index):
    %lo = arith.constant 0 : i32
    %hi = arith.index_cast %row : index to i32
    tile.yield %lo, %hi : i32, i32
  } : !tile.seen<16>
  %both = tile.spans with %seen : !tile.seen<16> {
  ^bb0(%row: index):
    tile.yield
  } : !tile.seen<16>
  %t = tile.mask %m, %both : !tile.acc<64x16xf32>
  tile.store %t to %p stride %i rows %i as bf16 : !tile.acc<64x16xf32>
  tile.store_rows %c to %p stride %i rows %i
  return
}

// CHECK-LABEL: @counter
// CHECK: %[[TICKET:.*]] = tile.fetch %{{.*}}
// CHECK: tile.broadcast %[[TICKET]]
func.func @counter(%p: !llvm.ptr) -> i32 {
  %t = tile.fetch %p
  %n = tile.broadcast %t
  return %n : i32
}

// CHECK-LABEL: @flag
// CHECK: tile.claim %[[FLAG:.*]]
// CHECK: tile.await_published 1024 at %[[FLAG]]
// CHECK: tile.publish 1024 to %[[FLAG]]
func.func @flag(%p: !llvm.ptr) -> i32 {
  %n = tile.claim %p
  tile.await_published 1024 at %p
  tile.publish 1024 to %p
  return %n : i32
}

// CHECK-LABEL: @threads
// CHECK: tile.warpgroup
// CHECK: tile.sync 1, 256
// CHECK: tile.sync 1[%{{.*}}], 256
// CHECK: tile.arrive 1[%{{.*}}], 256
// CHECK: tile.set_registers 40, false
func.func @threads() {
  %g = tile.warpgroup
  tile.sync 1, 256
  tile.sync 1[%g], 256
  tile.arrive 1[%g], 256
  tile.set_registers 40, false
  return
}

// CHECK-LABEL: @stores
// CHECK: tile.mma_wait 0, %{{.*}} : !tile.acc<64x128xf32> after %{{.*}}
// CHECK: tile.write %{{.*}} to %{{.*}}[%{{.*}}] : !tile.acc<64x128xf32>, !tile.shared<128x128xbf16>
// CHECK: tile.copy_fence
// CHECK: tile.store_tile %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : !tile.shared<128x128xbf16>
// CHECK: tile.store_wait
// CHECK: tile.store_fill %{{.*}} to %{{.*}} stride %{{.*}} rows %{{.*}} columns 128 : bf16
func.func @stores(%o: !tile.acc<64x128xf32>, %sum: !tile.rows, %p: !llvm.ptr, %i: index, %zero: bf16) {
  %w = tile.mma_wait 0, %o : !tile.acc<64x128xf32> after %sum
  %t = tile.shared at 0 : !tile.shared<128x128xbf16>
  tile.write %w to %t[%i] : !tile.acc<64x128xf32>, !tile.shared<128x128xbf16>
  tile.copy_fence
  tile.store_tile %t to %p[%i, %i, %i] : !tile.shared<128x128xbf16>
  tile.store_wait
  tile.store_fill %zero to %p stride %i rows %i columns 128 : bf16
  return
}

// CHECK-LABEL: @words
// CHECK: tile.post 1024[%{{.*}}] stride 256, %{{.*}}, %{{.*}}
// CHECK: tile.receive 1024[%{{.*}}] stride 256 uniform : i32, i32
// CHECK: tile.receive 1024[%{{.*}}] stride 256 : i32
// CHECK: tile.lookup %{{.*}} in 32 of 1024[%{{.*}}] stride 256
func.func @words(%i: index, %a: i32, %b: i32) -> (i32, i32, i32) {
  tile.post 1024[%i] stride 256, %a, %b
  %c, %d = tile.receive 1024[%i] stride 256 uniform : i32, i32
  %e = tile.receive 1024[%i] stride 256 : i32
  %f = tile.lookup %e in 32 of 1024[%i] stride 256
  return %c, %d, %e : i32, i32, i32
}

// CHECK-LABEL: @columns
// CHECK-SAME: %[[C:.*]]: !tile.columns<64>
// CHECK: %[[R:.*]] = tile.read_columns 1024[%{{.*}}] stride 256 : !tile.columns<64>
// CHECK: tile.map(%[[R]], %{{.*}}, %[[C]]) {
// CHECK: } : (!tile.columns<64>, !tile.rows, !tile.columns<64>) -> !tile.acc<64x64xf32>
func.func @columns(%c: !tile.columns<64>, %r: !tile.rows, %i: index) -> !tile.acc<64x64xf32> {
  %d = tile.read_columns 1024[%i] stride 256 : !tile.columns<64>
  %m = tile.map(%d, %r, %c) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    tile.yield %s : f32
  } : (!tile.columns<64>, !tile.rows, !tile.columns<64>) -> !tile.acc<64x64xf32>
  return %m : !tile.acc<64x64xf32>
}

// The transpose of 64 columns of a tile: what is deep in it are its rows.
// CHECK-LABEL: @lhs_transposed
// CHECK: tile.mma %{{.*}} rows %{{.*}}, %{{.*}} {lhs_transposed} : !tile.shared<128x64xbf16>, !tile.shared<128x192xbf16> -> !tile.acc<64x192xf32>
// CHECK: tile.mma %{{.*}} rows %{{.*}}, %{{.*}} acc %{{.*}} {lhs_transposed, transposed} : !tile.shared<128x64xbf16>, !tile.shared<48x128xbf16>, !tile.acc<64x48xf32> -> !tile.acc<64x48xf32>
func.func @lhs_transposed(%s: !tile.shared<128x64xbf16>, %k: !tile.shared<128x192xbf16>,
                          %t: !tile.shared<48x128xbf16>, %a: !tile.acc<64x48xf32>, %i: index) {
  %d = tile.mma %s rows %i, %k {lhs_transposed} : !tile.shared<128x64xbf16>, !tile.shared<128x192xbf16> -> !tile.acc<64x192xf32>
  %e = tile.mma %s rows %i, %t acc %a {lhs_transposed, transposed} : !tile.shared<128x64xbf16>, !tile.shared<48x128xbf16>, !tile.acc<64x48xf32> -> !tile.acc<64x48xf32>
  return
}

// CHECK-LABEL: @gradients
// CHECK: tile.load_words 64 from %{{.*}} to 1024[%{{.*}}] stride 256, %{{.*}}
// CHECK: tile.load_rows %{{.*}} stride %{{.*}} rows %{{.*}} else %{{.*}}
// CHECK: tile.read %{{.*}}[%{{.*}}] : !tile.shared<128x64xbf16> to !tile.acc<64x64xf32>
// CHECK: tile.row_products %{{.*}}, %{{.*}}[%{{.*}}] : !tile.shared<128x64xbf16>
// CHECK: tile.write %{{.*}} to %{{.*}}[%{{.*}}] : !tile.operand<64x64xbf16>, !tile.shared<128x64xbf16>
// CHECK: tile.add_fragment %{{.*}} to %{{.*}} : !tile.acc<64x64xf32>
// CHECK: tile.write_fragment %{{.*}} to 2048[%{{.*}}] stride 16384 : !tile.acc<64x64xf32>
// CHECK: tile.add_words 4096 from 2048[%{{.*}}] stride 16384 to %{{.*}}
// CHECK: tile.add_words 4096 from 2048[%{{.*}}] stride 16384 to %{{.*}} overwriting
// CHECK: tile.load_fragment %{{.*}} : !tile.acc<64x64xf32>
func.func @gradients(%p: !llvm.ptr, %t: !tile.shared<128x64xbf16>, %b: !tile.barrier, %x: f32, %i: index)
    -> (!tile.rows, !tile.acc<64x64xf32>) {
  tile.load_words 64 from %p to 1024[%i] stride 256, %b
  %r = tile.load_rows %p stride %i rows %i else %x
  %a = tile.read %t[%i] : !tile.shared<128x64xbf16> to !tile.acc<64x64xf32>
  %d = tile.row_products %t, %t[%i] : !tile.shared<128x64xbf16>
  %o = tile.to_operand %a : !tile.acc<64x64xf32> to !tile.operand<64x64xbf16>
  tile.write %o to %t[%i] : !tile.operand<64x64xbf16>, !tile.shared<128x64xbf16>
  tile.add_fragment %a to %p : !tile.acc<64x64xf32>
  tile.write_fragment %a to 2048[%i] stride 16384 : !tile.acc<64x64xf32>
  tile.add_words 4096 from 2048[%i] stride 16384 to %p
  tile.add_words 4096 from 2048[%i] stride 16384 to %p overwriting
  %f = tile.load_fragment %p : !tile.acc<64x64xf32>
  return %r, %f : !tile.rows, !tile.acc<64x64xf32>
}
