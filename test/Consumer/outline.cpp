//===- outline.cpp - Compiles a program with attention in it --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "spattn/InitAll.h"
#include "spattn/Pipelines/GpuProgramPipeline.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

/// Compiles the program in the file it is given, and prints it as LLVM IR.
int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: outline FILE.mlir\n";
    return 1;
  }
  mlir::DialectRegistry registry;
  spattn::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1; // The error has been printed.

  spattn::GpuProgramOptions options;
  options.chip = "sm_90a";
  options.format = spattn::CodeFormat::Ptx;
  mlir::PassManager pm(&context);
  // Attention becomes launches and modules for the GPU, and nothing else
  // changes;
  spattn::buildGpuOutlinePipeline(pm, options);
  // those modules become artifacts.
  spattn::buildGpuSerializePipeline(pm, options);
  // Here go passes of your own. This one brings the rest to the LLVM dialect;
  // or bufferize, and run convert-to-llvm, in a pipeline of your own.
  spattn::buildGpuHostPipeline(pm, options);
  if (mlir::failed(pm.run(*module)))
    return 1;
  llvm::LLVMContext llvmContext;
  auto translated = mlir::translateModuleToLLVMIR(*module, llvmContext);
  if (!translated)
    return 1;
  translated->print(llvm::outs(), nullptr);
  return 0;
}
