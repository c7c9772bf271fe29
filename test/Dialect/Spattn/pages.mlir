// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt %s -spattn-bufferize | FileCheck %s --check-prefix=BUFFERS
// RUN: not spattn-opt %s -spattn-decompose 2>&1 | FileCheck %s --check-prefix=DECOMPOSE
// RUN: spattn-opt %s -spattn-select-tile-shape | FileCheck %s --check-prefix=SHAPE
// RUN: spattn-opt %s -spattn-print-tiles=query-length=4 -o /dev/null 2>&1 | FileCheck %s --check-prefix=TILES
// RUN: not spattn-opt %s -spattn-select-tile-shape=key-tile=48 2>&1 | FileCheck %s --check-prefix=NO-SHAPE

!q = tensor<2x4x?x8xf32>
!p = tensor<?x2x32x8xf32>
!t = tensor<2x9xi32>

// DECOMPOSE: error: 'spattn.attention' op has 'page_table', but no 'linalg' operation computes with 'page_table' yet
// NO-SHAPE: error: 'spattn.attention' op expected a tile shape whose keys are whole pages of 'page_table', or divide one of 32 rows, got #spattn.tile_shape<query_tile = 64, key_tile = 48>

// There are as many keys as the table has room for.
// TILES: 4 heads, 4 queries, 288 keys

// CHECK-LABEL: @pages
// CHECK: spattn.attention structure(#spattn.causal) ins({{.*}} : tensor<2x4x?x8xf32>, tensor<?x2x32x8xf32>, tensor<?x2x32x8xf32>) page_table(%{{.*}} : tensor<2x9xi32>)
// BUFFERS-LABEL: @pages
// BUFFERS: spattn.attention {{.*}} page_table(%{{.*}} : memref<2x9xi32
// SHAPE: tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 64>
func.func @pages(%q: !q, %k: !p, %v: !p, %t: !t, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !p, !p)
      page_table(%t : !t) outs(%o : !q)
  return %r : !q
}

// vLLM's pages, entries of different lengths, and a table in the order of the layout.
// CHECK-LABEL: @lengths
// CHECK: key_ends(%{{.*}} : tensor<?x1xi32>) page_table(%{{.*}} : tensor<?x?xi32>)
func.func @lengths(%q: tensor<?x?x4x8xf32>, %k: tensor<?x16x2x8xf32>, %e: tensor<?x1xi32>, %t: tensor<?x?xi32>, %o: tensor<?x?x4x8xf32>) -> tensor<?x?x4x8xf32> {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %k : tensor<?x?x4x8xf32>, tensor<?x16x2x8xf32>, tensor<?x16x2x8xf32>)
      key_ends(%e : tensor<?x1xi32>) page_table(%t : tensor<?x?xi32>)
      outs(%o : tensor<?x?x4x8xf32>) {layout = "bnhd"}
  return %r : tensor<?x?x4x8xf32>
}
