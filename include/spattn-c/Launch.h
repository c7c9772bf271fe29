/*===- spattn-c/Launch.h - Running kernels ------------------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_LAUNCH_H
#define SPATTN_C_LAUNCH_H

#include "spattn-c/Kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum SpattnArgumentKind {
  SpattnArgumentBuffer,
  /* For f32. */
  SpattnArgumentReal,
  /* For i64 and index. */
  SpattnArgumentInteger
} SpattnArgumentKind;

/* What a call passes, of the kind that goes before: the address of the first
   element, in memory of the host or of the GPU; a number. */
typedef union SpattnValue {
  void *data;
  double real;
  int64_t integer;
} SpattnValue;

/* An argument. */
typedef struct SpattnArgument {
  SpattnArgumentKind kind;
  SpattnValue value;
  /* The rest is for buffers only. */
  SpattnElementType element;
  uint32_t rank;
  const int64_t *sizes;
  /* In elements. Null: contiguous, row by row. */
  const int64_t *strides;
} SpattnArgument;

/* Where a kernel for a GPU runs; those for the CPU don't look at it. Zeros are
   the default stream, and device 0. */
typedef struct SpattnLaunchOptions {
  /* A CUstream, which a cudaStream_t is. */
  void *stream;
  /* The device where the calling thread has no current CUDA context. */
  int32_t device;
  /* Don't ask the driver whether buffers are memory of the device. A kernel
     that touches other memory takes the CUDA context with it. */
  bool trustAddresses;
} SpattnLaunchOptions;

/* Runs a kernel. One for the CPU has run when this returns; one for a GPU is in
   the stream. Everything is checked: the number of arguments, element types,
   ranks, sizes, strides, alignment. `options` may be null. */
SPATTN_C_EXPORT SpattnStatus
spattnKernelLaunch(SpattnKernel kernel, const SpattnArgument *arguments,
                   size_t numArguments, const SpattnLaunchOptions *options);

/*===-- The fast path -----------------------------------------------------===*/

/* A kernel with the types, sizes and strides of its arguments, checked and laid
   out once, so that each run only fills in addresses and numbers. Thread-safe,
   too, and reusable for other addresses. On a GPU it belongs to the CUDA
   context that was current, or else the primary one of the device. */
typedef struct SpattnCallImpl *SpattnCall;

/* Prepares a call; on a GPU this loads the code. Values are not looked at, nor
   is the stream. */
SPATTN_C_EXPORT SpattnStatus spattnCallCreate(
    SpattnKernel kernel, const SpattnArgument *arguments, size_t numArguments,
    const SpattnLaunchOptions *options, SpattnCall *call);
SPATTN_C_EXPORT void spattnCallDestroy(SpattnCall call);

/* Bytes of device memory that a run needs beside its arguments, and what their
   address has to be a multiple of; 0 and 1 for none. */
SPATTN_C_EXPORT size_t spattnCallGetScratchBytes(SpattnCall call);
SPATTN_C_EXPORT size_t spattnCallGetScratchAlignment(SpattnCall call);

/* Runs it with a value for each argument. `scratch` is memory that the work of
   `stream` may use from here on to the end of the kernel; null: memory that is
   allocated and freed in the order of the stream, which takes more time. */
SPATTN_C_EXPORT SpattnStatus spattnCallRun(SpattnCall call,
                                           const SpattnValue *values,
                                           void *scratch, void *stream);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_LAUNCH_H */
