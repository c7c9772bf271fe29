// RUN: spattn-opt %s -convert-spattn-to-loops | FileCheck %s

!p = memref<?x2x?x40xbf16, strided<[?, ?, ?, 1], offset: ?>>
!f = memref<?x2x?x40xf32>

// A number of a row is compared with the rows that there are, as an unsigned one.

// CHECK-LABEL: func.func @gather
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x2x?x40xbf16, {{.*}}>, %[[R:[a-z0-9]+]]: memref<?x2x?xi32>
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: memref.load %[[R]]
// CHECK: %[[ROWS:.*]] = memref.dim %[[X]], %c2
// CHECK: %[[IS:.*]] = arith.cmpi ult, %{{.*}}, %[[ROWS]] : index
// CHECK: scf.for
// CHECK: scf.if %[[IS]] -> (vector<16xf32>)
// CHECK: vector.load %[[X]]{{.*}} vector<16xbf16>
// CHECK: } else {
// CHECK: vector.store {{.*}} vector<16xbf16>
// CHECK: vector.load {{.*}} vector<8xbf16>
// CHECK: vector.store {{.*}} vector<8xbf16>
// CHECK-NOT: math.sqrt
func.func @gather(%x: !p, %r: memref<?x2x?xi32>, %o: !p) {
  spattn.gather_rows ins(%x : !p) rows(%r : memref<?x2x?xi32>) outs(%o : !p)
  return
}

// CHECK-LABEL: func.func @keys
// CHECK: vector.reduction <add>
// CHECK: math.sqrt
// CHECK: vector.store
func.func @keys(%x: !p, %r: memref<?x2x?xi32>, %o: !p) {
  spattn.gather_rows ins(%x : !p) rows(%r : memref<?x2x?xi32>) outs(%o : !p) {unit_rms = array<i1: true>}
  return
}

// CHECK-LABEL: func.func @sum
// CHECK-COUNT-3: memref.load {{.*}} : memref<?x2x?x3xi32>
// CHECK-COUNT-3: vector.load {{.*}} vector<16xbf16>
// CHECK: vector.store {{.*}} vector<16xf32>
func.func @sum(%x: !p, %r: memref<?x2x?x3xi32>, %o: !f) {
  spattn.sum_rows ins(%x : !p) rows(%r : memref<?x2x?x3xi32>) outs(%o : !f)
  return
}

// CHECK-LABEL: func.func @merge
// CHECK-COUNT-3: memref.load {{.*}} : memref<?x2x?xf32>
// CHECK: math.log
// CHECK-COUNT-3: vector.load {{.*}} vector<16xbf16>
func.func @merge(%x: !p, %l: memref<?x2x?xf32>, %r: memref<?x2x?x3xi32>, %o: !p) {
  spattn.merge ins(%x : !p) lses(%l : memref<?x2x?xf32>) rows(%r : memref<?x2x?x3xi32>) outs(%o : !p)
  return
}

// A vector or its negative, whose number follows those of all vectors.
// CHECK-LABEL: func.func @hash
// CHECK: scf.for
// CHECK: scf.for {{.*}} -> (f32, i32)
// CHECK: vector.reduction <add>
// CHECK: math.absf
// CHECK: arith.cmpf ogt
// CHECK: memref.store {{.*}} : memref<?x2x?x4xi32>
func.func @hash(%x: !p, %w: memref<1x4x?x40xbf16>, %o: memref<?x2x?x4xi32>) {
  spattn.hash_rows ins(%x : !p) vectors(%w : memref<1x4x?x40xbf16>) outs(%o : memref<?x2x?x4xi32>)
  return
}
