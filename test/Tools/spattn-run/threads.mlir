// A number of threads that cannot be used is said, with what is used instead.

// RUN: env SPATTN_NUM_THREADS=2 spattn-run %s 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: env SPATTN_NUM_THREADS= spattn-run %s 2>&1 | FileCheck %s --check-prefix=NONE
// NONE-NOT: SPATTN_NUM_THREADS
// RUN: env SPATTN_NUM_THREADS=abc spattn-run %s 2>&1 | FileCheck %s --check-prefix=CORES -DVALUE=abc
// RUN: env SPATTN_NUM_THREADS=0 spattn-run %s 2>&1 | FileCheck %s --check-prefix=CORES -DVALUE=0
// RUN: env SPATTN_NUM_THREADS=-3 spattn-run %s 2>&1 | FileCheck %s --check-prefix=CORES -DVALUE=-3
// RUN: env SPATTN_NUM_THREADS=2x spattn-run %s 2>&1 | FileCheck %s --check-prefix=CORES -DVALUE=2x
// CORES: warning: SPATTN_NUM_THREADS='[[VALUE]]': expected a number of threads from 1 to 1024; using {{[0-9]+}} thread{{s?}}, one a core
// RUN: env SPATTN_NUM_THREADS=1025 spattn-run %s 2>&1 | FileCheck %s --check-prefix=MOST -DVALUE=1025
// RUN: env SPATTN_NUM_THREADS=99999999999999999999 spattn-run %s 2>&1 | FileCheck %s --check-prefix=MOST -DVALUE=99999999999999999999
// MOST: warning: SPATTN_NUM_THREADS='[[VALUE]]': expected a number of threads from 1 to 1024; using 1024 threads

!t = tensor<1x1x8x4xf32>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
