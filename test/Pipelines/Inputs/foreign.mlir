// Kernels of somebody else, which are not ready to be compiled.
module attributes {gpu.container_module} {
  func.func @f(%q: tensor<1x2x?x64xbf16>) -> tensor<1x2x?x64xbf16> {
    %c1 = arith.constant 1 : index
    gpu.launch_func @theirs::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    %r = spattn.attention structure(#spattn.causal)
        ins(%q, %q, %q : tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16>, tensor<1x2x?x64xbf16>) outs(%q : tensor<1x2x?x64xbf16>)
    return %r : tensor<1x2x?x64xbf16>
  }
  gpu.module @theirs {
    gpu.func @kernel() kernel {
      // Common subexpressions stay, too.
      %0 = arith.constant 1 : index
      %1 = arith.constant 1 : index
      %2 = arith.addi %0, %1 : index
      gpu.return
    }
  }
}
