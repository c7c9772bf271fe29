// Attention over queries, keys and values of a pretrained model on real text:
// 12 heads of 32, 461 tokens, f32. See examples/activations/README.md.
//
//   spattn-run examples/real-activations.mlir \
//     --input=examples/activations/q.npy --input=examples/activations/k.npy \
//     --input=examples/activations/v.npy

!qkv = tensor<1x12x461x32xf32>

// What the model computes: every token sees every other.
func.func @full(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.full)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}

func.func @dense_causal(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.causal)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}

func.func @exclusive_bands(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}

func.func @local_band(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.partition<local_band>)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}

// Some heads stream: the first tokens and a window. The others see everything.
func.func @streaming_heads(%q: !qkv, %k: !qkv, %v: !qkv, %o: !qkv) -> !qkv {
  %r = spattn.attention structure(#spattn.heads<
           8 x #spattn.union<#spattn.sink<4>, #spattn.window<left = 63, right = 0>>,
           4 x #spattn.causal>)
         ins(%q, %k, %v : !qkv, !qkv, !qkv) outs(%o : !qkv)
  return %r : !qkv
}
