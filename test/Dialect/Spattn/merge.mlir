// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --emit-bytecode %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --mlir-print-op-generic %s | spattn-opt | FileCheck %s

!b = tensor<?x8x?x64xbf16>
!f = tensor<?x8x?x64xf32>
!l = tensor<?x8x?xf32>

// CHECK-LABEL: @tensors
// CHECK: %[[R:.*]]:2 = spattn.merge ins(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xf32>)
// CHECK-SAME: {{ }}lses(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?xf32>, tensor<?x8x?xf32>)
// CHECK-SAME: outs(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xbf16>, tensor<?x8x?xf32>)
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @tensors(%p: !b, %q: !f, %l: !l, %m: !l, %o: !b, %lse: !l) -> (!b, !l) {
  %r:2 = spattn.merge ins(%p, %q : !b, !f) lses(%l, %m : !l, !l) outs(%o, %lse : !b, !l)
  return %r#0, %r#1 : !b, !l
}

// CHECK-LABEL: @one
// CHECK: %[[R:.*]] = spattn.merge ins(%{{[^:,]*}} : tensor<2x16x8x64xf16>) lses(%{{[^:,]*}} : tensor<2x16x8xf32>)
// CHECK-SAME: outs(%{{[^:,]*}} : tensor<2x16x8x64xf32>) {layout = "bnhd"}
// CHECK: return %[[R]]
func.func @one(%p: tensor<2x16x8x64xf16>, %l: tensor<2x16x8xf32>, %o: tensor<2x16x8x64xf32>)
    -> tensor<2x16x8x64xf32> {
  %r = spattn.merge ins(%p : tensor<2x16x8x64xf16>) lses(%l : tensor<2x16x8xf32>)
    outs(%o : tensor<2x16x8x64xf32>) {layout = "bnhd"}
  return %r : tensor<2x16x8x64xf32>
}

// CHECK-LABEL: @rows
// CHECK: spattn.merge ins(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) lses(%{{[^:,]*}} : tensor<?x8x?xf32>)
// CHECK-SAME: {{ }}rows(%{{[^:,]*}} : tensor<?x8x?x4xi32>) outs(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xf32>, tensor<?x8x?xf32>)
func.func @rows(%p: !b, %l: !l, %r: tensor<?x8x?x4xi32>, %o: !f, %lse: !l) -> (!f, !l) {
  %0:2 = spattn.merge ins(%p : !b) lses(%l : !l) rows(%r : tensor<?x8x?x4xi32>) outs(%o, %lse : !f, !l)
  return %0#0, %0#1 : !f, !l
}

// CHECK-LABEL: @buffers
// CHECK-NOT: =
// CHECK: spattn.merge ins(
func.func @buffers(%p: memref<1x2x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>, %l: memref<1x2x8xf32>,
                   %o: memref<1x2x8x4xf32>) {
  spattn.merge ins(%p, %p : memref<1x2x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>,
                            memref<1x2x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>)
    lses(%l, %l : memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%o : memref<1x2x8x4xf32>)
  return
}

// CHECK-LABEL: @backward
// CHECK: %[[R:.*]]:4 = spattn.merge_backward ins(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xf32>)
// CHECK-SAME: {{ }}lses(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?xf32>, tensor<?x8x?xf32>)
// CHECK-SAME: dout(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) dlse(%{{[^:,]*}} : tensor<?x8x?xf32>)
// CHECK-SAME: outs(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>)
// CHECK-SAME: dlses(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?xf32>, tensor<?x8x?xf32>)
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2, %[[R]]#3
func.func @backward(%p: !b, %q: !f, %l: !l, %m: !l, %do: !b, %dl: !l, %dp: !f, %dq: !f, %dlp: !l, %dlq: !l)
    -> (!f, !f, !l, !l) {
  %r:4 = spattn.merge_backward ins(%p, %q : !b, !f) lses(%l, %m : !l, !l) dout(%do : !b) dlse(%dl : !l)
    outs(%dp, %dq : !f, !f) dlses(%dlp, %dlq : !l, !l)
  return %r#0, %r#1, %r#2, %r#3 : !f, !f, !l, !l
}

// CHECK-LABEL: @backward_of_output
// CHECK: spattn.merge_backward ins(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) lses(%{{[^:,]*}} : tensor<?x8x?xf32>)
// CHECK-SAME: dout(%{{[^:,]*}} : tensor<?x8x?x64xf32>) outs(
func.func @backward_of_output(%p: !b, %l: !l, %do: !f, %dp: !b, %dl: !l) -> (!b, !l) {
  %r:2 = spattn.merge_backward ins(%p : !b) lses(%l : !l) dout(%do : !f) outs(%dp : !b) dlses(%dl : !l)
  return %r#0, %r#1 : !b, !l
}
