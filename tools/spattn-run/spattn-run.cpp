//===- spattn-run.cpp - Compiles, runs and measures functions -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda.h"
#include "Report.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::run;

namespace {
/// A file of IR, with what it says that the IR does not keep.
struct Source {
  llvm::SourceMgr manager;
  AsmParserState state;
  OwningOpRef<ModuleOp> module;
};
} // namespace

/// Reads text or bytecode. Errors have been printed.
static LogicalResult parseSource(llvm::MemoryBufferRef buffer,
                                 MLIRContext &context, Source &source) {
  ParserConfig config(&context);
  if (isBytecode(buffer)) {
    source.module = parseSourceFile<ModuleOp>(source.manager, config);
    return success(bool(source.module));
  }
  // Only the state knows the names of arguments.
  Block block;
  if (failed(parseAsmSourceFile(source.manager, &block, config, &source.state)))
    return failure();
  Location location = FileLineColLoc::get(
      &context, buffer.getBufferIdentifier(), /*line=*/0, /*column=*/0);
  source.module =
      mlir::detail::constructContainerOpForParserIfNecessary<ModuleOp>(
          &block, &context, location);
  return success(source.module && succeeded(verify(*source.module)));
}

/// The name of an argument in the text, or that of its location.
static std::string getArgumentName(const Source &source,
                                   BlockArgument argument) {
  if (const auto *block = source.state.getBlockDef(argument.getOwner())) {
    if (argument.getArgNumber() < block->arguments.size()) {
      llvm::SMRange range = block->arguments[argument.getArgNumber()].loc;
      if (range.isValid()) {
        StringRef text(range.Start.getPointer(),
                       range.End.getPointer() - range.Start.getPointer());
        if (text.consume_front("%"))
          return text.str();
      }
    }
  }
  if (auto name = dyn_cast<NameLoc>(argument.getLoc()))
    return name.getName().str();
  return "";
}

/// Whether what has been measured is as accurate as the options ask for.
static LogicalResult checkErrors(ArrayRef<EntryReport> reports,
                                 const Options &options) {
  LogicalResult result = success();
  for (const EntryReport &report : reports) {
    if (!options.maxError || report.error->isWithin(*options.maxError))
      continue;
    std::string limit;
    llvm::raw_string_ostream(limit) << llvm::format("%g", *options.maxError);
    result = error("the error of '" + report.name +
                   "' exceeds --max-error=" + limit);
  }
  return result;
}

static LogicalResult runSource(Source &source, const Options &options) {
  FailureOr<std::vector<Entry>> entries =
      collectEntries(*source.module, options, [&](BlockArgument argument) {
        return getArgumentName(source, argument);
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
  if (options->device == Device::Cuda && failed(checkCuda()))
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
  llvm::MemoryBufferRef buffer = file->getMemBufferRef();
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  Source source;
  source.manager.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(source.manager, &context);
  if (failed(parseSource(buffer, context, source)))
    return failure();
  return runSource(source, *options);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  tuneAllocator();
  llvm::parallel::strategy = llvm::hardware_concurrency(getNumThreads());
  return succeeded(runMain(argc, argv)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
