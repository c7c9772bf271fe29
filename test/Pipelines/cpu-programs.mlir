// RUN: spattn-opt %s -spattn-cpu -split-input-file | FileCheck %s --implicit-check-not=unrealized_conversion_cast --implicit-check-not=bufferization.
// RUN: spattn-opt %s -spattn-cpu=parallel=false -split-input-file | FileCheck %s --implicit-check-not=spattn_parallel_for

// A loop around attention, whose own loop is one of a task.
// CHECK-DAG: llvm.func @loop(
// CHECK-DAG: llvm.func {{.*}}@loop_task_0(
// CHECK-DAG: llvm.func {{.*}}@loop_task_0_task_0(
!m = memref<4x1x2x8x8xf32>
!s = memref<1x2x8x8xf32, strided<[128, 64, 8, 1], offset: ?>>
func.func @loop(%q: !m, %o: !m) {
  scf.forall (%b) in (4) {
    %x = memref.subview %q[%b, 0, 0, 0, 0] [1, 1, 2, 8, 8] [1, 1, 1, 1, 1] : !m to !s
    %y = memref.subview %o[%b, 0, 0, 0, 0] [1, 1, 2, 8, 8] [1, 1, 1, 1, 1] : !m to !s
    spattn.attention structure(#spattn.causal) ins(%x, %x, %x : !s, !s, !s) outs(%y : !s)
  }
  return
}

// -----

// A slice of a destination is copied for the caller.
// CHECK: llvm.func @slice(
!t = tensor<1x1x8x8xf32>
!row = tensor<1x1x1x8xf32>
func.func @slice(%q: !t, %o: !t) -> !row {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  %s = tensor.extract_slice %r[0, 0, 7, 0] [1, 1, 1, 8] [1, 1, 1, 1] : !t to !row
  return %s : !row
}

// -----

// The strides of a buffer type are kept.
// CHECK: llvm.func @strides(
!m = memref<4x8xf32>
!s = memref<1x8xf32, strided<[8, 1], offset: 8>>
func.func @strides(%m: !m) -> !s {
  %s = memref.subview %m[1, 0] [1, 8] [1, 1] : !m to !s
  return %s : !s
}

// -----

// CHECK: llvm.func @unranked(
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// CHECK: module @inner
// CHECK: llvm.func @nested(
module @inner {
  func.func @nested(%q: tensor<1x1x8x8xf32>, %o: tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32> {
    %r = spattn.attention structure(#spattn.causal)
        ins(%q, %q, %q : tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>) outs(%o : tensor<1x1x8x8xf32>)
    return %r : tensor<1x1x8x8xf32>
  }
}

// -----

// A scope around control flow.
// CHECK: llvm.func @scope(
// CHECK: llvm.intr.stacksave
// CHECK: llvm.intr.stackrestore
func.func @scope(%c: i1, %x: f32, %m: memref<4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
  memref.alloca_scope {
    %a = memref.alloca() : memref<4xf32>
    scf.if %c {
      memref.store %x, %a[%c0] : memref<4xf32>
    }
    %y = memref.load %a[%c0] : memref<4xf32>
    memref.store %y, %m[%c0] : memref<4xf32>
  }
  memref.store %x, %m[%i] : memref<4xf32>
  }
  return
}
