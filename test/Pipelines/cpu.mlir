// RUN: spattn-opt %s -spattn-cpu-loops | FileCheck %s --check-prefix=LOOPS
// RUN: spattn-opt %s -spattn-cpu-loops -spattn-cpu-vector | FileCheck %s --check-prefix=VECTOR
// RUN: spattn-opt %s -spattn-cpu-loops -spattn-cpu-vector -spattn-cpu-llvm | FileCheck %s --check-prefix=LLVM
// RUN: spattn-opt %s -spattn-cpu | FileCheck %s --check-prefix=LLVM
// RUN: spattn-opt %s -spattn-cpu=parallel=false | FileCheck %s --check-prefix=SEQUENTIAL
// RUN: spattn-opt %s -spattn-cpu-loops="query-tile=32 key-tile=128" | FileCheck %s --check-prefix=TILES
// RUN: spattn-opt %s -spattn-cpu | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=IR
// RUN: not spattn-opt %s -spattn-cpu=tile=32 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: no such option tile

// LOOPS-LABEL: func.func @local_band
// LOOPS: scf.forall
// LOOPS: spattn_cpu.online_step
// LOOPS: mask
// LOOPS-NOT: spattn.attention

// VECTOR-LABEL: func.func @local_band
// VECTOR: scf.forall
// VECTOR: vector.fma
// VECTOR-NOT: spattn.

// LLVM-DAG: llvm.func @local_band
// LLVM-DAG: llvm.call @spattn_parallel_for
// LLVM-DAG: llvm.func {{.*}}@local_band_task_0
// LLVM-NOT: builtin.unrealized_conversion_cast

// SEQUENTIAL-LABEL: llvm.func @local_band
// SEQUENTIAL: llvm.call @local_band_task_0
// SEQUENTIAL-NOT: spattn_parallel_for

// TILES: memref<128x64xf32>
// TILES: memref<64x32xf32>

// IR: define {{.*}}@local_band
// IR: call {{.*}}@llvm.fm{{.*}}v16f32

!t = tensor<?x16x?x64xbf16>
func.func @local_band(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<local_band>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// LOOPS-LABEL: func.func @gradients
// LOOPS: spattn_cpu.query_gradient_step
// LOOPS: spattn_cpu.key_gradient_step
// LOOPS-NOT: spattn.attention_backward

// VECTOR-LABEL: func.func @gradients
// VECTOR: vector.fma
// VECTOR-NOT: spattn.

// LLVM-DAG: llvm.func {{.*}}@gradients_task_0
// LLVM-DAG: llvm.func {{.*}}@gradients_task_1
!l = tensor<?x16x?xf32>
func.func @gradients(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %do: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %do : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}
