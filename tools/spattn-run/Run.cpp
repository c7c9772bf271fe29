//===- Run.cpp - Running an entry -----------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"

#include "common/Arguments.h"
#include "common/Text.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <sys/resource.h>

using namespace mlir;
using namespace spattn;
using namespace spattn::run;

std::optional<double> EntryReport::getGflops() const {
  if (!flops || medianMs <= 0)
    return std::nullopt;
  return *flops / medianMs * 1e-6;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Runs an entry for as often as the options say, and times it.
static LogicalResult runRepeatedly(Entry &entry, Executable &executable,
                                   ArrayRef<ReferenceValue> arguments,
                                   const Options &options, Progress &progress,
                                   std::vector<double> &runsMs) {
  using Clock = std::chrono::steady_clock;
  for (int64_t n = -options.warmup; n < options.repeat; ++n) {
    progress.update(n < 0 ? "warming up, run " + Twine(n + options.warmup + 1) +
                                " of " + Twine(options.warmup)
                          : "running " + Twine(n + 1) + " of " +
                                Twine(options.repeat));
    // What a kernel leaves out shows.
    for (const EntryArgument &argument : entry.arguments)
      if (argument.isDestination)
        fillPoison(std::get<ReferenceArray>(arguments[argument.index]));
    Clock::time_point start = Clock::now();
    if (failed(executable.run(arguments)))
      return failure();
    double took = getMillisecondsSince(start);
    if (n >= 0)
      runsMs.push_back(executable.getRunTime().value_or(took));
  }
  return success();
}

static BufferView getOutput(OutputRef output,
                            ArrayRef<ReferenceValue> arguments,
                            const Executable &executable) {
  if (output.isArgument)
    return std::get<ReferenceArray>(arguments[output.index]).view;
  return executable.getResults()[output.index];
}

static double getPeakMiB() {
  rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0)
    return 0;
#if defined(__APPLE__)
  return usage.ru_maxrss / double(1 << 20);
#else
  return usage.ru_maxrss / double(1 << 10);
#endif
}

//===----------------------------------------------------------------------===//
// What is known before it runs
//===----------------------------------------------------------------------===//

static void describe(Entry &entry, EntryReport &report) {
  report.name = entry.getName();
  for (const EntryArgument &argument : entry.arguments) {
    std::string name =
        argument.name.empty() ? std::to_string(argument.index) : argument.name;
    report.shapes.emplace_back(
        name, argument.isScalar()
                  ? toText(argument.type)
                  : getShapeText(argument.sizes, argument.getElementType()));
  }
  AttentionOpInterface op = entry.attention;
  if (!op)
    return;
  report.structure = toText(op.getStructure());
  report.isDense = matches(entry, Structure::causal());
  llvm::raw_string_ostream key(report.problemKey);
  key << op->getName() << " " << op.getLayout() << " "
      << stringifyEnum(op.getAlignment());
  for (Value operand :
       {op.getQuery(), op.getKey(), op.getValue(), op.getOut()}) {
    key << " ";
    if (EntryArgument *argument = entry.getArgument(operand))
      key << getShapeText(argument->sizes, argument->getElementType());
    else
      key << operand.getType();
  }
}

/// Counts the tiles that the compiler makes; those of a GPU are `known` when it
/// has.
static void describeTiles(Entry &entry, const Options &options,
                          std::optional<TileShape> known, EntryReport &report) {
  AttentionOpInterface op = entry.attention;
  if (!op)
    return;
  report.tiles = countTiles(entry, options, known);
  if (report.tiles)
    report.flops =
        double(op.getOperationsPerPair()) * report.tiles->total.pairs;
}

FailureOr<EntryReport> spattn::run::runEntry(ModuleOp module, Entry &entry,
                                             const Options &options,
                                             Progress &progress,
                                             OutputFiles &files,
                                             size_t &nextOutput) {
  EntryReport report;
  describe(entry, report);
  if (options.device == Device::Cpu)
    describeTiles(entry, options, std::nullopt, report);
  std::string uncheckable =
      options.checkRows > 0 ? whyUncheckable(entry) : "--check=0";
  if (options.maxError && !uncheckable.empty())
    return entry.function.emitError("--max-error: '")
           << entry.getName()
           << "' cannot be compared with the oracle: " << uncheckable;
  report.unchecked = uncheckable;

  progress.update("compiling");
  auto executable = makeExecutable(module, entry, options);
  if (failed(executable))
    return failure();
  report.compileMs = (*executable)->getCompileTime();
  if (auto tile = (*executable)->getTile())
    describeTiles(entry, options, tile, report);
  progress.update("making inputs");
  std::vector<ReferenceValue> arguments;
  if (failed(makeArguments(entry, options.seed, arguments)) ||
      failed(runRepeatedly(entry, **executable, arguments, options, progress,
                           report.runsMs)))
    return failure();
  report.medianMs = getMedian(report.runsMs);
  report.peakMiB = getPeakMiB();
  if (uncheckable.empty()) {
    progress.update("checking");
    FailureOr<ErrorReport> error =
        checkRows(entry, arguments, (*executable)->getResults(),
                  options.checkRows, options.seed);
    if (failed(error))
      return failure();
    report.error = *error;
  }
  for (OutputRef output : entry.outputs) {
    if (options.outputs.empty())
      break;
    StringRef path = options.outputs[nextOutput++];
    progress.update("writing " + path);
    NpyView view = toNpy(getOutput(output, arguments, **executable));
    llvm::Error failed = files.add(
        path, [&](llvm::raw_ostream &stream) { printNpy(stream, view); });
    if (failed)
      return error(llvm::toString(std::move(failed)));
  }
  return report;
}

void spattn::run::compareWithDense(std::vector<EntryReport> &reports) {
  for (EntryReport &report : reports) {
    if (report.problemKey.empty())
      continue;
    auto dense = llvm::find_if(reports, [&](const EntryReport &other) {
      return other.isDense && other.problemKey == report.problemKey;
    });
    if (dense == reports.end() || report.medianMs <= 0)
      continue;
    report.speedup = dense->medianMs / report.medianMs;
    report.speedupOver = dense->name;
  }
}
