// On a GPU that is a library of the tests: it records launches, but computes
// nothing.

// DEFINE: %{gpu} = env SPATTN_CUDA_DRIVER=%fake_cuda FAKE_CUDA_KERNEL=f
// DEFINE: %{run} = spattn-run %s --entry=f --device=cuda --shape=q:2x4x300x64 --shape=k:2x4x300x64 --per-head=false
// What it does not compute is no failure below.
// DEFINE: %{any} = %{run} --max-error=inf
// RUN: rm -rf %t && mkdir %t
// RUN: %{gpu} %{any} | FileCheck %s
// CHECK: tiles       192 x 128: 40 visited (8 full, 32 masked), 8 skipped
// CHECK: error       {{-?}}nan relative

// The device decides the family of the code, and the shape of tiles.
// RUN: %{gpu} FAKE_CUDA_MAJOR=8 %{any} | FileCheck %s --check-prefix=SM80
// SM80: tiles       128 x 96:

// With split keys there is a second kernel, and scratch memory for parts.
// RUN: %{gpu},f_combine SPATTN_CACHE_DIR= %{any} --gpu-options=split-keys=4 --json=- | FileCheck %s --check-prefix=SPLIT
// SPLIT: "device": "cuda"
// RUN: %{gpu} SPATTN_CACHE_DIR= not %{any} --gpu-options=split-keys=4 2>&1 | FileCheck %s --check-prefix=COMBINE
// COMBINE: error: cannot load the kernels: kernel 'f_combine': cuModuleGetFunction failed

// The code is kept.
// RUN: %{gpu} SPATTN_CACHE_DIR=%t/cache %{any} --gpu-options="mma-warpgroups=1 key-tile=64 ctas-per-sm=2" --dump=%t --json=- | FileCheck %s --check-prefix=JSON
// JSON: "device": "cuda"
// JSON: "query_tile": 64
// RUN: ls %t/f | FileCheck %s --check-prefix=DUMP
// DUMP: 1-tile.mlir
// DUMP: 2-llvm.mlir
// DUMP: 3-code.ptx
// RUN: %{gpu} SPATTN_CACHE_DIR=%t/cache %{any} > /dev/null && ls %t/cache | count 1
// RUN: %{gpu} SPATTN_CACHE_DIR=%t/cache %{any} > /dev/null && ls %t/cache | count 1
// What a kernel does not compute shows.
// RUN: %{gpu} not %{run} 2>&1 | FileCheck %s --check-prefix=DEFAULT
// DEFAULT: error: 'f' is wrong: the error of its 'out', {{-?}}nan, exceeds what the element type allows: 0.002
// RUN: %{gpu} not %{run} --max-error=1 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: 'f' is wrong: the error of its 'out', {{-?}}nan, exceeds --max-error=1
// RUN: %{gpu} %{any} --output=%t/o.npy > /dev/null
// RUN: %python -c "import numpy as np; o = np.load('%t/o.npy'); assert o.shape == (2, 4, 300, 64) and np.isnan(o).all()"

// RUN: %{gpu} FAKE_CUDA_MAJOR=7 not %{run} 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: --device=cuda: device 0 (Fake H100) has compute capability 7.0; there are kernels from 8.0 on
// RUN: %{gpu} FAKE_CUDA_DEVICES=0 not %{run} 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: --device=cuda: {{.*}}no
// RUN: %{gpu} not %{run} --scalar=s:-1 2>&1 | FileCheck %s --check-prefix=SCALE
// SCALE: cuda.mlir:[[@LINE+9]]:1: error: value 'scale' is -1, expected a positive, finite number
// RUN: %{gpu} not spattn-run %s --entry=g --device=cuda 2>&1 | FileCheck %s --check-prefix=ELEMENT
// ELEMENT: cuda.mlir:[[@LINE+13]]:8: error: 'spattn.attention' op expected elements of type f16 or bf16 for a kernel on a GPU, got 'f32'
// RUN: %{gpu} not spattn-run %s --entry=h --device=cuda 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: cuda.mlir:[[@LINE+16]]:8: error: 'tensor.empty' has no kernel for a GPU

!t = tensor<?x4x?x64xf16>
!u = tensor<1x4x16x64xf32>

func.func @f(%q: !t, %k: !t, %v: !t, %s: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) scale(%s) outs(%o : !t)
  return %r : !t
}
func.func @g(%q: !u, %k: !u, %v: !u, %o: !u) -> !u {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !u, !u, !u) outs(%o : !u)
  return %r : !u
}
func.func @h(%q: !u) -> !u {
  %o = tensor.empty() : !u
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %q, %q : !u, !u, !u) outs(%o : !u)
  return %r : !u
}
