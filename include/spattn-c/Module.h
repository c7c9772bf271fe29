/*===- spattn-c/Module.h - IR: parse, print, run passes -----------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_MODULE_H
#define SPATTN_C_MODULE_H

#include "spattn-c/Context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An MLIR module with its own MLIRContext. Thread-safe: concurrent calls for
   one module are serialized, and calls for different modules run in
   parallel. */
typedef struct SpattnModuleImpl *SpattnModule;

/* Parses and verifies text or bytecode. `name` is the file name in locations;
   null: "-". `handler` may be null here and below. */
SPATTN_C_EXPORT SpattnStatus spattnModuleParse(
    SpattnContext context, const char *data, size_t size, const char *name,
    const SpattnDiagnosticHandler *handler, SpattnModule *module);

SPATTN_C_EXPORT SpattnStatus spattnModuleClone(SpattnModule module,
                                               SpattnModule *clone);
SPATTN_C_EXPORT void spattnModuleDestroy(SpattnModule module);

SPATTN_C_EXPORT SpattnStatus
spattnModuleVerify(SpattnModule module, const SpattnDiagnosticHandler *handler);

/* Combine with |. */
typedef enum SpattnPrintFlags {
  SpattnPrintDefault = 0,
  /* Use the generic form of operations. */
  SpattnPrintGeneric = 1,
  /* Print locations. */
  SpattnPrintLocations = 2
} SpattnPrintFlags;

SPATTN_C_EXPORT SpattnStatus spattnModulePrint(SpattnModule module,
                                               uint32_t flags,
                                               SpattnString *text);
SPATTN_C_EXPORT SpattnStatus spattnModuleWriteBytecode(SpattnModule module,
                                                       SpattnString *bytes);

/* Runs a textual pass pipeline such as
   "builtin.module(spattn-cpu-loops{query-tile=32})"; "builtin.module(...)" is
   optional. If a pass fails, the module may be left in an invalid state. */
SPATTN_C_EXPORT SpattnStatus
spattnModuleRunPipeline(SpattnModule module, const char *pipeline,
                        const SpattnDiagnosticHandler *handler);

/* The functions of the module, of any dialect, in order. */
SPATTN_C_EXPORT size_t spattnModuleGetNumFunctions(SpattnModule module);
/* Stores the name of a function. */
SPATTN_C_EXPORT SpattnStatus spattnModuleGetFunctionName(SpattnModule module,
                                                         size_t index,
                                                         SpattnString *name);

/* Translates a module in the LLVM dialect to LLVM IR. */
SPATTN_C_EXPORT SpattnStatus spattnModuleEmitLLVMIR(
    SpattnModule module, const SpattnDiagnosticHandler *handler,
    SpattnString *text);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_MODULE_H */
