/*===- spattn-c/Support.h - Errors, texts and versions ------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_SUPPORT_H
#define SPATTN_C_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The C API. A handle is a pointer to something that the library owns, with a
   function spattnXxxDestroy that takes null, too. What a function makes it
   stores through its last argument, where it stores null or zeros if it fails.
   Arguments that are null where that has no meaning are an error, and so is
   whatever else a caller can get wrong. Texts are UTF-8. What a function
   returns as `const char *` lives as long as what it was asked of. */

#if defined(_WIN32)
#define SPATTN_C_EXPORT
#else
#define SPATTN_C_EXPORT __attribute__((visibility("default")))
#endif

/*===-- Versions ----------------------------------------------------------===*/

/* "0.1.0" */
SPATTN_C_EXPORT const char *spattnGetVersion(void);

/* "spattn 0.1.0, LLVM 22.1.8" */
SPATTN_C_EXPORT const char *spattnGetCompilerVersion(void);

/*===-- Texts -------------------------------------------------------------===*/

/* Text or bytes of the caller's, once a function has stored them. A zero byte
   follows that `size` does not count. */
typedef struct SpattnString {
  char *data;
  size_t size;
} SpattnString;

/* Frees the bytes, and sets both members to 0. */
SPATTN_C_EXPORT void spattnStringDestroy(SpattnString *string);

/*===-- Diagnostics -------------------------------------------------------===*/

typedef enum SpattnSeverity {
  SpattnSeverityNote,
  SpattnSeverityWarning,
  SpattnSeverityError,
  SpattnSeverityRemark
} SpattnSeverity;

/* What was said of a place in IR. */
typedef struct SpattnDiagnostic {
  SpattnSeverity severity;
  /* Empty, and 0, where there is no place. Both count from 1. */
  const char *file;
  uint32_t line, column;
  const char *message;
  size_t numNotes;
  const struct SpattnDiagnostic *notes;
} SpattnDiagnostic;

/* Hears of a diagnostic, which lives as long as the call, on the thread that
   called the library. It must not use the module that is being worked on. */
typedef void (*SpattnDiagnosticCallback)(const SpattnDiagnostic *diagnostic,
                                         void *userData);

/* Who hears of diagnostics of all severities; errors are in the status, too. */
typedef struct SpattnDiagnosticHandler {
  SpattnDiagnosticCallback callback;
  void *userData;
} SpattnDiagnosticHandler;

/*===-- Errors ------------------------------------------------------------===*/

/* The outcome of a call: null for success, else an error of the caller's, who
   destroys it. */
typedef struct SpattnStatusImpl *SpattnStatus;

/* What kind of error. */
typedef enum SpattnStatusCode {
  SpattnStatusSuccess,
  /* The call itself is wrong: null, an index, a size, a type, an option. */
  SpattnStatusInvalidArgument,
  /* Text, bytecode or an artifact cannot be read, or IR is not valid. */
  SpattnStatusInvalidInput,
  /* A pass or the compiler refused what it was given, and says why. */
  SpattnStatusCompileError,
  /* No driver, GPU, ptxas or file, and the call needs one. */
  SpattnStatusUnavailable,
  /* The driver refused; see spattnStatusGetDriverCode. */
  SpattnStatusDriverError,
  /* Memory ran out, or something else that the caller cannot help. */
  SpattnStatusInternal
} SpattnStatusCode;

SPATTN_C_EXPORT SpattnStatusCode spattnStatusGetCode(SpattnStatus status);

/* What went wrong, with "file:line:column: " in front where there is a place.
   Empty for success. */
SPATTN_C_EXPORT const char *spattnStatusGetMessage(SpattnStatus status);

/* The CUDA driver's error number; 0 if the error is not one of the driver's. */
SPATTN_C_EXPORT int spattnStatusGetDriverCode(SpattnStatus status);

/* The errors that were reported, in order. */
SPATTN_C_EXPORT size_t spattnStatusGetNumDiagnostics(SpattnStatus status);
/* Null if there is none of that number. */
SPATTN_C_EXPORT const SpattnDiagnostic *
spattnStatusGetDiagnostic(SpattnStatus status, size_t index);

SPATTN_C_EXPORT void spattnStatusDestroy(SpattnStatus status);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_SUPPORT_H */
