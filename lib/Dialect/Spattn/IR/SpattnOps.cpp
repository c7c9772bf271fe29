//===- SpattnOps.cpp - Attention and its gradients ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include "AttentionVerifier.h"
#include "Destinations.h"
#include "NamedOperands.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <functional>

using namespace mlir;
using namespace spattn;

#include "spattn/Dialect/Spattn/IR/SpattnInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnOps.cpp.inc"

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

SmallVector<AttentionOperand>
spattn::detail::selectOperands(ArrayRef<AttentionOperand> operands,
                               bool scalars) {
  return llvm::filter_to_vector(operands, [&](const AttentionOperand &operand) {
    return operand->isScalar() == scalars;
  });
}

std::optional<double> spattn::getDefaultScalar(AttentionOpInterface op,
                                               OperandKind kind) {
  if (kind == OperandKind::Scale)
    return 1 / std::sqrt(double(op.getHeadDim()));
  return std::nullopt;
}

std::optional<std::string> spattn::findScalarError(const OperandInfo &info,
                                                   double value) {
  if (std::isfinite(value) && (value > 0 || !info.isPositive))
    return std::nullopt;
  std::string text;
  llvm::raw_string_ostream(text)
      << "expected a " << (info.isPositive ? "positive, " : "") << "finite "
      << info.name << ", got " << llvm::format("%g", value);
  return text;
}

std::optional<std::string> spattn::findScalarError(AttentionOpInterface op) {
  FloatAttr constant;
  for (const AttentionOperand &scalar : op.getScalarOperands())
    if (matchPattern(scalar.value, m_Constant(&constant)))
      if (auto error =
              findScalarError(*scalar.info, constant.getValueAsDouble()))
        return error;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// What both operations do
//===----------------------------------------------------------------------===//

/// What an operation writes comes last.
template <class Op>
static MutableOperandRange getInits(Op op) {
  ArrayRef<OperandInfo> infos = Op::getOperandInfos();
  unsigned first = llvm::find_if(infos, std::mem_fn(&OperandInfo::isWritten)) -
                   infos.begin();
  unsigned start = op.getODSOperandIndexAndLength(first).first;
  return MutableOperandRange(op, start, op->getNumOperands() - start);
}

/// C2, as far as sizes are read before the rest of it is verified.
static LogicalResult checkShaped(std::optional<Location> location, StringRef op,
                                 const OperandInfo &info, Value value) {
  if (isa<RankedTensorType>(value.getType()))
    return success();
  auto memref = dyn_cast<MemRefType>(value.getType());
  if (memref && memref.isStrided())
    return success();
  return emitOptionalError(location, "'", op, "' op expected '", info.name,
                           "' to be a ranked tensor or a strided memref, got ",
                           value.getType());
}

/// A result for each destination that is a tensor.
template <class Op>
static LogicalResult inferResults(std::optional<Location> location,
                                  typename Op::Adaptor adaptor,
                                  SmallVectorImpl<Type> &types) {
  for (auto [i, info] : llvm::enumerate(Op::getOperandInfos()))
    for (Value value : adaptor.getODSOperands(i)) {
      if (info.isScalar())
        continue;
      if (failed(checkShaped(location, Op::getOperationName(), info, value)))
        return failure();
      if (info.isWritten && isa<RankedTensorType>(value.getType()))
        types.push_back(value.getType());
    }
  return success();
}

template <class Op>
static void buildOp(OperationState &state, const OperandValues &operands,
                    AttentionOpInterface like) {
  SmallVector<int32_t> segments;
  for (const OperandInfo &info : Op::getOperandInfos()) {
    Value value = operands[info.kind];
    assert((value || info.isOptional) && "expected an operand");
    segments.push_back(value ? 1 : 0);
    if (!value)
      continue;
    state.addOperands(value);
    if (info.isWritten && isa<RankedTensorType>(value.getType()))
      state.addTypes(value.getType());
  }
  MLIRContext *context = like.getContext();
  auto &properties = state.getOrAddProperties<typename Op::Properties>();
  properties.structure = like.getStructure();
  properties.alignment = AlignmentAttr::get(context, like.getAlignment());
  properties.bound_length =
      BoundLengthAttr::get(context, like.getBoundLength());
  properties.layout = StringAttr::get(context, like.getLayout());
  properties.tile_lists = like.getTileListsAttr();
  properties.tile_shape = like.getTileShapeAttr();
  if (like.getCausalPositions())
    properties.causal_positions = UnitAttr::get(context);
  properties.self_score = like.getSelfScoreAttr();
  if (like.getSignedScale())
    properties.signed_scale = UnitAttr::get(context);
  IRMapping mapping;
  like.getScore().cloneInto(state.addRegion(), mapping);
  if constexpr (Op::template hasTrait<OpTrait::AttrSizedOperandSegments>())
    llvm::copy(segments, properties.operandSegmentSizes.begin());
}

void spattn::addDestinationEffects(
    DestinationStyleOpInterface op,
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

static SmallVector<KernelArray> getArrays(AttentionOpInterface op) {
  SmallVector<KernelArray> arrays;
  for (const AttentionOperand &operand : op.getAttentionOperands())
    arrays.push_back({operand.value, operand.info, operand->name.str(),
                      operand->buffer.str(), operand->isWritten});
  return arrays;
}

static SmallVector<KernelScalar> getScalars(AttentionOpInterface op) {
  SmallVector<KernelScalar> scalars;
  OperandValues values = op.getOperandValues();
  for (const OperandInfo &info : op.getOperandInfos()) {
    if (!info.isScalar())
      continue;
    KernelScalar scalar = {values[info.kind], &info,
                           getDefaultScalar(op, info.kind)};
    if (scalar.value || scalar.defaultValue)
      scalars.push_back(scalar);
  }
  return scalars;
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

void AttentionOp::build(OpBuilder &, OperationState &state,
                        const OperandValues &operands,
                        AttentionOpInterface like) {
  buildOp<AttentionOp>(state, operands, like);
}

MutableOperandRange AttentionOp::getDpsInitsMutable() {
  return getInits(*this);
}

LogicalResult AttentionOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  return inferResults<AttentionOp>(
      location, {operands, attributes, properties, regions}, types);
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}

StringRef AttentionOp::getKernelName() { return "attention"; }

SmallVector<KernelArray> AttentionOp::getKernelArrays() {
  return getArrays(*this);
}

SmallVector<KernelScalar> AttentionOp::getKernelScalars() {
  return getScalars(*this);
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

void AttentionBackwardOp::build(OpBuilder &, OperationState &state,
                                const OperandValues &operands,
                                AttentionOpInterface like) {
  buildOp<AttentionBackwardOp>(state, operands, like);
}

MutableOperandRange AttentionBackwardOp::getDpsInitsMutable() {
  return getInits(*this);
}

LogicalResult AttentionBackwardOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  return inferResults<AttentionBackwardOp>(
      location, {operands, attributes, properties, regions}, types);
}

void AttentionBackwardOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}

StringRef AttentionBackwardOp::getKernelName() { return "gradients"; }

SmallVector<KernelArray> AttentionBackwardOp::getKernelArrays() {
  return getArrays(*this);
}

SmallVector<KernelScalar> AttentionBackwardOp::getKernelScalars() {
  return getScalars(*this);
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
        static_cast<float>(*getDefaultScalar(op, OperandKind::Scale));
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
