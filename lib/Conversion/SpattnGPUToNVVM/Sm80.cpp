//===- Sm80.cpp - Tile operations on sm_80 and later ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only instructions that every target from sm_80 on has. A fragment of a
// warpgroup is four of warps, 16 rows each, one mma.sync of 8 columns beside
// the other; tiles in shared memory look as TMA would leave them.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <algorithm>
#include <optional>

using namespace mlir;
using namespace spattn::spattn_gpu;
namespace ptx = spattn::ptx;

/// Lanes of a warp, each of which arrives for a load.
static constexpr int64_t kLanes = 32;
/// Bytes of what a lane copies, and of 16 columns.
static constexpr int64_t kPieceBytes = 16, kStepBytes = 32;

/// Words of a software tensor map; see Runtime/TensorMap.h.
static constexpr int64_t kAddressWord = 0, kStrideWord = 1, kSizeWord = 5;

namespace {

//===----------------------------------------------------------------------===//
// Barriers and copies
//===----------------------------------------------------------------------===//

SPATTN_LOWER(BarrierInitOp) {
  int64_t arrivals = op.getCount() * (op.getLoads() ? kLanes : 1);
  ptx::emit(b,
            "mbarrier.init.shared::cta.b64 [$0], " + std::to_string(arrivals) +
                ";",
            "r,~{memory}", Emitter(b).address(adaptor.getBarrier().front()));
  return success();
}

/// The copies are the lanes' own: synchronizing the CTA is enough for them.
SPATTN_LOWER(BarrierFenceOp) { return success(); }

/// try_wait, which may suspend the thread, needs sm_90.
SPATTN_LOWER(BarrierWaitOp) {
  ptx::emit(b,
            "{\n.reg .pred p;\nWAIT:\n"
            "mbarrier.test_wait.parity.shared::cta.b64 p, [$0], $1;\n"
            "@!p bra WAIT;\n}",
            "r,r,~{memory}",
            {Emitter(b).address(adaptor.getBarrier().front()),
             adaptor.getParity().front()});
  return success();
}

/// Where the lanes of a warp copy a tile: 16 bytes each, 8 lanes a row of a
/// chunk, 4 rows at a time.
class LanePieces {
public:
  /// From column `firstColumn` of the rows in memory on.
  LanePieces(Emitter e, SharedType type, Value tile, Value map, Value row,
             Value head, Value batch, int64_t firstColumn = 0)
      : LanePieces(e, type, type.getRows(), tile, map, row, head, batch,
                   firstColumn) {}

  /// The same of the first `rows` rows of a tile only.
  LanePieces(Emitter e, SharedType type, int64_t rowsOfTile, Value tile,
             Value map, Value row, Value head, Value batch,
             int64_t firstColumn = 0)
      : e(e), type(type), rowsOfTile(rowsOfTile), map(map) {
    ImplicitLocOpBuilder &b = e.b;
    Type i64 = b.getI64Type();
    auto extend = [&](Value index) -> Value {
      return arith::IndexCastOp::create(b, i64, index);
    };
    Value lane = e.lane();
    Value laneRow = arith::ShRUIOp::create(b, lane, e.i32(3));
    Value lanePiece = arith::AndIOp::create(b, lane, e.i32(7));
    Value firstRow = e.add(e.toI32(row), laneRow);

    Value rowStride = word(kStrideWord);
    auto elementsTo = [&](Value index, int64_t strideWord) {
      Value stride = word(strideWord);
      return e.mul(extend(index), stride);
    };
    Value toBatch = elementsTo(batch, kStrideWord + 2);
    global = e.add(word(kAddressWord), toBatch);
    global = e.add(global, elementsTo(head, kStrideWord + 1));
    global = e.add(global,
                   e.mul(arith::ExtSIOp::create(b, i64, firstRow), rowStride));
    Value inRow = e.mul(lanePiece, e.i32(kPieceBytes));
    Value pieceBytes = e.add(inRow, e.i32(2 * firstColumn));
    global = e.add(global, arith::ExtUIOp::create(b, i64, pieceBytes));
    step =
        e.mul(rowStride, arith::ConstantOp::create(b, b.getI64IntegerAttr(4)));

    // Rows from here to the length; none for columns past the width.
    Value rows = arith::SubIOp::create(b, size(1), firstRow);
    Value width = size(0);
    Value column = e.mul(lanePiece, e.i32(kPieceBytes / 2));
    for (int64_t chunk = 0; chunk < type.getColumns(); chunk += kChunkColumns) {
      Value exists = arith::CmpIOp::create(
          b, arith::CmpIPredicate::slt,
          e.add(column, e.i32(firstColumn + chunk)), width);
      left.push_back(arith::SelectOp::create(b, exists, rows, e.i32(0)));
    }

    // The swizzle adds a row's number, mod 8, to that of the piece, without
    // carry. Every other time the rows are 4 further on, mod 8.
    Value pieceSize = e.i32(kPieceBytes);
    Value swizzled =
        e.mul(arith::XOrIOp::create(b, lanePiece, laneRow), pieceSize);
    Value rowBytes = e.mul(laneRow, e.i32(kRowBytes));
    shared[0] = e.offset(tile, e.add(rowBytes, swizzled));
    shared[1] = e.offset(
        tile, e.add(rowBytes, arith::XOrIOp::create(b, swizzled,
                                                    e.i32(4 * kPieceBytes))));
  }

