//===- Reductions.cpp - Sums and products of StableHLO --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

/// A sum, a maximum and the like over some dimensions of one tensor.
static Value lowerReduce(OpBuilder &builder, const HloOp &hlo) {
  Operation *op = hlo.op;
  std::optional<SmallVector<int64_t>> dims = hlo.integers("dimensions");
  if (op->getNumOperands() != 2 || !dims || op->getNumRegions() != 1 ||
      !llvm::hasSingleElement(op->getRegion(0)) ||
      hlo.typeOf(1).getRank() != 0 || hlo.typeOf(0).getRank() == 0 ||
      hlo.typeOf(0).getElementType() != hlo.type().getElementType() ||
      hlo.typeOf(1).getElementType() != hlo.type().getElementType())
    return nullptr;
  // The region combines its two arguments, and returns that.
  Block &block = op->getRegion(0).front();
  if (block.getNumArguments() != 2 || llvm::range_size(block) != 2)
    return nullptr;
  Operation &combiner = block.front(), &last = block.back();
  StringRef name = combiner.getName().getStringRef();
  if (!name.consume_front("stablehlo.") || combiner.getNumOperands() != 2 ||
      combiner.getNumResults() != 1 || last.getNumOperands() != 1 ||
      last.getOperand(0) != combiner.getResult(0) ||
      combiner.getOperand(0) == combiner.getOperand(1) ||
      !llvm::all_of(combiner.getOperands(), [&](Value operand) {
        return llvm::is_contained(block.getArguments(), operand);
      }))
    return nullptr;
  // In any order, so that arguments may be.
  if (name != "add" && name != "multiply" && name != "maximum" &&
      name != "minimum" && name != "and" && name != "or")
    return nullptr;
  bool isInteger = hlo.type().getElementType().isSignlessInteger();
  if (!isInteger && (name == "and" || name == "or"))
    return nullptr;

  int64_t rank = hlo.typeOf(0).getRank();
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  for (int64_t dim : *dims) {
    if (dim < 0 || dim >= rank)
      return nullptr;
    iterators[dim] = utils::IteratorType::reduction;
  }
  SmallVector<AffineExpr> kept;
  SmallVector<int64_t> shape;
  for (int64_t d = 0; d < rank; ++d)
    if (iterators[d] == utils::IteratorType::parallel) {
      kept.push_back(builder.getAffineDimExpr(d));
      shape.push_back(hlo.typeOf(0).getDimSize(d));
    }
  if (ArrayRef<int64_t>(shape) != hlo.type().getShape())
    return nullptr;
  Location loc = op->getLoc();
  AffineMap maps[] = {builder.getMultiDimIdentityMap(rank),
                      AffineMap::get(rank, 0, kept, builder.getContext())};
  Value start = tensor::ExtractOp::create(builder, loc, op->getOperand(1));
  Value empty =
      tensor::EmptyOp::create(builder, loc, shape, hlo.type().getElementType());
  Value init = linalg::FillOp::create(builder, loc, start, empty).getResult(0);
  return linalg::GenericOp::create(
             builder, loc, hlo.type(), op->getOperand(0), init, maps, iterators,
             [&](OpBuilder &builder, Location loc, ValueRange args) {
               Value result = computeElements(builder, loc, name, args);
               linalg::YieldOp::create(builder, loc, result);
             })
      ->getResult(0);
}

/// The integers behind a name in the text of an attribute, `name = [0, 2]`.
static SmallVector<int64_t> parseList(StringRef text, StringRef name) {
  SmallVector<int64_t> numbers;
  size_t place = text.find((name + " = [").str());
  if (place == StringRef::npos)
    return numbers;
  text = text.drop_front(place + name.size() + 4);
  text = text.take_front(text.find(']'));
  while (!text.empty()) {
    auto [number, rest] = text.split(',');
    int64_t value = -1;
    if (number.trim().getAsInteger(10, value))
      value = -1;
    numbers.push_back(value);
    text = rest;
  }
  return numbers;
}

