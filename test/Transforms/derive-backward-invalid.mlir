// RUN: spattn-opt %s -spattn-derive-backward -split-input-file -verify-diagnostics

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t, %p: i1) -> !t {
  cf.cond_br %p, ^bb1, ^bb1
^bb1:
  // expected-error @below {{'spattn.attention' op is 'differentiated', but not within a function of one block}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t, %p: i1) -> !t {
  %x = scf.if %p -> !t {
    // expected-error @below {{'spattn.attention' op is 'differentiated', but not within a function of one block}}
    %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
    scf.yield %r : !t
  } else {
    scf.yield %o : !t
  }
  return %x : !t
}

// -----

!t = memref<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t) {
  // expected-error @below {{'spattn.attention' op is 'differentiated', but on buffers; run 'spattn-derive-backward' before 'spattn-bufferize'}}
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  return
}

// -----

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t) -> !t {
  %k = tensor.empty() : !t
  // expected-error @below {{'spattn.attention' op is 'differentiated', but its 'key' is not an argument of the function}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t, %x: f32) -> !t {
  %s = arith.addf %x, %x : f32
  // expected-error @below {{'spattn.attention' op is 'differentiated', but its scale is neither an argument of the function nor a constant}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t) {differentiated}
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t) -> !t {
  // expected-error @below {{'spattn.attention' op is 'differentiated', but the function does not return its output}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  return %q : !t
}

// -----

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t) -> !t {
  // expected-error @below {{'spattn.attention' op is 'differentiated', but the function has callers and does not return its log-sum-exp}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  return %r : !t
}
func.func @caller(%q: !t, %o: !t) -> !t {
  %r = call @f(%q, %o) : (!t, !t) -> !t
  return %r : !t
}

// -----

!t = tensor<1x2x8x16xf32>

func.func @f(%q: !t, %o: !t) -> !t {
  // expected-error @below {{'spattn.attention' op is 'differentiated', but there is a symbol 'f_backward' already}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) {differentiated}
  return %r : !t
}
func.func private @f_backward()

// -----

!t = tensor<1x2x8x16xf32>

// The gradients need more scratch than the attention.
func.func @f(%q: !t, %o: !t) -> !t {
  // expected-error @below {{'spattn.attention_backward' op expected a tile shape whose tiles need at most 1048576 elements of scratch}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
      {differentiated, tile_shape = #spattn.tile_shape<query_tile = 1024, key_tile = 900>}
  return %r : !t
}
