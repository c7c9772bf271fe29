//===- BackwardKernels.cpp - The kernels of gradients ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BackwardKernels.h"

#include "BiasSums.h"
#include "HeadSum.h"
#include "QueryLists.h"

using namespace mlir;
using namespace spattn;

spattn_gpu::FormulaAttr spattn::rowCtas(KernelProgram &program,
                                        AttentionBackwardOp op,
                                        const BackwardConfig &config) {
  return program.perTile(op.getNumQueryHeads() * config.queryTile /
                             kRowsOfGroup,
                         "queryLength", config.queryTile);
}

llvm::ArrayRef<KeyPart> spattn::keyParts(const BackwardConfig &config) {
  static constexpr KeyPart kAll[] = {KeyPart::All};
  static constexpr KeyPart kEach[] = {KeyPart::Values, KeyPart::Keys};
  if (config.keyGradients == KeyGradients::ByKernel)
    return kEach;
  return kAll;
}

spattn_gpu::FormulaAttr spattn::startingCtas(KernelProgram &program,
                                             AttentionBackwardOp op,
                                             const BackwardConfig &config) {
  return program.constantAndPerTile(
      1, op.getNumQueryHeads() * config.queryTile / kRowsOfGroup, "queryLength",
      config.queryTile);
}

void spattn::buildBackwardKernels(OpBuilder &builder, AttentionBackwardOp op,
                                  StringRef name, const BackwardConfig &config,
                                  KernelProgram &program) {
  int64_t rowBytes = 4 * op.getNumQueryHeads() * config.queryTile;
  auto perQuery = [&](int64_t columns) {
    return program.perTile(columns * rowBytes, "queryLength", config.queryTile);
  };
  program.addScratch("lse_start", perQuery(1), /*alignment=*/256);
  program.addScratch("delta_start", perQuery(1), /*alignment=*/256);
  if (!config.deterministic)
    program.addScratch("dq_sums", perQuery(config.headDim), /*alignment=*/256);
  // Tickets, and a semaphore for each query tile that is claimed.
  program.addScratch("counter",
                     config.claimsSums ? program.constantAndPerTile(
                                             4, 4 * op.getNumQueryHeads(),
                                             "queryLength", config.queryTile)
                                       : program.constant(4),
                     /*alignment=*/4);
  if (config.roundsDq)
    program.addScratch("heads_done",
                       program.sum(program.constant(4),
                                   program.perEntry(4 * op.getNumKeyHeads())),
                       /*alignment=*/4);
  if (config.keyGradients == KeyGradients::ByKernel)
    program.addScratch("values_counter", program.constant(4), /*alignment=*/4,
                       /*zeroed=*/true);
  program.limitTiles(
      program.perTile(op.getNumKeyHeads(), "keyLength", config.keyTile()));
  program.limitTiles(rowCtas(program, op, config));

  if (op.getSinkLogits())
    program.addScratch("dsink_parts", HeadSum::bytes(program, op),
                       /*alignment=*/4);
  if (config.sumsBiases) {
    BiasScratch::add(program, op, perQuery(1));
    program.addScratch("dbias_parts", HeadSum::bytes(program, op),
                       /*alignment=*/4);
  }
  // Their kernels number the rows of a head.
  if (op.getSinkLogits() || config.sumsBiases)
    program.limitTiles(program.perTile(1, "queryLength", 1));

  // The order of launches is that of the module.
  if (op.hasTileLists()) {
    QueryLists::addScratch(program, op);
    program.addScratch("queries_counter", program.constant(4), /*alignment=*/4,
                       /*zeroed=*/true);
    buildListKernel(builder, op, (name + "_lists").str(), program);
  }
  if (config.deterministic)
    buildQueryKernel(builder, op, (name + "_queries").str(), config, program);
  else
    buildPreprocessKernel(builder, op, (name + "_preprocess").str(), config,
                          program);
  if (op.getSinkLogits())
    buildSinkKernel(builder, op, (name + "_sinks").str(), config, program);
  if (config.sumsBiases)
    buildBiasKernel(builder, op, (name + "_biases").str(), config, program);
  for (KeyPart part : keyParts(config))
    buildKeyKernel(builder, op,
                   part == KeyPart::Values ? (name + "_values").str()
                                           : name.str(),
                   config, program, part);
  if (!config.deterministic && !config.roundsDq)
    buildPostprocessKernel(builder, op, (name + "_postprocess").str(), config,
                           program);
}