/// The result has what both sides have, in the order of the left one; what the
/// left one has; and what the right one has.
static Value lowerDot(OpBuilder &builder, const HloOp &hlo) {
  if (hlo.op->getNumOperands() != 2)
    return nullptr;
  RankedTensorType types[] = {hlo.typeOf(0), hlo.typeOf(1)};
  Type element = hlo.type().getElementType();
  if (!isa<FloatType>(element) ||
      types[0].getElementType() != types[1].getElementType() ||
      !isa<FloatType>(types[0].getElementType()) ||
      types[0].getElementTypeBitWidth() > hlo.type().getElementTypeBitWidth())
    return nullptr;
  std::string text = hlo.text("dot_dimension_numbers");
  SmallVector<int64_t> batch[] = {parseList(text, "lhs_batching_dimensions"),
                                  parseList(text, "rhs_batching_dimensions")};
  SmallVector<int64_t> summed[] = {
      parseList(text, "lhs_contracting_dimensions"),
      parseList(text, "rhs_contracting_dimensions")};
  if (text.empty() || batch[0].size() != batch[1].size() ||
      summed[0].size() != summed[1].size())
    return nullptr;
  // The loop of each dimension: those of the result first.
  SmallVector<int64_t> sizes, loops[2];
  for (int side : {0, 1})
    loops[side].assign(types[side].getRank(), -1);
  auto addPair = [&](int64_t left, int64_t right) {
    if (left < 0 || left >= types[0].getRank() || right < 0 ||
        right >= types[1].getRank() || loops[0][left] >= 0 ||
        loops[1][right] >= 0 ||
        types[0].getDimSize(left) != types[1].getDimSize(right))
      return false;
    loops[0][left] = loops[1][right] = sizes.size();
    sizes.push_back(types[0].getDimSize(left));
    return true;
  };
  for (auto [left, right] : llvm::zip_equal(batch[0], batch[1]))
    if (!addPair(left, right))
      return nullptr;
  for (int side : {0, 1})
    for (int64_t d = 0; d < types[side].getRank(); ++d)
      if (loops[side][d] < 0 && !llvm::is_contained(summed[side], d)) {
        loops[side][d] = sizes.size();
        sizes.push_back(types[side].getDimSize(d));
      }
  int64_t rank = sizes.size();
  if (ArrayRef<int64_t>(sizes) != hlo.type().getShape())
    return nullptr;
  for (auto [left, right] : llvm::zip_equal(summed[0], summed[1]))
    if (!addPair(left, right))
      return nullptr;

  Location loc = hlo.op->getLoc();
  MLIRContext *context = builder.getContext();
  SmallVector<AffineMap> maps;
  for (int side : {0, 1}) {
    SmallVector<AffineExpr> indices;
    for (int64_t loop : loops[side])
      indices.push_back(builder.getAffineDimExpr(loop));
    maps.push_back(AffineMap::get(sizes.size(), 0, indices, context));
  }
  SmallVector<AffineExpr> indices;
  for (int64_t d = 0; d < rank; ++d)
    indices.push_back(builder.getAffineDimExpr(d));
  maps.push_back(AffineMap::get(sizes.size(), 0, indices, context));
  SmallVector<utils::IteratorType> iterators(sizes.size(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), rank, utils::IteratorType::parallel);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getFloatAttr(element, 0));
  Value empty =
      tensor::EmptyOp::create(builder, loc, hlo.type().getShape(), element);
  Value init = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange args) {
    SmallVector<Value> factors = {args[0], args[1]};
    if (args[0].getType() != element)
      for (Value &factor : factors)
        factor = arith::ExtFOp::create(builder, loc, element, factor);
    Value product = arith::MulFOp::create(builder, loc, factors);
    Value sum = arith::AddFOp::create(builder, loc, args[2], product);
    linalg::YieldOp::create(builder, loc, sum);
  };
  return linalg::GenericOp::create(builder, loc, hlo.type(),
                                   hlo.op->getOperands(), init, maps, iterators,
                                   body)
      ->getResult(0);
}

Value spattn::lowerReduction(OpBuilder &builder, const HloOp &hlo) {
  if (hlo.name == "reduce")
    return lowerReduce(builder, hlo);
  return hlo.name == "dot_general" ? lowerDot(builder, hlo) : Value();
}
