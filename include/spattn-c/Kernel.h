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

/* A function compiled for the host or for a GPU. It does not depend on the
   module. Thread-safe: threads may launch one kernel concurrently. */
typedef struct SpattnKernelImpl *SpattnKernel;

/*===-- Compiling ---------------------------------------------------------===*/

/* Options for the host. Zero-initialized fields select the defaults. */
typedef struct SpattnCpuOptions {
  /* Queries and keys per tile; 0: the compiler chooses. */
  int64_t queryTile, keyTile;
  /* f32 elements per vector; 0: the host's vector width. */
  int64_t vectorWidth;
  /* LLVM's optimization level, 0 to 3. */
  uint32_t optLevel;
  /* Run on the calling thread instead of on the thread pool. */
  bool serial;
  /* Folder to dump the IR to after each stage; null: none. */
  const char *dumpFolder;
} SpattnCpuOptions;

/* Options for a GPU. Zero-initialized fields select the defaults. */
typedef struct SpattnGpuOptions {
  /* The architecture; null: "sm_90a". See SpattnDeviceInfo. */
  const char *chip;
  /* The newest CUDA version of the driver, such as 12080; 0 if unknown. */
  int32_t driverVersion;
  /* Options of the spattn-gpu pipeline, such as "key-tile=64 pingpong=false".
     Null: the defaults. */
  const char *options;
  /* Treat spills and ptxas warnings as errors. */
  bool strict;
  /* Folder to dump IR and code to; null: none. Nothing is dumped on a cache
     hit. */
  const char *dumpFolder;
} SpattnGpuOptions;

/* Compiles a function of a module for the host. The module does not change.
   `options` and `handler` may be null. */
SPATTN_C_EXPORT SpattnStatus spattnKernelCompileCpu(
    SpattnModule module, const char *function, const SpattnCpuOptions *options,
    const SpattnDiagnosticHandler *handler, SpattnKernel *kernel);

/* Compiles a function for a GPU; this requires neither a GPU nor a driver. The
   function must consist of one attention, or the gradients of one, on its
   arguments. Without ptxas, the kernel contains PTX, which the driver
   compiles. */
SPATTN_C_EXPORT SpattnStatus spattnKernelCompileGpu(
    SpattnModule module, const char *function, const SpattnGpuOptions *options,
    const SpattnDiagnosticHandler *handler, SpattnKernel *kernel);

/* Emits the PTX that spattnKernelCompileGpu would compile. */
SPATTN_C_EXPORT SpattnStatus spattnModuleEmitPtx(
    SpattnModule module, const char *function, const SpattnGpuOptions *options,
    const SpattnDiagnosticHandler *handler, SpattnString *text);

SPATTN_C_EXPORT void spattnKernelDestroy(SpattnKernel kernel);

/*===-- Artifacts ---------------------------------------------------------===*/

/* Serializes a GPU kernel: code, launch description and signature. */
SPATTN_C_EXPORT SpattnStatus spattnKernelSerialize(SpattnKernel kernel,
                                                   SpattnString *bytes);

/* Loads a serialized kernel without compiling. The bytes are validated. */
SPATTN_C_EXPORT SpattnStatus spattnKernelLoad(SpattnContext context,
                                              const char *bytes, size_t size,
                                              SpattnKernel *kernel);

/* The code of a GPU kernel, PTX or a cubin. */
SPATTN_C_EXPORT SpattnStatus spattnKernelGetCode(SpattnKernel kernel,
                                                 bool *isPtx,
                                                 SpattnString *code);

/* A human-readable description of a GPU kernel, and one entry of it by name,
   such as "tile"; null if there is no such entry. */
SPATTN_C_EXPORT SpattnStatus spattnKernelDescribe(SpattnKernel kernel,
                                                  SpattnString *text);
SPATTN_C_EXPORT const char *spattnKernelGetMetadata(SpattnKernel kernel,
                                                    const char *name);

/*===-- Properties --------------------------------------------------------===*/

/* "cpu", or the architecture that the kernel was compiled for; empty for
   null. */
SPATTN_C_EXPORT const char *spattnKernelGetTarget(SpattnKernel kernel);
SPATTN_C_EXPORT bool spattnKernelIsGpu(SpattnKernel kernel);

/* The time to compile or load the kernel, in milliseconds; 0 for steps that
   were skipped. */
typedef struct SpattnCompileTimes {
  double total, passes, ptx, ptxas;
  /* The kernel came from the cache (memory or disk), or was deserialized. */
  bool fromCache;
} SpattnCompileTimes;

SPATTN_C_EXPORT SpattnStatus
spattnKernelGetCompileTimes(SpattnKernel kernel, SpattnCompileTimes *times);

/* MLIR's index type is I64. */
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

/* A dynamic size or stride. */
#define SPATTN_DYNAMIC INT64_MIN

/* The type of an argument or result. */
typedef struct SpattnParameter {
  /* The MLIR type. */
  const char *text;
  /* The element type of a buffer, or the type of a scalar. */
  SpattnElementType element;
  bool isScalar;
  uint32_t rank;
  const int64_t *sizes;
  /* The strides that the code assumes. Null: it assumes only that the innermost
     stride is 1. */
  const int64_t *strides;
  /* Whether the kernel writes the buffer. */
  bool isDestination;
} SpattnParameter;

/* Launches are in destination-passing style: the caller passes a buffer for
   each result. The arguments are those of the function. A CPU kernel has one
   more argument for each result that is not one of them; the result is copied
   to it. */
SPATTN_C_EXPORT size_t spattnKernelGetNumArguments(SpattnKernel kernel);
SPATTN_C_EXPORT SpattnStatus spattnKernelGetArgument(
    SpattnKernel kernel, size_t index, SpattnParameter *parameter);
SPATTN_C_EXPORT size_t spattnKernelGetNumResults(SpattnKernel kernel);
/* The index of the argument that holds a result. */
SPATTN_C_EXPORT SpattnStatus spattnKernelGetResult(SpattnKernel kernel,
                                                   size_t index,
                                                   size_t *argument);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_KERNEL_H */
