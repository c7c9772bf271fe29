// Query heads that share tiles: where that pays, or where it is asked for.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=packed-heads=1 | FileCheck %s --check-prefix=APART
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=packed-heads=2 | FileCheck %s --check-prefix=TWO
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1" | FileCheck %s --check-prefix=FEW
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=SM80

!q = tensor<?x32x?x64xbf16>
!k = tensor<?x4x?x64xbf16>
!l = tensor<?x32x?xf32>
!s = tensor<32xf32>

// 8 queries of 8 heads see 135 keys together: two tiles.
// CHECK: llvm.func @window(
// CHECK-SAME: <"q", [d = 64, h = 8, n = 8, b = 1], swizzle = 128, l2 = 256>
// CHECK-SAME: <"k", [d = 64, n = 80, h = 1, b = 1], swizzle = 128, l2 = 256>
// CHECK-SAME: <"o", [d = 64, h = 8, n = 8, b = 1], swizzle = 128, l2 = 256>
// CHECK-SAME: tile = "8x80"
// CHECK-SAME: grid = persistent 3 for <4 * batch * ceil(queryLength / 8)>
// The sinks of each row, and rows of the log-sum-exp.
// CHECK-COUNT-2: spattn_gpu.load_rows %{{.*}} stride %{{.*}} heads 8 apart
// APART: llvm.func @window(
// APART-SAME: <"q", [d = 64, n = 192, h = 1, b = 1]
// APART-SAME: tile = "192x128"
// APART-NOT: heads 8
// TWO: llvm.func @window(
// TWO-SAME: [d = 64, h = 2, n = 
// FEW: llvm.func @window(
// FEW-SAME: [d = 64, h = 8,
// SM80: llvm.func @window(
// SM80-SAME: [d = 64, n = {{[0-9]+}}, h = 1, b = 1]
func.func @window(%q: !q, %k: !k, %s: !s, %o: !q, %l: !l) -> (!q, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = 127, right = 0>) ins(%q, %k, %k : !q, !k, !k)
    sink_logits(%s : !s) outs(%o, %l : !q, !l)
  return %r#0, %r#1 : !q, !l
}

// As many keys for each query, however many heads a tile has; but one query fills a
// tile better with more.
// CHECK: llvm.func @causal(
// CHECK-SAME: [d = 64, n = 192, h = 1, b = 1]
// FEW: llvm.func @causal(
// FEW-SAME: [d = 64, h = 8, n = {{[0-9]+}}, b = 1]
func.func @causal(%q: !q, %k: !k, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// Pairs of heads are alike, and no more.
// CHECK: llvm.func @mixed(
// FEW: llvm.func @mixed(
// FEW-SAME: [d = 64, h = 2, n = {{[0-9]+}}, b = 1]
func.func @mixed(%q: !q, %k: !k, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.heads<2 x #spattn.causal, 30 x #spattn.window<left = 99, right = 0>>)
    ins(%q, %k, %k : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// A tile shape is of queries of one head.
// FEW: llvm.func @tile_shape(
// FEW-SAME: [d = 64, n = 64, h = 1, b = 1]
// TWO: llvm.func @tile_shape(
// TWO-SAME: [d = 64, h = 2, n = 32, b = 1]
func.func @tile_shape(%q: !q, %k: !k, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k) outs(%o : !q)
    {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 64>}
  return %r : !q
}
