//===- Memory.cpp - Tile operations between registers and memory ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn::spattn_gpu;
namespace ptx = spattn::ptx;

Value spattn::spattn_gpu::pack(ImplicitLocOpBuilder &b, Type element, Value low,
                               Value high) {
  StringRef suffix = element.isBF16() ? "bf16x2" : "f16x2";
  return ptx::emit(b, ("cvt.rn." + suffix + ".f32 $0, $1, $2;").str(), "=r,f,f",
                   {high, low}, b.getI32Type())
      .front();
}

void spattn::spattn_gpu::forPairs(
    Emitter &e, SharedType type, Value tile, Value rowBlock,
    function_ref<void(size_t pair, Value pointer)> body) {
  ImplicitLocOpBuilder &b = e.b;
  // A thread's rows are 8 apart, so that both have the same place in the
  // pattern by which the swizzle exchanges the 16-byte pieces of a row.
  Value first = e.firstRow();
  Value row = e.add(e.scaled(rowBlock, kFragmentRows), first);
  Value elementBytes = e.i32(2);
  Value inRow = e.mul(e.firstColumn(), elementBytes);
  Value start = e.offset(tile, e.add(e.mul(row, e.i32(128)), inRow));
  Value pieceBytes = e.i32(16);
  Value swap = e.mul(arith::AndIOp::create(b, first, e.i32(7)), pieceBytes);
  for (int64_t piece = 0; piece < 8; ++piece) {
    Value target = e.offset(
        start, Value(arith::XOrIOp::create(b, swap, e.i32(16 * piece))));
    for (int64_t column = 8 * piece; column < type.getColumns();
         column += kChunkColumns)
      for (int64_t half = 0; half < 2; ++half) {
        int64_t bytes =
            column / kChunkColumns * chunkBytes(type) + half * 8 * 128;
        body(column / 4 + half, e.offset(target, bytes));
      }
  }
}

Value spattn::spattn_gpu::pieceInTile(Emitter &e, SharedType type, Value tile,
                                      Value row, Value piece) {
  ImplicitLocOpBuilder &b = e.b;
  Value seven = e.i32(7), rowBytes = e.i32(128), pieceBytes = e.i32(16);
  // The swizzle exchanges the pieces of a row, by its number mod 8.
  Value swap = arith::AndIOp::create(b, row, seven);
  Value inChunk = arith::AndIOp::create(b, piece, seven);
  Value place = e.mul(arith::XOrIOp::create(b, inChunk, swap), pieceBytes);
  Value chunk = arith::ShRUIOp::create(b, piece, e.i32(3));
  Value toRow = e.mul(row, rowBytes);
  Value inTile = e.add(e.mul(chunk, e.i32(chunkBytes(type))), toRow);
  return e.offset(tile, e.add(inTile, place));
}

/// Runs `body` for the numbers from `begin` to before `end`, each in one lane,
/// after as many turns of a loop in all of them: barriers of the warp may
/// follow.
static void forLanes(Emitter &e, Value begin, Value end,
                     function_ref<void(Value number)> body) {
  ImplicitLocOpBuilder &b = e.b;
  Value lanes = e.i32(32);
  auto loop = scf::ForOp::create(b, begin, end, lanes);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value number = e.add(loop.getInductionVar(), e.lane());
  Value exists =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number, end);
  auto ifExists = scf::IfOp::create(b, exists, /*withElseRegion=*/false);
  b.setInsertionPointToStart(ifExists.thenBlock());
  body(number);
}

void spattn::spattn_gpu::zeroRows(Emitter &e, SharedType type, Value tile,
                                  Value rows) {
  ImplicitLocOpBuilder &b = e.b;
  Value pieces = e.i32(type.getColumns() / 8);
  Value first = e.mul(e.toI32(rows), pieces);
  Value end = e.i32(type.getRows() * type.getColumns() / 8);
  Value zero = arith::ConstantOp::create(
      b, b.getZeroAttr(VectorType::get(4, b.getI32Type())));
  forLanes(e, first, end, [&](Value n) {
    Value row = arith::DivUIOp::create(b, n, pieces);
    Value piece = arith::RemUIOp::create(b, n, pieces);
    LLVM::StoreOp::create(b, zero, pieceInTile(e, type, tile, row, piece),
                          /*alignment=*/16);
  });
}

