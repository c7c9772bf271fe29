// The attention of gpu-program.mlir as a function of its own.
!t = tensor<1x2x?x64xbf16>
func.func @program_attention(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
