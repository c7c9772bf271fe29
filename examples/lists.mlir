//===- lists.mlir - Lists of tiles, for docs/Structures.md ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Lists of tiles of 64 queries and 64 keys, of all batch entries and of two query
// heads each, united with the last 100 keys.
!t = tensor<?x4x?x64xbf16>
!counts = tensor<1x2x?xi32>
!indices = tensor<1x2x?x8xi32>

func.func @lists(%q: !t, %k: !t, %v: !t, %counts: !counts, %indices: !indices, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.window<left = 99, right = 0>)
         ins(%q, %k, %v : !t, !t, !t)
         tile_counts(%counts : !counts) tile_indices(%indices : !indices)
         outs(%o : !t)
         {tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>}
  return %r : !t
}
