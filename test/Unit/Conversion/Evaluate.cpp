//===- Evaluate.cpp - What operations on numbers and fragments are --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;

using llvm::APInt;

uint16_t spattn::test::toBF16(float value) {
  auto bits = llvm::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return bits >> 16 | 1;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

float spattn::test::fromBF16(uint16_t bits) {
  return llvm::bit_cast<float>(uint32_t(bits) << 16);
}

static bool compareReals(arith::CmpFPredicate predicate, float x, float y) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return x == y;
  case arith::CmpFPredicate::OGT:
    return x > y;
  case arith::CmpFPredicate::OLT:
    return x < y;
  default:
    llvm::report_fatal_error("a comparison that the tests do not know");
  }
}

static std::optional<APInt> evaluateInteger(Operation *op,
                                            ArrayRef<Datum> operands) {
  using namespace arith;
  if (op->getNumResults() != 1 || !op->getResult(0).getType().isIntOrIndex())
    return std::nullopt;
  Type type = op->getResult(0).getType();
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  auto x = [&](unsigned i) -> const APInt & { return operands[i].number; };
  return llvm::TypeSwitch<Operation *, std::optional<APInt>>(op)
      .Case([&](ConstantOp constant) {
        return cast<IntegerAttr>(constant.getValue()).getValue();
      })
      .Case([&](AddIOp) { return x(0) + x(1); })
      .Case([&](SubIOp) { return x(0) - x(1); })
      .Case([&](MulIOp) { return x(0) * x(1); })
      .Case([&](DivSIOp) { return x(0).sdiv(x(1)); })
      .Case([&](DivUIOp) { return x(0).udiv(x(1)); })
      .Case([&](RemSIOp) { return x(0).srem(x(1)); })
      .Case([&](RemUIOp) { return x(0).urem(x(1)); })
      .Case([&](ShLIOp) { return x(0).shl(x(1)); })
      .Case([&](ShRSIOp) { return x(0).ashr(x(1)); })
      .Case([&](ShRUIOp) { return x(0).lshr(x(1)); })
      .Case([&](MinSIOp) { return llvm::APIntOps::smin(x(0), x(1)); })
      .Case([&](MinUIOp) { return llvm::APIntOps::umin(x(0), x(1)); })
      .Case([&](MaxSIOp) { return llvm::APIntOps::smax(x(0), x(1)); })
      .Case([&](AndIOp) { return x(0) & x(1); })
      .Case([&](OrIOp) { return x(0) | x(1); })
      .Case([&](XOrIOp) { return x(0) ^ x(1); })
      .Case([&](ExtSIOp) { return x(0).sext(width); })
      .Case([&](ExtUIOp) { return x(0).zext(width); })
      .Case([&](TruncIOp) { return x(0).trunc(width); })
      .Case([&](IndexCastOp) { return x(0).sextOrTrunc(width); })
      .Case([&](BitcastOp) {
        return llvm::APInt(width, llvm::bit_cast<uint32_t>(operands[0].real));
      })
      .Case([&](SelectOp) { return x(0).isZero() ? x(2) : x(1); })
      .Case([&](math::CountLeadingZerosOp) {
        return APInt(width, x(0).countl_zero());
      })
      .Case([&](math::CountTrailingZerosOp) {
        return APInt(width, x(0).countr_zero());
      })
      .Case([&](CmpIOp compare) {
        return APInt(1, applyCmpPredicate(compare.getPredicate(), x(0), x(1)));
      })
      .Case([&](CmpFOp compare) {
        return APInt(1, compareReals(compare.getPredicate(), operands[0].real,
                                     operands[1].real));
      })
      .Default([](Operation *) { return std::nullopt; });
}

