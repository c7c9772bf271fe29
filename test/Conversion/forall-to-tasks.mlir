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

func.func @two(%b: memref<?x?xf32>, %n: index, %x: f32) {
  // expected-error @+1 {{expected a normalized loop over one index without results}}
  scf.forall (%i, %j) in (%n, %n) {
    memref.store %x, %b[%i, %j] : memref<?x?xf32>
  }
  return
}
