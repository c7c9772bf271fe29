//===- patterns.cpp - Lowers IR with patterns -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "spattn/Conversion/SpattnCPUToVector/SpattnCPUToVector.h"
#include "spattn/Conversion/SpattnToLoops/SpattnToLoops.h"
#include "spattn/InitAll.h"
#include "llvm/Support/raw_ostream.h"

/// Lowers the attention of the file it is given to vectors, and prints all.
int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: patterns FILE.mlir\n";
    return 1;
  }
  mlir::DialectRegistry registry;
  spattn::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  context.allowUnregisteredDialects();
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1; // The error has been printed.

  // Operations of other dialects are left to patterns of their own.
  mlir::RewritePatternSet patterns(&context);
  spattn::populateSpattnToLoopsPatterns(patterns);
  spattn::populateSpattnCPUToVectorPatterns(
      patterns, {/*width=*/8, /*rows=*/4, /*vectors=*/2});
  if (mlir::failed(mlir::applyPatternsGreedily(*module, std::move(patterns))))
    return 1;
  module->print(llvm::outs());
}
