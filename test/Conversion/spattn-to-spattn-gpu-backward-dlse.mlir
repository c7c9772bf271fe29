// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=deterministic=true | FileCheck %s --check-prefix=SAME

!t = tensor<?x?x4x64xbf16>
!l = tensor<?x?x4xf32>

// The gradient by the log-sum-exp is a buffer that only the kernel reads that computes -delta.
// CHECK-LABEL: llvm.func @f_preprocess(
// CHECK-SAME: <"do", bf16, [b = batch, n = queryLength, h = 4, d = 64], alignment = 16>, <"dlse", f32, [b = batch, n = queryLength, h = 4], alignment = 4>, <"dq",
// CHECK-SAME: arguments = [<map 0>, <map 1>, <buffer "lse">, <buffer "dlse">, <scratch "lse_start">, <scratch "delta_start">, <scratch "dq_sums">, <scratch "counter">, <scratch "heads_done">, <i32 "batch">, <i32 "queryLength">, <i32 "keyLength">, <i64 "stride:lse:b">, <i64 "stride:lse:h">, <i64 "stride:lse:n">, <i64 "stride:dlse:b">, <i64 "stride:dlse:h">, <i64 "stride:dlse:n">]
// CHECK: spattn_gpu.load_rows {{.*}} else %[[NONE:.*]]
// CHECK: %[[NEGATED:.*]] = spattn_gpu.map
// CHECK: spattn_gpu.store_rows %[[NEGATED]]
// CHECK: spattn_gpu.row_products
// CHECK: %[[DELTA:.*]] = spattn_gpu.quad_reduce add
// CHECK: %[[DLSE:.*]] = spattn_gpu.load_rows
// It does not count where the query has no keys, or where that is unknown.
// CHECK: %[[START:.*]] = spattn_gpu.map(%[[DELTA]], %[[DLSE]], %[[NEGATED]]) {
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %[[Y:.*]]: f32, %[[Z:.*]]: f32):
// CHECK: %[[COUNTS:.*]] = arith.cmpf ogt, %[[Z]], %{{.*}} : f32
// CHECK: %[[OWN:.*]] = arith.select %[[COUNTS]], %[[Y]], %{{.*}} : f32
// CHECK: arith.subf %[[OWN]], %[[X]] : f32
// CHECK: spattn_gpu.store_rows %[[START]]
// CHECK-LABEL: llvm.func @f(
// CHECK-NOT: <buffer "dlse">

// SAME-LABEL: llvm.func @f_queries(
// SAME-SAME: arguments = [{{.*}}<buffer "dq">, <buffer "lse">, <buffer "dlse">, <scratch "lse_start">
// SAME-SAME: <i64 "stride:lse:n">, <i64 "stride:dlse:b">, <i64 "stride:dlse:h">, <i64 "stride:dlse:n">]
// SAME: spattn_gpu.quad_reduce add
// SAME: spattn_gpu.load_rows
// SAME: spattn_gpu.map
// SAME: arith.cmpf ogt
// SAME: spattn_gpu.store_rows
// SAME-LABEL: llvm.func @f(
// SAME-NOT: <buffer "dlse">
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %g: !t, %h: !l, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t) dlse(%h : !l) outs(%dq, %dk, %dv : !t, !t, !t)
      {layout = "bnhd"}
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
