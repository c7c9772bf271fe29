//===- Sizes.h - The sizes of attentions ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_SIZES_H
#define SPATTN_TOOLS_SPATTN_VIZ_SIZES_H

#include "Options.h"
#include "common/Source.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn::viz {

struct Sizes {
  int64_t batch, queries, keys;
};

/// Fails unless each `--shape` is that of an argument of a function.
mlir::LogicalResult checkShapes(const Source &source, const Options &options);

/// Fails if a size that the command line says is that of no attention.
mlir::LogicalResult checkSizeOptions(llvm::ArrayRef<AttentionOpInterface> ops,
                                     const Source &source,
                                     const Options &options);

/// The sizes of an attention: those of its operands' types, else those that the
/// command line says. Errors have been reported.
mlir::FailureOr<Sizes> findSizes(AttentionOpInterface op, const Source &source,
                                 const Options &options);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_SIZES_H
