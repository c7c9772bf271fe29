// RUN: spattn-opt %s -canonicalize -split-input-file | FileCheck %s

!t = tensor<1x2x8x16xf32>

// A constant scale of 1/sqrt(16) is the default.
// CHECK-LABEL: @default_scale
// CHECK-NOT: scale
// CHECK: return
func.func @default_scale(%q: !t, %o: !t) -> !t {
  %s = arith.constant 0.25 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

// CHECK-LABEL: @other_scale
// CHECK: scale(
func.func @other_scale(%q: !t, %o: !t) -> !t {
  %s = arith.constant 0.5 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

// CHECK-LABEL: @uniform_heads
// CHECK: structure(#spattn.partition<exclusive>)
func.func @uniform_heads(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.heads<2 x #spattn.partition<exclusive>>)
         ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

// An attention nobody uses goes.
// CHECK-LABEL: @unused
// CHECK-NEXT: return
func.func @unused(%q: !t, %o: !t) {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// The same holds for gradients.
// CHECK-LABEL: @backward
// CHECK-NOT: scale(
// CHECK: spattn.attention_backward structure(#spattn.partition<exclusive>)
// CHECK-NOT: scale(
// CHECK: return
func.func @backward(%q: !t, %l: !l) -> (!t, !t, !t) {
  %s = arith.constant 0.25 : f32
  %r:3 = spattn.attention_backward structure(#spattn.heads<2 x #spattn.partition<exclusive>>)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) scale(%s) outs(%q, %q, %q : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// CHECK-LABEL: @unused_backward
// CHECK-NEXT: return
func.func @unused_backward(%q: !t, %l: !l) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %q, %q : !t, !t, !t)
  return
}
