//===- Tile.h - The GPU tile dialect ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_TILE_IR_TILE_H
#define SPATTN_DIALECT_TILE_IR_TILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace spattn::tile {
/// Threads that hold a fragment together, and its rows.
inline constexpr int64_t kWarpgroupThreads = 128;
inline constexpr int64_t kFragmentRows = 64;
/// Columns of a chunk of a shared tile: 128 bytes of 16-bit elements.
inline constexpr int64_t kChunkColumns = 64;
} // namespace spattn::tile

#include "spattn/Dialect/Tile/IR/TileDialect.h.inc"

#include "spattn/Dialect/Tile/IR/TileEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "spattn/Dialect/Tile/IR/TileTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "spattn/Dialect/Tile/IR/TileAttrs.h.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/Tile/IR/TileOps.h.inc"

#endif // SPATTN_DIALECT_TILE_IR_TILE_H
