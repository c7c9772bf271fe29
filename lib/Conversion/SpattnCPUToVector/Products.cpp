//===- Products.cpp - Sums of weighted rows -------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a mask leaves out pairs, a weight of 0 does not keep an infinity or a
// NaN of the row out of the sum. Tiles that hold one are rare: whether a tile
// does is one pass over it, and only such tiles are summed pair by pair.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

namespace {
class ProductsLowering {
public:
  ProductsLowering(const Products &products, VectorTile &t)
      : products(products), t(t), b(t.b), count(t.rowCount(products.rows)),
        rows(dimSize(products.sum, 0)), width(dimSize(products.sum, 1)) {}

  LogicalResult run() {
    if (products.mask.empty()) {
      emitBlocks();
      return success();
    }
    auto ifFinite = scf::IfOp::create(b, emitIsFinite(), /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifFinite.thenBlock());
    emitBlocks();
    b.setInsertionPointToStart(ifFinite.elseBlock());
    return emitPairs();
  }

private:
  void emitBlocks() {
    t.blocks(rows, t.block.rows, [&](Value m0, int64_t size) {
      SmallVector<Value> factors = loadFactors(m0, size);
      t.columns(width, t.block.vectors, [&](ArrayRef<Columns> group) {
        t.product(
            size, group, count,
            [&](int64_t i, Value n) {
              return t.loadElement(products.weights, {n, t.add(m0, i)});
            },
            products.rows,
            [&](int64_t i, const Columns &c) { return t.splat(0, c.width); },
            [&](int64_t i, const Columns &c, Value total) {
              add(t.add(m0, i), c, factors, i, total);
            });
      });
    });
  }

  /// One row at a time, and of its pairs those that are allowed, in the order
  /// of blocks: elements that are finite are the same to the last bit.
  LogicalResult emitPairs() {
    LogicalResult result = success();
    t.loop(t.index(rows), [&](Value m) {
      SmallVector<Value> factors = loadFactors(m, 1);
      t.columns(width, t.block.vectors, [&](ArrayRef<Columns> group) {
        SmallVector<Value> inits;
        for (const Columns &c : group)
          inits.push_back(t.splat(0, c.width));
        SmallVector<Value> totals =
            t.reduce(count, inits, [&](Value n, ValueRange carried) {
              FailureOr<SmallVector<Value>> next =
                  emitPair(m, n, group, carried);
              if (succeeded(next))
                return *next;
              result = failure();
              return SmallVector<Value>(carried);
            });
        for (auto [c, total] : llvm::zip(group, totals))
          add(m, c, factors, 0, total);
      });
    });
    return result;
  }

  FailureOr<SmallVector<Value>>
  emitPair(Value m, Value n, ArrayRef<Columns> group, ValueRange sums) {
    bool queryIsN = products.queriesAreSummed;
    FailureOr<Value> allowed =
        vectorizeMask(products.mask, t, queryIsN ? n : m, queryIsN ? m : n);
    if (failed(allowed))
      return failure();
    auto ifAllowed =
        scf::IfOp::create(b, sums.getTypes(), *allowed, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifAllowed.thenBlock());
    Value weight = t.loadElement(products.weights, {n, m});
    SmallVector<Value> next;
    for (auto [c, sum] : llvm::zip(group, sums)) {
      Value factor = vector::BroadcastOp::create(b, sum.getType(), weight);
      next.push_back(
          vector::FMAOp::create(b, factor, t.load(products.rows, n, c), sum));
    }
    scf::YieldOp::create(b, next);
    b.setInsertionPointToStart(ifAllowed.elseBlock());
    scf::YieldOp::create(b, sums);
    return llvm::to_vector_of<Value>(ifAllowed.getResults());
  }

  SmallVector<Value> loadFactors(Value m0, int64_t size) {
    SmallVector<Value> factors;
    for (int64_t i = 0; products.factor && i < size; ++i)
      factors.push_back(t.loadElement(products.factor, {t.add(m0, i)}));
    return factors;
  }

  /// Adds the total of a tile to a row of the sums. A total of its own keeps
  /// long sums right: one of 2^24 does not grow by adding 1.
  void add(Value m, const Columns &c, ArrayRef<Value> factors, int64_t i,
           Value total) {
    Value sum = t.load(products.sum, m, c);
    if (factors.empty()) {
      sum = arith::AddFOp::create(b, sum, total);
    } else {
      Value factor = vector::BroadcastOp::create(b, sum.getType(), factors[i]);
      sum = vector::FMAOp::create(b, sum, factor, total);
    }
    t.store(sum, products.sum, m, c);
  }

  /// Whether all elements of the rows are finite: then 0 times each is 0.
  Value emitIsFinite() {
    int64_t size = t.block.width * t.block.vectors;
    Value whole = t.index(width / size);
    auto test = [&](Value base, int64_t columns, SmallVector<Value> sums) {
      return t.reduce(count, sums, [&](Value n, ValueRange carried) {
        SmallVector<Value> next;
        for (auto [v, sum] : llvm::enumerate(carried)) {
          int64_t offset = v * t.block.width;
          int64_t own = std::min(t.block.width, columns - offset);
          Value row = t.load(products.rows, n, {base, offset, own});
          next.push_back(vector::FMAOp::create(b, row, t.splat(0, own), sum));
        }
        return next;
      });
    };
    auto zeros = [&](int64_t columns) {
      SmallVector<Value> sums;
      for (int64_t at = 0; at < columns; at += t.block.width)
        sums.push_back(t.splat(0, std::min(t.block.width, columns - at)));
      return sums;
    };
    SmallVector<Value> sums;
    if (width >= size)
      sums = t.reduce(whole, zeros(size), [&](Value g, ValueRange carried) {
        Value base = arith::MulIOp::create(b, g, t.index(size));
        return test(base, size, SmallVector<Value>(carried));
      });
    if (int64_t left = width % size) {
      SmallVector<Value> initial = zeros(left);
      llvm::append_range(sums, test(t.index(width - left), left, initial));
    }
    Value total = t.f32(0);
    for (Value sum : sums)
      total = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum,
                                          total);
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, total, t.f32(0));
  }

  Products products;
  VectorTile &t;
  ImplicitLocOpBuilder &b;
  Value count;
  int64_t rows, width;
};
} // namespace

LogicalResult spattn_cpu::emitProducts(VectorTile &t,
                                       const Products &products) {
  return ProductsLowering(products, t).run();
}
