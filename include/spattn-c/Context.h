/*===- spattn-c/Context.h - What kernels share --------------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_CONTEXT_H
#define SPATTN_C_CONTEXT_H

#include "spattn-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The dialects and passes, and what kernels are compiled and run with: a thread
   pool, a cache, ptxas, the driver. Thread-safe. Two contexts share nothing.
   Modules and kernels hold on to theirs: it may be destroyed before them. */
typedef struct SpattnContextImpl *SpattnContext;

/* Zeros are the defaults. */
typedef struct SpattnContextOptions {
  /* Read what is not given here from the environment variables of spattn's
     tools: SPATTN_NUM_THREADS, SPATTN_CACHE_DIR, SPATTN_PTXAS and
     SPATTN_CUDA_DRIVER, and look for ptxas where those do. Otherwise no
     variable is read. */
  bool useEnvironment;
  /* Threads that run a loop on the CPU, 1 to 1024; 0: one a core. */
  uint32_t threads;
  /* The folder that keeps compiled kernels for GPUs. Null, or an empty text,
     which no variable replaces: none. */
  const char *cacheFolder;
  /* NVIDIA's assembler, which has to work. */
  const char *ptxas;
  /* Without that, the first of these that works is taken; they come ahead of
     those that are found. Without any, PTX is left to the driver. */
  const char *const *ptxasCandidates;
  size_t numPtxasCandidates;
  /* The library of the CUDA driver; null: libcuda.so.1. */
  const char *driver;
} SpattnContextOptions;

/* A context; `options` may be null. */
SPATTN_C_EXPORT SpattnStatus spattnContextCreate(
    const SpattnContextOptions *options, SpattnContext *context);
SPATTN_C_EXPORT void spattnContextDestroy(SpattnContext context);

/* What of the environment could not be used; empty if nothing. */
SPATTN_C_EXPORT const char *spattnContextGetWarning(SpattnContext context);

/* The threads that run a loop, at least 1; 0 for null. */
SPATTN_C_EXPORT uint32_t spattnContextGetNumThreads(SpattnContext context);

/*===-- What there is -----------------------------------------------------===*/

/* Each of the following fails if there is no such thing, and says where it was
   looked for. */

typedef struct SpattnDriverInfo {
  /* The newest CUDA that the driver supports: 12080 is 12.8. */
  int32_t version;
  int32_t numDevices;
} SpattnDriverInfo;

/* Opens the driver, unless that has happened. */
SPATTN_C_EXPORT SpattnStatus spattnContextGetDriver(SpattnContext context,
                                                    SpattnDriverInfo *driver);

typedef struct SpattnDeviceInfo {
  char name[256];
  /* The architecture to compile for, such as "sm_90a"; empty if there are no
     kernels for the device. */
  char chip[32];
  /* Compute capability. */
  int32_t major, minor;
  int32_t multiprocessors;
  int32_t clockKHz, memoryClockKHz, memoryBusBits;
  int64_t memoryBytes, l2Bytes;
} SpattnDeviceInfo;

SPATTN_C_EXPORT SpattnStatus spattnContextGetDevice(SpattnContext context,
                                                    int32_t ordinal,
                                                    SpattnDeviceInfo *device);

typedef struct SpattnPtxasInfo {
  char path[4096];
  /* "13.5.37" */
  char version[32];
  /* Code of releases this old may be wrong: they are not used for sm_90a. */
  bool isTooOld;
} SpattnPtxasInfo;

/* Runs the candidates for their versions. */
SPATTN_C_EXPORT SpattnStatus spattnContextGetPtxas(SpattnContext context,
                                                   SpattnPtxasInfo *ptxas);

typedef struct SpattnCacheInfo {
  char folder[4096];
  /* Kernels that came from memory or the folder, and that were compiled. */
  uint64_t memoryHits, diskHits, compiles;
  /* Files that were there but could not be used, or could not be written. */
  uint64_t rejected, writeFailures;
} SpattnCacheInfo;

/* Fails, with the numbers stored nonetheless, if there is no folder, or it can
   neither be written to nor be made. */
SPATTN_C_EXPORT SpattnStatus spattnContextGetCache(SpattnContext context,
                                                   SpattnCacheInfo *cache);

/* The architecture of the host: "x86_64, AVX-512". */
SPATTN_C_EXPORT const char *spattnGetHostName(void);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_CONTEXT_H */
