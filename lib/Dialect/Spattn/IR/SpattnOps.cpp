//===- SpattnOps.cpp - spattn.attention -----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels C1 to C16 are those of the specification, docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Spattn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace spattn;

#define GET_OP_CLASSES
#include "spattn/Dialect/Spattn/IR/SpattnOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shapes by name
//===----------------------------------------------------------------------===//

unsigned AttentionOp::getDim(char name) { return getLayout().find(name); }

unsigned AttentionOp::getLseDim(char name) {
  unsigned dim = getDim(name);
  return dim - (getDim('d') < dim);
}

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

int64_t AttentionOp::getNumQueryHeads() {
  return shaped(getQuery()).getDimSize(getDim('h'));
}
int64_t AttentionOp::getNumKeyHeads() {
  return shaped(getKey()).getDimSize(getDim('h'));
}
int64_t AttentionOp::getHeadDim() {
  return shaped(getQuery()).getDimSize(getDim('d'));
}
int64_t AttentionOp::getValueDim() {
  return shaped(getValue()).getDimSize(getDim('d'));
}
int64_t AttentionOp::getStaticQueryLength() {
  return shaped(getQuery()).getDimSize(getDim('n'));
}
int64_t AttentionOp::getStaticKeyLength() {
  return shaped(getKey()).getDimSize(getDim('n'));
}
int64_t AttentionOp::getStaticBatch() {
  return shaped(getQuery()).getDimSize(getDim('b'));
}

HeadStructures AttentionOp::getHeadStructures() {
  std::vector<HeadGroup> groups;
  if (auto heads = dyn_cast<HeadsAttr>(getStructure())) {
    for (auto [count, structure] :
         llvm::zip(heads.getCounts(), heads.getStructures()))
      groups.push_back(
          {count, cast<StructureAttrInterface>(structure).getStructure()});
  } else {
    groups.push_back(
        {getNumQueryHeads(),
         cast<StructureAttrInterface>(getStructure()).getStructure()});
  }
  return HeadStructures(std::move(groups));
}

Alignment AttentionOp::getAlgebraAlignment() {
  return getAlignment() == AlignmentKind::End ? Alignment::End
                                              : Alignment::Start;
}

//===----------------------------------------------------------------------===//
// Interfaces
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
  for (Value init : {adaptor.getOut(), adaptor.getLse()})
    if (init && isa<RankedTensorType>(init.getType()))
      inferredReturnTypes.push_back(init.getType());
  return success();
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// C1: the layout is a permutation of the four dimensions.
static LogicalResult verifyLayout(AttentionOp op) {
  std::string sorted = op.getLayout().str();
  llvm::sort(sorted);
  if (sorted != "bdhn")
    return op.emitOpError("expected 'layout' to be a permutation of \"bhnd\" "
                          "(batch, head, length, head dimension), got \"")
           << op.getLayout() << "\"";
  return success();
}

/// C2: operands are all tensors or all buffers, of rank 4, `lse` of rank 3.
static LogicalResult verifyRanks(AttentionOp op) {
  bool tensors = isa<RankedTensorType>(op.getQuery().getType());
  auto check = [&](Value value, StringRef name, int64_t rank) -> LogicalResult {
    if (!value)
      return success();
    if (isa<RankedTensorType>(value.getType()) != tensors)
      return op.emitOpError("expected operands to be all tensors or all "
                            "buffers, but '")
             << name << "' is " << value.getType();
    if (shaped(value).getRank() != rank)
      return op.emitOpError("expected '")
             << name << "' of rank " << rank << ", got " << value.getType();
    return success();
  };
  return success(succeeded(check(op.getQuery(), "query", 4)) &&
                 succeeded(check(op.getKey(), "key", 4)) &&
                 succeeded(check(op.getValue(), "value", 4)) &&
                 succeeded(check(op.getOut(), "out", 4)) &&
                 succeeded(check(op.getLse(), "lse", 3)));
}

