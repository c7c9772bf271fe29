// RUN: spattn-opt %s -convert-spattn-to-loops -split-input-file | FileCheck %s

// Full tiles have no mask, masked ones do; empty ones are in no loop.
// CHECK-LABEL: @causal
// CHECK-SAME: %[[Q:.*]]: memref<2x8x?x64xf32>, %[[O:.*]]: memref<2x8x?x64xf32>
// The order of work: a counting sort by cost.
// CHECK: %[[N:.*]] = memref.dim %[[Q]]
// CHECK: %[[ORDER:.*]] = memref.alloc(%{{.*}}) : memref<?xindex>
// CHECK: scf.forall (%[[W:.*]]) in (%{{.*}}) {
// CHECK:   memref.load %[[ORDER]]
// CHECK:   memref.alloca_scope
// CHECK:     spattn_cpu.online_init
// CHECK:     scf.if
// CHECK:       spattn_cpu.load_query
// CHECK:       scf.for
// CHECK-NOT:     mask
// CHECK:         spattn_cpu.online_step ins(%{{.*}}, %{{.*}}, %{{.*}}) state(%{{.*}}, %{{.*}}, %{{.*}}) scratch(%{{.*}}, %{{.*}}) : memref<64x64xf32>, memref<64x64xf32,
// CHECK:       scf.for
// CHECK:         spattn_cpu.online_step {{.*}} mask {
// CHECK:           ^bb0(%{{.*}}: index, %{{.*}}: index):
// CHECK:           arith.cmpi
// CHECK:           spattn_cpu.yield
// CHECK:     spattn_cpu.online_finish
// CHECK: memref.dealloc %[[ORDER]]
// CHECK-NOT: spattn.attention
func.func @causal(%q: memref<2x8x?x64xf32>, %o: memref<2x8x?x64xf32>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<2x8x?x64xf32>, memref<2x8x?x64xf32>, memref<2x8x?x64xf32>)
    outs(%o : memref<2x8x?x64xf32>)
  return
}

// -----

