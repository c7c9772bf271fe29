// RUN: spattn-opt %s -convert-spattn-to-loops -split-input-file | FileCheck %s

!t = memref<2x8x?x64xf32>
!l = memref<2x8x?xf32>

// Two passes: tasks that own queries and sum over keys, and tasks that own keys
// and sum over queries. Full tiles have no mask, masked ones do.
// CHECK-LABEL: @causal
// CHECK: scf.forall
// CHECK:   memref.alloca_scope
// CHECK:     spattn_cpu.clear
// CHECK:     scf.if
// CHECK-COUNT-2: spattn_cpu.load_query
// CHECK:       spattn_cpu.load_statistics
// CHECK:       scf.for
// CHECK-NOT:     mask
// CHECK:         spattn_cpu.query_gradient_step
// CHECK:       scf.for
// CHECK:         spattn_cpu.query_gradient_step {{.*}} mask {
// CHECK:           spattn_cpu.yield
// CHECK:     spattn_cpu.store {{.*}} into %{{.*}} : memref<64x64xf32>, memref<?x64xf32, strided<[64, 1], offset: ?>>
// CHECK-NOT: spattn_cpu.store
// CHECK: scf.forall
// CHECK:   memref.alloca_scope
// CHECK-COUNT-2: spattn_cpu.clear
// CHECK:     scf.if
// CHECK-COUNT-2: spattn_cpu.load_query
// CHECK:       scf.for
// CHECK-NOT:     mask
// CHECK:         spattn_cpu.load_statistics
// CHECK:         spattn_cpu.key_gradient_step
// CHECK:       scf.for
// CHECK:         spattn_cpu.key_gradient_step {{.*}} mask {
// CHECK:           spattn_cpu.yield
// CHECK-COUNT-2: spattn_cpu.store
// CHECK-NOT: spattn.attention_backward
func.func @causal(%q: !t, %l: !l, %d: !t) {
  spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d, %d, %d : !t, !t, !t)
  return
}

// -----

!t = memref<1x4x?x16xbf16>
!l = memref<1x4x?xf32>

