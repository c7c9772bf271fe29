!t = tensor<1x1x128x16xf32>

func.func @causal(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