// Two bands, and still one loop over full tiles and one over masked ones.
// CHECK-LABEL: @bands
// CHECK: scf.forall
// CHECK-COUNT-2: spattn_cpu.online_step
// CHECK-NOT: spattn_cpu.online_step
func.func @bands(%q: memref<1x16x?x64xf32>) {
  spattn.attention structure(#spattn.partition<local_band>)
    ins(%q, %q, %q : memref<1x16x?x64xf32>, memref<1x16x?x64xf32>, memref<1x16x?x64xf32>)
    outs(%q : memref<1x16x?x64xf32>)
  return
}

// -----

// Half precision goes through f32 scratch.
// CHECK-LABEL: @staged
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<32x16xf32>
// CHECK-COUNT-4: spattn_cpu.stage %{{.*}} into %{{.*}} : memref<{{.*}}xbf16, {{.*}}>, memref<32x16xf32>
func.func @staged(%q: memref<1x1x?x16xbf16>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<1x1x?x16xbf16>, memref<1x1x?x16xbf16>, memref<1x1x?x16xbf16>)
    outs(%q : memref<1x1x?x16xbf16>) {tile_shape = #spattn.tile_shape<query_tile = 16, key_tile = 32>}
  return
}

// -----

// A group of query heads shares a key head; the log-sum-exp is stored.
// CHECK-LABEL: @grouped
// CHECK-SAME: %[[Q:.*]]: memref<1x8x?x16xf32>, %[[K:.*]]: memref<1x2x?x16xf32>, %[[L:.*]]: memref
// CHECK: memref.alloca_scope
// CHECK: %[[H:.*]] = arith.divui
// CHECK: %[[G:.*]] = arith.divui %[[H]], %{{.*}} : index
// CHECK: memref.extract_strided_metadata %[[K]]
// CHECK: arith.muli %[[G]], %{{.*}}
// CHECK: memref.reinterpret_cast {{.*}} to memref<64x16xf32, strided<[16, 1], offset: ?>>
// CHECK: memref.extract_strided_metadata %[[L]]
// CHECK: arith.muli %[[H]], %{{.*}}
// CHECK: memref.reinterpret_cast {{.*}} to memref<?xf32, strided<[1], offset: ?>>
// CHECK: spattn_cpu.online_finish(%{{.*}}, %{{.*}}, %{{.*}}) into %{{.*}}, %{{.*}} :
func.func @grouped(%q: memref<1x8x?x16xf32>, %k: memref<1x2x?x16xf32>, %l: memref<1x8x?xf32>) {
  spattn.attention structure(#spattn.full)
    ins(%q, %k, %k : memref<1x8x?x16xf32>, memref<1x2x?x16xf32>, memref<1x2x?x16xf32>)
    outs(%q, %l : memref<1x8x?x16xf32>, memref<1x8x?xf32>)
  return
}

// -----

// The scale is folded into the queries, with the change to base 2.
// CHECK-LABEL: @scale
// CHECK-SAME: memref<1x1x?x16xf32>, %[[S:.*]]: f32
// CHECK: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK: %[[F:.*]] = arith.mulf %[[S]], %[[LOG2E]]
// CHECK: spattn_cpu.load_query %{{.*}} scale(%[[F]])
func.func @scale(%q: memref<1x1x?x16xf32>, %s: f32) {
  spattn.attention structure(#spattn.full)
    ins(%q, %q, %q : memref<1x1x?x16xf32>, memref<1x1x?x16xf32>, memref<1x1x?x16xf32>) scale(%s)
    outs(%q : memref<1x1x?x16xf32>)
  return
}

// -----

// The head dimension need not be innermost.
// CHECK-LABEL: @layout
// CHECK: memref.reinterpret_cast {{.*}} to memref<?x16xf32, strided<[1, ?], offset: ?>>
// CHECK: spattn_cpu.load_query %{{.*}} : memref<?x16xf32, strided<[1, ?], offset: ?>>
func.func @layout(%q: memref<1x1x16x?xf32>) {
  spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : memref<1x1x16x?xf32>, memref<1x1x16x?xf32>, memref<1x1x16x?xf32>)
    outs(%q : memref<1x1x16x?xf32>) {layout = "bhdn"}
  return
}

// -----

!t = memref<?x2x?x64xf32>
!s = memref<2xf32, strided<[?]>>

// CHECK-LABEL: @sink_logits
// CHECK-SAME: %[[S:[^ ]*]]: memref<2xf32, strided<[?]>>
// CHECK: scf.forall
// CHECK: %[[SINK:.*]] = memref.load %[[S]][%{{.*}}]
// CHECK: spattn_cpu.online_init({{.*}}) sink(%[[SINK]])
func.func @sink_logits(%q: !t, %s: !s, %o: !t) {
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) sink_logits(%s : !s) outs(%o : !t)
  return
}

// -----

!t = memref<?x2x?x64xf32>
!s = memref<2xf32, strided<[?]>>

// The tile of queries carries the scale, relative to the soft cap. The slope is that of the head,
// in base-2 logits, and the distance is counted from the ends of both sequences.
// CHECK-LABEL: @modifiers
// CHECK-SAME: %[[S:[^ ]*]]: memref<2xf32, strided<[?]>>, %[[C:[^ ]*]]: f32
// CHECK: %[[FACTOR:.*]] = arith.divf %{{.*}}, %[[C]] : f32
// CHECK: %[[CAP:.*]] = arith.mulf %[[C]], %{{.*}} : f32
// CHECK: scf.forall
// CHECK: spattn_cpu.load_query %{{.*}} scale(%[[FACTOR]])
// CHECK: %[[SLOPE:.*]] = memref.load %[[S]][%{{.*}}]
// CHECK: %[[SLOPE2:.*]] = arith.mulf %[[SLOPE]], %{{.*}} : f32
// CHECK: spattn_cpu.online_step {{.*}} score {
// CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK: %[[T:.*]] = math.tanh %[[X]] : f32
// CHECK: %[[CAPPED:.*]] = arith.mulf %[[T]], %[[CAP]] : f32
// CHECK: %[[D:.*]] = math.absi %{{.*}} : i32
// CHECK: %[[F:.*]] = arith.sitofp %[[D]] : i32 to f32
// CHECK: %[[BIAS:.*]] = arith.mulf %[[SLOPE2]], %[[F]] : f32
// CHECK: %[[SCORE:.*]] = arith.subf %[[CAPPED]], %[[BIAS]] : f32
// CHECK: spattn_cpu.yield_score %[[SCORE]]
func.func @modifiers(%q: !t, %s: !s, %c: f32, %o: !t) {
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
    alibi_slopes(%s : !s) soft_cap(%c) outs(%o : !t)
  return
}

// -----

!t = memref<?x64x2x?xf32>
!b = memref<9x2xf32>

// Distances that are farther apart than there are numbers for take the first or the last. The
// dimensions of a bias are in the order of the layout, too.
// CHECK-LABEL: @distance_bias
// CHECK-SAME: %[[B:[^ ]*]]: memref<9x2xf32>
// CHECK: spattn_cpu.online_step {{.*}} score {
// CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK: %[[SHIFTED:.*]] = arith.addi %{{.*}}, %c4{{.*}} : index
// CHECK: %[[FIRST:.*]] = arith.maxsi %[[SHIFTED]], %c0{{.*}} : index
// CHECK: %[[ENTRY:.*]] = arith.minsi %[[FIRST]], %c8{{.*}} : index
// CHECK: %[[BIAS:.*]] = memref.load %[[B]][%[[ENTRY]], %{{.*}}] : memref<9x2xf32>
// CHECK: %[[LOGIT:.*]] = arith.mulf %[[BIAS]], %{{.*}} : f32
// CHECK: %[[SCORE:.*]] = arith.addf %[[X]], %[[LOGIT]] : f32
// CHECK: spattn_cpu.yield_score %[[SCORE]]
func.func @distance_bias(%q: !t, %b: !b, %o: !t) {
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
    distance_bias(%b : !b) outs(%o : !t) {layout = "bdhn"}
  return
}

// -----

!t = memref<?x2x?x64xf32>
!l = memref<?x2x?xf32>
!n = memref<?x?xi32>
!s = memref<2xf32, strided<[?]>>

// The sequence of a tile is found by a search over where sequences start and end, of its batch
// element; what is given is clamped. Rows of operands start behind the sequence's first. Padding has
// no sink logit, and tiles without rows are left out.
// CHECK-LABEL: @sequences
// CHECK-SAME: %[[QS:[^ ]*]]: memref<?x?xi32>, %[[KE:[^ ]*]]: memref<?x?xi32>
// CHECK: scf.forall
// CHECK: scf.while
// CHECK: scf.if
// CHECK: %[[START:.*]] = memref.load %[[QS]][%{{.*}}, %{{.*}}] : memref<?x?xi32>
// CHECK: arith.index_cast %[[START]] : i32 to index
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: memref.load %[[KE]][%{{.*}}, %{{.*}}] : memref<?x?xi32>
// CHECK: scf.if
// CHECK: %[[SINK:.*]] = memref.load %{{.*}}[%{{.*}}] : memref<2xf32, strided<[?]>>
// CHECK: %[[OWN:.*]] = arith.select %{{.*}}, %[[SINK]], %{{.*}} : f32
// CHECK: spattn_cpu.online_init({{.*}}) sink(%[[OWN]])
func.func @sequences(%qs: !n, %ke: !n, %q: !t, %s: !s, %o: !t, %l: !l) {
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) sink_logits(%s : !s)
    query_starts(%qs : !n) key_ends(%ke : !n) outs(%o, %l : !t, !l)
  return
}
