// RUN: spattn-opt %s -spattn-derive-backward -split-input-file | FileCheck %s
// RUN: spattn-opt %s -spattn-derive-backward -split-input-file -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s --check-prefix=NAMES

// Arguments have names for errors and tools.
// NAMES: func.func @f_backward({{.*}} loc("query"({{.*}} loc("key"({{.*}} loc("value"({{.*}} loc("out"({{.*}} loc("lse"({{.*}} loc("dout"({{.*}} loc("scale"({{.*}} loc("dquery"({{.*}} loc("dkey"({{.*}} loc("dvalue"(

!q = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!v = tensor<?x2x?x32xbf16>
!o = tensor<?x8x?x32xf32>

// Destinations that are arguments: so are those of the log-sum-exp and of the
// gradients. The unmarked function stays as it is.
// CHECK-LABEL: func.func @plain(
// CHECK-NOT: @plain_backward
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[Q:.*]]: tensor<?x8x?x64xbf16>, %[[K:.*]]: tensor<?x2x?x64xbf16>, %[[V:.*]]: tensor<?x2x?x32xbf16>, %[[S:.*]]: f32, %[[O:.*]]: tensor<?x8x?x32xf32>, %[[L:.*]]: tensor<?x8x?xf32>) -> (tensor<?x8x?x32xf32>, tensor<?x8x?xf32>) {
// CHECK: %[[R:.*]]:2 = spattn.attention structure(#spattn.partition<exclusive>) ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) scale(%[[S]]) outs(%[[O]], %[[L]] :
// CHECK-SAME: {alignment = #spattn.alignment<start>, test.kept, tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
// CHECK: return %[[R]]#0, %[[R]]#1
// CHECK-LABEL: func.func @f_backward(
// CHECK-SAME: %[[Q:.*]]: tensor<?x8x?x64xbf16>, %[[K:.*]]: tensor<?x2x?x64xbf16>, %[[V:.*]]: tensor<?x2x?x32xbf16>, %[[O:.*]]: tensor<?x8x?x32xf32>, %[[L:.*]]: tensor<?x8x?xf32>, %[[DO:.*]]: tensor<?x8x?x32xf32>, %[[S:.*]]: f32, %[[DQ:.*]]: tensor<?x8x?x64xbf16>, %[[DK:.*]]: tensor<?x2x?x64xbf16>, %[[DV:.*]]: tensor<?x2x?x32xbf16>) -> (tensor<?x8x?x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xbf16>) {
// CHECK-NEXT: %[[G:.*]]:3 = spattn.attention_backward structure(#spattn.partition<exclusive>) ins(%[[Q]], %[[K]], %[[V]], %[[O]], %[[L]], %[[DO]] : {{.*}}) scale(%[[S]]) outs(%[[DQ]], %[[DK]], %[[DV]] :
// CHECK-SAME: {alignment = #spattn.alignment<start>, tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
// CHECK-NEXT: return %[[G]]#0, %[[G]]#1, %[[G]]#2
func.func @plain(%q: !q, %k: !k, %v: !v, %o: !o) -> !o {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !k, !v) outs(%o : !o)
  return %r : !o
}
func.func @f(%q: !q, %k: !k, %v: !v, %s: f32, %o: !o) -> !o {
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %k, %v : !q, !k, !v) scale(%s) outs(%o : !o)
      {differentiated, alignment = #spattn.alignment<start>,
       test.kept, tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
  return %r : !o
}

// -----

!t = tensor<?x?x8x64xf32>

