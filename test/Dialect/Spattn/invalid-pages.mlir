// RUN: spattn-opt %s -split-input-file -verify-diagnostics

!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>

// C34: element type
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi64>) {
  // expected-error @below {{expected 'page_table' to have element type i32, got 'i64'}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<2x3xi64>) outs(%q : !q)
  return
}

// -----

// C34: dynamic size
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x?x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>) {
  // expected-error @below {{expected pages of 16, 32, 64, 128 or 256 rows where there is a 'page_table', got 'tensor<6x2x?x8xf32>'}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q)
  return
}

// -----

// C34: no power of two
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x48x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>) {
  // expected-error @below {{expected pages of 16, 32, 64, 128 or 256 rows where there is a 'page_table', got 48}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q)
  return
}

// -----

// C2: rank
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x2x3xi32>) {
  // expected-error @below {{expected 'page_table' of rank 2, got 'tensor<2x2x3xi32>'}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<2x2x3xi32>) outs(%q : !q)
  return
}

// -----

// C9: entries
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<3x3xi32>) {
  // expected-error @below {{expected 'query' and 'page_table' to have the same batch size, got 2 and 3}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<3x3xi32>) outs(%q : !q)
  return
}

// -----

// C9: pages
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
!v = tensor<7x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %v: !v, %t: tensor<2x3xi32>) {
  // expected-error @below {{expected 'key' and 'value' to have the same number of pages, got 6 and 7}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %v : !q, !p, !v)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q)
  return
}

// -----

// C10: rows of pages
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
!v = tensor<6x2x32x8xf32>
func.func @test(%q: !q, %p: !p, %v: !v, %t: tensor<2x3xi32>) {
  // expected-error @below {{expected 'key' and 'value' to have the same page size, got 16 and 32}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %v : !q, !p, !v)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q)
  return
}

// -----

// C12: keys
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x1000000000xi32>) {
  // expected-error @below {{expected a length of at most 2147483648 of 'key', got 16000000000}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<2x1000000000xi32>) outs(%q : !q)
  return
}

// -----

// C35: starts
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>, %s: tensor<2x1xi32>) {
  // expected-error @below {{has 'page_table' and 'key_starts', which exclude each other}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      key_starts(%s : tensor<2x1xi32>) page_table(%t : tensor<2x3xi32>) outs(%q : !q)
  return
}

// -----

// C35: positions
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>, %n: tensor<2x4x5xi32>, %m: tensor<2x2x48xi32>) {
  // expected-error @below {{has 'page_table' and 'key_positions', which exclude each other}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      query_positions(%n : tensor<2x4x5xi32>) key_positions(%m : tensor<2x2x48xi32>)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q) {causal_positions}
  return
}

// -----

// C35: lists of tiles
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>, %c: tensor<1x4x1xi32>, %i: tensor<1x4x1x2xi32>) {
  // expected-error @below {{has 'page_table' and 'tile_indices', which exclude each other}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      tile_counts(%c : tensor<1x4x1xi32>) tile_indices(%i : tensor<1x4x1x2xi32>)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q) {tile_lists = #spattn.tile_lists<64 x 64, #spattn.full>}
  return
}

// -----

// C35: sequences
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x16x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>, %e: tensor<2x?xi32>) {
  // expected-error @below {{expected one sequence of each batch entry where there is a 'page_table', got a dynamic number}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      key_ends(%e : tensor<2x?xi32>) page_table(%t : tensor<2x3xi32>) outs(%q : !q)
  return
}

// -----

// C36: tiles
!q = tensor<2x4x5x8xf32>
!p = tensor<6x2x64x8xf32>
func.func @test(%q: !q, %p: !p, %t: tensor<2x3xi32>) {
  // expected-error @below {{expected a tile shape whose keys are whole pages of 'page_table', or divide one of 64 rows, got #spattn.tile_shape<query_tile = 16, key_tile = 48>}}
  %r = spattn.attention structure(#spattn.full) ins(%q, %p, %p : !q, !p, !p)
      page_table(%t : tensor<2x3xi32>) outs(%q : !q) {tile_shape = #spattn.tile_shape<query_tile = 16, key_tile = 48>}
  return
}
