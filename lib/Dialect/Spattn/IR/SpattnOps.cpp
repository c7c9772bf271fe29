//===- SpattnOps.cpp - Attention and its gradients ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include "AttentionVerifier.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace spattn;

#include "spattn/Dialect/Spattn/IR/SpattnInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnOps.cpp.inc"

bool AttentionOperand::isOfQueries() const {
  switch (kind) {
  case OperandKind::Query:
  case OperandKind::Out:
  case OperandKind::Lse:
  case OperandKind::OutGradient:
  case OperandKind::QueryGradient:
    return true;
  case OperandKind::Key:
  case OperandKind::Value:
  case OperandKind::KeyGradient:
  case OperandKind::ValueGradient:
    return false;
  }
  llvm_unreachable("an operand is of one of the kinds above");
}

bool AttentionOperand::isOfHeadDim() const {
  return llvm::is_contained({OperandKind::Query, OperandKind::Key,
                             OperandKind::QueryGradient,
                             OperandKind::KeyGradient},
                            kind);
}

StringRef AttentionOperand::getBufferName() const {
  switch (kind) {
  case OperandKind::Query:
    return "q";
  case OperandKind::Key:
    return "k";
  case OperandKind::Value:
    return "v";
  case OperandKind::Out:
    return "o";
  case OperandKind::Lse:
    return "lse";
  case OperandKind::OutGradient:
    return "do";
  case OperandKind::QueryGradient:
    return "dq";
  case OperandKind::KeyGradient:
    return "dk";
  case OperandKind::ValueGradient:
    return "dv";
  }
  llvm_unreachable("an operand is of one of the kinds above");
}

HeadStructures spattn::detail::getHeadStructures(Attribute structure,
                                                 int64_t numHeads) {
  std::vector<HeadGroup> groups;
  if (auto heads = dyn_cast<HeadsAttr>(structure)) {
    for (auto [count, structure] :
         llvm::zip(heads.getCounts(), heads.getStructures()))
      groups.push_back(
          {count, cast<StructureAttrInterface>(structure).getStructure()});
  } else {
    groups.push_back(
        {numHeads, cast<StructureAttrInterface>(structure).getStructure()});
  }
  return HeadStructures(std::move(groups));
}

//===----------------------------------------------------------------------===//
// What both operations do
//===----------------------------------------------------------------------===//

/// C2, as far as sizes are read before the rest of it is verified.
static LogicalResult
checkShaped(std::optional<Location> location, StringRef op,
            ArrayRef<std::pair<Value, const char *>> operands) {
  for (auto [value, name] : operands) {
    if (!value || isa<RankedTensorType>(value.getType()))
      continue;
    auto memref = dyn_cast<MemRefType>(value.getType());
    if (!memref || !memref.isStrided())
      return emitOptionalError(location, "'", op, "' op expected '", name,
                               "' to be a ranked tensor or a strided memref, "
                               "got ",
                               value.getType());
  }
  return success();
}

/// A result for each destination that is a tensor.
static void inferResults(ValueRange inits, SmallVectorImpl<Type> &types) {
  for (Value init : inits)
    if (init && isa<RankedTensorType>(init.getType()))
      types.push_back(init.getType());
}

/// Buffers are read, but destinations are written only.
static void
addEffects(DestinationStyleOpInterface op,
           SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
               &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

MutableOperandRange AttentionOp::getDpsInitsMutable() {
  // `out` and `lse` are adjacent segments.
  auto [start, length] = getODSOperandIndexAndLength(4);
  unsigned count = length + (getLse() ? 1 : 0);
  return MutableOperandRange(getOperation(), start, count);
}

LogicalResult AttentionOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &inferredReturnTypes) {
  AttentionOp::Adaptor adaptor(operands, attributes, properties, regions);
  if (failed(checkShaped(location, getOperationName(),
                         {{adaptor.getQuery(), "query"},
                          {adaptor.getKey(), "key"},
                          {adaptor.getValue(), "value"},
                          {adaptor.getOut(), "out"},
                          {adaptor.getLse(), "lse"}})))
    return failure();
  inferResults({adaptor.getOut(), adaptor.getLse()}, inferredReturnTypes);
  return success();
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects);
}

