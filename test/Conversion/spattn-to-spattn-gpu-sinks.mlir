// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="deterministic=true" | FileCheck %s --check-prefix=DETERMINISTIC

!t = tensor<?x4x?x64xbf16>
!l = tensor<?x4x?xf32>
!s = tensor<4xf32>

// The epilogue of a work tile loads its head's sink, within the loop over work tiles
// and after it. So does the scheduler, for rows without keys: their log-sum-exp.
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: spattn_gpu.launch = {{.*}}<"sink", f32, [h = 4], alignment = 4>
// CHECK-COUNT-3: llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK-NOT: llvm.load
func.func @forward(%q: !t, %s: !s, %o: !t, %l: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %q, %q : !t, !t, !t)
    sink_logits(%s : !s) outs(%o, %l : !t, !l)
  return %r#0, %r#1 : !t, !l
}

// One more kernel adds up the gradient, after the one that leaves delta in scratch.
// CHECK: llvm.func @backward_preprocess(
// CHECK: llvm.func @backward_sinks(
// CHECK: llvm.func @backward(
// DETERMINISTIC: llvm.func @backward_queries(
// DETERMINISTIC: llvm.func @backward_sinks(
// DETERMINISTIC: llvm.func @backward(
func.func @backward(%q: !t, %l: !l, %s: !s, %dq: !t, %dk: !t, %dv: !t, %ds: !s) -> (!t, !t, !t, !s) {
  %r:4 = spattn.attention_backward structure(#spattn.partition<exclusive>)
    ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) sink_logits(%s : !s)
    outs(%dq, %dk, %dv, %ds : !t, !t, !t, !s)
  return %r#0, %r#1, %r#2, %r#3 : !t, !t, !t, !s
}
