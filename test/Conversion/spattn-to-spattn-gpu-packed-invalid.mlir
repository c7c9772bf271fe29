// Heads that cannot share tiles, where they are asked to.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=packed-heads=4 -split-input-file -verify-diagnostics
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu="packed-heads=4 target=sm_80" -split-input-file 2>&1 | FileCheck %s --check-prefix=SM80

// SM80: error: 'spattn.attention' op expected 'packed-heads' to divide the 1 query heads of a group that can share a tile, got 4
!q = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
func.func @right(%q: !q, %k: !k, %o: !q) -> !q {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// -----

!q = tensor<?x12x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
func.func @group(%q: !q, %k: !k, %o: !q) -> !q {
  // expected-error @+1 {{expected 'packed-heads' to divide the 2 query heads of a group that can share a tile, got 4}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// -----

!q = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
func.func @structure(%q: !q, %k: !k, %o: !q) -> !q {
  // expected-error @+1 {{expected 'packed-heads' to divide the 1 query heads of a group that can share a tile, got 4}}
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %k, %k : !q, !k, !k) outs(%o : !q)
  return %r : !q
}

// -----

!q = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!b = tensor<8x31xf32>
func.func @biases(%q: !q, %k: !k, %b: !b, %o: !q) -> !q {
  // expected-error @+1 {{expected 'packed-heads' to divide the 1 query heads of a group that can share a tile, got 4}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k)
    distance_bias(%b : !b) outs(%o : !q)
  return %r : !q
}

// -----

// Lists of each head.
!q = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!counts = tensor<1x8x?xi32>
!indices = tensor<1x8x?x8xi32>
func.func @lists(%q: !q, %k: !k, %c: !counts, %i: !indices, %o: !q) -> !q {
  // expected-error @+1 {{expected 'packed-heads' to divide the 1 query heads of a group that can share a tile, got 4}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k)
    tile_counts(%c : !counts) tile_indices(%i : !indices) outs(%o : !q)
    {tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>}
  return %r : !q
}
