//===- EmitAttention.cpp - The operation of what was recognized -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modifiers.h"
#include "Narrowing.h"
#include "Operands.h"
#include "ResultShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc, const AttentionParts &parts,
          Refusal &refusal)
      : builder(builder), loc(loc), parts(parts), space(*parts.space),
        loops(parts.loops), refusal(refusal), resultType(parts.resultType),
        heads(space.size(parts.loops.head)) {}

  RaisedAttention emit() {
    if (!checkSizes() ||
        !shape.describe(parts.loops, parts.resultIndices, refusal) ||
        !chooseOperands())
      return {};
    std::optional<MaskedHeads> masked = findStructures(
        *parts.graph, space, loops.ofMask(), parts.masks, heads, refusal);
    if (!masked || !checkEmptyRows(*masked))
      return {};
    Attribute structure = toAttr(builder.getContext(), masked->heads);
    if (!structure || !modifiers.find(loc, parts, *masked, refusal))
      return {};
    // Softmax does not notice what is added to a row of scores.
    Refusal ignored;
    hasLse = parts.lse && !(modifiers.slopes && modifiers.slopes->isShifted) &&
             lseShape.describe(parts.loops, parts.lse->indices, ignored);
    return emitOperation(structure, masked->alignment);
  }

private:
  bool refuse(Operation *op, const Twine &why) {
    refusal.set(op, why);
    return false;
  }
  bool checkSizes() {
    Type element = resultType.getElementType();
    if (!element.isF16() && !element.isBF16() && !element.isF32() &&
        !element.isF64())
      return refuse(nullptr, "has a result that is not f16, bf16, f32 or f64");
    if (ShapedType::isDynamic(heads) ||
        ShapedType::isDynamic(space.size(loops.feature)) ||
        ShapedType::isDynamic(space.size(loops.value)))
      return refuse(nullptr, "has a dynamic number of heads, or a dynamic head "
                             "dimension");
    for (AffineExpr loop : {loops.feature, loops.value})
      if (space.size(loop) < 1 || space.size(loop) > 1024)
        return refuse(nullptr, "has a head dimension that is not from 1 to "
                               "1,024");
    return true;
  }

  /// Query, key and value in one element type, as far up as that goes.
  bool chooseOperands() {
    SmallVector<OperandTensor> queries =
        traceOperand(parts, parts.query, loops.query, loops.feature);
    SmallVector<OperandTensor> keys =
        traceOperand(parts, parts.key, loops.key, loops.feature);
    SmallVector<OperandTensor> values =
        traceOperand(parts, parts.value, loops.key, loops.value);
    for (const OperandTensor &own : llvm::reverse(queries)) {
      Type type = own.elementType();
      if (own.group != 1 || !(type.isF32() || type.isF16() || type.isBF16()))
        continue;
      for (const OperandTensor &ownKey : llvm::reverse(keys)) {
        if (ownKey.elementType() != type)
          continue;
        for (const OperandTensor &ownValue : llvm::reverse(values)) {
          if (ownValue.elementType() != type ||
              ownValue.group != ownKey.group || ownValue.scale != 1)
            continue;
          query = own;
          key = ownKey;
          value = ownValue;
          return true;
        }
      }
    }
    return refuse(nullptr, "has no operands of one type, f32, f16 or bf16, "
                           "whose dimensions are batch, heads, length and head "
                           "dimension");
  }

  /// Softmax gives an average where all scores are masked by a finite number,
  /// and this operation 0.
  bool checkEmptyRows(const MaskedHeads &masked) {
    if (!masked.isFinite)
      return true;
    int64_t queries = space.size(loops.query), keys = space.size(loops.key);
    Operation *mask = parts.masks.front().expr->where();
    bool isStatic =
        !ShapedType::isDynamic(queries) && !ShapedType::isDynamic(keys);
    for (const HeadGroup &group : masked.heads.groups()) {
      if (group.structure == Structure::full())
        continue;
      if (!isStatic)
        return refuse(mask, "masks with a finite number, and whether each "
                            "query sees a key is not known");
      if (listPairs(group.structure, queries, keys, masked.alignment)
              .hasEmptyRow())
        return refuse(mask, "masks with a finite number all keys of a query, "
                            "which then gets an average of all values");
    }
    return true;
  }

  Value constant(double number) {
    return arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(number)));
  }

  /// The scale, or null if it is the default.
  Value emitScale() {
    double scale = parts.scale * query.scale * key.scale;
    if (!parts.scaleValue) {
      double usual = 1 / std::sqrt(double(space.size(loops.feature)));
      // Frontends round it, and its root, to the type of scores.
      bool isUsual = std::abs(scale - usual) <= 1e-6 * usual;
      return isUsual ? Value() : constant(scale);
    }
    Value own = parts.scaleValue;
    Type f32 = builder.getF32Type();
    unsigned width = own.getType().getIntOrFloatBitWidth();
    if (width < 32)
      own = arith::ExtFOp::create(builder, loc, f32, own);
    else if (width > 32)
      own = arith::TruncFOp::create(builder, loc, f32, own);
    if (scale != 1)
      own = arith::MulFOp::create(builder, loc, own, constant(scale));
    return own;
  }

  /// The layout that takes the fewest transposes. Rows are contiguous.
  std::string chooseLayout() {
    std::string order = getOrder(query);
    bool isLayout = order.size() == 4 && order.back() == 'd' &&
                    order.find('1') == std::string::npos;
    if (isLayout && getOrder(key) == order && getOrder(value) == order)
      return order;
    return "bhnd";
  }

  RaisedAttention emitOperation(Attribute structure, Alignment alignment) {
    std::string layout = chooseLayout();
    OperandValues operands;
    int64_t keyHeads = heads / key.group;
    operands[OperandKind::Query] =
        shapeOperand(builder, loc, query, heads, layout);
    operands[OperandKind::Key] =
        shapeOperand(builder, loc, key, keyHeads, layout);
    operands[OperandKind::Value] =
        shapeOperand(builder, loc, value, keyHeads, layout);
    operands[OperandKind::Scale] = emitScale();
    if (parts.softCap)
      operands[OperandKind::SoftCap] = constant(*parts.softCap);
    modifiers.emit(builder, loc, parts, alignment, operands);

    Type element = query.elementType();
    if (parts.roundedResult && isRoundedTo(parts.roundedResult, element))
      resultType = resultType.clone(element);
    Type wanted = resultType.getElementType();
    Type own = wanted == element ? element : builder.getF32Type();
    SmallVector<OpFoldResult> sizes;
    for (auto [d, letter] : llvm::enumerate(layout)) {
      Value from =
          operands[letter == 'd' ? OperandKind::Value : OperandKind::Query];
      sizes.push_back(tensor::getMixedSize(builder, loc, from, d));
    }
    operands[OperandKind::Out] =
        tensor::EmptyOp::create(builder, loc, sizes, own);
    std::string rows = layout;
    rows.erase(rows.find('d'), 1);
    if (hasLse) {
      sizes.erase(sizes.begin() + layout.find('d'));
      operands[OperandKind::Lse] =
          tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type());
    }

    OperationState state(loc, AttentionOp::getOperationName());
    auto &properties = state.getOrAddProperties<AttentionOp::Properties>();
    for (auto [n, info] : llvm::enumerate(AttentionOp::getOperandInfos())) {
      Value operand = operands[info.kind];
      properties.operandSegmentSizes[n] = operand ? 1 : 0;
      if (operand)
        state.addOperands(operand);
    }
    state.addTypes(operands[OperandKind::Out].getType());
    if (hasLse)
      state.addTypes(operands[OperandKind::Lse].getType());
    Region *score = state.addRegion();
    if (modifiers.region)
      score->takeBody(*modifiers.region);
    MLIRContext *context = builder.getContext();
    properties.structure = structure;
    properties.alignment = AlignmentAttr::get(context, alignment);
    properties.layout = builder.getStringAttr(layout);
    if (parts.scaleValue)
      properties.signed_scale = builder.getUnitAttr();
    Operation *op = builder.create(state);
    RaisedAttention raised;
    raised.result =
        emitResult(op->getResult(0), shape, layout, resultType.clone(wanted));
    if (hasLse)
      raised.lse =
          emitResult(op->getResult(1), lseShape, rows,
                     cast<RankedTensorType>(parts.lse->tensor.getType()));
    return raised;
  }

  /// A result as the program has it.
  Value emitResult(Value result, const ResultShape &shape, StringRef layout,
                   RankedTensorType target) {
    Type wanted = target.getElementType();
    auto type = cast<RankedTensorType>(result.getType());
    if (wanted != type.getElementType()) {
      Type converted = type.clone(wanted);
      if (wanted.getIntOrFloatBitWidth() > 32)
        result = arith::ExtFOp::create(builder, loc, converted, result);
      else
        result = arith::TruncFOp::create(builder, loc, converted, result);
    }
    return shape.emit(builder, loc, result, layout, target);
  }

  OpBuilder &builder;
  Location loc;
  const AttentionParts &parts;
  const LoopSpace &space;
  const AttentionLoops &loops;
  Refusal &refusal;
  RankedTensorType resultType;
  int64_t heads;
  OperandTensor query, key, value;
  ResultShape shape{"bhnd"}, lseShape{"bhn"};
  bool hasLse = false;
  Modifiers modifiers;
};
} // namespace

RaisedAttention spattn::emitAttention(OpBuilder &builder, Location loc,
                                      const AttentionParts &parts,
                                      Refusal &refusal) {
  return Emitter(builder, loc, parts, refusal).emit();
}
