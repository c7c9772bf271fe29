//===- BackwardKernels.cpp - The kernels of gradients ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BackwardKernels.h"

using namespace mlir;
using namespace spattn;

spattn_gpu::FormulaAttr spattn::rowCtas(KernelProgram &program,
                                        AttentionBackwardOp op,
                                        const BackwardShape &shape) {
  return program.perTile(op.getNumQueryHeads() * shape.queryTile / kRowsOfGroup,
                         "queryLength", shape.queryTile);
}

void spattn::buildBackwardKernels(OpBuilder &builder, AttentionBackwardOp op,
                                  StringRef name, const BackwardShape &shape,
                                  KernelProgram &program) {
  int64_t rowBytes = 4 * op.getNumQueryHeads() * shape.queryTile;
  auto perQuery = [&](int64_t columns) {
    return program.perTile(columns * rowBytes, "queryLength", shape.queryTile);
  };
  program.addScratch("lse_start", perQuery(1), /*alignment=*/256);
  program.addScratch("delta_start", perQuery(1), /*alignment=*/256);
  if (!shape.deterministic)
    program.addScratch("dq_sums", perQuery(shape.headDim), /*alignment=*/256);
  // Tickets, and a semaphore for each query tile that is claimed.
  program.addScratch("counter",
                     shape.claimsSums ? program.constantAndPerTile(
                                            4, 4 * op.getNumQueryHeads(),
                                            "queryLength", shape.queryTile)
                                      : program.constant(4),
                     /*alignment=*/4);
  program.limitTiles(
      program.perTile(op.getNumKeyHeads(), "keyLength", shape.keyTile()));
  program.limitTiles(rowCtas(program, op, shape));

  // The order of launches is that of the module.
  if (shape.deterministic)
    buildQueryKernel(builder, op, (name + "_queries").str(), shape, program);
  else
    buildPreprocessKernel(builder, op, (name + "_prepare").str(), shape,
                          program);
  buildKeyKernel(builder, op, name, shape, program);
  if (!shape.deterministic)
    buildPostprocessKernel(builder, op, (name + "_finish").str(), shape,
                           program);
}
