// Compiled kernels with positions, and their gradients, agree with the oracle in every row: where pairs are not in
// order, where equal positions have a score of their own, for rows without keys, groups of heads, layouts, sequences and
// every element type, over several tiles with remainders, and whatever the tile shape.

// RUN: sed -e s/TYPE/f32/ %s > %t.mlir
// RUN: spattn-run %t.mlir --scalar=c:2 --check=100000 --max-error=4e-6 | FileCheck %s
// RUN: spattn-run %t.mlir --scalar=c:2 --check=100000 --max-error=4e-6 --query-tile=16 --key-tile=48 | FileCheck %s
// RUN: spattn-run %t.mlir --scalar=c:2 --check=100000 --max-error=4e-6 --vector-width=4 --seed=5 | FileCheck %s
// CHECK: error {{.*}} of lse (1200 rows)
// CHECK: summary
// CHECK-COUNT-6: {{e-0[6-9]}}

// RUN: sed -e s/TYPE/bf16/ %s > %t.bf16.mlir
// RUN: spattn-run %t.bf16.mlir --scalar=c:2 --check=100000 | FileCheck %s --check-prefix=HALF
// HALF: summary
// HALF-COUNT-6: {{e-0[3-9]}}

!q = tensor<2x4x150x24xTYPE>
!k = tensor<2x2x201x24xTYPE>
!v = tensor<2x2x201x40xTYPE>
!o = tensor<2x4x150x40xf32>
!l = tensor<2x4x150xf32>
!qp = tensor<2x4x150xi32>
!kp = tensor<2x2x201xi32>

func.func @causal(%q: !q, %k: !k, %v: !v, %qp: !qp, %kp: !kp, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.full) ins(%q, %k, %v : !q, !k, !v)
      query_positions(%qp : !qp) key_positions(%kp : !kp) outs(%o, %l : !o, !l) {causal_positions}
  return %r#0, %r#1 : !o, !l
}
func.func @causal_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %qp: !qp, %kp: !kp, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.full) ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      query_positions(%qp : !qp) key_positions(%kp : !kp) outs(%dq, %dk, %dv : !q, !k, !v) {causal_positions}
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @both(%q: !q, %k: !k, %v: !v, %qp: !qp, %kp: !kp, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>) ins(%q, %k, %v : !q, !k, !v)
      query_positions(%qp : !qp) key_positions(%kp : !kp) outs(%o, %l : !o, !l) {causal_positions, self_score = -2.5 : f32}
  return %r#0, %r#1 : !o, !l
}
func.func @both_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %qp: !qp, %kp: !kp, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>) ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      query_positions(%qp : !qp) key_positions(%kp : !kp) outs(%dq, %dk, %dv : !q, !k, !v) {causal_positions, self_score = -2.5 : f32}
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @self(%q: !q, %k: !k, %v: !v, %s: tensor<2x3xi32>, %e: tensor<2x3xi32>, %ks: tensor<2x3xi32>, %ke: tensor<2x3xi32>, %qp: !qp, %kp: !kp, %c: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !k, !v)
      query_starts(%s : tensor<2x3xi32>) query_ends(%e : tensor<2x3xi32>) key_starts(%ks : tensor<2x3xi32>) key_ends(%ke : tensor<2x3xi32>)
      query_positions(%qp : !qp) key_positions(%kp : !kp) soft_cap(%c) outs(%o, %l : !o, !l) {self_score = 1.5 : f32}
  return %r#0, %r#1 : !o, !l
}

!p = tensor<1x65x2x16xf32>
!pp = tensor<1x65x2xi32>
func.func @bnhd(%q: !p, %k: !p, %v: !p, %qp: !pp, %kp: !pp, %o: !p) -> !p {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !p, !p, !p)
      query_positions(%qp : !pp) key_positions(%kp : !pp) outs(%o : !p) {causal_positions, layout = "bnhd"}
  return %r : !p
}
