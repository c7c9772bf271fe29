// Functions for decompose.test: several layouts, groups, alignments and types.

!q = tensor<2x8x37x16xf32>
!k = tensor<2x2x29x16xf32>
!v = tensor<2x2x29x24xf32>
!o = tensor<2x8x37x24xf32>
!l = tensor<2x8x37xf32>
// More queries than keys: the first ones see none.
func.func @grouped(%q: !q, %k: !k, %v: !v, %s: f32, %o: !o, %l: !l) -> (!o, !l) {
  %r, %lse = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !q, !k, !v) scale(%s) outs(%o, %l : !o, !l)
  return %r, %lse : !o, !l
}

!t = tensor<1x33x4x8xf32>
!m = tensor<1x33x4xf32>
func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t, %l: !m) -> (!t, !m) {
  %r, %lse = spattn.attention structure(#spattn.heads<3 x #spattn.partition<exclusive>, 1 x #spattn.window<left = 5, right = 2>>)
      ins(%q, %k, %v : !t, !t, !t) outs(%o, %l : !t, !m) {layout = "bnhd"}
  return %r, %lse : !t, !m
}

!a = tensor<1x2x20x8xf32>
!b = tensor<1x2x50x8xf32>
!n = tensor<1x2x20xf32>
func.func @start(%q: !a, %k: !b, %v: !b, %o: !a, %l: !n) -> (!a, !n) {
  %r, %lse = spattn.attention structure(#spattn.distances<4 to 12>)
      ins(%q, %k, %v : !a, !b, !b) outs(%o, %l : !a, !n) {alignment = #spattn.alignment<start>}
  return %r, %lse : !a, !n
}

!h = tensor<2x4x33x16xf16>
!g = tensor<2x4x33xf32>
func.func @half(%q: !h, %k: !h, %v: !h, %o: !h, %l: !g) -> (!h, !g) {
  %r, %lse = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !h, !h, !h) outs(%o, %l : !h, !g)
  return %r, %lse : !h, !g
}

// More queries than keys: the log-sum-exp of the first ones is the sink logit.
func.func @sink_logits(%q: !q, %k: !k, %v: !v, %s: tensor<8xf32>, %o: !o, %l: !l) -> (!o, !l) {
  %r, %lse = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !q, !k, !v) sink_logits(%s : tensor<8xf32>) outs(%o, %l : !o, !l)
  return %r, %lse : !o, !l
}

// Capped scores, and biases by distances on both sides of 0, some of them past the last.
func.func @scores(%q: !q, %k: !k, %v: !v, %c: f32, %s: tensor<8xf32>, %b: tensor<8x13xf32>, %o: !o, %l: !l) -> (!o, !l) {
  %r, %lse = spattn.attention structure(#spattn.window<left = 12, right = 2>) ins(%q, %k, %v : !q, !k, !v)
      alibi_slopes(%s : tensor<8xf32>) distance_bias(%b : tensor<8x13xf32>) soft_cap(%c) outs(%o, %l : !o, !l)
  return %r, %lse : !o, !l
}

// Positions that take pairs away, and give equal ones a score.
func.func @positions(%q: !q, %k: !k, %v: !v, %qp: tensor<2x8x37xi32>, %kp: tensor<2x2x29xi32>, %o: !o, %l: !l) -> (!o, !l) {
  %r, %lse = spattn.attention structure(#spattn.window<left = 12, right = 2>) ins(%q, %k, %v : !q, !k, !v)
      query_positions(%qp : tensor<2x8x37xi32>) key_positions(%kp : tensor<2x2x29xi32>)
      outs(%o, %l : !o, !l) {causal_positions, self_score = -1.5 : f32}
  return %r, %lse : !o, !l
}
