// RUN: spattn-opt %s -convert-spattn-cpu-to-vector="vector-width=8 register-rows=2 register-vectors=2" -split-input-file | FileCheck %s

// Rows past the end repeat the last one.
// CHECK-LABEL: @load_query
// CHECK-SAME: %[[SRC:.*]]: memref<?x8xbf16>, %[[S:.*]]: f32, %[[OUT:.*]]: memref<8x16xf32>
// CHECK: %[[N:.*]] = memref.dim %[[SRC]]
// CHECK: %[[LAST:.*]] = arith.addi %[[N]], %{{.*}}
// CHECK: scf.for %[[M:.*]] =
// CHECK:   %[[ROW:.*]] = arith.minui %[[M]], %[[LAST]]
// CHECK:   scf.for %[[C:.*]] =
// CHECK:     %[[X:.*]] = memref.load %[[SRC]][%[[ROW]], %[[C]]]
// CHECK:     %[[F:.*]] = arith.extf %[[X]] : bf16 to f32
// CHECK:     %[[P:.*]] = arith.mulf %[[F]], %[[S]]
// CHECK:     memref.store %[[P]], %[[OUT]][%[[C]], %[[M]]]
func.func @load_query(%s: memref<?x8xbf16>, %f: f32, %o: memref<8x16xf32>) {
  spattn_cpu.load_query %s scale(%f) into %o : memref<?x8xbf16>, memref<8x16xf32>
  return
}

// -----

// CHECK-LABEL: @stage
// CHECK: vector.load {{.*}} vector<8xf16>
// CHECK: arith.extf {{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: vector.store
// A remainder of 4 columns has a vector of its own.
// CHECK: vector.load {{.*}} vector<4xf16>
func.func @stage(%s: memref<?x12xf16>, %o: memref<4x12xf32>) {
  spattn_cpu.stage %s into %o : memref<?x12xf16>, memref<4x12xf32>
  return
}

// -----

// CHECK-LABEL: @stage_strided
// CHECK-NOT: vector
// CHECK: memref.load
// CHECK: memref.store
func.func @stage_strided(%s: memref<?x12xf32, strided<[1, ?]>>, %o: memref<4x12xf32>) {
  spattn_cpu.stage %s into %o : memref<?x12xf32, strided<[1, ?]>>, memref<4x12xf32>
  return
}

// -----

