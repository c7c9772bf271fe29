//===- AttentionVerifier.cpp - The constraints of attention ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels C1 to C36 are those of the specification, docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"
#include "spattn/Dialect/Spattn/IR/ScoreOperations.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

using Operands = ArrayRef<AttentionOperand>;

static std::string toText(TypeRange types) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(types, stream);
  return text;
}

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

/// C1: the layout is a permutation of the four dimensions.
static LogicalResult verifyLayout(AttentionOpInterface op) {
  if (!Layout::parse(op.getLayout()))
    return op->emitOpError("expected 'layout' to be a permutation of \"bhnd\" "
                           "(batch, head, length, head dimension), got \"")
           << op.getLayout() << "\"";
  return success();
}

/// C2: operands are all tensors or all buffers, of a dimension for each extent.
static LogicalResult verifyRanks(AttentionOpInterface op, Operands operands) {
  bool tensors = isa<RankedTensorType>(op.getQuery().getType());
  for (const AttentionOperand &operand : operands) {
    Type type = operand.value.getType();
    if (isa<RankedTensorType>(type) != tensors)
      return op->emitOpError("expected operands to be all tensors or all "
                             "buffers, but '")
             << operand->name << "' is " << type;
    if (shaped(operand.value).getRank() != operand->getRank())
      return op->emitOpError("expected '")
             << operand->name << "' of rank " << operand->getRank() << ", got "
             << type;
  }
  return success();
}

/// `'query', 'key' and 'value'`: the operands that have the same elements.
static std::string getInputNames(Operands operands) {
  std::string text, last;
  for (const AttentionOperand &operand : operands) {
    if (operand->elements != ElementKind::Input)
      continue;
    if (!last.empty())
      text += (text.empty() ? "" : ", ") + last;
    last = ("'" + operand->name + "'").str();
  }
  return text + " and " + last;
}

/// C3, C4, C5, C17, C18, C21: element types.
static LogicalResult verifyElementTypes(AttentionOpInterface op,
                                        Operands operands) {
  Type element = shaped(op.getQuery()).getElementType();
  Type outElement = shaped(op.getOut()).getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return op->emitOpError("expected elements of type f32, f16 or bf16, got ")
           << element;
  for (const AttentionOperand &operand : operands) {
    Type type = shaped(operand.value).getElementType();
    switch (operand->elements) {
    case ElementKind::Input:
      if (type != element)
        return op->emitOpError("expected ")
               << getInputNames(operands)
               << " to have the same element type, but 'query' has " << element
               << " and '" << operand->name << "' has " << type;
      break;
    case ElementKind::F32:
      if (!type.isF32())
        return op->emitOpError("expected '")
               << operand->name << "' to have element type f32, got " << type;
      break;
    case ElementKind::I32:
      if (!type.isSignlessInteger(32))
        return op->emitOpError("expected '")
               << operand->name << "' to have element type i32, got " << type;
      break;
    case ElementKind::Out:
      if (type != outElement)
        return op->emitOpError("expected '")
               << operand->name << "' to have the element type of 'out', "
               << outElement << ", got " << type;
      break;
    case ElementKind::InputOrF32:
      if (type != element && !type.isF32())
        return op->emitOpError("expected '")
               << operand->name
               << "' to have the element type of 'value' or f32, got " << type;
      break;
    }
  }
  return success();
}

/// The size of a dimension of an operand.
static int64_t sizeOf(AttentionOpInterface op, const AttentionOperand &operand,
                      Dim dim) {
  return shaped(operand.value).getDimSize(op.getDim(*operand.info, dim));
}

/// C6: heads and head dimensions are static and positive. Only how many tiles
/// there are in a list may be dynamic.
static LogicalResult verifyStaticSizes(AttentionOpInterface op,
                                       Operands operands) {
  for (const AttentionOperand &operand : operands)
    for (Dim dim : {Dim::Head, Dim::Width}) {
      if (!operand->has(dim) || operand->getExtent(dim) == Extent::Listed)
        continue;
      int64_t size = sizeOf(op, operand, dim);
      if (ShapedType::isDynamic(size))
        return op->emitOpError("expected a static ")
               << operand->getSizeText(dim) << " of '" << operand->name
               << "', got " << operand.value.getType();
      if (size < 1)
        return op->emitOpError("expected a positive ")
               << operand->getSizeText(dim) << " of '" << operand->name
               << "', got " << operand.value.getType();
    }
  return success();
}

/// C9, C10, C11, C19: the sizes of dimensions of the same meaning agree.
static LogicalResult verifyAgreement(AttentionOpInterface op,
                                     Operands operands) {
  for (const AttentionOperand &operand : operands)
    for (Dim dim : kDims) {
      if (!operand->has(dim))
        continue;
      const AttentionOperand &model =
          *llvm::find_if(operands, [&](const AttentionOperand &other) {
            return other->getExtent(dim) == operand->getExtent(dim);
          });
      int64_t expected = sizeOf(op, model, dim);
      int64_t size = sizeOf(op, operand, dim);
      if (!ShapedType::isDynamic(expected) && !ShapedType::isDynamic(size) &&
          expected != size)
        return op->emitOpError("expected '")
               << model->name << "' and '" << operand->name
               << "' to have the same " << operand->getSizeText(dim) << ", got "
               << expected << " and " << size;
    }
  return success();
}

