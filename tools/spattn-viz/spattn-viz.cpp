//===- spattn-viz.cpp - Shows attentions on a page ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Page.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/InitAll.h"
#include "spattn/Support/OutputFiles.h"
#include "llvm/Support/InitLLVM.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;

/// The kernel that an attention gets; its errors say why there is none.
static void choosePlan(Exhibit &exhibit, const Options &options) {
  ScopedDiagnosticHandler handler(
      exhibit.op->getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
            exhibit.whyNoKernel.empty())
          exhibit.whyNoKernel = diagnostic.str();
        return success();
      });
  FailureOr<KernelPlan> plan = planKernel(exhibit.op, options.gpu);
  if (succeeded(plan))
    exhibit.plan = *plan;
}

static StringRef getFile(const Source &source) {
  return source.manager.getMemoryBuffer(source.manager.getMainFileID())
      ->getBufferIdentifier();
}

/// All attentions of a file. Errors have been reported.
static FailureOr<std::vector<Exhibit>> collect(Source &source,
                                               const Options &options) {
  ModuleOp module = *source.module;
  std::vector<Exhibit> exhibits;
  module.walk([&](AttentionOpInterface op) {
    exhibits.emplace_back().op = op;
    exhibits.back().structure = op.getStructure();
  });
  if (exhibits.empty())
    return emitError(
               FileLineColLoc::get(module.getContext(), getFile(source), 1, 1))
           << "expected a spattn.attention or a spattn.attention_backward, "
              "found none";
  auto ops = llvm::map_to_vector(
      exhibits, [](const Exhibit &exhibit) { return exhibit.op; });
  if (failed(checkShapes(source, options)) ||
      failed(checkSizeOptions(ops, source, options)))
    return failure();
  // As kernels see them. The operations stay.
  PassManager pm(module.getContext());
  pm.addPass(createSpattnNormalize());
  if (failed(pm.run(module)))
    return failure();
  for (Exhibit &exhibit : exhibits) {
    FailureOr<Sizes> sizes = findSizes(exhibit.op, source, options);
    if (failed(sizes))
      return failure();
    exhibit.sizes = *sizes;
    choosePlan(exhibit, options);
    const KernelPlan *plan = exhibit.plan ? &*exhibit.plan : nullptr;
    exhibit.walk = walkTiles(exhibit.op, *sizes, plan);
    bool isKnown = !exhibit.op.hasSequences() && !exhibit.op.hasTileLists();
    if (plan && isKnown)
      exhibit.schedule = makeSchedule(exhibit.op, *sizes, *plan, *options.card);
  }
  return exhibits;
}

static LogicalResult show(int argc, char **argv) {
  FailureOr<Options> options = parseOptions(argc, argv);
  if (failed(options))
    return failure();
  if (llvm::Error problem = OutputFiles::check(options->output))
    return error(llvm::toString(std::move(problem)));
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
  llvm::MemoryBufferRef buffer =
      source.manager.getMemoryBuffer(source.manager.getMainFileID())
          ->getMemBufferRef();
  StringRef text = isBytecode(buffer) ? "" : buffer.getBuffer();
  OwningOpRef<ModuleOp> module = source.module->clone();
  FailureOr<std::vector<Exhibit>> exhibits = collect(source, *options);
  if (failed(exhibits))
    return failure();
  std::vector<Level> levels = makeLevels(*module, text, *options);
  if (llvm::Error problem =
          writeFile(options->output, [&](llvm::raw_ostream &stream) {
            printPage(stream, *exhibits, levels, *options);
          }))
    return error(llvm::toString(std::move(problem)));
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  setToolName("spattn-viz");
  return succeeded(show(argc, argv)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