namespace {

/// Runs `body` for each of the thread's rows that exists.
void forRows(Emitter &e, Value rows,
             function_ref<void(int64_t half, Value row)> body) {
  ImplicitLocOpBuilder &b = e.b;
  Value first = e.firstRow();
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.toIndex(e.add(first, e.i32(8 * half)));
    Value exists =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, row, rows);
    auto ifExists = scf::IfOp::create(b, exists, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifExists.thenBlock());
    body(half, row);
  }
}

Value elementPointer(Emitter &e, Value pointer, Value index, Type element) {
  Value position = arith::IndexCastOp::create(e.b, e.b.getI64Type(), index);
  return LLVM::GEPOp::create(e.b, pointer.getType(), element, pointer,
                             ArrayRef<LLVM::GEPArg>{position});
}

/// Where a row is, in elements; of several heads, where its head's query is.
template <class Op>
Value offsetOfRow(
    Emitter &e, Op op,
    typename Op::template GenericAdaptor<ArrayRef<ValueRange>> adaptor,
    Value row) {
  Value stride = adaptor.getStride().front();
  int64_t heads = op.getHeads();
  if (heads == 1)
    return e.mul(row, stride);
  ImplicitLocOpBuilder &b = e.b;
  Value number = e.toI32(row);
  Value shift = e.i32(llvm::Log2_64(heads)), mask = e.i32(heads - 1);
  Value query = e.toIndex(arith::ShRUIOp::create(b, number, shift));
  Value head = e.toIndex(arith::AndIOp::create(b, number, mask));
  Value toHead = e.mul(head, adaptor.getHeadStride().front());
  return e.add(e.mul(query, stride), toHead);
}

SPATTN_LOWER(StoreOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  Type element = op.getElementType();
  ValueRange source = adaptor.getSource();
  Value column = e.toIndex(e.firstColumn());
  forRows(e, adaptor.getRows().front(), [&](int64_t half, Value row) {
    Value start = e.add(offsetOfRow(e, op, adaptor, row), column);
    Value base =
        elementPointer(e, adaptor.getPointer().front(), start, element);
    for (size_t r = 0; r < source.size(); r += 4) {
      Value low = source[r + 2 * half], high = source[r + 2 * half + 1];
      int64_t bytes = int64_t(r) / 4 * 8 * (element.isF32() ? 4 : 2);
      Value target = e.offset(base, bytes);
      if (element.isF32()) {
        LLVM::StoreOp::create(b, low, target);
        LLVM::StoreOp::create(b, high, e.offset(target, 4));
      } else {
        LLVM::StoreOp::create(b, pack(b, element, low, high), target,
                              /*alignment=*/4);
      }
    }
  });
  return success();
}

SPATTN_LOWER(LoadRowsOp) {
  Emitter e(b);
  Value first = e.firstRow();
  SmallVector<Value> values;
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.toIndex(e.add(first, e.i32(8 * half)));
    Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, row,
                                         adaptor.getRows().front());
    auto ifExists = scf::IfOp::create(b, b.getF32Type(), exists,
                                      /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifExists.thenBlock());
    Value position = offsetOfRow(e, op, adaptor, row);
    Value source = elementPointer(e, adaptor.getPointer().front(), position,
                                  b.getF32Type());
    scf::YieldOp::create(
        b, ValueRange{LLVM::LoadOp::create(b, b.getF32Type(), source)});
    b.setInsertionPointToStart(ifExists.elseBlock());
    scf::YieldOp::create(b, ValueRange{adaptor.getValue().front()});
    values.push_back(ifExists.getResult(0));
  }
  results.push_back(values);
  return success();
}

