// The form of a kernel's tensor maps is part of its launch, and has to be the one that the code reads.

// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_86 | FileCheck %s
// RUN: not spattn-opt %s -convert-spattn-gpu-to-nvvm 2>&1 | FileCheck %s --check-prefix=SM90
// CHECK: llvm.func @kernel
// SM90: error: kernel 'kernel' is launched with software tensor maps, but code for 'target' sm_90a reads the other ones

#launch = #spattn_gpu.launch<
  buffers = [<"x", f16, [n = length, d = 64], alignment = 16>],
  maps = [<"x", [d = 64, n = 8], swizzle = 128, software = true>],
  threads = 128, grid = <length>, arguments = [<map 0>]>
llvm.func @kernel(%map: !llvm.ptr) attributes {spattn_gpu.launch = #launch} {
  llvm.return
}
