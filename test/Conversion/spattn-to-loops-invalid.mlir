// RUN: spattn-opt %s -convert-spattn-to-loops -split-input-file -verify-diagnostics

!t = memref<1x1x?x16xf32>
func.func @infinite(%q: !t) {
  %s = arith.constant 0x7F800000 : f32
  // expected-error @+1 {{expected a finite scale, got inf}}
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%q : !t)
  return
}

// -----

!t = memref<1x1x?x16xf32>
!l = memref<1x1x?xf32>
func.func @nan(%q: !t, %l: !l) {
  %s = arith.constant 0x7FC00000 : f32
  // expected-error @+1 {{expected a finite scale, got nan}}
  spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) scale(%s) outs(%q, %q, %q : !t, !t, !t)
  return
}

// -----

!t = memref<1x1x?x16xf32>
func.func @soft_cap(%q: !t) {
  %c = arith.constant 0.0 : f32
  // expected-error @+1 {{expected a positive, finite soft_cap, got 0}}
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) soft_cap(%c) outs(%q : !t)
  return
}
