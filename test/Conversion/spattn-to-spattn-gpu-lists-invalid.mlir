// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu -verify-diagnostics

!t = tensor<?x4x?x128xbf16>
!c = tensor<?x4x?xi32>
!i = tensor<?x4x?x?xi32>

func.func @narrow(%q: !t, %c: !c, %i: !i, %o: !t) -> !t {
  // expected-error @below {{expected 'tile_lists' of multiples of 64 queries and keys for a kernel on a GPU, got 32}}
  %r = spattn.attention structure(#spattn.sink<0>) ins(%q, %q, %q : !t, !t, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o : !t)
      {tile_lists = #spattn.tile_lists<64 x 32, #spattn.full>}
  return %r : !t
}
