// Rows of several heads, one beside the other: row r is that of query r / 8 and of
// head r mod 8.

// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_80 | FileCheck %s

// CHECK-LABEL: @rows
// CHECK-SAME: %[[P:.*]]: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: f32)
// CHECK: %[[STRIDE:.*]] = arith.index_cast
// CHECK-NEXT: %[[APART:.*]] = arith.index_cast
// CHECK: scf.if
// CHECK-NEXT: %[[ROW:.*]] = arith.index_cast %{{.*}} : index to i32
// CHECK-DAG: %[[THREE:.*]] = arith.constant 3 : i32
// CHECK-DAG: %[[SEVEN:.*]] = arith.constant 7 : i32
// CHECK: %[[QUERY:.*]] = arith.shrui %[[ROW]], %[[THREE]] : i32
// CHECK: %[[Q:.*]] = arith.index_cast %[[QUERY]]
// CHECK: %[[HEAD:.*]] = arith.andi %[[ROW]], %[[SEVEN]] : i32
// CHECK: %[[H:.*]] = arith.index_cast %[[HEAD]]
// CHECK: %[[TO_HEAD:.*]] = arith.muli %[[H]], %[[APART]]
// CHECK: %[[TO_QUERY:.*]] = arith.muli %[[Q]], %[[STRIDE]]
// CHECK: %[[AT:.*]] = arith.addi %[[TO_QUERY]], %[[TO_HEAD]]
// CHECK: %[[AT64:.*]] = arith.index_cast %[[AT]]
// CHECK: %[[ADDRESS:.*]] = llvm.getelementptr %[[P]][%[[AT64]]]
// CHECK: llvm.load %[[ADDRESS]] : !llvm.ptr -> f32
llvm.func @rows(%p: !llvm.ptr, %stride: i64, %apart: i64, %rows: i64, %x: f32) {
  %n = arith.index_cast %stride : i64 to index
  %h = arith.index_cast %apart : i64 to index
  %r = arith.index_cast %rows : i64 to index
  %v = spattn_gpu.load_rows %p stride %n heads 8 apart %h rows %r else %x
  spattn_gpu.store_rows %v to %p stride %n heads 8 apart %h rows %r
  llvm.return
}

// Numbers of queries, and their distances from keys: a shift of each row's number.
// CHECK-LABEL: @numbers
// CHECK-SAME: %[[FIRST:[a-z0-9]+]]: i32)
// CHECK: %[[N:.*]] = arith.addi %[[FIRST]], %{{.*}} : i32
// CHECK-NEXT: arith.sitofp %[[N]]
// CHECK: %[[M:.*]] = arith.addi %[[FIRST]], %{{.*}} : i32
// CHECK-NEXT: arith.sitofp %[[M]]
llvm.func @numbers(%p: !llvm.ptr, %stride: i64, %first: i32) {
  %n = arith.index_cast %stride : i64 to index
  %q = spattn_gpu.positions %first heads 8 : !spattn_gpu.rows
  %d = spattn_gpu.distances %first heads 8 : !spattn_gpu.acc<64x16xf32>
  %m = spattn_gpu.reduce max %d, %q : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store_rows %m to %p stride %n rows %n
  llvm.return
}
