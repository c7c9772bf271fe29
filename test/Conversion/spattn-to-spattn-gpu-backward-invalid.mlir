// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu -split-input-file -verify-diagnostics

// RUN: not spattn-opt %S/spattn-to-spattn-gpu-backward.mlir -convert-spattn-to-spattn-gpu=key-tile=96 2>&1 | FileCheck %s --check-prefix=KEYS
// KEYS: error: 'spattn.attention_backward' op expected a 'key-tile' of a multiple of 64 for gradients, got 96

// RUN: not spattn-opt %S/spattn-to-spattn-gpu-backward.mlir -convert-spattn-to-spattn-gpu=shared-memory=166912 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: error: 'spattn.attention_backward' op needs 230752 bytes of shared memory, more than the 166912 there are

// Blocks that share a multiprocessor share its memory.
// RUN: not spattn-opt %S/spattn-to-spattn-gpu-backward.mlir -convert-spattn-to-spattn-gpu=ctas-per-sm=2 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: error: 'spattn.attention_backward' op needs 462528 bytes of shared memory, more than the 232448 there are

// A stage is free only when the next one has been awaited: with one, kernels would wait for ever.
// RUN: not spattn-opt %S/spattn-to-spattn-gpu-backward.mlir -convert-spattn-to-spattn-gpu=query-stages=1 2>&1 | FileCheck %s --check-prefix=STAGES
// RUN: spattn-opt %S/spattn-to-spattn-gpu-backward.mlir -convert-spattn-to-spattn-gpu='target=sm_80 query-stages=1'
// STAGES: error: 'spattn.attention_backward' op needs 2 'query-stages' or more for gradients where MMAs are asynchronous, since a stage of queries is free only when the next has been awaited; got 1

!t = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @element(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected elements of type f16 or bf16 for a kernel on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t)
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!o = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @output_element(%q: !t, %o: !o, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected 'out' to have elements of type 'f16', as 'query' has, for gradients on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %o, %l, %o : !t, !t, !t, !o, !l, !o) outs(%d0, %d1, %d2 : !t, !t, !t)
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xbf16>
!o = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @dquery_element(%q: !t, %o: !o, %l: !l, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected 'dquery' to have elements of type 'bf16', as 'query' has, for gradients on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%o, %d1, %d2 : !o, !t, !t)
  return %r#1 : !t
}

// -----

!t = tensor<1x1x?x64xbf16>
!o = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @dkey_element(%q: !t, %o: !o, %l: !l, %d0: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected 'dkey' to have elements of type 'bf16', as 'query' has, for gradients on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %o, %d2 : !t, !o, !t)
  return %r#2 : !t
}

// -----

!t = tensor<1x1x?x64xbf16>
!o = tensor<1x1x?x64xf32>
!l = tensor<1x1x?xf32>
func.func @dvalue_element(%q: !t, %o: !o, %l: !l, %d0: !t, %d1: !t) -> !t {
  // expected-error @+1 {{expected 'dvalue' to have elements of type 'bf16', as 'query' has, for gradients on a GPU, got 'f32'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %o : !t, !t, !o)
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x84xf16>
!l = tensor<1x1x?xf32>
func.func @head_dim(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected a head dimension that is a multiple of 8 up to 256 for a kernel on a GPU, got 84}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t)
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x264xf16>
!l = tensor<1x1x?xf32>
func.func @wide(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected a head dimension that is a multiple of 8 up to 256 for a kernel on a GPU, got 264}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t)
  return %r#0 : !t
}

// -----

// Each of two warpgroups has one gradient of the same 64 keys.
!t = tensor<1x1x?x64xf16>
!v = tensor<1x1x?x256xf16>
!l = tensor<1x1x?xf32>
func.func @wide_tile_shape(%q: !t, %v: !v, %l: !l, %d0: !t, %d1: !t, %d2: !v) -> !t {
  // expected-error @+1 {{expected a tile shape of 64 queries and 64 keys for gradients of head dimensions above 128 on a GPU whose MMAs are asynchronous, got 64 and 128}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %v, %v, %l, %v : !t, !t, !v, !v, !l, !v) outs(%d0, %d1, %d2 : !t, !t, !v) {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 128>}
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @tile_shape_32_64(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected a tile shape of 64 or 128 queries and 64, 128, 192 or 256 keys for gradients on a GPU, got 32 and 64}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t) {tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 64>}
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @tile_shape_192_64(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected a tile shape of 64 or 128 queries and 64, 128, 192 or 256 keys for gradients on a GPU, got 192 and 64}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t) {tile_shape = #spattn.tile_shape<query_tile = 192, key_tile = 64>}
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @tile_shape_64_96(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected a tile shape of 64 or 128 queries and 64, 128, 192 or 256 keys for gradients on a GPU, got 64 and 96}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t) {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 96>}
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @tile_shape_64_320(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected a tile shape of 64 or 128 queries and 64, 128, 192 or 256 keys for gradients on a GPU, got 64 and 320}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t) {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 320>}
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @warpgroups(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  // expected-error @+1 {{expected the number of warpgroups, one for 64 keys of a tile, to divide that of 64x64 fragments in a tile of queries for gradients on a GPU, got 3 and 2}}
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t) {tile_shape = #spattn.tile_shape<query_tile = 128, key_tile = 192>}
  return %r#0 : !t
}

// -----

!t = tensor<1x1x?x64xf16>
!l = tensor<1x1x?xf32>
func.func @two(%q: !t, %l: !l, %d0: !t, %d1: !t, %d2: !t) -> !t {
  %r:3 = spattn.attention_backward structure(#spattn.causal) ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%d0, %d1, %d2 : !t, !t, !t)
  // expected-error @+1 {{a function for a GPU has one attention or merge; this is its second}}
  %o = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t)
  return %o : !t
}
