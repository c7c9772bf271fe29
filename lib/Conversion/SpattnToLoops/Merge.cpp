//===- Merge.cpp - Merges to loops over rows ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MergeLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace spattn;

namespace {

class ForwardMerge : MergeLoops {
public:
  ForwardMerge(MergeOp op, const OpBuilder &builder)
      : MergeLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) { emitRow(row); });
  }

private:
  void emitRow(const Row &row) {
    Weights weights = emitWeights(op.getLses(), row);
    emitColumns({}, [&](Value column, int64_t width, ValueRange) {
      Value sum = zeros(width);
      for (auto [part, isEmpty, weight] :
           llvm::zip(op.getParts(), weights.isEmpty, weights.weights)) {
        Value loaded = load(part, row, column, width);
        Value product = arith::MulFOp::create(b, splat(weight, width), loaded);
        // An empty part may hold anything.
        Value term = arith::SelectOp::create(b, isEmpty, zeros(width), product);
        sum = arith::AddFOp::create(b, sum, term);
      }
      store(sum, op.getOut(), row, column);
      return SmallVector<Value>();
    });
    if (op.getLse())
      storeNumber(weights.lse, op.getLse(), row);
  }

  MergeOp op;
};

class BackwardMerge : MergeLoops {
public:
  BackwardMerge(MergeBackwardOp op, const OpBuilder &builder)
      : MergeLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) { emitRow(row); });
  }

private:
  /// `dout . parts[p]` for each part, 0 for one that is empty.
  SmallVector<Value> emitProducts(const Weights &weights, const Row &row) {
    SmallVector<Value> sums(op.getParts().size(), f32(0));
    sums =
        emitColumns(sums, [&](Value column, int64_t width, ValueRange carried) {
          Value dout = load(op.getDout(), row, column, width);
          SmallVector<Value> next;
          for (auto [part, sum] : llvm::zip(op.getParts(), carried)) {
            Value loaded = load(part, row, column, width);
            Value product = arith::MulFOp::create(b, dout, loaded);
            next.push_back(vector::ReductionOp::create(
                b, vector::CombiningKind::ADD, product, sum,
                arith::FastMathFlags::reassoc));
          }
          return next;
        });
    for (auto [sum, isEmpty] : llvm::zip(sums, weights.isEmpty))
      sum = arith::SelectOp::create(b, isEmpty, f32(0), sum);
    return sums;
  }

  void emitRow(const Row &row) {
    Weights weights = emitWeights(op.getLses(), row);
    SmallVector<Value> products = emitProducts(weights, row);
    // `dout . out`, and so `start` is what all parts have in common.
    Value mean = f32(0);
    for (auto [weight, product] : llvm::zip(weights.weights, products)) {
      Value share = arith::MulFOp::create(b, weight, product);
      mean = arith::AddFOp::create(b, mean, share);
    }
    Value dlse = op.getDlse() ? loadNumber(op.getDlse(), row) : Value();
    for (auto [i, buffer] : llvm::enumerate(op.getDlses())) {
      Value above = arith::SubFOp::create(b, products[i], mean);
      if (dlse)
        above = arith::AddFOp::create(b, above, dlse);
      Value gradient = arith::MulFOp::create(b, weights.weights[i], above);
      Value number =
          arith::SelectOp::create(b, weights.isEmpty[i], f32(0), gradient);
      storeNumber(number, buffer, row);
    }
    emitColumns({}, [&](Value column, int64_t width, ValueRange) {
      Value dout = load(op.getDout(), row, column, width);
      for (auto [i, buffer] : llvm::enumerate(op.getDparts())) {
        Value gradient =
            arith::MulFOp::create(b, splat(weights.weights[i], width), dout);
        Value rounded = arith::SelectOp::create(b, weights.isEmpty[i],
                                                zeros(width), gradient);
        store(rounded, buffer, row, column);
      }
      return SmallVector<Value>();
    });
  }

  MergeBackwardOp op;
};

} // namespace

void spattn::lowerToLoops(MergeOp op, const OpBuilder &builder) {
  ForwardMerge(op, builder).run();
}

void spattn::lowerToLoops(MergeBackwardOp op, const OpBuilder &builder) {
  BackwardMerge(op, builder).run();
}
