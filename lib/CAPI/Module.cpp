//===- Module.cpp - IR: parse, print, run passes --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Module.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace spattn;
using namespace spattn::capi;
using Lock = std::lock_guard<std::mutex>;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

SpattnStatus
spattn::capi::parseModule(const std::shared_ptr<const Shared> &shared,
                          llvm::StringRef source, llvm::StringRef name,
                          const SpattnDiagnosticHandler *handler,
                          SpattnModule *module) {
  auto made = std::make_unique<SpattnModuleImpl>(shared);
  Listener listener(*made->mlir, handler);
  // Copy, because the lexer needs a zero byte at the end.
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(source, name);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  made->module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, made->mlir.get());
  if (!made->module)
    return listener.makeStatus(SpattnStatusInvalidInput,
                               "the module cannot be read");
  *module = made.release();
  return nullptr;
}

SpattnStatus spattnModuleParse(SpattnContext context, const char *data,
                               size_t size, const char *name,
                               const SpattnDiagnosticHandler *handler,
                               SpattnModule *module) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            module, "module", {{context, "context"}, {data, "data"}}))
      return status;
    return parseModule(context->shared, llvm::StringRef(data, size),
                       name ? name : "-", handler, module);
  });
}

SpattnStatus spattnModuleClone(SpattnModule module, SpattnModule *clone) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(clone, "clone", {{module, "module"}}))
      return status;
    // The clone has its own MLIRContext, and only bytecode moves a module
    // between contexts.
    std::string bytes;
    llvm::raw_string_ostream stream(bytes);
    Lock lock(module->mutex);
    if (mlir::failed(mlir::writeBytecodeToFile(*module->module, stream)))
      return makeStatus(SpattnStatusInternal, "the module cannot be written");
    return parseModule(module->shared, bytes, "-", nullptr, clone);
  });
}

void spattnModuleDestroy(SpattnModule module) { delete module; }

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

SpattnStatus spattnModulePrint(SpattnModule module, uint32_t flags,
                               SpattnString *text) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(text, "text", {{module, "module"}}))
      return status;
    mlir::OpPrintingFlags printing;
    if (flags & SpattnPrintGeneric)
      printing.printGenericOpForm();
    if (flags & SpattnPrintLocations)
      printing.enableDebugInfo();
    std::string printed;
    llvm::raw_string_ostream stream(printed);
    Lock lock(module->mutex);
    module->module->print(stream, printing);
    return copyString(printed, text);
  });
}

SpattnStatus spattnModuleWriteBytecode(SpattnModule module,
                                       SpattnString *bytes) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(bytes, "bytes", {{module, "module"}}))
      return status;
    std::string written;
    llvm::raw_string_ostream stream(written);
    Lock lock(module->mutex);
    Listener listener(*module->mlir, nullptr);
    if (mlir::failed(mlir::writeBytecodeToFile(*module->module, stream)))
      return listener.makeStatus(SpattnStatusInternal,
                                 "the module cannot be written");
    return copyString(written, bytes);
  });
}

SpattnStatus spattnModuleEmitLLVMIR(SpattnModule module,
                                    const SpattnDiagnosticHandler *handler,
                                    SpattnString *text) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(text, "text", {{module, "module"}}))
      return status;
    Lock lock(module->mutex);
    Listener listener(*module->mlir, handler);
    llvm::LLVMContext llvmContext;
    auto translated =
        mlir::translateModuleToLLVMIR(*module->module, llvmContext);
    if (!translated)
      return listener.makeStatus(
          SpattnStatusCompileError,
          "the module cannot be translated; it has to be in the LLVM dialect");
    std::string printed;
    llvm::raw_string_ostream stream(printed);
    translated->print(stream, nullptr);
    return copyString(printed, text);
  });
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

SpattnStatus spattnModuleVerify(SpattnModule module,
                                const SpattnDiagnosticHandler *handler) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = checkNotNull({{module, "module"}}))
      return status;
    Lock lock(module->mutex);
    Listener listener(*module->mlir, handler);
    if (mlir::succeeded(mlir::verify(*module->module)))
      return nullptr;
    return listener.makeStatus(SpattnStatusInvalidInput,
                               "the module is not valid");
  });
}

SpattnStatus spattnModuleRunPipeline(SpattnModule module, const char *pipeline,
                                     const SpattnDiagnosticHandler *handler) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            checkNotNull({{module, "module"}, {pipeline, "pipeline"}}))
      return status;
    llvm::StringRef passes = pipeline;
    passes = passes.trim();
    if (passes.consume_front("builtin.module(") && !passes.consume_back(")"))
      return invalid("pipeline '", pipeline, "' has no ')' at its end");
    Lock lock(module->mutex);
    Listener listener(*module->mlir, handler);
    mlir::PassManager pm(module->mlir.get());
    std::string message;
    llvm::raw_string_ostream stream(message);
    if (mlir::failed(mlir::parsePassPipeline(passes, pm, stream)))
      return listener.makeStatus(
          SpattnStatusInvalidArgument,
          message.empty() ? std::string("the pipeline cannot be read")
                          : llvm::StringRef(message).trim().str());
    if (mlir::succeeded(pm.run(*module->module)))
      return nullptr;
    return listener.makeStatus(SpattnStatusCompileError,
                               "a pass failed without a message");
  });
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

size_t spattnModuleGetNumFunctions(SpattnModule module) {
  if (!module)
    return 0;
  Lock lock(module->mutex);
  auto functions = module->module->getOps<mlir::FunctionOpInterface>();
  return size_t(std::distance(functions.begin(), functions.end()));
}

SpattnStatus spattnModuleGetFunctionName(SpattnModule module, size_t index,
                                         SpattnString *name) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(name, "name", {{module, "module"}}))
      return status;
    Lock lock(module->mutex);
    size_t next = 0;
    for (auto function : module->module->getOps<mlir::FunctionOpInterface>())
      if (next++ == index)
        return copyString(function.getName(), name);
    return invalid("there is no function ", index, "; the module has ", next);
  });
}
