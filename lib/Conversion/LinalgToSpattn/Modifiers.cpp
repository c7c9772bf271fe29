//===- Modifiers.cpp - What modifies scores besides masks -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modifiers.h"

#include "ScalarEmitter.h"
#include "ScoreRegion.h"

using namespace mlir;
using namespace spattn;

bool Modifiers::find(Location loc, const AttentionParts &parts,
                     const MaskedHeads &masked, Refusal &refusal) {
  SmallVector<Bias> computed;
  for (const Bias &bias : parts.biases) {
    if (!bias.whyNoMask.mayBeBias || !isa<FloatType>(getType(bias.expr))) {
      refusal.set(bias.whyNoMask.op, bias.whyNoMask.reason);
      return false;
    }
    if (!slopes && (slopes = readSlopes(parts, masked, bias)))
      continue;
    DistanceTables own = tables;
    Refusal whyNotByDistance;
    if (findDistanceTables(parts, masked, bias, own, whyNotByDistance)) {
      tables = std::move(own);
      byDistance.push_back(bias);
      continue;
    }
    // Computed for each pair, if there is nothing to look up.
    Refusal whyNotComputed;
    if (!makeScoreRegion(loc, parts, bias, whyNotComputed)) {
      refusal.set(whyNotByDistance.op, whyNotByDistance.reason);
      return false;
    }
    computed.push_back(bias);
  }
  if (!parts.function.what && computed.empty())
    return true;
  region = makeScoreRegion(loc, parts, computed, refusal);
  if (!region)
    return false;
  // Operands are added ahead of the region.
  if (parts.function.what && (slopes || !byDistance.empty())) {
    refusal.set(parts.function.what->where(),
                "modifies scores ahead of a bias by distance");
    return false;
  }
  return true;
}

void Modifiers::emit(OpBuilder &builder, Location loc,
                     const AttentionParts &parts, Alignment alignment,
                     OperandValues &operands) const {
  if (slopes)
    operands[OperandKind::AlibiSlopes] =
        emitSlopes(builder, loc, parts, *slopes);
  if (!byDistance.empty())
    operands[OperandKind::DistanceBias] =
        emitDistanceBias(builder, loc, parts, alignment, byDistance, tables);
}
