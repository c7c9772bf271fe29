// RUN: spattn-opt %s -spattn-derive-backward -spattn-outline-kernels | FileCheck %s

// Gradients have the positions of the attention, and launches have them by their names.

!t = tensor<1x2x?x64xbf16>
!l = tensor<1x2x?xf32>
!p = tensor<1x2x?xi32>

// CHECK-LABEL: func.func @forward(
// CHECK: spattn.launch @forward_attention
// CHECK-SAME: qpos = %{{[^ ]*}} : tensor<1x2x?xi32>, kpos = %{{[^ ]*}} : tensor<1x2x?xi32>) values(scale =
func.func @forward(%q: !t, %p: !p, %k: !p, %o: !t, %l: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
    query_positions(%p : !p) key_positions(%k : !p) outs(%o, %l : !t, !l) {causal_positions, differentiated, self_score = -2.0 : f32}
  return %r#0, %r#1 : !t, !l
}

// CHECK: gpu.module @forward_attention
// CHECK: spattn.attention {{.*}} query_positions({{.*}} key_positions(
// CHECK-SAME: causal_positions
// CHECK-SAME: self_score = -2.000000e+00 : f32