static std::optional<float> evaluateReal(Operation *op,
                                         ArrayRef<Datum> operands) {
  using namespace arith;
  auto x = [&](unsigned i) { return operands[i].real; };
  if (op->getNumResults() != 1 || !isa<FloatType>(op->getResult(0).getType()))
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, std::optional<float>>(op)
      .Case([&](ConstantOp constant) {
        return cast<FloatAttr>(constant.getValue()).getValue().convertToFloat();
      })
      .Case([&](AddFOp) { return x(0) + x(1); })
      .Case([&](SubFOp) { return x(0) - x(1); })
      .Case([&](MulFOp) { return x(0) * x(1); })
      .Case([&](BitcastOp) {
        return llvm::bit_cast<float>(
            uint32_t(operands[0].number.getZExtValue()));
      })
      .Case([&](DivFOp) { return x(0) / x(1); })
      .Case([&](NegFOp) { return -x(0); })
      .Case([&](MaxNumFOp) { return std::fmax(x(0), x(1)); })
      .Case([&](MinNumFOp) { return std::fmin(x(0), x(1)); })
      .Case([&](math::FmaOp) { return std::fma(x(0), x(1), x(2)); })
      .Case([&](math::Exp2Op) { return std::exp2(x(0)); })
      .Case([&](math::Log2Op) { return std::log2(x(0)); })
      .Case([&](math::TanhOp) { return std::tanh(x(0)); })
      .Case([&](math::AbsFOp) { return std::fabs(x(0)); })
      .Case([&](SelectOp) { return operands[0].number.isZero() ? x(2) : x(1); })
      .Default([](Operation *) { return std::nullopt; });
}

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

static constexpr int64_t kRows = Datum::kRows, kQuad = Datum::kQuad;

static float combine(ReductionKind kind, float x, float y) {
  return kind == ReductionKind::Max ? std::fmax(x, y) : x + y;
}

/// The thread of a quad that has a column.
static int64_t threadOf(int64_t column) { return column % 8 / 2; }

static Datum fill(FillOp op, float value) {
  auto acc = dyn_cast<AccumulatorType>(op.getType());
  Datum result;
  result.elements.assign(kRows * (acc ? acc.getColumns() : kQuad), value);
  return result;
}

static Datum reduce(ReduceOp op, const Datum &source, const Datum &init) {
  int64_t columns = op.getSource().getType().getColumns();
  Datum result = init;
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      float &part = result.elements[row * kQuad + threadOf(column)];
      part =
          combine(op.getKind(), part, source.elements[row * columns + column]);
    }
  return result;
}

static Datum quadReduce(QuadReduceOp op, const Datum &source) {
  Datum result = source;
  for (int64_t row = 0; row < kRows; ++row) {
    float *parts = &result.elements[row * kQuad];
    float whole = parts[0];
    for (int64_t thread = 1; thread < kQuad; ++thread)
      whole = combine(op.getKind(), whole, parts[thread]);
    std::fill_n(parts, kQuad, whole);
  }
  return result;
}

static Datum mask(const Datum &source, const Datum &seen) {
  Datum result = source;
  for (auto [element, keep] : llvm::zip_equal(result.elements, seen.elements))
    if (keep == 0)
      element = -std::numeric_limits<float>::infinity();
  return result;
}

/// The body of a column mask is a list of simple operations.
static std::vector<Datum> evaluateBody(Block &body, ArrayRef<Datum> arguments,
                                       llvm::function_ref<Datum(Value)> outer) {
  llvm::DenseMap<Value, Datum> values;
  for (auto [argument, datum] : llvm::zip_equal(body.getArguments(), arguments))
    values[argument] = datum;
  auto get = [&](Value value) {
    auto it = values.find(value);
    return it == values.end() ? outer(value) : it->second;
  };
  std::vector<Datum> operands;
  for (Operation &op : body) {
    operands.clear();
    for (Value operand : op.getOperands())
      operands.push_back(get(operand));
    if (isa<spattn_gpu::YieldOp>(op))
      break;
    std::optional<Datum> result = evaluate(&op, operands);
    if (!result)
      llvm::report_fatal_error("an operation that tests cannot run for each "
                               "element: " +
                               op.getName().getStringRef());
    values[op.getResult(0)] = std::move(*result);
  }
  return operands;
}

