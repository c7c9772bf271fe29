/*===- Check.h - What tests in C share ----------------------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_TEST_CAPI_CHECK_H
#define SPATTN_TEST_CAPI_CHECK_H

#include "spattn-c/Spattn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void checkFailed(const char *what, int line) {
  fprintf(stderr, "line %d: %s\n", line, what);
  exit(1);
}

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition))                                                          \
      checkFailed("expected " #condition, __LINE__);                           \
  } while (0)

static inline void checkOk(SpattnStatus status, int line) {
  if (status)
    checkFailed(spattnStatusGetMessage(status), line);
}

/* Expects success. */
#define OK(call) checkOk(call, __LINE__)

static inline void checkFails(SpattnStatus status, SpattnStatusCode code,
                              const char *part, int line) {
  const char *message = spattnStatusGetMessage(status);
  if (!status)
    checkFailed("expected an error", line);
  if (spattnStatusGetCode(status) != code || !strstr(message, part)) {
    fprintf(stderr, "line %d: expected '%s' of code %d, got '%s' of code %d\n",
            line, part, (int)code, message, (int)spattnStatusGetCode(status));
    exit(1);
  }
  spattnStatusDestroy(status);
}

/* Expects an error of a code, with a message that holds a text. */
#define FAILS(code, part, call)                                                \
  checkFails(call, SpattnStatus##code, part, __LINE__)

static inline SpattnModule parse(SpattnContext context, const char *source) {
  SpattnModule module;
  OK(spattnModuleParse(context, source, strlen(source), "test.mlir", NULL,
                       &module));
  return module;
}

static inline SpattnContext makeContext(void) {
  SpattnContextOptions options = {0};
  SpattnContext context;
  options.threads = 2;
  OK(spattnContextCreate(&options, &context));
  return context;
}

/* A contiguous buffer of rank 4. */
static inline SpattnArgument buffer(SpattnElementType element, void *data,
                                    const int64_t *sizes) {
  SpattnArgument argument = {0};
  argument.kind = SpattnArgumentBuffer;
  argument.element = element;
  argument.value.data = data;
  argument.rank = 4;
  argument.sizes = sizes;
  return argument;
}

#endif /* SPATTN_TEST_CAPI_CHECK_H */
