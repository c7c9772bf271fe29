// RUN: spattn-opt %s -split-input-file -verify-diagnostics

func.func @dynamic_out(%s: memref<?x8xf32>, %f: f32, %o: memref<8x?xf32>) {
  // expected-error @+1 {{expected 'out' to have a static, non-empty shape, got 'memref<8x?xf32>'}}
  spattn_cpu.load_query %s scale(%f) into %o : memref<?x8xf32>, memref<8x?xf32>
  return
}

// -----

func.func @too_many_queries(%s: memref<17x8xf32>, %f: f32, %o: memref<8x16xf32>) {
  // expected-error @+1 {{expected between 1 and 16 rows of 'source', got 'memref<17x8xf32>'}}
  spattn_cpu.load_query %s scale(%f) into %o : memref<17x8xf32>, memref<8x16xf32>
  return
}

// -----

func.func @transposed(%s: memref<?x8xf32>, %f: f32, %o: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'source' to be 4, got 'memref<?x8xf32>'}}
  spattn_cpu.load_query %s scale(%f) into %o : memref<?x8xf32>, memref<4x16xf32>
  return
}

// -----

func.func @stage_rows(%s: memref<5x8xf16>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{expected at most 4 rows of 'source', got 'memref<5x8xf16>'}}
  spattn_cpu.stage %s into %o : memref<5x8xf16>, memref<4x8xf32>
  return
}

// -----

func.func @sink_gradient_rows(%l: memref<17xf32>, %d: memref<16xf32>, %s: f32) -> f32 {
  // expected-error @+1 {{expected at most 16 rows of 'lse', got 'memref<17xf32>'}}
  %r = spattn_cpu.sink_gradient(%l, %d) sink(%s) : memref<17xf32>, memref<16xf32>
  return %r : f32
}

// -----

func.func @sink_gradient_delta(%l: memref<?xf32>, %d: memref<?xf32>, %s: f32) -> f32 {
  // expected-error @+1 {{expected 'delta' to have a static, non-empty shape, got 'memref<?xf32>'}}
  %r = spattn_cpu.sink_gradient(%l, %d) sink(%s) : memref<?xf32>, memref<?xf32>
  return %r : f32
}

// -----

func.func @init(%a: memref<16x8xf32>, %m: memref<8xf32>, %s: memref<16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'max' to be 16, got 'memref<8xf32>'}}
  spattn_cpu.online_init(%a, %m, %s) : memref<16x8xf32>, memref<8xf32>, memref<16xf32>
  return
}

// -----

func.func @finish(%a: memref<16x8xf32>, %m: memref<16xf32>, %o: memref<17x8xf32>) {
  // expected-error @+1 {{expected at most 16 rows of 'out', got 'memref<17x8xf32>'}}
  spattn_cpu.online_finish(%a, %m, %m) into %o : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<17x8xf32>
  return
}

// -----

func.func @finish_width(%a: memref<16x8xf32>, %m: memref<16xf32>, %o: memref<16x9xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'out' to be 8, got 'memref<16x9xf32>'}}
  spattn_cpu.online_finish(%a, %m, %m) into %o : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<16x9xf32>
  return
}

// -----

