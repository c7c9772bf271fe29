// The IR after each stage, in a folder for each function.

// RUN: rm -rf %t
// RUN: spattn-run %s --dump=%t/a/b > /dev/null
// RUN: ls %t/a/b/f %t/a/b/g_h | FileCheck %s
// RUN: FileCheck %s --check-prefix=LOOPS --input-file=%t/a/b/f/1-loops.mlir

// CHECK:      f:
// CHECK-NEXT: 1-loops.mlir
// CHECK:      g_h:
// CHECK-NEXT: 1-loops.mlir

// LOOPS: spattn_cpu.online_step

// RUN: touch %t/file
// RUN: not spattn-run %s --dump=%t/file 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: --dump: cannot make the folder '{{.*}}file/f': Not a directory

!t = tensor<1x2x8x4xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
func.func @"g/h"(%q: !t) -> !t { return %q : !t }