  /// Leaves out what is of a batch entry that there is not.
  void checkBatch(Value batch) {
    ImplicitLocOpBuilder &b = e.b;
    Value zero = e.i32(0), count = size(3);
    Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                         e.toI32(batch), count);
    for (Value &rows : left)
      rows = arith::SelectOp::create(b, exists, rows, zero);
  }

  /// Emits the copy of each of the lane's pieces: its addresses, and whether
  /// there is such a row and column in global memory.
  void
  forEach(function_ref<void(Value shared, Value global, Value exists)> body) {
    ImplicitLocOpBuilder &b = e.b;
    auto pointer =
        LLVM::LLVMPointerType::get(b.getContext(), /*addressSpace=*/1);
    for (int64_t first = 0; first < rowsOfTile; first += 4) {
      Value source = LLVM::IntToPtrOp::create(b, pointer, global);
      for (auto [chunk, rows] : llvm::enumerate(left)) {
        int64_t offset = chunk * chunkBytes(type) + first * kRowBytes;
        Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                             e.i32(first), rows);
        Value inGlobal = e.offset(source, int64_t(chunk) * kRowBytes);
        Value inShared = e.offset(shared[first / 4 % 2], offset);
        body(inShared, inGlobal, exists);
      }
      global = e.add(global, step);
    }
  }

private:
  /// A word of the tensor map, and the size of a dimension.
  Value word(int64_t number) {
    return LLVM::LoadOp::create(e.b, e.b.getI64Type(),
                                e.offset(map, 8 * number));
  }
  Value size(int64_t dimension) {
    return arith::TruncIOp::create(e.b, e.b.getI32Type(),
                                   word(kSizeWord + dimension));
  }

  Emitter e;
  SharedType type;
  int64_t rowsOfTile;
  Value map, global, step, shared[2];
  /// For each chunk.
  SmallVector<Value> left;
};

/// Starts to copy pieces. What does not exist is filled with zeros.
static void copyPieces(Emitter &e, ImplicitLocOpBuilder &b,
                       LanePieces &pieces) {
  pieces.forEach([&](Value shared, Value global, Value exists) {
    Value nothing = e.i32(0);
    Value size =
        arith::SelectOp::create(b, exists, e.i32(kPieceBytes), nothing);
    NVVM::CpAsyncOp::create(b, shared, global, kPieceBytes,
                            NVVM::LoadCacheModifierKind::CG, size);
  });
}

