//===- spattn-translate.cpp - From IR to code and back --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Diagnostics.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"
#include "spattn/InitAll.h"
#include "spattn/Pipelines/GpuPipeline.h"
#include "spattn/Runtime/RuntimeContext.h"
#include "spattn/Target/EmitArtifact.h"
#include "spattn/Target/Ptx.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spattn;
namespace cl = llvm::cl;

namespace {
/// Made in main rather than at start-up, so that nothing runs before it.
struct CommandLine {
  cl::OptionCategory category{"spattn-translate options"};
  cl::opt<std::string> chip{"chip",
                            cl::desc("The architecture of the code: sm_90a "
                                     "(default), or sm_80 or later"),
                            cl::init("sm_90a"), cl::value_desc("name"),
                            cl::cat(category)};
  cl::opt<std::string> ptxVersion{
      "ptx-version",
      cl::desc("The version of PTX, such as 8.4 (default: the newest that LLVM "
               "and ptxas know)"),
      cl::value_desc("version"), cl::cat(category)};
  cl::opt<unsigned> optLevel{"opt-level",
                             cl::desc("Optimization of LLVM and of ptxas, 0 to "
                                      "3 (default 3)"),
                             cl::init(3), cl::value_desc("n"),
                             cl::cat(category)};
  cl::opt<std::string> ptxas{
      "ptxas",
      cl::desc("The ptxas to run (default: SPATTN_PTXAS; that of NVIDIA's "
               "Python packages in VIRTUAL_ENV; in CUDA_HOME, CUDA_PATH, "
               "/usr/local/cuda, PATH)"),
      cl::value_desc("path"), cl::cat(category)};
  cl::opt<TargetOptions::Code> code{
      "code", cl::desc("What --spattn-to-artifact holds:"),
      cl::init(TargetOptions::Auto),
      cl::values(clEnumValN(TargetOptions::Auto, "auto",
                            "a cubin if there is a ptxas, else PTX (default)"),
                 clEnumValN(TargetOptions::Cubin, "cubin", "a cubin"),
                 clEnumValN(TargetOptions::Ptx, "ptx",
                            "PTX, which the driver compiles")),
      cl::cat(category)};
  cl::opt<bool> strict{
      "strict",
      cl::desc("Fail if ptxas spills registers, uses a stack or warns"),
      cl::cat(category)};
  cl::opt<std::string> gpuOptions{
      "gpu-options",
      cl::desc("Options of the pipeline spattn-gpu, for attention: "
               "\"key-tile=64 ctas-per-sm=2\""),
      cl::value_desc("options"), cl::cat(category)};
};

class Translator {
public:
  explicit Translator(const CommandLine &line) : line(line) {}

  LogicalResult toLLVMIR(ModuleOp module, llvm::raw_ostream &os) const {
    FailureOr<TargetOptions> options = lower(module);
    if (failed(options))
      return failure();
    llvm::LLVMContext context;
    auto result = translateToLLVMIR(module, context, getPtxOptions(*options));
    if (!result)
      return failure();
    result->print(os, nullptr);
    return success();
  }

  LogicalResult toPtx(ModuleOp module, llvm::raw_ostream &os) const {
    FailureOr<TargetOptions> options = lower(module);
    if (failed(options))
      return failure();
    FailureOr<std::string> ptx =
        translateToPtx(module, getPtxOptions(*options));
    if (failed(ptx))
      return failure();
    os << *ptx;
    return success();
  }

  LogicalResult toCubin(ModuleOp module, llvm::raw_ostream &os) const {
    FailureOr<TargetOptions> options = lower(module);
    if (failed(options))
      return failure();
    FailureOr<Assembled> assembled = emitCubin(module, *options);
    if (failed(assembled))
      return failure();
    os << assembled->cubin;
    return success();
  }

