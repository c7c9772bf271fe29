// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// The labels are those of docs/Spec.md; invalid.mlir has the rules' other cases.

// C1: layout
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'layout' to be a permutation of "bhnd" (batch, head, length, head dimension), got "bhn"}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) {layout = "bhn"}
  return
}

// -----

// C2: rank of lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8x1xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'lse' of rank 3, got 'tensor<1x2x8x1xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x1xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: rank of a gradient
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'dkey' of rank 4, got 'tensor<2x8x4xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: tensors and buffers
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: memref<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected operands to be all tensors or all buffers, but 'dout' is 'memref<1x2x8x4xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, memref<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C3: same element type
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf16>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query', 'key' and 'value' to have the same element type, but 'query' has 'f32' and 'key' has 'f16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf16>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C4: out
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xbf16>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'out' to have the element type of 'value' or f32, got 'bf16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xbf16>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C5: lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf16>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'lse' to have element type f32, got 'f16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf16>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C17: dout
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf16>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'dout' to have the element type of 'out', 'f32', got 'f16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf16>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C18: dquery
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xbf16>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'dquery' to have the element type of 'value' or f32, got 'bf16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xbf16>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C18: dkey
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xbf16>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'dkey' to have the element type of 'value' or f32, got 'bf16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xbf16>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C18: dvalue
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xbf16>) {
  // expected-error @below {{expected 'dvalue' to have the element type of 'value' or f32, got 'bf16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xbf16>)
  return
}

// -----

// C6: dynamic heads of a gradient
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x?x8x4xf32>) {
  // expected-error @below {{expected a static number of heads of 'dvalue', got 'tensor<1x?x8x4xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x?x8x4xf32>)
  return
}

// -----

// C6: dynamic heads of lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x?x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a static number of heads of 'lse', got 'tensor<1x?x8xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x?x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C6: head dimension of a gradient
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x?xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a static head dimension of 'dquery', got 'tensor<1x2x8x?xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x?xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C7: head dimension
func.func @test(%q: tensor<1x2x8x1025xf32>, %k: tensor<1x2x8x1025xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x1025xf32>, %dk: tensor<1x2x8x1025xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected head dimensions of at most 1024, got 1025}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x1025xf32>, tensor<1x2x8x1025xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x1025xf32>, tensor<1x2x8x1025xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C8: groups
func.func @test(%q: tensor<1x3x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x3x8x4xf32>, %l: tensor<1x3x8xf32>, %do: tensor<1x3x8x4xf32>, %dq: tensor<1x3x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected the number of query heads to be a multiple of the number of key heads, got 3 and 2}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x3x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x3x8x4xf32>, tensor<1x3x8xf32>, tensor<1x3x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x3x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: heads
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x1x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'key' and 'value' to have the same number of heads, got 2 and 1}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x1x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C10: length
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x9x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'out' to have the same length, got 8 and 9}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x9x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C11: lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<2x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'lse' to have the same batch size, got 1 and 2}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<2x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: batch size of dout
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<2x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'dout' to have the same batch size, got 1 and 2}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<2x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: head dimension of dout
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x8xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'value' and 'dout' to have the same head dimension, got 4 and 8}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x8xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: heads of dquery
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x1x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'dquery' to have the same number of heads, got 2 and 1}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x1x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: length of dkey
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x7x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'key' and 'dkey' to have the same length, got 8 and 7}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x7x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: head dimension of dkey
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x8xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'dkey' to have the same head dimension, got 4 and 8}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x8xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: length of dvalue
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x7x4xf32>) {
  // expected-error @below {{expected 'key' and 'dvalue' to have the same length, got 8 and 7}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x7x4xf32>)
  return
}

// -----

// C19: head dimension of dvalue
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x8xf32>) {
  // expected-error @below {{expected 'value' and 'dvalue' to have the same head dimension, got 4 and 8}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x8xf32>)
  return
}

// -----

// C12: length
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x2147483649x4xf32>, %v: tensor<1x2x2147483649x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x2147483649x4xf32>, %dv: tensor<1x2x2147483649x4xf32>) {
  // expected-error @below {{expected a length of at most 2147483648 of 'key', got 2147483649}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x2147483649x4xf32>, tensor<1x2x2147483649x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x2147483649x4xf32>, tensor<1x2x2147483649x4xf32>)
  return
}

