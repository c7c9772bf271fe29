//===- Measure.cpp - Times and what bounds them ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Measure.h"

#include "common/Arguments.h"
#include "common/Arrays.h"
#include "common/PageTables.h"
#include "common/Text.h"
#include "common/Tiles.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/Structure/Host.h"
#include "spattn/Support/Elements.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::bench;
using llvm::Error;
using llvm::Expected;
namespace rt = spattn::runtime;
using Clock = std::chrono::steady_clock;

//===----------------------------------------------------------------------===//
// Rates
//===----------------------------------------------------------------------===//

/// What 8192^3 products in bf16 were seen to reach on these, on random data.
static std::optional<double> getAssumedTflops(StringRef gpu) {
  if (gpu == "NVIDIA H200" || gpu == "NVIDIA H100 80GB HBM3")
    return 800;
  return std::nullopt;
}

/// The rate of copies within the GPU's memory; none if there is too little of
/// it for more than caches to be measured.
static Expected<std::optional<double>> measureCopy(const Gpu &gpu) {
  auto scope = rt::ContextScope::enter(gpu.context);
  if (!scope)
    return toError(scope.status());
  size_t free = 0, total = 0;
  if (Error error = toError(gpu.driver.memGetInfo(&free, &total)))
    return error;
  size_t bytes = llvm::alignDown(std::min(size_t(1) << 30, free / 4), 4096);
  if (bytes < 4 * size_t(gpu.info.l2Bytes))
    return std::nullopt;
  auto from = rt::DeviceBuffer::allocate(gpu.context, bytes);
  if (!from)
    return toError(from.status());
  auto to = rt::DeviceBuffer::allocate(gpu.context, bytes);
  if (!to)
    return toError(to.status());
  Events events(gpu);
  auto times = events.time(10, [&] {
    return toError(gpu.driver.memcpyDtoDAsync(to->address(), from->address(),
                                              bytes, nullptr));
  });
  if (!times)
    return times.takeError();
  double ms = getMedian(*times);
  if (!(ms > 0))
    return std::nullopt;
  // Read and written.
  return 2 * double(bytes) / ms * 1e-9;
}

FailureOr<System> spattn::bench::openSystem(const Options &options) {
  System system;
  system.copyTbs = options.copyTbs;
  system.productTflops = options.productTflops;
  system.copySource = system.productSource = "given";
  if (options.device == Device::Cpu) {
    unsigned threads = getRuntime().threadPool().size();
    system.name = llvm::sys::getHostCPUName().str() + ", " +
                  std::to_string(threads) +
                  (threads == 1 ? " thread" : " threads");
    return system;
  }
  FailureOr<Gpu> gpu = openGpu();
  if (failed(gpu))
    return failure();
  system.name = gpu->info.name;
  if (!system.copyTbs) {
    auto rate = measureCopy(*gpu);
    if (!rate)
      return error("--device=cuda: the copy rate cannot be measured: " +
                   llvm::toString(rate.takeError()));
    system.copyTbs = *rate;
    system.copySource = "measured";
  }
  if (!system.productTflops) {
    system.productTflops = getAssumedTflops(system.name);
    system.productSource = "assumed";
  }
  system.gpu.emplace(std::move(*gpu));
  return system;
}

//===----------------------------------------------------------------------===//
// Runners
//===----------------------------------------------------------------------===//

namespace {
class CpuRunner : public Runner {
public:
  CpuRunner(std::unique_ptr<Executable> executable)
      : executable(std::move(executable)) {
    compile.total = this->executable->getCompileTime().value_or(0);
  }

  Error prepare(ArrayRef<ReferenceValue> values) override {
    arguments = values;
    return Error::success();
  }

  Expected<std::vector<double>> time(int64_t count) override {
    std::vector<double> times;
    for (int64_t i = 0; i < count; ++i) {
      Clock::time_point start = Clock::now();
      if (failed(executable->run(arguments)))
        return llvm::createStringError("the function failed");
      times.push_back(getMillisecondsSince(start));
    }
    return times;
  }

  Expected<std::vector<double>> timeLaunches(int64_t) override {
    return std::vector<double>();
  }

