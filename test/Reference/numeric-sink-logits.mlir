// Compiled kernels with sink logits, and their gradients, agree with the oracle
// in every row, for rows without keys, groups of heads, and every element type,
// over several tiles with remainders, and whatever the tile shape.

// RUN: sed -e s/TYPE/f32/ %s > %t.mlir
// RUN: spattn-run %t.mlir --check=100000 --max-error=4e-6 | FileCheck %s
// RUN: spattn-run %t.mlir --check=100000 --max-error=4e-6 --query-tile=16 --key-tile=48 | FileCheck %s
// RUN: spattn-run %t.mlir --check=100000 --max-error=4e-6 --vector-width=4 --seed=5 | FileCheck %s
// CHECK: error {{.*}} of lse (1200 rows)
// CHECK: error {{.*}} (2812 rows)
// CHECK: summary
// CHECK-COUNT-11: {{e-0[6-9]}}

// RUN: sed -e s/TYPE/bf16/ %s > %t.bf16.mlir
// RUN: spattn-run %t.bf16.mlir --check=100000 | FileCheck %s --check-prefix=HALF
// RUN: sed -e s/TYPE/f16/ %s > %t.f16.mlir
// RUN: spattn-run %t.f16.mlir --check=100000 | FileCheck %s --check-prefix=HALF
// HALF: summary
// HALF-COUNT-11: {{e-0[3-9]}}

!q = tensor<2x4x150x24xTYPE>
!k = tensor<2x2x201x24xTYPE>
!v = tensor<2x2x201x40xTYPE>
!o = tensor<2x4x150x40xf32>
!l = tensor<2x4x150xf32>
!s = tensor<4xf32>

func.func @full(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !q, !k, !v) sink_logits(%s : !s) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @full_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v, %ds: !s) -> (!q, !k, !v, !s) {
  %r:4 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) sink_logits(%s : !s) outs(%dq, %dk, %dv, %ds : !q, !k, !v, !s)
  return %r#0, %r#1, %r#2, %r#3 : !q, !k, !v, !s
}
func.func @causal(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !q, !k, !v) sink_logits(%s : !s) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @causal_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v, %ds: !s) -> (!q, !k, !v, !s) {
  %r:4 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) sink_logits(%s : !s) outs(%dq, %dk, %dv, %ds : !q, !k, !v, !s)
  return %r#0, %r#1, %r#2, %r#3 : !q, !k, !v, !s
}
func.func @exclusive(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !q, !k, !v) sink_logits(%s : !s) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @exclusive_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v, %ds: !s) -> (!q, !k, !v, !s) {
  %r:4 = spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) sink_logits(%s : !s) outs(%dq, %dk, %dv, %ds : !q, !k, !v, !s)
  return %r#0, %r#1, %r#2, %r#3 : !q, !k, !v, !s
}
func.func @start(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
      ins(%q, %k, %v : !q, !k, !v) sink_logits(%s : !s) outs(%o, %l : !o, !l) {alignment = #spattn.alignment<start>}
  return %r#0, %r#1 : !o, !l
}
func.func @start_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v, %ds: !s) -> (!q, !k, !v, !s) {
  %r:4 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) sink_logits(%s : !s) outs(%dq, %dk, %dv, %ds : !q, !k, !v, !s) {alignment = #spattn.alignment<start>}
  return %r#0, %r#1, %r#2, %r#3 : !q, !k, !v, !s
}
func.func @mixture(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<1 x #spattn.causal, 3 x #spattn.distances<1000 to 2000>>)
      ins(%q, %k, %v : !q, !k, !v) sink_logits(%s : !s) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @mixture_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v, %ds: !s) -> (!q, !k, !v, !s) {
  %r:4 = spattn.attention_backward structure(#spattn.heads<1 x #spattn.causal, 3 x #spattn.distances<1000 to 2000>>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) sink_logits(%s : !s) outs(%dq, %dk, %dv, %ds : !q, !k, !v, !s)
  return %r#0, %r#1, %r#2, %r#3 : !q, !k, !v, !s
}

// Another layout, a gradient by the log-sum-exp, and a scale.
!t = tensor<2x70x4x16xTYPE>
!m = tensor<2x70x4xf32>
func.func @dlse_backward(%q: !t, %k: !t, %v: !t, %o: !t, %l: !m, %do: !t, %dl: !m, %s: !s, %dq: !t, %dk: !t, %dv: !t, %ds: !s) -> (!t, !t, !t, !s) {
  %c = arith.constant 0.3 : f32
  %r:4 = spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %do : !t, !t, !t, !t, !m, !t) dlse(%dl : !m) sink_logits(%s : !s) scale(%c)
      outs(%dq, %dk, %dv, %ds : !t, !t, !t, !s) {layout = "bnhd"}
  return %r#0, %r#1, %r#2, %r#3 : !t, !t, !t, !s
}
