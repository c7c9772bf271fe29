// RUN: spattn-opt %s -spattn-derive-backward -spattn-outline-kernels | FileCheck %s

// Gradients take the sequences of their attention, and launches have them by the
// names of their buffers.

!t = tensor<1x2x?x64xbf16>
!n = tensor<1x?xi32>

// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[C:[^ ]*]]: tensor<1x?xi32>, %[[E:[^ ]*]]: tensor<1x?xi32>
// CHECK: spattn.launch @f_attention
// CHECK-SAME: qstart = %[[C]] : tensor<1x?xi32>, qend = %[[E]] : tensor<1x?xi32>, kstart = %[[C]] : tensor<1x?xi32>, kend = %[[E]] : tensor<1x?xi32>
// CHECK-LABEL: func.func @f_backward(
// CHECK: spattn.launch @f_backward_gradients
// CHECK-SAME: qstart = %{{.*}} : tensor<1x?xi32>, qend = %{{.*}} : tensor<1x?xi32>, kstart = %{{.*}} : tensor<1x?xi32>, kend = %{{.*}} : tensor<1x?xi32>
// CHECK: gpu.module @f_attention
// CHECK: spattn.attention {{.*}} key_ends({{.*}} {bound_length = #spattn.bound_length<pack>
// CHECK: gpu.module @f_backward_gradients
// CHECK: spattn.attention_backward {{.*}} key_ends({{.*}} {bound_length = #spattn.bound_length<pack>
func.func @f(%q: !t, %c: !n, %e: !n, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
      query_starts(%c : !n) query_ends(%e : !n) key_starts(%c : !n) key_ends(%e : !n) outs(%o : !t)
      {differentiated, bound_length = #spattn.bound_length<pack>}
  return %r : !t
}
