/* The library loads without showing its symbols to others, into a program that
   has no mathematics of the C library, and what it compiles finds that still.

   RUN: %cc -std=c99 -Wall -Wextra -Werror %s -I %spattn_root/include -o %t
   RUN: %t %libspattn_c
*/

#include "spattn-c/Spattn.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char source[] =
    "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
    "  %y = math.exp %x : tensor<4xf32>\n"
    "  %z = math.log1p %y : tensor<4xf32>\n"
    "  %h = arith.truncf %z : tensor<4xf32> to tensor<4xbf16>\n"
    "  %w = arith.extf %h : tensor<4xbf16> to tensor<4xf32>\n"
    "  return %w : tensor<4xf32>\n"
    "}\n";

static int check(void *library, SpattnStatus status) {
  const char *(*getMessage)(SpattnStatus);
  if (!status)
    return 0;
  *(void **)&getMessage = dlsym(library, "spattnStatusGetMessage");
  fprintf(stderr, "%s\n", getMessage(status));
  return 1;
}

#define FIND(name)                                                             \
  __typeof__(&name) name##Here;                                                \
  *(void **)&name##Here = dlsym(library, #name);                               \
  if (!name##Here)                                                             \
  return 2

int main(int argc, char **argv) {
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 3;
  }
  FIND(spattnContextCreate);
  FIND(spattnModuleParse);
  FIND(spattnKernelCompileCpu);
  FIND(spattnKernelLaunch);
  SpattnContext context;
  SpattnModule module;
  SpattnKernel kernel;
  if (check(library, spattnContextCreateHere(NULL, &context)) ||
      check(library, spattnModuleParseHere(context, source, strlen(source),
                                           NULL, NULL, &module)) ||
      check(library,
            spattnKernelCompileCpuHere(module, "f", NULL, NULL, &kernel)))
    return 1;
  float in[] = {0, 0, 0, 1}, out[4] = {7, 7, 7, 7};
  int64_t size = 4;
  SpattnArgument arguments[2] = {{0}};
  for (int i = 0; i < 2; ++i) {
    arguments[i].element = SpattnElementF32;
    arguments[i].rank = 1;
    arguments[i].sizes = &size;
  }
  arguments[0].value.data = in;
  arguments[1].value.data = out;
  if (check(library, spattnKernelLaunchHere(kernel, arguments, 2, NULL)))
    return 1;
  /* log(1 + exp(x)), rounded to 8 bits. */
  return out[0] == 0.69140625f && out[3] == 1.3125f ? 0 : 4;
}