/// C7, C8: the head dimensions are within range, heads come in whole groups.
static LogicalResult verifyHeadSizes(AttentionOpInterface op) {
  if (op.getHeadDim() > 1024 || op.getValueDim() > 1024)
    return op->emitOpError("expected head dimensions of at most 1024, got ")
           << std::max(op.getHeadDim(), op.getValueDim());
  if (op.getNumQueryHeads() % op.getNumKeyHeads() != 0)
    return op->emitOpError("expected the number of query heads to be a "
                           "multiple of the number of key heads, got ")
           << op.getNumQueryHeads() << " and " << op.getNumKeyHeads();
  return success();
}

/// C21: a bias has distances within range, which f32 counts exactly.
static LogicalResult verifyDistances(AttentionOpInterface op) {
  constexpr int64_t limit = int64_t(1) << 20;
  if (!op.getOperandValues()[OperandKind::DistanceBias])
    return success();
  int64_t distances = op.getExtentSize(Extent::Distances);
  if (distances <= limit)
    return success();
  return op->emitOpError("expected a 'distance_bias' of at most 1048576 "
                         "distances, got ")
         << distances;
}

/// Lengths whose index arithmetic stays far from overflow.
static constexpr int64_t kMaxLength = int64_t(1) << 31;

/// C12: static lengths are within range, and so is the whole of an operand.
static LogicalResult verifyLengths(AttentionOpInterface op, Operands operands) {
  for (auto [length, name] : {std::pair(op.getStaticQueryLength(), "query"),
                              std::pair(op.getStaticKeyLength(), "key")})
    if (!ShapedType::isDynamic(length) && length > kMaxLength)
      return op->emitOpError("expected a length of at most 2147483648 of '")
             << name << "', got " << length;
  for (const AttentionOperand &operand : operands) {
    int64_t elements = 1;
    for (int64_t size : shaped(operand.value).getShape())
      if (!ShapedType::isDynamic(size) && size != 0 &&
          llvm::MulOverflow(elements, size, elements))
        return op->emitOpError("expected operands of fewer than 2^63 "
                               "elements, got ")
               << operand.value.getType();
  }
  return success();
}

/// C13, C14: a structure for every query head.
static LogicalResult verifyHeads(AttentionOpInterface op) {
  Attribute structure = op.getStructure();
  if (auto heads = dyn_cast<HeadsAttr>(structure)) {
    if (heads.getNumHeads() != op.getNumQueryHeads())
      return op->emitOpError("expected a structure for each of the ")
             << op.getNumQueryHeads() << " query heads, got "
             << heads.getNumHeads();
  } else if (!isa<StructureAttrInterface>(structure)) {
    return op->emitOpError(
               "expected a head structure (#spattn.full, .causal, "
               ".window, .sink, .prefix, .keys, .queries, .distances, "
               ".partition, .band, .union, .intersection) or "
               "#spattn.heads, got ")
           << structure;
  }
  // What depends on how many heads there are, and on all of them.
  if (std::optional<std::string> message = op.getHeadStructures().validate())
    return op->emitOpError() << *message;
  return success();
}

/// C15: a result for each tensor of `outs`, of its type.
static LogicalResult verifyResults(AttentionOpInterface op) {
  SmallVector<Type> expected;
  for (Value init :
       cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits())
    if (isa<RankedTensorType>(init.getType()))
      expected.push_back(init.getType());
  if (op->getResultTypes() != TypeRange(expected))
    return op->emitOpError("expected results of the types of 'outs'");
  return success();
}

/// C20, C31: optional results are the gradients of what is given.
static LogicalResult verifyOptionalGradients(AttentionOpInterface op) {
  OperandValues values = op.getOperandValues();
  for (const OperandInfo &info : op.getOperandInfos()) {
    if (!info.isOptional || !info.isWritten || !info.gradientOf)
      continue;
    StringRef model = getOperandInfo(*info.gradientOf).name;
    bool isGiven(values[info.kind]), hasModel(values[*info.gradientOf]);
    if (isGiven && !hasModel)
      return op->emitOpError("has '")
             << info.name << "' in 'outs', but no '" << model << "'";
    if (hasModel && !isGiven && !info.isOnDemand)
      return op->emitOpError("has '")
             << model << "', but no '" << info.name << "' in 'outs'";
  }
  return success();
}

