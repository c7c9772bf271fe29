//===- VectorTile.cpp - Blocks of vectors over tiles ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorTile.h"

using namespace mlir;
using namespace spattn;

Value VectorTile::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value VectorTile::add(Value lhs, int64_t rhs) {
  if (rhs == 0)
    return lhs;
  return arith::AddIOp::create(b, lhs, index(rhs));
}

Value VectorTile::f32(float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

Value VectorTile::splat(float value, int64_t width) {
  auto type = VectorType::get({width}, b.getF32Type());
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, APFloat(value)));
}

Value VectorTile::rowCount(Value tile) {
  int64_t rows = cast<MemRefType>(tile.getType()).getDimSize(0);
  if (!ShapedType::isDynamic(rows))
    return index(rows);
  return memref::DimOp::create(b, tile, 0);
}

void VectorTile::loop(Value count, function_ref<void(Value)> body) {
  Value step = index(1);
  auto loop = scf::ForOp::create(b, index(0), count, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value>
VectorTile::reduce(Value count, ValueRange inits,
                   function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  Value step = index(1);
  auto loop = scf::ForOp::create(
      b, index(0), count, step, inits,
      [&](OpBuilder &, Location, Value iv, ValueRange carried) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(iv.getParentBlock());
        SmallVector<Value> results = body(iv, carried);
        scf::YieldOp::create(b, results);
      });
  return llvm::to_vector_of<Value>(loop.getResults());
}

void VectorTile::blocks(int64_t extent, int64_t step,
                        function_ref<void(Value, int64_t)> body) {
  int64_t whole = extent - extent % step;
  if (whole == step) {
    body(index(0), step);
  } else if (whole > 0) {
    Value by = index(step);
    Value end = index(whole);
    auto loop = scf::ForOp::create(b, index(0), end, by);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar(), step);
  }
  if (whole < extent)
    body(index(whole), extent - whole);
}

void VectorTile::columns(int64_t extent, int64_t vectors,
                         function_ref<void(ArrayRef<Columns>)> body) {
  blocks(extent, block.width * vectors, [&](Value base, int64_t size) {
    SmallVector<Columns> group;
    for (int64_t offset = 0; offset < size; offset += block.width)
      group.push_back({base, offset, std::min(block.width, size - offset)});
    body(group);
  });
}

Value VectorTile::column(const Columns &columns) {
  return add(columns.base, columns.offset);
}

bool VectorTile::hasUnitStride(Value tile) {
  auto [strides, offset] =
      cast<MemRefType>(tile.getType()).getStridesAndOffset();
  return strides.back() == 1;
}

static Type elementType(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType();
}

Value VectorTile::load(Value tile, Value row, const Columns &columns) {
  Type element = elementType(tile);
  auto type = VectorType::get({columns.width}, element);
  Value vector =
      vector::LoadOp::create(b, type, tile, ValueRange{row, column(columns)});
  if (element.isF32())
    return vector;
  return arith::ExtFOp::create(b, type.clone(b.getF32Type()), vector);
}

void VectorTile::store(Value vector, Value tile, Value row,
                       const Columns &columns) {
  Type element = elementType(tile);
  if (!element.isF32())
    vector = arith::TruncFOp::create(
        b, VectorType::get({columns.width}, element), vector);
  vector::StoreOp::create(b, vector, tile, ValueRange{row, column(columns)});
}

Value VectorTile::loadElement(Value buffer, ValueRange indices) {
  Value element = memref::LoadOp::create(b, buffer, indices);
  if (element.getType().isF32())
    return element;
  return arith::ExtFOp::create(b, b.getF32Type(), element);
}

void VectorTile::storeElement(Value value, Value buffer, ValueRange indices) {
  if (Type element = elementType(buffer); !element.isF32())
    value = arith::TruncFOp::create(b, element, value);
  memref::StoreOp::create(b, value, buffer, indices);
}

