// RUN: spattn-opt %s -split-input-file -convert-spattn-to-loops -verify-diagnostics | FileCheck %s

!p = memref<?x2x?x40xbf16, strided<[?, ?, ?, 1], offset: ?>>
!l = memref<?x2x?xf32>

// 64 rows a task; vectors of 16 columns, and the rest.

// CHECK-LABEL: func.func @merge
// CHECK: scf.forall
// CHECK: scf.for
// CHECK-COUNT-2: math.exp
// CHECK: scf.for
// CHECK-COUNT-2: vector.load {{.*}} vector<16xbf16>
// CHECK: vector.store {{.*}} vector<16xbf16>
// CHECK-COUNT-2: vector.load {{.*}} vector<8xbf16>
// CHECK: vector.store {{.*}} vector<8xbf16>
// CHECK: memref.store
func.func @merge(%p: !p, %q: !p, %l: !l, %m: !l, %o: !p, %lse: !l) {
  spattn.merge ins(%p, %q : !p, !p) lses(%l, %m : !l, !l) outs(%o, %lse : !p, !l)
  return
}

// CHECK-LABEL: func.func @backward
// CHECK: scf.forall
// CHECK-COUNT-2: vector.reduction
// CHECK-COUNT-2: memref.store
// CHECK-COUNT-2: vector.store {{.*}} vector<16xbf16>
// CHECK-COUNT-2: vector.store {{.*}} vector<8xbf16>
func.func @backward(%p: !p, %q: !p, %l: !l, %m: !l, %do: !p, %dp: !p, %dq: !p, %dl: !l, %dm: !l) {
  spattn.merge_backward ins(%p, %q : !p, !p) lses(%l, %m : !l, !l) dout(%do : !p)
    outs(%dp, %dq : !p, !p) dlses(%dl, %dm : !l, !l)
  return
}

// Columns that do not follow each other are read one by one.
// CHECK-LABEL: func.func @columns
// CHECK-NOT: vector.load
// CHECK-COUNT-5: memref.load {{.*}} : memref<?x2x5x?xf32>
// CHECK: vector.from_elements
func.func @columns(%p: memref<?x2x5x?xf32>, %l: !l) {
  spattn.merge ins(%p : memref<?x2x5x?xf32>) lses(%l : !l) outs(%p : memref<?x2x5x?xf32>) {layout = "bhdn"}
  return
}

// -----

func.func @tensors(%p: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>) -> tensor<1x2x8x4xf32> {
  // expected-error @below {{expected operands in buffers; run 'spattn-bufferize' before 'convert-spattn-to-loops'}}
  %r = spattn.merge ins(%p : tensor<1x2x8x4xf32>) lses(%l : tensor<1x2x8xf32>) outs(%p : tensor<1x2x8x4xf32>)
  return %r : tensor<1x2x8x4xf32>
}