// Everything is allowed: only tiles that stick out are masked. Half precision
// goes through f32 scratch, and sums are rounded once.
// CHECK-LABEL: @full
// CHECK: spattn_cpu.query_gradient_step {{.*}} : memref<16x16xf32>, memref<16x16xf32>, memref<32x16xf32>, memref<32x16xf32>
// CHECK: spattn_cpu.store %{{.*}} scale(%{{.*}}) into %{{.*}} : memref<16x16xf32>, memref<?x16xbf16
// CHECK-COUNT-2: spattn_cpu.stage
// CHECK: spattn_cpu.key_gradient_step {{.*}} : memref<16x32xf32>, memref<16x32xf32>, memref<16x16xf32>, memref<16x16xf32>
func.func @full(%q: !t, %l: !l) {
  spattn.attention_backward structure(#spattn.full)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %q, %q : !t, !t, !t)
    {tile_shape = #spattn.tile_shape<query_tile = 16, key_tile = 32>}
  return
}

// -----

!q = memref<1x8x?x16xf32>
!k = memref<1x2x?x16xf32>
!l = memref<1x8x?xf32>

// The task of a key head loops over the query heads of its group, for the cost
// and for the work.
// CHECK-LABEL: @grouped
// CHECK: scf.forall
// CHECK: spattn_cpu.store
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%{{.*}} = %{{.*}}) -> (index)
// CHECK: scf.forall
// CHECK:   scf.for %{{.*}} iter_args
// CHECK:   scf.if
// CHECK:     scf.for
// CHECK:       scf.for
// CHECK:         spattn_cpu.key_gradient_step
// CHECK-COUNT-2: spattn_cpu.store
func.func @grouped(%q: !q, %k: !k, %l: !l) {
  spattn.attention_backward structure(#spattn.partition<exclusive>)
    ins(%q, %k, %k, %q, %l, %q : !q, !k, !k, !q, !l, !q) outs(%q, %k, %k : !q, !k, !k)
  return
}

// -----

!t = memref<?x?x2x64xf32, strided<[?, ?, ?, ?]>>
!l = memref<?x?x2xf32, strided<[?, ?, ?]>>

// The gradient by the log-sum-exp is read where that is: in both passes, by its
// own strides.
// CHECK-LABEL: @dlse
// CHECK-SAME: %[[L:[^ ]*]]: memref<?x?x2xf32, strided<[?, ?, ?]>>, %[[DL:[^ ]*]]: memref<?x?x2xf32, strided<[?, ?, ?]>>
// CHECK: scf.forall
// CHECK: memref.extract_strided_metadata %[[L]]
// CHECK: %{{.*}}, %{{.*}}, %{{.*}}:3, %[[STRIDES:.*]]:3 = memref.extract_strided_metadata %[[DL]]
// CHECK: arith.muli %{{.*}}, %[[STRIDES]]#0
// CHECK: arith.muli %{{.*}}, %[[STRIDES]]#2
// CHECK: arith.muli %{{.*}}, %[[STRIDES]]#1
// CHECK: %[[ROWS:.*]] = memref.reinterpret_cast %{{.*}} strides: [%[[STRIDES]]#1]
// CHECK: spattn_cpu.load_statistics({{.*}}) dlse(%[[ROWS]] : memref<?xf32, strided<[?], offset: ?>>) into
// CHECK: scf.forall
// CHECK: memref.extract_strided_metadata %[[DL]]
// CHECK: spattn_cpu.load_statistics({{.*}}) dlse(
// CHECK: memref.extract_strided_metadata %[[DL]]
// CHECK: spattn_cpu.load_statistics({{.*}}) dlse(
// CHECK-NOT: spattn_cpu.load_statistics
func.func @dlse(%q: !t, %l: !l, %dl: !l, %d: !t) {
  spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) dlse(%dl : !l) outs(%d, %d, %d : !t, !t, !t)
    {layout = "bnhd"}
  return
}

// -----

!t = memref<?x2x?x64xf32>
!l = memref<?x2x?xf32>
!s = memref<2xf32, strided<[?]>>

// A third pass has a task for each head, which sums over batch elements and query
// tiles. The other passes have no part in it.
// CHECK-LABEL: @sink_logits
// CHECK-SAME: %[[S:[^ ]*]]: memref<2xf32, strided<[?]>>, %{{[^ ]*}}: memref<?x2x?x64xf32>, %[[DS:[^ ]*]]: memref<2xf32, strided<[?]>>
// CHECK-NOT: memref.load %[[S]]
// CHECK: spattn_cpu.query_gradient_step
// CHECK: spattn_cpu.key_gradient_step
// CHECK: scf.forall (%[[HEAD:.*]]) in (%c2{{.*}})
// CHECK: %[[SINK:.*]] = memref.load %[[S]][%[[HEAD]]]
// CHECK: %[[SUM:.*]] = scf.for {{.*}} -> (f32)
// CHECK: %[[TILES:.*]] = scf.for {{.*}} iter_args(%[[BEFORE:.*]] = %{{.*}}) -> (f32)
// CHECK: spattn_cpu.load_statistics({{.*}}) into %{{.*}}, %[[DELTA:.*]] :
// CHECK: %[[OWN:.*]] = spattn_cpu.sink_gradient(%{{.*}}, %[[DELTA]]) sink(%[[SINK]])
// CHECK: arith.addf %[[BEFORE]], %[[OWN]] : f32
// CHECK: %[[GRADIENT:.*]] = arith.negf %[[SUM]] : f32
// CHECK: memref.store %[[GRADIENT]], %[[DS]][%[[HEAD]]]
func.func @sink_logits(%q: !t, %l: !l, %s: !s, %d: !t, %ds: !s) {
  spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) sink_logits(%s : !s) outs(%d, %d, %d, %ds : !t, !t, !t, !s)
  return
}

// -----

!t = memref<?x2x?x64xf32>
!l = memref<?x2x?xf32>

// Gradients take the derivative of the tanh from the score region, too.
// CHECK-LABEL: @soft_cap
// CHECK: spattn_cpu.query_gradient_step {{.*}} score {
// CHECK: %[[T:.*]] = math.tanh %{{.*}} : f32
// CHECK: %[[SCORE:.*]] = arith.mulf %[[T]], %{{.*}} : f32
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[T]], %[[T]] : f32
// CHECK: %[[DERIVATIVE:.*]] = arith.subf %{{.*}}, %[[SQUARE]] : f32
// CHECK: spattn_cpu.yield_score %[[SCORE]], %[[DERIVATIVE]]
// CHECK: spattn_cpu.key_gradient_step {{.*}} score {
// CHECK: spattn_cpu.yield_score %{{.*}}, %{{.*}}
func.func @soft_cap(%q: !t, %l: !l, %c: f32, %d: !t) {
  spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) soft_cap(%c) outs(%d, %d, %d : !t, !t, !t)
  return
}
