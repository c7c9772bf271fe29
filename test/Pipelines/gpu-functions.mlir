// Functions without attention stay as they are beside kernels, and what would be
// lost is an error on every path.
// RUN: spattn-opt %s -spattn-gpu | FileCheck %s
// RUN: spattn-translate --spattn-to-ptx %s 2>&1 | FileCheck %s --check-prefix=PTX
// RUN: not spattn-opt -spattn-gpu %S/Inputs/epilogue.mlir 2>&1 | FileCheck %s --check-prefix=LOST
// RUN: not spattn-translate --spattn-to-ptx %S/Inputs/epilogue.mlir 2>&1 | FileCheck %s --check-prefix=LOST

// CHECK: func.func private @external(f32) -> f32
// CHECK: func.func @helper(
// CHECK-NEXT: %[[C:.*]] = arith.constant 1 : index
// CHECK: tensor.insert
// CHECK: llvm.func @f(

// PTX: warning: function 'helper' is not part of the code for a GPU: no kernel uses it
// PTX: .entry f(
// PTX-NOT: helper

// LOST: epilogue.mlir:4:8: error: 'arith.addf' has no kernel for a GPU: functions have one attention or merge, constants and a return

func.func private @external(f32) -> f32
func.func @helper(%x: tensor<4xf32>, %i: index) -> tensor<4xf32> {
  %c = arith.constant 1 : index
  %j = arith.addi %i, %c : index
  %f = arith.constant 1.0 : f32
  %y = tensor.insert %f into %x[%j] : tensor<4xf32>
  return %y : tensor<4xf32>
}
!t = tensor<?x2x?x64xbf16>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
