// RUN: spattn-opt %s -spattn-bufferize -split-input-file | FileCheck %s

!t = tensor<1x2x?x16xf32>

// The returned tensor is the destination: no result, no copy.
// CHECK-LABEL: func.func @destination(
// CHECK-SAME: %[[Q:.*]]: memref<1x2x?x16xf32, strided<[?, ?, ?, 1], offset: ?>>, %[[O:.*]]: memref<1x2x?x16xf32, strided<[?, ?, ?, 1], offset: ?>>) {
// CHECK-NEXT: spattn.attention structure(#spattn.causal) ins(%[[Q]], %[[Q]], %[[Q]] : {{.*}}) outs(%[[O]] :
// CHECK-NEXT: return
func.func @destination(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// New tensors are buffers that the caller gets.
// CHECK-LABEL: func.func @allocated
// CHECK-DAG: %[[O:.*]] = memref.alloc() {{.*}} : memref<1x2x8x16xf32>
// CHECK-DAG: %[[L:.*]] = memref.alloc() {{.*}} : memref<1x2x8xf32>
// CHECK: spattn.attention {{.*}} outs(%[[O]], %[[L]] : memref<1x2x8x16xf32>, memref<1x2x8xf32>)
// CHECK-DAG: %[[RO:.*]] = memref.cast %[[O]] : memref<1x2x8x16xf32> to memref<1x2x8x16xf32, strided<[?, ?, ?, 1], offset: ?>>
// CHECK-DAG: %[[RL:.*]] = memref.cast %[[L]]
// CHECK: return %[[RO]], %[[RL]]
func.func @allocated(%q: !t) -> (!t, !l) {
  %o = tensor.empty() : !t
  %l = tensor.empty() : !l
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o, %l : !t, !l)
  return %r#0, %r#1 : !t, !l
}

// -----

!t = tensor<1x2x8x16xf32>

// An input that is used as a destination, and read later, is copied.
// CHECK-LABEL: func.func @conflict
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: spattn.attention {{.*}} outs(%[[COPY]]
// CHECK: spattn.attention
func.func @conflict(%q: !t) -> (!t, !t) {
  %0 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t)
  %1 = spattn.attention structure(#spattn.full) ins(%q, %q, %q : !t, !t, !t) outs(%0 : !t)
  return %0, %1 : !t, !t
}

// -----

!t = tensor<1x2x8x16xf32>

// Callers take the argument for the result that went.
// CHECK-LABEL: func.func private @callee
// CHECK-LABEL: func.func @caller(
// CHECK-SAME: %[[Q:.*]]: memref{{.*}}, %[[O:.*]]: memref
// CHECK: call @callee(%[[Q]], %[[O]]) : {{.*}} -> ()
// CHECK-NEXT: return
func.func private @callee(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
func.func @caller(%q: !t, %o: !t) -> !t {
  %r = func.call @callee(%q, %o) : (!t, !t) -> !t
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>
!l = tensor<1x2x8xf32>

// Gradients: the destination that is an argument is written in place.
// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[Q:[^:]*]]: memref{{.*}}, %[[L:[^:]*]]: memref{{.*}}, %[[DQ:[^:]*]]: memref
// CHECK-DAG: %[[DK:.*]] = memref.alloc
// CHECK: spattn.attention_backward {{.*}} ins(%[[Q]], %[[Q]], %[[Q]], %[[Q]], %[[L]], %[[Q]] : memref
// CHECK-SAME: outs(%[[DQ]], %{{.*}}, %{{.*}} : memref
func.func @backward(%q: !t, %l: !l, %dq: !t) -> (!t, !t, !t) {
  %dk = tensor.empty() : !t
  %dv = tensor.empty() : !t
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// -----

!t = tensor<1x2x8x16xf32>

// A function that asks is told where its results are: a caller that returns what
// its callee wrote to an argument, too.
// CHECK-LABEL: func.func @told(
// CHECK-SAME: attributes {spattn.result_arguments = array<i64: -1, 1, 0>}
// CHECK-NOT: -> (
// CHECK: call @told_callee(%{{.*}}, %{{.*}}) : {{.*}} -> ()
func.func @told(%q: !t, %o: !t) -> (!t, !t, !t) attributes {spattn.result_arguments} {
  %e = tensor.empty() : !t
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%e : !t)
  %s = func.call @told_callee(%q, %o) : (!t, !t) -> !t
  return %r, %s, %q : !t, !t, !t
}
func.func private @told_callee(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// -----

// CHECK-LABEL: func.func @unranked(
// CHECK-SAME: memref<*xf32>
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// A loop yields a copy of a constant, never the constant: it may be written.
// CHECK-LABEL: func.func @constant(
// CHECK: %[[C:.*]] = memref.get_global
// CHECK: scf.for
// CHECK: %[[COPY:.*]] = memref.alloc
// CHECK: memref.copy %[[C]], %[[COPY]]
func.func @constant(%a: tensor<4xf32>, %n: index, %f: f32) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = scf.for %i = %c0 to %n step %c1 iter_args(%b = %a) -> (tensor<4xf32>) {
    %c = arith.constant dense<0.5> : tensor<4xf32>
    scf.yield %c : tensor<4xf32>
  }
  %r = tensor.insert %f into %x[%c0] : tensor<4xf32>
  return %r : tensor<4xf32>
}
