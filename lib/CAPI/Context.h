//===- Context.h - What contexts hold ---------------------------*- C++ -*-===//
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

/// What modules and kernels share, and keep.
struct Shared {
  explicit Shared(RuntimeOptions options);

  /// A context for one module, or one question. Without threads of its own, and
  /// with nothing that another module's may hear or wait for.
  std::unique_ptr<mlir::MLIRContext> makeMLIRContext() const;

  /// Runs `body` in a context that serves for attributes.
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
