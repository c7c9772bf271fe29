// RUN: spattn-opt %s -spattn-derive-backward="of-biases=true" | FileCheck %s

// Gradients by slopes and biases are results where they are asked for, and destinations that of the
// attention says where. The region is that of the attention.

!t = tensor<1x2x8x4xf32>
!s = tensor<2xf32>
!b = tensor<2x5xf32>

// CHECK-LABEL: func.func @f_backward(
// CHECK-SAME: -> (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<2xf32>, tensor<2x5xf32>)
// CHECK: %[[R:.*]]:5 = spattn.attention_backward {{.*}} dalibi_slopes(%{{.*}} : tensor<2xf32>) ddistance_bias(%{{.*}} : tensor<2x5xf32>) score {
// CHECK: math.tanh
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2, %[[R]]#3, %[[R]]#4
func.func @f(%q: !t, %s: !s, %b: !b, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) alibi_slopes(%s : !s)
      distance_bias(%b : !b) outs(%o : !t) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %x = math.tanh %score : f32
    spattn.yield %x : f32
  } {differentiated}
  return %r : !t
}

// CHECK-LABEL: func.func @empty_backward(
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2xf32>
// CHECK: spattn.attention_backward {{.*}} dalibi_slopes(%[[E]] : tensor<2xf32>)
func.func @empty(%q: !t, %s: !s) -> !t {
  %o = tensor.empty() : !t
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) alibi_slopes(%s : !s)
      outs(%o : !t) {differentiated}
  return %r : !t
}
