// How empty tiles are zero-filled: by TMA stores of a tile of zeros, where many
// are empty.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=SM80
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="shared-memory=200000 deterministic=true" | FileCheck %s --check-prefix=SCARCE

// SM80-NOT: spattn_gpu.clear_tile

!t = tensor<2x16x4096x128xbf16>

// Half of the tiles of queries: of 128 rows at once.
// CHECK-LABEL: llvm.func @exclusive
// CHECK: spattn_gpu.clear_tile {{.*}} : !spattn_gpu.shared<128x64xbf16>
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x64xbf16>
// CHECK-NEXT: spattn_gpu.store_tile {{.*}} column 64 : !spattn_gpu.shared<128x64xbf16>
// There is no room for more than 16 rows: a loop.
// SCARCE-LABEL: llvm.func @exclusive
// SCARCE: spattn_gpu.clear_tile {{.*}} : !spattn_gpu.shared<16x64xbf16>
// SCARCE: scf.for {{.*}} step %c16_i32
// SCARCE: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<16x64xbf16>
func.func @exclusive(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Hardly any: the lanes of a warp.
// CHECK-LABEL: llvm.func @window
// CHECK-NOT: spattn_gpu.clear_tile
// CHECK: spattn_gpu.store_fill
func.func @window(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.window<left = 255, right = 0>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Other rows may follow those of a sequence.
// CHECK-LABEL: llvm.func @sequences
// CHECK-NOT: spattn_gpu.clear_tile
// CHECK: spattn_gpu.store_fill
!s = tensor<2x?xi32>
func.func @sequences(%q: !t, %starts: !s, %ends: !s, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %q, %q : !t, !t, !t)
    query_starts(%starts : !s) query_ends(%ends : !s) key_starts(%starts : !s) key_ends(%ends : !s)
    outs(%o : !t)
  return %r : !t
}

// Gradients of keys that no query sees, in pairs of one end and the other: of
// 192 keys, of which 64 rows are the largest power of two.
// CHECK-LABEL: llvm.func @gradients(
// CHECK: spattn_gpu.clear_tile {{.*}} : !spattn_gpu.shared<64x64xbf16>
// CHECK: spattn_gpu.atomic_inc
// CHECK: scf.for {{.*}} step %c64_i32
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<64x64xbf16>
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<64x64xbf16>
!g = tensor<2x16x16384x64xbf16>
!m = tensor<2x16x16384xf32>
func.func @gradients(%q: !g, %l: !m, %dq: !g, %dk: !g, %dv: !g) -> (!g, !g, !g) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
    ins(%q, %q, %q, %q, %l, %q : !g, !g, !g, !g, !m, !g) outs(%dq, %dk, %dv : !g, !g, !g)
  return %r#0, %r#1, %r#2 : !g, !g, !g
}
