// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_80" | FileCheck %s --check-prefix=SM80
// RUN: sed -e '/^func.func @biases/,$d' %s | spattn-opt -convert-spattn-to-spattn-gpu="deterministic=true" | FileCheck %s --check-prefix=DETERMINISTIC

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>
!s = tensor<4xf32>

// The cap is an argument, and must be positive. The softmax is of capped scores.
// CHECK-LABEL: llvm.func @cap(
// CHECK-SAME: positive = ["soft_cap"]
// CHECK-SAME: f32 "soft_cap"
// CHECK-NOT: spattn_gpu.distances
// CHECK: %[[T:.*]] = spattn_gpu.map
// CHECK: math.tanh
// CHECK: spattn_gpu.map(%[[T]])
// CHECK: spattn_gpu.mask
// SM80-LABEL: llvm.func @cap(
// SM80: math.tanh
func.func @cap(%q: !t, %c: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) soft_cap(%c) outs(%o : !t)
  return %r : !t
}

// A constant one is not an argument of the function, but of the kernel all the same.
// CHECK-LABEL: llvm.func @constant(
// CHECK-SAME: soft_cap = "50"
func.func @constant(%q: !t, %o: !t) -> !t {
  %c = arith.constant 50.0 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) soft_cap(%c) outs(%o : !t)
  return %r : !t
}

// A work tile's slope is loaded once, and each element's distance made of one number.
// CHECK-LABEL: llvm.func @slopes(
// CHECK-SAME: <"slopes", f32, [h = 4], alignment = 4>
// CHECK-COUNT-1: llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK: spattn_gpu.distances %{{.*}} : !spattn_gpu.acc
// CHECK-NOT: llvm.load
func.func @slopes(%q: !t, %s: !s, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) alibi_slopes(%s : !s) outs(%o : !t)
  return %r : !t
}

// Biases are gathered by distances within range, from the head's first on.
// CHECK-LABEL: llvm.func @bias(
// CHECK-SAME: <"bias", f32, [h = 4, d = 33], alignment = 4>
// CHECK: %[[D:.*]] = spattn_gpu.distances %{{.*}} : !spattn_gpu.acc
// CHECK: %[[E:.*]] = spattn_gpu.map(%[[D]])
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: spattn_gpu.gather %{{.*}}[%[[E]]] : !spattn_gpu.acc
func.func @bias(%q: !t, %b: tensor<4x33xf32>, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t)
    distance_bias(%b : tensor<4x33xf32>) outs(%o : !t)
  return %r : !t
}

// Scores start from 0 rather than from the log-sum-exp. Rows are keys.
// CHECK: llvm.func @gradients(
// CHECK: spattn_gpu.mma %{{.*}} rows %{{.*}}, %{{[^ ]*}} {transposed}
// CHECK: spattn_gpu.read_columns
// CHECK: math.tanh
// CHECK: spattn_gpu.distances %{{.*}} {transposed} : !spattn_gpu.acc
// DETERMINISTIC: llvm.func @gradients_queries(
// DETERMINISTIC: spattn_gpu.distances %{{.*}} : !spattn_gpu.acc
// DETERMINISTIC: llvm.func @gradients(
// DETERMINISTIC: spattn_gpu.distances %{{.*}} {transposed} : !spattn_gpu.acc
func.func @gradients(%q: !t, %l: !l, %s: !s, %c: f32, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) alibi_slopes(%s : !s) soft_cap(%c)
    outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// A scale that may be of any sign is applied before the maximum is taken, and is not checked.
// CHECK-LABEL: llvm.func @negative(
// CHECK-NOT: positive =
// CHECK: spattn_gpu.map(%{{.*}}) {
// CHECK: arith.mulf
// CHECK: spattn_gpu.mask
func.func @negative(%q: !t, %o: !t) -> !t {
  %s = arith.constant -0.125 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t)
  return %r : !t
}
// CHECK-LABEL: llvm.func @any_sign(
// CHECK-NOT: positive =
// CHECK: {{return}}
func.func @any_sign(%q: !t, %s: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t) {signed_scale}
  return %r : !t
}

// The query kernel adds up what slopes and biases get: a number for each row, and biases of pairs
// that are not far apart by atomics. A kernel behind it adds up rows.
// CHECK-LABEL: llvm.func @biases_queries(
// CHECK-SAME: <"dslope_rows", bytes = <{{[^>]*}}>, alignment = 256, zeroed = true>
// CHECK-SAME: <"dbias_sums", bytes = <528>, alignment = 256, zeroed = true>
// CHECK: spattn_gpu.reduce add
// CHECK: spattn_gpu.scatter_add %{{.*}} to %{{.*}}[%{{.*}}]
// CHECK: spattn_gpu.store_rows
// CHECK-LABEL: llvm.func @biases_biases(
// CHECK: llvm.func @biases(
// CHECK-NOT: postprocess
func.func @biases(%q: !t, %l: !l, %s: !s, %b: tensor<4x33xf32>, %dq: !t, %dk: !t, %dv: !t, %ds: !s, %db: tensor<4x33xf32>)
    -> (!t, !t, !t, !s, tensor<4x33xf32>) {
  %r:5 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) alibi_slopes(%s : !s)
      distance_bias(%b : tensor<4x33xf32>) outs(%dq, %dk, %dv : !t, !t, !t)
      dalibi_slopes(%ds : !s) ddistance_bias(%db : tensor<4x33xf32>)
  return %r#0, %r#1, %r#2, %r#3, %r#4 : !t, !t, !t, !s, tensor<4x33xf32>
}