SPATTN_LOWER(LoadOp) {
  Emitter e(b);
  LanePieces pieces(e, op.getTile().getType(), adaptor.getTile().front(),
                    adaptor.getMap().front(), adaptor.getRow().front(),
                    adaptor.getHead().front(), adaptor.getBatch().front());
  copyPieces(e, b, pieces);
  NVVM::CpAsyncMBarrierArriveOp::create(b, adaptor.getBarrier().front(),
                                        /*noinc=*/true);
  return success();
}

SPATTN_LOWER(LoadPagesOp) {
  Emitter e(b);
  for (auto [number, page] : llvm::enumerate(adaptor.getPages())) {
    int64_t rows = op.getRowsOfPage();
    Value tile =
        e.offset(adaptor.getTile().front(), int64_t(number) * rows * kRowBytes);
    Value index = e.toIndex(page.front());
    LanePieces pieces(e, op.getTile().getType(), rows, tile,
                      adaptor.getMap().front(), adaptor.getRow().front(),
                      adaptor.getHead().front(), index);
    pieces.checkBatch(index);
    copyPieces(e, b, pieces);
  }
  NVVM::CpAsyncMBarrierArriveOp::create(b, adaptor.getBarrier().front(),
                                        /*noinc=*/true);
  return success();
}

SPATTN_LOWER(FinishLoadOp) {
  Emitter e(b);
  zeroRows(e, op.getTile().getType(), adaptor.getTile().front(),
           adaptor.getRows().front());
  // All lanes arrive, as for a load, each for its own writes.
  ptx::emit(b, "mbarrier.arrive.shared::cta.b64 _, [$0];", "r,~{memory}",
            e.address(adaptor.getBarrier().front()));
  return success();
}

SPATTN_LOWER(ClearTileOp) {
  Emitter e(b);
  zeroRows(e, op.getTile().getType(), adaptor.getTile().front(),
           arith::ConstantIndexOp::create(b, 0));
  ptx::emit(b, "bar.warp.sync 0xffffffff;", "~{memory}");
  return success();
}

SPATTN_LOWER(LoadWordsOp) {
  Emitter e(b);
  constexpr int64_t pieceWords = kPieceBytes / 4;
  Value pieceBytes = e.i32(kPieceBytes);
  Value bytes = e.mul(e.lane(), pieceBytes);
  Value shared = e.offset(e.words(op, adaptor), bytes);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), /*addressSpace=*/1);
  Value global = e.offset(
      LLVM::AddrSpaceCastOp::create(b, pointer, adaptor.getPointer().front()),
      bytes);
  for (int64_t first = 0; first < int64_t(op.getCount());
       first += kLanes * pieceWords) {
    // The last copy may be of some lanes only.
    Value left = e.i32((op.getCount() - first) / pieceWords);
    Value exists =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, e.lane(), left);
    auto ifExists = scf::IfOp::create(b, exists, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifExists.thenBlock());
    Value source = e.offset(global, 4 * first);
    NVVM::CpAsyncOp::create(b, e.offset(shared, 4 * first), source, kPieceBytes,
                            NVVM::LoadCacheModifierKind::CG, Value());
  }
  NVVM::CpAsyncMBarrierArriveOp::create(b, adaptor.getBarrier().front(),
                                        /*noinc=*/true);
  return success();
}

/// The threads' own reads need no fence but for the order in the warp, of which
/// one lane arrives for all.
SPATTN_LOWER(AsyncProxyFenceOp) {
  ptx::emit(b, "bar.warp.sync 0xffffffff;", "~{memory}");
  return success();
}

