//===- RegisterPipeline.h - Pipelines with a struct of options --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_PIPELINES_REGISTERPIPELINE_H
#define SPATTN_LIB_PIPELINES_REGISTERPIPELINE_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "spattn/Support/StructOptions.h"

namespace spattn {

/// Registers a pipeline whose options are the fields of a struct.
template <class Options>
void registerPipeline(llvm::StringRef name, llvm::StringRef description,
                      void (*build)(mlir::OpPassManager &, const Options &)) {
  using Parsed = PipelineOptionsOf<Options>;
  mlir::PassPipelineRegistration<Parsed>(
      name, description,
      [build](mlir::OpPassManager &pm, const Parsed &options) {
        build(pm, options.fields.get());
      });
}

} // namespace spattn

#endif // SPATTN_LIB_PIPELINES_REGISTERPIPELINE_H
