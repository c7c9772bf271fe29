// RUN: spattn-opt %s -spattn-serialize-kernels=format=ptx -verify-diagnostics -split-input-file
// RUN: not spattn-opt %S/Inputs/container.mlir -spattn-serialize-kernels="format=cubin toolkit=/nowhere" 2>&1 | FileCheck %s

// CHECK: container.mlir:1:1: error: no ptxas can be used:
// CHECK-NEXT: '/nowhere/bin/ptxas' cannot be run

// expected-error@+1 {{there is no kernel in the module}}
gpu.module @empty [#spattn_gpu.target] {
}

// -----

gpu.module @unlowered [#spattn_gpu.target] {
  llvm.func @kernel() attributes {nvvm.kernel, spattn_gpu.launch = #spattn_gpu.launch<
      buffers = [<"y", f32, [n = length], alignment = 4, output = true>],
      threads = 128, grid = <length>, arguments = []>} {
    llvm.return
  }
  // expected-error@+1 {{expected a module in the LLVM dialect, got 'memref.global'}}
  memref.global @g : memref<4xf32>
}

// -----

// expected-error@+1 {{unknown chip 'sm_12'; expected sm_80 or a later one, such as sm_90a}}
gpu.module @chip [#spattn_gpu.target<chip = "sm_12">] {
  llvm.func @kernel() attributes {nvvm.kernel, spattn_gpu.launch = #spattn_gpu.launch<
      buffers = [<"y", f32, [n = length], alignment = 4, output = true>],
      threads = 128, grid = <length>, arguments = []>} {
    llvm.return
  }
}