/// An operation of the body of a map, on all elements at once: what it would be
/// on each. Truth values are 0 or 1.
static std::vector<float>
evaluateEach(Operation *op, ArrayRef<std::vector<float>> x, size_t count) {
  using namespace arith;
  std::vector<float> result(count);
  auto each = [&](auto compute) {
    for (size_t i = 0; i < count; ++i)
      result[i] = compute(i);
    return true;
  };
  bool isKnown =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case([&](ConstantOp constant) {
            if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
              return each([&](size_t) { return number.getInt(); });
            float value = cast<FloatAttr>(constant.getValue())
                              .getValue()
                              .convertToFloat();
            return each([&](size_t) { return value; });
          })
          // Integers are small enough for an f32 to hold them.
          .Case<SIToFPOp, FPToSIOp>([&](auto) {
            return each([&](size_t i) { return std::trunc(x[0][i]); });
          })
          .Case([&](SubIOp) {
            return each([&](size_t i) { return x[0][i] - x[1][i]; });
          })
          .Case([&](AddIOp) {
            return each([&](size_t i) { return x[0][i] + x[1][i]; });
          })
          .Case<RemSIOp, RemUIOp>([&](auto) {
            return each([&](size_t i) { return std::fmod(x[0][i], x[1][i]); });
          })
          .Case([&](MaximumFOp) {
            return each([&](size_t i) { return std::max(x[0][i], x[1][i]); });
          })
          .Case([&](AddFOp) {
            return each([&](size_t i) { return x[0][i] + x[1][i]; });
          })
          .Case([&](SubFOp) {
            return each([&](size_t i) { return x[0][i] - x[1][i]; });
          })
          .Case([&](MulFOp) {
            return each([&](size_t i) { return x[0][i] * x[1][i]; });
          })
          .Case([&](DivFOp) {
            return each([&](size_t i) { return x[0][i] / x[1][i]; });
          })
          .Case(
              [&](NegFOp) { return each([&](size_t i) { return -x[0][i]; }); })
          .Case([&](MaxNumFOp) {
            return each([&](size_t i) { return std::fmax(x[0][i], x[1][i]); });
          })
          .Case([&](MinNumFOp) {
            return each([&](size_t i) { return std::fmin(x[0][i], x[1][i]); });
          })
          .Case([&](math::FmaOp) {
            return each(
                [&](size_t i) { return std::fma(x[0][i], x[1][i], x[2][i]); });
          })
          .Case([&](math::Exp2Op) {
            return each([&](size_t i) { return std::exp2(x[0][i]); });
          })
          .Case([&](math::Log2Op) {
            return each([&](size_t i) { return std::log2(x[0][i]); });
          })
          .Case([&](math::TanhOp) {
            return each([&](size_t i) { return std::tanh(x[0][i]); });
          })
          .Case([&](math::AbsFOp) {
            return each([&](size_t i) { return std::fabs(x[0][i]); });
          })
          .Case([&](SelectOp) {
            return each(
                [&](size_t i) { return x[0][i] != 0 ? x[1][i] : x[2][i]; });
          })
          // Of the bits that a fragment holds.
          .Case([&](BitcastOp) {
            return each([&](size_t i) { return x[0][i]; });
          })
          .Case([&](CmpIOp compare) {
            return each([&](size_t i) {
              APInt bits[2];
              for (int side = 0; side < 2; ++side)
                bits[side] = APInt(32, llvm::bit_cast<uint32_t>(x[side][i]));
              return applyCmpPredicate(compare.getPredicate(), bits[0],
                                       bits[1]);
            });
          })
          .Case([&](CmpFOp compare) {
            return each([&](size_t i) {
              return compareReals(compare.getPredicate(), x[0][i], x[1][i]);
            });
          })
          .Default([](Operation *) { return false; });
  if (!isKnown)
    llvm::report_fatal_error("an operation that tests cannot run for each "
                             "element: " +
                             op->getName().getStringRef());
  return result;
}

Datum spattn::test::evaluateMap(Operation *op, ArrayRef<Datum> operands,
                                llvm::function_ref<Datum(Value)> outer) {
  auto map = cast<MapOp>(op);
  auto acc = dyn_cast<AccumulatorType>(map.getType());
  int64_t columns = acc ? acc.getColumns() : kQuad;
  size_t count = kRows * columns;
  llvm::DenseMap<Value, std::vector<float>> values;
  Block &body = map.getBody().front();
  for (auto [argument, value, datum] :
       llvm::zip_equal(body.getArguments(), map.getOperands(), operands)) {
    std::vector<float> &elements = values[argument];
    if (!acc || isa<AccumulatorType>(value.getType())) {
      elements = datum.elements;
      continue;
    }
    bool isRows = isa<RowsType>(value.getType());
    for (int64_t row = 0; row < kRows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        elements.push_back(
            datum.elements[isRows ? row * kQuad + threadOf(column) : column]);
  }
  std::vector<std::vector<float>> x;
  for (Operation &each : body) {
    x.clear();
    for (Value operand : each.getOperands()) {
      auto it = values.find(operand);
      x.push_back(it == values.end()
                      ? std::vector<float>(
                            count, operand.getType().isInteger()
                                       ? float(outer(operand).signedValue())
                                       : outer(operand).real)
                      : it->second);
    }
    if (isa<spattn_gpu::YieldOp>(each))
      break;
    values[each.getResult(0)] = evaluateEach(&each, x, count);
  }
  Datum result;
  result.elements = std::move(x.front());
  return result;
}

Datum spattn::test::evaluateColumnMask(Operation *op, ArrayRef<Datum> operands,
                                       int64_t firstRow,
                                       llvm::function_ref<Datum(Value)> outer) {
  auto mask = cast<ColumnMaskOp>(op);
  int64_t columns = mask.getType().getColumns();
  Datum result;
  result.elements.assign(kRows * columns, 0);
  if (!operands.empty())
    result = operands.front();
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<Datum> ends = evaluateBody(
        mask.getBody().front(), Datum::integer(firstRow + row, 64), outer);
    for (size_t i = 0; i + 1 < ends.size(); i += 2)
      for (int64_t column = ends[i].signedValue();
           column < ends[i + 1].signedValue(); ++column)
        // Out of range if it is not clipped.
        result.elements.at(row * columns + column) = 1;
  }
  return result;
}

