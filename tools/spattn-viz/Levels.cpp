//===- Levels.cpp - The IR of each level ----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Levels.h"

#include "common/Text.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Pipelines/CpuPipeline.h"
#include "spattn/Pipelines/GpuPipeline.h"
#include "spattn/Target/Ptx.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;

namespace {
/// Keeps diagnostics, which then are nobody else's.
class Collector : public ScopedDiagnosticHandler {
public:
  explicit Collector(MLIRContext *context) : ScopedDiagnosticHandler(context) {
    setHandler([this](Diagnostic &diagnostic) {
      llvm::raw_string_ostream stream(text);
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        stream << getPlace(diagnostic.getLocation())
               << ": error: " << diagnostic << "\n";
      return success();
    });
  }

  /// Why something failed.
  std::string take() {
    std::string taken = text.empty() ? "failed without saying why" : text;
    text.clear();
    return taken;
  }

private:
  std::string text;
};

class LevelMaker {
public:
  LevelMaker(ModuleOp module, const Options &options)
      : module(module), options(options), collector(module.getContext()) {}

  std::vector<Level> take() { return std::move(levels); }

  void add(StringRef name, StringRef title, std::string text) {
    levels.push_back({name, title, std::move(text), ""});
  }

  /// Goes on with what the module was at the start.
  void restart() { current = module.clone(); }

  /// Adds what a pipeline makes of the current module. Where one level fails,
  /// those after it fail for the same reason.
  void lower(StringRef name, StringRef title,
             llvm::function_ref<void(OpPassManager &)> build) {
    addMade(name, title, [&]() -> FailureOr<std::string> {
      PassManager pm(module.getContext());
      build(pm);
      if (failed(pm.run(*current)))
        return failure();
      return toText(*current);
    });
  }

  void addLLVMIR() {
    addMade("llvm", "LLVM IR", [&]() -> FailureOr<std::string> {
      llvm::LLVMContext context;
      auto made = translateToLLVMIR(*current, context, getPtxOptions());
      if (!made)
        return failure();
      std::string text;
      llvm::raw_string_ostream stream(text);
      made->print(stream, nullptr);
      return text;
    });
  }

  void addPtx() {
    addMade("ptx", "PTX",
            [&] { return translateToPtx(*current, getPtxOptions()); });
  }

private:
  void addMade(StringRef name, StringRef title,
               llvm::function_ref<FailureOr<std::string>()> make) {
    if (!current) {
      levels.push_back({name, title, "", levels.back().error});
      return;
    }
    FailureOr<std::string> made = make();
    if (succeeded(made))
      return add(name, title, std::move(*made));
    levels.push_back({name, title, "", collector.take()});
    current = nullptr;
  }

  static std::string toText(ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream(text) << module << "\n";
    return text;
  }

  PtxOptions getPtxOptions() const {
    return {options.gpu.getTarget().str(), /*version=*/0, /*optLevel=*/3};
  }

  ModuleOp module;
  const Options &options;
  Collector collector;
  OwningOpRef<ModuleOp> current;
  std::vector<Level> levels;
};
} // namespace

std::vector<Level> spattn::viz::makeLevels(ModuleOp module, StringRef source,
                                           const Options &options) {
  LevelMaker maker(module, options);
  if (!source.empty())
    maker.add("input", "Input, as written", source.str());
  maker.restart();
  maker.lower("normalized", "After normalization",
              [](OpPassManager &pm) { pm.addPass(createSpattnNormalize()); });
  CpuOptions cpu;
  maker.restart();
  maker.lower("cpu-loops", "CPU: loops over tiles",
              [&](OpPassManager &pm) { buildCpuLoopsPipeline(pm, cpu); });
  maker.lower("cpu-vector", "CPU: vector code",
              [&](OpPassManager &pm) { buildCpuVectorPipeline(pm, cpu); });
  maker.restart();
  maker.lower(
      "gpu-kernels", "GPU: kernels, in spattn_gpu",
      [&](OpPassManager &pm) { buildGpuKernelsPipeline(pm, options.gpu); });
  maker.lower(
      "gpu-llvm", "GPU: the LLVM dialect, with NVVM",
      [&](OpPassManager &pm) { buildGpuLLVMPipeline(pm, options.gpu); });
  maker.addLLVMIR();
  maker.addPtx();
  return maker.take();
}
