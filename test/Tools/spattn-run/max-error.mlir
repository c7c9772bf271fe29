// Results that are not what the oracle says make the status 1. The reports and
// files are written all the same, so that one can look at them.

// A tolerance below what rounding to f16 leaves.
// RUN: rm -rf %t && mkdir %t
// RUN: not spattn-run %s --entry=f --max-error=1e-7 --output=%t/a.npy > %t/report 2> %t/errors
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t/errors
// RUN: FileCheck %s --check-prefix=REPORT --input-file=%t/report
// RUN: ls %t/a.npy
// RUN: spattn-run %s --entry=f --max-error=1e-3

// ERROR: error: 'f' is wrong: the error of its 'out', {{[0-9.]+}}e-04, exceeds --max-error=1e-07
// REPORT: error       {{[0-9.]+}}e-04 relative

!t = tensor<1x2x8x4xf16>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Queries without keys have an output and gradients of exactly 0, and so have
// keys without queries: as little as 1e-6 is not within any error.
// RUN: spattn-run %s --entry=out --entry=dkey --scalar=x:0 --max-error=1e-5
// RUN: not spattn-run %s --entry=out --scalar=x:1e-6 --max-error=1 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not spattn-run %s --entry=dkey --scalar=x:1e-6 --max-error=1 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: spattn-run %s --entry=dkey --scalar=x:1e-6 --max-error=inf --json=- | FileCheck %s --check-prefix=ZEROS
// ZEROS: "dkey": {
// ZEROS: "not_zero": 1,
// ZEROS: "dquery": {
// ZEROS: "not_zero": 0,
// EMPTY-DAG: error       inf relative, {{[0-9.]+e-0[67]}} max abs
// EMPTY-DAG: error of its '{{out|dkey}}', inf, exceeds --max-error=1

!m = memref<1x2x8x4xf32>
!l = memref<1x2x8xf32>
func.func @out(%q: !m, %k: !m, %v: !m, %o: !m, %x: f32) {
  spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !m, !m, !m) outs(%o : !m)
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  memref.store %x, %o[%c0, %c1, %c0, %c0] : !m
  return
}
func.func @dkey(%q: !m, %k: !m, %v: !m, %o: !m, %l: !l, %d: !m, %dq: !m, %dk: !m, %dv: !m, %x: f32) {
  spattn.attention_backward structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v, %o, %l, %d : !m, !m, !m, !m, !l, !m) outs(%dq, %dk, %dv : !m, !m, !m)
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  memref.store %x, %dk[%c0, %c1, %c7, %c0] : !m
  return
}

// Without the option, what is more than rounding explains is wrong, and so is
// what is not a number where the oracle has one.
// RUN: spattn-run %s --entry=f --entry=wrong --scalar=x:0 > /dev/null
// RUN: spattn-run %s --entry=wrong --scalar=x:1e-6 > /dev/null
// RUN: not spattn-run %s --entry=wrong --scalar=x:1e-3 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: not spattn-run %s --entry=wrong --scalar=x:nan 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: not spattn-run %s --entry=wrong --scalar=x:inf 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: spattn-run %s --entry=wrong --scalar=x:nan --max-error=inf > /dev/null
// RUN: not spattn-run %s --entry=out --scalar=x:1e-6 2>&1 | FileCheck %s --check-prefix=ZERO
// One gradient's is not hidden by the others.
// RUN: not spattn-run %s --entry=dkey --scalar=x:nan --max-error=1 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: error: 'dkey' is wrong: the error of its 'dkey', {{-?nan|inf}}, exceeds --max-error=1
// WRONG: error: 'wrong' is wrong: the error of its 'out', {{[0-9.e-]+|-?nan|inf}}, exceeds what the element type allows: 1.
// ZERO: error: 'out' is wrong: the error of its 'out', inf, exceeds what the element type allows: 1.
func.func @wrong(%q: !m, %k: !m, %v: !m, %o: !m, %x: f32) {
  spattn.attention structure(#spattn.full) ins(%q, %k, %v : !m, !m, !m) outs(%o : !m)
  %c0 = arith.constant 0 : index
  %y = memref.load %o[%c0, %c0, %c0, %c0] : !m
  %z = arith.addf %x, %y : f32
  memref.store %z, %o[%c0, %c0, %c0, %c0] : !m
  return
}

// Gradients that are 0 as sums that cancel, and a NaN that the oracle has too.
// RUN: spattn-run %s --entry=single --check=1000 > /dev/null
// RUN: %python -c "import numpy as np; q = np.ones((1, 2, 8, 4), np.float32); q[0, 1, 3, 2] = np.nan; np.save('%t/nan.npy', q); np.save('%t/ones.npy', np.ones_like(q))"
// RUN: spattn-run %s --entry=wrong --scalar=x:0 --input=%t/nan.npy --input=%t/ones.npy --input=%t/ones.npy --input=%t/ones.npy > /dev/null
func.func @single(%q: !m, %k: !m, %v: !m, %o: !m, %l: !l, %d: !m, %dq: !m, %dk: !m, %dv: !m) {
  spattn.attention_backward structure(#spattn.window<left = 0, right = 0>)
      ins(%q, %k, %v, %o, %l, %d : !m, !m, !m, !m, !l, !m) outs(%dq, %dk, %dv : !m, !m, !m)
  return
}
