// RUN: spattn-opt %s -spattn-outline-kernels | FileCheck %s

// The region goes with the attention. Equal ones share a module; others do not.

!t = tensor<1x2x?x64xbf16>

// CHECK-LABEL: func.func @f(
// CHECK: spattn.launch @f_attention ins
// CHECK: spattn.launch @f_attention ins
// CHECK: spattn.launch @f_attention_0 ins
// CHECK: gpu.module @f_attention
// CHECK: spattn.attention {{.*}} score {
// CHECK: gpu.module @f_attention
// CHECK: spattn.attention {{.*}} score {
// CHECK-NOT: gpu.module
func.func @f(%q: !t, %o: !t) -> (!t, !t, !t) {
  %a = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %x = arith.addf %score, %score : f32
    spattn.yield %x : f32
  }
  %b = spattn.attention structure(#spattn.causal) ins(%a, %q, %q : !t, !t, !t) outs(%o : !t) score {
  ^bb0(%s: f32, %i: i32, %j: i32, %h: i32, %e: i32):
    %y = arith.addf %s, %s : f32
    spattn.yield %y : f32
  }
  %c = spattn.attention structure(#spattn.causal) ins(%b, %q, %q : !t, !t, !t) outs(%o : !t) score {
  ^bb0(%s: f32, %i: i32, %j: i32, %h: i32, %e: i32):
    %y = arith.mulf %s, %s : f32
    spattn.yield %y : f32
  }
  return %a, %b, %c : !t, !t, !t
}
