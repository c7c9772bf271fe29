// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --emit-bytecode %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --mlir-print-op-generic %s | spattn-opt | FileCheck %s

!b = tensor<?x8x?x64xbf16>
!f = tensor<?x8x?x64xf32>

// CHECK-LABEL: @gather
// CHECK: %[[R:.*]]:2 = spattn.gather_rows ins(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xf32>)
// CHECK-SAME: {{ }}rows(%{{[^:,]*}} : tensor<?x8x?xi32>)
// CHECK-SAME: outs(%{{[^:,]*}}, %{{[^:,]*}} : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xf32>)
// CHECK-SAME: {epsilon = 9.99999997E-7 : f32, unit_rms = array<i1: false, true>}
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @gather(%x: !b, %y: !f, %r: tensor<?x8x?xi32>, %o: !b, %p: !f) -> (!b, !f) {
  %0:2 = spattn.gather_rows ins(%x, %y : !b, !f) rows(%r : tensor<?x8x?xi32>) outs(%o, %p : !b, !f)
    {unit_rms = array<i1: false, true>, epsilon = 1.0e-6 : f32}
  return %0#0, %0#1 : !b, !f
}

// CHECK-LABEL: @buffers
// CHECK-NOT: =
// CHECK: spattn.gather_rows ins({{.*}} {layout = "bnhd"}
func.func @buffers(%x: memref<2x16x8x64xf16, strided<[?, ?, ?, 1], offset: ?>>, %r: memref<2x10x8xi32>,
                   %o: memref<2x10x8x64xf16>) {
  spattn.gather_rows ins(%x : memref<2x16x8x64xf16, strided<[?, ?, ?, 1], offset: ?>>) rows(%r : memref<2x10x8xi32>)
    outs(%o : memref<2x10x8x64xf16>) {layout = "bnhd"}
  return
}

// CHECK-LABEL: @sum
// CHECK: %[[R:.*]] = spattn.sum_rows ins(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) rows(%{{[^:,]*}} : tensor<?x8x?x4xi32>)
// CHECK-SAME: {{ }}unit_rms_of(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) add(%{{[^:,]*}} : tensor<?x8x?x64xf32>)
// CHECK-SAME: outs(%{{[^:,]*}} : tensor<?x8x?x64xf32>){{$}}
// CHECK: return %[[R]]
func.func @sum(%x: !b, %r: tensor<?x8x?x4xi32>, %y: !b, %z: !f, %o: !f) -> !f {
  %0 = spattn.sum_rows ins(%x : !b) rows(%r : tensor<?x8x?x4xi32>) unit_rms_of(%y : !b) add(%z : !f) outs(%o : !f)
  return %0 : !f
}

// CHECK-LABEL: @plain_sum
// CHECK: spattn.sum_rows ins(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) rows(%{{[^:,]*}} : tensor<?x8x?x1xi32>) outs(
func.func @plain_sum(%x: !b, %r: tensor<?x8x?x1xi32>, %o: !b) -> !b {
  %0 = spattn.sum_rows ins(%x : !b) rows(%r : tensor<?x8x?x1xi32>) outs(%o : !b)
  return %0 : !b
}

// CHECK-LABEL: @hash
// CHECK: %[[R:.*]] = spattn.hash_rows ins(%{{[^:,]*}} : tensor<?x8x?x64xbf16>) vectors(%{{[^:,]*}} : tensor<1x4x?x64xbf16>)
// CHECK-SAME: {{ }}outs(%{{[^:,]*}} : tensor<?x8x?x4xi32>){{$}}
// CHECK: return %[[R]]
func.func @hash(%x: !b, %w: tensor<1x4x?x64xbf16>, %o: tensor<?x8x?x4xi32>) -> tensor<?x8x?x4xi32> {
  %0 = spattn.hash_rows ins(%x : !b) vectors(%w : tensor<1x4x?x64xbf16>) outs(%o : tensor<?x8x?x4xi32>)
  return %0 : tensor<?x8x?x4xi32>
}
