// In stock mlir-opt, too, nothing of a function for a GPU is lost.
// REQUIRES: plugin
// RUN: not mlir-opt --load-dialect-plugin=%spattn_plugin --load-pass-plugin=%spattn_plugin \
// RUN:   --pass-pipeline='builtin.module(spattn-gpu-kernels)' %S/../Pipelines/Inputs/epilogue.mlir 2>&1 | FileCheck %s

// CHECK: error: 'arith.addf' has no kernel for a GPU
