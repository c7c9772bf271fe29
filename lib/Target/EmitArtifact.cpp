//===- EmitArtifact.cpp - Artifacts of lowered kernels --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Target/EmitArtifact.h"

#include "LaunchToArtifact.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "spattn/Target/Ptx.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace mlir;
using namespace spattn;

std::string spattn::getCompilerVersion() {
  return "spattn " SPATTN_VERSION ", LLVM " LLVM_VERSION_STRING;
}

namespace {
/// Adds the time from its making on to a number of milliseconds.
class StageTimer {
public:
  explicit StageTimer(double *target) : target(target) {}
  ~StageTimer() {
    if (target)
      *target += std::chrono::duration<double, std::milli>(Clock::now() - start)
                     .count();
  }

private:
  using Clock = std::chrono::steady_clock;
  double *target;
  Clock::time_point start = Clock::now();
};

/// Code of a module, and what made it.
struct Code {
  runtime::CodeKind kind = runtime::CodeKind::Ptx;
  std::string bytes, assembler;
  Assembled assembled;
};
} // namespace

/// Where to blame a kernel of the log.
static Location getLocation(ModuleOp module, StringRef kernel) {
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(kernel))
    return function.getLoc();
  return module.getLoc();
}

/// Turns what ptxas complains about into diagnostics.
static LogicalResult reportUsage(ModuleOp module, const PtxasReport &report,
                                 bool strict) {
  LogicalResult result = success();
  auto report1 = [&](Location loc) {
    if (strict)
      result = failure();
    return strict ? emitError(loc) : emitWarning(loc);
  };
  for (const KernelUsage &kernel : report.kernels)
    if (kernel.spills())
      report1(getLocation(module, kernel.name))
          << "kernel '" << kernel.name << "' needs " << kernel.stackBytes
          << " bytes of stack and spills registers: " << kernel.spillStoreBytes
          << " bytes of stores, " << kernel.spillLoadBytes
          << " bytes of loads a thread";
  for (const std::string &warning : report.warnings)
    report1(module.getLoc()) << "ptxas: " << warning;
  return result;
}

/// The PTX version for what will compile it.
static unsigned chooseVersion(const TargetOptions &options,
                              const Ptxas *ptxas) {
  if (options.ptxVersion != 0)
    return options.ptxVersion;
  // A cubin needs no compiler in the driver.
  return getPtxVersion(ptxas ? ptxas->cudaVersion() : options.driverVersion);
}

static FailureOr<Code> emitCode(ModuleOp module, const TargetOptions &options,
                                TargetTimes *times) {
  std::optional<Ptxas> ptxas;
  if (options.code != TargetOptions::Ptx) {
    auto found = Ptxas::find(options.ptxas, options.ptxasCandidates);
    // One that was asked for has to work.
    if (!found &&
        (options.code == TargetOptions::Cubin || !options.ptxas.empty()))
      return emitError(module.getLoc(), llvm::toString(found.takeError()));
    if (found)
      ptxas = *found;
    else
      llvm::consumeError(found.takeError());
    // A driver loads cubins of its own major release and of earlier ones.
    if (ptxas && options.code == TargetOptions::Auto &&
        options.driverVersion != 0 &&
        int(ptxas->major()) > options.driverVersion / 1000)
      ptxas.reset();
  }
  if (ptxas && ptxas->isTooOld())
    emitWarning(module.getLoc(), "'")
        << ptxas->path() << "' is of CUDA " << ptxas->version()
        << "; releases before " << Ptxas::kOldestMajor
        << ".0 may reuse registers of a matrix product that is under way, and "
           "make wrong code";

  PtxOptions ptxOptions;
  ptxOptions.chip = options.chip;
  ptxOptions.version = chooseVersion(options, ptxas ? &*ptxas : nullptr);
  ptxOptions.optLevel = options.optLevel;
  FailureOr<std::string> ptx = failure();
  {
    StageTimer timer(times ? &times->ptx : nullptr);
    ptx = translateToPtx(module, ptxOptions);
  }
  if (failed(ptx))
    return failure();
  Code code;
  if (!ptxas) {
    code.bytes = std::move(*ptx);
    return code;
  }
  StageTimer timer(times ? &times->ptxas : nullptr);
  auto assembled = ptxas->assemble(*ptx, options.chip, options.optLevel);
  if (!assembled)
    return emitError(module.getLoc(), llvm::toString(assembled.takeError()));
  if (failed(reportUsage(module, assembled->report, options.strict)))
    return failure();
  code.kind = runtime::CodeKind::Cubin;
  code.assembler = "ptxas " + ptxas->version();
  code.assembled = std::move(*assembled);
  code.bytes = code.assembled.cubin;
  return code;
}

FailureOr<Assembled> spattn::emitCubin(ModuleOp module,
                                       const TargetOptions &options,
                                       TargetTimes *times) {
  TargetOptions withCubin = options;
  withCubin.code = TargetOptions::Cubin;
  FailureOr<Code> code = emitCode(module, withCubin, times);
  if (failed(code))
    return failure();
  return std::move(code->assembled);
}

runtime::Result<runtime::Artifact>
spattn::emitArtifact(ModuleOp module, const TargetOptions &options,
                     TargetTimes *times) {
  // The first error is also the result's.
  std::string message;
  FailureOr<runtime::Artifact> artifact = failure();
  {
    ScopedDiagnosticHandler handler(
        module.getContext(), [&](Diagnostic &diagnostic) {
          if (message.empty() &&
              diagnostic.getSeverity() == DiagnosticSeverity::Error)
            message = diagnostic.str();
          return failure();
        });
    artifact = describeLaunches(module);
    if (succeeded(artifact)) {
      FailureOr<Code> code = emitCode(module, options, times);
      if (failed(code)) {
        artifact = failure();
      } else {
        artifact->architecture = options.chip;
        artifact->codeKind = code->kind;
        artifact->code = std::move(code->bytes);
        std::string compiler = getCompilerVersion();
        if (!code->assembler.empty())
          compiler += ", " + code->assembler;
        artifact->metadata.emplace_back("compiler", compiler);
        for (const KernelUsage &usage : code->assembled.report.kernels)
          artifact->metadata.emplace_back("registers:" + usage.name,
                                          std::to_string(usage.registers));
      }
    }
  }
  if (failed(artifact))
    return runtime::Status::error(
        message.empty() ? "the kernels could not be compiled" : message);
  if (runtime::Status status = artifact->verify(); !status.ok()) {
    emitError(module.getLoc(), "the kernels make an invalid artifact: ")
        << status.message();
    return status;
  }
  return std::move(*artifact);
}
