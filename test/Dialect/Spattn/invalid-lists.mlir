// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// The constraints of lists of tiles.

// C25: no attribute
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi32>, %i: tensor<1x2x2x3xi32>) {
  // expected-error @below {{has 'tile_indices'; expected all of 'tile_counts', 'tile_indices' and 'tile_lists'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi32>) tile_indices(%i : tensor<1x2x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>)
  return
}

// -----

// C25: no indices
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi32>) {
  // expected-error @below {{has 'tile_lists'; expected all of 'tile_counts', 'tile_indices' and 'tile_lists'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C25: no operands
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>) {
  // expected-error @below {{has 'tile_lists'; expected all of 'tile_counts', 'tile_indices' and 'tile_lists'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C25: sequences
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi32>, %i: tensor<1x2x2x3xi32>, %s: tensor<1x1xi32>) {
  // expected-error @below {{has 'tile_lists' and starts or ends of sequences, which exclude each other}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    query_starts(%s : tensor<1x1xi32>) tile_counts(%c : tensor<1x2x2xi32>) tile_indices(%i : tensor<1x2x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C26: elements
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi64>, %i: tensor<1x2x2x3xi32>) {
  // expected-error @below {{expected 'tile_counts' to have element type i32, got 'i64'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi64>) tile_indices(%i : tensor<1x2x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C26: sizes of both
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi32>, %i: tensor<1x2x3x3xi32>) {
  // expected-error @below {{expected 'tile_counts' and 'tile_indices' to have the same number of query tiles, got 2 and 3}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi32>) tile_indices(%i : tensor<1x2x3x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C26: batch size
func.func @test(%q: tensor<4x2x100x4xf32>, %o: tensor<4x2x100x4xf32>, %c: tensor<3x2x2xi32>, %i: tensor<3x2x2x3xi32>) {
  // expected-error @below {{expected 'tile_indices' to have a batch size of 1 or that of 'query', 4, got 3}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<4x2x100x4xf32>, tensor<4x2x100x4xf32>, tensor<4x2x100x4xf32>)
    tile_counts(%c : tensor<3x2x2xi32>) tile_indices(%i : tensor<3x2x2x3xi32>) outs(%o : tensor<4x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C26: heads
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x4x2xi32>, %i: tensor<1x4x2x3xi32>) {
  // expected-error @below {{expected the number of heads of 'tile_indices' to divide that of 'query', 2, got 4}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x4x2xi32>) tile_indices(%i : tensor<1x4x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C26: lists
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x3xi32>, %i: tensor<1x2x3x3xi32>) {
  // expected-error @below {{expected 'tile_indices' to have a list for each of the 2 tiles of 64 queries, got 3}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x3xi32>) tile_indices(%i : tensor<1x2x3x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C27: tile shape
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi32>, %i: tensor<1x2x2x3xi32>) {
  // expected-error @below {{expected a tile shape that divides the tiles of 'tile_lists', 64 x 64, got #spattn.tile_shape<query_tile = 64, key_tile = 48>}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi32>) tile_indices(%i : tensor<1x2x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>, tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 48>}
  return
}

// -----

// C28: heads of the mask
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x2x2xi32>, %i: tensor<1x2x2x3xi32>) {
  // expected-error @below {{expected a mask of 'tile_lists' for each of the 2 query heads, got 3}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi32>) tile_indices(%i : tensor<1x2x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.heads<3 x #spattn.full>>}
  return
}

// -----

// C6: heads
func.func @test(%q: tensor<1x2x100x4xf32>, %o: tensor<1x2x100x4xf32>, %c: tensor<1x?x2xi32>, %i: tensor<1x?x2x3xi32>) {
  // expected-error @below {{expected a static number of heads of 'tile_counts', got 'tensor<1x?x2xi32>'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x?x2xi32>) tile_indices(%i : tensor<1x?x2x3xi32>) outs(%o : tensor<1x2x100x4xf32>) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C27: tiles that are no multiples of 16
// expected-error @below {{expected tiles of a multiple of 16 rows from 16 to 4096, got 40}}
func.func private @tile() attributes {a = #spattn.tile_lists<64 x 40, #spattn.full>}

// -----

// C28: a mask that is no structure
// expected-error @below {{expected a mask that is a head structure or #spattn.heads, got 3 : i64}}
func.func private @mask() attributes {a = #spattn.tile_lists<64 x 64, 3 : i64>}

// -----

// Gradients have the same constraints.
func.func @gradients(%q: tensor<1x2x100x4xf32>, %l: tensor<1x2x100xf32>, %c: tensor<1x2x2xi32>, %i: tensor<1x2x2x3xi32>) {
  // expected-error @below {{has 'tile_indices'; expected all of 'tile_counts', 'tile_indices' and 'tile_lists'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>,
        tensor<1x2x100x4xf32>, tensor<1x2x100xf32>, tensor<1x2x100x4xf32>)
    tile_counts(%c : tensor<1x2x2xi32>) tile_indices(%i : tensor<1x2x2x3xi32>)
    outs(%q, %q, %q : tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>, tensor<1x2x100x4xf32>)
  return
}
