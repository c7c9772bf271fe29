//===- Movement.cpp - What moves elements in StableHLO --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace spattn;

static Value makeEmpty(OpBuilder &builder, const HloOp &hlo) {
  return tensor::EmptyOp::create(builder, hlo.op->getLoc(),
                                 hlo.type().getShape(),
                                 hlo.type().getElementType());
}

/// Dimensions of 1 may become any.
static Value lowerBroadcast(OpBuilder &builder, const HloOp &hlo) {
  std::optional<SmallVector<int64_t>> dims =
      hlo.integers("broadcast_dimensions");
  RankedTensorType from = hlo.typeOf(0), to = hlo.type();
  if (!dims || static_cast<int64_t>(dims->size()) != from.getRank())
    return nullptr;
  SmallVector<AffineExpr> indices;
  for (auto [d, dim] : llvm::enumerate(*dims)) {
    if (dim < 0 || dim >= to.getRank())
      return nullptr;
    bool isSame = from.getDimSize(d) == to.getDimSize(dim);
    if (!isSame && from.getDimSize(d) != 1)
      return nullptr;
    indices.push_back(isSame ? builder.getAffineDimExpr(dim)
                             : builder.getAffineConstantExpr(0));
  }
  AffineMap maps[] = {
      AffineMap::get(to.getRank(), 0, indices, builder.getContext()),
      builder.getMultiDimIdentityMap(to.getRank())};
  SmallVector<utils::IteratorType> iterators(to.getRank(),
                                             utils::IteratorType::parallel);
  Value empty = makeEmpty(builder, hlo);
  return linalg::GenericOp::create(
             builder, hlo.op->getLoc(), to, hlo.op->getOperand(0), empty, maps,
             iterators,
             [](OpBuilder &builder, Location loc, ValueRange args) {
               linalg::YieldOp::create(builder, loc, args[0]);
             })
      ->getResult(0);
}

static Value lowerIota(OpBuilder &builder, const HloOp &hlo) {
  auto dim = dyn_cast_or_null<IntegerAttr>(hlo.attribute("iota_dimension"));
  Type element = hlo.type().getElementType();
  int64_t rank = hlo.type().getRank();
  if (!dim || dim.getInt() < 0 || dim.getInt() >= rank ||
      element.getIntOrFloatBitWidth() < 32)
    return nullptr;
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  AffineMap maps[] = {builder.getMultiDimIdentityMap(rank)};
  Value empty = makeEmpty(builder, hlo);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange) {
    Value index = linalg::IndexOp::create(builder, loc, dim.getInt());
    bool isFloat = isa<FloatType>(element);
    Value number = arith::IndexCastOp::create(
        builder, loc, isFloat ? builder.getI64Type() : element, index);
    if (isFloat)
      number = arith::SIToFPOp::create(builder, loc, element, number);
    linalg::YieldOp::create(builder, loc, number);
  };
  return linalg::GenericOp::create(builder, hlo.op->getLoc(), hlo.type(),
                                   ValueRange(), empty, maps, iterators, body)
      ->getResult(0);
}

static Value lowerReshape(OpBuilder &builder, const HloOp &hlo) {
  Location loc = hlo.op->getLoc();
  RankedTensorType from = hlo.typeOf(0), to = hlo.type();
  Value tensor = hlo.op->getOperand(0);
  if (from == to)
    return tensor;
  if (from.getNumElements() != to.getNumElements())
    return nullptr;
  if (auto groups = getReassociationIndicesForReshape(from, to)) {
    if (from.getRank() > to.getRank())
      return tensor::CollapseShapeOp::create(builder, loc, to, tensor, *groups);
    return tensor::ExpandShapeOp::create(builder, loc, to, tensor, *groups);
  }
  // All of it as one dimension in between.
  auto all = [](int64_t rank) {
    return SmallVector<ReassociationIndices>{
        llvm::to_vector(llvm::seq<int64_t>(0, rank))};
  };
  RankedTensorType flat =
      RankedTensorType::get(from.getNumElements(), from.getElementType());
  Value line = tensor::CollapseShapeOp::create(builder, loc, flat, tensor,
                                               all(from.getRank()));
  return tensor::ExpandShapeOp::create(builder, loc, to, line,
                                       all(to.getRank()));
}

Value spattn::lowerMovement(OpBuilder &builder, const HloOp &hlo) {
  unsigned count = hlo.op->getNumOperands();
  if (hlo.name == "iota" && count == 0)
    return lowerIota(builder, hlo);
  if (count != 1 ||
      hlo.typeOf(0).getElementType() != hlo.type().getElementType())
    return nullptr;
  if (hlo.name == "broadcast_in_dim")
    return lowerBroadcast(builder, hlo);
  if (hlo.name == "reshape")
    return lowerReshape(builder, hlo);
  if (hlo.name != "transpose")
    return nullptr;
  std::optional<SmallVector<int64_t>> permutation = hlo.integers("permutation");
  if (!permutation || !isPermutationVector(*permutation) ||
      static_cast<int64_t>(permutation->size()) != hlo.type().getRank() ||
      hlo.typeOf(0).getRank() != hlo.type().getRank())
    return nullptr;
  Value empty = makeEmpty(builder, hlo);
  return linalg::TransposeOp::create(builder, hlo.op->getLoc(),
                                     hlo.op->getOperand(0), empty, *permutation)
      ->getResult(0);
}
