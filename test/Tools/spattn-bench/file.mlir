// Functions of a file, at several lengths.

// RUN: spattn-bench %s --entry=f --entry=g --queries=16,32 --repeat=1 --warmup=0 --check | FileCheck %s
// CHECK:      workload, forward
// CHECK-NEXT: @f H2 D4 B1 N16 f32
// CHECK-NEXT: @f H2 D4 B1 N32 f32
// CHECK-NEXT: @g H2 D4 B1 N16/8 f32
// CHECK-NEXT: @g H2 D4 B1 N32/8 f32
// CHECK:      workload
// CHECK-NEXT: @f H2 D4 B1 N16 f32 64 x 64 0 2 0 272
// CHECK:      compile, ms
// CHECK-NEXT: @f
// CHECK-NEXT: @g
// CHECK-NOT:  @

// Its own tile shape and sizes.
// RUN: spattn-bench - --entry=static --repeat=2 --json < %s | %python -m json.tool | FileCheck %s --check-prefix=STATIC
// STATIC: "workload": "@static H2 D4 B2 N24 f32"
// STATIC: "runs": 2,
// STATIC: "query_tile": 8,
// STATIC: "pairs": 2304,

// Shapes as with spattn-run.
// RUN: spattn-bench %s --entry=g --shape=q:1x2x16x4 --scalar=s:2 --repeat=1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: @g H2 D4 B1 N16/8 f32

// RUN: not spattn-bench %s --entry=f 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: argument 0 ('q') of type {{.*}} has dimensions that are not known; give its shape with --shape=q:1x2x<size>x4
// RUN: not spattn-bench %s --entry=static --queries=16 2>&1 | FileCheck %s --check-prefix=LENGTH
// LENGTH: file.mlir:[[@LINE+48]]:19: error: --queries=16: argument 0 ('q') has a length of 24
// RUN: not spattn-bench %s --entry=static --batch=1 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: error: --batch=1: argument 0 ('q') has a batch size of 2
// RUN: not spattn-bench %s --entry=none 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: 'none' does not consist of one attention; there is nothing to measure it by
// RUN: not spattn-bench %s --entry=none --queries=5 2>&1 | FileCheck %s --check-prefix=NOLENGTH
// NOLENGTH: error: --batch, --queries and --keys: 'none' does not consist of one attention
// RUN: not spattn-bench %s --entry=inner --queries=5 2>&1 | FileCheck %s --check-prefix=INNER
// INNER: error: --queries=5: the operand of the attention of 'inner' is not an argument
// RUN: not spattn-bench %s --entry=inner --check 2>&1 | FileCheck %s --check-prefix=CHECKED
// CHECKED: error: --check: 'inner' cannot be compared with the oracle: operands of its attention are not arguments
// RUN: spattn-bench %s --entry=inner --repeat=1 | FileCheck %s --check-prefix=INSIDE
// INSIDE: @inner H2 D4 B2 N24 f32

// Gradients count the operations and bytes of gradients.
// RUN: spattn-bench %s --entry=backward --queries=16 --repeat=1 --warmup=0 --check --max-error=1e-5 | FileCheck %s --check-prefix=BACKWARD
// BACKWARD: @backward H2 D4 B1 N16 f32 backward
// RUN: spattn-bench %s --entry=backward --queries=16 --repeat=1 --json | %python -m json.tool | FileCheck %s --check-prefix=JSON
// JSON: "pass": "backward",
// JSON: "pairs": 272,
// Of 32 queries with a key q, o, do; of 32 keys k, v; dq, dk and dv: 16 bytes each.
// JSON-NEXT: "bytes": 4096,
// RUN: spattn-bench %s --entry=f --entry=backward --queries=16 --repeat=1 | FileCheck %s --check-prefix=BOTH
// BOTH:      workload ms
// BOTH-NEXT: @backward H2 D4 B1 N16 f32 backward
// BOTH-NEXT: @f H2 D4 B1 N16 f32

!t = tensor<1x2x?x4xf32>
!l = tensor<1x2x?xf32>
func.func @backward(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %do: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %do : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

!k = tensor<1x2x8x4xf32>
func.func @g(%q: !t, %k: !k, %v: !k, %s: f32, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !k, !k) scale(%s) outs(%o : !t)
  return %r : !t
}

!s = tensor<2x2x24x4xf32>
func.func @static(%q: !s, %k: !s, %v: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !s, !s, !s) outs(%o : !s)
      {tile_shape = #spattn.tile_shape<query_tile = 8, key_tile = 8>}
  return %r : !s
}

func.func @none(%x: !s) -> !s {
  return %x : !s
}

func.func @inner(%x: !s, %o: !s) -> !s {
  %i = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %y = tensor.insert %one into %x[%i, %i, %i, %i] : !s
  %r = spattn.attention structure(#spattn.causal)
      ins(%y, %y, %y : !s, !s, !s) outs(%o : !s)
  return %r : !s
}
