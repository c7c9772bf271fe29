/* Whatever a caller gets wrong is an error with a message.

   RUN: %build && %t
*/

#include "Check.h"

static const char source[] =
    "!t = tensor<1x2x?x4xf32>\n"
    "func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {\n"
    "  %r = spattn.attention structure(#spattn.causal)\n"
    "         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)\n"
    "  return %r : !t\n"
    "}\n"
    "func.func private @declared(%q: !t)\n"
    "func.func @strange(%x: tensor<4xcomplex<f32>>) { return }\n";

/* Every function takes null for a handle. */
static void passNull(void) {
  SpattnString string;
  SpattnModule module;
  SpattnKernel kernel;
  SpattnCall call;
  SpattnStructure structure;
  SpattnPattern pattern;
  SpattnContext context = makeContext();
  SpattnDeviceInfo device;
  size_t size;
  bool flag;

  FAILS(InvalidArgument, "'context' is null", spattnContextCreate(NULL, NULL));
  FAILS(InvalidArgument, "'context' is null",
        spattnContextGetDriver(NULL, &(SpattnDriverInfo){0}));
  FAILS(InvalidArgument, "'driver' is null",
        spattnContextGetDriver(context, NULL));
  FAILS(InvalidArgument, "'context' is null",
        spattnContextGetDevice(NULL, 0, &device));
  FAILS(InvalidArgument, "'ptxas' is null",
        spattnContextGetPtxas(context, NULL));
  FAILS(InvalidArgument, "'cache' is null",
        spattnContextGetCache(context, NULL));
  FAILS(InvalidArgument, "'context' is null",
        spattnModuleParse(NULL, "", 0, NULL, NULL, &module));
  FAILS(InvalidArgument, "'data' is null",
        spattnModuleParse(context, NULL, 4, NULL, NULL, &module));
  FAILS(InvalidArgument, "'module' is null",
        spattnModuleParse(context, "", 0, NULL, NULL, NULL));
  FAILS(InvalidArgument, "'module' is null", spattnModuleClone(NULL, &module));
  FAILS(InvalidArgument, "'module' is null", spattnModuleVerify(NULL, NULL));
  FAILS(InvalidArgument, "'module' is null",
        spattnModulePrint(NULL, 0, &string));
  FAILS(InvalidArgument, "'module' is null",
        spattnModuleWriteBytecode(NULL, &string));
  FAILS(InvalidArgument, "'module' is null",
        spattnModuleRunPipeline(NULL, "cse", NULL));
  FAILS(InvalidArgument, "'module' is null",
        spattnModuleGetFunctionName(NULL, 0, &string));
  FAILS(InvalidArgument, "'module' is null",
        spattnModuleEmitLLVMIR(NULL, NULL, &string));
  FAILS(InvalidArgument, "'module' is null",
        spattnModuleEmitPtx(NULL, "f", NULL, NULL, &string));
  FAILS(InvalidArgument, "'module' is null",
        spattnKernelCompileCpu(NULL, "f", NULL, NULL, &kernel));
  FAILS(InvalidArgument, "'module' is null",
        spattnKernelCompileGpu(NULL, "f", NULL, NULL, &kernel));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelSerialize(NULL, &string));
  FAILS(InvalidArgument, "'bytes' is null",
        spattnKernelLoad(context, NULL, 0, &kernel));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelGetCode(NULL, &flag, &string));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelDescribe(NULL, &string));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelGetCompileTimes(NULL, &(SpattnCompileTimes){0}));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelGetArgument(NULL, 0, &(SpattnParameter){0}));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelGetResult(NULL, 0, &size));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnKernelLaunch(NULL, NULL, 0, NULL));
  FAILS(InvalidArgument, "'kernel' is null",
        spattnCallCreate(NULL, NULL, 0, NULL, &call));
  FAILS(InvalidArgument, "'call' is null",
        spattnCallRun(NULL, NULL, NULL, NULL));
  FAILS(InvalidArgument, "'context' is null",
        spattnStructureParse(NULL, "", 0, &structure));
  FAILS(InvalidArgument, "'structure' is null",
        spattnStructureSimplify(NULL, 1, 1, SpattnAlignmentEnd, &structure));
  FAILS(InvalidArgument, "'structure' is null",
        spattnStructureFixLength(NULL, 1, 1, &structure));
  FAILS(InvalidArgument, "'structure' is null",
        spattnStructureSlice(NULL, &(SpattnSlice){0}, &structure));
  FAILS(InvalidArgument, "'structure' is null",
        spattnStructureGetLiveKeys(NULL, 1, 0, 1, 1, 1, NULL, 0, &size));
  FAILS(InvalidArgument, "'structure' is null",
        spattnStructureGetRemovableKeys(NULL, 1, 1, &(SpattnKeyInterval){0}));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternGetKeys(NULL, 0, 0, 0, NULL, 0, &size));
  FAILS(InvalidArgument, "'structure' is null",
        spattnPatternCreate(NULL, 1, 1, 1, SpattnAlignmentEnd, &pattern));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternIsAllowed(NULL, 0, 0, 0, &flag));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternGetMask(NULL, 0, 0, 0, 0, 0, NULL));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternCountPairs(NULL, 0, &(int64_t){0}));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternCountTiles(NULL, 0, (SpattnTileShape){1, 1},
                                &(SpattnTileCounts){0}));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternGetTiles(NULL, 0, (SpattnTileShape){1, 1}, 0, 0, NULL, 0,
                              &size));
  FAILS(InvalidArgument, "'pattern' is null",
        spattnPatternGetWork(NULL, NULL, &(SpattnWork){0}));

  CHECK(spattnModuleGetNumFunctions(NULL) == 0);
  CHECK(spattnContextGetNumThreads(NULL) == 0);
  CHECK(strcmp(spattnContextGetWarning(NULL), "") == 0);
  CHECK(strcmp(spattnKernelGetTarget(NULL), "") == 0);
  CHECK(!spattnKernelIsGpu(NULL) && !spattnKernelGetMetadata(NULL, "x"));
  CHECK(spattnKernelGetNumArguments(NULL) == 0);
  CHECK(spattnKernelGetNumResults(NULL) == 0);
  CHECK(spattnCallGetScratchBytes(NULL) == 0);
  CHECK(spattnCallGetScratchAlignment(NULL) == 1);
  CHECK(strcmp(spattnStructureGetText(NULL), "") == 0);
  CHECK(strcmp(spattnStructureGetCanonicalText(NULL), "") == 0);
  CHECK(spattnStructureGetNumHeads(NULL) == 0);
  CHECK(spattnPatternGetNumHeads(NULL) == 0);
  CHECK(spattnStatusGetCode(NULL) == SpattnStatusSuccess);
  CHECK(strcmp(spattnStatusGetMessage(NULL), "") == 0);
  CHECK(spattnStatusGetDriverCode(NULL) == 0);
  CHECK(spattnStatusGetNumDiagnostics(NULL) == 0);
  CHECK(!spattnStatusGetDiagnostic(NULL, 0));
  spattnStringDestroy(NULL);
  spattnStatusDestroy(NULL);
  spattnModuleDestroy(NULL);
  spattnKernelDestroy(NULL);
  spattnCallDestroy(NULL);
  spattnStructureDestroy(NULL);
  spattnPatternDestroy(NULL);
  spattnContextDestroy(context);
  spattnContextDestroy(NULL);
}