SPATTN_LOWER(LoadColumnsOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  Value first = e.firstColumn();
  Value one = e.i32(1);
  Value last =
      arith::SubIOp::create(b, e.toI32(adaptor.getCount().front()), one);
  SmallVector<Value> values;
  for (int64_t n = 0; n < op.getResult().getType().getColumns() / 4; ++n) {
    Value column = e.add(first, e.i32(n / 2 * 8 + n % 2));
    Value inside = e.toIndex(arith::MinSIOp::create(b, column, last));
    Value place = e.mul(inside, adaptor.getStride().front());
    Value source =
        elementPointer(e, adaptor.getPointer().front(), place, b.getF32Type());
    values.push_back(LLVM::LoadOp::create(b, b.getF32Type(), source));
  }
  results.push_back(values);
  return success();
}

SPATTN_LOWER(StoreRowsOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  Value zero = e.i32(0);
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, e.firstColumn(), zero);
  auto ifFirst = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifFirst.thenBlock());
  forRows(e, adaptor.getRows().front(), [&](int64_t half, Value row) {
    Value position = offsetOfRow(e, op, adaptor, row);
    LLVM::StoreOp::create(b, adaptor.getSource()[half],
                          elementPointer(e, adaptor.getPointer().front(),
                                         position, b.getF32Type()));
  });
  return success();
}

/// Reads elements as f32. A bf16 is the upper half of an f32: ptxas would
/// convert it in the unit that also computes exponentials.
SmallVector<Value> readElements(Emitter &e, Type element, Value pointer,
                                int64_t count) {
  ImplicitLocOpBuilder &b = e.b;
  int64_t bytes = 2 * count;
  SmallVector<Value> values;
  if (!element.isBF16()) {
    Value piece = LLVM::LoadOp::create(b, VectorType::get(count, element),
                                       pointer, bytes);
    Value wide =
        arith::ExtFOp::create(b, VectorType::get(count, b.getF32Type()), piece);
    for (int64_t i = 0; i < count; ++i)
      values.push_back(LLVM::ExtractElementOp::create(b, wide, e.i32(i)));
    return values;
  }
  Value words = LLVM::LoadOp::create(
      b, VectorType::get(count / 2, b.getI32Type()), pointer, bytes);
  Value half = e.i32(16), upper = e.i32(-65536);
  for (int64_t i = 0; i < count / 2; ++i) {
    Value word = LLVM::ExtractElementOp::create(b, words, e.i32(i));
    Value low = arith::ShLIOp::create(b, word, half);
    Value high = arith::AndIOp::create(b, word, upper);
    for (Value bits : {low, high})
      values.push_back(arith::BitcastOp::create(b, b.getF32Type(), bits));
  }
  return values;
}

SPATTN_LOWER(ReadOp) {
  Emitter e(b);
  SharedType type = op.getTile().getType();
  SmallVector<Value> values(op.getResult().getType().getColumns() / 2);
  forPairs(e, type, adaptor.getTile().front(), adaptor.getRowBlock().front(),
           [&](size_t pair, Value pointer) {
             auto read = readElements(e, type.getElementType(), pointer, 2);
             llvm::copy(read, values.begin() + 2 * pair);
           });
  results.push_back(values);
  return success();
}

/// The four threads that share a row read 16 bytes side by side, wherever the
/// swizzle has put them: in both tiles that is the same place.
SPATTN_LOWER(RowProductsOp) {
  Emitter e(b);
  SharedType type = op.getLhs().getType();
  constexpr int64_t pieceBytes = 16, halfBytes = 64;
  Value first = e.firstRow();
  Value row =
      e.add(e.scaled(adaptor.getRowBlock().front(), kFragmentRows), first);
  Value pieceSize = e.i32(pieceBytes);
  Value mask = e.i32(3);
  Value own = e.mul(arith::AndIOp::create(b, e.lane(), mask), pieceSize);
  // Rows that a warp reads at once are in other halves of a chunk's 128 bytes,
  // so that they are not in the same banks.
  Value halfSize = e.i32(halfBytes);
  Value half = e.mul(arith::AndIOp::create(b, first, e.i32(1)), halfSize);
  Value inRow = e.add(own, half);
  Value start = e.add(e.mul(row, e.i32(128)), inRow);
  Type element = type.getElementType();
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  SmallVector<Value> sums(2, zero);
  for (int64_t other = 0; other < 2; ++other) {
    Value bytes = arith::XOrIOp::create(b, start, e.i32(other * halfBytes));
    Value lhs = e.offset(adaptor.getLhs().front(), bytes);
    Value rhs = e.offset(adaptor.getRhs().front(), bytes);
    for (int64_t column = 0; column < type.getColumns();
         column += kChunkColumns)
      for (int64_t r = 0; r < 2; ++r) {
        int64_t place = column / kChunkColumns * chunkBytes(type) + r * 8 * 128;
        auto read = [&](Value start) {
          return readElements(e, element, e.offset(start, place),
                              pieceBytes / 2);
        };
        for (auto [ofX, ofY] : llvm::zip(read(lhs), read(rhs)))
          sums[r] = LLVM::FMAOp::create(b, ofX, ofY, sums[r]);
      }
  }
  results.push_back(sums);
  return success();
}

