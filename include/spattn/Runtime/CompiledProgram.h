/*===- CompiledProgram.h - What compiled programs call ------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|*===----------------------------------------------------------------------===*|
|*                                                                            *|
|* The C functions of the runtime. A program that spattn-gpu-program has      *|
|* compiled calls spattn_launch, and memrefCopy, where attention stood; what  *|
|* links it sets how errors and streams are handled. No MLIR, no LLVM, no     *|
|* CUDA: the driver is opened when the first kernel is launched.              *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_RUNTIME_COMPILEDPROGRAM_H
#define SPATTN_RUNTIME_COMPILEDPROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The kernels of one attention, or of its gradients, in a program.
struct SpattnKernels {
  /// For messages.
  const char *name;
  /// The names of the buffers of a launch, then those of its values, each ended
  /// by a NUL.
  const char *names;
  int64_t numBuffers;
  int64_t numValues;
  /// An artifact (runtime::Artifact::serialize), which lives as long as this.
  const void *artifact;
  int64_t artifactBytes;
  /// The runtime's; null at first. It is kept until spattn_unload.
  void *state;
};

/// Types of elements. The numbers are those of runtime::ElementType.
enum SpattnElementType {
  SPATTN_I8,
  SPATTN_I16,
  SPATTN_I32,
  SPATTN_I64,
  SPATTN_F16,
  SPATTN_BF16,
  SPATTN_F32,
  SPATTN_F64
};

/// An array, of the host, of the device or managed.
struct SpattnBuffer {
  /// The first element.
  void *data;
  /// A SpattnElementType.
  int64_t elementType;
  int64_t rank;
  /// `rank` of each. Strides are in elements.
  const int64_t *sizes;
  const int64_t *strides;
};

struct SpattnValue {
  /// Which of the two it is: 0 or 1.
  int64_t isReal;
  union {
    int64_t integer;
    double real;
  } value;
};

/// Runs kernels. Returns 0, or 1 after an error of which the error handler has
/// been told. Thread-safe.
///
/// They run in the calling thread's current CUDA context or, without one, in
/// the primary context of device 0. The CUDA driver is the library that the
/// environment variable SPATTN_CUDA_DRIVER names, else libcuda.so.1.
/// Arrays in memory of the host are copied to the device for this launch and,
/// if kernels write them, back; those in memory of a device, and managed ones,
/// are used where they are. See spattn_set_stream for what has happened when
/// the function returns.
int32_t spattn_launch(struct SpattnKernels *kernels,
                      const struct SpattnBuffer *buffers,
                      const struct SpattnValue *values);

/// Forgets what launches of these kernels have loaded, for a program that is
/// itself unloaded. No thread may be launching them.
void spattn_unload(struct SpattnKernels *kernels);

/// Is told of errors. The message is lower case, without "error:", and is gone
/// when the handler returns. If it returns, the program goes on with
/// destinations that hold anything.
typedef void (*SpattnErrorHandler)(const char *message, void *context);

/// Sets the handler for all threads. The default, which a null pointer brings
/// back, prints the message to stderr and ends the process with status 1.
void spattn_set_error_handler(SpattnErrorHandler handler, void *context);

/// Sets the stream (a CUstream) for launches of the calling thread from now on.
/// With `waits` other than 0, which is the default, with the default stream, a
/// launch returns when its results are there. With 0 it returns when it is in
/// the stream, unless arrays were copied.
void spattn_set_stream(void *stream, int32_t waits);

#ifdef __cplusplus
}
#endif

#endif