static void compileBadly(SpattnModule module) {
  SpattnKernel kernel;
  SpattnCpuOptions options = {0};
  FAILS(InvalidArgument, "'function' is null",
        spattnKernelCompileCpu(module, NULL, NULL, NULL, &kernel));
  FAILS(CompileError, "no function 'none'",
        spattnKernelCompileCpu(module, "none", NULL, NULL, &kernel));
  FAILS(CompileError, "'declared' has no body",
        spattnKernelCompileCpu(module, "declared", NULL, NULL, &kernel));
  FAILS(CompileError, "complex",
        spattnKernelCompileCpu(module, "strange", NULL, NULL, &kernel));
  options.optLevel = 9;
  FAILS(InvalidArgument, "'optLevel'",
        spattnKernelCompileCpu(module, "f", &options, NULL, &kernel));
  options.optLevel = 0;
  options.queryTile = -3;
  FAILS(CompileError, "tile",
        spattnKernelCompileCpu(module, "f", &options, NULL, &kernel));
  options.queryTile = 0;
  options.vectorWidth = 7;
  FAILS(CompileError, "vector",
        spattnKernelCompileCpu(module, "f", &options, NULL, &kernel));
  CHECK(!kernel);
}

static void callBadly(SpattnModule module) {
  SpattnKernel kernel;
  OK(spattnKernelCompileCpu(module, "f", NULL, NULL, &kernel));
  float data[2 * 8 * 4] = {0};
  int64_t sizes[] = {1, 2, 8, 4};
  SpattnArgument good[4], bad[4];
  for (int i = 0; i < 4; ++i)
    good[i] = buffer(SpattnElementF32, data, sizes);
  float out[2 * 8 * 4];
  good[3].value.data = out;
  OK(spattnKernelLaunch(kernel, good, 4, NULL));
#define BAD(part, change)                                                      \
  do {                                                                         \
    memcpy(bad, good, sizeof(bad));                                            \
    change;                                                                    \
    FAILS(InvalidArgument, part, spattnKernelLaunch(kernel, bad, 4, NULL));    \
  } while (0)
  FAILS(InvalidArgument, "expected 4 arguments, got 3",
        spattnKernelLaunch(kernel, good, 3, NULL));
  FAILS(InvalidArgument, "'arguments' is null",
        spattnKernelLaunch(kernel, NULL, 4, NULL));
  BAD("argument 1 has rank 3", bad[1].rank = 3);
  BAD("argument 1 has rank 1000; at most 8", bad[1].rank = 1000);
  BAD("argument 1 has no sizes", bad[1].sizes = NULL);
  BAD("argument 1 has elements of type f16", bad[1].element = SpattnElementF16);
  BAD("argument 1 has element type 99", bad[1].element = (SpattnElementType)99);
  BAD("argument 1 should be a buffer", bad[1].kind = SpattnArgumentReal);
  BAD("argument 1 is of kind 17", bad[1].kind = (SpattnArgumentKind)17);
  BAD("argument 3 has no data", bad[3].value.data = NULL);
  int64_t wide[] = {1, 2, 8, 5}, negative[] = {1, 2, -8, 4},
          longer[] = {1, 2, 9, 4}, strides[] = {64, 32, 4, 2};
  BAD("argument 2 has a dimension of size 5", bad[2].sizes = wide);
  BAD("argument 2 has a dimension of size -8", bad[2].sizes = negative);
  BAD("should have the same", bad[2].sizes = longer);
  BAD("argument 2 has an innermost stride of 2", bad[2].strides = strides);

  SpattnParameter parameter;
  FAILS(InvalidArgument, "no argument 4; the kernel has 4",
        spattnKernelGetArgument(kernel, 4, &parameter));
  size_t argument;
  FAILS(InvalidArgument, "no result 1",
        spattnKernelGetResult(kernel, 1, &argument));
  SpattnString bytes;
  FAILS(InvalidArgument, "for the CPU", spattnKernelSerialize(kernel, &bytes));
  SpattnCall call;
  OK(spattnCallCreate(kernel, good, 4, NULL, &call));
  FAILS(InvalidArgument, "'values' is null",
        spattnCallRun(call, NULL, NULL, NULL));
  spattnCallDestroy(call);
  spattnKernelDestroy(kernel);
}

int main(void) {
  passNull();
  SpattnContext context = makeContext();
  SpattnModule module = parse(context, source);
  compileBadly(module);
  callBadly(module);
  spattnModuleDestroy(module);
  spattnContextDestroy(context);
  return 0;
}
