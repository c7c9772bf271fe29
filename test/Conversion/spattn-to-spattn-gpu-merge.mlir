// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s

!t = tensor<?x4x?x64xbf16>
!f = tensor<?x4x?x64xf32>
!l = tensor<?x4x?xf32>

// 4 lanes take a row of 64 columns, 8 columns each at a time, and a CTA 64 rows of a head.

// CHECK-LABEL: llvm.func @merge(
// CHECK-SAME: nvvm.maxntid = array<i32: 256, 1, 1>
// CHECK-SAME: buffers = [<"o0", bf16, [b = batch, h = 4, n = queryLength, d = 64], alignment = 16>, <"o1", f32,
// CHECK-SAME: <"lse0", f32, [b = batch, h = 4, n = queryLength], alignment = 4>, <"lse1",
// CHECK-SAME: <"o", bf16, [b = batch, h = 4, n = queryLength, d = 64], alignment = 16, output = true>, <"lse",
// CHECK-SAME: limits = [<<queryLength>, 1073740800>, <<4 * batch * ceil(queryLength / 64)>, 1073741823>]
// CHECK-SAME: grid = <4 * batch * ceil(queryLength / 64)>
// The log-sum-exps of the parts, and their columns, 16 bytes at a time.
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xbf16>
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xf32>
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xbf16>
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xf32>
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>
// CHECK: llvm.store %{{.*}} : f32
// CHECK-NOT: @merge_host
func.func @merge(%p: !t, %q: !f, %l: !l, %m: !l, %o: !t, %lse: !l) -> (!t, !l) {
  %r:2 = spattn.merge ins(%p, %q : !t, !f) lses(%l, %m : !l, !l) outs(%o, %lse : !t, !l)
  return %r#0, %r#1 : !t, !l
}

// Two steps add up the products of 4 lanes.
// CHECK-LABEL: llvm.func @backward(
// CHECK-COUNT-2: nvvm.shfl.sync bfly
// CHECK-NOT: nvvm.shfl
// CHECK: llvm.store %{{.*}} : f32
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xbf16>
func.func @backward(%p: !t, %l: !l, %do: !t, %dl: !l, %dp: !t, %dlp: !l) -> (!t, !l) {
  %r:2 = spattn.merge_backward ins(%p : !t) lses(%l : !l) dout(%do : !t) dlse(%dl : !l)
    outs(%dp : !t) dlses(%dlp : !l)
  return %r#0, %r#1 : !t, !l
}

// 2 of 8 lanes have columns beyond the first 64.
// CHECK-LABEL: llvm.func @padded(
// CHECK-SAME: grid = <2 * batch * ceil(queryLength / 32)>
func.func @padded(%p: tensor<?x2x?x80xf32>, %l: tensor<?x2x?xf32>, %o: tensor<?x2x?x80xf32>) -> tensor<?x2x?x80xf32> {
  %r = spattn.merge ins(%p : tensor<?x2x?x80xf32>) lses(%l : tensor<?x2x?xf32>) outs(%o : tensor<?x2x?x80xf32>)
  return %r : tensor<?x2x?x80xf32>
}
