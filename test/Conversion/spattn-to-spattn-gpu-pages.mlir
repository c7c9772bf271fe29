// Keys in pages: tiles are put together of boxes of pages, whose numbers are looked up ahead of them.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="key-tile=64 packed-heads=1" -split-input-file | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_80 key-tile=64" -split-input-file | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=8192 expected-queries=1" -split-input-file | FileCheck %s --check-prefix=PACKED

!q = tensor<?x8x?x64xbf16>
!p = tensor<?x2x16x64xbf16>
!t = tensor<?x?xi32>

// Boxes are those of a page. The table says how many keys there are, and a pool without pages that there are none.
// CHECK-LABEL: llvm.func @small(
// CHECK-SAME: <"k", bf16, [b = poolPages, h = 2, n = 16, d = 64]
// CHECK-SAME: <"pages", i32, [b = batch, n = tablePages], alignment = 4>
// CHECK-SAME: <"k", [d = 64, n = 16, h = 1, b = 1]
// CHECK-SAME: limits = [<<queryLength + 16 * tablePages>,
// CHECK: arith.cmpi eq, %{{.*}}, %c0_i32
// CHECK: arith.muli %{{.*}}, %c16_i32
// Four pages of a tile, of keys and of values.
// CHECK-COUNT-4: llvm.load %{{.*}} : !llvm.ptr -> i32
// CHECK: spattn_gpu.barrier_wait
// CHECK: spattn_gpu.load_pages %{{.*}}[%{{.*}}, %{{.*}}] pages %{{[0-9a-z]*}}, %{{[0-9a-z]*}}, %{{[0-9a-z]*}}, %{{[0-9a-z]*}} to
// CHECK-COUNT-4: llvm.load %{{.*}} : !llvm.ptr -> i32
// CHECK: spattn_gpu.load_pages
// A tile of packed heads starts at a multiple of its size, whichever keys it sees first.
// PACKED-LABEL: llvm.func @small(
// PACKED-SAME: <"q", [d = 64, h = 4,
func.func @small(%q: !q, %k: !p, %v: !p, %t: !t, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.window<left = 500, right = 0>) ins(%q, %k, %v : !q, !p, !p)
    page_table(%t : !t) outs(%o : !q)
  return %r : !q
}

// -----

!q = tensor<?x8x?x64xbf16>
!p = tensor<?x2x256x64xbf16>

// A page holds several tiles. The last one of an entry is loaded for the warp first, as of any sequence.
// CHECK-LABEL: llvm.func @large(
// CHECK-SAME: <"kend", i32, [b = batch, n = sequences], alignment = 4>
// CHECK-SAME: <"k", [d = 64, n = 64, h = 1, b = 1]
// CHECK: spattn_gpu.load_pages %{{.*}}[%{{.*}}, %{{.*}}] pages %{{[0-9a-z]*}} to
// CHECK-NOT: spattn_gpu.finish_load
// CHECK: spattn_gpu.load_pages %{{.*}}[%{{.*}}, %{{.*}}] pages %{{[0-9a-z]*}} to
// CHECK: spattn_gpu.finish_load
// CHECK: spattn_gpu.load_pages
func.func @large(%q: !q, %k: !p, %v: !p, %e: tensor<?x1xi32>, %t: tensor<?x?xi32>, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !p, !p)
    key_ends(%e : tensor<?x1xi32>) page_table(%t : tensor<?x?xi32>) outs(%o : !q)
  return %r : !q
}