// New tensors: so are the others, with the sizes of what they belong to. A
// constant scale is copied; the function stays private.
// CHECK-LABEL: func.func private @f(
// CHECK-SAME: %[[Q:.*]]: tensor<?x?x8x64xf32>, %{{.*}}: tensor<?x?x8x64xf32>) -> (tensor<?x?x8x64xf32>, tensor<?x?x8xf32>)
// CHECK: tensor.empty
// CHECK: %[[BATCH:.*]] = tensor.dim %[[Q]], %c0
// CHECK: %[[LENGTH:.*]] = tensor.dim %[[Q]], %c1
// CHECK: %[[L:.*]] = tensor.empty(%[[BATCH]], %[[LENGTH]]) : tensor<?x?x8xf32>
// CHECK: spattn.attention {{.*}} outs(%{{.*}}, %[[L]] :
// CHECK-SAME: {layout = "bnhd"}
// CHECK-LABEL: func.func private @f_backward(
// CHECK-SAME: %[[Q:.*]]: tensor<?x?x8x64xf32>, %[[K:.*]]: tensor<?x?x8x64xf32>, %[[V:[^ ]*]]: tensor<?x?x8x64xf32>, %[[O:[^ ]*]]: tensor<?x?x8x64xf32>, %[[L:[^ ]*]]: tensor<?x?x8xf32>, %[[DO:[^ ]*]]: tensor<?x?x8x64xf32>) -> (tensor<?x?x8x64xf32>, tensor<?x?x8x64xf32>, tensor<?x?x8x64xf32>)
// CHECK: %[[S:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: tensor.dim %[[K]]
// CHECK: %[[DK:.*]] = tensor.empty
// CHECK: tensor.dim %[[V]]
// CHECK: spattn.attention_backward {{.*}} scale(%[[S]]) outs(%{{.*}}, %[[DK]], %{{.*}} :
func.func private @f(%q: !t, %k: !t) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : !t
  %n = tensor.dim %q, %c1 : !t
  %o = tensor.empty(%b, %n) : !t
  %s = arith.constant 0.5 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !t, !t, !t) scale(%s) outs(%o : !t)
      {layout = "bnhd", differentiated}
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// A log-sum-exp that is returned changes nothing for callers. A loss may depend
// on it, so there is a gradient by it.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: -> (tensor<1x2x8xf32>, tensor<1x2x8x16xf32>) {
// CHECK: return %{{.*}}#1, %{{.*}}#0
// CHECK-LABEL: func.func @f_backward(
// CHECK-SAME: %{{[^ ]*}}: tensor<1x2x8xf32>, %[[DO:[^ ]*]]: tensor<1x2x8x16xf32>, %[[DL:[^ ]*]]: tensor<1x2x8xf32>, %[[DQ:[^ ]*]]: tensor<1x2x8x16xf32>, %{{[^ ]*}}: tensor<1x2x8x16xf32>, %{{[^ ]*}}: tensor<1x2x8x16xf32>)
// CHECK: spattn.attention_backward {{.*}} ins({{.*}}, %[[DO]] : {{.*}}) dlse(%[[DL]] : tensor<1x2x8xf32>) outs(%[[DQ]],
// CHECK-LABEL: func.func @caller
func.func @f(%q: !t, %o: !t, %l: !l) -> (!l, !t) {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o, %l : !t, !l)
      {differentiated}
  return %r#1, %r#0 : !l, !t
}
func.func @caller(%q: !t, %o: !t, %l: !l) -> (!l, !t) {
  %r:2 = call @f(%q, %o, %l) : (!t, !t, !l) -> (!l, !t)
  return %r#0, %r#1 : !l, !t
}

// -----

!t = tensor<1x2x8x16xf32>

