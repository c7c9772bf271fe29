// What version-2.mlirbc holds: every operation of the dialect as of version 2, with most operands and attributes.
// The file was written by that version, and stays as it is: later ones have to read it.
!x = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!f = tensor<?x8x?x64xf32>
!g = tensor<?x2x?x64xf32>
!l = tensor<?x8x?xf32>
!h = tensor<8xf32>
!d = tensor<8x1023xf32>
!n = tensor<?x?xi32>
!p = tensor<?x8x?xi32>
!r = tensor<?x2x?xi32>
!c = tensor<1x1x?xi32>
!i = tensor<1x1x?x?xi32>
!m = tensor<?x8x?x4xi32>

%x, %f, %k, %g, %l, %h, %d, %s = "test.values"() : () -> (!x, !f, !k, !g, !l, !h, !d, f32)
%n, %p, %r, %c, %i, %m = "test.numbers"() : () -> (!n, !p, !r, !c, !i, !m)

%a:2 = spattn.attention structure(#spattn.heads<4 x #spattn.partition<exclusive>, 4 x #spattn.union<#spattn.sink<4>, #spattn.window<left = 511, right = 0>>>)
  ins(%x, %k, %k : !x, !k, !k) sink_logits(%h : !h)
  query_starts(%n : !n) query_ends(%n : !n) key_starts(%n : !n) key_ends(%n : !n)
  alibi_slopes(%h : !h) distance_bias(%d : !d) scale(%s) soft_cap(%s)
  outs(%f, %l : !f, !l)
  {bound_length = #spattn.bound_length<pack>, signed_scale, tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}

%b = spattn.attention structure(#spattn.full) ins(%x, %k, %k : !x, !k, !k)
  query_positions(%p : !p) key_positions(%r : !r) outs(%x : !x)
  {alignment = #spattn.alignment<start>, causal_positions, self_score = -1.0e+05 : f32}

%e = spattn.attention structure(#spattn.causal) ins(%x, %k, %k : !x, !k, !k)
  tile_counts(%c : !c) tile_indices(%i : !i) outs(%x : !x) score {
^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
  %two = arith.constant 2.0 : f32
  %result = arith.mulf %score, %two : f32
  spattn.yield %result : f32
} {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}

%pool = "test.pool"() : () -> tensor<?x2x64x64xbf16>
%w = spattn.attention structure(#spattn.causal) ins(%x, %pool, %pool : !x, tensor<?x2x64x64xbf16>, tensor<?x2x64x64xbf16>)
  page_table(%n : !n) outs(%x : !x)

%z:6 = spattn.attention_backward structure(#spattn.band<local_band, 1 of 4>)
  ins(%x, %k, %k, %x, %l, %x : !x, !k, !k, !x, !l, !x) dlse(%l : !l) sink_logits(%h : !h)
  alibi_slopes(%h : !h) distance_bias(%d : !d)
  outs(%x, %k, %g, %h : !x, !k, !g, !h) dalibi_slopes(%h : !h) ddistance_bias(%d : !d)

%t:2 = spattn.merge ins(%x, %f : !x, !f) lses(%l, %l : !l, !l) outs(%x, %l : !x, !l)
%u:2 = spattn.gather_rows ins(%x, %f : !x, !f) rows(%p : !p) outs(%x, %f : !x, !f)
  {unit_rms = array<i1: false, true>, epsilon = 1.0e-6 : f32}
%v = spattn.sum_rows ins(%x : !x) rows(%m : !m) unit_rms_of(%x : !x) add(%f : !f) outs(%f : !f)
