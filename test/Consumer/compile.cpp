//===- compile.cpp - Compiles attention for a GPU -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "spattn/Pipelines/GpuPipeline.h"
#include "spattn/Target/EmitArtifact.h"
#include "llvm/Support/raw_ostream.h"

/// Compiles the file it is given for a Hopper GPU, into another.
int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: compile FILE.mlir ARTIFACT\n";
    return 1;
  }
  mlir::DialectRegistry registry;
  spattn::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  spattn::GpuOptions pipeline;
  pipeline.keyTile = 64;
  if (!module || mlir::failed(spattn::lowerToLLVM(*module, pipeline)))
    return 1; // The error has been printed.

  spattn::TargetOptions target;
  target.chip = "sm_90a";
  auto artifact = spattn::emitArtifact(*module, target);
  if (!artifact)
    return 1;
  auto bytes = artifact->serialize();
  if (!bytes) {
    llvm::errs() << bytes.message() << "\n";
    return 1;
  }
  std::error_code error;
  llvm::raw_fd_ostream(argv[2], error) << *bytes;
  return error ? 1 : 0;
}
