/* What a machine has, and what is said of what it lacks.

   RUN: rm -rf %t.folder
   RUN: %build && env SPATTN_NUM_THREADS=lots %t %fake_cuda %t.folder
*/

#include "Check.h"

static void lackEverything(void) {
  SpattnContextOptions options = {0};
  options.driver = "/nowhere/libcuda.so";
  options.ptxas = "/nowhere/ptxas";
  SpattnContext context;
  OK(spattnContextCreate(&options, &context));
  SpattnDriverInfo driver;
  FAILS(Unavailable, "cannot open the CUDA driver: /nowhere/libcuda.so",
        spattnContextGetDriver(context, &driver));
  CHECK(driver.numDevices == 0);
  SpattnDeviceInfo device;
  FAILS(Unavailable, "/nowhere/libcuda.so",
        spattnContextGetDevice(context, 0, &device));
  SpattnPtxasInfo ptxas;
  FAILS(Unavailable, "/nowhere/ptxas", spattnContextGetPtxas(context, &ptxas));
  SpattnCacheInfo cache;
  FAILS(Unavailable, "no folder", spattnContextGetCache(context, &cache));
  CHECK(strcmp(cache.folder, "") == 0);
  CHECK(spattnContextGetNumThreads(context) >= 1);
  CHECK(strcmp(spattnContextGetWarning(context), "") == 0);
  spattnContextDestroy(context);

  OK(spattnContextCreate(NULL, &context));
  FAILS(Unavailable, "", spattnContextGetPtxas(context, &ptxas));
  spattnContextDestroy(context);
}

static void haveAll(const char *library, const char *folder) {
  SpattnContextOptions options = {0};
  options.driver = library;
  options.cacheFolder = folder;
  SpattnContext context;
  OK(spattnContextCreate(&options, &context));
  SpattnDriverInfo driver;
  OK(spattnContextGetDriver(context, &driver));
  CHECK(driver.version == 12080 && driver.numDevices == 2);
  SpattnDeviceInfo device;
  OK(spattnContextGetDevice(context, 1, &device));
  CHECK(strcmp(device.chip, "sm_90a") == 0 && device.multiprocessors == 132);
  CHECK(strlen(device.name) > 0);
  FAILS(Unavailable, "no device 2",
        spattnContextGetDevice(context, 2, &device));
  FAILS(Unavailable, "no device -1",
        spattnContextGetDevice(context, -1, &device));
  SpattnCacheInfo cache;
  OK(spattnContextGetCache(context, &cache));
  CHECK(strcmp(cache.folder, folder) == 0 && cache.compiles == 0);
  spattnContextDestroy(context);
}

static void readEnvironment(void) {
  SpattnContextOptions options = {0};
  options.useEnvironment = true;
  SpattnContext context;
  OK(spattnContextCreate(&options, &context));
  CHECK(strstr(spattnContextGetWarning(context), "SPATTN_NUM_THREADS='lots'"));
  spattnContextDestroy(context);
  /* What is given goes before. */
  options.threads = 3;
  options.ptxas = "/nowhere/ptxas";
  OK(spattnContextCreate(&options, &context));
  CHECK(spattnContextGetNumThreads(context) == 3);
  SpattnPtxasInfo ptxas;
  FAILS(Unavailable, "/nowhere/ptxas", spattnContextGetPtxas(context, &ptxas));
  spattnContextDestroy(context);

  options.threads = 5000;
  FAILS(InvalidArgument, "'threads'", spattnContextCreate(&options, &context));
  CHECK(!context);
  options.threads = 0;
  options.numPtxasCandidates = 1;
  FAILS(InvalidArgument, "'ptxasCandidates'",
        spattnContextCreate(&options, &context));
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  CHECK(strlen(spattnGetHostName()) > 0);
  lackEverything();
  haveAll(argv[1], argv[2]);
  readEnvironment();
  return 0;
}
