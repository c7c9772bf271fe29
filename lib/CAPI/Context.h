//===- Context.h - The context's resources ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CAPI_CONTEXT_H
#define SPATTN_LIB_CAPI_CONTEXT_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "spattn-c/Context.h"
#include "spattn/Runtime/RuntimeContext.h"

#include <memory>
#include <mutex>
#include <string>

namespace spattn {
namespace capi {

/// The resources of a context. Modules and kernels share their ownership.
struct Shared {
  explicit Shared(RuntimeOptions options);

  /// Creates a single-threaded MLIRContext for one module, isolated from all
  /// others.
  std::unique_ptr<mlir::MLIRContext> makeMLIRContext() const;

  /// Runs `body` with a shared MLIRContext for attributes, under a lock.
  template <class Body>
  auto withAttributes(Body &&body) const {
    std::lock_guard<std::mutex> lock(mutex);
    if (!attributes)
      attributes = makeMLIRContext();
    return body(*attributes);
  }

  mlir::DialectRegistry dialects;
  RuntimeContext runtime;

private:
  mutable std::mutex mutex;
  mutable std::unique_ptr<mlir::MLIRContext> attributes;
};

} // namespace capi
} // namespace spattn

struct SpattnContextImpl {
  std::shared_ptr<const spattn::capi::Shared> shared;
  std::string warning;
};

#endif // SPATTN_LIB_CAPI_CONTEXT_H
