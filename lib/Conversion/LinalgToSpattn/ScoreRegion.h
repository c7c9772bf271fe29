//===- ScoreRegion.h - Regions that modify scores ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCOREREGION_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCOREREGION_H

#include "AttentionParts.h"

#include <memory>

namespace spattn {

/// The region of what happens to scores, and of biases that are computed of
/// indices and constants. Null, and a refusal, if regions have no operation for
/// something, or if integers may not fit into 32 bits.
std::unique_ptr<mlir::Region> makeScoreRegion(mlir::Location loc,
                                              const AttentionParts &parts,
                                              llvm::ArrayRef<Bias> biases,
                                              Refusal &refusal);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCOREREGION_H