// Several in one function are numbered.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: -> (tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
// CHECK-DAG: func.func @f_backward_0
// CHECK-DAG: func.func @f_backward_1
func.func @f(%q: !t, %o: !t, %p: !t) -> (!t, !t) {
  %0 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  %1 = spattn.attention structure(#spattn.full) ins(%q, %q, %q : !t, !t, !t) outs(%p : !t) {differentiated}
  return %0, %1 : !t, !t
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// One that is used in another way counts, too.
// CHECK-LABEL: func.func @uses(
// CHECK-LABEL: func.func @uses_backward(
// CHECK-SAME: %[[DL:[^ ]*]]: tensor<1x2x8xf32>, %[[S:[^ ]*]]: f32) ->
// CHECK: spattn.attention_backward {{.*}} dlse(%[[DL]] : tensor<1x2x8xf32>) scale(%[[S]])
func.func @uses(%q: !t, %s: f32) -> (!t, !l) {
  %o = tensor.empty() : !t
  %l = tensor.empty() : !l
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o, %l : !t, !l)
      {differentiated}
  %twice = arith.addf %r#1, %r#1 : !l
  return %r#0, %twice : !t, !l
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// One that nothing uses is there for the gradients.
// CHECK-LABEL: func.func @unused(
// CHECK-SAME: -> (tensor<1x2x8x16xf32>, tensor<1x2x8xf32>)
// CHECK-LABEL: func.func @unused_backward(
// CHECK-NOT: dlse
func.func @unused(%q: !t, %o: !t, %l: !l) -> !t {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o, %l : !t, !l)
      {differentiated}
  return %r#0 : !t
}

// -----

!t = tensor<1x2x8x16xf32>
!s = tensor<2xf32>

// The gradient by sink logits is a result, where they are given.
// CHECK-LABEL: func.func @sink_logits(
// CHECK-LABEL: func.func @sink_logits_backward(
// CHECK-SAME: %[[S:[^ ]*]]: tensor<2xf32>, %{{[^ ]*}}: tensor<1x2x8x16xf32>, %{{[^ ]*}}: tensor<1x2x8x16xf32>, %{{[^ ]*}}: tensor<1x2x8x16xf32>, %[[DS:[^ ]*]]: tensor<2xf32>)
// CHECK-SAME: -> (tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<2xf32>)
// CHECK: %[[R:.*]]:4 = spattn.attention_backward {{.*}} sink_logits(%[[S]] : tensor<2xf32>) outs({{.*}}, %[[DS]] :
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2, %[[R]]#3
func.func @sink_logits(%q: !t, %s: !s, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) sink_logits(%s : !s)
      outs(%o : !t) {differentiated}
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>
!s = tensor<2xf32>

// CHECK-LABEL: func.func @empty_backward(
// CHECK: %[[DS:.*]] = tensor.empty() : tensor<2xf32>
// CHECK: spattn.attention_backward {{.*}} outs({{.*}}, %[[DS]] :
func.func @empty(%q: !t, %s: !s) -> !t {
  %o = tensor.empty() : !t
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) sink_logits(%s : !s)
      outs(%o : !t) {differentiated}
  return %r : !t
}

// -----

// What modifies scores is given to the gradients, too, and has none: a soft cap is an argument, or
// a constant.

!t = tensor<1x2x8x4xf32>
!s = tensor<2xf32>

// CHECK-LABEL: func.func @scores_backward(
// CHECK-SAME: %[[S:[a-z0-9]*]]: tensor<2xf32>, %[[C:[a-z0-9]*]]: f32
// CHECK: spattn.attention_backward {{.*}} alibi_slopes(%[[S]] : tensor<2xf32>) soft_cap(%[[C]]) outs(
// CHECK: return %{{.*}}#0, %{{.*}}#1, %{{.*}}#2 :
func.func @scores(%q: !t, %s: !s, %c: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) alibi_slopes(%s : !s)
      soft_cap(%c) outs(%o : !t) {differentiated}
  return %r : !t
}

// CHECK-LABEL: func.func @constant_backward(
// CHECK: %[[C:.*]] = arith.constant 3.000000e+00 : f32
// CHECK: spattn.attention_backward {{.*}} soft_cap(%[[C]]) outs(
func.func @constant(%q: !t, %o: !t) -> !t {
  %c = arith.constant 3.0 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) soft_cap(%c) outs(%o : !t) {differentiated}
  return %r : !t
}
