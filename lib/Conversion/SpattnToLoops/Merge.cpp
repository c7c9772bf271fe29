//===- Merge.cpp - Merges to loops over rows ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>
#include <optional>

using namespace mlir;
using namespace spattn;

namespace {

class ForwardMerge : RowLoops {
public:
  ForwardMerge(MergeOp op, const OpBuilder &builder)
      : RowLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) { emitRow(row); });
  }

private:
  void emitRow(const Row &row) {
    SmallVector<Part> parts = loadParts(row);
    SmallVector<Value> lses;
    for (const Part &part : parts)
      lses.push_back(part.lse);
    Weights weights = emitWeights(lses);
    emitColumns({}, [&](Value column, int64_t width, ValueRange) {
      Value sum = zeros(width);
      for (auto [part, isEmpty, weight] :
           llvm::zip(parts, weights.isEmpty, weights.weights)) {
        auto load = [&, &rows = part.rows](const Row &at) {
          return this->load(rows, at, column, width);
        };
        Value loaded =
            part.source ? loadIf(*part.source, zeros(width), load) : load(row);
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

  /// A part of a row: its log-sum-exp, and where its output is.
  struct Part {
    Value lse, rows;
    /// The row there, if it is another one.
    std::optional<Source> source;
  };

  SmallVector<Part> loadParts(const Row &row) {
    SmallVector<Part> parts;
    if (!op.getRows()) {
      for (auto [rows, lse] : llvm::zip(op.getParts(), op.getLses()))
        parts.push_back({loadNumber(lse, row), rows, std::nullopt});
      return parts;
    }
    int64_t count =
        cast<MemRefType>(op.getRows().getType())
            .getDimSize(Layout::parse(op.getLayout())->getDim(Dim::Width));
    Value rows = op.getParts().front(), lses = op.getLses().front();
    for (int64_t i = 0; i < count; ++i) {
      Source source = loadSource(rows, op.getRows(), row, index(i));
      Value none = f32(-std::numeric_limits<float>::infinity());
      Value lse = loadIf(source, none,
                         [&](const Row &at) { return loadNumber(lses, at); });
      parts.push_back({lse, rows, source});
    }
    return parts;
  }

  MergeOp op;
};

class BackwardMerge : RowLoops {
public:
  BackwardMerge(MergeBackwardOp op, const OpBuilder &builder)
      : RowLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) { emitRow(row); });
  }

private:
  /// `dout . parts[p]` for each part, 0 for one that is empty.
  SmallVector<Value> emitProducts(const Weights &weights, const Row &row) {
    SmallVector<Value> sums(op.getParts().size(), f32(0));
    sums = emitColumns(sums, [&](Value column, int64_t width,
                                 ValueRange carried) {
      Value dout = load(op.getDout(), row, column, width);
      SmallVector<Value> next;
      for (auto [part, sum] : llvm::zip(op.getParts(), carried))
        next.push_back(addProducts(dout, load(part, row, column, width), sum));
      return next;
    });
    for (auto [sum, isEmpty] : llvm::zip(sums, weights.isEmpty))
      sum = arith::SelectOp::create(b, isEmpty, f32(0), sum);
    return sums;
  }

  void emitRow(const Row &row) {
    SmallVector<Value> lses;
    for (Value lse : op.getLses())
      lses.push_back(loadNumber(lse, row));
    Weights weights = emitWeights(lses);
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
