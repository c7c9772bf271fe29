//===- StableHLOToLinalg.cpp - What attention is made of ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/StableHLOToLinalg/StableHLOToLinalg.h"

#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNLEGALIZESTABLEHLO
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

Attribute HloOp::attribute(StringRef name) const {
  if (Attribute own = op->getAttr(name))
    return own;
  auto properties =
      dyn_cast_or_null<DictionaryAttr>(op->getPropertiesAsAttribute());
  return properties ? properties.get(name) : Attribute();
}

std::optional<SmallVector<int64_t>> HloOp::integers(StringRef name) const {
  Attribute own = attribute(name);
  if (auto array = dyn_cast_or_null<DenseI64ArrayAttr>(own))
    return llvm::to_vector(array.asArrayRef());
  // What older versions print.
  if (auto elements = dyn_cast_or_null<DenseIntElementsAttr>(own))
    return llvm::to_vector(elements.getValues<int64_t>());
  return std::nullopt;
}

std::string HloOp::text(StringRef name) const {
  std::string text;
  Attribute own = attribute(name);
  if (auto opaque = dyn_cast_or_null<OpaqueAttr>(own))
    text = opaque.getAttrData().str();
  else if (own)
    llvm::raw_string_ostream(text) << own;
  return text;
}

namespace {
bool isKnown(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  Type element = tensor.getElementType();
  return isa<FloatType>(element) || element.isSignlessInteger();
}

struct LowerHlo : RewritePattern {
  explicit LowerHlo(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    StringRef name = op->getName().getStringRef();
    // What is in a region of one goes with it.
    if (!name.consume_front("stablehlo.") ||
        op->getParentOp()->getName().getStringRef().starts_with("stablehlo.") ||
        op->getNumResults() != 1 || op->getNumSuccessors() != 0 ||
        !llvm::all_of(op->getOperandTypes(), isKnown) ||
        !isKnown(op->getResult(0).getType()))
      return failure();
    HloOp hlo{op, name};
    for (auto lower : {lowerElementwise, lowerMovement, lowerReduction})
      if (Value result = lower(rewriter, hlo)) {
        rewriter.replaceOp(op, result);
        return success();
      }
    return failure();
  }
};

struct SpattnLegalizeStableHLOPass
    : public spattn::impl::SpattnLegalizeStableHLOBase<
          SpattnLegalizeStableHLOPass> {
  using SpattnLegalizeStableHLOBase::SpattnLegalizeStableHLOBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateStableHLOToLinalgPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace

void spattn::populateStableHLOToLinalgPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerHlo>(patterns.getContext());
}
