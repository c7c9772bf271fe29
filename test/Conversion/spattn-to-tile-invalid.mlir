// RUN: spattn-opt %s -convert-spattn-to-tile -split-input-file -verify-diagnostics
// RUN: not spattn-opt %s -convert-spattn-to-tile=key-tile=100 -split-input-file 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not spattn-opt %s -convert-spattn-to-tile=stages=0 -split-input-file 2>&1 | FileCheck %s --check-prefix=STAGES

// RUN: not spattn-opt %s -convert-spattn-to-tile=consumers=3 -split-input-file 2>&1 | FileCheck %s --check-prefix=CONSUMERS
// CONSUMERS: error: expected 'consumers' and 'blocks' to be 1 or 2, got 3 and 1

// RUN: not spattn-opt %s -convert-spattn-to-tile=load-warps=2 -split-input-file 2>&1 | FileCheck %s --check-prefix=WARPS
// WARPS: error: expected 'load-warps' to be 1 or 4, got 2

// RUN: not spattn-opt %s -convert-spattn-to-tile='overlap=false take-turns' -split-input-file 2>&1 | FileCheck %s --check-prefix=TURNS
// TURNS: error: expected 'take-turns' with 'overlap' only

// RUN: not spattn-opt %S/spattn-to-tile.mlir -convert-spattn-to-tile=shared-memory=101376 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: error: 'spattn.attention' op needs 196704 bytes of shared memory, more than the 101376 there are

// TILE: error: expected 'key-tile' to be a multiple of 16 from 16 to 256, got 100
// STAGES: error: expected 'stages' and 'query-stages' from 1 to 8, got 0 and 2

// expected-error @+1 {{expected one attention in the function of a kernel, got 0}}
func.func @none() {
  return
}

// -----

!t = tensor<1x1x?x64xf32>
func.func @element(%q: !t) -> !t {
  // expected-error @+1 {{expected elements of type f16 or bf16 for a kernel on a GPU, got 'f32'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t)
  return %r : !t
}

// -----

!t = tensor<1x1x?x80xf16>
func.func @head_dim(%q: !t) -> !t {
  // expected-error @+1 {{expected a head dimension of 64 or 128 for a kernel on a GPU, got 80}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t)
  return %r : !t
}
