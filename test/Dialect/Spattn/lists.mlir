// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt %s -spattn-derive-backward | FileCheck %s --check-prefix=DERIVED
// RUN: not spattn-opt %s -spattn-decompose 2>&1 | FileCheck %s --check-prefix=DECOMPOSE
// RUN: spattn-opt %s -spattn-select-tile-shape | FileCheck %s --check-prefix=SHAPE
// RUN: spattn-opt %s -spattn-print-tiles=query-length=128 -o /dev/null 2>&1 | FileCheck %s --check-prefix=TILES
// RUN: not spattn-opt %s -spattn-select-tile-shape=key-tile=48 2>&1 | FileCheck %s --check-prefix=NO-SHAPE

!t = tensor<?x4x?x8xf32>
!l = tensor<?x4x?xf32>
!c = tensor<1x2x?xi32>
!i = tensor<1x2x?x?xi32>

// DECOMPOSE: error: 'spattn.attention' op has 'tile_counts', but no 'linalg' operation computes with 'tile_counts' yet
// NO-SHAPE: error: 'spattn.attention' op expected a tile shape that divides the tiles of 'tile_lists', 64 x 32, got #spattn.tile_shape<query_tile = 64, key_tile = 48>

// TILES: listed tiles are known at run time only; these are the others
// TILES-NEXT: 4 heads, 128 queries, 128 keys, tiles of 64 x 32
// TILES-NEXT: all heads: 0 visited

// CHECK-LABEL: @lists
// CHECK: spattn.attention structure(#spattn.sink<0>) ins({{.*}}) tile_counts(%{{.*}} : tensor<1x2x?xi32>) tile_indices(%{{.*}} : tensor<1x2x?x?xi32>)
// CHECK-SAME: {differentiated, tile_lists = #spattn.tile_lists<64 x 32, #spattn.heads<1 x #spattn.full, 3 x #spattn.causal>>}
// The least that lists consist of.
// SHAPE: tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 32>
// DERIVED: spattn.attention_backward {{.*}} tile_counts(%{{.*}} : tensor<1x2x?xi32>) tile_indices(
// DERIVED-SAME: tile_lists = #spattn.tile_lists<64 x 32,
func.func @lists(%q: !t, %c: !c, %i: !i, %o: !t, %n: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.sink<0>) ins(%q, %q, %q : !t, !t, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o, %n : !t, !l)
      {differentiated, tile_lists = #spattn.tile_lists<64 x 32, #spattn.heads<1 x #spattn.full, 3 x #spattn.causal>>}
  return %r#0, %r#1 : !t, !l
}
