//===- RaiseLinalg.cpp - Attention in linalg operations -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Frontends.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spattn;

namespace {
/// Looks for attention that ends in one contraction.
class ContractionReader {
public:
  ContractionReader(linalg::LinalgOp op, Refusal &refusal)
      : op(op), refusal(refusal) {}

  /// Raises it, and gives what replaces the result, or null.
  Value raise(PatternRewriter &rewriter) {
    if (op->getNumResults() != 1 ||
        !isa<RankedTensorType>(op->getResult(0).getType()))
      return nullptr;
    FailureOr<linalg::ContractionDimensions> dims =
        linalg::inferContractionDims(op);
    if (failed(dims) || dims->k.size() != 1)
      return nullptr;
    // Weights are on the left, or on the right of transposed values.
    for (bool isLeft : {true, false})
      if (Value result = raiseWith(rewriter, *dims, isLeft))
        return result;
    return nullptr;
  }

private:
  Value raiseWith(PatternRewriter &rewriter,
                  const linalg::ContractionDimensions &dims, bool isLeft) {
    ArrayRef<unsigned> rows = isLeft ? dims.m : dims.n;
    ArrayRef<unsigned> columns = isLeft ? dims.n : dims.m;
    if (rows.empty() || columns.size() != 1)
      return nullptr;
    // Of several rows that only weights have, queries are the last of weights;
    // others are heads of a group.
    AffineMap map =
        op.getMatchingIndexingMap(op.getDpsInputOperand(isLeft ? 0 : 1));
    std::optional<unsigned> query;
    for (AffineExpr index : map.getResults())
      if (auto loop = dyn_cast<AffineDimExpr>(index);
          loop && llvm::is_contained(rows, loop.getPosition()))
        query = loop.getPosition();
    if (!query)
      return nullptr;
    // Batch and heads, in the order of the result.
    SmallVector<unsigned> outer;
    map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    for (AffineExpr index : map.getResults()) {
      auto loop = dyn_cast<AffineDimExpr>(index);
      if (!loop)
        return nullptr;
      if (loop.getPosition() != *query && loop.getPosition() != columns[0])
        outer.push_back(loop.getPosition());
    }
    if (outer.size() > 3)
      return nullptr;
    Value operand = op->getOperand(isLeft ? 1 : 0);
    Candidate candidate(op, outer, *query, dims.k[0], columns[0],
                        findHeads(operand, outer));
    return candidate.raise(rewriter, isLeft, refusal);
  }

  /// The number of heads that are merged with the batch: what a collapse of the
  /// operands says.
  int64_t findHeads(Value operand, ArrayRef<unsigned> outer) {
    if (outer.size() != 1)
      return 1;
    for (OpOperand *own : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(own);
      std::optional<unsigned> place =
          map.getResultPosition(getAffineDimExpr(outer[0], op.getContext()));
      auto collapse = own->get().getDefiningOp<tensor::CollapseShapeOp>();
      if (!place || !collapse)
        continue;
      ReassociationIndices group = collapse.getReassociationIndices()[*place];
      if (group.size() < 2)
        continue;
      int64_t heads = 1;
      for (int64_t d : ArrayRef<int64_t>(group).drop_front()) {
        int64_t size = collapse.getSrcType().getDimSize(d);
        if (ShapedType::isDynamic(size))
          return 1;
        heads *= size;
      }
      return heads;
    }
    return 1;
  }

  /// One reading of the loops.
  struct Candidate {
    Candidate(linalg::LinalgOp op, ArrayRef<unsigned> outer, unsigned query,
              unsigned key, unsigned value, int64_t heads)
        : op(op), space(op.getContext()), sizes(op.getStaticLoopRanges()),
          indices(op.getNumLoops()) {
      SmallVector<int64_t> outerSizes;
      for (unsigned loop : outer)
        outerSizes.push_back(sizes[loop]);
      SmallVector<AffineExpr> outerIndices;
      isKnown = addOuterLoops(space, loops, outerSizes, heads, outerIndices);
      for (auto [loop, index] : llvm::zip(outer, outerIndices))
        indices[loop] = index;
      loops.query = space.add(sizes[query]);
      loops.key = space.add(sizes[key]);
      loops.value = space.add(sizes[value]);
      loops.feature = space.add(ShapedType::kDynamic);
      indices[query] = loops.query;
      indices[key] = loops.key;
      indices[value] = loops.value;
    }

    Value raise(PatternRewriter &rewriter, bool isLeft, Refusal &refusal) {
      if (!isKnown)
        return nullptr;
      ExprGraph graph(space, loops.key);
      if (!graph.getContractedLoop(op))
        return nullptr;
      std::optional<Product> product = graph.getProduct(op, indices);
      if (!product)
        return nullptr;
      AttentionParts parts(space, graph, loops);
      Expr *score = matchSoftmax(graph, space, loops.key,
                                 isLeft ? product->lhs : product->rhs);
      if (!score || !readScore(parts, score, refusal))
        return nullptr;
      parts.lse = findLogSumExp(graph, loops.key, score, op);
      parts.value = isLeft ? product->rhs : product->lhs;
      parts.resultType = cast<RankedTensorType>(op->getResult(0).getType());
      if (parts.resultType.getElementType().isF32())
        parts.roundedResult = op->getResult(0);
      AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
      for (AffineExpr index : map.getResults())
        parts.resultIndices.push_back(
            space.simplify(index.replaceDims(indices)));
      RaisedAttention raised =
          emitAttention(rewriter, op.getLoc(), parts, refusal);
      if (raised.lse) {
        for (Operation *user : parts.lse->users)
          rewriter.moveOpBefore(user, op);
        rewriter.replaceAllUsesWith(parts.lse->tensor, raised.lse);
      }
      return raised.result;
    }

    linalg::LinalgOp op;
    LoopSpace space;
    SmallVector<int64_t> sizes;
    /// The index of each loop of the operation.
    SmallVector<AffineExpr> indices;
    AttentionLoops loops;
    bool isKnown = false;
  };

  linalg::LinalgOp op;
  Refusal &refusal;
};
} // namespace

Value spattn::raiseContraction(PatternRewriter &rewriter, Operation *op,
                               Refusal &refusal) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || !linalg::isaContractionOpInterface(linalgOp))
    return nullptr;
  return ContractionReader(linalgOp, refusal).raise(rewriter);
}
