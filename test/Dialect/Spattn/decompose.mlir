// RUN: spattn-opt %s -split-input-file -allow-unregistered-dialect -spattn-decompose -verify-diagnostics | FileCheck %s

// The group of heads is in the map of keys and values; operands have any layout.

// CHECK-DAG: #[[$ALL:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[$MASK:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
// CHECK-DAG: #[[$ROWS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-DAG: #[[$QUERY:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d1, d4)>
// CHECK-DAG: #[[$KEY:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d3, d1 floordiv 4, d4)>
// CHECK-DAG: #[[$VALUE:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d4, d1 floordiv 4, d3)>
// CHECK-DAG: #[[$OUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
// CHECK-DAG: #[[$LSE:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>

!q = tensor<?x?x8x16xbf16>
!k = tensor<?x?x2x16xbf16>
!v = tensor<?x?x2x32xbf16>
!o = tensor<?x?x8x32xbf16>
!l = tensor<?x?x8xf32>

// CHECK-LABEL: func.func @grouped
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: {{.*}}, %[[K:[a-z0-9]+]]: {{.*}}, %[[V:[a-z0-9]+]]: {{.*}}, %[[S:[a-z0-9]+]]: f32, %[[O:[a-z0-9]+]]: {{.*}}, %[[L:[a-z0-9]+]]: tensor
func.func @grouped(%q: !q, %k: !k, %v: !v, %s: f32, %o: !o, %l: !l) -> (!o, !l) {
  // The structure has no operands; the window is a comparison of indices.
  // CHECK:      %[[ALLOWED:.*]] = linalg.generic
  // CHECK-SAME:     outs(%{{.*}} : tensor<8x?x?xi1>)
  // CHECK-DAG:    linalg.index 1
  // CHECK-DAG:    linalg.index 2
  // CHECK:        arith.cmpi
  // CHECK:        linalg.yield %{{.*}} : i1
  // CHECK:      %[[SCORES:.*]] = linalg.generic {indexing_maps = [#[[$QUERY]], #[[$KEY]], {{.*}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
  // CHECK-SAME:     ins(%[[Q]], %[[K]] :
  // CHECK-COUNT-2: arith.extf
  // CHECK:      %[[LOGITS:.*]] = linalg.generic {indexing_maps = [#[[$MASK]], #[[$ALL]], #[[$ALL]]]
  // CHECK-SAME:     ins(%[[ALLOWED]], %[[SCORES]] :
  // CHECK:        arith.mulf %{{.*}}, %[[S]] : f32
  // CHECK:        arith.select
  // CHECK:      %[[MAX:.*]] = linalg.generic {indexing_maps = [#[[$ALL]], #[[$ROWS]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%[[LOGITS]]
  // CHECK:        arith.maximumf
  // CHECK:      %[[WEIGHTS:.*]] = linalg.generic {{.*}} ins(%[[LOGITS]], %[[MAX]]
  // CHECK:        math.exp
  // CHECK:      %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[WEIGHTS]]
  // CHECK:        arith.addf
  // CHECK:      %[[PRODUCTS:.*]] = linalg.generic {indexing_maps = [{{.*}}, {{.*}}, #[[$VALUE]], {{.*}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
  // CHECK-SAME:     ins(%[[ALLOWED]], %[[WEIGHTS]], %[[V]] :
  // CHECK:      %[[RESULT:.*]] = linalg.generic {indexing_maps = [#[[$ALL]], #[[$ROWS]], #[[$OUT]]]
  // CHECK-SAME:     ins(%[[PRODUCTS]], %[[SUM]] : {{.*}}) outs(%[[O]] :
  // CHECK:        arith.truncf
  // CHECK:      %[[LOG:.*]] = linalg.generic {indexing_maps = [{{.*}}, {{.*}}, #[[$LSE]]]
  // CHECK-SAME:     ins(%[[MAX]], %[[SUM]] : {{.*}}) outs(%[[L]] :
  // CHECK:        math.log
  // CHECK:      return %[[RESULT]], %[[LOG]]
  %r, %lse = spattn.attention structure(#spattn.window<left = 7, right = 0>)
      ins(%q, %k, %v : !q, !k, !v) scale(%s) outs(%o, %l : !o, !l) {layout = "bnhd"}
  return %r, %lse : !o, !l
}

// -----

// A sink logit is what the maximum of a row starts with, and its weight what the
// sum does.

!t = tensor<1x2x8x4xf32>
!l = tensor<1x2x8xf32>
// CHECK-DAG: #[[$HEAD:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-LABEL: func.func @sink_logits
// CHECK-SAME:    %[[S:[a-z0-9]+]]: tensor<2xf32>
// CHECK:       %[[FIRST:.*]] = linalg.generic {indexing_maps = [#[[$HEAD]], {{.*}}]{{.*}} ins(%[[S]] :
// CHECK:       %[[MAX:.*]] = linalg.generic {{.*}} outs(%[[FIRST]] :
// CHECK:         arith.maximumf
// CHECK:       %[[WEIGHT:.*]] = linalg.generic {indexing_maps = [#[[$HEAD]], {{.*}}]{{.*}} ins(%[[S]], %[[MAX]] :
// CHECK:         math.exp
// CHECK:       linalg.generic {{.*}} outs(%[[WEIGHT]] :
// CHECK:         arith.addf
func.func @sink_logits(%t: !t, %s: tensor<2xf32>, %l: !l) -> (!t, !l) {
  %r, %lse = spattn.attention structure(#spattn.causal)
      ins(%t, %t, %t : !t, !t, !t) sink_logits(%s : tensor<2xf32>) outs(%t, %l : !t, !l)
  return %r, %lse : !t, !l
}

// -----

// Scaled scores are capped, and then biased by distance.

!t = tensor<1x2x?x4xf32>
// CHECK-LABEL: func.func @scores
// CHECK-SAME:    %[[S:[a-z0-9]+]]: tensor<2xf32>, %[[B:[a-z0-9]+]]: tensor<2x9xf32>, %[[C:[a-z0-9]+]]: f32
// CHECK:         %[[RATIO:.*]] = arith.divf %{{.*}}, %[[C]] : f32
// CHECK:         %[[TANH:.*]] = math.tanh %[[RATIO]] : f32
// CHECK:         %[[CAPPED:.*]] = arith.mulf %[[TANH]], %[[C]] : f32
// CHECK:         tensor.extract %[[S]][%{{.*}}] : tensor<2xf32>
// CHECK:         math.absi
// CHECK:         %[[BIASED:.*]] = arith.subf %[[CAPPED]], %{{.*}} : f32
// CHECK:         %[[BIAS:.*]] = tensor.extract %[[B]][%{{.*}}, %{{.*}}] : tensor<2x9xf32>
// CHECK:         %[[SUM:.*]] = arith.addf %[[BIASED]], %[[BIAS]] : f32
// CHECK:         arith.select %{{.*}}, %[[SUM]]
func.func @scores(%t: !t, %s: tensor<2xf32>, %b: tensor<2x9xf32>, %c: f32) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%t, %t, %t : !t, !t, !t)
      alibi_slopes(%s : tensor<2xf32>) distance_bias(%b : tensor<2x9xf32>) soft_cap(%c) outs(%t : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x4xf32>
func.func @no_cap(%t: !t) -> !t {
  %c = arith.constant 0.0 : f32
  // expected-error @+1 {{expected a positive, finite soft_cap, got 0}}
  %r = spattn.attention structure(#spattn.full) ins(%t, %t, %t : !t, !t, !t) soft_cap(%c) outs(%t : !t)
  return %r : !t
}

// -----

// What it does not know stays.

!b = memref<1x2x8x4xf32>
!t = tensor<1x2x8x4xf32>
// CHECK-LABEL: func.func @others
// CHECK:         spattn.attention structure(#spattn.full)
// CHECK:         "other.op"
// CHECK-NOT:     spattn.attention
func.func @others(%b: !b, %t: !t) -> !t {
  spattn.attention structure(#spattn.full) ins(%b, %b, %b : !b, !b, !b) outs(%b : !b)
  %x = "other.op"(%t) : (!t) -> !t
  %r = spattn.attention structure(#spattn.causal) ins(%x, %t, %t : !t, !t, !t) outs(%t : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x4xf32>
func.func @infinite(%t: !t) -> !t {
  %s = arith.constant 0x7F800000 : f32
  // expected-error @+1 {{expected a finite scale}}
  %r = spattn.attention structure(#spattn.full) ins(%t, %t, %t : !t, !t, !t) scale(%s) outs(%t : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x4xf32>
func.func @sequences(%t: !t, %e: tensor<1x1xi32>) -> !t {
  // expected-error @+1 {{has 'key_ends', but no 'linalg' operation computes with 'key_ends' yet}}
  %r = spattn.attention structure(#spattn.full) ins(%t, %t, %t : !t, !t, !t) key_ends(%e : tensor<1x1xi32>) outs(%t : !t)
  return %r : !t
}