SmallVector<AttentionOperand> AttentionOp::getAttentionOperands() {
  SmallVector<AttentionOperand> operands = {
      {getQuery(), "query", OperandKind::Query},
      {getKey(), "key", OperandKind::Key},
      {getValue(), "value", OperandKind::Value},
      {getOut(), "out", OperandKind::Out}};
  if (getLse())
    operands.push_back({getLse(), "lse", OperandKind::Lse});
  return operands;
}

int64_t AttentionOp::getOperationsPerPair() {
  return 2 * getHeadDim() + 2 * getValueDim();
}

LogicalResult AttentionOp::verify() {
  return verifyAttention(*this, /*scratchFactor=*/1);
}

//===----------------------------------------------------------------------===//
// AttentionBackwardOp
//===----------------------------------------------------------------------===//

MutableOperandRange AttentionBackwardOp::getDpsInitsMutable() {
  return MutableOperandRange(getOperation(),
                             getODSOperandIndexAndLength(7).first, 3);
}

LogicalResult AttentionBackwardOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &inferredReturnTypes) {
  AttentionBackwardOp::Adaptor adaptor(operands, attributes, properties,
                                       regions);
  if (failed(checkShaped(location, getOperationName(),
                         {{adaptor.getQuery(), "query"},
                          {adaptor.getKey(), "key"},
                          {adaptor.getValue(), "value"},
                          {adaptor.getOut(), "out"},
                          {adaptor.getLse(), "lse"},
                          {adaptor.getDout(), "dout"},
                          {adaptor.getDquery(), "dquery"},
                          {adaptor.getDkey(), "dkey"},
                          {adaptor.getDvalue(), "dvalue"}})))
    return failure();
  inferResults({adaptor.getDquery(), adaptor.getDkey(), adaptor.getDvalue()},
               inferredReturnTypes);
  return success();
}

void AttentionBackwardOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects);
}

SmallVector<AttentionOperand> AttentionBackwardOp::getAttentionOperands() {
  return {{getQuery(), "query", OperandKind::Query},
          {getKey(), "key", OperandKind::Key},
          {getValue(), "value", OperandKind::Value},
          {getOut(), "out", OperandKind::Out},
          {getLse(), "lse", OperandKind::Lse},
          {getDout(), "dout", OperandKind::OutGradient},
          {getDquery(), "dquery", OperandKind::QueryGradient},
          {getDkey(), "dkey", OperandKind::KeyGradient},
          {getDvalue(), "dvalue", OperandKind::ValueGradient}};
}

int64_t AttentionBackwardOp::getOperationsPerPair() {
  return 6 * getHeadDim() + 4 * getValueDim();
}

LogicalResult AttentionBackwardOp::verify() {
  return verifyAttention(*this, /*scratchFactor=*/2);
}

//===----------------------------------------------------------------------===//
// Canonicalization
//===----------------------------------------------------------------------===//

namespace {
/// A constant scale that is the default one need not be given.
struct DropDefaultScale : OpInterfaceRewritePattern<AttentionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const override {
    FloatAttr scale;
    if (!op.getScale() || !matchPattern(op.getScale(), m_Constant(&scale)))
      return rewriter.notifyMatchFailure(op, "no constant scale");
    auto defaultScale =
        static_cast<float>(1.0 / std::sqrt(double(op.getHeadDim())));
    if (scale.getValue().convertToFloat() != defaultScale)
      return rewriter.notifyMatchFailure(op, "scale is not the default");
    rewriter.modifyOpInPlace(op, [&] { op.getScaleMutable().clear(); });
    return success();
  }
};

/// One group of heads is no mixture.
struct UnwrapUniformHeads : OpInterfaceRewritePattern<AttentionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto heads = dyn_cast<HeadsAttr>(op.getStructure());
    if (!heads || heads.getCounts().size() != 1)
      return rewriter.notifyMatchFailure(op, "not a single group");
    rewriter.modifyOpInPlace(
        op, [&] { op.setStructureAttr(heads.getStructures().front()); });
    return success();
  }
};
} // namespace

void SpattnDialect::getCanonicalizationPatterns(
    RewritePatternSet &patterns) const {
  patterns.add<DropDefaultScale, UnwrapUniformHeads>(patterns.getContext());
}
