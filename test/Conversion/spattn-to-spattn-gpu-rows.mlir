// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>
!r = tensor<?x4x?xi32>
!p = tensor<?x4x?x3xi32>

// A number is compared with the rows that there are, as an unsigned one; lanes without a row read one that they may
// read. All loads precede all stores.

// CHECK-LABEL: llvm.func @gather(
// CHECK-SAME: nvvm.maxntid = array<i32: 256, 1, 1>
// CHECK-SAME: buffers = [<"x0", bf16, [b = batch, h = 4, n = keyLength, d = 64], alignment = 16>, <"x1", bf16, [b = batch, h = 4, n = keyLength, d = 64], alignment = 16>,
// CHECK-SAME: <"rows", i32, [b = batch, h = 4, n = queryLength], alignment = 4>,
// CHECK-SAME: <"o0", bf16, [b = batch, h = 4, n = queryLength, d = 64], alignment = 16, output = true>, <"o1",
// CHECK-SAME: limits = [<<keyLength>, 1073740800>, <<queryLength>, 1073740800>, <<4 * batch * ceil(queryLength / 64)>, 1073741823>]
// CHECK-SAME: grid = <4 * batch * ceil(queryLength / 64)>
// CHECK: %[[NUMBER:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i32
// CHECK: %[[IS:.*]] = arith.cmpi ult, %[[NUMBER]], %{{.*}} : i32
// CHECK: arith.select %[[IS]], %{{.*}}, %{{.*}} : !llvm.ptr
// CHECK-COUNT-4: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xbf16>
// CHECK-NOT: arith.extf
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>
// A row of a root mean square of 1: two steps add up the squares of 4 lanes.
// CHECK: arith.extf
// CHECK-COUNT-2: nvvm.shfl.sync bfly
// CHECK: math.rsqrt
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>
func.func @gather(%x: !t, %y: !t, %r: !r, %o: !t, %p: !t) -> (!t, !t) {
  %0:2 = spattn.gather_rows ins(%x, %y : !t, !t) rows(%r : !r) outs(%o, %p : !t, !t) {unit_rms = array<i1: false, true>}
  return %0#0, %0#1 : !t, !t
}

// CHECK-LABEL: llvm.func @sum(
// CHECK-SAME: <"rows", i32, [b = batch, h = 4, n = queryLength, d = 3], alignment = 4>
// CHECK-COUNT-3: llvm.load %{{.*}} : !llvm.ptr -> i32
// CHECK-COUNT-3: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xbf16>
// CHECK-COUNT-2: arith.addf %{{.*}} : vector<8xf32>
// CHECK-NOT: nvvm.shfl
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>
func.func @sum(%x: !t, %r: !p, %o: !t) -> !t {
  %0 = spattn.sum_rows ins(%x : !t) rows(%r : !p) outs(%o : !t)
  return %0 : !t
}

// CHECK-LABEL: llvm.func @gradients(
// CHECK: math.rsqrt
func.func @gradients(%x: !t, %r: !p, %y: !t, %z: !t, %o: !t) -> !t {
  %0 = spattn.sum_rows ins(%x : !t) rows(%r : !p) unit_rms_of(%y : !t) add(%z : !t) outs(%o : !t)
  return %0 : !t
}

// What is no row is an empty part.
// CHECK-LABEL: llvm.func @merge(
// CHECK-SAME: buffers = [<"o0", bf16, [b = batch, h = 4, n = keyLength, d = 64], alignment = 16>, <"lse0", f32, [b = batch, h = 4, n = keyLength], alignment = 4>, <"rows",
// CHECK-COUNT-3: llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
// CHECK-COUNT-3: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xbf16>
func.func @merge(%x: !t, %l: !l, %r: !p, %o: !t, %lse: !l) -> (!t, !l) {
  %0:2 = spattn.merge ins(%x : !t) lses(%l : !l) rows(%r : !p) outs(%o, %lse : !t, !l)
  return %0#0, %0#1 : !t, !l
}

// Two warpgroups have 64 rows each, and two tiles of vectors are loaded ahead.
// CHECK-LABEL: llvm.func @hash(
// CHECK-SAME: nvvm.maxntid = array<i32: 256, 1, 1>
// CHECK-SAME: buffers = [<"x", bf16, [b = batch, h = 4, n = queryLength, d = 64], alignment = 16>, <"w", bf16, [b = 1, h = 3, n = keyLength, d = 64], alignment = 16>,
// CHECK-SAME: <"o", i32, [b = batch, h = 4, n = queryLength, d = 3], alignment = 4, output = true>]
// CHECK-SAME: <<keyLength>, 16384>
// CHECK-SAME: grid = <4 * batch * ceil(queryLength / 128)>
// CHECK-COUNT-3: spattn_gpu.load
// CHECK: scf.for
// CHECK: spattn_gpu.mma {{.*}} {transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x64xbf16>
// CHECK: spattn_gpu.named_barrier_sync
// CHECK: spattn_gpu.load
// CHECK: spattn_gpu.reduce max
// CHECK: spattn_gpu.quad_reduce max
// CHECK: spattn_gpu.store_rows
func.func @hash(%x: !t, %w: tensor<1x3x?x64xbf16>, %o: !p) -> !p {
  %0 = spattn.hash_rows ins(%x : !t) vectors(%w : tensor<1x3x?x64xbf16>) outs(%o : !p)
  return %0 : !p
}
