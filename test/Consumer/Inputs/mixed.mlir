!b = memref<1x2x?x16xf32>

func.func @mixed(%x: !b, %o: !b) {
  %q = "other.scale"(%x) : (!b) -> !b
  spattn.attention structure(#spattn.causal) ins(%q, %x, %x : !b, !b, !b) outs(%o : !b)
  "other.send"(%o) : (!b) -> ()
  return
}
