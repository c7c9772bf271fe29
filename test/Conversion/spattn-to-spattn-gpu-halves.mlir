// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=half-tiles=true | FileCheck %s --check-prefix=FORCED
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=half-tiles=false | FileCheck %s --check-prefix=NEVER
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="tuning={half-tile-steps=0}" | FileCheck %s --check-prefix=NEVER
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="half-tiles=true key-tile=64" | FileCheck %s --check-prefix=NEVER
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="half-tiles=true mma-warpgroups=1" | FileCheck %s --check-prefix=NEVER
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="half-tiles=true target=sm_80" | FileCheck %s --check-prefix=NEVER

// NEVER-NOT: mma_halves

!t = tensor<?x16x?x128xbf16>

// A warpgroup sees ten halves of six tiles. The first steps are of halves, of
// one and the same loop or ahead of it, the others are of whole tiles; values
// have one more stage than keys.
// CHECK-LABEL: llvm.func @longformer
// CHECK: spattn_gpu.alloc : !spattn_gpu.memory<65536, alignment = 1024>
// CHECK: spattn_gpu.alloc : !spattn_gpu.memory<65536, alignment = 1024>
// CHECK: spattn_gpu.alloc : !spattn_gpu.memory<98304, alignment = 1024>
// CHECK: nvvm.vote.sync ballot
// CHECK: spattn_gpu.mma_halves {{.*}} {transposed}
// CHECK: spattn_gpu.mma_halves {{.*}} acc
// CHECK: spattn_gpu.mask
// CHECK: scf.for
// CHECK: spattn_gpu.mma_halves {{.*}} {transposed}
// CHECK: spattn_gpu.mma_halves {{.*}} acc
// CHECK: spattn_gpu.mask
// CHECK: scf.for
// CHECK: spattn_gpu.mma {{.*}} {transposed}
// CHECK: spattn_gpu.mma {{.*}} acc
// CHECK-NOT: spattn_gpu.mask
// CHECK: spattn_gpu.mma_halves {{.*}} acc
// CHECK-NOT: spattn_gpu.mma_halves
// FORCED-LABEL: llvm.func @longformer
// FORCED: mma_halves
func.func @longformer(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.union<#spattn.window<left = 511, right = 0>, #spattn.sink<64>>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// No step is saved.
// CHECK-LABEL: llvm.func @causal
// CHECK-NOT: mma_halves
// FORCED-LABEL: llvm.func @causal
// FORCED: mma_halves
func.func @causal(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Nobody knows where the halves of scores are that are capped.
// FORCED-LABEL: llvm.func @capped
// FORCED-NOT: mma_halves
func.func @capped(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %cap = arith.constant 30.0 : f32
  %r = spattn.attention structure(#spattn.union<#spattn.window<left = 511, right = 0>, #spattn.sink<64>>)
         ins(%q, %k, %v : !t, !t, !t) soft_cap(%cap) outs(%o : !t)
  return %r : !t
}
