// RUN: spattn-opt %s -convert-spattn-cpu-to-vector -verify-diagnostics
// RUN: not spattn-opt %s -convert-spattn-cpu-to-vector=vector-width=12 2>&1 | FileCheck %s --check-prefix=WIDTH
// RUN: not spattn-opt %s -convert-spattn-cpu-to-vector=register-rows=17 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not spattn-opt %s -convert-spattn-cpu-to-vector=register-vectors=9 2>&1 | FileCheck %s --check-prefix=VECTORS
// RUN: not spattn-opt %s -convert-spattn-cpu-to-vector=vector-size=8 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// WIDTH: error: expected 'vector-width' to be 0, or a power of two up to 64, got 12
// ROWS: error: expected 'register-rows' to be from 0 to 16, got 17
// VECTORS: error: expected 'register-vectors' to be from 0 to 8, got 9
// UNKNOWN: no such option vector-size

func.func @masked(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                  %m: memref<16xf32>, %s: memref<4x16xf32>, %table: memref<16xi1>) {
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m) mask {
    ^bb0(%i: index, %j: index):
      // expected-error @+1 {{cannot be vectorized in a mask region: expected an elementwise operation, or a load}}
      %d = memref.dim %table, %i : memref<16xi1>
      %p = arith.cmpi sge, %d, %j : index
      spattn_cpu.yield %p
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

func.func @scored(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                  %m: memref<16xf32>, %s: memref<4x16xf32>, %table: memref<16xf32>) {
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m) score {
    ^bb0(%x: f32, %i: index, %j: index):
      // expected-error @+1 {{cannot be vectorized in a score region: expected an elementwise operation, or a load}}
      %d = memref.dim %table, %i : memref<16xf32>
      %l = arith.index_cast %d : index to i32
      %f = arith.sitofp %l : i32 to f32
      spattn_cpu.yield_score %f
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}