/// C3, C4, C5: element types.
static LogicalResult verifyElementTypes(AttentionOp op) {
  Type element = shaped(op.getQuery()).getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return op.emitOpError("expected elements of type f32, f16 or bf16, got ")
           << element;
  for (auto [value, name] :
       {std::pair(op.getKey(), "key"), std::pair(op.getValue(), "value")})
    if (shaped(value).getElementType() != element)
      return op.emitOpError("expected 'query', 'key' and 'value' to have the "
                            "same element type, but 'query' has ")
             << element << " and '" << name << "' has "
             << shaped(value).getElementType();
  Type out = shaped(op.getOut()).getElementType();
  if (out != element && !out.isF32())
    return op.emitOpError("expected 'out' to have the element type of 'value' "
                          "or f32, got ")
           << out;
  if (op.getLse() && !shaped(op.getLse()).getElementType().isF32())
    return op.emitOpError("expected 'lse' to have element type f32, got ")
           << shaped(op.getLse()).getElementType();
  return success();
}

namespace {
/// A dimension of an operand that has to agree with one of another.
struct NamedDim {
  Value value;
  StringRef operand;
  unsigned dim;
  StringRef what;
};
} // namespace

static LogicalResult verifySameDim(AttentionOp op, NamedDim lhs, NamedDim rhs) {
  int64_t a = shaped(lhs.value).getDimSize(lhs.dim);
  int64_t b = shaped(rhs.value).getDimSize(rhs.dim);
  if (ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b)
    return success();
  return op.emitOpError("expected '")
         << lhs.operand << "' and '" << rhs.operand << "' to have the same "
         << lhs.what << ", got " << a << " and " << b;
}

/// C6 to C11: the shapes agree; heads and head dimensions are static.
static LogicalResult verifyShapes(AttentionOp op) {
  unsigned b = op.getDim('b'), h = op.getDim('h'), n = op.getDim('n'),
           d = op.getDim('d');
  Value q = op.getQuery(), k = op.getKey(), v = op.getValue(), o = op.getOut(),
        lse = op.getLse();
  // C6
  for (auto [value, name] : {std::pair(q, "query"), std::pair(k, "key"),
                             std::pair(v, "value"), std::pair(o, "out")})
    for (auto [dim, what] :
         {std::pair(h, "number of heads"), std::pair(d, "head dimension")}) {
      int64_t size = shaped(value).getDimSize(dim);
      if (ShapedType::isDynamic(size))
        return op.emitOpError("expected a static ")
               << what << " of '" << name << "', got " << value.getType();
      if (size < 1)
        return op.emitOpError("expected a positive ")
               << what << " of '" << name << "', got " << value.getType();
    }
  // C7
  if (op.getHeadDim() > 1024 || op.getValueDim() > 1024)
    return op.emitOpError("expected head dimensions of at most 1024, got ")
           << std::max(op.getHeadDim(), op.getValueDim());
  // C8
  if (op.getNumQueryHeads() % op.getNumKeyHeads() != 0)
    return op.emitOpError("expected the number of query heads to be a multiple "
                          "of the number of key heads, got ")
           << op.getNumQueryHeads() << " and " << op.getNumKeyHeads();
  // C9, C10
  NamedDim pairs[][2] = {
      {{q, "query", b, "batch size"}, {k, "key", b, ""}},
      {{q, "query", b, "batch size"}, {v, "value", b, ""}},
      {{q, "query", b, "batch size"}, {o, "out", b, ""}},
      {{k, "key", h, "number of heads"}, {v, "value", h, ""}},
      {{q, "query", h, "number of heads"}, {o, "out", h, ""}},
      {{k, "key", n, "length"}, {v, "value", n, ""}},
      {{q, "query", n, "length"}, {o, "out", n, ""}},
      {{q, "query", d, "head dimension"}, {k, "key", d, ""}},
      {{v, "value", d, "head dimension"}, {o, "out", d, ""}},
  };
  for (auto &[lhs, rhs] : pairs)
    if (failed(verifySameDim(op, lhs, rhs)))
      return failure();
  // C11
  if (!lse)
    return success();
  NamedDim lsePairs[][2] = {
      {{q, "query", b, "batch size"}, {lse, "lse", op.getLseDim('b'), ""}},
      {{q, "query", h, "number of heads"}, {lse, "lse", op.getLseDim('h'), ""}},
      {{q, "query", n, "length"}, {lse, "lse", op.getLseDim('n'), ""}}};
  for (auto &[lhs, rhs] : lsePairs)
    if (failed(verifySameDim(op, lhs, rhs)))
      return failure();
  if (ShapedType::isDynamic(shaped(lse).getDimSize(op.getLseDim('h'))))
    return op.emitOpError("expected a static number of heads of 'lse', got ")
           << lse.getType();
  return success();
}

