//===- ForwardKernel.h - The forward kernel ---------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDKERNEL_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDKERNEL_H

#include "../ForwardConfig.h"
#include "../Parts/KernelSignature.h"
#include "../Parts/WorkTile.h"
#include "../Parts/ZeroFill.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {

/// The shared memory of a forward kernel. The output of a work tile takes the
/// place of its queries.
struct ForwardLayout {
  explicit ForwardLayout(const ForwardConfig &config);

  SharedLayout shared;
  TileRing queryTiles, keyTiles, valueTiles;
  /// A tile of zeros, from which the TMA fills empty rows.
  TileRing zeroTile;
  PipelineLayout queries;
  /// Where MMA warpgroups say that a work tile's output is written.
  BarrierArray outputs;
  PipelineLayout keys, values;
  /// Where ragged tiles of values are loaded, if there are sequences.
  BarrierArray ragged;
  WorkTileQueueLayout workTiles;
};

/// Whether a kernel gathers its output in shared memory, where it takes the
/// place of the queries and so has their element type. Others store from
/// registers.
bool storesThroughShared(AttentionOp op, const ForwardConfig &config);

/// The scratch memory of what parts of walks have for output and log-sum-exp.
inline constexpr llvm::StringLiteral kPartialOut = "partial_out",
                                     kPartialLse = "partial_lse";

/// Builds the kernel of an attention, and adds it to `program`. Where walks are
/// cut, buildCombineKernel has to follow.
mlir::LLVM::LLVMFuncOp buildForwardKernel(mlir::OpBuilder &builder,
                                          AttentionOp op, llvm::StringRef name,
                                          const ForwardConfig &config,
                                          KernelProgram &program);

/// Builds the kernel that merges the results of parts, and adds it to
/// `program`.
void buildCombineKernel(mlir::OpBuilder &builder, AttentionOp op,
                        llvm::StringRef name, const ForwardConfig &config,
                        KernelProgram &program);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_FORWARD_FORWARDKERNEL_H
