// Keys that cannot be split, where it is asked for; unasked they stay together.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=split-keys=4 -verify-diagnostics
// RUN: sed /expected-error/d %s | spattn-opt -convert-spattn-to-spattn-gpu="expected-length=32768 expected-queries=1" | FileCheck %s
// RUN: sed /expected-error/d %s | spattn-opt -convert-spattn-to-spattn-gpu=split-keys=1 | FileCheck %s
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=split-keys=129 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=split-keys=-1 2>&1 | FileCheck %s --check-prefix=RANGE

// RANGE: error: expected 'split-keys' to be from 0 to 128, got {{129|-1}}

// CHECK: llvm.func @lists(
// CHECK-NOT: llvm.func
!q = tensor<?x8x?x64xbf16>
!k = tensor<?x8x?x64xbf16>
!counts = tensor<1x8x?xi32>
!indices = tensor<1x8x?x8xi32>
func.func @lists(%q: !q, %k: !k, %c: !counts, %i: !indices, %o: !q) -> !q {
  // expected-error @+1 {{expected an attention without 'tile_lists' for 'split-keys' above 1, got 4}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k)
    tile_counts(%c : !counts) tile_indices(%i : !indices) outs(%o : !q)
    {tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>}
  return %r : !q
}