// CHECK-LABEL: @init
// CHECK-DAG: arith.constant dense<0xFF800000> : vector<8xf32>
// CHECK-DAG: arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK: vector.store
func.func @init(%a: memref<16x8xf32>, %m: memref<16xf32>) {
  spattn_cpu.online_init(%a, %m, %m) : memref<16x8xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

// A sink logit is the first of the softmax, unless it is -inf.
// CHECK-LABEL: @init_sink
// CHECK-SAME: %[[MAX:[^ ]*]]: memref<16xf32>, %[[SUM:[^ ]*]]: memref<16xf32>, %[[SINK:[^ ]*]]: f32
// CHECK: %[[NONE:.*]] = arith.cmpf oeq, %[[SINK]], %{{.*}} : f32
// CHECK: %[[WEIGHT:.*]] = arith.select %[[NONE]], %{{.*}}, %{{.*}} : f32
// CHECK: %[[LOGIT:.*]] = arith.mulf %[[SINK]], %{{.*}} : f32
// CHECK: %[[LOGITS:.*]] = vector.broadcast %[[LOGIT]] : f32 to vector<8xf32>
// CHECK: vector.store %[[LOGITS]], %[[MAX]]
// CHECK: %[[WEIGHTS:.*]] = vector.broadcast %[[WEIGHT]] : f32 to vector<8xf32>
// CHECK: vector.store %[[WEIGHTS]], %[[SUM]]
func.func @init_sink(%a: memref<16x8xf32>, %m: memref<16xf32>, %s: memref<16xf32>, %sink: f32) {
  spattn_cpu.online_init(%a, %m, %s) sink(%sink) : memref<16x8xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

// Accumulators live in registers: 2 rows of 2 vectors.
// CHECK-LABEL: @step
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-4: vector.fma
// CHECK: scf.yield
// Without a mask region there is no integer comparison and no select on one.
// CHECK-NOT: arith.cmpi
// CHECK: return
func.func @step(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                %m: memref<16xf32>, %s: memref<4x16xf32>) {
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

// The mask is evaluated for a vector of rows; what depends on the key alone stays scalar.
// CHECK-LABEL: @masked
// CHECK-SAME: %[[BOUND:[a-z0-9]*]]: index)
// CHECK: %[[ROWS:.*]] = arith.addi %{{.*}}, %{{.*}} : vector<8xindex>
// CHECK: scf.for %[[N:.*]] = {{.*}} iter_args
// CHECK:   %[[KEY:.*]] = arith.addi %[[N]], %[[BOUND]] : index
// CHECK:   %[[KEYS:.*]] = vector.broadcast %[[KEY]] : index to vector<8xindex>
// CHECK:   %[[P:.*]] = arith.cmpi sge, %[[ROWS]], %[[KEYS]] : vector<8xindex>
// CHECK:   arith.select %[[P]], %{{.*}}, %{{.*}} : vector<8xi1>, vector<8xf32>
// Values that are not finite are multiplied pair by pair, the others in blocks.
// CHECK: vector.reduction <add>
// CHECK: %[[FINITE:.*]] = arith.cmpf oeq
// CHECK: scf.if %[[FINITE]]
// CHECK: else
// CHECK: %[[PAIR:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : index
// CHECK: scf.if %[[PAIR]]
func.func @masked(%q: memref<8x16xf32>, %k: memref<?x8xf32>, %a: memref<16x8xf32>,
                  %m: memref<16xf32>, %s: memref<4x16xf32>, %bound: index) {
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m) mask {
    ^bb0(%i: index, %j: index):
      %key = arith.addi %j, %bound : index
      %p = arith.cmpi sge, %i, %key : index
      spattn_cpu.yield %p
    }
    : memref<8x16xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

// An empty row divides by one and is selected away in the log-sum-exp.
// CHECK-LABEL: @finish
// CHECK: %[[E:.*]] = arith.cmpf oeq
// CHECK: %[[D:.*]] = arith.select %[[E]]
// CHECK: arith.divf %{{.*}}, %[[D]]
// CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xbf16>
// CHECK: math.log %[[D]]
// CHECK: arith.select %[[E]]
func.func @finish(%a: memref<16x8xf32>, %m: memref<16xf32>, %o: memref<?x8xbf16>, %l: memref<?xf32>) {
  spattn_cpu.online_finish(%a, %m, %m) into %o, %l
    : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<?x8xbf16>, memref<?xf32>
  return
}

// -----

// A score region is evaluated for a vector of queries, ahead of the mask. What does not depend on
// the query stays scalar, and a tanh becomes arithmetic.
// CHECK-LABEL: @score
// CHECK-SAME: memref<16xf32>, %[[CAP:[^ ]*]]: f32)
// CHECK: %[[X:.*]] = vector.load %{{.*}} : memref<4x16xf32>, vector<8xf32>
// CHECK-NOT: math.tanh
// CHECK: arith.divf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: %[[CAPS:.*]] = vector.broadcast %[[CAP]] : f32 to vector<8xf32>
// CHECK: %[[SCORE:.*]] = arith.mulf %{{.*}}, %[[CAPS]] : vector<8xf32>
// CHECK: %[[ALLOWED:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : vector<8xindex>
// CHECK: %[[MASKED:.*]] = arith.select %[[ALLOWED]], %[[SCORE]], %{{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: vector.store %[[MASKED]]
func.func @score(%qt: memref<8x16xf32>, %k: memref<4x8xf32>, %acc: memref<16x8xf32>,
                 %max: memref<16xf32>, %sum: memref<16xf32>, %scores: memref<4x16xf32>,
                 %c: memref<16xf32>, %cap: f32) {
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) score {
    ^bb0(%x: f32, %m: index, %n: index):
      %t = math.tanh %x : f32
      %l = arith.mulf %t, %cap : f32
      spattn_cpu.yield_score %l
    } mask {
    ^bb0(%m: index, %n: index):
      %p = arith.cmpi sge, %m, %n : index
      spattn_cpu.yield %p
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

// A load in a score region is one for each lane.
// CHECK-LABEL: @gather
// CHECK-SAME: memref<16xf32>, %[[TABLE:[^ ]*]]: memref<?xf32>)
// CHECK-COUNT-8: memref.load %[[TABLE]][%{{.*}}] : memref<?xf32>
// CHECK: %[[LOADED:.*]] = vector.from_elements {{.*}} : vector<8xf32>
// CHECK: arith.addf %{{.*}}, %[[LOADED]] : vector<8xf32>
func.func @gather(%qt: memref<8x16xf32>, %k: memref<4x8xf32>, %acc: memref<16x8xf32>,
                  %max: memref<16xf32>, %sum: memref<16xf32>, %scores: memref<4x16xf32>,
                  %c: memref<16xf32>, %table: memref<?xf32>) {
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) score {
    ^bb0(%x: f32, %m: index, %n: index):
      %d = arith.addi %m, %n : index
      %b = memref.load %table[%d] : memref<?xf32>
      %l = arith.addf %x, %b : f32
      spattn_cpu.yield_score %l
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}
