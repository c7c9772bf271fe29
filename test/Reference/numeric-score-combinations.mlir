// Regions that modify scores, and gradients by slopes and biases, agree with the oracle together with what else decides
// on pairs: positions, whose score for equal ones comes last, lists of tiles, and residues.

// RUN: spattn-run %s --check=100000 --max-error=6e-6 | FileCheck %s
// RUN: spattn-run %s --check=100000 --max-error=6e-6 --query-tile=16 --key-tile=32 --parallel --seed=5 | FileCheck %s
// CHECK: summary
// CHECK-COUNT-8: {{e-0[6-9]}}

!q = tensor<2x4x150x24xf32>
!k = tensor<2x2x201x24xf32>
!v = tensor<2x2x201x40xf32>
!o = tensor<2x4x150x40xf32>
!l = tensor<2x4x150xf32>
!m = tensor<4xf32>
!b = tensor<4x33xf32>
!qp = tensor<2x4x150xi32>
!kp = tensor<2x2x201xi32>
!tc = tensor<2x2x5xi32>
!ti = tensor<2x2x5x3xi32>

func.func @positions(%q: !q, %k: !k, %v: !v, %m: !m, %b: !b, %qp: !qp, %kp: !kp, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>) ins(%q, %k, %v : !q, !k, !v)
      alibi_slopes(%m : !m) distance_bias(%b : !b) query_positions(%qp : !qp) key_positions(%kp : !kp)
      outs(%o, %l : !o, !l) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {causal_positions, self_score = -2.5 : f32}
  return %r#0, %r#1 : !o, !l
}
func.func @positions_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %m: !m, %b: !b, %qp: !qp, %kp: !kp, %dq: !q, %dk: !k, %dv: !v, %dm: !m, %db: !b) -> (!q, !k, !v, !m, !b) {
  %r:5 = spattn.attention_backward structure(#spattn.partition<local_band>) ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      alibi_slopes(%m : !m) distance_bias(%b : !b) query_positions(%qp : !qp) key_positions(%kp : !kp)
      outs(%dq, %dk, %dv : !q, !k, !v) dalibi_slopes(%dm : !m) ddistance_bias(%db : !b) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {causal_positions, self_score = -2.5 : f32}
  return %r#0, %r#1, %r#2, %r#3, %r#4 : !q, !k, !v, !m, !b
}
func.func @lists(%q: !q, %k: !k, %v: !v, %m: !m, %b: !b, %tc: !tc, %ti: !ti, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = 20, right = 3>) ins(%q, %k, %v : !q, !k, !v)
      alibi_slopes(%m : !m) distance_bias(%b : !b) tile_counts(%tc : !tc) tile_indices(%ti : !ti)
      outs(%o, %l : !o, !l) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {tile_lists = #spattn.tile_lists<32 x 64, #spattn.causal>}
  return %r#0, %r#1 : !o, !l
}
func.func @lists_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %m: !m, %b: !b, %tc: !tc, %ti: !ti, %dq: !q, %dk: !k, %dv: !v, %dm: !m, %db: !b) -> (!q, !k, !v, !m, !b) {
  %r:5 = spattn.attention_backward structure(#spattn.window<left = 20, right = 3>) ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      alibi_slopes(%m : !m) distance_bias(%b : !b) tile_counts(%tc : !tc) tile_indices(%ti : !ti)
      outs(%dq, %dk, %dv : !q, !k, !v) dalibi_slopes(%dm : !m) ddistance_bias(%db : !b) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {tile_lists = #spattn.tile_lists<32 x 64, #spattn.causal>}
  return %r#0, %r#1, %r#2, %r#3, %r#4 : !q, !k, !v, !m, !b
}
func.func @all(%q: !q, %k: !k, %v: !v, %m: !m, %b: !b, %qp: !qp, %kp: !kp, %tc: !tc, %ti: !ti, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = 20, right = 3>) ins(%q, %k, %v : !q, !k, !v)
      alibi_slopes(%m : !m) distance_bias(%b : !b) query_positions(%qp : !qp) key_positions(%kp : !kp) tile_counts(%tc : !tc) tile_indices(%ti : !ti)
      outs(%o, %l : !o, !l) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {causal_positions, self_score = 1.25 : f32, tile_lists = #spattn.tile_lists<32 x 64, #spattn.causal>}
  return %r#0, %r#1 : !o, !l
}
func.func @all_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %m: !m, %b: !b, %qp: !qp, %kp: !kp, %tc: !tc, %ti: !ti, %dq: !q, %dk: !k, %dv: !v, %dm: !m, %db: !b) -> (!q, !k, !v, !m, !b) {
  %r:5 = spattn.attention_backward structure(#spattn.window<left = 20, right = 3>) ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      alibi_slopes(%m : !m) distance_bias(%b : !b) query_positions(%qp : !qp) key_positions(%kp : !kp) tile_counts(%tc : !tc) tile_indices(%ti : !ti)
      outs(%dq, %dk, %dv : !q, !k, !v) dalibi_slopes(%dm : !m) ddistance_bias(%db : !b) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {causal_positions, self_score = 1.25 : f32, tile_lists = #spattn.tile_lists<32 x 64, #spattn.causal>}
  return %r#0, %r#1, %r#2, %r#3, %r#4 : !q, !k, !v, !m, !b
}
func.func @residues(%q: !q, %k: !k, %v: !v, %m: !m, %b: !b, %qp: !qp, %kp: !kp, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.residues<distances, 0 to 1 mod 3>>) ins(%q, %k, %v : !q, !k, !v)
      alibi_slopes(%m : !m) distance_bias(%b : !b) query_positions(%qp : !qp) key_positions(%kp : !kp)
      outs(%o, %l : !o, !l) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {self_score = 1.25 : f32}
  return %r#0, %r#1 : !o, !l
}
func.func @residues_backward(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l, %do: !o, %m: !m, %b: !b, %qp: !qp, %kp: !kp, %dq: !q, %dk: !k, %dv: !v, %dm: !m, %db: !b) -> (!q, !k, !v, !m, !b) {
  %r:5 = spattn.attention_backward structure(#spattn.intersection<#spattn.causal, #spattn.residues<distances, 0 to 1 mod 3>>) ins(%q, %k, %v, %o, %l, %do : !q, !k, !v, !o, !l, !o)
      alibi_slopes(%m : !m) distance_bias(%b : !b) query_positions(%qp : !qp) key_positions(%kp : !kp)
      outs(%dq, %dk, %dv : !q, !k, !v) dalibi_slopes(%dm : !m) ddistance_bias(%db : !b) score {
  ^bb0(%s: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %quarter = arith.constant 0.25 : f32
    %hundredth = arith.constant 0.01 : f32
    %less = arith.mulf %s, %quarter : f32
    %larger = arith.maximumf %s, %less : f32
    %apart = arith.subi %query, %key : i32
    %number = arith.addi %apart, %head : i32
    %number_f = arith.sitofp %number : i32 to f32
    %bias = arith.mulf %number_f, %hundredth : f32
    %y = arith.addf %larger, %bias : f32
    spattn.yield %y : f32
  } {self_score = 1.25 : f32}
  return %r#0, %r#1, %r#2, %r#3, %r#4 : !q, !k, !v, !m, !b
}
