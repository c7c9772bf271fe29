#include "spattn-c/Spattn.h"

#include <stdio.h>
#include <string.h>

static const char source[] =
    "!t = tensor<?x2x?x4xf32>\n"
    "func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {\n"
    "  %r = spattn.attention structure(#spattn.partition<exclusive>)\n"
    "         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)\n"
    "  return %r : !t\n"
    "}\n";

enum { heads = 2, length = 8, dim = 4 };

/* Prints and destroys an error. */
static int fail(SpattnStatus status) {
  fprintf(stderr, "%s\n", spattnStatusGetMessage(status));
  spattnStatusDestroy(status);
  return 1;
}

int main(void) {
  SpattnContextOptions options = {0};
  options.useEnvironment = true; /* threads, cache, ptxas, driver */
  SpattnContext context;
  SpattnStatus status = spattnContextCreate(&options, &context);
  if (status)
    return fail(status);
  SpattnModule module;
  status = spattnModuleParse(context, source, strlen(source), "bands.mlir",
                             NULL, &module);
  if (status)
    return fail(status);
  SpattnKernel kernel;
  status = spattnKernelCompileCpu(module, "bands", NULL, NULL, &kernel);
  if (status)
    return fail(status);

  /* With equal queries and keys every key weighs the same. */
  static float qk[heads * length * dim], v[heads * length * dim],
      out[heads * length * dim];
  for (int i = 0; i < heads * length * dim; ++i)
    v[i] = (float)(i / dim % length);
  const int64_t sizes[] = {1, heads, length, dim};
  float *data[] = {qk, qk, v, out};
  SpattnArgument arguments[4] = {{0}};
  SpattnValue values[4];
  for (int i = 0; i < 4; ++i) {
    arguments[i].kind = SpattnArgumentBuffer;
    arguments[i].element = SpattnElementF32;
    arguments[i].rank = 4;
    arguments[i].sizes = sizes;
    arguments[i].value.data = values[i].data = data[i];
  }
  /* Checks all arguments and runs the kernel. */
  status = spattnKernelLaunch(kernel, arguments, 4, NULL);
  if (status)
    return fail(status);
  /* For repeated calls: checks sizes once, then runs with any addresses. */
  SpattnCall call;
  status = spattnCallCreate(kernel, arguments, 4, NULL, &call);
  if (status)
    return fail(status);
  status = spattnCallRun(call, values, NULL, NULL);
  if (status)
    return fail(status);
  printf("query 7: %g\n", out[(length + 7) * dim]);
  spattnCallDestroy(call);
  spattnKernelDestroy(kernel);
  spattnModuleDestroy(module);
  spattnContextDestroy(context);
  return 0;
}
