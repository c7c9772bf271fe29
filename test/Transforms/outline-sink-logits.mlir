// RUN: spattn-opt %s -spattn-outline-kernels | FileCheck %s

// Launches have sink logits and their gradient by the names of their buffers.

!t = tensor<1x2x?x64xbf16>
!l = tensor<1x2x?xf32>
!s = tensor<2xf32>

// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %{{[^ ]*}}: tensor<1x2x?x64xbf16>, %[[S:[^ ]*]]: tensor<2xf32>
// CHECK: spattn.launch @forward_attention
// CHECK-SAME: sink = %[[S]] : tensor<2xf32>) values(scale =
func.func @forward(%q: !t, %s: !s, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) sink_logits(%s : !s) outs(%o : !t)
  return %r : !t
}

// CHECK-LABEL: func.func @backward(
// CHECK: %[[R:.*]]:4 = spattn.launch @backward_gradients
// CHECK-SAME: sink = %{{[^ ]*}} : tensor<2xf32>) values(scale =
// CHECK-SAME: dsink = %{{[^ ]*}} : tensor<2xf32>)
// CHECK: return %[[R]]#3 : tensor<2xf32>
func.func @backward(%q: !t, %l: !l, %s: !s, %ds: !s) -> !s {
  %r:4 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) sink_logits(%s : !s) outs(%q, %q, %q, %ds : !t, !t, !t, !s)
  return %r#3 : !s
}

// CHECK-LABEL: gpu.module @forward_attention
// CHECK: spattn.attention {{.*}} sink_logits(
// CHECK-LABEL: gpu.module @backward_gradients
// CHECK: spattn.attention_backward {{.*}} sink_logits(
