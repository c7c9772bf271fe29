//===- Passes.cpp - Registration of passes --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/BufferizationToMemRef/BufferizationToMemRef.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "spattn/InitAll.h"

#include <mutex>

/// Registers passes one by one, because registerConversionPasses and its like
/// link unused dialects and targets, which would double the library's size.
void spattn::capi::registerPasses() {
  using namespace mlir;
  static std::once_flag once;
  std::call_once(once, [] {
    registerAllPasses();
    registerTransformsPasses();
    registerGpuModuleToBinaryPass();
    bufferization::registerBufferizationPipelines();
    using Create = std::unique_ptr<Pass> (*)();
    const Create passes[] = {
        [] { return createConvertElementwiseToLinalgPass(); },
        [] { return createConvertLinalgToLoopsPass(); },
        [] { return createConvertBufferizationToMemRefPass(); },
        [] { return createLowerAffinePass(); },
        [] { return createSCFToControlFlowPass(); },
        [] { return createConvertToLLVMPass(); },
        [] { return createReconcileUnrealizedCastsPass(); },
        [] { return memref::createExpandStridedMetadataPass(); },
        [] { return bufferization::createOneShotBufferizePass(); },
        [] { return math::createMathExtendToSupportedTypes(); },
        [] { return arith::createArithEmulateUnsupportedFloats(); },
        [] { return arith::createArithExpandOpsPass(); }};
    for (Create create : passes)
      registerPass(create);
  });
}
