// RUN: spattn-opt %s -spattn-outline-kernels | FileCheck %s

// Launches have a soft cap where there is one, after the scale; it has no default.

!t = tensor<1x2x?x64xbf16>
!s = tensor<2xf32>
!b = tensor<2x33xf32>

// CHECK-LABEL: func.func @with(
// CHECK: spattn.launch @with_attention
// CHECK-SAME: slopes = %{{[^ ]*}} : tensor<2xf32>, bias = %{{[^ ]*}} : tensor<2x33xf32>) values(scale = %{{[^ ]*}} : f32, soft_cap = %{{[^ ]*}} : f32)
func.func @with(%q: !t, %s: !s, %b: !b, %c: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
      alibi_slopes(%s : !s) distance_bias(%b : !b) soft_cap(%c) outs(%o : !t)
  return %r : !t
}

// CHECK-LABEL: func.func @without(
// CHECK: spattn.launch @without_attention
// CHECK-SAME: values(scale = %{{[^ ]*}} : f32)
func.func @without(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
