//===- Operands.cpp - Tensors that hold query, key and value --------------===//
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

//===----------------------------------------------------------------------===//
// Where operands come from
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// What is made of them
//===----------------------------------------------------------------------===//

static char getLetter(Role role) {
  switch (role) {
  case Role::Batch:
    return 'b';
  case Role::Length:
    return 'n';
  case Role::Width:
    return 'd';
  default:
    return 'h';
  }
}

namespace {
/// A tensor whose dimensions are being made those of an operand.
struct Shaping {
  OpBuilder &builder;
  Location loc;
  Value tensor;
  SmallVector<Role> roles;

  bool has(Role role) const { return llvm::is_contained(roles, role); }
  ArrayRef<int64_t> sizes() const {
    return cast<RankedTensorType>(tensor.getType()).getShape();
  }
  RankedTensorType typeOf(ArrayRef<int64_t> shape) const {
    return RankedTensorType::get(
        shape, cast<RankedTensorType>(tensor.getType()).getElementType());
  }

  /// Dimensions of one key may stand for the batch, or for heads.
  void useUnits() {
    for (Role &role : roles)
      if (role == Role::Unit) {
        for (Role missing :
             {Role::Batch, Role::Head, Role::Length, Role::Width})
          if (!has(missing) &&
              !(missing == Role::Batch && has(Role::BatchHead)) &&
              !(missing == Role::Head &&
                (has(Role::BatchHead) || has(Role::OuterHead)))) {
            role = missing;
            break;
          }
      }
  }

  /// Merges dimensions of one, and the two of heads.
  void collapse() {
    SmallVector<ReassociationIndices> groups;
    SmallVector<Role> merged;
    SmallVector<int64_t> shape;
    bool isUnit = false;
    for (auto [d, role] : llvm::enumerate(roles)) {
      int64_t size = sizes()[d];
      if (!groups.empty() &&
          (role == Role::Unit || role == Role::InnerHead || isUnit)) {
        groups.back().push_back(d);
        if (role == Role::InnerHead)
          merged.back() = Role::Head;
        else if (role != Role::Unit)
          merged.back() = role;
        shape.back() =
            ShapedType::isDynamic(size) || ShapedType::isDynamic(shape.back())
                ? ShapedType::kDynamic
                : shape.back() * size;
        isUnit &= role == Role::Unit;
        continue;
      }
      groups.push_back({static_cast<int64_t>(d)});
      merged.push_back(role);
      shape.push_back(size);
      isUnit = role == Role::Unit;
    }
    if (groups.size() == roles.size())
      return;
    tensor = tensor::CollapseShapeOp::create(builder, loc, typeOf(shape),
                                             tensor, groups);
    roles = merged;
  }

  /// Splits the batch from heads, and adds dimensions of one: heads behind the
  /// batch, others in front.
  void expand(int64_t heads) {
    bool hasBatch = has(Role::Batch) || has(Role::BatchHead);
    bool hasHeads = has(Role::Head) || has(Role::BatchHead);
    SmallVector<Role> leading;
    if (!hasBatch)
      leading.push_back(Role::Batch);
    if (!hasBatch && !hasHeads)
      leading.push_back(Role::Head);
    for (Role role : {Role::Length, Role::Width})
      if (!has(role))
        leading.push_back(role);
    SmallVector<Role> split;
    SmallVector<int64_t> shape;
    SmallVector<ReassociationIndices> groups;
    auto add = [&](Role role, int64_t size) {
      groups.back().push_back(shape.size());
      split.push_back(role);
      shape.push_back(size);
    };
    for (auto [d, role] : llvm::enumerate(roles)) {
      groups.emplace_back();
      if (d == 0)
        for (Role missing : leading)
          add(missing, 1);
      int64_t size = sizes()[d];
      if (role == Role::BatchHead) {
        add(Role::Batch, ShapedType::isDynamic(size) ? size : size / heads);
        add(Role::Head, heads);
        continue;
      }
      add(role, size);
      if (role == Role::Batch && !hasHeads)
        add(Role::Head, 1);
    }
    if (shape.size() == roles.size())
      return;
    tensor = tensor::ExpandShapeOp::create(builder, loc, typeOf(shape), tensor,
                                           groups);
    roles = split;
  }
};
} // namespace

std::string spattn::getOrder(const OperandTensor &operand) {
  std::string order;
  for (Role role : operand.roles)
    order += role == Role::Unit ? '1' : getLetter(role);
  return order;
}

Value spattn::reorder(OpBuilder &builder, Location loc, Value tensor,
                      StringRef from, StringRef to) {
  if (from == to)
    return tensor;
  SmallVector<int64_t> permutation;
  SmallVector<OpFoldResult> sizes;
  for (char letter : to) {
    permutation.push_back(from.find(letter));
    sizes.push_back(
        tensor::getMixedSize(builder, loc, tensor, permutation.back()));
  }
  Value empty = tensor::EmptyOp::create(
      builder, loc, sizes,
      cast<RankedTensorType>(tensor.getType()).getElementType());
  return linalg::TransposeOp::create(builder, loc, tensor, empty, permutation)
      ->getResult(0);
}

Value spattn::shapeOperand(OpBuilder &builder, Location loc,
                           const OperandTensor &operand, int64_t heads,
                           StringRef order) {
  Shaping shaping{builder, loc, operand.tensor, operand.roles};
  shaping.useUnits();
  shaping.collapse();
  shaping.expand(heads);
  std::string own;
  for (Role role : shaping.roles)
    own += getLetter(role);
  return reorder(builder, loc, shaping.tensor, own, order);
}