func.func @step_keys(%q: memref<8x16xf32>, %k: memref<5x8xf32>, %a: memref<16x8xf32>,
                     %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'key' to be 4 or dynamic, got 'memref<5x8xf32>'}}
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<8x16xf32>, memref<5x8xf32>, memref<5x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_strides(%q: memref<8x16xf32>, %k: memref<4x8xf32, strided<[1, 4]>>, %a: memref<16x8xf32>,
                        %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{expected 'key' to have unit innermost stride, got 'memref<4x8xf32, strided<[1, 4]>>'}}
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<8x16xf32>, memref<4x8xf32, strided<[1, 4]>>, memref<4x8xf32, strided<[1, 4]>>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_mask(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                     %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{expected the mask region to have two arguments of type index}}
  spattn_cpu.online_step ins(%q, %k, %k) state(%a, %m, %m) scratch(%s, %m) mask {
    ^bb0(%i: index):
      %t = arith.constant true
      spattn_cpu.yield %t
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_types(%q: memref<8x16xf32>, %k: memref<4x8xf32>, %a: memref<16x8xf32>,
                     %m: memref<16xf32>, %s: memref<4x16xf32>) {
  // expected-error @+1 {{operand #0 must be 2D memref of 32-bit float values, but got 'memref<16xf32>'}}
  spattn_cpu.online_step ins(%m, %k, %k) state(%a, %m, %m) scratch(%s, %m)
    : memref<16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<16xf32>,
      memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @step_count(%q: memref<8x16xf32>) {
  // expected-error @+1 {{custom op 'spattn_cpu.online_step' number of operands and types do not match: got 8 operands and 1 types}}
  spattn_cpu.online_step ins(%q, %q, %q) state(%q, %q, %q) scratch(%q, %q) : memref<8x16xf32>
  return
}

// -----

func.func @yield(%p: i1) {
  // expected-error @+1 {{'spattn_cpu.yield' op expects parent op to be one of 'spattn_cpu.online_step, spattn_cpu.query_gradient_step, spattn_cpu.key_gradient_step'}}
  spattn_cpu.yield %p
}

// -----

func.func @clear_dynamic(%a: memref<?x8xf32>) {
  // expected-error @+1 {{expected 'acc' to have a static, non-empty shape, got 'memref<?x8xf32>'}}
  spattn_cpu.clear %a : memref<?x8xf32>
  return
}

// -----

func.func @store_rows(%a: memref<4x8xf32>, %s: f32, %o: memref<5x8xf32>) {
  // expected-error @+1 {{expected at most 4 rows of 'out', got 'memref<5x8xf32>'}}
  spattn_cpu.store %a scale(%s) into %o : memref<4x8xf32>, memref<5x8xf32>
  return
}

// -----

func.func @store_width(%a: memref<4x8xf32>, %s: f32, %o: memref<4x7xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'out' to be 8, got 'memref<4x7xf32>'}}
  spattn_cpu.store %a scale(%s) into %o : memref<4x8xf32>, memref<4x7xf32>
  return
}

// -----

func.func @statistics_rows(%o: memref<17x8xf32>, %do: memref<4x8xf32>, %l: memref<4xf32>, %s: memref<16xf32>, %d: memref<16xf32>) {
  // expected-error @+1 {{expected between 1 and 16 rows of 'out', got 'memref<17x8xf32>'}}
  spattn_cpu.load_statistics(%o, %do, %l) into %s, %d : memref<17x8xf32>, memref<4x8xf32>, memref<4xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

func.func @statistics_width(%o: memref<4x8xf32>, %do: memref<4x9xf32>, %l: memref<4xf32>, %s: memref<16xf32>, %d: memref<16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'dout' to be 8, got 'memref<4x9xf32>'}}
  spattn_cpu.load_statistics(%o, %do, %l) into %s, %d : memref<4x8xf32>, memref<4x9xf32>, memref<4xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

func.func @statistics_dout(%o: memref<4x8xf32>, %do: memref<5x8xf32>, %l: memref<4xf32>, %s: memref<16xf32>, %d: memref<16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'dout' to be 4 or dynamic, got 'memref<5x8xf32>'}}
  spattn_cpu.load_statistics(%o, %do, %l) into %s, %d : memref<4x8xf32>, memref<5x8xf32>, memref<4xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

func.func @statistics_lse(%o: memref<4x8xf32>, %do: memref<4x8xf32>, %l: memref<5xf32>, %s: memref<16xf32>, %d: memref<16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'lse' to be 4 or dynamic, got 'memref<5xf32>'}}
  spattn_cpu.load_statistics(%o, %do, %l) into %s, %d : memref<4x8xf32>, memref<4x8xf32>, memref<5xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

