//===- TraceOperand.cpp - Tensors that operands come from -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
/// Says what the dimensions of a tensor are, given what it is read at.
class RoleFinder {
public:
  RoleFinder(const AttentionParts &parts, AffineExpr length, AffineExpr width)
      : space(*parts.space), loops(parts.loops), length(length), width(width),
        heads(space.size(loops.head)) {}

  std::optional<OperandTensor> find(Expr *read) {
    OperandTensor found;
    found.tensor = read->tensor;
    auto type = dyn_cast<RankedTensorType>(read->tensor.getType());
    if (!type)
      return std::nullopt;
    bool isMissing[4] = {space.size(loops.batch) != 1, false,
                         space.size(length) != 1, space.size(width) != 1};
    bool hasHeads = false;
    for (auto [d, index] : llvm::enumerate(read->indices)) {
      int64_t size = type.getDimSize(d);
      std::optional<Role> role = findRole(index, size, found);
      if (!role)
        return std::nullopt;
      hasHeads |= *role == Role::Head || *role == Role::BatchHead ||
                  *role == Role::OuterHead;
      if (*role == Role::Batch || *role == Role::BatchHead)
        isMissing[0] = false;
      if (*role == Role::Length)
        isMissing[2] = false;
      if (*role == Role::Width)
        isMissing[3] = false;
      found.roles.push_back(*role);
    }
    if (llvm::is_contained(isMissing, true) || !areHeadsWhole(read, found))
      return std::nullopt;
    if (!hasHeads)
      found.group = heads;
    return found;
  }

private:
  std::optional<Role> findRole(AffineExpr index, int64_t size,
                               OperandTensor &found) {
    auto hasSize = [&](int64_t expected) { return size == expected; };
    if (index == 0)
      return hasSize(1) ? std::optional(Role::Unit) : std::nullopt;
    if (index == length)
      return hasSize(space.size(length)) ? std::optional(Role::Length)
                                         : std::nullopt;
    if (index == width)
      return hasSize(space.size(width)) ? std::optional(Role::Width)
                                        : std::nullopt;
    if (index == loops.batch)
      return hasSize(space.size(loops.batch)) ? std::optional(Role::Batch)
                                              : std::nullopt;
    if (index == loops.head)
      return hasSize(heads) ? std::optional(Role::Head) : std::nullopt;
    if (index == space.simplify(loops.batch * heads + loops.head))
      return Role::BatchHead;
    auto binary = dyn_cast<AffineBinaryOpExpr>(index);
    auto number = binary ? dyn_cast<AffineConstantExpr>(binary.getRHS())
                         : AffineConstantExpr();
    if (!number)
      return std::nullopt;
    if (index.getKind() == AffineExprKind::Mod)
      return binary.getLHS() == loops.head && hasSize(number.getValue())
                 ? std::optional(Role::InnerHead)
                 : std::nullopt;
    if (index.getKind() != AffineExprKind::FloorDiv ||
        binary.getLHS() != loops.head || heads % number.getValue() != 0 ||
        !hasSize(heads / number.getValue()))
      return std::nullopt;
    found.group = number.getValue();
    return Role::OuterHead;
  }

  /// An outer dimension of heads alone is that of a group; with an inner one
  /// behind it, both are all heads.
  bool areHeadsWhole(Expr *read, OperandTensor &found) {
    for (auto [d, role] : llvm::enumerate(found.roles)) {
      if (role == Role::InnerHead)
        return false;
      if (role != Role::OuterHead)
        continue;
      if (d + 1 == found.roles.size() ||
          found.roles[d + 1] != Role::InnerHead) {
        role = Role::Head;
        continue;
      }
      if (found.group !=
          cast<RankedTensorType>(read->tensor.getType()).getDimSize(d + 1))
        return false;
      found.group = 1;
      return llvm::count(found.roles, Role::OuterHead) == 1 &&
             llvm::count(found.roles, Role::InnerHead) == 1;
    }
    return true;
  }

  const LoopSpace &space;
  const AttentionLoops &loops;
  AffineExpr length, width;
  int64_t heads;
};
} // namespace

SmallVector<OperandTensor> spattn::traceOperand(const AttentionParts &parts,
                                                Expr *read, AffineExpr length,
                                                AffineExpr width) {
  SmallVector<OperandTensor> found;
  RoleFinder finder(parts, length, width);
  double scale = 1;
  // Behind a slice, other rows may follow.
  bool isSliced = false;
  unsigned steps = 0;
  for (Expr *expr = read; expr && steps < kMaxSteps; ++steps) {
    if (expr->kind == Expr::Kind::Read) {
      if (!isSliced ||
          cast<ShapedType>(expr->tensor.getType()).hasStaticShape())
        if (std::optional<OperandTensor> own = finder.find(expr)) {
          own->scale = scale;
          found.push_back(*own);
        }
      isSliced |= static_cast<bool>(
          expr->tensor.getDefiningOp<tensor::ExtractSliceOp>());
      expr = parts.graph->step(expr);
    } else if (expr->is<arith::ExtFOp>()) {
      expr = expr->args[0];
    } else if (expr->is<arith::MulFOp, arith::DivFOp>()) {
      std::optional<double> number;
      unsigned other = 0;
      for (unsigned i : {1, 0}) {
        if (number || (i == 0 && expr->is<arith::DivFOp>()))
          break;
        number = getConstant(parts.graph->resolveValue(expr->args[i]));
        other = 1 - i;
      }
      if (!number || !std::isfinite(*number) || *number == 0)
        break;
      scale *= expr->is<arith::DivFOp>() ? 1 / *number : *number;
      expr = expr->args[other];
    } else {
      break;
    }
  }
  return found;
}
