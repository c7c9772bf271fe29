// Compiled kernels with a soft cap, ALiBi slopes and biases by distance, and their gradients, agree
// with the oracle in every row, for rows without keys, groups of heads, and every
// element type, over several tiles with remainders, and whatever the tile shape.

// RUN: sed -e s/TYPE/f32/ %s > %t.mlir
// RUN: spattn-run %t.mlir --scalar=c:1.5 --check=100000 --max-error=4e-6 | FileCheck %s
// RUN: spattn-run %t.mlir --scalar=c:1.5 --check=100000 --max-error=4e-6 --query-tile=16 --key-tile=48 | FileCheck %s
// RUN: spattn-run %t.mlir --scalar=c:30 --check=100000 --max-error=4e-6 --vector-width=4 --seed=5 | FileCheck %s
// CHECK: error {{.*}} of lse (1200 rows)
// CHECK: summary
// CHECK-COUNT-15: {{e-0[6-9]}}

// A soft cap that is no bound is refused by the call.
// RUN: not spattn-run %t.mlir --entry=cap_full --scalar=c:0 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not spattn-run %t.mlir --entry=cap_full --scalar=c:nan --device=reference 2>&1 | FileCheck %s --check-prefix=NAN
// ZERO: is a soft_cap of 0{{.*}}, expected a positive, finite number
// NAN: expected a positive, finite soft_cap, got nan

// RUN: sed -e s/TYPE/bf16/ %s > %t.bf16.mlir
// RUN: spattn-run %t.bf16.mlir --scalar=c:1.5 --check=100000 | FileCheck %s --check-prefix=HALF
// RUN: sed -e s/TYPE/f16/ %s > %t.f16.mlir
// RUN: spattn-run %t.f16.mlir --scalar=c:1.5 --check=100000 | FileCheck %s --check-prefix=HALF
// HALF: summary
// HALF-COUNT-15: {{e-0[3-9]}}

!q = tensor<2x4x150x24xTYPE>
!k = tensor<2x2x201x24xTYPE>
!v = tensor<2x2x201x40xTYPE>
!o = tensor<2x4x150x40xf32>
!l = tensor<2x4x150xf32>
!s = tensor<4xf32>
!b = tensor<4x120xf32>

func.func @cap_full(%q: !q, %k: !k, %v: !v, %c: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !q, !k, !v) soft_cap(%c) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @cap_full_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %c: f32, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) soft_cap(%c) outs(%dq, %dk, %dv : !q, !k, !v)
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @cap_exclusive(%q: !q, %k: !k, %v: !v, %c: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !q, !k, !v) soft_cap(%c) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @cap_exclusive_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %c: f32, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) soft_cap(%c) outs(%dq, %dk, %dv : !q, !k, !v)
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @slopes_causal(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !q, !k, !v) alibi_slopes(%s : !s) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @slopes_causal_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) alibi_slopes(%s : !s) outs(%dq, %dk, %dv : !q, !k, !v)
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @slopes_start(%q: !q, %k: !k, %v: !v, %s: !s, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !q, !k, !v) alibi_slopes(%s : !s) outs(%o, %l : !o, !l) {alignment = #spattn.alignment<start>}
  return %r#0, %r#1 : !o, !l
}
func.func @slopes_start_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) alibi_slopes(%s : !s) outs(%dq, %dk, %dv : !q, !k, !v) {alignment = #spattn.alignment<start>}
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @both_mixture(%q: !q, %k: !k, %v: !v, %s: !s, %c: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<1 x #spattn.causal, 3 x #spattn.window<left = 90, right = 20>>)
      ins(%q, %k, %v : !q, !k, !v) alibi_slopes(%s : !s) soft_cap(%c) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @both_mixture_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %c: f32, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.heads<1 x #spattn.causal, 3 x #spattn.window<left = 90, right = 20>>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) alibi_slopes(%s : !s) soft_cap(%c) outs(%dq, %dk, %dv : !q, !k, !v)
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @bias(%q: !q, %k: !k, %v: !v, %b: !b, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !q, !k, !v) distance_bias(%b : !b) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @bias_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %b: !b, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.full)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) distance_bias(%b : !b) outs(%dq, %dk, %dv : !q, !k, !v)
  return %r#0, %r#1, %r#2 : !q, !k, !v
}
func.func @all(%q: !q, %k: !k, %v: !v, %s: !s, %b: !b, %c: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
      ins(%q, %k, %v : !q, !k, !v) alibi_slopes(%s : !s) distance_bias(%b : !b) soft_cap(%c) outs(%o, %l : !o, !l) {alignment = #spattn.alignment<start>}
  return %r#0, %r#1 : !o, !l
}
func.func @all_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %s: !s, %b: !b, %c: f32, %dq: !q, %dk: !k, %dv: !v) -> (!q, !k, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o) alibi_slopes(%s : !s) distance_bias(%b : !b) soft_cap(%c) outs(%dq, %dk, %dv : !q, !k, !v) {alignment = #spattn.alignment<start>}
  return %r#0, %r#1, %r#2 : !q, !k, !v
}

// Another layout, a negative scale, sink logits, and a gradient by the log-sum-exp.
!t = tensor<2x70x4x16xTYPE>
!m = tensor<2x70x4xf32>
func.func @layout_backward(%q: !t, %k: !t, %v: !t, %o: !t, %l: !m, %do: !t, %dl: !m, %z: !s, %s: !s, %b: !b, %dq: !t, %dk: !t, %dv: !t, %dz: !s) -> (!t, !t, !t, !s) {
  %a = arith.constant -0.3 : f32
  %c = arith.constant 2.0 : f32
  %r:4 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : !t, !t, !t, !t, !m, !t) dlse(%dl : !m)
      sink_logits(%z : !s) alibi_slopes(%s : !s) distance_bias(%b : !b) scale(%a) soft_cap(%c)
      outs(%dq, %dk, %dv, %dz : !t, !t, !t, !s) {layout = "bnhd"}
  return %r#0, %r#1, %r#2, %r#3 : !t, !t, !t, !s
}
