//===- ResultShape.cpp - The dimensions of a result -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResultShape.h"

#include "Operands.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

bool ResultShape::describe(const AttentionLoops &loops,
                           ArrayRef<AffineExpr> indices, Refusal &refusal) {
  std::string found;
  for (AffineExpr index : indices) {
    std::string own;
    if (index == loops.query)
      own = "n";
    else if (index == loops.value)
      own = "d";
    else if (index == loops.batch)
      own = "b";
    else if (index == loops.head)
      own = "h";
    else if (index.getKind() == AffineExprKind::FloorDiv)
      own = "o";
    else if (index.getKind() == AffineExprKind::Mod)
      own = "i";
    else if (!isa<AffineConstantExpr>(index))
      own = "bh";
    dims.push_back(own);
    found += own == "o" ? "h" : own == "i" ? "" : own;
  }
  // Dimensions of 1 take the place of those that are missing.
  std::string missing;
  for (char letter : letters)
    if (found.find(letter) == std::string::npos)
      missing += letter;
  for (std::string &own : dims)
    if (own.empty() && !missing.empty()) {
      own = missing.substr(0, 1);
      missing.erase(0, 1);
    }
  auto outer = llvm::find(dims, "o");
  isApart = outer != dims.end() &&
            (std::next(outer) == dims.end() || *std::next(outer) != "i");
  if (isApart) {
    for (const std::string &own : dims)
      order += own;
    if (order.size() != letters.size() + 1 || dims.size() != order.size()) {
      refusal.set(nullptr, "has a result whose heads are in two places");
      return false;
    }
    return true;
  }
  // Batch and heads go together, where one of them is 1.
  for (auto [one, other] : {std::pair('h', "b"), std::pair('b', "h")})
    for (std::string &own : dims)
      if (size_t place = missing.find(one);
          place != std::string::npos && own == other) {
        own = "bh";
        missing.erase(place, 1);
      }
  order = missing;
  for (const std::string &own : dims)
    order += own == "o" ? "h" : own == "i" ? "" : own;
  numMissing = missing.size();
  return true;
}

/// Splits heads, the two parts of which are apart in the result.
Value ResultShape::split(OpBuilder &builder, Location loc, Value result,
                         RankedTensorType target) const {
  auto type = cast<RankedTensorType>(result.getType());
  int64_t inner = target.getDimSize(order.find('i'));
  SmallVector<int64_t> shape = {type.getDimSize(0), type.getDimSize(1) / inner,
                                inner};
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  for (int64_t d = 2; d < type.getRank(); ++d) {
    groups.push_back({d + 1});
    shape.push_back(type.getDimSize(d));
  }
  result = tensor::ExpandShapeOp::create(builder, loc, type.clone(shape),
                                         result, groups);
  result = reorder(builder, loc, result, ("boi" + letters.drop_front(2)).str(),
                   order);
  return result;
}

/// Merges batch and heads, and what is missing with the first dimension.
Value ResultShape::collapse(OpBuilder &builder, Location loc,
                            Value result) const {
  SmallVector<ReassociationIndices> groups;
  SmallVector<int64_t> shape;
  auto type = cast<RankedTensorType>(result.getType());
  int64_t next = 0;
  auto take = [&]() {
    groups.back().push_back(next);
    int64_t size = type.getDimSize(next++);
    shape.back() =
        ShapedType::isDynamic(size) || ShapedType::isDynamic(shape.back())
            ? ShapedType::kDynamic
            : shape.back() * size;
  };
  for (const std::string &own : dims) {
    if (own.empty() || own == "i")
      continue;
    groups.emplace_back();
    shape.push_back(1);
    while (next < numMissing)
      take();
    for (size_t n = 0; n < own.size(); ++n)
      take();
  }
  if (groups.size() == letters.size())
    return result;
  return tensor::CollapseShapeOp::create(builder, loc, type.clone(shape),
                                         result, groups);
}

/// Splits heads, and adds dimensions of 1.
Value ResultShape::expand(OpBuilder &builder, Location loc, Value result,
                          RankedTensorType target) const {
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<ReassociationIndices> groups;
  SmallVector<int64_t> shape;
  int64_t next = 0, leading = 0;
  for (auto [d, own] : llvm::enumerate(dims)) {
    bool isNew = !own.empty() && own != "i";
    if (own.empty() && groups.empty()) {
      ++leading;
    } else if (isNew) {
      groups.emplace_back();
      for (; leading > 0; --leading)
        groups.back().push_back(groups.back().size());
      groups.back().push_back(d);
    } else {
      groups.back().push_back(d);
    }
    bool isSplit = own == "o" || own == "i";
    shape.push_back(own.empty() ? 1
                    : isSplit   ? target.getDimSize(d)
                                : type.getDimSize(next));
    next += isNew;
  }
  if (shape.size() == groups.size())
    return result;
  return tensor::ExpandShapeOp::create(builder, loc, type.clone(shape), result,
                                       groups);
}

Value ResultShape::emit(OpBuilder &builder, Location loc, Value result,
                        StringRef layout, RankedTensorType type) const {
  if (isApart) {
    result = split(builder, loc, reorder(builder, loc, result, layout, letters),
                   type);
  } else {
    result = reorder(builder, loc, result, layout, order);
    result = expand(builder, loc, collapse(builder, loc, result), type);
  }
  if (result.getType() != type)
    result = tensor::CastOp::create(builder, loc, type, result);
  return result;
}
