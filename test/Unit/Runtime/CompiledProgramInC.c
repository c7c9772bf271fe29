/*===- CompiledProgramInC.c - The runtime's C functions, from C --------------===*\
|*
|* Part of the spattn project, under the Apache License v2.0 with LLVM
|* Exceptions. See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "spattn/Runtime/CompiledProgram.h"

/// Adds up what the kernels "double" of an artifact make of three numbers.
int launchFromC(const void *artifact, int64_t bytes, float *numbers) {
  static struct SpattnKernels kernels = {"from C", "x\0scale", 1, 1, 0, 0, 0};
  kernels.artifact = artifact;
  kernels.artifactBytes = bytes;
  int64_t size = 3, stride = 1;
  struct SpattnBuffer buffer = {numbers, SPATTN_F32, 1, &size, &stride};
  struct SpattnValue value;
  value.isReal = 1;
  value.value.real = 2;
  return spattn_launch(&kernels, &buffer, &value);
}
