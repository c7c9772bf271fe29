//===- spattn-run.cpp - Compiles, runs and measures functions -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "common/Cuda.h"
#include "common/Source.h"
#include "mlir/Support/FileUtilities.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Parallel.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::run;

/// Whether what has been measured is as accurate as the options ask for, or its
/// element type allows.
static LogicalResult checkErrors(ArrayRef<EntryReport> reports,
                                 const Options &options) {
  LogicalResult result = success();
  for (const EntryReport &report : reports) {
    std::string excess =
        report.error ? report.error->findExcess(options.maxError) : "";
    if (!excess.empty())
      result = error("'" + report.name + "' is wrong: " + excess);
  }
  return result;
}

static LogicalResult runSource(Source &source, const Options &options) {
  FailureOr<std::vector<Entry>> entries =
      collectEntries(*source.module, options, [&](BlockArgument argument) {
        return source.getArgumentName(argument);
      });
  if (failed(entries))
    return failure();

  OutputFiles files;
  std::vector<EntryReport> reports;
  size_t nextOutput = 0;
  LogicalResult ran = success();
  {
    Progress progress;
    ScopedDiagnosticHandler handler(source.module->getContext(),
                                    [&](Diagnostic &) {
                                      progress.hide();
                                      return failure();
                                    });
    for (auto [i, entry] : llvm::enumerate(*entries)) {
      progress.start("[" + Twine(i + 1) + "/" + Twine(entries->size()) + "] @" +
                     entry.getName());
      FailureOr<EntryReport> report =
          runEntry(*source.module, entry, options, progress, files, nextOutput);
      progress.stop();
      ran = report;
      if (failed(ran))
        break;
      reports.push_back(std::move(*report));
    }
  }
  // A failure does not take away what has been measured before it.
  compareWithDense(reports);
  if (options.jsonFile != "-")
    printReports(llvm::outs(), reports, options);
  if (failed(ran))
    return failure();
  llvm::Error failed = llvm::Error::success();
  if (!options.jsonFile.empty())
    failed = files.add(options.jsonFile, [&](llvm::raw_ostream &stream) {
      printJson(stream, reports, options);
    });
  if (!failed)
    failed = files.commit();
  if (failed)
    return error(llvm::toString(std::move(failed)));
  return checkErrors(reports, options);
}

static LogicalResult runMain(int argc, char **argv) {
  FailureOr<Options> options = parseOptions(argc, argv);
  if (failed(options))
    return failure();
  // What is missing shows before anything else is looked at.
  if (options->device == Device::Cuda && failed(openGpu()))
    return failure();
  std::vector<std::string> outputs = options->outputs;
  if (!options->jsonFile.empty())
    outputs.push_back(options->jsonFile);
  for (StringRef path : outputs)
    if (llvm::Error failed = OutputFiles::check(path))
      return error(llvm::toString(std::move(failed)));

  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file =
      openInputFile(options->file, &message);
  if (!file)
    return error(message);
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  Source source;
  source.manager.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(source.manager, &context);
  if (failed(parseSource(context, source)))
    return failure();
  return runSource(source, *options);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  setToolName("spattn-run");
  tuneAllocator();
  llvm::parallel::strategy =
      llvm::hardware_concurrency(getRuntime().threadPool().size());
  return succeeded(runMain(argc, argv)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
