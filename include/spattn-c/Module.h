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

/* An MLIR module, in memory of its own. Calls for one module may come from many
   threads, and wait for each other; those for two modules do not. */
typedef struct SpattnModuleImpl *SpattnModule;

/* Reads text or bytecode, and verifies it. `name` stands for the file in
   locations; null: "-". `handler` may be null here and below. */
SPATTN_C_EXPORT SpattnStatus spattnModuleParse(
    SpattnContext context, const char *data, size_t size, const char *name,
    const SpattnDiagnosticHandler *handler, SpattnModule *module);

SPATTN_C_EXPORT SpattnStatus spattnModuleClone(SpattnModule module,
                                               SpattnModule *clone);
SPATTN_C_EXPORT void spattnModuleDestroy(SpattnModule module);

SPATTN_C_EXPORT SpattnStatus
spattnModuleVerify(SpattnModule module, const SpattnDiagnosticHandler *handler);

/* To be united with |. */
typedef enum SpattnPrintFlags {
  SpattnPrintDefault = 0,
  /* The form that needs no dialect. */
  SpattnPrintGeneric = 1,
  /* With locations. */
  SpattnPrintLocations = 2
} SpattnPrintFlags;

SPATTN_C_EXPORT SpattnStatus spattnModulePrint(SpattnModule module,
                                               uint32_t flags,
                                               SpattnString *text);
SPATTN_C_EXPORT SpattnStatus spattnModuleWriteBytecode(SpattnModule module,
                                                       SpattnString *bytes);

/* Runs passes, as text: "builtin.module(spattn-cpu-loops{query-tile=32})", or
   without "builtin.module(" and ")". If one fails, the module stays as it left
   it, which need not be valid. */
SPATTN_C_EXPORT SpattnStatus
spattnModuleRunPipeline(SpattnModule module, const char *pipeline,
                        const SpattnDiagnosticHandler *handler);

/* The functions of the module, of whatever dialect, in order. */
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
