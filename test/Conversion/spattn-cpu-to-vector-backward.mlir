// RUN: spattn-opt %s -convert-spattn-cpu-to-vector="vector-width=8 register-rows=2 register-vectors=2" | FileCheck %s

// Probabilities of a query without keys are 0: what is subtracted is inf.
// CHECK-LABEL: @statistics
// CHECK: %[[LSE:.*]] = memref.load %{{.*}}[%{{.*}}] : memref<?xf32>
// CHECK: %[[NONE:.*]] = arith.cmpf oeq, %[[LSE]], %{{.*}} : f32
// CHECK: %[[SCALED:.*]] = arith.mulf %[[LSE]], %{{.*}} : f32
// CHECK: arith.select %[[NONE]], %{{.*}}, %[[SCALED]] : f32
// CHECK: %[[DELTA:.*]] = scf.for
// CHECK-NOT: arith.subf
// CHECK: memref.store %[[DELTA]]
func.func @statistics(%o: memref<?x8xf32>, %l: memref<?xf32>, %s: memref<16xf32>) {
  spattn_cpu.load_statistics(%o, %o, %l) into %s, %s
    : memref<?x8xf32>, memref<?x8xf32>, memref<?xf32>, memref<16xf32>, memref<16xf32>
  return
}

// Rows without a logit add nothing to the gradient by the sink logit.
// CHECK-LABEL: @sink_gradient
// CHECK-SAME: %[[L:[^ ]*]]: memref<?xf32>, %[[D:[^ ]*]]: memref<16xf32>, %[[SINK:[^ ]*]]: f32
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[BEFORE:.*]] = %{{.*}}) -> (f32)
// CHECK: %[[LSE:.*]] = memref.load %[[L]]
// CHECK: %[[DELTA:.*]] = memref.load %[[D]]
// CHECK: arith.subf %[[SINK]], %[[LSE]] : f32
// CHECK: %[[TERM:.*]] = arith.mulf %{{.*}}, %[[DELTA]] : f32
// CHECK: %[[NONE:.*]] = arith.cmpf oeq, %[[LSE]], %{{.*}} : f32
// CHECK: %[[OWN:.*]] = arith.select %[[NONE]], %{{.*}}, %[[TERM]] : f32
// CHECK: %[[AFTER:.*]] = arith.addf %[[BEFORE]], %[[OWN]] : f32
// CHECK: scf.yield %[[AFTER]] : f32
// CHECK: return %[[SUM]]
func.func @sink_gradient(%l: memref<?xf32>, %d: memref<16xf32>, %sink: f32) -> f32 {
  %sum = spattn_cpu.sink_gradient(%l, %d) sink(%sink) : memref<?xf32>, memref<16xf32>
  return %sum : f32
}

// The gradient by the log-sum-exp is subtracted, but not where the query has no
// keys.
// CHECK-LABEL: @statistics_dlse
// CHECK: %[[LSE:.*]] = memref.load %{{.*}}[%[[ROW:.*]]] : memref<?xf32>
// CHECK: %[[NONE:.*]] = arith.cmpf oeq, %[[LSE]], %{{.*}} : f32
// CHECK: %[[PRODUCT:.*]] = scf.for
// CHECK: %[[DLSE:.*]] = memref.load %{{.*}}[%[[ROW]]] : memref<?xf32, strided<[?]>>
// CHECK: %[[LESS:.*]] = arith.subf %[[PRODUCT]], %[[DLSE]] : f32
// CHECK: %[[DELTA:.*]] = arith.select %[[NONE]], %[[PRODUCT]], %[[LESS]] : f32
// CHECK: memref.store %[[DELTA]]
func.func @statistics_dlse(%o: memref<?x8xf32>, %l: memref<?xf32>, %dl: memref<?xf32, strided<[?]>>,
                           %s: memref<16xf32>) {
  spattn_cpu.load_statistics(%o, %o, %l) dlse(%dl : memref<?xf32, strided<[?]>>) into %s, %s
    : memref<?x8xf32>, memref<?x8xf32>, memref<?xf32>, memref<16xf32>, memref<16xf32>
  return
}

// CHECK-LABEL: @store
// CHECK: arith.mulf {{.*}} : vector<8xf32>
// CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xbf16>
func.func @store(%a: memref<4x8xf32>, %s: f32, %o: memref<?x8xbf16>) {
  spattn_cpu.clear %a : memref<4x8xf32>
  spattn_cpu.store %a scale(%s) into %o : memref<4x8xf32>, memref<?x8xbf16>
  return
}

// Three products; the statistics of queries, which are columns here, are
// vectors. Without a mask region no position is compared. exp2 allows for
// positive differences.
// CHECK-LABEL: @queries
// CHECK-COUNT-2: vector.fma
// CHECK: %[[SHIFT:.*]] = vector.load %{{.*}}[%{{.*}}] : memref<16xf32>, vector<8xf32>
// CHECK: %[[X:.*]] = arith.subf %{{.*}}, %[[SHIFT]] : vector<8xf32>
// CHECK: arith.cmpf olt, %[[X]]
// CHECK: arith.cmpf ogt
// CHECK-NOT: vector<8xindex>
// CHECK: vector.fma
func.func @queries(%q: memref<4x16xf32>, %k: memref<8x4xf32>, %s: memref<16xf32>, %dq: memref<16x4xf32>,
                   %p: memref<8x16xf32>) {
  spattn_cpu.query_gradient_step ins(%q, %q, %k, %k) statistics(%s, %s) acc(%dq) scratch(%p, %p)
    : memref<4x16xf32>, memref<4x16xf32>, memref<8x4xf32>, memref<8x4xf32>, memref<16xf32>, memref<16xf32>,
      memref<16x4xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}

// Four products; keys are columns, and the mask takes them as a vector. What is
// not allowed is 0, whatever its statistics are.
// CHECK-LABEL: @keys
// CHECK: vector.broadcast %{{.*}} : f32 to vector<8xf32>
// CHECK: %[[ALLOWED:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : vector<8xindex>
// CHECK: arith.select %[[ALLOWED]], %{{.*}}, %{{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: arith.select %[[ALLOWED]], %{{.*}}, %{{.*}} : vector<8xi1>, vector<8xf32>
// Rows that are not finite are multiplied pair by pair, the others in blocks.
// CHECK: vector.reduction <add>
// CHECK: %[[FINITE:.*]] = arith.cmpf oeq
// CHECK: scf.if %[[FINITE]]
// CHECK: else
// CHECK: %[[PAIR:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : index
// CHECK: scf.if %[[PAIR]]
// CHECK: vector.reduction <add>
func.func @keys(%k: memref<4x16xf32>, %q: memref<?x4xf32>, %s: memref<8xf32>, %dk: memref<16x4xf32>,
                %p: memref<8x16xf32>) {
  spattn_cpu.key_gradient_step ins(%k, %k, %q, %q) statistics(%s, %s) acc(%dk, %dk) scratch(%p, %p) mask {
    ^bb0(%m: index, %n: index):
      %t = arith.cmpi sge, %m, %n : index
      spattn_cpu.yield %t
    }
    : memref<4x16xf32>, memref<4x16xf32>, memref<?x4xf32>, memref<?x4xf32>, memref<8xf32>, memref<8xf32>,
      memref<16x4xf32>, memref<16x4xf32>, memref<8x16xf32>, memref<8x16xf32>
  return
}
