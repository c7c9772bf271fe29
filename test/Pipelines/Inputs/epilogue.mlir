!t = tensor<?x2x?x64xbf16>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  %x = arith.addf %r, %q : !t
  return %x : !t
}
