// RUN: spattn-opt %s -convert-spattn-to-loops | FileCheck %s

!t = memref<?x2x?x64xf32>
!l = memref<?x2x?xf32>

// A region becomes that of a step: it takes scores to the base e, and yields logits to the base 2
// and its derivative, by each operation in turn.
// CHECK-LABEL: @gradients
// CHECK: spattn_cpu.query_gradient_step {{.*}} score {
// CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[T:.*]] = math.tanh %[[X]] : f32
// CHECK: arith.constant 1.000000e+00 : f32
// CHECK: %[[TT:.*]] = arith.mulf %[[T]], %[[T]] : f32
// CHECK: %[[F:.*]] = arith.subf %{{.*}}, %[[TT]] : f32
// CHECK: %[[D:.*]] = arith.mulf %{{.*}}, %[[F]] : f32
// CHECK: %[[L:.*]] = arith.mulf %[[T]], %{{.*}} : f32
// CHECK: %[[R:.*]] = arith.mulf %{{.*}}, %[[D]] : f32
// CHECK: spattn_cpu.yield_score %[[L]], %[[R]]
func.func @gradients(%q: !t, %l: !l, %d: !t) {
  spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d, %d, %d : !t, !t, !t) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %x = math.tanh %score : f32
    spattn.yield %x : f32
  }
  return
}
