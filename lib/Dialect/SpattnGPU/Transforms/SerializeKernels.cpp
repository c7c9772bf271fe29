//===- SerializeKernels.cpp - Compiles modules for the GPU ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNSERIALIZEKERNELS
#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

/// The target of a module of this project, or null.
static spattn_gpu::TargetAttr getTarget(gpu::GPUModuleOp module) {
  ArrayAttr targets = module.getTargetsAttr();
  if (!targets || targets.size() != 1)
    return {};
  return dyn_cast<spattn_gpu::TargetAttr>(targets[0]);
}

static gpu::CompilationTarget getFormat(CodeFormat format) {
  switch (format) {
  case CodeFormat::Auto:
    return gpu::CompilationTarget::Fatbin;
  case CodeFormat::Cubin:
    return gpu::CompilationTarget::Binary;
  case CodeFormat::Ptx:
    return gpu::CompilationTarget::Assembly;
  }
  llvm_unreachable("a format is one of the above");
}

static LogicalResult serialize(gpu::GPUModuleOp module,
                               spattn_gpu::TargetAttr attr,
                               const gpu::TargetOptions &options) {
  // Asking for an interface that was promised, but is not there, ends the
  // process.
  if (!attr.getAbstractAttribute().hasInterface(
          gpu::TargetAttrInterface::getInterfaceID()))
    return module.emitOpError("cannot be compiled: this program has not "
                              "registered how '#spattn_gpu.target' does that");
  auto target = cast<gpu::TargetAttrInterface>(Attribute(attr));
  std::optional<SmallVector<char, 0>> bytes =
      target.serializeToObject(module, options);
  // The error has been reported.
  if (!bytes)
    return failure();
  OpBuilder b(module);
  gpu::BinaryOp::create(b, module.getLoc(), module.getName(),
                        /*offloadingHandler=*/Attribute(),
                        {target.createObject(module, *bytes, options)});
  module.erase();
  return success();
}

namespace {
struct SpattnSerializeKernelsPass
    : public spattn::impl::SpattnSerializeKernelsBase<
          SpattnSerializeKernelsPass> {
  using SpattnSerializeKernelsBase::SpattnSerializeKernelsBase;

  void runOnOperation() override {
    gpu::TargetOptions options(toolkit, /*librariesToLink=*/{},
                               /*cmdOptions=*/"", /*elfSection=*/"",
                               getFormat(format));
    WalkResult result = getOperation()->walk([&](gpu::GPUModuleOp module) {
      if (spattn_gpu::TargetAttr target = getTarget(module))
        return WalkResult(serialize(module, target, options));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
