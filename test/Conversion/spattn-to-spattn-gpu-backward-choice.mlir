// Gradients of queries have a kernel of their own where queries are known to see few keys.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefixes=CHECK,LONG
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=expected-length=4096 | FileCheck %s --check-prefixes=CHECK,SHORT
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=4096 deterministic=false" | FileCheck %s --check-prefix=FIVE
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="expected-length=4096 target=sm_80" | FileCheck %s --check-prefix=FIVE
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=deterministic=true | FileCheck %s --check-prefix=SEVEN
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=deterministic=perhaps 2>&1 | FileCheck %s --check-prefix=BAD

// Sums are cleared where queries see many keys, or tiles are narrow; else who comes first writes them.
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="deterministic=false" | FileCheck %s --check-prefix=SUMS
// SUMS-LABEL: llvm.func @bands_preprocess(
// SUMS-NOT: spattn_gpu.store_fill
// SUMS: llvm.func @bands(
// SUMS: spattn_gpu.semaphore_arrive
// SUMS-LABEL: llvm.func @wide_preprocess(
// SUMS: spattn_gpu.store_fill
// SUMS: llvm.func @wide(
// SUMS-NOT: overwriting
// SUMS: llvm.return

// BAD: Cannot find option named 'perhaps'

// FIVE-NOT: _queries
// SEVEN: llvm.func @bands_queries(
// SEVEN: llvm.func @wide_queries(
// SEVEN: llvm.func @static_queries(
// SEVEN-NOT: _preprocess
// SEVEN-NOT: spattn_gpu.read_fragment

// 256 keys at 4,096; nothing is said of other lengths.
// LONG: llvm.func @bands_preprocess(
// LONG: llvm.func @bands(
// SHORT: llvm.func @bands_queries(
// SHORT-NOT: @bands_preprocess
!t = tensor<?x16x?x128xbf16>
!l = tensor<?x16x?xf32>
func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %g: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// Causal: 2,048 keys.
// CHECK: llvm.func @wide_preprocess(
// CHECK: llvm.func @wide(
// CHECK: spattn_gpu.read_fragment
func.func @wide(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %g: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// A length of the operation's own.
// CHECK: llvm.func @static_queries(
!s = tensor<2x16x1024x128xbf16>
!m = tensor<2x16x1024xf32>
func.func @static(%q: !s, %k: !s, %v: !s, %o: !s, %l: !m, %g: !s, %dq: !s, %dk: !s, %dv: !s) -> (!s, !s, !s) {
  %r:3 = spattn.attention_backward structure(#spattn.window<left = 511, right = 0>)
      ins(%q, %k, %v, %o, %l, %g : !s, !s, !s, !s, !m, !s) outs(%dq, %dk, %dv : !s, !s, !s)
  return %r#0, %r#1, %r#2 : !s, !s, !s
}