func.func @statistics_dlse(%o: memref<4x8xf32>, %do: memref<4x8xf32>, %l: memref<4xf32>, %dl: memref<5xf32>, %s: memref<16xf32>, %d: memref<16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'dlse' to be 4 or dynamic, got 'memref<5xf32>'}}
  spattn_cpu.load_statistics(%o, %do, %l) dlse(%dl : memref<5xf32>) into %s, %d : memref<4x8xf32>, memref<4x8xf32>, memref<4xf32>, memref<16xf32>, memref<16xf32>
  return
}

// -----

func.func @statistics_delta(%o: memref<4x8xf32>, %do: memref<4x8xf32>, %l: memref<4xf32>, %s: memref<16xf32>, %d: memref<4xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'delta' to be 16, got 'memref<4xf32>'}}
  spattn_cpu.load_statistics(%o, %do, %l) into %s, %d : memref<4x8xf32>, memref<4x8xf32>, memref<4xf32>, memref<16xf32>, memref<4xf32>
  return
}

// -----

func.func @query_step_scratch(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<?x8xf32>, %v: memref<?x6xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x8xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'ds' to be 16, got 'memref<4x8xf32>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<16xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x8xf32>
  return
}

// -----

func.func @query_step_dout(%q: memref<8x16xf32>, %do: memref<6x8xf32>, %k: memref<?x8xf32>, %v: memref<?x6xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'dout' to be 16, got 'memref<6x8xf32>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x8xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<16xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @query_step_keys(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<5x8xf32>, %v: memref<?x6xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'key' to be 4 or dynamic, got 'memref<5x8xf32>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<5x8xf32>, memref<?x6xf32>, memref<16xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @query_step_width(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<?x8xf32>, %v: memref<?x8xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'value' to be 6, got 'memref<?x8xf32>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<16xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @query_step_stride(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<4x8xf32, strided<[1, 4]>>, %v: memref<?x6xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected 'key' to have unit innermost stride, got 'memref<4x8xf32, strided<[1, 4]>>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<4x8xf32, strided<[1, 4]>>, memref<?x6xf32>, memref<16xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @query_step_shift(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<?x8xf32>, %v: memref<?x6xf32>, %s: memref<4xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'shift' to be 16, got 'memref<4xf32>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<4xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @query_step_sum(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<?x8xf32>, %v: memref<?x6xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x6xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'dquery' to be 8, got 'memref<16x6xf32>'}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<16xf32>, memref<16xf32>, memref<16x6xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @query_step_mask(%q: memref<8x16xf32>, %do: memref<6x16xf32>, %k: memref<?x8xf32>, %v: memref<?x6xf32>, %s: memref<16xf32>, %d: memref<16xf32>, %dq: memref<16x8xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected the mask region to have two arguments of type index}}
  spattn_cpu.query_gradient_step ins(%q, %do, %k, %v) statistics(%s, %d) acc(%dq) scratch(%p, %ds) mask {
    ^bb0(%i: index):
      %t = arith.constant true
      spattn_cpu.yield %t
    }
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<16xf32>, memref<16xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @key_step_key(%k: memref<8x8xf32>, %v: memref<6x16xf32>, %q: memref<?x8xf32>, %do: memref<?x6xf32>, %s: memref<4xf32>, %d: memref<4xf32>, %dk: memref<16x8xf32>, %dv: memref<16x6xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'key' to be 16, got 'memref<8x8xf32>'}}
  spattn_cpu.key_gradient_step ins(%k, %v, %q, %do) statistics(%s, %d) acc(%dk, %dv) scratch(%p, %ds)
    : memref<8x8xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<4xf32>, memref<4xf32>, memref<16x8xf32>, memref<16x6xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @key_step_width(%k: memref<8x16xf32>, %v: memref<6x16xf32>, %q: memref<?x8xf32>, %do: memref<?x8xf32>, %s: memref<4xf32>, %d: memref<4xf32>, %dk: memref<16x8xf32>, %dv: memref<16x6xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'dout' to be 6, got 'memref<?x8xf32>'}}
  spattn_cpu.key_gradient_step ins(%k, %v, %q, %do) statistics(%s, %d) acc(%dk, %dv) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<4xf32>, memref<4xf32>, memref<16x8xf32>, memref<16x6xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @key_step_delta(%k: memref<8x16xf32>, %v: memref<6x16xf32>, %q: memref<?x8xf32>, %do: memref<?x6xf32>, %s: memref<4xf32>, %d: memref<16xf32>, %dk: memref<16x8xf32>, %dv: memref<16x6xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'delta' to be 4, got 'memref<16xf32>'}}
  spattn_cpu.key_gradient_step ins(%k, %v, %q, %do) statistics(%s, %d) acc(%dk, %dv) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<4xf32>, memref<16xf32>, memref<16x8xf32>, memref<16x6xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @key_step_sum(%k: memref<8x16xf32>, %v: memref<6x16xf32>, %q: memref<?x8xf32>, %do: memref<?x6xf32>, %s: memref<4xf32>, %d: memref<4xf32>, %dk: memref<16x8xf32>, %dv: memref<4x6xf32>, %p: memref<4x16xf32>, %ds: memref<4x16xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'dvalue' to be 16, got 'memref<4x6xf32>'}}
  spattn_cpu.key_gradient_step ins(%k, %v, %q, %do) statistics(%s, %d) acc(%dk, %dv) scratch(%p, %ds)
    : memref<8x16xf32>, memref<6x16xf32>, memref<?x8xf32>, memref<?x6xf32>, memref<4xf32>, memref<4xf32>, memref<16x8xf32>, memref<4x6xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}