  Expected<std::vector<BufferView>> finish() override {
    return executable->getResults();
  }

private:
  std::unique_ptr<Executable> executable;
  ArrayRef<ReferenceValue> arguments;
};

class CudaRunner : public Runner {
public:
  CudaRunner(std::unique_ptr<CudaFunction> function)
      : function(std::move(function)) {
    const GpuCompileTimes &times = this->function->getKernel().getTimes();
    tile = this->function->getTile();
    compile.total = times.total;
    compile.memory = this->function->getCacheTime();
    compile.isCached = times.passes == 0;
    if (compile.isCached)
      return;
    compile.passes = times.passes;
    compile.ptx = times.ptx;
    // None where the driver compiles PTX.
    if (times.ptxas > 0)
      compile.ptxas = times.ptxas;
  }

  Error prepare(ArrayRef<ReferenceValue> values) override {
    arguments = values;
    return function->upload(values);
  }

  Expected<std::vector<double>> time(int64_t count) override {
    return function->time(count);
  }

  Expected<std::vector<double>> timeLaunches(int64_t count) override {
    return function->timeLaunches(count);
  }

  Expected<std::vector<BufferView>> finish() override {
    if (Error error = function->download(arguments))
      return error;
    std::vector<BufferView> results;
    for (unsigned index : function->getKernel().getResults())
      results.push_back(std::get<ReferenceArray>(arguments[index]).view);
    return results;
  }

private:
  std::unique_ptr<CudaFunction> function;
  ArrayRef<ReferenceValue> arguments;
};
} // namespace

