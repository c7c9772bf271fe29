!t = tensor<?x2x?x64xbf16>

func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
