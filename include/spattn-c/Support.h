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

/* Conventions of the C API. A handle is a pointer to an object of the library;
   spattnXxxDestroy frees it and accepts null. Functions store their result
   through their last argument; on failure they store null or zeros. Invalid
   arguments, including unexpected nulls, return an error. Strings are UTF-8. A
   returned `const char *` lives as long as the object that it was obtained
   from. */

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

/*===-- Strings -----------------------------------------------------------===*/

/* Text or bytes that a function has stored and that the caller owns. They are
   followed by a zero byte, which `size` does not count. */
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

/* A message about a location in the IR. */
typedef struct SpattnDiagnostic {
  SpattnSeverity severity;
  /* Empty and 0 without a location. Lines and columns count from 1. */
  const char *file;
  uint32_t line, column;
  const char *message;
  size_t numNotes;
  const struct SpattnDiagnostic *notes;
} SpattnDiagnostic;

/* Receives a diagnostic, which lives until the callback returns. It runs on the
   thread that called the library, and must not use the module in use. */
typedef void (*SpattnDiagnosticCallback)(const SpattnDiagnostic *diagnostic,
                                         void *userData);

/* Receives diagnostics of all severities; the status also contains the
   errors. */
typedef struct SpattnDiagnosticHandler {
  SpattnDiagnosticCallback callback;
  void *userData;
} SpattnDiagnosticHandler;

/*===-- Errors ------------------------------------------------------------===*/

/* The result of a call: null on success, otherwise an error that the caller
   must destroy. */
typedef struct SpattnStatusImpl *SpattnStatus;

/* Kinds of errors. */
typedef enum SpattnStatusCode {
  SpattnStatusSuccess,
  /* An invalid argument: a null, an index, a size, a type, an option. */
  SpattnStatusInvalidArgument,
  /* Text, bytecode or an artifact cannot be parsed, or the IR is invalid. */
  SpattnStatusInvalidInput,
  /* A pass or the compiler failed. */
  SpattnStatusCompileError,
  /* A required driver, GPU, ptxas or file is missing. */
  SpattnStatusUnavailable,
  /* The driver returned an error; see spattnStatusGetDriverCode. */
  SpattnStatusDriverError,
  /* Out of memory, or another error that the caller did not cause. */
  SpattnStatusInternal
} SpattnStatusCode;

SPATTN_C_EXPORT SpattnStatusCode spattnStatusGetCode(SpattnStatus status);

/* The error message, with the prefix "file:line:column: " if there is a
   location. Empty for success. */
SPATTN_C_EXPORT const char *spattnStatusGetMessage(SpattnStatus status);

/* The CUDA driver's error code; 0 if the error is not a driver error. */
SPATTN_C_EXPORT int spattnStatusGetDriverCode(SpattnStatus status);

/* The errors that were reported, in order. */
SPATTN_C_EXPORT size_t spattnStatusGetNumDiagnostics(SpattnStatus status);
/* Null if the index is out of range. */
SPATTN_C_EXPORT const SpattnDiagnostic *
spattnStatusGetDiagnostic(SpattnStatus status, size_t index);

SPATTN_C_EXPORT void spattnStatusDestroy(SpattnStatus status);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_SUPPORT_H */
