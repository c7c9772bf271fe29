// Attention on the sum of two arrays.
!t = tensor<1x2x?x64xf16>

func.func @program(%x: !t, %y: !t, %out: !t) -> !t attributes {llvm.emit_c_interface} {
  %z = arith.addf %x, %y : !t
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%z, %z, %y : !t, !t, !t) outs(%out : !t)
  return %r : !t
}
