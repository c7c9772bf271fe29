//===- TargetInterface.cpp - #spattn_gpu.target's compiler ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Target/TargetInterface.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Runtime/RuntimeContext.h"
#include "spattn/Target/EmitArtifact.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace spattn;

static TargetOptions getOptions(spattn_gpu::TargetAttr target,
                                const gpu::TargetOptions &options) {
  TargetOptions result;
  result.chip = target.getChip().str();
  result.optLevel = unsigned(target.getOpt());
  result.ptxVersion = unsigned(target.getPtx());
  result.strict = target.getStrict();
  if (options.getCompilationTarget() == gpu::CompilationTarget::Binary)
    result.code = TargetOptions::Cubin;
  else if (options.getCompilationTarget() == gpu::CompilationTarget::Assembly)
    result.code = TargetOptions::Ptx;
  if (!options.getToolkitPath().empty()) {
    llvm::SmallString<128> path(options.getToolkitPath());
    llvm::sys::path::append(path, "bin", "ptxas");
    result.ptxas = std::string(path);
  } else {
    // As upstream's target for NVVM, one without a path looks for a toolkit in
    // the environment.
    RuntimeOptions environment = optionsFromEnvironment();
    result.ptxas = environment.ptxas;
    result.ptxasCandidates = environment.ptxasCandidates;
  }
  return result;
}

namespace {
struct TargetModel
    : public gpu::TargetAttrInterface::ExternalModel<TargetModel,
                                                     spattn_gpu::TargetAttr> {
  std::optional<SmallVector<char, 0>>
  serializeToObject(Attribute attr, Operation *op,
                    const gpu::TargetOptions &options) const {
    auto container = cast<gpu::GPUModuleOp>(op);
    // Kernels are compiled as a module of their own.
    OwningOpRef<ModuleOp> module = ModuleOp::create(container.getLoc());
    for (Operation &inner : *container.getBody(0))
      module->push_back(inner.clone());
    runtime::Result<runtime::Artifact> artifact = emitArtifact(
        *module, getOptions(cast<spattn_gpu::TargetAttr>(attr), options));
    if (!artifact)
      return std::nullopt;
    runtime::Result<std::string> bytes = artifact->serialize();
    if (!bytes) {
      container.emitOpError() << bytes.message();
      return std::nullopt;
    }
    return SmallVector<char, 0>(bytes->begin(), bytes->end());
  }

  Attribute createObject(Attribute attr, Operation *op,
                         const SmallVector<char, 0> &object,
                         const gpu::TargetOptions &options) const {
    // Neither assembly nor binary, but both with more: what upstream leaves to
    // targets.
    return gpu::ObjectAttr::get(
        op->getContext(), attr, gpu::CompilationTarget::Offload,
        StringAttr::get(op->getContext(),
                        StringRef(object.data(), object.size())),
        /*properties=*/DictionaryAttr(), /*kernels=*/gpu::KernelTableAttr());
  }
};
} // namespace

void spattn::registerTargetInterface(DialectRegistry &registry) {
  // Compiling goes through LLVM IR.
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  registry.addExtension(
      +[](MLIRContext *context, spattn_gpu::SpattnGPUDialect *) {
        spattn_gpu::TargetAttr::attachInterface<TargetModel>(*context);
      });
}
