// RUN: spattn-opt %s -split-input-file -verify-diagnostics

func.func @dynamic_out(%s: memref<?x8xf32>, %f: f32, %o: memref<8x?xf32>) {
  // expected-error @+1 {{expected 'out' to have a static, non-empty shape, got 'memref<8x?xf32>'}}
  spattn.load_query %s scale(%f) into %o : memref<?x8xf32>, memref<8x?xf32>
  return
}

// -----

func.func @too_many_queries(%s: memref<17x8xf32>, %f: f32, %o: memref<8x16xf32>) {
  // expected-error @+1 {{expected between 1 and 16 rows of 'source', got 'memref<17x8xf32>'}}
  spattn.load_query %s scale(%f) into %o : memref<17x8xf32>, memref<8x16xf32>
  return
}

// -----

func.func @transposed(%s: memref<?x8xf32>, %f: f32, %o: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'source' to be 4, got 'memref<?x8xf32>'}}
  spattn.load_query %s scale(%f) into %o : memref<?x8xf32>, memref<4x16xf32>
  return
}

// -----

func.func @stage_rows(%s: memref<5x8xf16>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{expected at most 4 rows of 'source', got 'memref<5x8xf16>'}}
  spattn.stage %s into %o : memref<5x8xf16>, memref<4x8xf32>
  return
}

// -----

func.func @init(%a: memref<16x8xf32>, %m: memref<8xf32>, %s: memref<16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'max' to be 16, got 'memref<8xf32>'}}
  spattn.online_init(%a, %m, %s) : memref<16x8xf32>, memref<8xf32>, memref<16xf32>
  return
}

// -----

func.func @finish(%a: memref<16x8xf32>, %m: memref<16xf32>, %o: memref<17x8xf32>) {
  // expected-error @+1 {{expected at most 16 rows of 'out', got 'memref<17x8xf32>'}}
  spattn.online_finish(%a, %m, %m) into %o : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<17x8xf32>
  return
}

// -----

func.func @finish_width(%a: memref<16x8xf32>, %m: memref<16xf32>, %o: memref<16x9xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'out' to be 8, got 'memref<16x9xf32>'}}
  spattn.online_finish(%a, %m, %m) into %o : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<16x9xf32>
  return
}

// -----

func.func @step_keys(%q: memref<8x16xf32>, %k: memref<5x8xf32>, %a: memref<16x8xf32>,
                     %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'key' to be 4 or dynamic, got 'memref<5x8xf32>'}}
  spattn.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<8x16xf32>, memref<5x8xf32>, memref<5x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_strides(%q: memref<8x16xf32>, %k: memref<4x8xf32, strided<[1, 4]>>, %a: memref<16x8xf32>,
                        %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{expected 'key' to have unit innermost stride, got 'memref<4x8xf32, strided<[1, 4]>>'}}
  spattn.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<8x16xf32>, memref<4x8xf32, strided<[1, 4]>>, memref<4x8xf32, strided<[1, 4]>>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_mask(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                     %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{expected the mask region to have two arguments of type index}}
  spattn.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m) mask {
    ^bb0(%i: index):
      %t = arith.constant true
      spattn.yield %t
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_types(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                     %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{operand #0 must be 2D memref of 32-bit float values, but got 'memref<16xf32>'}}
  spattn.online_step ins(%m, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_count(%q: memref<8x16xf32>) {
  // expected-error @+1 {{custom op 'spattn.online_step' number of operands and types do not match: got 8 operands and 1 types}}
  spattn.online_step ins(%q, %q, %q) state(%q, %q, %q) scratch(%q, %q) : memref<8x16xf32>
  return
}

// -----

func.func @yield(%p: i1) {
  // expected-error @+1 {{'spattn.yield' op expects parent op 'spattn.online_step'}}
  spattn.yield %p
}
