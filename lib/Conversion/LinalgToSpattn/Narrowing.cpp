//===- Narrowing.cpp - Results that are rounded ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Narrowing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

/// Whether an operation rounds a tensor, and does nothing else.
static bool isRounding(Operation *op) {
  if (isa<arith::TruncFOp>(op))
    return true;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1 ||
      generic.getNumDpsInits() != 1 || generic->getNumResults() != 1 ||
      generic.getNumReductionLoops() != 0 ||
      !llvm::all_of(generic.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return false;
  Block &body = generic.getRegion().front();
  auto round = dyn_cast<arith::TruncFOp>(body.front());
  return round && round.getIn() == body.getArgument(0) &&
         body.getTerminator()->getOperand(0) == round.getOut();
}

static bool changesShape(Operation *op, Value tensor) {
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return transpose.getInput() == tensor && transpose.getInit() != tensor &&
           transpose->getNumResults() == 1;
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

static bool isRoundedTo(Value tensor, Type element, unsigned depth) {
  return depth < 16 && !tensor.use_empty() &&
         llvm::all_of(
             tensor.getUses(),
             [&](OpOperand &use) {
               Operation *op = use.getOwner();
               if (isRounding(op))
                 return use.getOperandNumber() == 0 &&
                        getElementTypeOrSelf(op->getResult(0)) == element;
               return changesShape(op, tensor) &&
                      isRoundedTo(op->getResult(0), element, depth + 1);
             });
}

bool spattn::isRoundedTo(Value tensor, Type element) {
  return ::isRoundedTo(tensor, element, 0);
}

void spattn::replaceRounded(RewriterBase &rewriter, Value tensor,
                            Value rounded) {
  Type element = getElementTypeOrSelf(rounded);
  for (Operation *op : llvm::to_vector(tensor.getUsers())) {
    Value result = op->getResult(0);
    if (isRounding(op)) {
      rewriter.replaceAllUsesWith(result, rounded);
      continue;
    }
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    auto type = cast<RankedTensorType>(result.getType()).clone(element);
    Value changed;
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      changed = tensor::ExpandShapeOp::create(
          rewriter, op->getLoc(), type, rounded,
          expand.getReassociationIndices(), expand.getMixedOutputShape());
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      changed =
          tensor::CollapseShapeOp::create(rewriter, op->getLoc(), type, rounded,
                                          collapse.getReassociationIndices());
    } else {
      auto transpose = cast<linalg::TransposeOp>(op);
      Value empty = tensor::EmptyOp::create(
          rewriter, op->getLoc(),
          tensor::getMixedSizes(rewriter, op->getLoc(), transpose.getInit()),
          element);
      changed = linalg::TransposeOp::create(rewriter, op->getLoc(), rounded,
                                            empty, transpose.getPermutation())
                    ->getResult(0);
    }
    replaceRounded(rewriter, result, changed);
  }
}
