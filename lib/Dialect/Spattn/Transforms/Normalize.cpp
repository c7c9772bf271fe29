//===- Normalize.cpp - Simplifies head structures -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "spattn/Structure/Simplify.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNNORMALIZE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

static std::optional<int64_t> getKnown(int64_t size) {
  return ShapedType::isDynamic(size) ? std::nullopt : std::optional(size);
}

namespace {
struct SpattnNormalizePass
    : public spattn::impl::SpattnNormalizeBase<SpattnNormalizePass> {
  using SpattnNormalizeBase::SpattnNormalizeBase;

  void runOnOperation() override {
    getOperation()->walk([&](AttentionOpInterface op) {
      // Those of sequences are known at run time only.
      KnownLengths lengths;
      if (!op.hasSequences())
        lengths = {getKnown(op.getStaticQueryLength()),
                   getKnown(op.getStaticKeyLength())};
      Attribute simplified =
          toAttr(op.getContext(),
                 simplify(op.getHeadStructures(), lengths, op.getAlignment()));
      if (!simplified || simplified == op.getStructure())
        return;
      op.setStructureAttr(simplified);
      ++numSimplified;
    });
  }
};
} // namespace
