// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_80" | FileCheck %s

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>

// The region gets scores to the base e, and the numbers of queries and keys, as i32, which f32
// holds exactly: lengths are limited. What it makes of them are logits to the base 2.
// CHECK-LABEL: llvm.func @f(
// CHECK-SAME: <<queryLength + keyLength>, 16777216>
// CHECK: %[[R:.*]] = spattn_gpu.positions %{{.*}} : !spattn_gpu.rows
// CHECK: %[[C:.*]] = spattn_gpu.positions %{{.*}} : !spattn_gpu.columns
// CHECK: spattn_gpu.map(%{{.*}}, %[[R]], %[[C]]) {
// CHECK: ^bb0(%[[X:.*]]: f32, %[[I:.*]]: f32, %[[J:.*]]: f32):
// CHECK: %[[Q:.*]] = arith.fptosi %[[I]] : f32 to i32
// CHECK: %[[K:.*]] = arith.fptosi %[[J]] : f32 to i32
// CHECK: %[[D:.*]] = arith.subi %[[Q]], %[[K]] : i32
// CHECK: %[[F:.*]] = arith.sitofp %[[D]] : i32 to f32
// CHECK: %[[P:.*]] = arith.mulf %[[X]], %[[F]] : f32
// CHECK: arith.mulf %[[P]], %{{.*}} : f32
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %d = arith.subi %query, %key : i32
    %f = arith.sitofp %d : i32 to f32
    %x = arith.mulf %score, %f : f32
    spattn.yield %x : f32
  }
  return %r : !t
}
