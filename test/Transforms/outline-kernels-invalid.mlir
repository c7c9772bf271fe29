// RUN: spattn-opt %s -spattn-outline-kernels -verify-diagnostics -split-input-file
// RUN: not spattn-opt %s -spattn-outline-kernels=opt-level=7 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not spattn-opt %s --pass-pipeline='builtin.module(func.func(spattn-outline-kernels))' 2>&1 | FileCheck %s --check-prefix=NEST

// OPTION: error: expected 'opt' from 0 to 3, got 7
// NEST: error: 'spattn.attention' op is in no symbol table that could hold its kernels; run this pass on a module, with the dialects around attention registered

!m = memref<1x2x?x64xbf16>
func.func @both(%q: !m, %k: !m) {
  // expected-error@+1 {{has a destination that is another operand, too; a kernel for a GPU writes while it reads}}
  spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !m, !m, !m) outs(%q : !m)
  return
}
