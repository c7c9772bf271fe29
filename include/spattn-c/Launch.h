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

/* The value of an argument, according to its kind: the address of a buffer's
   first element, in host or GPU memory, or a number. */
typedef union SpattnValue {
  void *data;
  double real;
  int64_t integer;
} SpattnValue;

/* An argument of a launch. */
typedef struct SpattnArgument {
  SpattnArgumentKind kind;
  SpattnValue value;
  /* The following fields are for buffers only. */
  SpattnElementType element;
  uint32_t rank;
  const int64_t *sizes;
  /* In elements. Null: contiguous, row-major. */
  const int64_t *strides;
} SpattnArgument;

/* Where a GPU kernel runs; ignored for CPU kernels. Zeros select the default
   stream and device 0. */
typedef struct SpattnLaunchOptions {
  /* A CUstream or cudaStream_t. */
  void *stream;
  /* The device to use if the calling thread has no current CUDA context. */
  int32_t device;
  /* Skip asking the driver whether buffers are device memory. A kernel that
     accesses other memory corrupts the CUDA context. */
  bool trustAddresses;
} SpattnLaunchOptions;

/* Launches a kernel. A CPU kernel has finished when this returns; a GPU kernel
   is asynchronous, on the stream. All arguments are checked: their number,
   element types, ranks, sizes, strides, alignment. `options` may be null. */
SPATTN_C_EXPORT SpattnStatus
spattnKernelLaunch(SpattnKernel kernel, const SpattnArgument *arguments,
                   size_t numArguments, const SpattnLaunchOptions *options);

/*===-- The fast path -----------------------------------------------------===*/

/* A prepared launch. The types, sizes and strides of its arguments are checked
   and packed once; each run fills in only addresses and numbers. Thread-safe.
   On a GPU it belongs to the CUDA context that was current at creation, or else
   to the device's primary context. */
typedef struct SpattnCallImpl *SpattnCall;

/* Prepares a call; on a GPU this loads the code. Ignores the values and the
   stream. */
SPATTN_C_EXPORT SpattnStatus spattnCallCreate(
    SpattnKernel kernel, const SpattnArgument *arguments, size_t numArguments,
    const SpattnLaunchOptions *options, SpattnCall *call);
SPATTN_C_EXPORT void spattnCallDestroy(SpattnCall call);

/* The size and the alignment, in bytes, of the scratch buffer that a run needs;
   0 and 1 if it needs none. */
SPATTN_C_EXPORT size_t spattnCallGetScratchBytes(SpattnCall call);
SPATTN_C_EXPORT size_t spattnCallGetScratchAlignment(SpattnCall call);

/* Runs the call with a value for each argument. `scratch` is a buffer that the
   kernel may use, in stream order, until it ends. Null: a buffer is allocated
   and freed in stream order, which is slower. */
SPATTN_C_EXPORT SpattnStatus spattnCallRun(SpattnCall call,
                                           const SpattnValue *values,
                                           void *scratch, void *stream);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_LAUNCH_H */