// -----

func.func @score_arguments(%qt: memref<8x16xf32>, %k: memref<4x8xf32>, %acc: memref<16x8xf32>, %max: memref<16xf32>, %sum: memref<16xf32>, %scores: memref<4x16xf32>, %c: memref<16xf32>) {
  // expected-error @+1 {{expected the score region to have an argument of type f32 and two of type index}}
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) score {
    ^bb0(%x: f32, %m: index):
      spattn_cpu.yield_score %x
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @score_end(%qt: memref<8x16xf32>, %k: memref<4x8xf32>, %acc: memref<16x8xf32>, %max: memref<16xf32>, %sum: memref<16xf32>, %scores: memref<4x16xf32>, %c: memref<16xf32>) {
  // expected-error @+1 {{expected the score region to end in 'spattn_cpu.yield_score'}}
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) score {
    ^bb0(%x: f32, %m: index, %n: index):
      %p = arith.cmpi sge, %m, %n : index
      spattn_cpu.yield %p
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @score_derivative(%qt: memref<8x16xf32>, %k: memref<4x8xf32>, %acc: memref<16x8xf32>, %max: memref<16xf32>, %sum: memref<16xf32>, %scores: memref<4x16xf32>, %c: memref<16xf32>) {
  // expected-error @+1 {{expected the score region to yield a score alone}}
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) score {
    ^bb0(%x: f32, %m: index, %n: index):
      spattn_cpu.yield_score %x, %x
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  return
}

// -----

func.func @no_derivative(%qt: memref<8x16xf32>, %k: memref<4x8xf32>, %acc: memref<16x8xf32>, %shift: memref<16xf32>, %p: memref<4x16xf32>) {
  // expected-error @+1 {{expected the score region to yield a score and its derivative}}
  spattn_cpu.query_gradient_step ins(%qt, %qt, %k, %k) statistics(%shift, %shift) acc(%acc) scratch(%p, %p) score {
    ^bb0(%x: f32, %m: index, %n: index):
      spattn_cpu.yield_score %x
    }
    : memref<8x16xf32>, memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16xf32>, memref<16xf32>,
      memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  return
}
