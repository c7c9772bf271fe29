// Two chunks of 64 tokens of a sorted list, which see themselves and the chunk
// ahead of them: 128 queries, and 192 keys that begin a chunk earlier. Positions
// are where tokens were before they were sorted.
!q = tensor<?x1x128x64xbf16>
!k = tensor<?x1x192x64xbf16>
!qp = tensor<?x1x128xi32>
!kp = tensor<?x1x192xi32>

func.func @chunks(%q: !q, %k: !k, %v: !k, %qp: !qp, %kp: !kp, %o: !q) -> !q {
  %scale = arith.constant 0.015625 : f32
  %r = spattn.attention structure(#spattn.union<
           #spattn.intersection<#spattn.queries<0 to 64>, #spattn.keys<0 to 128>>,
           #spattn.intersection<#spattn.queries<64 to 128>, #spattn.keys<64 to 192>>>)
         ins(%q, %k, %v : !q, !k, !k)
         query_positions(%qp : !qp) key_positions(%kp : !kp) scale(%scale) outs(%o : !q)
         {alignment = #spattn.alignment<start>, causal_positions, self_score = -1.0e3 : f32}
  return %r : !q
}
