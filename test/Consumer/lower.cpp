//===- lower.cpp - Lowers to loops over tiles -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/InitAll.h"
#include "spattn/Pipelines/CpuPipeline.h"
#include "llvm/Support/raw_ostream.h"

/// Lowers the file it is given to loops over tiles, and prints them.
int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: lower FILE.mlir\n";
    return 1;
  }
  mlir::DialectRegistry registry;
  spattn::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  // Without a handler, errors go to stderr, and remarks nowhere.
  context.getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) {
    llvm::errs() << diagnostic.getLocation() << ": " << diagnostic << "\n";
  });
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;

  spattn::CpuOptions options;
  options.queryTile = 32;
  options.remarks = true;
  mlir::PassManager pm(&context);
  spattn::buildCpuLoopsPipeline(pm, options);
  // Here go passes of your own, and the pipelines for the levels below.
  if (mlir::failed(pm.run(*module)))
    return 1;
  module->print(llvm::outs());
  return 0;
}
