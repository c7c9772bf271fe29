// Gradients need what the attention has computed: of files, or else it is
// computed for them, so that they can be compared with the oracle.

// RUN: rm -rf %t && mkdir %t
// RUN: spattn-run %s --entry=backward --check=1000 --max-error=2e-6 --output=%t/dq.npy --output=%t/dk.npy --output=%t/dv.npy | FileCheck %s
// CHECK: @backward
// CHECK: structure   #spattn.partition<exclusive>
// CHECK: tiles       64 x 64: 5 visited (0 full, 5 masked), 3 skipped
// CHECK: error {{.*}}e-07 relative
// CHECK-NOT: lse
// CHECK: rows)

// Arguments are drawn by their place: the same q, k and v, and then the
// output and the log-sum-exp of the attention.
// RUN: spattn-run %s --entry=forward --output=%t/o.npy --output=%t/l.npy --output=%t/d.npy --output=%t/q.npy --output=%t/k.npy --output=%t/v.npy
// RUN: spattn-run %s --entry=backward --check=1000 --max-error=2e-6 --output=%t/dq2.npy --output=%t/dk2.npy --output=%t/dv2.npy \
// RUN:   --input=%t/q.npy --input=%t/k.npy --input=%t/v.npy --input=%t/o.npy --input=%t/l.npy --input=%t/d.npy
// RUN: cmp %t/dq.npy %t/dq2.npy && cmp %t/dk.npy %t/dk2.npy && cmp %t/dv.npy %t/dv2.npy

// Whether they fit the attention is the user's matter: gradients are those of
// the definition, from any output.
// RUN: spattn-run %s --entry=backward --check=1000 --max-error=2e-6 --output=%t/dq2.npy --output=%t/dk2.npy --output=%t/dv2.npy \
// RUN:   --input=%t/q.npy --input=%t/k.npy --input=%t/v.npy --input=%t/d.npy --input=%t/l.npy --input=%t/d.npy
// RUN: not cmp %t/dq.npy %t/dq2.npy
// RUN: cmp %t/dv.npy %t/dv2.npy

// A NaN where the oracle has one is right; that of values does not depend on
// them. max-error.mlir has one where the oracle has none.
// RUN: %python -c "import numpy as np; v = np.load('%t/v.npy'); v[0, 0, 3] = np.nan; np.save('%t/nan.npy', v)"
// RUN: spattn-run %s --entry=backward --check=1000 --max-error=1 --json=%t/nan.json \
// RUN:   --input=%t/q.npy --input=%t/k.npy --input=%t/nan.npy --input=%t/o.npy --input=%t/l.npy --input=%t/d.npy 2>&1 | FileCheck %s --check-prefix=NAN
// NAN: error       {{.*}}e-07 relative
// RUN: spattn-run %s --entry=backward --check=1000 --json=- | %python -c "import json, sys; e = json.load(sys.stdin)['entries'][0]; assert list(e['errors']) == ['dkey', 'dquery', 'dvalue'] and max(x['relative'] for x in e['errors'].values()) == e['error'] and max(x['max_abs'] for x in e['errors'].values()) == e['max_abs_error'], e"

// RUN: not spattn-run %s --entry=inner --max-error=1 2>&1 | FileCheck %s --check-prefix=INNER
// INNER: error: --max-error: 'inner' cannot be compared with the oracle: it does not consist of one attention

!t = tensor<1x2x80x16xf32>
!l = tensor<1x2x80xf32>
func.func @forward(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %d: !t) -> (!t, !l, !t, !t, !t, !t) {
  %r:2 = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !t, !t, !t) outs(%o, %l : !t, !l)
  return %r#0, %r#1, %d, %q, %k, %v : !t, !l, !t, !t, !t, !t
}
func.func @backward(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %d: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %d : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
func.func @inner(%q: !t, %k: !t, %v: !t, %d: !t, %o: !t, %l: !l, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %f:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o, %l : !t, !l)
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %f#0, %f#1, %d : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
