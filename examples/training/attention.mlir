// The attention that examples/training fits: half of the query heads see bands
// of distances, the others what lies close and the first keys. The mark asks
// spattn-derive-backward for @attention_backward.

!q = tensor<4x96x4x16xf32>
!k = tensor<4x96x2x16xf32>

func.func @attention(%q: !q, %k: !k, %v: !k, %o: !q) -> !q {
  %r = spattn.attention
      structure(#spattn.heads<
          2 x #spattn.partition<local_band>,
          2 x #spattn.union<#spattn.sink<4>, #spattn.window<left = 15, right = 0>>>)
      ins(%q, %k, %v : !q, !k, !k) outs(%o : !q)
      {layout = "bnhd", differentiated}
  return %r : !q
}
