/*===- spattn-c/Kernel.h - Compiled functions ---------------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_KERNEL_H
#define SPATTN_C_KERNEL_H

#include "spattn-c/Module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function compiled for the host or for a GPU. It needs no module any more.
   Thread-safe: one kernel may be launched from many threads at once. */
typedef struct SpattnKernelImpl *SpattnKernel;

/*===-- Compiling ---------------------------------------------------------===*/

/* How to compile for the host. Zeros are the defaults. */
typedef struct SpattnCpuOptions {
  /* Rows of a tile; 0 lets the compiler choose. */
  int64_t queryTile, keyTile;
  /* Elements of f32 in a vector; 0 takes what the host has. */
  int64_t vectorWidth;
  /* Optimization of LLVM IR, 0 to 3. */
  uint32_t optLevel;
  /* Run tile rows in turn, and not on the thread pool. */
  bool serial;
  /* Folder to which the IR after each stage is written; null: none. */
  const char *dumpFolder;
} SpattnCpuOptions;

/* How to compile for a GPU. Zeros are the defaults. */
typedef struct SpattnGpuOptions {
  /* The architecture; null: "sm_90a". See SpattnDeviceInfo. */
  const char *chip;
  /* The newest CUDA of the driver, such as 12080; 0 if it is not known. */
  int32_t driverVersion;
  /* How kernels are built, as on command lines: "key-tile=64 pingpong=false".
     Null: as is best. */
  const char *options;
  /* Make spills and warnings of ptxas errors. */
  bool strict;
  /* Folder to which IR and code are written; null: none. Nothing is written
     where a kernel comes from the cache. */
  const char *dumpFolder;
} SpattnGpuOptions;

/* Compiles a function of a module, which is left as it is. `options` and
   `handler` may be null. */
SPATTN_C_EXPORT SpattnStatus spattnKernelCompileCpu(
    SpattnModule module, const char *function, const SpattnCpuOptions *options,
    const SpattnDiagnosticHandler *handler, SpattnKernel *kernel);

/* The same for a GPU; it needs no GPU, and no driver. The function consists of
   one attention, or the gradients of one, on its arguments. Without a ptxas the
   kernel has PTX, which the driver compiles. */
SPATTN_C_EXPORT SpattnStatus spattnKernelCompileGpu(
    SpattnModule module, const char *function, const SpattnGpuOptions *options,
    const SpattnDiagnosticHandler *handler, SpattnKernel *kernel);

/* PTX of what spattnKernelCompileGpu would compile. */
SPATTN_C_EXPORT SpattnStatus spattnModuleEmitPtx(
    SpattnModule module, const char *function, const SpattnGpuOptions *options,
    const SpattnDiagnosticHandler *handler, SpattnString *text);

SPATTN_C_EXPORT void spattnKernelDestroy(SpattnKernel kernel);

/*===-- Artifacts ---------------------------------------------------------===*/

/* The bytes of a kernel for a GPU: code, launch description and signature. */
SPATTN_C_EXPORT SpattnStatus spattnKernelSerialize(SpattnKernel kernel,
                                                   SpattnString *bytes);

/* A kernel of such bytes, which are not trusted, without a compilation. */
SPATTN_C_EXPORT SpattnStatus spattnKernelLoad(SpattnContext context,
                                              const char *bytes, size_t size,
                                              SpattnKernel *kernel);

/* The code of a kernel for a GPU, PTX or a cubin. */
SPATTN_C_EXPORT SpattnStatus spattnKernelGetCode(SpattnKernel kernel,
                                                 bool *isPtx,
                                                 SpattnString *code);

/* A description for people of a kernel for a GPU, and what it says by one name,
   such as "tile"; null if nothing. */
SPATTN_C_EXPORT SpattnStatus spattnKernelDescribe(SpattnKernel kernel,
                                                  SpattnString *text);
SPATTN_C_EXPORT const char *spattnKernelGetMetadata(SpattnKernel kernel,
                                                    const char *name);

/*===-- What a kernel is --------------------------------------------------===*/

/* "cpu", or the architecture that it was compiled for; empty for null. */
SPATTN_C_EXPORT const char *spattnKernelGetTarget(SpattnKernel kernel);
SPATTN_C_EXPORT bool spattnKernelIsGpu(SpattnKernel kernel);

/* What getting the kernel took, in milliseconds; 0 for what did not happen. */
typedef struct SpattnCompileTimes {
  double total, passes, ptx, ptxas;
  /* From memory or the folder of the cache, or loaded from bytes. */
  bool fromCache;
} SpattnCompileTimes;

SPATTN_C_EXPORT SpattnStatus
spattnKernelGetCompileTimes(SpattnKernel kernel, SpattnCompileTimes *times);

/* index has type I64. */
typedef enum SpattnElementType {
  SpattnElementI8,
  SpattnElementI16,
  SpattnElementI32,
  SpattnElementI64,
  SpattnElementF16,
  SpattnElementBF16,
  SpattnElementF32,
  SpattnElementF64
} SpattnElementType;

/* A size or stride that calls choose. */
#define SPATTN_DYNAMIC INT64_MIN

/* The type of an argument or result. */
typedef struct SpattnParameter {
  /* As MLIR writes it. */
  const char *text;
  /* Of the elements or, for a scalar, of itself. */
  SpattnElementType element;
  bool isScalar;
  uint32_t rank;
  const int64_t *sizes;
  /* The strides that the code takes for granted; null where it takes none but
     that of the innermost dimension, which is 1. */
  const int64_t *strides;
  /* Whether the kernel writes it. */
  bool isDestination;
} SpattnParameter;

/* Everything is in destination style: a launch is given a buffer for each
   result, and returns nothing. The arguments are those of the function and, for
   each result that is none of them, which only kernels for the CPU have, one
   more that it is copied to. */
SPATTN_C_EXPORT size_t spattnKernelGetNumArguments(SpattnKernel kernel);
SPATTN_C_EXPORT SpattnStatus spattnKernelGetArgument(
    SpattnKernel kernel, size_t index, SpattnParameter *parameter);
SPATTN_C_EXPORT size_t spattnKernelGetNumResults(SpattnKernel kernel);
/* The number of the argument that holds a result. */
SPATTN_C_EXPORT SpattnStatus spattnKernelGetResult(SpattnKernel kernel,
                                                   size_t index,
                                                   size_t *argument);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_KERNEL_H */
