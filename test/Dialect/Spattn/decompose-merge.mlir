// RUN: spattn-opt %s -spattn-decompose | FileCheck %s

// Loops are in the order of the layout; numbers of rows lack the head dimension.

// CHECK-DAG: #[[$NUMBERS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[$ROWS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[$OFROWS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>

!p = tensor<?x?x64x8xbf16>
!l = tensor<?x?x8xf32>

// CHECK-LABEL: func.func @merge
// CHECK-SAME: %[[P:[a-z0-9]+]]: {{.*}}, %[[Q:[a-z0-9]+]]: {{.*}}, %[[L:[a-z0-9]+]]: {{.*}}, %[[M:[a-z0-9]+]]: {{.*}}, %[[O:[a-z0-9]+]]: {{.*}}, %[[LSE:[a-z0-9]+]]: tensor
func.func @merge(%p: !p, %q: !p, %l: !l, %m: !l, %o: !p, %lse: !l) -> (!p, !l) {
  // The largest log-sum-exp.
  // CHECK: %[[SHIFT:.*]] = linalg.generic {indexing_maps = [#[[$NUMBERS]], #[[$NUMBERS]], #[[$NUMBERS]]], iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[L]], %[[M]] :
  // CHECK: arith.maximumf
  // CHECK: arith.select
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[L]], %[[M]], %[[SHIFT]] :
  // CHECK-COUNT-2: math.exp
  // CHECK: %[[W0:.*]] = linalg.generic {{.*}} ins(%[[L]], %[[SHIFT]], %[[SUM]] :
  // CHECK: %[[W1:.*]] = linalg.generic {{.*}} ins(%[[M]], %[[SHIFT]], %[[SUM]] :
  // CHECK: linalg.generic {indexing_maps = [#[[$OFROWS]], #[[$OFROWS]], #[[$OFROWS]], #[[$OFROWS]], #[[$ROWS]], #[[$ROWS]], #[[$ROWS]]]
  // CHECK-SAME: ins(%[[L]], %[[M]], %[[W0]], %[[W1]], %[[P]], %[[Q]] : {{.*}} outs(%[[O]] :
  // CHECK: arith.truncf
  // CHECK: linalg.generic {{.*}} ins(%[[SHIFT]], %[[SUM]] : {{.*}} outs(%[[LSE]] :
  // CHECK: math.log
  %r:2 = spattn.merge ins(%p, %q : !p, !p) lses(%l, %m : !l, !l) outs(%o, %lse : !p, !l) {layout = "bndh"}
  return %r#0, %r#1 : !p, !l
}

// Gradients, and merges of buffers, stay.
// CHECK-LABEL: func.func @others
// CHECK: spattn.merge_backward
// CHECK: spattn.merge ins
func.func @others(%p: !p, %l: !l, %b: memref<1x2x8x4xf32>, %n: memref<1x2x8xf32>) -> (!p, !l) {
  %r:2 = spattn.merge_backward ins(%p : !p) lses(%l : !l) dout(%p : !p) outs(%p : !p) dlses(%l : !l) {layout = "bndh"}
  spattn.merge ins(%b : memref<1x2x8x4xf32>) lses(%n : memref<1x2x8xf32>) outs(%b : memref<1x2x8x4xf32>)
  return %r#0, %r#1 : !p, !l
}
