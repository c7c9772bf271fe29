// Gradients of head dimensions above 128: registers do not hold dK and dV of a key tile.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefix=SM90
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=deterministic=true | FileCheck %s --check-prefix=SEVEN
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=SM80
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_80 deterministic=true" | FileCheck %s --check-prefix=EIGHT

// What does not fit.
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_86 2>&1 | FileCheck %s --check-prefix=LITTLE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_120 deterministic=true" 2>&1 | FileCheck %s --check-prefix=LITTLE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=key-tile=128 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=mma-warpgroups=1 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=query-stages=3 2>&1 | FileCheck %s --check-prefix=STAGES
// LITTLE: error: 'spattn.attention_backward' op has no kernel on a GPU with 101376 bytes of shared memory for head dimensions above 128, got 256
// TILE: error: 'spattn.attention_backward' op expected a 'key-tile' of 64 and 2 'mma-warpgroups', one for dK and one for dV, for gradients of head dimensions above 128 on a GPU whose MMAs are asynchronous
// STAGES: error: 'spattn.attention_backward' op needs {{[0-9]+}} bytes of shared memory, more than the 232448 there are

// Two kernels, of which the second has two warpgroups for 64 keys. Both have parts of dQ.
// SM90: llvm.func @both_preprocess(
// SM90-NOT: _values
// SM90: llvm.func @both(
// SM90-SAME: tile = "64x64"
// SM90-SAME: threads = 384
// SM90: spattn_gpu.read {{.*}} : !spattn_gpu.shared<64x64xbf16> to !spattn_gpu.acc<64x64xf32>
// SM90: spattn_gpu.mma {{.*}} !spattn_gpu.acc<64x256xf32> -> !spattn_gpu.acc<64x256xf32>
// SM90: lhs_transposed
// SM90: spattn_gpu.write {{.*}} : !spattn_gpu.acc<64x256xf32>, !spattn_gpu.shared<64x256xbf16>
// SM90: spattn_gpu.mma {{.*}} !spattn_gpu.acc<64x256xf32> -> !spattn_gpu.acc<64x256xf32>
// SM90: lhs_transposed
// SM90: spattn_gpu.write {{.*}} : !spattn_gpu.acc<64x256xf32>, !spattn_gpu.shared<64x256xbf16>
// With one tile for each who rounds dQ, it has to have been stored before the next is written.
// SM90: spattn_gpu.store_wait
// SM90-NEXT: }
// SM90-NEXT: {{.*}}arith.index_cast
// SM90-NEXT: spattn_gpu.named_barrier_sync 1[%{{.*}}], 128
// SM90: spattn_gpu.read_fragment
// SM90-NOT: @both_postprocess(

// A kernel for dV more, which has neither values nor dQ.
// SM80: llvm.func @both_preprocess(
// SM80: llvm.func @both_values(
// SM80-SAME: threads = 256
// SM80-NOT: lhs_transposed
// SM80: llvm.func @both(
// SM80-SAME: tile = "64x64"
// SM80: lhs_transposed

// No sums.
// SEVEN: llvm.func @both_queries(
// SEVEN: llvm.func @both(
// SEVEN-NOT: add_words
// EIGHT: llvm.func @both_queries(
// EIGHT: llvm.func @both_values(
// EIGHT: llvm.func @both(
!t = tensor<?x2x?x256xbf16>
!l = tensor<?x2x?xf32>
func.func @both(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %g: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// Queries and keys wider than values: three parts of dQ, two of the warpgroup of dK.
// SM90: llvm.func @queries(
// SM90-SAME: tile = "64x64"
// SM90: spattn_gpu.mma {{.*}} !spattn_gpu.acc<64x192xf32> -> !spattn_gpu.acc<64x192xf32>
// SM90: spattn_gpu.mma {{.*}} !spattn_gpu.acc<64x128xf32> -> !spattn_gpu.acc<64x128xf32>
// SM80: llvm.func @queries_values(
// SM80: llvm.func @queries(
!q = tensor<?x2x?x192xbf16>
!v = tensor<?x2x?x128xbf16>
func.func @queries(%q: !q, %k: !q, %v: !v, %o: !v, %l: !l, %g: !v, %dq: !q, %dk: !q, %dv: !v) -> (!q, !q, !v) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !q, !q, !v, !v, !l, !v) outs(%dq, %dk, %dv : !q, !q, !v)
  return %r#0, %r#1, %r#2 : !q, !q, !v
}
