// Results that are not what the oracle says make the status 1. The reports and
// files are written all the same, so that one can look at them.

// A tolerance below what rounding to f16 leaves.
// RUN: rm -rf %t && mkdir %t
// RUN: not spattn-run %s --entry=f --max-error=1e-7 --output=%t/a.npy > %t/report 2> %t/errors
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t/errors
// RUN: FileCheck %s --check-prefix=REPORT --input-file=%t/report
// RUN: ls %t/a.npy
// RUN: spattn-run %s --entry=f --max-error=1e-3

// ERROR: error: the error of 'f' exceeds --max-error=1e-07
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
// RUN: spattn-run %s --entry=dkey --scalar=x:1e-6 --json=- | FileCheck %s --check-prefix=ZEROS
// ZEROS: "dkey": {
// ZEROS: "not_zero": 1,
// ZEROS: "dquery": {
// ZEROS: "not_zero": 0,
// EMPTY-DAG: error       inf relative, {{[0-9.]+e-0[67]}} max abs
// EMPTY-DAG: exceeds --max-error=1

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
