/* RUN: %build && %t
 */

#include "Check.h"

#include <math.h>
#include <pthread.h>

/* Attention in destination style; one with a scale, and a second result that is
   no argument; and one with an array of rank 1. */
static const char source[] =
    "!t = tensor<?x2x?x4xf32>\n"
    "func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {\n"
    "  %r = spattn.attention structure(#spattn.partition<exclusive>)\n"
    "         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)\n"
    "  return %r : !t\n"
    "}\n"
    "func.func @both(%q: !t, %k: !t, %v: !t, %o: !t, %s: f32)\n"
    "    -> (!t, !t) {\n"
    "  %r = spattn.attention structure(#spattn.causal)\n"
    "         ins(%q, %k, %v : !t, !t, !t) scale(%s) "
    "outs(%o : !t)\n"
    "  %w = arith.addf %r, %r : !t\n"
    "  return %r, %w : !t, !t\n"
    "}\n"
    "func.func @sinks(%q: !t, %k: !t, %v: !t, %s: tensor<2xf32>, %o: !t)\n"
    "    -> !t {\n"
    "  %r = spattn.attention structure(#spattn.causal)\n"
    "         ins(%q, %k, %v : !t, !t, !t) sink_logits(%s : tensor<2xf32>)\n"
    "         outs(%o : !t)\n"
    "  return %r : !t\n"
    "}\n";

enum { heads = 2, length = 8, dim = 4, count = heads * length * dim };
static const int64_t sizes[] = {1, heads, length, dim};

/* With equal queries and keys every key weighs the same. Values are positions,
   so that the output is the mean of the positions that are seen. */
typedef struct Data {
  float qk[count], v[count], out[count], twice[count];
} Data;

static void fill(Data *data) {
  memset(data, 0, sizeof(*data));
  for (int i = 0; i < count; ++i) {
    data->v[i] = (float)(i / dim % length);
    data->out[i] = data->twice[i] = NAN;
  }
}

static void checkBands(const Data *data) {
  for (int i = 0; i < count; ++i) {
    int head = i / dim / length, query = i / dim % length;
    /* Distances [0, 4) and [4, 8). */
    int last = query - 4 * head, first = last - 3 < 0 ? 0 : last - 3;
    float mean = last < 0 ? 0 : (float)(first + last) / 2;
    CHECK(fabsf(data->out[i] - mean) < 1e-5f);
  }
}

static void run(SpattnContext context) {
  SpattnModule module = parse(context, source);
  SpattnKernel kernel;
  OK(spattnKernelCompileCpu(module, "bands", NULL, NULL, &kernel));
  CHECK(!spattnKernelIsGpu(kernel));
  CHECK(strcmp(spattnKernelGetTarget(kernel), "cpu") == 0);
  SpattnCompileTimes times;
  OK(spattnKernelGetCompileTimes(kernel, &times));
  CHECK(times.total > 0 && !times.fromCache);

  CHECK(spattnKernelGetNumArguments(kernel) == 4);
  CHECK(spattnKernelGetNumResults(kernel) == 1);
  size_t argument;
  OK(spattnKernelGetResult(kernel, 0, &argument));
  CHECK(argument == 3);
  SpattnParameter parameter;
  OK(spattnKernelGetArgument(kernel, 3, &parameter));
  CHECK(strcmp(parameter.text, "tensor<?x2x?x4xf32>") == 0);
  CHECK(parameter.element == SpattnElementF32 && !parameter.isScalar);
  CHECK(parameter.rank == 4 && parameter.sizes[0] == SPATTN_DYNAMIC);
  CHECK(parameter.sizes[3] == dim && !parameter.strides);
  CHECK(parameter.isDestination);
  OK(spattnKernelGetArgument(kernel, 0, &parameter));
  CHECK(!parameter.isDestination);

  /* The kernel needs neither the module nor the context's handle. */
  spattnModuleDestroy(module);
  Data data;
  fill(&data);
  SpattnArgument arguments[] = {buffer(SpattnElementF32, data.qk, sizes),
                                buffer(SpattnElementF32, data.qk, sizes),
                                buffer(SpattnElementF32, data.v, sizes),
                                buffer(SpattnElementF32, data.out, sizes)};
  OK(spattnKernelLaunch(kernel, arguments, 4, NULL));
  checkBands(&data);

  /* With the output in (batch, length, head, dim). */
  int64_t strides[] = {count, dim, heads * dim, 1};
  float transposed[count];
  arguments[3].value.data = transposed;
  arguments[3].strides = strides;
  OK(spattnKernelLaunch(kernel, arguments, 4, NULL));
  for (int i = 0; i < count; ++i) {
    int head = i / dim / length, query = i / dim % length;
    CHECK(transposed[(query * heads + head) * dim + i % dim] == data.out[i]);
  }
  spattnKernelDestroy(kernel);
}

