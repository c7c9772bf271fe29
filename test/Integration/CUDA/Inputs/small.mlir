// Small kernels for the sanitizers: several items a block, empty rows, partial
// tiles, grouped heads, both tile shapes, and gradients.
!q = tensor<1x4x300x64xbf16>
!k = tensor<1x2x300x64xbf16>
!l = tensor<1x4x300xf32>
func.func @bands(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l) -> (!q, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
      ins(%q, %k, %v : !q, !k, !k) outs(%o, %l : !q, !l)
  return %r#0, %r#1 : !q, !l
}

!q128 = tensor<2x4x200x128xf16>
func.func @exclusive(%q: !q128, %k: !q128, %v: !q128, %o: !q128) -> !q128 {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !q128, !q128, !q128) outs(%o : !q128)
      {tile_shape = #spattn.tile_shape<query_tile = 128, key_tile = 128>}
  return %r : !q128
}

func.func @gradients(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l, %g: !q,
                     %dq: !q, %dk: !k, %dv: !k) -> (!q, !k, !k) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %g : !q, !k, !k, !q, !l, !q)
      outs(%dq, %dk, %dv : !q, !k, !k)
  return %r#0, %r#1, %r#2 : !q, !k, !k
}

!q96 = tensor<1x200x2x96xf16>
!l96 = tensor<1x200x2xf32>
func.func @padded(%q: !q96, %k: !q96, %v: !q96, %o: !q96, %l: !l96, %g: !q96,
                  %dq: !q96, %dk: !q96, %dv: !q96) -> (!q96, !q96, !q96) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %g : !q96, !q96, !q96, !q96, !l96, !q96)
      outs(%dq, %dk, %dv : !q96, !q96, !q96) {layout = "bnhd"}
  return %r#0, %r#1, %r#2 : !q96, !q96, !q96
}
