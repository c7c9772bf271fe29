// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="deterministic=false" | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="deterministic=true" | FileCheck %s --check-prefix=DETERMINISTIC
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_80 deterministic=false" | FileCheck %s

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>
!s = tensor<?x?xi32>

// The launch is of all slots, and takes work tiles one by one. Starts and ends are clamped. Values
// of a ragged tile are loaded for the warp itself first, and its other rows zeroed; keys are masked.
// A ragged tile's output is stored by rows.
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: grid = persistent 1 for <4 * batch * ceil(queryLength / {{[0-9]+}}) + 8 * batch * sequences + 4 * batch>
// CHECK: scf.while
// CHECK: scf.while
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> i32
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: spattn_gpu.load
// CHECK-NOT: spattn_gpu.finish_load
// CHECK: spattn_gpu.load
// CHECK-NOT: spattn_gpu.finish_load
// CHECK: spattn_gpu.load
// CHECK: spattn_gpu.barrier_wait
// CHECK: spattn_gpu.finish_load
// CHECK: spattn_gpu.load
// CHECK: spattn_gpu.store_tile %
// CHECK: spattn_gpu.store_tile_rows {{.*}} columns 64
func.func @forward(%q: !t, %qs: !s, %qe: !s, %ks: !s, %ke: !s, %o: !t, %l: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %q, %q : !t, !t, !t)
    query_starts(%qs : !s) query_ends(%qe : !s) key_starts(%ks : !s) key_ends(%ke : !s)
    outs(%o, %l : !t, !l)
  return %r#0, %r#1 : !t, !l
}

// Only what is given is an argument.
// CHECK-LABEL: llvm.func @padded(
// CHECK-SAME: <"kend", i32, [b = batch, n = sequences], alignment = 4>
// CHECK-NOT: "kstart"
func.func @padded(%q: !t, %ke: !s, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
    key_ends(%ke : !s) outs(%o : !t)
  return %r : !t
}

// All that is multiplied and summed is without the rows of others: keys, queries, values and
// output gradients in the main kernel, keys and values in the one for queries.
// CHECK: llvm.func @backward_preprocess(
// CHECK-NOT: spattn_gpu.finish_load
// CHECK: llvm.func @backward(
// CHECK-COUNT-4: spattn_gpu.finish_load
// CHECK-NOT: spattn_gpu.finish_load
// CHECK-COUNT-2: spattn_gpu.store_tile_rows
// dQ.
// CHECK: spattn_gpu.{{read|load}}_fragment
// CHECK: spattn_gpu.store_tile_rows
// CHECK-NOT: spattn_gpu.store_tile_rows
// DETERMINISTIC: llvm.func @backward_queries(
// DETERMINISTIC-COUNT-2: spattn_gpu.finish_load
// DETERMINISTIC-NOT: spattn_gpu.finish_load
// DETERMINISTIC: spattn_gpu.store_tile_rows
// DETERMINISTIC: llvm.func @backward(
// DETERMINISTIC-COUNT-4: spattn_gpu.finish_load
// DETERMINISTIC-COUNT-2: spattn_gpu.store_tile_rows
func.func @backward(%q: !t, %l: !l, %qs: !s, %qe: !s, %ks: !s, %ke: !s, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t)
    query_starts(%qs : !s) query_ends(%qe : !s) key_starts(%ks : !s) key_ends(%ke : !s)
    outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