// -----

// C13: heads
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a structure for each of the 2 query heads, got 3}}
  %r:3 = spattn.attention_backward structure(#spattn.heads<3 x #spattn.causal>)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C14: structure
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a head structure (#spattn.full, .causal, .window, .sink, .prefix, .keys, .queries, .distances, .partition, .band, .union, .intersection) or #spattn.heads, got 3 : i64}}
  %r:3 = spattn.attention_backward structure(3)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C16: scratch is twice that of the forward step
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a tile shape whose tiles need at most 1048576 elements of scratch, got #spattn.tile_shape<query_tile = 1024, key_tile = 512>, which needs 1073152}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) {tile_shape = #spattn.tile_shape<query_tile = 1024, key_tile = 512>}
  return
}

// -----

// C15: results
func.func @test(%q: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>) {
  // expected-error @below {{expected results of the types of 'outs'}}
  "spattn.attention_backward"(%q, %q, %q, %q, %l, %q, %q, %q, %q) <{structure = #spattn.causal, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0>}> ({})
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>,
       tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> ()
  return
}

// -----

!t = tensor<1x2x8x4xf32>
!l = tensor<1x2x8xf32>
func.func @unranked(%q: !t, %l: !l, %u: tensor<*xf32>) {
  // expected-error @+1 {{'spattn.attention_backward' op expected 'dkey' to be a ranked tensor or a strided memref, got 'tensor<*xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %u, %q : !t, tensor<*xf32>, !t)
  return
}

// -----

// C2: rank of dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'dlse' of rank 3, got 'tensor<1x2x8x4xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: tensors and buffers, dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: memref<1x2x8xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected operands to be all tensors or all buffers, but 'dlse' is 'memref<1x2x8xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : memref<1x2x8xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C5: dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: tensor<1x2x8xbf16>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'dlse' to have element type f32, got 'bf16'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x2x8xbf16>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C6: dynamic heads of dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: tensor<1x?x8xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a static number of heads of 'dlse', got 'tensor<1x?x8xf32>'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x?x8xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: batch size of dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: tensor<2x2x8xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'dlse' to have the same batch size, got 1 and 2}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<2x2x8xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: heads of dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: tensor<1x4x8xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'dlse' to have the same number of heads, got 2 and 4}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x4x8xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: length of dlse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dl: tensor<1x2x9xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'dlse' to have the same length, got 8 and 9}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x2x9xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C19: heads of dsink_logits
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>, %s: tensor<2xf32>, %ds: tensor<3xf32>) {
  // expected-error @below {{expected 'query' and 'dsink_logits' to have the same number of heads, got 2 and 3}}
  %r:4 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : tensor<2xf32>)
    outs(%dq, %dk, %dv, %ds : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<3xf32>)
  return
}

// -----

// C20: sink_logits without their gradient
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>, %s: tensor<2xf32>) {
  // expected-error @below {{has 'sink_logits', but no 'dsink_logits' in 'outs'}}
  %r:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : tensor<2xf32>)
    outs(%dq, %dk, %dv : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// -----

// C20: the gradient of sink_logits without them
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dq: tensor<1x2x8x4xf32>, %dk: tensor<1x2x8x4xf32>, %dv: tensor<1x2x8x4xf32>, %ds: tensor<2xf32>) {
  // expected-error @below {{has 'dsink_logits' in 'outs', but no 'sink_logits'}}
  %r:4 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %k, %v, %o, %l, %do : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%dq, %dk, %dv, %ds : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<2xf32>)
  return
}

// -----

// C31: a gradient by slopes that there are none of
func.func @test(%q: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %s: tensor<2xf32>) {
  // expected-error @below {{has 'dalibi_slopes' in 'outs', but no 'alibi_slopes'}}
  %r:4 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    outs(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) dalibi_slopes(%s : tensor<2xf32>)
  return
}

// -----

// C19: the sizes of a gradient by biases
func.func @test(%q: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %b: tensor<2x5xf32>, %d: tensor<2x6xf32>) {
  // expected-error @below {{expected 'distance_bias' and 'ddistance_bias' to have the same number of distances, got 5 and 6}}
  %r:4 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%b : tensor<2x5xf32>)
    outs(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) ddistance_bias(%d : tensor<2x6xf32>)
  return
}