SPATTN_LOWER(StoreTileOp) {
  Emitter e(b);
  LanePieces pieces(e, op.getTile().getType(), adaptor.getTile().front(),
                    adaptor.getMap().front(), adaptor.getRow().front(),
                    adaptor.getHead().front(), adaptor.getBatch().front(),
                    op.getColumn());
  auto type = VectorType::get(kPieceBytes / 4, b.getI32Type());
  pieces.forEach([&](Value shared, Value global, Value exists) {
    Value piece = LLVM::LoadOp::create(b, type, shared, kPieceBytes);
    SmallVector<Value> operands{
        global, arith::ExtUIOp::create(b, b.getI32Type(), exists)};
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      operands.push_back(LLVM::ExtractElementOp::create(b, piece, e.i32(i)));
    // A predicate instead of a branch for each piece.
    ptx::emit(b,
              "{\n.reg .pred p;\nsetp.ne.b32 p, $1, 0;\n"
              "@p st.global.v4.b32 [$0], {$2, $3, $4, $5};\n}",
              "l,r,r,r,r,r,~{memory}", operands);
  });
  return success();
}

SPATTN_LOWER(AddWordsOp) {
  Emitter e(b);
  auto type = VectorType::get(kPieceBytes / 4, b.getF32Type());
  Value shared = e.words(op, adaptor);
  Value step = e.i32(kLanes * kPieceBytes);
  Value end = e.i32(4 * op.getCount());
  Value pieceBytes = e.i32(kPieceBytes);
  auto loop = scf::ForOp::create(b, e.mul(e.lane(), pieceBytes), end, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value bytes = loop.getInductionVar();
  Value piece = LLVM::LoadOp::create(b, type, e.offset(shared, bytes),
                                     /*alignment=*/kPieceBytes);
  Value target = e.offset(adaptor.getPointer().front(), bytes);
  if (op.getOverwriting()) {
    LLVM::StoreOp::create(b, piece, target, /*alignment=*/kPieceBytes);
    return success();
  }
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    ptx::emit(b, "red.relaxed.gpu.global.add.f32 [$0], $1;", "l,f,~{memory}",
              {e.offset(target, 4 * i),
               LLVM::ExtractElementOp::create(b, piece, e.i32(i))});
  return success();
}

SPATTN_LOWER(SemaphoreArriveOp) {
  results.push_back({ptx::emitIncrement(b, adaptor.getFlag().front(),
                                        Emitter(b).lane(), "acquire")});
  return success();
}

SPATTN_LOWER(SemaphoreWaitOp) {
  ptx::emitSemaphoreWait(b, adaptor.getFlag().front(), op.getValue(),
                         /*fence=*/"");
  return success();
}

SPATTN_LOWER(SemaphoreReleaseOp) {
  // What all lanes have stored, as they have met.
  ptx::emit(b,
            "{\n.reg .pred p;\nbar.warp.sync 0xffffffff;\n"
            "setp.eq.u32 p, $1, 0;\n@p red.release.gpu.global.add.u32 [$0], " +
                std::to_string(op.getValue()) +
                ";\nbar.warp.sync 0xffffffff;\n}",
            "l,r,~{memory}", {adaptor.getFlag().front(), Emitter(b).lane()});
  return success();
}

/// All reads have ended when their stores have been issued.
SPATTN_LOWER(StoreWaitOp) {
  ptx::emit(b, "bar.warp.sync 0xffffffff;", "~{memory}");
  return success();
}

SPATTN_LOWER(WriteOp) {
  Emitter e(b);
  e.readThreadAgain();
  SharedType type = op.getTile().getType();
  ValueRange source = adaptor.getSource();
  bool isPacked = isa<OperandType>(op.getSource().getType());
  forPairs(e, type, adaptor.getTile().front(), adaptor.getRowBlock().front(),
           [&](size_t pair, Value pointer) {
             Value packed = isPacked
                                ? source[pair]
                                : pack(b, type.getElementType(),
                                       source[2 * pair], source[2 * pair + 1]);
             LLVM::StoreOp::create(b, packed, pointer, /*alignment=*/4);
           });
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// mma.sync has its result when it ends: there is nothing to order or to wait
// for.
SPATTN_LOWER(MmaFenceOp) { return success(); }
SPATTN_LOWER(MmaCommitOp) { return success(); }
SPATTN_LOWER(MmaWaitOp) {
  for (ValueRange values : adaptor.getValues())
    results.emplace_back(values);
  return success();
}

/// Reads 8x8 matrices of a tile, a lane giving the address of a row of one.
class MatrixReader {
public:
  /// The lane's `row` of the tile, and which `half` of 16 columns (or which
  /// eight of a chunk's columns) it gives.
  /// Rows that differ by multiples of 8 are swizzled alike, so that one address
  /// for each of the four steps of 16 columns in a chunk does for all.
  MatrixReader(Emitter e, Value tile, Value row, Value half) : e(e) {
    ImplicitLocOpBuilder &b = e.b;
    Value piece =
        arith::XOrIOp::create(b, half, arith::AndIOp::create(b, row, e.i32(7)));
    Value inRow = e.mul(piece, e.i32(kPieceBytes));
    Value bytes = e.add(e.mul(row, e.i32(kRowBytes)), inRow);
    Value base = e.add(e.address(tile), bytes);
    for (int64_t step = 0; step < 4; ++step) {
      Value address = arith::XOrIOp::create(b, base, e.i32(step * kStepBytes));
      steps.push_back(LLVM::IntToPtrOp::create(b, tile.getType(), address));
    }
  }

  /// `count` matrices at a row and a column, multiples of 8 and of 16.
  SmallVector<Value> read(SharedType type, int64_t row, int64_t column,
                          int64_t count, bool transpose) {
    ImplicitLocOpBuilder &b = e.b;
    Value address =
        e.offset(steps[column % kChunkColumns / 16],
                 column / kChunkColumns * chunkBytes(type) + row * kRowBytes);
    SmallVector<Type> types(count, b.getI32Type());
    auto type4 = LLVM::LLVMStructType::getLiteral(b.getContext(), types);
    auto shape = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
    auto layout = transpose ? NVVM::MMALayout::col : NVVM::MMALayout::row;
    Value matrices = NVVM::LdMatrixOp::create(
        b, type4, address, count, layout, shape, NVVM::LdStMatrixEltType::B16);
    SmallVector<Value> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(LLVM::ExtractValueOp::create(b, matrices, i));
    return values;
  }

private:
  Emitter e;
  SmallVector<Value> steps;
};

/// acc += lhs * rhs for 16 rows, 8 columns and a depth of 16. Assembly and not
/// NVVM's operation, whose intrinsic LLVM takes for one that threads may run
/// alone: it may move it to where not all of them are.
void emitMma(ImplicitLocOpBuilder &b, bool isBF16, ValueRange lhs,
             ValueRange rhs, MutableArrayRef<Value> acc) {
  std::string element = isBF16 ? "bf16" : "f16";
  SmallVector<Value> operands(lhs);
  operands.append(rhs.begin(), rhs.end());
  operands.append(acc.begin(), acc.end());
  SmallVector<Type> types(4, b.getF32Type());
  auto sums = ptx::emit(
      b,
      "mma.sync.aligned.m16n8k16.row.col.f32." + element + "." + element +
          ".f32 {$0, $1, $2, $3}, {$4, $5, $6, $7}, {$8, $9}, "
          "{$10, $11, $12, $13};",
      "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f", operands, types);
  llvm::copy(sums, acc.begin());
}

SPATTN_LOWER(MmaOp) {
  Emitter e(b);
  e.readThreadAgain();
  SharedType rhs = op.getRhs().getType();
  bool isBF16 = rhs.getElementType().isBF16();
  int64_t columns = op.getResult().getType().getColumns();
  int64_t depth = op.getTransposed() ? rhs.getColumns() : rhs.getRows();
  Value lane = e.lane();
  auto bits = [&](int64_t shift, int64_t mask) -> Value {
    Value kept = e.i32(mask);
    return arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, lane, e.i32(shift)), kept);
  };

  // The left operand: 16 rows, their left halves first. A transposed one's are
  // columns, 16 for each warp, of a chunk for each warpgroup.
  std::optional<MatrixReader> left;
  auto lhs = dyn_cast<SharedType>(op.getLhs().getType());
  bool lhsTransposed = op.getLhsTransposed();
  if (lhs && lhsTransposed) {
    Value chunk =
        e.offset(adaptor.getLhs().front(),
                 e.scaled(adaptor.getRowBlock().front(), chunkBytes(lhs)));
    Value inMatrix = bits(0, 7);
    Value eight = e.i32(8);
    Value row = e.add(e.mul(bits(4, 1), eight), inMatrix);
    Value half = bits(3, 1);
    Value halves = e.i32(2);
    left.emplace(e, chunk, row, e.add(e.mul(e.warp(), halves), half));
  } else if (lhs) {
    Value block = e.scaled(adaptor.getRowBlock().front(), kFragmentRows);
    Value ofLane = bits(0, 15);
    Value rowsOfWarp = e.i32(16);
    Value row = e.add(e.add(block, e.mul(e.warp(), rowsOfWarp)), ofLane);
    left.emplace(e, adaptor.getLhs().front(), row, bits(4, 1));
  }
  // The right one: 16 of the depth and 8 columns, twice. Its depth goes along
  // the columns of a tile to transpose, and along the rows of another, whose
  // matrices are transposed as they are read.
  bool transposed = op.getTransposed();
  Value half = bits(transposed ? 3 : 4, 1), eight = bits(transposed ? 4 : 3, 1);
  Value inMatrix = bits(0, 7);
  Value row = e.add(e.mul(eight, e.i32(8)), inMatrix);
  MatrixReader right(e, adaptor.getRhs().front(), row, half);

  SmallVector<Value> acc;
  if (op.getAcc())
    acc.assign(adaptor.getAcc().begin(), adaptor.getAcc().end());
  else
    acc.assign(columns / 2, arith::ConstantOp::create(b, b.getF32FloatAttr(0)));
  MutableArrayRef<Value> sums(acc);
  for (int64_t k = 0; k < depth; k += 16) {
    SmallVector<Value> lhsValues;
    if (lhs)
      lhsValues = lhsTransposed ? left->read(lhs, k, 0, 4, /*transpose=*/true)
                                : left->read(lhs, 0, k, 4, /*transpose=*/false);
    else
      lhsValues.assign(adaptor.getLhs().begin() + k / 4,
                       adaptor.getLhs().begin() + k / 4 + 4);
    for (int64_t n = 0; n < columns; n += 16) {
      int64_t pairs = std::min<int64_t>(columns - n, 16) / 8;
      SmallVector<Value> values =
          transposed ? right.read(rhs, n, k, 2 * pairs, /*transpose=*/false)
                     : right.read(rhs, k, n, 2 * pairs, /*transpose=*/true);
      for (int64_t pair = 0; pair < pairs; ++pair)
        emitMma(b, isBF16, lhsValues,
                ArrayRef<Value>(values).slice(2 * pair, 2),
                sums.slice(n / 2 + 4 * pair, 4));
    }
  }
  results.push_back(std::move(acc));
  return success();
}

/// The register file is shared out when compiling.
SPATTN_LOWER(SetMaxRegistersOp) { return success(); }

} // namespace

void spattn::spattn_gpu::populateSm80Patterns(const GPUTypeConverter &types,
                                              RewritePatternSet &patterns) {
  patterns
      .add<BarrierInitOpLowering, BarrierFenceOpLowering, BarrierWaitOpLowering,
           LoadOpLowering, LoadPagesOpLowering, FinishLoadOpLowering,
           ClearTileOpLowering, LoadWordsOpLowering, AddWordsOpLowering,
           SemaphoreArriveOpLowering, SemaphoreReleaseOpLowering,
           SemaphoreWaitOpLowering, AsyncProxyFenceOpLowering,
           StoreTileOpLowering, StoreWaitOpLowering, WriteOpLowering,
           MmaFenceOpLowering, MmaCommitOpLowering, MmaWaitOpLowering,
           MmaOpLowering, SetMaxRegistersOpLowering>(types,
                                                     patterns.getContext());
}
