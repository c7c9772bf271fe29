/* Kernels for sm_90a: compiled, kept and loaded without a GPU, and launched on
   the tests' driver, which records launches.

   RUN: rm -rf %t.folder
   RUN: %build && env FAKE_CUDA_KERNEL=bands FAKE_CUDA_VERSION=13000 \
   RUN:   FAKE_CUDA_LOG=%t.log %t %fake_cuda %t.folder
   RUN: FileCheck %s --input-file=%t.log

   CHECK-COUNT-3: launch bands
*/

#include "Check.h"

#include <dlfcn.h>

static const char source[] =
    "!t = tensor<?x4x?x64xbf16>\n"
    "func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t, %s: f32) -> !t {\n"
    "  %r = spattn.attention structure(#spattn.partition<exclusive>)\n"
    "         ins(%q, %k, %v : !t, !t, !t) scale(%s) outs(%o : !t)\n"
    "  return %r : !t\n"
    "}\n";

static const int64_t sizes[] = {2, 4, 256, 64};

static SpattnKernel compile(SpattnContext context) {
  SpattnModule module = parse(context, source);
  SpattnGpuOptions options = {0};
  options.chip = "sm_90a";
  options.options = "key-tile=64";
  SpattnKernel kernel;
  OK(spattnKernelCompileGpu(module, "bands", &options, NULL, &kernel));
  CHECK(spattnKernelIsGpu(kernel));
  CHECK(strcmp(spattnKernelGetTarget(kernel), "sm_90a") == 0);
  spattnModuleDestroy(module);
  return kernel;
}

static void checkSignature(SpattnKernel kernel) {
  CHECK(spattnKernelGetNumArguments(kernel) == 5);
  CHECK(spattnKernelGetNumResults(kernel) == 1);
  size_t argument;
  OK(spattnKernelGetResult(kernel, 0, &argument));
  CHECK(argument == 3);
  SpattnParameter parameter;
  for (size_t i = 0; i < 4; ++i) {
    OK(spattnKernelGetArgument(kernel, i, &parameter));
    CHECK(parameter.element == SpattnElementBF16 && parameter.rank == 4);
    CHECK(parameter.sizes[0] == SPATTN_DYNAMIC && parameter.sizes[1] == 4);
    CHECK(strcmp(parameter.text, "tensor<?x4x?x64xbf16>") == 0);
    CHECK(parameter.isDestination == (i == 3));
  }
  OK(spattnKernelGetArgument(kernel, 4, &parameter));
  CHECK(parameter.isScalar && parameter.element == SpattnElementF32);
}

static SpattnKernel keep(SpattnContext context) {
  SpattnKernel kernel = compile(context), loaded;
  SpattnCompileTimes times;
  OK(spattnKernelGetCompileTimes(kernel, &times));
  CHECK(times.total > 0 && times.passes > 0 && !times.fromCache);
  checkSignature(kernel);
  SpattnString text;
  OK(spattnKernelDescribe(kernel, &text));
  CHECK(strstr(text.data, "sm_90a"));
  spattnStringDestroy(&text);
  CHECK(strstr(spattnKernelGetMetadata(kernel, "tile"), "x64"));
  CHECK(!spattnKernelGetMetadata(kernel, "nonsense"));
  bool isPtx;
  OK(spattnKernelGetCode(kernel, &isPtx, &text));
  CHECK(isPtx && strstr(text.data, ".target sm_90a"));
  spattnStringDestroy(&text);

  SpattnString bytes, again;
  OK(spattnKernelSerialize(kernel, &bytes));
  spattnKernelDestroy(kernel);
  OK(spattnKernelLoad(context, bytes.data, bytes.size, &loaded));
  checkSignature(loaded);
  OK(spattnKernelGetCompileTimes(loaded, &times));
  CHECK(times.passes == 0 && times.fromCache);
  OK(spattnKernelSerialize(loaded, &again));
  CHECK(again.size == bytes.size &&
        memcmp(again.data, bytes.data, bytes.size) == 0);
  SpattnKernel none;
  FAILS(InvalidInput, "",
        spattnKernelLoad(context, bytes.data, bytes.size / 2, &none));
  FAILS(InvalidInput, "", spattnKernelLoad(context, "nonsense", 8, &none));
  CHECK(!none);
  spattnStringDestroy(&bytes);
  spattnStringDestroy(&again);

  /* The second time there is nothing to compile. */
  kernel = compile(context);
  OK(spattnKernelGetCompileTimes(kernel, &times));
  CHECK(times.fromCache && times.passes == 0);
  spattnKernelDestroy(kernel);
  SpattnCacheInfo cache;
  OK(spattnContextGetCache(context, &cache));
  CHECK(cache.compiles == 1 && cache.memoryHits == 1);
  return loaded;
}

static void emit(SpattnContext context) {
  SpattnModule module = parse(context, source);
  SpattnString text;
  OK(spattnModuleEmitPtx(module, "bands", NULL, NULL, &text));
  CHECK(strstr(text.data, ".target sm_90a"));
  spattnStringDestroy(&text);
  SpattnGpuOptions options = {0};
  options.chip = "sm_80";
  OK(spattnModuleEmitPtx(module, "bands", &options, NULL, &text));
  CHECK(strstr(text.data, ".target sm_80"));
  spattnStringDestroy(&text);
  SpattnKernel kernel;
  options.chip = "sm_7";
  FAILS(CompileError, "unknown chip 'sm_7'",
        spattnKernelCompileGpu(module, "bands", &options, NULL, &kernel));
  options.chip = NULL;
  options.options = "key-tile=100";
  FAILS(InvalidArgument, "key-tile",
        spattnKernelCompileGpu(module, "bands", &options, NULL, &kernel));
  options.options = "nonsense=1";
  FAILS(InvalidArgument, "nonsense",
        spattnKernelCompileGpu(module, "bands", &options, NULL, &kernel));
  FAILS(CompileError, "no function 'none'",
        spattnKernelCompileGpu(module, "none", NULL, NULL, &kernel));
  CHECK(!kernel);
  spattnModuleDestroy(module);
}

