/*===- program.c - Calls a program that was compiled before ------------------===*\
|*
|* Part of the spattn project, under the Apache License v2.0 with LLVM
|* Exceptions. See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "spattn/Runtime/CompiledProgram.h"

#include <stdio.h>
#include <stdlib.h>

/* A memref of rank 4, as MLIR passes it to C. */
struct Array {
  uint16_t *allocated, *aligned;
  int64_t offset, sizes[4], strides[4];
};

void _mlir_ciface_program(struct Array *x, struct Array *y, struct Array *out);

static uint16_t memory[3][2 * 100 * 64];

/* Without a handler, an error ends the process. */
static void onError(const char *message, void *context) {
  printf("no attention today: %s\n", message);
  exit(*(int *)context);
}

int main(void) {
  int status = 3;
  spattn_set_error_handler(onError, &status);
  struct Array arrays[3];
  for (int i = 0; i < 3; ++i)
    arrays[i] = (struct Array){
        memory[i], memory[i], 0, {1, 2, 100, 64}, {12800, 6400, 64, 1}};
  _mlir_ciface_program(&arrays[0], &arrays[1], &arrays[2]);
  printf("done\n");
  return 0;
}
