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
