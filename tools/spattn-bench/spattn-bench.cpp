//===- spattn-bench.cpp - Measures attention problems ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "mlir/Support/FileUtilities.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/Support/OutputFiles.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::bench;

/// Prints what is reported of a problem that was given by options: it has no
/// place in a text that the user knows.
static void printDiagnostic(Diagnostic &diagnostic) {
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    (void)error(diagnostic.str());
    return;
  case DiagnosticSeverity::Warning:
    llvm::WithColor::warning(llvm::errs(), "spattn-bench")
        << diagnostic << "\n";
    return;
  default:
    return;
  }
}

/// Measures every function at all lengths, each compiled once.
static LogicalResult measureAll(Source &source, const System &system,
                                const Options &options,
                                std::vector<Row> &rows) {
  // All lengths are looked at before the first is measured.
  std::vector<std::vector<Entry>> entries;
  for (const ProblemSizes &lengths : options.lengths) {
    auto collected = bench::collectEntries(source, options, lengths);
    if (failed(collected))
      return failure();
    entries.push_back(std::move(*collected));
  }
  Progress progress;
  ScopedDiagnosticHandler handler(source.module->getContext(),
                                  [&](Diagnostic &) {
                                    progress.hide();
                                    return failure();
                                  });
  for (size_t i = 0; i < entries.front().size(); ++i) {
    Entry &first = entries.front()[i];
    progress.start("@" + first.getName());
    progress.update("compiling");
    auto runner = makeRunner(*source.module, first, system, options);
    if (failed(runner))
      return failure();
    for (std::vector<Entry> &atLengths : entries) {
      progress.start(getWorkload(atLengths[i], options));
      auto row = measure(atLengths[i], **runner, system, options, progress);
      progress.stop();
      if (failed(row))
        return failure();
      rows.push_back(std::move(*row));
    }
  }
  return success();
}

static LogicalResult measureSource(Source &source, const System &system,
                                   const Options &options) {
  std::vector<Row> rows;
  LogicalResult measured = measureAll(source, system, options, rows);
  // A failure does not take away what has been measured before it.
  if (options.jsonFile != "-" && (succeeded(measured) || !rows.empty()))
    printReport(llvm::outs(), system, rows);
  if (failed(measured))
    return failure();
  LogicalResult result = success();
  for (const Row &row : rows)
    if (!row.failure.empty())
      result = error(row.failure);
  if (options.jsonFile.empty())
    return result;
  llvm::Error written =
      writeFile(options.jsonFile, [&](llvm::raw_ostream &stream) {
        printJson(stream, system, rows, options);
      });
  return written ? error(llvm::toString(std::move(written))) : result;
}

static LogicalResult benchMain(int argc, char **argv) {
  FailureOr<Options> options = parseOptions(argc, argv);
  if (failed(options))
    return failure();
  if (!options->jsonFile.empty())
    if (llvm::Error failed = OutputFiles::check(options->jsonFile))
      return error(llvm::toString(std::move(failed)));

  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  Source source;
  if (options->problem) {
    ScopedDiagnosticHandler handler(&context, printDiagnostic);
    if (failed(makeSource(context, *options->problem, source)))
      return failure();
    FailureOr<System> system = openSystem(*options);
    if (failed(system))
      return failure();
    return measureSource(source, *system, *options);
  }
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file =
      openInputFile(options->file, &message);
  if (!file)
    return error(message);
  source.manager.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(source.manager, &context);
  if (failed(parseSource(context, source)))
    return failure();
  FailureOr<System> system = openSystem(*options);
  if (failed(system))
    return failure();
  return measureSource(source, *system, *options);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  setToolName("spattn-bench");
  tuneAllocator();
  llvm::parallel::strategy =
      llvm::hardware_concurrency(getRuntime().threadPool().size());
  return succeeded(benchMain(argc, argv)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
