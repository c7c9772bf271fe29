// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu -split-input-file -verify-diagnostics
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=key-tile=100 -split-input-file 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=stages=9 -split-input-file 2>&1 | FileCheck %s --check-prefix=STAGES

// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=mma-warpgroups=5 -split-input-file 2>&1 | FileCheck %s --check-prefix=WARPGROUPS
// WARPGROUPS: error: expected 'mma-warpgroups' to be from 0 to 4, got 5
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=ctas-per-sm=-1 -split-input-file 2>&1 | FileCheck %s --check-prefix=CTAS
// CTAS: error: expected 'ctas-per-sm' to be from 0 to 4, got -1

// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=expected-length=-1 -split-input-file 2>&1 | FileCheck %s --check-prefix=LENGTH
// LENGTH: error: expected 'expected-length' to be from 0 to 1073741823, got -1

// TILE: error: expected 'key-tile' to be 0, or a multiple of 16 from 16 to 256, got 100
// STAGES: error: expected 'stages' to be from 0 to 8, got 9

// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=expected-queries=-1 -split-input-file 2>&1 | FileCheck %s --check-prefix=QUERIES
// QUERIES: error: expected 'expected-queries' to be from 0 to 1073741823, got -1
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=packed-heads=65 -split-input-file 2>&1 | FileCheck %s --check-prefix=HEADS
// HEADS: error: expected 'packed-heads' to be from 0 to 64, got 65

// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_75 -split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: error: expected 'target' to be sm_90a, or sm_80 or later, got 'sm_75'

// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu=shared-memory=-1 -split-input-file 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: expected 'shared-memory' to be 0 or more, got -1

// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu='tuning={claims=1}' -split-input-file 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: expected 'tuning' to replace numbers of the tuning table, got 'claims=1': {{.*}}no such option claims
// RUN: not spattn-opt %s -convert-spattn-to-spattn-gpu='tuning={producer-registers=42 empty-rows=4}' -split-input-file 2>&1 | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: error: expected 'tuning' to replace numbers of the tuning table, got 'producer-registers=42 empty-rows=4': expected 'producer-registers' to be a multiple of 8 from 24 to 240, got 42

// RUN: not spattn-opt %S/spattn-to-spattn-gpu.mlir -convert-spattn-to-spattn-gpu=shared-memory=101376 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: error: 'spattn.attention' op needs 197040 bytes of shared memory, more than the 101376 there are

// Nothing of a function is lost.
!t = tensor<?x2x?x64xbf16>
func.func @after(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  // expected-error @+1 {{'arith.addf' has no kernel for a GPU: functions have one attention or merge, constants and a return}}
  %x = arith.addf %r, %q : !t
  return %x : !t
}

// -----

!t = tensor<?x2x?x64xbf16>
func.func @inside(%q: !t, %o: !t, %c: i1) -> !t {
  // expected-error @+1 {{'scf.if' has no kernel for a GPU}}
  %r = scf.if %c -> !t {
    %a = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
    scf.yield %a : !t
  } else {
    scf.yield %q : !t
  }
  return %r : !t
}

// -----

!t = tensor<?x2x?x64xbf16>
func.func @scale(%q: !t, %o: !t) -> !t {
  %s = arith.constant 0x7F800000 : f32
  // expected-error @+1 {{expected a scale that is positive and finite for a kernel on a GPU, got 0x7F800000 : f32}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x1x?x64xf16>
func.func @modified(%q: !t, %c: f32, %o: !t) -> !t {
  %s = arith.constant 0xFF800000 : f32
  // expected-error @+1 {{expected a scale that is finite for a kernel on a GPU, got 0xFF800000 : f32}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) soft_cap(%c) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x1x?x64xf16>
func.func @soft_cap(%q: !t, %o: !t) -> !t {
  %c = arith.constant -1.0 : f32
  // expected-error @+1 {{expected a soft_cap that is positive and finite for a kernel on a GPU, got -1.000000e+00 : f32}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) soft_cap(%c) outs(%o : !t)
  return %r : !t
}
