// One attention layer of OLMoE-1B-7B: 16 heads of 128, 4,096 tokens, stored in
// bf16, with three structures.
//
//   spattn-run examples/olmoe-attention.mlir

!qkv = tensor<1x16x4096x128xbf16>

// Every distance belongs to one head.
func.func @exclusive_bands(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}

// The released default of SPAttention: a local window, and the head's band.
func.func @local_band(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.partition<local_band>)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}

// What both are compared with.
func.func @dense_causal(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.causal)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}
