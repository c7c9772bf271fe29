// RUN: spattn-opt %s -spattn-select-tile-shape | FileCheck %s
// RUN: spattn-opt %s -spattn-select-tile-shape="query-tile=32 key-tile=16" | FileCheck %s --check-prefix=SET
// RUN: not spattn-opt %s -spattn-select-tile-shape="query-tile=5000" 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not spattn-opt %s -spattn-select-tile-shape="key-tile=-1" 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// RANGE: error: expected 'query-tile' to be from 0 to 4096, got 5000
// NEGATIVE: error: expected 'key-tile' to be from 0 to 4096, got -1

// CHECK-LABEL: @dynamic
// CHECK: #spattn.tile_shape<query_tile = 64, key_tile = 64>
// SET-LABEL: @dynamic
// SET: #spattn.tile_shape<query_tile = 32, key_tile = 16>
func.func @dynamic(%q: memref<1x2x?x64xf32>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<1x2x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%q : memref<1x2x?x64xf32>)
  return
}

// Short sequences have small tiles.
// CHECK-LABEL: @short
// CHECK: #spattn.tile_shape<query_tile = 32, key_tile = 32>
func.func @short(%q: memref<1x2x20x64xf32>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<1x2x20x64xf32>, memref<1x2x20x64xf32>, memref<1x2x20x64xf32>)
    outs(%q : memref<1x2x20x64xf32>)
  return
}

// Wide heads too.
// CHECK-LABEL: @wide
// CHECK: #spattn.tile_shape<query_tile = 32, key_tile = 32>
func.func @wide(%q: memref<1x2x?x512xf32>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<1x2x?x512xf32>, memref<1x2x?x512xf32>, memref<1x2x?x512xf32>)
    outs(%q : memref<1x2x?x512xf32>)
  return
}

// A tile shape in the IR stays.
// CHECK-LABEL: @given
// CHECK: #spattn.tile_shape<query_tile = 16, key_tile = 128>
// SET-LABEL: @given
// SET: #spattn.tile_shape<query_tile = 16, key_tile = 128>
func.func @given(%q: memref<1x2x?x64xf32>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<1x2x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%q : memref<1x2x?x64xf32>) {tile_shape = #spattn.tile_shape<query_tile = 16, key_tile = 128>}
  return
}

// CHECK-LABEL: @backward
// CHECK: #spattn.tile_shape<query_tile = 64, key_tile = 64>
// SET-LABEL: @backward
// SET: #spattn.tile_shape<query_tile = 32, key_tile = 16>
func.func @backward(%q: memref<1x2x?x64xf32>, %l: memref<1x2x?xf32>) {
  spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : memref<1x2x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>,
        memref<1x2x?x64xf32>, memref<1x2x?xf32>, memref<1x2x?x64xf32>)
    outs(%q, %q, %q : memref<1x2x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
  return
}
