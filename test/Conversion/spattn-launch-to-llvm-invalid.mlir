// RUN: spattn-opt %s -convert-spattn-launch-to-llvm -verify-diagnostics -split-input-file

gpu.binary @kernels [#gpu.object<#spattn_gpu.target, "artifact">]
func.func @tensors(%o: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{is on tensors; run spattn-bufferize first}}
  %r = spattn.launch @kernels ins() values() outs(o = %o : tensor<4xf32>)
  return %r : tensor<4xf32>
}

// -----

gpu.module @kernels [#spattn_gpu.target] {}
func.func @module(%o: memref<4xf32>) {
  // expected-error@+1 {{refers to @kernels, which has not been compiled; run spattn-serialize-kernels first}}
  spattn.launch @kernels ins() values() outs(o = %o : memref<4xf32>)
  return
}

// -----

gpu.binary @kernels [#gpu.object<#nvvm.target, "code">]
func.func @other(%o: memref<4xf32>) {
  // expected-error@+1 {{refers to @kernels, which holds no object of '#spattn_gpu.target'}}
  spattn.launch @kernels ins() values() outs(o = %o : memref<4xf32>)
  return
}