/// C22: several sequences of a batch entry are apart.
static LogicalResult verifySequences(AttentionOpInterface op) {
  int64_t sequences = op.getStaticSequences();
  if (!op.hasSequences() || sequences == 1 || ShapedType::isDynamic(sequences))
    return success();
  OperandValues values = op.getOperandValues();
  for (const OperandInfo &info : op.getOperandInfos())
    if (info.getExtent(Dim::Length) == Extent::Sequences && !values[info.kind])
      return op->emitOpError("expected '")
             << info.name << "' where batch entries have " << sequences
             << " sequences";
  return success();
}

/// C23: what bounds depend on differs from the length of keys.
static LogicalResult verifyBoundLength(AttentionOpInterface op) {
  if (op.getBoundLength() == BoundLength::Pack && !op.hasSequences())
    return op->emitOpError("has 'bound_length' of a pack, but no starts or "
                           "ends of sequences");
  return success();
}

/// C25, C26: positions of queries and of keys, and what they are for.
static LogicalResult verifyPositions(AttentionOpInterface op) {
  OperandValues values = op.getOperandValues();
  constexpr std::pair<OperandKind, OperandKind> both[] = {
      {OperandKind::QueryPositions, OperandKind::KeyPositions},
      {OperandKind::KeyPositions, OperandKind::QueryPositions}};
  for (auto [kind, other] : both)
    if (values[kind] && !values[other])
      return op->emitOpError("has '")
             << getOperandInfo(kind).name << "', but no '"
             << getOperandInfo(other).name << "'";
  FloatAttr selfScore = op.getSelfScoreAttr();
  bool isUsed = op.getCausalPositions() || selfScore;
  if (isUsed && !op.hasPositions())
    return op->emitOpError("has '")
           << (selfScore ? "self_score" : "causal_positions")
           << "', but no 'query_positions' and 'key_positions'";
  if (op.hasPositions() && !isUsed)
    return op->emitOpError("has positions, but neither 'causal_positions' nor "
                           "'self_score'");
  if (selfScore && !(std::abs(selfScore.getValueAsDouble()) <= 1e6))
    return op->emitOpError("expected a 'self_score' from -1e6 to 1e6, got ")
           << selfScore;
  return success();
}

/// C32, C33: scores become what few operations make of them. These have yet to
/// be verified themselves.
static LogicalResult verifyScore(AttentionOpInterface op) {
  if (!op.hasScoreRegion())
    return success();
  Block &block = op.getScore().front();
  Builder b(op.getContext());
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  if (block.getArgumentTypes() != TypeRange({f32, i32, i32, i32, i32}))
    return op->emitOpError("expected a 'score' region of (f32, i32, i32, i32, "
                           "i32): the score, and the numbers of query, key, "
                           "head and batch entry, got ")
           << ("(" + toText(block.getArgumentTypes()) + ")");
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError("expected a 'score' region that ends with "
                           "'spattn.yield'");
  if (TypeRange(yield->getOperandTypes()) != TypeRange(f32))
    return yield.emitOpError("expected a score of type f32, got ")
           << toText(yield->getOperandTypes());
  for (Operation &nested : block.without_terminator())
    if (auto error = findScoreError(nested))
      return nested.emitOpError() << *error;
  return success();
}

/// C16: the scratch of a tile, which lives on a thread's stack, stays small.
static LogicalResult verifyTileShape(AttentionOpInterface op,
                                     int64_t scratchFactor) {
  TileShapeAttr tileShape = op.getTileShapeAttr();
  if (!tileShape)
    return success();
  constexpr int64_t limit = int64_t(1) << 20;
  int64_t queries = tileShape.getQueryTile(), keys = tileShape.getKeyTile();
  int64_t elements =
      (queries + keys) * (op.getHeadDim() + op.getValueDim()) + queries * keys;
  elements *= scratchFactor;
  if (elements <= limit)
    return success();
  return op->emitOpError(
             "expected a tile shape whose tiles need at most 1048576 "
             "elements of scratch, got ")
         << tileShape << ", which needs " << elements;
}

LogicalResult spattn::verifyAttention(AttentionOpInterface op,
                                      int64_t scratchFactor) {
  SmallVector<AttentionOperand> operands = op.getAttentionOperands();
  if (failed(verifyLayout(op)) || failed(verifyRanks(op, operands)) ||
      failed(verifyElementTypes(op, operands)) ||
      failed(verifyStaticSizes(op, operands)) || failed(verifyHeadSizes(op)) ||
      failed(verifyDistances(op)) || failed(verifyAgreement(op, operands)) ||
      failed(verifyLengths(op, operands)) || failed(verifyHeads(op)) ||
      failed(verifyResults(op)) || failed(verifyOptionalGradients(op)) ||
      failed(verifySequences(op)) || failed(verifyBoundLength(op)) ||
      failed(verifyPositions(op)) || failed(verifyTileLists(op)) ||
      failed(verifyPageTable(op)) || failed(verifyScore(op)))
    return failure();
  return verifyTileShape(op, scratchFactor);
}
