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
// CHECK: return %[[O]], %[[L]]
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