SPATTN_LOWER(StoreFillOp) {
  Emitter e(b);
  Type element = op.getValue().getType();
  int64_t width = element.getIntOrFloatBitWidth() / 8;
  int64_t rowBytes = op.getColumns() * width;
  Value value = adaptor.getValue().front();
  // 16 bytes at a time where rows consist of such pieces.
  int64_t pieceBytes = rowBytes % 16 == 0 ? 16 : width;
  if (pieceBytes == 16) {
    auto type = VectorType::get(16 / width, element);
    Value filled = LLVM::PoisonOp::create(b, type);
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      filled = LLVM::InsertElementOp::create(b, filled, value, e.i32(i));
    value = filled;
  }
  Value pieces = e.i32(rowBytes / pieceBytes);
  Value count = e.mul(e.toI32(adaptor.getRows().front()), pieces);
  Value lanes = e.i32(32);
  auto loop = scf::ForOp::create(b, e.lane(), count, lanes);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value n = loop.getInductionVar();
  Value row = e.toIndex(arith::DivUIOp::create(b, n, pieces));
  Value piece = arith::RemUIOp::create(b, n, pieces);
  Value target =
      elementPointer(e, adaptor.getPointer().front(),
                     e.mul(row, adaptor.getStride().front()), element);
  LLVM::StoreOp::create(
      b, value, e.offset(target, e.mul(piece, e.i32(pieceBytes))), pieceBytes);
  return success();
}

/// Lanes copy 16 bytes each, row by row.
SPATTN_LOWER(StoreTileRowsOp) {
  Emitter e(b);
  SharedType type = op.getTile().getType();
  Value pieces = e.i32(op.getColumns() / 8);
  Value most = e.i32(type.getRows());
  Value rows =
      arith::MinSIOp::create(b, e.toI32(adaptor.getRows().front()), most);
  Value none = e.i32(0);
  forLanes(e, none, e.mul(rows, pieces), [&](Value n) {
    Value row = arith::DivUIOp::create(b, n, pieces);
    Value piece = arith::RemUIOp::create(b, n, pieces);
    auto vector = VectorType::get(4, b.getI32Type());
    Value value = LLVM::LoadOp::create(
        b, vector, pieceInTile(e, type, adaptor.getTile().front(), row, piece),
        /*alignment=*/16);
    Value target = elementPointer(e, adaptor.getPointer().front(),
                                  offsetOfRow(e, op, adaptor, e.toIndex(row)),
                                  type.getElementType());
    Value pieceBytes = e.i32(16);
    LLVM::StoreOp::create(b, value, e.offset(target, e.mul(piece, pieceBytes)),
                          /*alignment=*/16);
  });
  ptx::emit(b, "bar.warp.sync 0xffffffff;", "~{memory}");
  return success();
}

//===----------------------------------------------------------------------===//
// Fragments that are added up in memory
//===----------------------------------------------------------------------===//

/// The pointers to `width` elements of an accumulator each.
void forPieces(Emitter &e, Value pointer, size_t count, int64_t width,
               function_ref<void(size_t first, Value pointer)> body) {
  ImplicitLocOpBuilder &b = e.b;
  Value mask = e.i32(kWarpgroupThreads - 1);
  Value thread = arith::AndIOp::create(b, e.thread(), mask);
  Value base = e.offset(pointer, e.mul(thread, e.i32(4 * width)));
  for (size_t first = 0; first < count; first += width)
    body(first, e.offset(base, int64_t(first) * 4 * kWarpgroupThreads));
}

