//===- TileShape.h - The tile shape of an attention ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_TILESHAPE_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_TILESHAPE_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Structure/Host.h"

namespace spattn {

/// The tile shape of an operation: its own, or the one chosen for it.
TileShapeAttr getTileShapeAttr(AttentionOpInterface op);

/// Chooses a tile shape for a CPU: 64 x 64, smaller where static lengths or the
/// head dimension make a tile's scratch exceed what first-level and
/// second-level caches hold.
TileShapeAttr chooseTileShape(AttentionOpInterface op);

/// The structure of an operation at given lengths, for questions about its
/// tiles and pairs.
HostAlgebra getAlgebra(AttentionOpInterface op, int64_t queryLength,
                       int64_t keyLength);

/// The tile shape of a tile shape as the algebra takes it.
TileShape getTileShape(TileShapeAttr tileShape);

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_TILESHAPE_H