Datum spattn::test::evaluateResidueMask(
    Operation *op, ArrayRef<Datum> operands, int64_t firstRow,
    llvm::function_ref<Datum(Value)> outer) {
  auto mask = cast<ResidueMaskOp>(op);
  int64_t columns = mask.getType().getColumns();
  Datum result = operands.front();
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<Datum> numbers = evaluateBody(
        mask.getBody().front(), Datum::integer(firstRow + row, 64), outer);
    for (int64_t column = 0; column < columns; ++column) {
      float &element = result.elements[row * columns + column];
      for (size_t i = 0; i < numbers.size(); i += 3) {
        int64_t modulus = numbers[i].signedValue();
        int64_t rest = (column - numbers[i + 1].signedValue()) % modulus;
        if ((rest + modulus) % modulus >= numbers[i + 2].signedValue())
          element = 0;
      }
      if (operands.size() > 1 &&
          operands[1].elements[row * columns + column] != 0)
        element = 1;
    }
  }
  return result;
}

Datum spattn::test::evaluateDistances(Operation *op, const Datum &first,
                                      int64_t firstRow) {
  auto distances = cast<DistancesOp>(op);
  int64_t columns = distances.getType().getColumns();
  Datum result;
  for (int64_t row = firstRow; row < firstRow + kRows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      int64_t difference = row / int64_t(distances.getHeads()) - column;
      result.elements.push_back(first.signedValue() + (distances.getTransposed()
                                                           ? -difference
                                                           : difference));
    }
  return result;
}

Datum spattn::test::evaluatePositions(Operation *op, const Datum &first,
                                      int64_t firstRow) {
  auto positions = cast<PositionsOp>(op);
  Datum result;
  if (auto columns = dyn_cast<ColumnsType>(positions.getType())) {
    for (int64_t column = 0; column < columns.getColumns(); ++column)
      result.elements.push_back(first.signedValue() + column);
    return result;
  }
  for (int64_t row = firstRow; row < firstRow + kRows; ++row)
    result.elements.insert(result.elements.end(), kQuad,
                           first.signedValue() +
                               row / int64_t(positions.getHeads()));
  return result;
}

std::optional<Datum> spattn::test::evaluate(Operation *op,
                                            ArrayRef<Datum> operands) {
  Datum result;
  if (std::optional<APInt> number = evaluateInteger(op, operands)) {
    result.number = *number;
    return result;
  }
  if (std::optional<float> real = evaluateReal(op, operands))
    return Datum::real32(*real);
  return llvm::TypeSwitch<Operation *, std::optional<Datum>>(op)
      .Case([&](FillOp fillOp) { return fill(fillOp, operands[0].real); })
      .Case([&](ReduceOp reduceOp) {
        return reduce(reduceOp, operands[0], operands[1]);
      })
      .Case([&](QuadReduceOp reduceOp) {
        return quadReduce(reduceOp, operands[0]);
      })
      .Case([&](AnyGreaterOp) {
        bool any = false;
        for (auto [lhs, rhs] :
             llvm::zip_equal(operands[0].elements, operands[1].elements))
          any |= lhs > rhs;
        return Datum::integer(any, 1);
      })
      .Case([&](MaskOp) { return mask(operands[0], operands[1]); })
      .Case([&](ToOperandOp) {
        Datum rounded = operands[0];
        for (float &element : rounded.elements)
          element = roundToBF16(element);
        return rounded;
      })
      .Default([](Operation *) { return std::nullopt; });
}
