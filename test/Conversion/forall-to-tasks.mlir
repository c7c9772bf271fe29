// RUN: spattn-opt %s -convert-spattn-forall-to-tasks -split-input-file -verify-diagnostics | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-forall-to-tasks=sequential=true -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=SEQ

// CHECK: func.func private @spattn_parallel_for(i64, !llvm.ptr, !llvm.ptr)
// CHECK-LABEL: func.func @fill(
// CHECK-SAME: %[[B:.*]]: memref<?xf32>, %[[N:.*]]: index, %[[X:.*]]: f32
// CHECK: %[[CTX:.*]] = llvm.alloca %{{.*}} x !llvm.struct<
// CHECK-COUNT-2: llvm.store
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[N]] : index to i64
// CHECK: %[[F:.*]] = constant @fill_task_0
// CHECK: call @spattn_parallel_for(%[[COUNT]], %{{.*}}, %[[CTX]])
// CHECK-NOT: scf.forall
// CHECK-LABEL: func.func private @fill_task_0(
// CHECK-SAME: %[[C:.*]]: !llvm.ptr, %[[I64:.*]]: i64
// CHECK: %[[TWO:.*]] = arith.constant 2.0
// CHECK-COUNT-2: llvm.load
// CHECK: %[[I:.*]] = arith.index_cast %[[I64]] : i64 to index
// The scope becomes the task's frame.
// CHECK-NOT: alloca_scope
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[I]]]

// SEQ-NOT: spattn_parallel_for
// SEQ-LABEL: func.func @fill(
// SEQ: scf.for
// SEQ: call @fill_task_0
func.func @fill(%b: memref<?xf32>, %n: index, %x: f32) {
  %two = arith.constant 2.0 : f32
  scf.forall (%i) in (%n) {
    memref.alloca_scope {
      %s = memref.alloca() : memref<4xf32>
      %y = arith.mulf %x, %two : f32
      memref.store %y, %b[%i] : memref<?xf32>
    }
  }
  return
}

// -----

// Indices from any start, in any steps, are numbered in one.
// CHECK-LABEL: func.func @two(
// CHECK-SAME: %[[B:.*]]: memref<?x?xf32>, %[[N:.*]]: index
// CHECK: arith.muli
// CHECK: call @spattn_parallel_for(
// CHECK-LABEL: func.func private @two_task_0(
// CHECK: arith.remui
// CHECK: arith.divui
// CHECK: memref.store
func.func @two(%b: memref<?x?xf32>, %n: index, %x: f32) {
  scf.forall (%i, %j) = (1, 0) to (%n, 8) step (2, 1) {
    memref.store %x, %b[%i, %j] : memref<?x?xf32>
  }
  return
}

// -----

// The context of an inner loop is in the frame of the task around it.
// CHECK-LABEL: func.func @nested(
// CHECK: call @spattn_parallel_for(
// CHECK-LABEL: func.func private @nested_task_0(
// CHECK: llvm.alloca
// CHECK: call @spattn_parallel_for(
// CHECK-LABEL: func.func private @nested_task_0_task_0(
// CHECK: memref.store
func.func @nested(%b: memref<?x?xf32>, %n: index, %x: f32) {
  scf.forall (%i) in (%n) {
    scf.forall (%j) in (%i) {
      memref.store %x, %b[%i, %j] : memref<?x?xf32>
    }
  }
  return
}

// -----

func.func @tensors(%t: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected a loop without results, on buffers}}
  %r = scf.forall (%i) in (4) shared_outs(%o = %t) -> tensor<4xf32> {
    %s = tensor.extract_slice %o[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %r : tensor<4xf32>
}
