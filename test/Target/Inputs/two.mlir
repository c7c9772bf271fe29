!t = tensor<?x8x?x64xf16>
!u = tensor<?x4x?x64xf16>

func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
func.func @g(%q: !u, %k: !u, %v: !u, %o: !u) -> !u {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !u, !u, !u) outs(%o : !u)
  return %r : !u
}