  LogicalResult toArtifact(ModuleOp module, llvm::raw_ostream &os) const {
    FailureOr<TargetOptions> options = lower(module);
    if (failed(options))
      return failure();
    auto artifact = emitArtifact(module, *options);
    if (!artifact)
      return failure();
    auto bytes = artifact->serialize();
    if (!bytes)
      return emitError(module.getLoc(), bytes.message());
    os << *bytes;
    return success();
  }

private:
  /// Brings the module to the LLVM dialect, and reads the options.
  FailureOr<TargetOptions> lower(ModuleOp module) const {
    module.getContext()->printOpOnDiagnostic(false);
    llvm::Expected<GpuOptions> pipeline = GpuOptions::parse(line.gpuOptions);
    if (!pipeline)
      return emitError(module.getLoc(), "--gpu-options='")
             << line.gpuOptions.getValue()
             << "': expected options of spattn-gpu: "
             << llvm::toString(pipeline.takeError());
    if (!TargetCapabilities::of(line.chip))
      return emitError(module.getLoc(), "unknown chip '")
             << line.chip.getValue()
             << "'; expected sm_80 or a later one, such as sm_90a";
    if (pipeline->target.empty())
      pipeline->target = line.chip;
    TargetOptions options;
    options.chip = line.chip;
    options.optLevel = line.optLevel;
    options.code = line.code;
    RuntimeOptions environment = optionsFromEnvironment();
    options.ptxas =
        line.ptxas.empty() ? environment.ptxas : line.ptxas.getValue();
    options.ptxasCandidates = environment.ptxasCandidates;
    options.strict = line.strict;
    if (!line.ptxVersion.empty()) {
      unsigned major, minor;
      auto [first, second] = StringRef(line.ptxVersion).split('.');
      if (first.getAsInteger(10, major) || second.getAsInteger(10, minor) ||
          minor > 9 || major == 0 || major > 99)
        return emitError(module.getLoc(), "--ptx-version=")
               << line.ptxVersion.getValue()
               << ": expected a version such as 8.4";
      options.ptxVersion = 10 * major + minor;
    }
    if (failed(lowerToLLVM(module, *pipeline)))
      return failure();
    return options;
  }

  static PtxOptions getPtxOptions(const TargetOptions &options) {
    return {options.chip, options.ptxVersion, options.optLevel};
  }

  const CommandLine &line;
};
} // namespace

/// Reads the artifact that the main file is.
static FailureOr<runtime::Artifact> readArtifact(const llvm::SourceMgr &files,
                                                 MLIRContext *context) {
  const llvm::MemoryBuffer *buffer =
      files.getMemoryBuffer(files.getMainFileID());
  StringRef bytes = buffer->getBuffer();
  auto artifact =
      runtime::Artifact::parse(std::string_view(bytes.data(), bytes.size()));
  if (artifact)
    return std::move(*artifact);
  return emitError(UnknownLoc::get(context))
         << "'" << buffer->getBufferIdentifier() << "': " << artifact.message();
}

static void registerTranslations(const Translator &translator) {
  using Method =
      LogicalResult (Translator::*)(ModuleOp, llvm::raw_ostream &) const;
  auto fromIR = [&](StringRef name, StringRef description, Method method) {
    TranslateFromMLIRRegistration(
        name, description,
        [&translator, method](ModuleOp module, llvm::raw_ostream &os) {
          return (translator.*method)(module, os);
        },
        [](DialectRegistry &registry) { registerAllDialects(registry); });
  };
  fromIR("spattn-to-llvmir", "Attention or lowered kernels to LLVM IR",
         &Translator::toLLVMIR);
  fromIR("spattn-to-ptx", "Attention or lowered kernels to PTX",
         &Translator::toPtx);
  fromIR("spattn-to-cubin", "Attention or lowered kernels to a cubin",
         &Translator::toCubin);
  fromIR("spattn-to-artifact",
         "Attention or lowered kernels to code and a description of its launch "
         "in a file",
         &Translator::toArtifact);
  TranslateRegistration(
      "artifact-to-text", "What an artifact says, for people",
      [](const std::shared_ptr<llvm::SourceMgr> &files, llvm::raw_ostream &os,
         MLIRContext *context) -> LogicalResult {
        FailureOr<runtime::Artifact> artifact = readArtifact(*files, context);
        if (failed(artifact))
          return failure();
        os << describe(*artifact);
        return success();
      });
  TranslateRegistration(
      "artifact-to-code", "The cubin or the PTX of an artifact",
      [](const std::shared_ptr<llvm::SourceMgr> &files, llvm::raw_ostream &os,
         MLIRContext *context) -> LogicalResult {
        FailureOr<runtime::Artifact> artifact = readArtifact(*files, context);
        if (failed(artifact))
          return failure();
        os << artifact->code;
        return success();
      });
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  CommandLine line;
  Translator translator(line);
  registerTranslations(translator);
  return failed(
      mlirTranslateMain(argc, argv, "spattn: code of attention kernels"));
}
