// Upstream's tiling and fusion work on what attention decomposes into: tiles of
// queries of one head, with all that they need inside of the loop.

// RUN: spattn-opt %s -spattn-decompose | mlir-opt -transform-preload-library=transform-library-paths=%S/Inputs/tile-and-fuse.mlir \
// RUN:   -transform-interpreter -canonicalize -cse | FileCheck %s

!t = tensor<1x8x512x64xf32>

// CHECK-LABEL: func.func @f
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  // CHECK:      scf.for
  // CHECK:        scf.for
  // The structure of a tile of pairs, from its indices.
  // CHECK:          linalg.generic {{.*}} outs(%{{.*}} : tensor<1x64x512xi1>)
  // CHECK:            linalg.index
  // CHECK:          linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x64x512xf32>)
  // CHECK:            arith.mulf
  // CHECK:          tensor.insert_slice
  // CHECK-NOT:      linalg.generic
  %r = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
