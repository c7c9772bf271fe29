/*===- program.c - Calls what program.mlir is compiled to --------------------===*\
|*
|* Part of the spattn project, under the Apache License v2.0 with LLVM
|* Exceptions. See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A memref of rank 4, as MLIR passes it to C. */
struct Array {
  float *allocated, *aligned;
  int64_t offset, sizes[4], strides[4];
};

void _mlir_ciface_layers(struct Array *x, int64_t steps, float scale,
                         struct Array *out);
void _mlir_ciface_gradient(struct Array *x, struct Array *out);

static struct Array make(float *data, int64_t length) {
  struct Array array = {data, data, 0, {1, 4, length, 64}, {0}};
  array.strides[3] = 1;
  array.strides[2] = 64;
  array.strides[1] = 64 * length;
  array.strides[0] = 4 * 64 * length;
  return array;
}

/* program LENGTH STEPS SCALE IN OUT: reads 4 x LENGTH x 64 floats, and writes as
   many; of the layers, or with 0 steps of the gradient. */
int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: program LENGTH STEPS SCALE IN OUT\n");
    return 2;
  }
  int64_t length = atoll(argv[1]), steps = atoll(argv[2]);
  size_t count = (size_t)(4 * 64 * length);
  float *in = calloc(count + 1, sizeof(float));
  float *out = calloc(count + 1, sizeof(float));
  FILE *file = fopen(argv[4], "rb");
  if (!file || fread(in, sizeof(float), count, file) != count) {
    fprintf(stderr, "cannot read %s\n", argv[4]);
    return 2;
  }
  fclose(file);
  struct Array x = make(in, length), y = make(out, length);
  if (steps > 0)
    _mlir_ciface_layers(&x, steps, (float)atof(argv[3]), &y);
  else
    _mlir_ciface_gradient(&x, &y);
  file = fopen(argv[5], "wb");
  if (!file || fwrite(out, sizeof(float), count, file) != count ||
      fclose(file) != 0) {
    fprintf(stderr, "cannot write %s\n", argv[5]);
    return 2;
  }
  free(in);
  free(out);
  return 0;
}