static void returnMore(SpattnContext context) {
  SpattnModule module = parse(context, source);
  SpattnKernel kernel;
  SpattnCpuOptions options = {0};
  options.serial = true;
  options.queryTile = 4;
  OK(spattnKernelCompileCpu(module, "both", &options, NULL, &kernel));
  spattnModuleDestroy(module);
  /* The second result has an argument of its own. */
  CHECK(spattnKernelGetNumArguments(kernel) == 6);
  CHECK(spattnKernelGetNumResults(kernel) == 2);
  size_t first, second;
  OK(spattnKernelGetResult(kernel, 0, &first));
  OK(spattnKernelGetResult(kernel, 1, &second));
  CHECK(first != second && second == 5);
  SpattnParameter parameter;
  OK(spattnKernelGetArgument(kernel, 4, &parameter));
  CHECK(parameter.isScalar && parameter.element == SpattnElementF32);
  OK(spattnKernelGetArgument(kernel, 5, &parameter));
  CHECK(parameter.isDestination);

  Data data;
  fill(&data);
  SpattnArgument scale = {0};
  scale.kind = SpattnArgumentReal;
  scale.value.real = 0.5;
  SpattnArgument arguments[] = {buffer(SpattnElementF32, data.qk, sizes),
                                buffer(SpattnElementF32, data.qk, sizes),
                                buffer(SpattnElementF32, data.v, sizes),
                                buffer(SpattnElementF32, data.out, sizes),
                                scale,
                                buffer(SpattnElementF32, data.twice, sizes)};
  OK(spattnKernelLaunch(kernel, arguments, 6, NULL));
  for (int i = 0; i < count; ++i)
    CHECK(fabsf(data.twice[i] - (float)(i / dim % length)) < 1e-5f);

  arguments[4].value.real = NAN;
  FAILS(InvalidArgument, "argument 4 is a scale of nan",
        spattnKernelLaunch(kernel, arguments, 6, NULL));
  arguments[4].value.real = 1;
  int64_t longer[] = {1, heads, length + 1, dim};
  arguments[5].sizes = longer;
  FAILS(InvalidArgument, "argument 5 has a dimension of size 9",
        spattnKernelLaunch(kernel, arguments, 6, NULL));
  spattnKernelDestroy(kernel);
}

/* All scores are 0, as is the sink logit of the first head: it weighs as much as
   a key. The second head has none. */
static void runSinkLogits(SpattnContext context) {
  SpattnModule module = parse(context, source);
  SpattnKernel kernel;
  OK(spattnKernelCompileCpu(module, "sinks", NULL, NULL, &kernel));
  spattnModuleDestroy(module);
  SpattnParameter parameter;
  OK(spattnKernelGetArgument(kernel, 3, &parameter));
  CHECK(parameter.rank == 1 && parameter.sizes[0] == heads);
  CHECK(!parameter.isDestination);

  Data data;
  fill(&data);
  float sinks[] = {0, -INFINITY};
  int64_t sinkSizes[] = {heads};
  SpattnArgument arguments[] = {buffer(SpattnElementF32, data.qk, sizes),
                                buffer(SpattnElementF32, data.qk, sizes),
                                buffer(SpattnElementF32, data.v, sizes),
                                buffer(SpattnElementF32, sinks, sinkSizes),
                                buffer(SpattnElementF32, data.out, sizes)};
  arguments[3].rank = 1;
  OK(spattnKernelLaunch(kernel, arguments, 5, NULL));
  for (int i = 0; i < count; ++i) {
    int head = i / dim / length, query = i / dim % length;
    float sum = (float)(query * (query + 1)) / 2;
    CHECK(fabsf(data.out[i] - sum / (float)(query + 2 - head)) < 1e-5f);
  }
  sinkSizes[0] = heads + 1;
  FAILS(InvalidArgument, "argument 3",
        spattnKernelLaunch(kernel, arguments, 5, NULL));
  spattnKernelDestroy(kernel);
}

/*===-- Many threads ------------------------------------------------------===*/

static void *runOften(void *given) {
  SpattnCall call = given;
  Data data;
  for (int i = 0; i < 200; ++i) {
    fill(&data);
    SpattnValue values[4];
    values[0].data = values[1].data = data.qk;
    values[2].data = data.v;
    values[3].data = data.out;
    OK(spattnCallRun(call, values, NULL, NULL));
    checkBands(&data);
  }
  return NULL;
}

static void runInThreads(SpattnContext context) {
  SpattnModule module = parse(context, source);
  SpattnKernel kernel;
  OK(spattnKernelCompileCpu(module, "bands", NULL, NULL, &kernel));
  spattnModuleDestroy(module);
  SpattnArgument arguments[4];
  for (int i = 0; i < 4; ++i)
    arguments[i] = buffer(SpattnElementF32, NULL, sizes);
  SpattnCall call;
  OK(spattnCallCreate(kernel, arguments, 4, NULL, &call));
  CHECK(spattnCallGetScratchBytes(call) == 0);
  CHECK(spattnCallGetScratchAlignment(call) == 1);
  SpattnValue values[4] = {{NULL}};
  FAILS(InvalidArgument, "argument 0 has no data",
        spattnCallRun(call, values, NULL, NULL));
  /* A call keeps what it needs of a kernel, which keeps that of a context. */
  spattnKernelDestroy(kernel);
  spattnContextDestroy(context);
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i)
    CHECK(pthread_create(&threads[i], NULL, runOften, call) == 0);
  for (int i = 0; i < 4; ++i)
    CHECK(pthread_join(threads[i], NULL) == 0);
  spattnCallDestroy(call);
}

int main(void) {
  SpattnContext context = makeContext();
  run(context);
  returnMore(context);
  runSinkLogits(context);
  runInThreads(context);
  return 0;
}
