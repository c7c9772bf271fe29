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

/* The dialects and passes, and the resources to compile and run kernels: a
   thread pool, a kernel cache, ptxas, the driver. Thread-safe. Two contexts
   share nothing. Modules and kernels keep their context's resources alive, so
   the context may be destroyed before them. */
typedef struct SpattnContextImpl *SpattnContext;

/* Zero-initialized fields select the defaults. */
typedef struct SpattnContextOptions {
  /* For options that are not set here, read the environment variables of
     spattn's tools (SPATTN_NUM_THREADS, SPATTN_CACHE_DIR, SPATTN_PTXAS and
     SPATTN_CUDA_DRIVER), and search for ptxas as the tools do. If false, the
     environment is not read. */
  bool useEnvironment;
  /* Threads of the CPU thread pool, 1 to 1024; 0: one per core. */
  uint32_t threads;
  /* Folder of the cache of GPU kernels. Null: none, or that of the environment.
     Empty: none, whatever the environment says. */
  const char *cacheFolder;
  /* Path of NVIDIA's assembler. It is an error if it does not work. */
  const char *ptxas;
  /* If `ptxas` is null, the first working candidate is used. These are tried
     before the ones found by a search. Without ptxas, the driver compiles
     PTX. */
  const char *const *ptxasCandidates;
  size_t numPtxasCandidates;
  /* The CUDA driver library; null: libcuda.so.1. */
  const char *driver;
} SpattnContextOptions;

/* Creates a context. `options` may be null. */
SPATTN_C_EXPORT SpattnStatus spattnContextCreate(
    const SpattnContextOptions *options, SpattnContext *context);
SPATTN_C_EXPORT void spattnContextDestroy(SpattnContext context);

/* Describes invalid environment variables, which were ignored; else empty. */
SPATTN_C_EXPORT const char *spattnContextGetWarning(SpattnContext context);

/* The number of threads of the thread pool, at least 1; 0 for null. */
SPATTN_C_EXPORT uint32_t spattnContextGetNumThreads(SpattnContext context);

/*===-- Installed components ----------------------------------------------===*/

/* Each of the following fails if the component is missing. The error says where
   it was searched for. */

typedef struct SpattnDriverInfo {
  /* The newest CUDA version that the driver supports: 12080 is 12.8. */
  int32_t version;
  int32_t numDevices;
} SpattnDriverInfo;

/* Opens the driver on the first call. */
SPATTN_C_EXPORT SpattnStatus spattnContextGetDriver(SpattnContext context,
                                                    SpattnDriverInfo *driver);

typedef struct SpattnDeviceInfo {
  char name[256];
  /* The architecture to compile for, such as "sm_90a"; empty if spattn does not
     support the device. */
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
  /* Releases this old may miscompile, and are not used for sm_90a. */
  bool isTooOld;
} SpattnPtxasInfo;

/* Runs the candidates to get their versions. */
SPATTN_C_EXPORT SpattnStatus spattnContextGetPtxas(SpattnContext context,
                                                   SpattnPtxasInfo *ptxas);

typedef struct SpattnCacheInfo {
  char folder[4096];
  /* Lookups that hit in memory or on disk, and compilations after a miss. */
  uint64_t memoryHits, diskHits, compiles;
  /* Invalid files, and failed writes. */
  uint64_t rejected, writeFailures;
} SpattnCacheInfo;

/* Fails if there is no cache folder, or if it cannot be created or written to.
   The counters are stored even then. */
SPATTN_C_EXPORT SpattnStatus spattnContextGetCache(SpattnContext context,
                                                   SpattnCacheInfo *cache);

/* The host's architecture, such as "x86_64, AVX-512". */
SPATTN_C_EXPORT const char *spattnGetHostName(void);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_CONTEXT_H */
