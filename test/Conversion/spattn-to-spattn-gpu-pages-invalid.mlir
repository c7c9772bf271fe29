// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=key-tile=80 -verify-diagnostics

!q = tensor<?x8x?x64xbf16>
!p = tensor<?x2x32x64xbf16>
func.func @tiles(%q: !q, %k: !p, %v: !p, %t: tensor<?x?xi32>, %o: !q) -> !q {
  // expected-error @+1 {{expected tiles of keys that are whole pages of 'page_table', or divide one of 32 rows, got 80}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !p, !p)
    page_table(%t : tensor<?x?xi32>) outs(%o : !q)
  return %r : !q
}