/* The address of a function of the driver. */
static void *find(void *library, const char *name) {
  void *function = dlsym(library, name);
  CHECK(function);
  return function;
}

/* Makes the primary context of device 0 the thread's current one. */
static void enter(void *library) {
  union {
    void *pointer;
    int (*retain)(void **, int);
    int (*setCurrent)(void *);
  } function;
  void *context;
  function.pointer = find(library, "cuDevicePrimaryCtxRetain");
  CHECK(function.retain(&context, 0) == 0);
  function.pointer = find(library, "cuCtxSetCurrent");
  CHECK(function.setCurrent(context) == 0);
}

static void *allocate(void *library, size_t bytes) {
  union {
    void *pointer;
    int (*call)(uint64_t *, size_t);
  } function;
  function.pointer = find(library, "cuMemAlloc_v2");
  uint64_t address = 0;
  CHECK(function.call(&address, bytes) == 0);
  return (void *)(uintptr_t)address;
}

static void launch(SpattnKernel kernel, void *library) {
  void *data = allocate(library, 2 * 4 * 256 * 64 * 2);
  SpattnArgument arguments[5] = {{0}};
  for (int i = 0; i < 4; ++i)
    arguments[i] = buffer(SpattnElementBF16, data, sizes);
  arguments[4].kind = SpattnArgumentReal;
  arguments[4].value.real = 0.125;
  SpattnLaunchOptions options = {0};
  OK(spattnKernelLaunch(kernel, arguments, 5, &options));

  SpattnCall call;
  OK(spattnCallCreate(kernel, arguments, 5, NULL, &call));
  SpattnValue values[5];
  for (int i = 0; i < 5; ++i)
    values[i] = arguments[i].value;
  size_t bytes = spattnCallGetScratchBytes(call);
  void *scratch = bytes ? allocate(library, bytes) : NULL;
  OK(spattnCallRun(call, values, scratch, NULL));
  /* At another address. */
  values[0].data = allocate(library, 2 * 4 * 256 * 64 * 2);
  OK(spattnCallRun(call, values, NULL, NULL));

  values[0].data = (char *)data + 2;
  FAILS(InvalidArgument, "not a multiple of 16 bytes",
        spattnCallRun(call, values, NULL, NULL));
  values[0].data = NULL;
  FAILS(InvalidArgument, "address 0", spattnCallRun(call, values, NULL, NULL));
  values[0].data = &options;
  FAILS(InvalidArgument, "", spattnCallRun(call, values, NULL, NULL));
  values[0].data = data;
  values[4].real = -1;
  FAILS(InvalidArgument, "positive", spattnCallRun(call, values, NULL, NULL));
  spattnCallDestroy(call);

  int64_t longer[] = {2, 4, 300, 64};
  arguments[3].sizes = longer;
  FAILS(InvalidArgument, "300",
        spattnCallCreate(kernel, arguments, 5, NULL, &call));
  arguments[3].sizes = sizes;
  int64_t strides[] = {4 * 256 * 64, 256 * 64, 65, 1};
  arguments[3].strides = strides;
  FAILS(InvalidArgument, "multiple of 16 bytes",
        spattnCallCreate(kernel, arguments, 5, NULL, &call));
  arguments[3].strides = NULL;
  arguments[3].element = SpattnElementF16;
  FAILS(InvalidArgument, "argument 3 has elements of type f16",
        spattnKernelLaunch(kernel, arguments, 5, NULL));
  CHECK(!call);
}

static void lackDriver(void) {
  SpattnContextOptions options = {0};
  options.driver = "/nowhere/libcuda.so";
  SpattnContext context;
  OK(spattnContextCreate(&options, &context));
  SpattnKernel kernel = compile(context);
  spattnContextDestroy(context);
  SpattnArgument arguments[5] = {{0}};
  for (int i = 0; i < 4; ++i)
    arguments[i] = buffer(SpattnElementBF16, NULL, sizes);
  arguments[4].kind = SpattnArgumentReal;
  FAILS(Unavailable, "cannot open the CUDA driver: /nowhere/libcuda.so",
        spattnKernelLaunch(kernel, arguments, 5, NULL));
  /* What is wrong with the arguments is said first. */
  arguments[4].kind = SpattnArgumentInteger;
  FAILS(InvalidArgument, "argument 4 should be a scalar of type f32",
        spattnKernelLaunch(kernel, arguments, 5, NULL));
  spattnKernelDestroy(kernel);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  lackDriver();
  SpattnContextOptions options = {0};
  options.driver = argv[1];
  options.cacheFolder = argv[2];
  SpattnContext context;
  OK(spattnContextCreate(&options, &context));
  emit(context);
  SpattnKernel kernel = keep(context);
  SpattnDriverInfo driver;
  OK(spattnContextGetDriver(context, &driver));
  void *library = dlopen(argv[1], RTLD_NOW);
  CHECK(library);
  enter(library);
  spattnContextDestroy(context);
  launch(kernel, library);
  spattnKernelDestroy(kernel);
  return 0;
}