SPATTN_LOWER(AddFragmentOp) {
  Emitter e(b);
  int64_t width = types().fragmentWidth;
  ValueRange source = adaptor.getSource();
  std::string text = width == 4
                         ? "red.relaxed.gpu.global.add.v4.f32 [$0], {$1, $2, "
                           "$3, $4};"
                         : "red.relaxed.gpu.global.add.f32 [$0], $1;";
  std::string constraints =
      width == 4 ? "l,f,f,f,f,~{memory}" : "l,f,~{memory}";
  forPieces(e, adaptor.getPointer().front(), source.size(), width,
            [&](size_t first, Value pointer) {
              SmallVector<Value> operands{pointer};
              llvm::append_range(operands, source.slice(first, width));
              ptx::emit(b, text, constraints, operands);
            });
  return success();
}

SPATTN_LOWER(WriteFragmentOp) {
  Emitter e(b);
  e.readThreadAgain();
  int64_t width = types().fragmentWidth;
  auto type = VectorType::get(width, b.getF32Type());
  ValueRange source = adaptor.getSource();
  Value start = e.words(op, adaptor);
  forPieces(e, start, source.size(), width, [&](size_t first, Value pointer) {
    Value piece = LLVM::PoisonOp::create(b, type);
    for (int64_t i = 0; i < width; ++i)
      piece =
          LLVM::InsertElementOp::create(b, piece, source[first + i], e.i32(i));
    LLVM::StoreOp::create(b, piece, pointer, 4 * width);
  });
  return success();
}

/// The elements of an accumulator of so many columns from `pointer` on.
SmallVector<Value> loadFragment(Emitter &e, Value pointer, int64_t columns,
                                int64_t width) {
  auto type = VectorType::get(width, e.b.getF32Type());
  SmallVector<Value> values;
  forPieces(e, pointer, columns / 2, width, [&](size_t, Value pointer) {
    Value piece = LLVM::LoadOp::create(e.b, type, pointer, 4 * width);
    for (int64_t i = 0; i < width; ++i)
      values.push_back(LLVM::ExtractElementOp::create(e.b, piece, e.i32(i)));
  });
  return values;
}

SPATTN_LOWER(LoadFragmentOp) {
  Emitter e(b);
  results.push_back(loadFragment(e, adaptor.getPointer().front(),
                                 op.getResult().getType().getColumns(),
                                 types().fragmentWidth));
  return success();
}

SPATTN_LOWER(ReadFragmentOp) {
  Emitter e(b);
  results.push_back(loadFragment(e, e.words(op, adaptor),
                                 op.getResult().getType().getColumns(),
                                 types().fragmentWidth));
  return success();
}

SPATTN_LOWER(ReadColumnsOp) {
  Emitter e(b);
  Value start = e.words(op, adaptor);
  Value wordBytes = e.i32(4);
  Value own = e.offset(start, e.mul(e.firstColumn(), wordBytes));
  auto two = VectorType::get(2, b.getF32Type());
  SmallVector<Value> values;
  for (int64_t column = 0; column < op.getResult().getType().getColumns();
       column += 8) {
    Value pair = LLVM::LoadOp::create(b, two, e.offset(own, 4 * column),
                                      /*alignment=*/8);
    for (int64_t i = 0; i < 2; ++i)
      values.push_back(LLVM::ExtractElementOp::create(b, pair, e.i32(i)));
  }
  results.push_back(values);
  return success();
}

} // namespace

void spattn::spattn_gpu::populateMemoryPatterns(const GPUTypeConverter &types,
                                                RewritePatternSet &patterns) {
  patterns
      .add<StoreOpLowering, LoadRowsOpLowering, LoadColumnsOpLowering,
           StoreRowsOpLowering, ReadOpLowering, RowProductsOpLowering,
           StoreFillOpLowering, StoreTileRowsOpLowering, AddFragmentOpLowering,
           WriteFragmentOpLowering, LoadFragmentOpLowering,
           ReadFragmentOpLowering, ReadColumnsOpLowering>(
          types, patterns.getContext());
}