FailureOr<std::unique_ptr<Runner>>
spattn::bench::makeRunner(ModuleOp module, Entry &entry, const System &system,
                          const Options &options) {
  if (system.gpu) {
    auto function = CudaFunction::make(module, entry, options, *system.gpu);
    if (failed(function))
      return failure();
    return std::unique_ptr<Runner>(
        std::make_unique<CudaRunner>(std::move(*function)));
  }
  auto executable = makeExecutable(module, entry, options);
  if (failed(executable))
    return failure();
  return std::unique_ptr<Runner>(
      std::make_unique<CpuRunner>(std::move(*executable)));
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

static int64_t getSize(Entry &entry, Value value, unsigned dim) {
  if (EntryArgument *argument = entry.getArgument(value))
    return argument->sizes[dim];
  return cast<ShapedType>(value.getType()).getDimSize(dim);
}

/// Fails if the arrays do not fit the memory. The system would promise them
/// all the same, and end the process when they are used.
static LogicalResult checkMemory(Entry &entry) {
  double bytes = 0;
  for (const EntryArgument &argument : entry.arguments) {
    if (argument.isScalar())
      continue;
    double own = *getElementBytes(argument.getElementType());
    for (int64_t size : argument.sizes)
      own *= size;
    bytes += own;
  }
  std::optional<int64_t> free = getAvailableMemory();
  if (!free || bytes <= *free)
    return success();
  return entry.function.emitError("'")
         << entry.getName() << "' needs " << format("%.1f", bytes / (1 << 30))
         << " GiB for its arguments, but "
         << format("%.1f", double(*free) / (1 << 30))
         << " GiB of memory are free";
}

/// What the algebra says of an entry.
static LogicalResult describe(Entry &entry, const System &system,
                              std::optional<TileShape> tile,
                              const Options &options, Row &row) {
  AttentionOpInterface op = entry.attention;
  row.workload = getWorkload(entry, options);
  row.entry = entry.getName();
  row.structure = toText(op.getStructure());
  std::optional<TileReport> tiles = countTiles(entry, options, tile);
  if (!tiles)
    return op->emitError("the batch size or a length is not known before the "
                         "function runs");
  row.tiles = *tiles;
  WorkShape shape =
      getWorkShape(op, {getSize(entry, op.getQuery(), op.getDim(Dim::Length)),
                        getKeyLength(entry, op)});
  Work work = totalWork(op.getHeadStructures(), shape);
  int64_t batch = getSize(entry, op.getQuery(), op.getDim(Dim::Batch));
  bool isForward = isa<AttentionOp>(op);
  row.pass = isForward ? "forward" : "backward";
  int64_t bytes = isForward ? work.bytesForward : work.bytesBackward;
  if (llvm::MulOverflow(bytes, batch, row.bytes))
    row.bytes = INT64_MAX;
  row.flops = double(op.getOperationsPerPair()) * row.tiles.total.pairs;
  if (system.copyTbs && system.productTflops)
    row.floorMs = std::max(row.bytes / *system.copyTbs,
                           row.flops / *system.productTflops) *
                  1e-9;
  return success();
}

/// Rows that the oracle computes in about a second, and at least 64.
static int64_t getCheckedRows(Entry &entry) {
  AttentionOpInterface op = entry.attention;
  int64_t keys = getKeyLength(entry, op);
  int64_t cost =
      std::max<int64_t>(keys, 1) * (op.getHeadDim() + op.getValueDim());
  return std::max<int64_t>((int64_t(1) << 29) / cost, 64);
}

/// Why results are not what they should be; empty if they are.
static std::string findFailure(Entry &entry, const Row &row,
                               ArrayRef<ReferenceValue> arguments,
                               ArrayRef<BufferView> results,
                               const Options &options) {
  SmallVector<AttentionOperand> outputs = entry.getAttentionOutputs();
  for (unsigned init = 0; init < outputs.size(); ++init) {
    auto output = entry.getAttentionOutput(init);
    if (!output)
      continue;
    const BufferView &view =
        output->isArgument
            ? std::get<ReferenceArray>(arguments[output->index]).view
            : results[output->index];
    if (int64_t nans = countNans(view))
      return "--check: '" + row.workload + "' has " + format(nans) +
             " NaN in its '" + outputs[init]->name.str() + "'";
  }
  std::string excess = row.error->findExcess(options.maxError);
  return excess.empty() ? ""
                        : "--check: '" + row.workload + "' is wrong: " + excess;
}

/// Compares results with the oracle.
static LogicalResult check(Entry &entry, ArrayRef<ReferenceValue> arguments,
                           ArrayRef<BufferView> results, const Options &options,
                           Row &row) {
  auto errors =
      checkRows(entry, arguments, results, getCheckedRows(entry), options.seed);
  if (failed(errors))
    return failure();
  row.error = *errors;
  row.failure = findFailure(entry, row, arguments, results, options);
  return success();
}

FailureOr<Row> spattn::bench::measure(Entry &entry, Runner &runner,
                                      const System &system,
                                      const Options &options,
                                      Progress &progress) {
  Row row;
  row.compile = runner.compile;
  if (failed(describe(entry, system, runner.tile, options, row)) ||
      failed(checkMemory(entry)))
    return failure();
  auto fail = [&](Error error) -> LogicalResult {
    return emitError(entry.function.getLoc(), llvm::toString(std::move(error)));
  };
  progress.update("making inputs");
  std::vector<ReferenceValue> arguments;
  if (failed(makeArguments(entry, options.seed, arguments)))
    return failure();
  // What a kernel leaves out shows.
  for (const EntryArgument &argument : entry.arguments)
    if (argument.isDestination)
      fillPoison(std::get<ReferenceArray>(arguments[argument.index]));
  if (Error error = runner.prepare(arguments))
    return fail(std::move(error));

  progress.update("warming up");
  auto times = runner.time(options.warmup);
  if (!times)
    return fail(times.takeError());
  progress.update("running");
  times = runner.time(options.repeat);
  if (!times)
    return fail(times.takeError());
  row.ms = getMedian(*times);
  row.minMs = *llvm::min_element(*times);
  row.maxMs = *llvm::max_element(*times);
  row.runs = options.repeat;

  // Few enough not to fill the stream, nor to take longer than half a second.
  int64_t launches = std::clamp<double>(500 / std::max(row.ms, 1e-3), 5, 100);
  times = runner.timeLaunches(launches);
  if (!times)
    return fail(times.takeError());
  if (!times->empty())
    row.launchUs = 1e3 * getMedian(*times);

  if (options.check) {
    progress.update("checking");
    auto results = runner.finish();
    if (!results)
      return fail(results.takeError());
    if (failed(check(entry, arguments, *results, options, row)))
      return failure();
  }
  return row;
}
