//===- raise.cpp - Attention of another frontend, raised ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "spattn/Conversion/LinalgToSpattn/RaiseAttention.h"
#include "spattn/InitAll.h"
#include "llvm/Support/raw_ostream.h"

/// Raises the attention of the file it is given, and prints all.
int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: raise FILE.mlir\n";
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

  mlir::RewritePatternSet patterns(&context);
  spattn::populateRaiseAttentionPatterns(
      patterns,
      [](mlir::Operation *op, mlir::Operation *, llvm::StringRef why) {
        llvm::errs() << op->getName() << " stays: " << why << "\n";
      });
  mlir::walkAndApplyPatterns(*module, std::move(patterns));
  module->print(llvm::outs());
}
