//===- Module.h - Modules and their diagnostics -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CAPI_MODULE_H
#define SPATTN_LIB_CAPI_MODULE_H

#include "Context.h"
#include "Status.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "spattn-c/Module.h"

struct SpattnModuleImpl {
  explicit SpattnModuleImpl(std::shared_ptr<const spattn::capi::Shared> shared)
      : shared(std::move(shared)), mlir(this->shared->makeMLIRContext()) {}

  std::shared_ptr<const spattn::capi::Shared> shared;
  std::unique_ptr<mlir::MLIRContext> mlir;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Guards the module and its MLIRContext.
  std::mutex mutex;
};

namespace spattn {
namespace capi {

/// Forwards the diagnostics of an MLIRContext to a handler, and collects the
/// errors for a status.
class Listener {
public:
  Listener(mlir::MLIRContext &context, const SpattnDiagnosticHandler *handler);

  /// An error with the collected diagnostics, or with `message` if there are
  /// none.
  SpattnStatus makeStatus(SpattnStatusCode code, std::string message);

private:
  Diagnostics errors;
  mlir::ScopedDiagnosticHandler scope;
};

/// Parses text or bytecode.
SpattnStatus parseModule(const std::shared_ptr<const Shared> &shared,
                         llvm::StringRef source, llvm::StringRef name,
                         const SpattnDiagnosticHandler *handler,
                         SpattnModule *module);

} // namespace capi
} // namespace spattn

#endif // SPATTN_LIB_CAPI_MODULE_H
