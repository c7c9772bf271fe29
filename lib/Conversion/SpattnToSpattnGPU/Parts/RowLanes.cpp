//===- RowLanes.cpp - Rows of a merge, and their lanes -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowLanes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kThreads = 256, kWarp = 32, kVectorBytes = 16;
/// What there are registers for.
static constexpr int64_t kMostColumns = 512;

LogicalResult RowLanes::check(KernelOpInterface op) {
  SmallVector<KernelArray> arrays = op.getKernelArrays();
  int64_t columns = cast<ShapedType>(getRowModel(arrays).value.getType())
                        .getDimSize(op.getDimOrder().getDim(Dim::Width));
  if (columns % kColumnsOfLane != 0 || columns > kMostColumns)
    return op->emitOpError("expected a head dimension that is a multiple of ")
           << kColumnsOfLane << " up to " << kMostColumns
           << " for a kernel on a GPU, got " << columns;
  return success();
}

RowLanes::RowLanes(KernelBuilder &b, KernelOpInterface op,
                   KernelProgram &program)
    : RowLanes(b, op.getKernelArrays(), op.getDimOrder(), program,
               /*areWarps=*/false) {}

RowLanes::RowLanes(KernelBuilder &b, ArrayRef<KernelArray> operands,
                   Layout order, KernelProgram &program)
    : RowLanes(b, operands, order, program, /*areWarps=*/true) {}

RowLanes::RowLanes(KernelBuilder &b, ArrayRef<KernelArray> operands,
                   Layout order, KernelProgram &program, bool areWarps)
    : b(b), program(program), signature(program) {
  auto type = cast<ShapedType>(getRowModel(operands).value.getType());
  heads = type.getDimSize(order.getDim(Dim::Head));
  chunks = type.getDimSize(order.getDim(Dim::Width)) / kColumnsOfLane;
  // Two chunks a lane share the arithmetic of addresses and weights, which
  // would otherwise take as long as the memory does.
  int64_t apart = chunks < 4 ? chunks : llvm::divideCeil(chunks, 2);
  lanes = std::min<int64_t>(llvm::PowerOf2Ceil(apart), kWarp);
  groups = areWarps ? kWarp / lanes : 1;
  for (const KernelArray &array : operands) {
    RowArray &added = arrays.emplace_back();
    added.argument.pointer = signature.buffer(array.buffer);
    added.element = cast<ShapedType>(array.value.getType()).getElementType();
    added.isSource = !array->isOfQueries();
    added.isWritten = array.isWritten;
    added.hasColumns = array->has(Dim::Width);
  }
  length = signature.i32("queryLength");
  if (llvm::any_of(arrays, [](const RowArray &x) { return x.isSource; })) {
    sourceLength = signature.i32("keyLength");
    program.limitLengths({"keyLength"});
  }
  for (auto [array, added] : llvm::zip_equal(operands, arrays))
    added.argument.strides = signature.strides(array.buffer);
  program.limitLengths({"queryLength"});
  program.limitTiles(program.perRows(heads, "queryLength", rowsOfCta()));
}

int64_t RowLanes::rowsOfCta() const { return kThreads / (lanes * groups); }

/// CTAs that an SM has registers for: a thread has an address, and some
/// numbers, for each array, and for each row of a source. ptxas spills none
/// then, except some words where there are more than 16 rows.
static int64_t getCtasPerSm(size_t arrays, int64_t terms) {
  if (terms == 0)
    return arrays <= 11 ? 4 : arrays <= 26 ? 2 : 1;
  return terms <= 4 ? 4 : terms <= 8 ? 3 : terms < 16 ? 2 : 1;
}

void RowLanes::begin(StringRef name, int64_t terms) {
  signature.begin(b, name, {kThreads, getCtasPerSm(arrays.size(), terms)});
  IndexOps &ops = b.ops;
  int64_t rows = rowsOfCta();
  Value count = signature.get(length);
  Value tiles = ops.materialize(ops.ceilDiv(ops.wrap(count), rows));
  Value tile = arith::RemUIOp::create(b, b.cta, tiles);
  Value ofHead = arith::DivUIOp::create(b, b.cta, tiles);
  Value head = arith::RemUIOp::create(b, ofHead, b.i32(heads));
  Value batch = arith::DivUIOp::create(b, ofHead, b.i32(heads));
  Value inTile = arith::DivUIOp::create(b, b.thread, b.i32(lanes * groups));
  lane = arith::RemUIOp::create(b, b.thread, b.i32(lanes));
  place.lane = lane;
  if (groups > 1) {
    place.lane = arith::RemUIOp::create(b, b.thread, b.i32(lanes * groups));
    place.group = arith::DivUIOp::create(b, place.lane, b.i32(lanes));
  }
  Value row = b.add(b.mul(tile, b.i32(rows)), inTile);
  Value last = b.sub(count, b.i32(1));
  isInside = b.compare(arith::CmpIPredicate::ult, row, count);
  row = arith::MinUIOp::create(b, row, last);
  place.batch = batch;
  place.head = head;
  place.row = row;
  place.isInside = isInside;
  Value none = b.i32(0);
  for (RowArray &array : arrays) {
    StridedArray rows = signature.get(b, array.argument);
    array.spare = rows.row(b, batch, head, none, array.element);
    array.start = array.spare;
    array.apart = rows.rowStride;
    if (!array.isSource)
      array.row = rows.row(b, batch, head, row, array.element);
  }
  if (!sourceLength)
    return;
  Value hasRows =
      b.compare(arith::CmpIPredicate::ugt, signature.get(*sourceLength), none);
  for (RowArray &array : arrays)
    if (array.isSource)
      array.spare = arith::SelectOp::create(b, hasRows, array.start,
                                            getWrittenRow(array));
}

