// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="deterministic=true" -verify-diagnostics

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>
!b = tensor<4x33xf32>

func.func @f(%q: !t, %l: !l, %b: !b, %dq: !t, %dk: !t, %dv: !t, %db: !b) -> (!t, !t, !t, !b) {
  // expected-error @+1 {{expected gradients without 'ddistance_bias' for 'deterministic', since its sums have no order on a GPU}}
  %r:4 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) distance_bias(%b : !b)
      outs(%dq, %dk, %dv : !t, !t, !t) ddistance_bias(%db : !b)
  return %r#0, %r#1, %r#2, %r#3 : !t, !t, !t, !b
}
