// RUN: spattn-opt %s -split-input-file -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -split-input-file -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=SM80
// RUN: not spattn-opt %s -split-input-file -convert-spattn-to-spattn-gpu=key-tile=48 2>&1 | FileCheck %s --check-prefix=TILE

!t = tensor<?x4x?x128xbf16>
!l = tensor<?x4x?xf32>
!c = tensor<1x2x?xi32>
!i = tensor<1x2x?x?xi32>

// Tiles are those of lists. The scheduler warp looks through a list, 32 entries at a
// time; what it visits is masked where the mask or the structure needs it.
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: <"tcount", i32, [b = 1, h = 2, n = listRows], alignment = 4>
// CHECK-SAME: <"tindex", i32, [b = 1, h = 2, n = listRows, d = listed], alignment = 4>
// CHECK-SAME: <i32 "listRows">, <i32 "listed">
// CHECK-SAME: tile = "64x64"
// CHECK-COUNT-2: nvvm.vote.sync
// CHECK: spattn_gpu.column_mask_difference %{{.*}}, %{{.*}} : !spattn_gpu.column_mask<64>
// SM80-LABEL: llvm.func @forward(
// SM80-SAME: tile = "64x64"
// SM80-COUNT-2: nvvm.vote.sync
// TILE: error: 'spattn.attention' op expected tiles of 64 queries and 48 keys to divide those of 'tile_lists', 64 x 64
func.func @forward(%q: !t, %c: !c, %i: !i, %o: !t, %n: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = 9, right = 9>) ins(%q, %q, %q : !t, !t, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o, %n : !t, !l)
      {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return %r#0, %r#1 : !t, !l
}

// -----

!t = tensor<?x4x?x128xbf16>
!l = tensor<?x4x?xf32>
!c = tensor<?x4x?xi32>
!i = tensor<?x4x?x?xi32>

// Lists alone: nothing is taken from a mask, as the structure allows nothing.
// CHECK-LABEL: llvm.func @alone(
// CHECK-SAME: <"tcount", i32, [b = batch, h = 4, n = listRows], alignment = 4>
// CHECK-SAME: tile = "128x128"
// CHECK-NOT: column_mask_difference
func.func @alone(%q: !t, %c: !c, %i: !i, %o: !t, %n: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.sink<0>) ins(%q, %q, %q : !t, !t, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o, %n : !t, !l)
      {tile_lists = #spattn.tile_lists<128 x 128, #spattn.causal>}
  return %r#0, %r#1 : !t, !l
}

// -----

!t = tensor<?x4x?x128xbf16>
!l = tensor<?x4x?xf32>
!c = tensor<?x4x?xi32>
!i = tensor<?x4x?x?xi32>

// A kernel of its own makes the lists of key tiles, a warp for each: in order, by where
// the bits of a vote are. Nothing is added up in memory.
// CHECK-LABEL: llvm.func @gradients_lists(
// CHECK-SAME: scratch = [{{.*}}<"query_lists", bytes = <16 * batch * ceil(keyLength / 64) + 16 * batch * ceil(keyLength / 64) * ceil(queryLength / 64)>, alignment = 4>
// CHECK-SAME: threads = 32, grid = <4 * batch * ceil(keyLength / 64)>
// CHECK: scf.while
// CHECK: nvvm.vote.sync
// CHECK: math.ctpop
// CHECK: llvm.store
// CHECK: llvm.func @gradients_queries(
// CHECK-SAME: <scratch "queries_counter">
// CHECK: llvm.func @gradients(
// CHECK-SAME: <scratch "query_lists">
// SM80: llvm.func @gradients_lists(
// SM80: llvm.func @gradients_queries(
// SM80: llvm.func @gradients(
func.func @gradients(%q: !t, %n: !l, %c: !c, %i: !i, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.sink<0>)
      ins(%q, %q, %q, %q, %n, %q : !t, !t, !t, !t, !l, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%dq, %dk, %dv : !t, !t, !t)
      {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