/// What is read for a row of a source without rows: a row that is written, of
/// elements that are as long at least. A number is shorter than any row.
Value RowLanes::getWrittenRow(const RowArray &source) const {
  unsigned bits = source.element.getIntOrFloatBitWidth();
  return llvm::find_if(arrays,
                       [&](const RowArray &array) {
                         return array.isWritten && array.hasColumns &&
                                (!source.hasColumns ||
                                 array.element.getIntOrFloatBitWidth() >= bits);
                       })
      ->row;
}

void RowLanes::end() {
  signature.end(b, /*shared=*/0, /*persistent=*/-1,
                program.perRows(heads, "queryLength", rowsOfCta()));
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

void RowLanes::forEachChunk(llvm::function_ref<void(const Chunk &)> body) {
  for (int64_t first = 0; first < chunks; first += lanes) {
    Value number = b.add(lane, b.i32(first));
    Chunk chunk;
    if (first + lanes > chunks)
      chunk.isValid =
          b.compare(arith::CmpIPredicate::ult, number, b.i32(chunks));
    chunk.first = b.mul(number, b.i32(kColumnsOfLane));
    body(chunk);
  }
}

void RowLanes::leaveOut(RowArray &array, Value isEmpty) {
  array.row = arith::SelectOp::create(b, isEmpty, array.spare, array.row);
}

Value RowLanes::loadRowNumber(const RowArray &array, int64_t term) {
  Value address = b.pointer(array.row, b.i32(term), array.element);
  return LLVM::LoadOp::create(b, b.getI32Type(), address);
}

Value RowLanes::isRow(Value number) {
  // Negative ones are large.
  return b.compare(arith::CmpIPredicate::ult, number,
                   signature.get(*sourceLength));
}

RowArray RowLanes::at(const RowArray &source, Value number, Value isRow) {
  RowArray result = source;
  Value place = b.asIndex(number);
  Value elements = b.mul(place, b.asIndex(source.apart));
  Value row = b.pointer(source.start, elements, source.element);
  result.row = arith::SelectOp::create(b, isRow, row, source.spare);
  return result;
}

Value RowLanes::loadElements(const RowArray &array, const Chunk &chunk) {
  Value first = chunk.first;
  if (chunk.isValid)
    first = arith::SelectOp::create(b, chunk.isValid, first, b.i32(0));
  Value address = b.pointer(array.row, first, array.element);
  return LLVM::LoadOp::create(b, columnsType(array.element), address,
                              kVectorBytes);
}

void RowLanes::storeElements(Value columns, const RowArray &array,
                             const Chunk &chunk) {
  Value isWritten = isInside;
  if (chunk.isValid)
    isWritten = arith::AndIOp::create(b, isWritten, chunk.isValid);
  b.when(isWritten, [&] {
    Value address = b.pointer(array.row, chunk.first, array.element);
    LLVM::StoreOp::create(b, columns, address, kVectorBytes);
  });
}

Value RowLanes::load(const RowArray &array, const Chunk &chunk) {
  return widen(loadElements(array, chunk));
}

Value RowLanes::widen(Value columns) {
  VectorType wide = columnsType(b.getF32Type());
  if (columns.getType() == wide)
    return columns;
  return arith::ExtFOp::create(b, wide, columns);
}

void RowLanes::store(Value columns, const RowArray &array, const Chunk &chunk) {
  if (!array.element.isF32())
    columns = arith::TruncFOp::create(b, columnsType(array.element), columns);
  storeElements(columns, array, chunk);
}

Value RowLanes::loadNumber(const RowArray &array) {
  return LLVM::LoadOp::create(b, b.getF32Type(), array.row);
}

SmallVector<Value> RowLanes::loadNumbers(ArrayRef<RowArray> arrays) {
  SmallVector<Value> numbers;
  for (const RowArray &array : arrays)
    numbers.push_back(loadNumber(array));
  return numbers;
}

void RowLanes::storeNumber(Value number, const RowArray &array) {
  Value isFirst = b.compare(arith::CmpIPredicate::eq, place.lane, b.i32(0));
  b.when(arith::AndIOp::create(b, isInside, isFirst),
         [&] { LLVM::StoreOp::create(b, number, array.row); });
}

Value RowLanes::zeros() {
  return arith::ConstantOp::create(
      b, cast<TypedAttr>(b.getZeroAttr(columnsType(b.getF32Type()))));
}

Value RowLanes::splat(Value number) {
  return vector::BroadcastOp::create(b, columnsType(b.getF32Type()), number);
}

Value RowLanes::zeroIf(Value condition, Value value) {
  Value zero = arith::ConstantOp::create(
      b, cast<TypedAttr>(b.getZeroAttr(value.getType())));
  return arith::SelectOp::create(b, condition, zero, value);
}

Value RowLanes::addProducts(Value lhs, Value rhs, Value sum,
                            const Chunk &chunk) {
  Value next = sum;
  for (int64_t i = 0; i < kColumnsOfLane; ++i) {
    Value x = vector::ExtractOp::create(b, lhs, i);
    Value y = vector::ExtractOp::create(b, rhs, i);
    next = b.fma(x, y, next);
  }
  if (chunk.isValid)
    next = arith::SelectOp::create(b, chunk.isValid, next, sum);
  return next;
}

Value RowLanes::sumOfRow(Value number) {
  return combineLanes(number, 1, lanes * groups,
                      [&](Value x, Value y) -> Value {
                        return arith::AddFOp::create(b, x, y);
                      });
}

Value RowLanes::sumOfGroups(Value columns) {
  Value sums = columns;
  for (int64_t i = 0; i < kColumnsOfLane; ++i) {
    Value number = vector::ExtractOp::create(b, columns, i);
    Value sum = combineLanes(number, lanes, lanes * groups,
                             [&](Value x, Value y) -> Value {
                               return arith::AddFOp::create(b, x, y);
                             });
    sums = vector::InsertOp::create(b, sum, sums, i);
  }
  return sums;
}

Value RowLanes::maxOfRow(Value number) {
  return combineLanes(number, 1, lanes * groups,
                      [&](Value x, Value y) -> Value {
                        return arith::MaxNumFOp::create(b, x, y);
                      });
}

Value RowLanes::combineLanes(Value number, int64_t first, int64_t end,
                             llvm::function_ref<Value(Value, Value)> combine) {
  for (int64_t apart = first; apart < end; apart *= 2) {
    Value all = b.i32(-1), distance = b.i32(apart), clamp = b.i32(kWarp - 1);
    Value other = NVVM::ShflOp::create(b, b.getF32Type(), all, number, distance,
                                       clamp, NVVM::ShflKind::bfly, UnitAttr());
    number = combine(number, other);
  }
  return number;
}

Value RowLanes::meanOf(Value sumOfColumns) {
  return arith::MulFOp::create(b, sumOfColumns,
                               b.f32(1.0f / (chunks * kColumnsOfLane)));
}

Value RowLanes::inverseRms(Value sumOfSquares, float epsilon) {
  Value mean = arith::AddFOp::create(b, meanOf(sumOfSquares), b.f32(epsilon));
  return math::RsqrtOp::create(b, mean);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

RowLanes::Weights RowLanes::emitWeights(ArrayRef<Value> lses) {
  Weights result;
  auto isEqual = [&](Value value, Value number) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, number);
  };
  Value negInf = b.f32(kNegInf), zero = b.f32(0), one = b.f32(1);
  Value max = lses.front();
  for (Value lse : lses) {
    result.isEmpty.push_back(isEqual(lse, negInf));
    max = arith::MaxNumFOp::create(b, max, lse);
  }
  // Differences of infinities are no numbers.
  result.max = arith::SelectOp::create(b, isEqual(max, negInf), zero, max);
  result.sum = zero;
  for (Value lse : lses) {
    result.weights.push_back(emitExponential(lse, result.max));
    result.sum = arith::AddFOp::create(b, result.sum, result.weights.back());
  }
  Value divisor =
      arith::SelectOp::create(b, isEqual(result.sum, zero), one, result.sum);
  Value inverse = arith::DivFOp::create(b, one, divisor);
  for (Value &weight : result.weights)
    weight = arith::MulFOp::create(b, weight, inverse);
  return result;
}

Value RowLanes::emitExponential(Value lse, Value max) {
  Value difference = arith::SubFOp::create(b, lse, max);
  Value logit = arith::MulFOp::create(b, difference, b.f32(kLog2E));
  return math::Exp2Op::create(b, logit);
}

Value RowLanes::emitLse(const Weights &weights) {
  Value log = math::Log2Op::create(b, weights.sum);
  return b.fma(log, b.f32(kLn2), weights.max);
}
