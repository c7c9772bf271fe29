// What becomes of what ptxas says, with a script in its place.

// DEFINE: %{cubin} = spattn-translate --spattn-to-cubin --ptxas=%S/Inputs/ptxas %s -o %t.cubin
// RUN: %{cubin} 2>&1 | count 0
// RUN: FileCheck %s --check-prefix=CODE --input-file=%t.cubin
// CODE: ELF and so on

// RUN: env FAKE_PTXAS=spill %{cubin} 2>&1 | FileCheck %s --check-prefix=SPILL
// SPILL: ptxas.mlir:[[@LINE+36]]:1: warning: kernel 'f' needs 8 bytes of stack and spills registers: 16 bytes of stores, 24 bytes of loads a thread
// RUN: env FAKE_PTXAS=spill not %{cubin} --strict 2>&1 | FileCheck %s --check-prefix=STRICT
// STRICT: error: kernel 'f' needs 8 bytes of stack
// RUN: env FAKE_PTXAS=serialize %{cubin} 2>&1 | FileCheck %s --check-prefix=SERIALIZED
// SERIALIZED: warning: ptxas: {{.*}}(C7510) {{.*}}are serialized
// RUN: env FAKE_PTXAS=serialize not %{cubin} --strict 2>&1 | FileCheck %s --check-prefix=SERIAL
// SERIAL: error: ptxas: {{.*}}(C7510)

// RUN: env FAKE_PTXAS=fail not %{cubin} 2>&1 | FileCheck %s --check-prefix=FAIL
// FAIL: error: '{{.*}}Inputs/ptxas' failed with status 255:
// FAIL: ptxas fatal   : something is wrong
// RUN: env FAKE_PTXAS=crash not %{cubin} 2>&1 | FileCheck %s --check-prefix=CRASH
// CRASH: error: '{{.*}}Inputs/ptxas' crashed
// RUN: env FAKE_PTXAS=nothing not %{cubin} 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: '{{.*}}Inputs/ptxas' wrote no cubin

// One that makes wrong code.
// RUN: env FAKE_PTXAS_VERSION=12.9.86 %{cubin} 2>&1 | FileCheck %s --check-prefix=OLD
// OLD: warning: '{{.*}}Inputs/ptxas' is of CUDA 12.9.86; releases before 13.0 may reuse registers of a matrix product
// RUN: env FAKE_PTXAS_VERSION=none not %{cubin} 2>&1 | FileCheck %s --check-prefix=VERSION
// VERSION: '{{.*}}Inputs/ptxas' is no ptxas: it does not say its version
// RUN: not spattn-translate --spattn-to-cubin --ptxas=/nowhere/ptxas %s 2>&1 | FileCheck %s --check-prefix=NOWHERE
// NOWHERE: error: no ptxas can be used:
// NOWHERE: '/nowhere/ptxas' cannot be run: {{.*}}No such file or directory

// Where it is looked for: in the Python environment ahead of the toolkit, and
// one that is too old only if there is no other.
// RUN: rm -rf %t && mkdir -p %t/env/lib/python3.11/site-packages/nvidia/cu13/bin %t/cuda/bin
// RUN: cp %S/Inputs/ptxas %t/env/lib/python3.11/site-packages/nvidia/cu13/bin
// RUN: sed s/13.5.37/12.8.93/ %S/Inputs/ptxas > %t/cuda/bin/ptxas && chmod +x %t/cuda/bin/ptxas
// DEFINE: %{compiler} = spattn-translate --spattn-to-artifact %s | spattn-translate --artifact-to-text
// RUN: env SPATTN_PTXAS= VIRTUAL_ENV=%t/env CUDA_HOME=%t/cuda %{compiler} | FileCheck %s --check-prefix=NEWEST
// NEWEST: compiler: spattn {{.*}}, LLVM {{.*}}, ptxas 13.5.37
// RUN: env SPATTN_PTXAS=%t/cuda/bin/ptxas VIRTUAL_ENV=%t/env spattn-translate --spattn-to-artifact %s 2>/dev/null | spattn-translate --artifact-to-text | FileCheck %s --check-prefix=GIVEN
// GIVEN: compiler: spattn {{.*}}, LLVM {{.*}}, ptxas 12.8.93

llvm.func @f(%n: i32) attributes {nvvm.kernel,
    spattn_gpu.launch = #spattn_gpu.launch<arguments = [<i32 "n">], threads = 128, grid = <n>>} {
  llvm.return
}
