// Keys that are split over CTAs: where few queries leave SMs idle, or where it is asked
// for. Each work tile has a part of a walk over key tiles, and a second kernel merges
// what parts have left in scratch memory.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1" | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1 split-keys=1" | FileCheck %s --check-prefix=WHOLE
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefix=WHOLE
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768" | FileCheck %s --check-prefix=WHOLE
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=4097" | FileCheck %s --check-prefix=WHOLE
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="packed-heads=4 split-keys=6" | FileCheck %s --check-prefix=SIX
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1 split-keys=64 tuning={part-keys=2048}" | FileCheck %s --check-prefix=KEYS
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1 tuning={multiprocessors=16}" | FileCheck %s --check-prefix=SMALL
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1 target=sm_80" | FileCheck %s --check-prefix=SM80

// WHOLE-NOT: partial_out
// WHOLE-NOT: _combine

!q = tensor<?x32x?x128xbf16>
!k = tensor<?x8x?x128xbf16>
!l = tensor<?x32x?xf32>
!s = tensor<32xf32>

// 8 walks of 512 tiles on 264 CTAs: parts of 16 tiles, or of a sixteenth of as many for each
// batch entry, 16 / 16. There are up to 512 parts of a head more than there are entries.
// CHECK: llvm.func @dense(
// CHECK-SAME: maps = [<"q", {{[^>]*}}>, <"k", {{[^>]*}}>, <"v", {{[^>]*}}>]
// CHECK-SAME: <"partial_out", bytes = <16384 * batch * queryLength + 8388608 * queryLength>
// CHECK-SAME: <"partial_lse", bytes = <128 * batch * queryLength + 65536 * queryLength>
// CHECK-SAME: arguments = [<map 0>, <map 1>, <map 2>, <scratch "partial_out">, <scratch "partial_lse">, <i32 "batch">, <i32 "queryLength">, <i32 "keyLength">, <f32 "scale">, <scratch "counter">]
// CHECK-SAME: grid = persistent 2 for <256 * batch * ceil(queryLength / 16)>
// How many parts a batch of so many has.
// CHECK: %[[SHARE:.*]] = arith.muli %{{.*}}, %c16_i64
// CHECK: %[[MORE:.*]] = arith.addi %[[SHARE]], %c15_i64
// CHECK: %[[WIDE:.*]] = arith.shrsi %[[MORE]], %c4_i64
// CHECK: %[[MOST:.*]] = arith.minsi %[[WIDE]], %c512_i64
// CHECK: %[[LEAST:.*]] = arith.maxsi %[[MOST]], %c16_i64
// CHECK: %[[TILES:.*]] = arith.trunci %[[LEAST]]
// CHECK: arith.divui %{{.*}}, %[[TILES]]
// Parts load other keys, and the same queries.
// CHECK-NOT: evict
// CHECK-NOT: spattn_gpu.store_tile
// CHECK: llvm.func @dense_combine(
// CHECK-SAME: arguments = [<buffer "o">, <i32 "queryLength">, <i64 "stride:o:b">, <i64 "stride:o:h">, <i64 "stride:o:n">, <scratch "partial_out">, <scratch "partial_lse">, <i32 "batch">]
// A warp for each row.
// CHECK-SAME: grid = <32 * batch * ceil(queryLength / 8)>
// SIX: llvm.func @dense(
// SIX-SAME: <"partial_out", bytes = <98304 * batch * queryLength>
// SIX-SAME: grid = persistent {{[0-9]}} for <48 * batch *
// SIX: llvm.func @dense_combine(
// KEYS: llvm.func @dense(
// KEYS: %[[TILES:.*]] = arith.constant 32 : i32
// KEYS: arith.constant 64 : i32
// KEYS: llvm.func @dense_combine(
// SMALL: llvm.func @dense(
// SMALL-SAME: persistent 2 for <{{40|32}} * batch *
// SM80: llvm.func @dense(
// SM80-SAME: <"partial_out"
// SM80: llvm.func @dense_combine(
func.func @dense(%q: !q, %k: !k, %v: !k, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// As many parts as the longest walk has, though others have fewer.
// CHECK: llvm.func @windows(
// CHECK-SAME: <"partial_out"
// The first part has the sinks.
// CHECK: spattn_gpu.load_rows
// CHECK: llvm.func @windows_combine(
// CHECK-SAME: <buffer "lse">
// SIX: llvm.func @windows_combine(
func.func @windows(%q: !q, %k: !k, %v: !k, %s: !s, %o: !q, %l: !l) -> (!q, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<28 x #spattn.window<left = 511, right = 0>, 4 x #spattn.causal>)
    ins(%q, %k, %v : !q, !k, !k) sink_logits(%s : !s) outs(%o, %l : !q, !l)
  return %r#0, %r#1 : !q, !l
}

// 16 tiles: to merge parts would take as long as they save.
// CHECK: llvm.func @window(
// CHECK-SAME: grid = persistent 2 for <8 * batch * ceil(queryLength / 16)>
// CHECK-NOT: llvm.func @window_combine
// SIX: llvm.func @window_combine(
func.func @window(%q: !q, %k: !k, %v: !k, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.window<left = 1023, right = 0>) ins(%q, %k, %v : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// So many batch entries as are known fill the card.
// CHECK: llvm.func @batch(
// CHECK-NOT: llvm.func @batch_combine
// SIX: llvm.func @batch_combine(
func.func @batch(%q: tensor<64x32x1x128xbf16>, %k: tensor<64x8x32768x128xbf16>, %v: tensor<64x8x32768x128xbf16>,
                 %o: tensor<64x32x1x128xbf16>) -> tensor<64x32x1x128xbf16> {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<64x32x1x128xbf16>, tensor<64x8x32768x128xbf16>, tensor<64x8x32768x128xbf16>)
    outs(%o : tensor<64x32x1x128xbf16>)
  return %r : tensor<64x32x1x128xbf16>
}

// Sequences differ in length; so do the parts of their walks.
!e = tensor<?x?xi32>
// CHECK: llvm.func @sequences(
// CHECK-SAME: <"partial_out", bytes = <16384 * batch * queryLength + 8388608 * queryLength>
// CHECK: llvm.func @sequences_combine(
// CHECK-SAME: grid = <32 * batch * ceil(queryLength / 8)>
func.func @sequences(%q: !q, %k: !k, %v: !k, %qs: !e, %qe: !e, %ks: !e, %ke: !e, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !k, !k)
    query_starts(%qs : !e) query_ends(%qe : !e) key_starts(%ks : !e) key_ends(%ke : !e) outs(%o : !q)
  return %r : !q
}
