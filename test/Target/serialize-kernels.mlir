// Modules for the GPU become artifacts, by this project's pass and by upstream's.

// RUN: spattn-opt %s -spattn-serialize-kernels=format=ptx | FileCheck %s
// RUN: sed -e '/^.. BEGIN OTHERS/,/^.. END OTHERS/d' %s > %t.mlir
// RUN: spattn-opt %t.mlir --gpu-module-to-binary=format=isa | FileCheck %s --check-prefix=UPSTREAM
// Upstream's pass refuses modules without a target.
// RUN: not spattn-opt %s --gpu-module-to-binary=format=isa 2>&1 | FileCheck %s --check-prefix=REFUSED
// What is compiled is what an artifact alone holds.
// RUN: spattn-opt %t.mlir -spattn-serialize-kernels=format=ptx -convert-spattn-launch-to-llvm \
// RUN:   | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=EMBEDDED

// CHECK-LABEL: gpu.binary @kernels [#gpu.object<#spattn_gpu.target<chip = "sm_80", opt = 1>, offload = "
// CHECK-SAME: .entry kernel(
// CHECK-LABEL: func.func @around
// CHECK: gpu.module @foreign {
// CHECK-NEXT: gpu.func @f
// CHECK: gpu.module @two [#nvvm.target, #spattn_gpu.target]
// CHECK: module @inner
// CHECK: gpu.binary @nested

// UPSTREAM: gpu.binary @kernels [#gpu.object<#spattn_gpu.target<chip = "sm_80", opt = 1>, offload = "
// UPSTREAM-SAME: .entry kernel(
// REFUSED: error: the module has no target attributes

// EMBEDDED: @kernels = internal constant [{{[0-9]+}} x i8] c"{{.*}}.entry kernel({{.*}}", align 8

gpu.module @kernels [#spattn_gpu.target<chip = "sm_80", opt = 1>] {
  llvm.func @kernel(%y: !llvm.ptr, %length: i32) attributes {
    nvvm.kernel,
    spattn_gpu.launch = #spattn_gpu.launch<
      buffers = [<"y", f32, [n = length], alignment = 4, output = true>],
      threads = 128, grid = <ceil(length / 128)>,
      arguments = [<buffer "y">, <i32 "length">]>} {
    llvm.store %length, %y : i32, !llvm.ptr
    llvm.return
  }
}

// BEGIN OTHERS
func.func @around(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// Nobody has said how to compile this one.
gpu.module @foreign {
  gpu.func @f() kernel {
    gpu.return
  }
}
// Others compile this one, too.
gpu.module @two [#nvvm.target, #spattn_gpu.target] {
}
module @inner {
  gpu.module @nested [#spattn_gpu.target<chip = "sm_80", opt = 1>] {
    llvm.func @kernel(%y: !llvm.ptr) attributes {
      nvvm.kernel,
      spattn_gpu.launch = #spattn_gpu.launch<
        buffers = [<"y", f32, [n = length], alignment = 4, output = true>],
        threads = 128, grid = <length>, arguments = [<buffer "y">]>} {
      llvm.return
    }
  }
}
// END OTHERS
