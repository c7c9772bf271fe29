//===- Rows.cpp - Gathers and sums of rows to loops -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace spattn;

namespace {

class GatherLoops : RowLoops {
public:
  GatherLoops(GatherRowsOp op, const OpBuilder &builder)
      : RowLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) {
      Source source = loadSource(op.getSources().front(), op.getRows(), row);
      for (auto [i, from, to] :
           llvm::enumerate(op.getSources(), op.getOuts())) {
        std::optional<ArrayRef<bool>> marks = op.getUnitRms();
        Value factor;
        if (marks && (*marks)[i])
          factor = emitFactor(from, source);
        emitColumns({}, [&, from = from, to = to](Value column, int64_t width,
                                                  ValueRange) {
          Value columns = loadColumns(from, source, column, width);
          if (factor)
            columns = arith::MulFOp::create(b, splat(factor, width), columns);
          store(columns, to, row, column);
          return SmallVector<Value>();
        });
      }
    });
  }

private:
  Value loadColumns(Value buffer, const Source &source, Value column,
                    int64_t width) {
    return loadIf(source, zeros(width), [&](const Row &at) {
      return load(buffer, at, column, width);
    });
  }

  Value emitFactor(Value buffer, const Source &source) {
    SmallVector<Value> squares = emitColumns(f32(0), [&](Value column,
                                                         int64_t width,
                                                         ValueRange carried) {
      Value columns = loadColumns(buffer, source, column, width);
      return SmallVector<Value>{addProducts(columns, columns, carried.front())};
    });
    return inverseRms(squares.front(), op.getEpsilon().convertToFloat());
  }

  GatherRowsOp op;
};

class SumLoops : RowLoops {
public:
  SumLoops(SumRowsOp op, const OpBuilder &builder)
      : RowLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) { emitRow(row); });
  }

private:
  void emitRow(const Row &row) {
    int64_t count =
        cast<MemRefType>(op.getRows().getType())
            .getDimSize(Layout::parse(op.getLayout())->getDim(Dim::Width));
    SmallVector<Source> sources;
    for (int64_t i = 0; i < count; ++i)
      sources.push_back(
          loadSource(op.getSource(), op.getRows(), row, index(i)));
    auto sum = [&](Value column, int64_t width) {
      Value total;
      for (const Source &source : sources) {
        Value term = loadIf(source, zeros(width), [&](const Row &at) {
          return load(op.getSource(), at, column, width);
        });
        total =
            total ? arith::AddFOp::create(b, total, term).getResult() : term;
      }
      return total;
    };
    Value factor, share;
    if (op.getUnitRmsOf())
      std::tie(factor, share) = emitGradientFactors(row, sum);
    emitColumns({}, [&](Value column, int64_t width, ValueRange) {
      Value result = sum(column, width);
      if (factor) {
        Value x = load(op.getUnitRmsOf(), row, column, width);
        Value along = arith::MulFOp::create(b, splat(share, width), x);
        result = arith::SubFOp::create(b, result, along);
        result = arith::MulFOp::create(b, splat(factor, width), result);
      }
      if (op.getAdd())
        result = arith::AddFOp::create(b, result,
                                       load(op.getAdd(), row, column, width));
      store(result, op.getOut(), row, column);
      return SmallVector<Value>();
    });
  }

  /// `r` and `r^2 mean(x sum)` of a row.
  std::pair<Value, Value>
  emitGradientFactors(const Row &row, function_ref<Value(Value, int64_t)> sum) {
    SmallVector<Value> sums = emitColumns(
        {f32(0), f32(0)}, [&](Value column, int64_t width, ValueRange carried) {
          Value x = load(op.getUnitRmsOf(), row, column, width);
          return SmallVector<Value>{
              addProducts(x, x, carried[0]),
              addProducts(x, sum(column, width), carried[1])};
        });
    Value factor = inverseRms(sums[0], op.getEpsilon().convertToFloat());
    Value scaled = arith::MulFOp::create(b, factor, meanOf(sums[1]));
    return {factor, arith::MulFOp::create(b, factor, scaled)};
  }

  SumRowsOp op;
};

class HashLoops : RowLoops {
public:
  HashLoops(HashRowsOp op, const OpBuilder &builder)
      : RowLoops(op, builder), op(op) {}

  void run() {
    emitRows([&](const Row &row) {
      auto type = cast<MemRefType>(op.getOut().getType());
      Layout order = *Layout::parse(op.getLayout());
      int64_t sets = type.getDimSize(order.getDim(Dim::Width));
      Value first = index(0), end = index(sets), one = index(1);
      auto loop = scf::ForOp::create(b, first, end, one);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value set = loop.getInductionVar();
      storeTerm(emitHash(row, set), op.getOut(), row, set);
    });
  }

private:
  /// The number of the vector of a set with the largest product.
  Value emitHash(const Row &row, Value set) {
    Layout order = *Layout::parse(op.getLayout());
    Value count =
        memref::DimOp::create(b, op.getVectors(), order.getDim(Dim::Length));
    Value number = arith::IndexCastOp::create(b, b.getI32Type(), count);
    Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value first = index(0), one = index(1), least = f32(-1);
    auto loop =
        scf::ForOp::create(b, first, count, one, ValueRange{least, none});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Row vector{index(0), set, loop.getInductionVar()};
    Value product =
        emitColumns(f32(0), [&](Value column, int64_t width,
                                ValueRange carried) {
          Value x = load(op.getSource(), row, column, width);
          Value y = load(op.getVectors(), vector, column, width);
          return SmallVector<Value>{addProducts(x, y, carried.front())};
        }).front();
    Value largest = loop.getRegionIterArgs()[0];
    Value found = loop.getRegionIterArgs()[1];
    Value size = math::AbsFOp::create(b, product);
    Value place =
        arith::IndexCastOp::create(b, b.getI32Type(), loop.getInductionVar());
    Value isNegative =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, product, f32(0));
    Value negated = arith::AddIOp::create(b, place, number);
    place = arith::SelectOp::create(b, isNegative, negated, place);
    // Of equal products the first: negatives come after all others.
    Value isLarger =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, size, largest);
    Value isEqual =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, size, largest);
    Value isBefore =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, place, found);
    Value isFirst = arith::OrIOp::create(
        b, isLarger, arith::AndIOp::create(b, isEqual, isBefore));
    scf::YieldOp::create(
        b, ValueRange{
               arith::SelectOp::create(b, isFirst, size, largest).getResult(),
               arith::SelectOp::create(b, isFirst, place, found).getResult()});
    b.setInsertionPointAfter(loop);
    return loop.getResult(1);
  }

  HashRowsOp op;
};

} // namespace

void spattn::lowerToLoops(GatherRowsOp op, const OpBuilder &builder) {
  GatherLoops(op, builder).run();
}

void spattn::lowerToLoops(SumRowsOp op, const OpBuilder &builder) {
  SumLoops(op, builder).run();
}

void spattn::lowerToLoops(HashRowsOp op, const OpBuilder &builder) {
  HashLoops(op, builder).run();
}
