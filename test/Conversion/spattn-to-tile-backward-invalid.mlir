// RUN: spattn-opt %s -convert-spattn-to-tile -split-input-file -verify-diagnostics

// RUN: not spattn-opt %s -convert-spattn-to-tile=key-tile=96 -split-input-file 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: 'spattn.attention_backward' op expected a 'key-tile' of a multiple of 64 for gradients, got 96

!t = tensor<1x1x?x64xbf16>
!l = tensor<1x1x?xf32>
func.func @valid(%q: !t, %l: !l, %dk: !t, %dv: !t) -> !t {
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %dk, %dv : !t, !t, !t)
  return %r#2 : !t
}

// -----

!t = tensor<1x1x?x64xbf16>
!g = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @gradient(%q: !t, %l: !l, %dk: !t, %dv: !g) -> !g {
  // expected-error @+1 {{expected 'dvalue' to have elements of type 'bf16', as 'query' has, for gradients on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %dk, %dv : !t, !t, !g)
  return %r#2 : !g
}

// -----

!t = tensor<1x1x?x64xf16>
!o = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @out(%q: !t, %o: !o, %l: !l) -> !t {
  // expected-error @+1 {{expected 'out' to have elements of type 'f16', as 'query' has, for gradients on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %o, %l, %o : !t, !t, !t, !o, !l, !o) outs(%q, %q, %q : !t, !t, !t)
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x136xf16>
!l = tensor<1x1x?xf32>
func.func @dim(%q: !t, %l: !l) -> !t {
  // expected-error @+1 {{has no kernel on a GPU for head dimensions above 128, got 136}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %q, %q : !t, !t, !t)
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @schedule(%q: !t, %l: !l) -> !t {
  // expected-error @+1 {{expected a schedule of 64 or 128 queries and 64, 128, 192 or 256 keys for gradients on a GPU, got 64 and 96}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %q, %q : !t, !t, !t) {schedule = #spattn.schedule<query_tile = 64, key_tile = 96>}
  return %r#0 : !t
}
