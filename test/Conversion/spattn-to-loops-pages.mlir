// RUN: spattn-opt %s -convert-spattn-to-loops -split-input-file | FileCheck %s

// A tile within a page: its page is looked up, and its rows are where it begins.
// CHECK-LABEL: @within_page
// CHECK-SAME: %[[TABLE:[a-z0-9]*]]: memref<2x3xi32>
// CHECK: scf.for
// CHECK:   arith.remui
// CHECK:   memref.load %[[TABLE]]
// CHECK:   memref.reinterpret_cast
// CHECK-NOT: scf.for
// CHECK:   spattn_cpu.online_step
func.func @within_page(%q: memref<2x4x5x8xf32>, %k: memref<?x2x128x8xf32>, %t: memref<2x3xi32>, %o: memref<2x4x5x8xf32>) {
  spattn.attention structure(#spattn.full) ins(%q, %k, %k : memref<2x4x5x8xf32>, memref<?x2x128x8xf32>, memref<?x2x128x8xf32>)
      page_table(%t : memref<2x3xi32>) outs(%o : memref<2x4x5x8xf32>)
  return
}

// -----

// A tile of whole pages is put together, as far as there are keys.
// CHECK-LABEL: @several_pages
// CHECK-SAME: %[[TABLE:[a-z0-9]*]]: memref<2x9xi32>
// CHECK: %[[KEYS:.*]] = memref.alloca() {{.*}} : memref<64x8xf32>
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     memref.load %[[TABLE]]
// CHECK:     memref.subview %{{.*}}[%{{.*}}, 0] [16, 8] [1, 1]
// CHECK:     spattn_cpu.stage
// CHECK:   scf.for
// CHECK:     memref.load %[[TABLE]]
// CHECK:     spattn_cpu.stage
// CHECK:   spattn_cpu.online_step
func.func @several_pages(%q: memref<2x4x5x8xf32>, %k: memref<?x2x16x8xf32>, %t: memref<2x9xi32>, %o: memref<2x4x5x8xf32>) {
  spattn.attention structure(#spattn.full) ins(%q, %k, %k : memref<2x4x5x8xf32>, memref<?x2x16x8xf32>, memref<?x2x16x8xf32>)
      page_table(%t : memref<2x9xi32>) outs(%o : memref<2x4x5x8xf32>)
  return
}
