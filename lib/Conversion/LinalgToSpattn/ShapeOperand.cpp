//===- ShapeOperand.cpp - Tensors of four dimensions ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

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
