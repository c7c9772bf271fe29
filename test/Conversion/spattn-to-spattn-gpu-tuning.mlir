// Numbers of the tuning table, and others in their place.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefixes=CHECK,TABLE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu="tuning={empty-rows=2 fewKeys=0}" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNKNOWN
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="tuning={empty-rows=2 scarce-producer-registers=24 scarce-registers=240 few-keys-wide=100 claim-keys=100 heads-together=4}" \
// RUN:   | FileCheck %s --check-prefixes=CHECK,OTHER
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="target=sm_80 shared-memory=232448" | FileCheck %s --check-prefix=SM80

// UNKNOWN: error: expected 'tuning' to replace numbers of the tuning table, got '{{.*}}': {{.*}}no such option fewKeys

// A quarter of the rows sees no key: with the table's numbers work tiles come in
// pairs, and the TMA stores zeros.
// CHECK-LABEL: llvm.func @quarter
// CHECK-SAME: <scratch "counter">
// TABLE: spattn_gpu.clear_tile {{.*}} : !spattn_gpu.shared<128x64xbf16>
// TABLE-NOT: spattn_gpu.store_fill
// TABLE: spattn_gpu.store_tile [[ZEROS:%.*]] to [[MAP:%.*]][{{.*}}] : !spattn_gpu.shared<128x64xbf16>
// TABLE: spattn_gpu.store_tile [[ZEROS]] to [[MAP]][{{.*}}] column 64 : !spattn_gpu.shared<128x64xbf16>
// TABLE: spattn_gpu.store_wait
// OTHER-NOT: spattn_gpu.clear_tile
!t = tensor<1x1x4096x128xbf16>
func.func @quarter(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.distances<1024 to N>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Three warpgroups that compute have 160 registers a thread, and say so.
// CHECK-LABEL: llvm.func @three
// CHECK-SAME: tile = "192x128"
// CHECK-SAME: spattn_gpu.scarce_registers
// TABLE: spattn_gpu.set_max_registers 32, false
// OTHER: spattn_gpu.set_max_registers 24, false
// SM80-LABEL: llvm.func @three
// SM80-NOT: scarce_registers
!n = tensor<1x1x4096x64xbf16>
func.func @three(%q: !n, %o: !n) -> !n {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !n, !n, !n) outs(%o : !n)
  return %r : !n
}

// Queries see 500 keys: their gradients have a kernel of their own by the table.
// TABLE-LABEL: llvm.func @gradients_queries
// TABLE-NOT: llvm.func @gradients_preprocess
// OTHER-LABEL: llvm.func @gradients_preprocess
// OTHER-LABEL: llvm.func @gradients(
// SM80-LABEL: llvm.func @gradients_postprocess
!l = tensor<1x1x4096xf32>
func.func @gradients(%q: !t, %l: !l, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.window<left = 499, right = 0>)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t)
      outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
