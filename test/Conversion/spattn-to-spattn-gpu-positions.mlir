// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="deterministic=true" | FileCheck %s --check-prefix=DETERMINISTIC
// RUN: sed -e "s/causal_positions, //" %s | spattn-opt -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefix=SELF
// RUN: sed -e "s/, self_score = -1.0e3 : f32//" %s | spattn-opt -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefix=CAUSAL

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>
!p = tensor<?x4x?xi32>

// Positions are read from the caller's arrays, as bits: those of queries for rows, those
// of keys for columns. Scores are base-2 logits then, for each of the key tiles.
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: <"qpos", i32, [b = batch, h = 4, n = queryLength], alignment = 4>
// CHECK-SAME: <"kpos", i32, [b = batch, h = 4, n = keyLength], alignment = 4>
// CHECK: spattn_gpu.load_rows
// CHECK: spattn_gpu.load_columns {{.*}} : !spattn_gpu.columns<128>
// CHECK: spattn_gpu.mma
// CHECK: arith.mulf
// CHECK: spattn_gpu.map(%{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK: %[[ROW:.*]] = arith.bitcast %{{.*}} : f32 to i32
// CHECK: %[[COLUMN:.*]] = arith.bitcast %{{.*}} : f32 to i32
// CHECK: arith.cmpi eq, %[[ROW]], %[[COLUMN]] : i32
// CHECK: arith.constant -1442.69507 : f32
// CHECK: arith.cmpi sge
// CHECK: spattn_gpu.mask
// CHECK-COUNT-2: spattn_gpu.load_columns
// SELF-LABEL: llvm.func @forward(
// SELF-NOT: arith.cmpi sge
// SELF: arith.cmpi eq, %{{.*}}, %{{.*}} : i32
// SELF-LABEL: llvm.func @backward
// CAUSAL-LABEL: llvm.func @forward(
// CAUSAL: arith.cmpi sge
func.func @forward(%q: !t, %p: !p, %o: !t, %l: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
    query_positions(%p : !p) key_positions(%p : !p) outs(%o, %l : !t, !l) {causal_positions, self_score = -1.0e3 : f32}
  return %r#0, %r#1 : !t, !l
}

// Of gradients, rows are keys. Nothing is the gradient of a score of equal positions.
// CHECK: llvm.func @backward(
// CHECK: spattn_gpu.load_columns
// CHECK: arith.cmpi sle
// CHECK: math.exp2
// CHECK: spattn_gpu.load_columns
// CHECK: arith.cmpi eq
// CHECK: arith.select
// CAUSAL: llvm.func @backward(
// CAUSAL: arith.cmpi sle
// DETERMINISTIC: llvm.func @backward_queries(
// DETERMINISTIC: arith.cmpi sge
// DETERMINISTIC: llvm.func @backward(
// DETERMINISTIC: arith.cmpi sle
func.func @backward(%q: !t, %l: !l, %p: !p, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) query_positions(%p : !p) key_positions(%p : !p)
    outs(%dq, %dk, %dv : !t, !t, !t) {causal_positions, self_score = -1.0e3 : f32}
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
