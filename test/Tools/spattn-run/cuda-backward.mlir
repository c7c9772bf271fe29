// Gradients on a GPU that is a library of the tests: it records launches, but
// computes nothing. The output and the log-sum-exp that they are of are computed
// on the CPU.

// DEFINE: %{gpu} = env SPATTN_CACHE_DIR= SPATTN_CUDA_DRIVER=%fake_cuda FAKE_CUDA_KERNEL=f_preprocess,f,f_postprocess
// DEFINE: %{run} = spattn-run %s --entry=f --device=cuda --shape=q:2x4x300x64 --shape=k:2x2x500x64 --per-head=false
// What it does not compute is no failure below.
// DEFINE: %{any} = %{run} --max-error=inf
// RUN: rm -rf %t && mkdir %t
// RUN: %{gpu} %{any} --dump=%t --output=%t/dv.npy --output=%t/dq.npy --output=%t/dk.npy | FileCheck %s
// CHECK: shapes      q: 2x4x300x64xf16, k: 2x2x500x64xf16, v: 2x2x500x64xf16
// CHECK-SAME: dq: 2x4x300x64xf16, dk: 2x2x500x64xf16, dv: 2x2x500x64xf16
// CHECK: run         1.000 ms
// CHECK: tiles       64 x 64: 272 visited (200 full, 72 masked), 48 skipped
// CHECK: error       {{-?}}nan relative
// RUN: FileCheck %s --check-prefix=TILE --input-file=%t/f/1-tile.mlir
// TILE: llvm.func @f_preprocess
// TILE: llvm.func @f(
// TILE: spattn_gpu.read_fragment
// RUN: %python -c "import numpy as np; assert np.load('%t/dv.npy').shape == (2, 2, 500, 64) and np.load('%t/dq.npy').shape == (2, 4, 300, 64)"

// RUN: %{gpu} FAKE_CUDA_MAJOR=8 %{any} | FileCheck %s --check-prefix=SM80
// SM80: tiles       64 x 64:

// What kernels do not compute shows.
// RUN: %{gpu} not %{run} --max-error=1 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: 'f' is wrong: the error of its 'dquery', {{-?}}nan, exceeds --max-error=1

// RUN: env SPATTN_CACHE_DIR= SPATTN_CUDA_DRIVER=%fake_cuda FAKE_CUDA_KERNEL=f_preprocess not %{run} 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: cuda-backward.mlir:[[@LINE+9]]:1: error: cannot load the kernels: kernel 'f': cuModuleGetFunction failed
// RUN: %{gpu} not %{run} --gpu-options=key-tile=96 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: cuda-backward.mlir:[[@LINE+8]]:10: error: 'spattn.attention_backward' op expected a 'key-tile' of a multiple of 64 for gradients, got 96
// RUN: %{gpu} not spattn-run %s --entry=both --device=cuda 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: cuda-backward.mlir:[[@LINE+17]]:10: error: a function for a GPU has one attention or merge; this is its second

!q = tensor<?x4x?x64xf16>
!k = tensor<?x2x?x64xf16>
!l = tensor<?x4x?xf32>
func.func @f(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l, %g: !q, %dq: !q, %dk: !k, %dv: !k) -> (!k, !q, !k) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !q, !k, !k, !q, !l, !q) outs(%dq, %dk, %dv : !q, !k, !k)
      {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 64>}
  return %r#2, %r#0, %r#1 : !k, !q, !k
}

!t = tensor<1x2x80x64xf16>
!s = tensor<1x2x80xf32>
func.func @both(%q: !t, %g: !t, %o: !t, %l: !s, %dq: !t, %dk: !t, %dv: !t) -> !t {
  %f:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %q, %q : !t, !t, !t) outs(%o, %l : !t, !s)
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %f#0, %f#1, %g : !t, !t, !t, !t, !s, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0 : !t
}