void VectorTile::storeScaled(Value tile, Value row, Value factor, Value out) {
  int64_t width = cast<MemRefType>(tile.getType()).getDimSize(1);
  if (!hasUnitStride(out)) {
    loop(index(width), [&](Value c) {
      Value element = loadElement(tile, {row, c});
      storeElement(arith::MulFOp::create(b, element, factor), out, {row, c});
    });
    return;
  }
  columns(width, block.vectors, [&](ArrayRef<Columns> group) {
    for (const Columns &c : group) {
      Value vector = load(tile, row, c);
      Value splat = vector::BroadcastOp::create(b, vector.getType(), factor);
      store(arith::MulFOp::create(b, vector, splat), out, row, c);
    }
  });
}

Value VectorTile::maximum(Value lhs, Value rhs) {
  Value greater = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, lhs, rhs);
  return arith::SelectOp::create(b, greater, lhs, rhs);
}

// 2^x = 2^n * 2^r with n = round(x), |r| <= 1/2. The Taylor polynomial of
// degree 6 of 2^r has a relative error below (ln2/2)^7/7! = 1.2e-7. At n = -127
// the exponent field of 2^n is 0, which makes the product exactly 0.
Value VectorTile::exp2(Value x, bool mayBePositive) {
  int64_t width = cast<VectorType>(x.getType()).getDimSize(0);
  auto f = [&](float value) { return splat(value, width); };
  auto intType = VectorType::get({width}, b.getI32Type());
  auto i = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(intType, APInt(32, value)));
  };
  // In this form a NaN stays, and the comparison is one instruction.
  Value below =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, f(-127.0f));
  x = arith::SelectOp::create(b, below, f(-127.0f), x);
  // At n = 128 the exponent field of 2^n is that of infinity.
  if (mayBePositive) {
    Value above =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, f(128.0f));
    x = arith::SelectOp::create(b, above, f(128.0f), x);
  }
  // Adding 1.5 * 2^23 rounds to an integer, which the low bits then hold.
  Value shifted = arith::AddFOp::create(b, x, f(12582912.0f));
  Value n = arith::SubFOp::create(b, shifted, f(12582912.0f));
  Value r = arith::SubFOp::create(b, x, n);
  static constexpr float coefficients[] = {1.5403530393381610e-4f,
                                           1.3333558146428443e-3f,
                                           9.6181291076284772e-3f,
                                           5.5504108664821580e-2f,
                                           2.4022650695910072e-1f,
                                           6.9314718055994531e-1f,
                                           1.0f};
  Value p = f(coefficients[0]);
  for (float coefficient : llvm::ArrayRef(coefficients).drop_front())
    p = vector::FMAOp::create(b, p, r, f(coefficient));
  Value bits = arith::BitcastOp::create(b, intType, shifted);
  Value biased = arith::AddIOp::create(b, bits, i(127));
  Value exponent = arith::ShLIOp::create(b, biased, i(23));
  Value scale = arith::BitcastOp::create(b, x.getType(), exponent);
  return arith::MulFOp::create(b, p, scale);
}

void VectorTile::product(
    int64_t rows, ArrayRef<Columns> columns, Value depth,
    function_ref<Value(int64_t, Value)> lhs, Value rhs,
    function_ref<Value(int64_t, const Columns &)> init,
    function_ref<void(int64_t, const Columns &, Value)> store) {
  SmallVector<Value> inits;
  for (int64_t r = 0; r < rows; ++r)
    for (const Columns &c : columns)
      inits.push_back(init(r, c));
  SmallVector<Value> sums =
      reduce(depth, inits, [&](Value k, ValueRange accumulators) {
        SmallVector<Value> row, next;
        for (const Columns &c : columns)
          row.push_back(load(rhs, k, c));
        for (int64_t r = 0; r < rows; ++r) {
          Value scalar = lhs(r, k);
          for (auto [c, vector] : llvm::enumerate(row)) {
            Value factor =
                vector::BroadcastOp::create(b, vector.getType(), scalar);
            next.push_back(vector::FMAOp::create(
                b, factor, vector, accumulators[r * columns.size() + c]));
          }
        }
        return next;
      });
  for (int64_t r = 0; r < rows; ++r)
    for (auto [c, run] : llvm::enumerate(columns))
      store(r, run, sums[r * columns.size() + c]);
}