/// Lengths whose index arithmetic stays far from overflow.
static constexpr int64_t kMaxLength = int64_t(1) << 31;

/// C12: static lengths are within range, and so is the whole of an operand.
static LogicalResult verifyLengths(AttentionOp op) {
  for (auto [length, name] : {std::pair(op.getStaticQueryLength(), "query"),
                              std::pair(op.getStaticKeyLength(), "key")})
    if (!ShapedType::isDynamic(length) && length > kMaxLength)
      return op.emitOpError("expected a length of at most 2147483648 of '")
             << name << "', got " << length;
  for (Value value : op->getOperands()) {
    auto type = dyn_cast<ShapedType>(value.getType());
    if (!type)
      continue;
    int64_t elements = 1;
    for (int64_t size : type.getShape())
      if (!ShapedType::isDynamic(size) && size != 0 &&
          llvm::MulOverflow(elements, size, elements))
        return op.emitOpError("expected operands of fewer than 2^63 elements, "
                              "got ")
               << type;
  }
  return success();
}

/// C13, C14: a structure for every query head.
static LogicalResult verifyHeads(AttentionOp op) {
  Attribute structure = op.getStructure();
  if (auto heads = dyn_cast<HeadsAttr>(structure)) {
    if (heads.getNumHeads() != op.getNumQueryHeads())
      return op.emitOpError("expected a structure for each of the ")
             << op.getNumQueryHeads() << " query heads, got "
             << heads.getNumHeads();
    return success();
  }
  if (!isa<StructureAttrInterface>(structure))
    return op.emitOpError("expected a head structure (#spattn.full, .causal, "
                          ".window, .sink, .prefix, .keys, .distances, "
                          ".partition, .band, .union, .intersection) or "
                          "#spattn.heads, got ")
           << structure;
  return success();
}

/// C15: a result for each tensor of `outs`, of its type.
static LogicalResult verifyResults(AttentionOp op) {
  SmallVector<Type> expected;
  for (Value init : op.getDpsInits())
    if (isa<RankedTensorType>(init.getType()))
      expected.push_back(init.getType());
  if (op.getResultTypes() != TypeRange(expected))
    return op.emitOpError("expected results of the types of 'outs'");
  return success();
}

/// C16: the scratch of a tile, which lives on a thread's stack, stays small.
static LogicalResult verifySchedule(AttentionOp op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  if (!schedule)
    return success();
  constexpr int64_t limit = int64_t(1) << 20;
  int64_t queries = schedule.getQueryTile(), keys = schedule.getKeyTile();
  int64_t elements =
      (queries + keys) * (op.getHeadDim() + op.getValueDim()) + queries * keys;
  if (elements <= limit)
    return success();
  return op.emitOpError("expected a schedule whose tiles need at most 1048576 "
                        "elements of scratch, got ")
         << schedule << ", which needs " << elements;
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyLayout(*this)) || failed(verifyRanks(*this)) ||
      failed(verifyElementTypes(*this)) || failed(verifyShapes(*this)) ||
      failed(verifyLengths(*this)) || failed(verifyHeads(*this)) ||
      failed(verifyResults(*this)))
    return failure();
  return verifySchedule(*this);
}

//===----------------------------------------------------------------------===//
// Canonicalization
//===----------------------------------------------------------------------===//

namespace {
/// A constant scale that is the default one need not be given.
struct DropDefaultScale : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
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
struct UnwrapUniformHeads : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
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

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropDefaultScale, UnwrapUniformHeads>(context);
}
