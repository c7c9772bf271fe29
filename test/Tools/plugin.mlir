// Stock mlir-opt of the same LLVM loads the dialect, the passes and the pipelines.
// REQUIRES: plugin
// RUN: mlir-opt --load-dialect-plugin=%spattn_plugin --load-pass-plugin=%spattn_plugin \
// RUN:   --pass-pipeline='builtin.module(spattn-cpu-loops)' %s | FileCheck %s

// CHECK: spattn_cpu.online_step
!t = tensor<1x2x?x16xf32>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
