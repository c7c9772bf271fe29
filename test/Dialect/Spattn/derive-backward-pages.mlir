// RUN: spattn-opt %s -spattn-derive-backward -verify-diagnostics

!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
!t = tensor<2x3xi32>

func.func @pages(%q: !q, %p: !p, %t: !t, %o: !q) -> !q {
  // expected-error @below {{is 'differentiated', but has 'page_table', with which there are no gradients}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : !t) outs(%o : !q) {differentiated}
  return %r : !q
}
