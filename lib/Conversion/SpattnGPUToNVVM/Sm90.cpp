//===- Sm90.cpp - Tile operations on sm_90a -------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace spattn::spattn_gpu;
namespace ptx = spattn::ptx;

namespace {

//===----------------------------------------------------------------------===//
// Barriers and copies
//===----------------------------------------------------------------------===//

SPATTN_LOWER(BarrierInitOp) {
  ptx::emit(b,
            "mbarrier.init.shared::cta.b64 [$0], " +
                std::to_string(op.getCount()) + ";",
            "r,~{memory}", Emitter(b).address(adaptor.getBarrier().front()));
  return success();
}

SPATTN_LOWER(BarrierFenceOp) {
  ptx::emit(b, "fence.mbarrier_init.release.cluster;", "~{memory}");
  return success();
}

SPATTN_LOWER(BarrierWaitOp) {
  ptx::emit(b,
            "{\n.reg .pred p;\nWAIT:\n"
            "mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1;\n"
            "@p bra DONE;\nbra WAIT;\nDONE:\n}",
            "r,r,~{memory}",
            {Emitter(b).address(adaptor.getBarrier().front()),
             adaptor.getParity().front()});
  return success();
}

constexpr const char *kCacheHint = ".L2::cache_hint";
/// A cache policy as `createpolicy.fractional` makes it for a whole access.
StringRef policyOf(Eviction eviction) {
  return eviction == Eviction::First ? "0x12F0000000000000"
                                     : "0x14F0000000000000";
}

SPATTN_LOWER(LoadOp) {
  Emitter e(b);
  SharedType type = op.getTile().getType();
  std::string hint, policy;
  if (std::optional<Eviction> eviction = op.getEviction()) {
    hint = kCacheHint;
    policy = ", " + policyOf(*eviction).str();
  }
  // One piece of assembly, so that the lane that does it is elected once.
  // Operands: barrier, map, row, head, batch, tile, then the column of each
  // chunk, which cannot be written as a number.
  SmallVector<Value> operands = {e.address(adaptor.getBarrier().front()),
                                 adaptor.getMap().front(),
                                 e.toI32(adaptor.getRow().front()),
                                 e.toI32(adaptor.getHead().front()),
                                 e.toI32(adaptor.getBatch().front()),
                                 e.address(adaptor.getTile().front())};
  std::string constraints = "r,l,r,r,r,r";
  std::string text = "{\n.reg .pred p;\n.reg .b32 target;\n"
                     "elect.sync _|p, 0xffffffff;\n"
                     "@p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], " +
                     std::to_string(bytesOf(type)) + ";\n";
  for (int64_t column = 0; column < type.getColumns();
       column += kChunkColumns) {
    text += "add.s32 target, $5, " +
            std::to_string(column / kChunkColumns * chunkBytes(type)) + ";\n" +
            "@p cp.async.bulk.tensor.4d.shared::cluster.global"
            ".mbarrier::complete_tx::bytes" +
            hint + " [target], [$1, {$" + std::to_string(operands.size()) +
            ", $2, $3, $4}], [$0]" + policy + ";\n";
    operands.push_back(e.i32(column));
    constraints += ",r";
  }
  ptx::emit(b, text + "}", constraints + ",~{memory}", operands);
  return success();
}

SPATTN_LOWER(LoadPagesOp) {
  Emitter e(b);
  SharedType type = op.getTile().getType();
  // As a load. Operands: barrier, map, row, head, tile, then the pages, then
  // the column of each chunk.
  SmallVector<Value> operands = {
      e.address(adaptor.getBarrier().front()), adaptor.getMap().front(),
      e.toI32(adaptor.getRow().front()), e.toI32(adaptor.getHead().front()),
      e.address(adaptor.getTile().front())};
  std::string constraints = "r,l,r,r,r";
  size_t firstPage = operands.size();
  for (ValueRange page : adaptor.getPages()) {
    operands.push_back(page.front());
    constraints += ",r";
  }
  std::string text = "{\n.reg .pred p;\n.reg .b32 target;\n"
                     "elect.sync _|p, 0xffffffff;\n"
                     "@p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], " +
                     std::to_string(bytesOf(type)) + ";\n";
  int64_t pageBytes = op.getRowsOfPage() * kRowBytes;
  for (int64_t chunk = 0; chunk < type.getColumns() / kChunkColumns; ++chunk) {
    std::string column = std::to_string(operands.size());
    for (size_t page = 0; page < adaptor.getPages().size(); ++page)
      text += "add.s32 target, $4, " +
              std::to_string(chunk * chunkBytes(type) + page * pageBytes) +
              ";\n@p cp.async.bulk.tensor.4d.shared::cluster.global"
              ".mbarrier::complete_tx::bytes [target], [$1, {$" +
              column + ", $2, $3, $" + std::to_string(firstPage + page) +
              "}], [$0];\n";
    operands.push_back(e.i32(chunk * kChunkColumns));
    constraints += ",r";
  }
  ptx::emit(b, text + "}", constraints + ",~{memory}", operands);
  return success();
}

SPATTN_LOWER(FinishLoadOp) {
  Emitter e(b);
  zeroRows(e, op.getTile().getType(), adaptor.getTile().front(),
           adaptor.getRows().front());
  // MMAs read tiles by the other proxy.
  ptx::emit(b,
            "{\n.reg .pred p;\nfence.proxy.async.shared::cta;\n"
            "bar.warp.sync 0xffffffff;\nelect.sync _|p, 0xffffffff;\n"
            "@p mbarrier.arrive.shared::cta.b64 _, [$0];\n}",
            "r,~{memory}", e.address(adaptor.getBarrier().front()));
  return success();
}

SPATTN_LOWER(ClearTileOp) {
  Emitter e(b);
  zeroRows(e, op.getTile().getType(), adaptor.getTile().front(),
           arith::ConstantIndexOp::create(b, 0));
  ptx::emit(b, "fence.proxy.async.shared::cta;\nbar.warp.sync 0xffffffff;",
            "~{memory}");
  return success();
}

SPATTN_LOWER(LoadWordsOp) {
  Emitter e(b);
  std::string bytes = std::to_string(4 * op.getCount());
  Value target = e.address(e.words(op, adaptor));
  ptx::emit(b,
            "{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\n"
            "@p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], " +
                bytes +
                ";\n@p cp.async.bulk.shared::cluster.global"
                ".mbarrier::complete_tx::bytes [$1], [$2], " +
                bytes + ", [$0];\n}",
            "r,r,l,~{memory}",
            {e.address(adaptor.getBarrier().front()), target,
             adaptor.getPointer().front()});
  return success();
}

SPATTN_LOWER(AddWordsOp) {
  Emitter e(b);
  Value source = e.address(e.words(op, adaptor));
  ptx::emit(b,
            "{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\n"
            "@p cp." +
                StringRef(op.getOverwriting() ? "" : "reduce.").str() +
                "async.bulk.global.shared::cta.bulk_group" + kCacheHint +
                (op.getOverwriting() ? "" : ".add.f32") + " [$0], [$1], " +
                std::to_string(4 * op.getCount()) + ", " +
                policyOf(Eviction::Last).str() +
                ";\n@p cp.async.bulk.commit_group;\n}",
            "l,r,~{memory}", {adaptor.getPointer().front(), source});
  return success();
}

/// Numbers are read and written by one proxy, what they speak of by another.
constexpr StringRef kGlobalFence = "fence.proxy.async.global;\n";

SPATTN_LOWER(SemaphoreArriveOp) {
  results.push_back(
      {ptx::emitIncrement(b, adaptor.getFlag().front(), Emitter(b).lane(),
                          "acquire", kGlobalFence)});
  return success();
}

SPATTN_LOWER(SemaphoreWaitOp) {
  ptx::emitSemaphoreWait(b, adaptor.getFlag().front(), op.getValue(),
                         kGlobalFence);
  return success();
}

SPATTN_LOWER(SemaphoreReleaseOp) {
  // The lane that started the copies waits for them.
  ptx::emit(
      b,
      "{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\n"
      "@p cp.async.bulk.wait_group 0;\n@p " +
          kGlobalFence.str() + "@p red.release.gpu.global.add.u32 [$0], " +
          std::to_string(op.getValue()) + ";\nbar.warp.sync 0xffffffff;\n}",
      "l,~{memory}", adaptor.getFlag().front());
  return success();
}

SPATTN_LOWER(AsyncProxyFenceOp) {
  ptx::emit(b, "fence.proxy.async.shared::cta;\nbar.warp.sync 0xffffffff;",
            "~{memory}");
  return success();
}

SPATTN_LOWER(StoreTileOp) {
  Emitter e(b);
  SharedType type = op.getTile().getType();
  SmallVector<Value> operands = {
      e.address(adaptor.getTile().front()), adaptor.getMap().front(),
      e.toI32(adaptor.getRow().front()), e.toI32(adaptor.getHead().front()),
      e.toI32(adaptor.getBatch().front())};
  std::string constraints = "r,l,r,r,r";
  std::string text = "{\n.reg .pred p;\n.reg .b32 source;\n"
                     "elect.sync _|p, 0xffffffff;\n";
  for (int64_t column = 0; column < type.getColumns();
       column += kChunkColumns) {
    text += "add.s32 source, $0, " +
            std::to_string(column / kChunkColumns * chunkBytes(type)) + ";\n" +
            "@p cp.async.bulk.tensor.4d.global.shared::cta.bulk_group "
            "[$1, {$" +
            std::to_string(operands.size()) + ", $2, $3, $4}], [source];\n";
    operands.push_back(e.i32(op.getColumn() + column));
    constraints += ",r";
  }
  text += "@p cp.async.bulk.commit_group;\n}";
  ptx::emit(b, text, constraints + ",~{memory}", operands);
  return success();
}

SPATTN_LOWER(StoreWaitOp) {
  // The lanes that did not start the stores have no groups to wait for.
  ptx::emit(b, "cp.async.bulk.wait_group.read 0;\nbar.warp.sync 0xffffffff;",
            "~{memory}");
  return success();
}

/// Four 8x8 matrices of 16 rows and columns at a time, a lane giving the
/// address of a row of one.
SPATTN_LOWER(WriteOp) {
  Emitter e(b);
  e.readThreadAgain();
  SharedType type = op.getTile().getType();
  ValueRange source = adaptor.getSource();
  Value lane = e.lane();
  Value inMatrix = arith::AndIOp::create(b, lane, e.i32(7));
  Value ofLane = arith::AndIOp::create(b, lane, e.i32(15));
  Value rowsOfWarp = e.i32(16);
  Value inBlock = e.add(e.mul(e.warp(), rowsOfWarp), ofLane);
  Value row =
      e.add(e.scaled(adaptor.getRowBlock().front(), kFragmentRows), inBlock);
  Value start = e.offset(adaptor.getTile().front(), e.mul(row, e.i32(128)));
  // The swizzle exchanges the 16-byte pieces of a row.
  Value half = arith::ShRUIOp::create(b, lane, e.i32(4));
  Value pieceBytes = e.i32(16);
  Value swap = e.mul(arith::XOrIOp::create(b, inMatrix, half), pieceBytes);
  bool isPacked = isa<OperandType>(op.getSource().getType());
  auto packed = [&](size_t pair) -> Value {
    return isPacked ? Value(source[pair])
                    : pack(b, type.getElementType(), source[2 * pair],
                           source[2 * pair + 1]);
  };
  for (int64_t inChunk = 0; inChunk < kChunkColumns; inChunk += 16) {
    Value target = e.offset(
        start, Value(arith::XOrIOp::create(b, swap, e.i32(2 * inChunk))));
    for (int64_t column = inChunk; column < type.getColumns();
         column += kChunkColumns) {
      SmallVector<Value> operands{e.address(
          e.offset(target, column / kChunkColumns * chunkBytes(type)))};
      for (int64_t i = 0; i < 4; ++i)
        operands.push_back(packed(column / 4 + i));
      ptx::emit(b,
                "stmatrix.sync.aligned.m8n8.x4.shared.b16 [$0], {$1, $2, $3, "
                "$4};",
                "r,r,r,r,r,~{memory}", operands);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

SPATTN_LOWER(MmaFenceOp) {
  ptx::emit(b, "wgmma.fence.sync.aligned;", "~{memory}");
  return success();
}

SPATTN_LOWER(MmaCommitOp) {
  ptx::emit(b, "wgmma.commit_group.sync.aligned;", "~{memory}");
  return success();
}

SPATTN_LOWER(MmaWaitOp) {
  SmallVector<Value> flat;
  for (ValueRange values : adaptor.getValues())
    llvm::append_range(flat, values);
  SmallVector<Value> after;
  if (op.getAfter())
    after.assign(adaptor.getAfter().begin(), adaptor.getAfter().end());
  SmallVector<Value> passed =
      ptx::emitWgmmaWait(b, op.getPending(), flat, after);
  ArrayRef<Value> rest(passed);
  for (ValueRange values : adaptor.getValues()) {
    results.emplace_back(rest.take_front(values.size()));
    rest = rest.drop_front(values.size());
  }
  return success();
}

SPATTN_LOWER(MmaOp) {
  Emitter e(b);
  SharedType rhs = op.getRhs().getType();
  ptx::Wgmma shape;
  shape.columns = op.getResult().getType().getColumns();
  shape.isBF16 = rhs.getElementType().isBF16();
  shape.transposeRhs = !op.getTransposed();
  shape.transposeLhs = op.getLhsTransposed();
  int64_t depth = op.getTransposed() ? rhs.getColumns() : rhs.getRows();
  // Along columns, 16 elements are 32 bytes of a chunk of 128; along rows,
  // 16 rows of 128 bytes.
  auto alongColumns = [](SharedType type, int64_t k) {
    return (k / kChunkColumns * chunkBytes(type) + k % kChunkColumns * 2) >> 4;
  };
  for (int64_t k = 0; k < depth; k += 16)
    shape.rhsSteps.push_back(op.getTransposed() ? alongColumns(rhs, k)
                                                : k * 128 >> 4);
  constexpr int64_t atomBytes = 8 * 128;
  Value rhsDescriptor = ptx::emitDescriptor(
      b, adaptor.getRhs().front(),
      /*leadingBytes=*/op.getTransposed() ? 16 : chunkBytes(rhs), atomBytes);
  SmallVector<Value> lhs;
  if (auto type = dyn_cast<SharedType>(op.getLhs().getType())) {
    for (int64_t k = 0; k < depth; k += 16)
      shape.lhsSteps.push_back(shape.transposeLhs ? k * 128 >> 4
                                                  : alongColumns(type, k));
    // A row block is 64 rows of the first chunk, or the chunk of 64 columns.
    int64_t blockBytes =
        shape.transposeLhs ? chunkBytes(type) : kFragmentRows * 128;
    Value bytes = e.scaled(adaptor.getRowBlock().front(), blockBytes);
    lhs.push_back(ptx::emitDescriptor(
        b, e.offset(adaptor.getLhs().front(), bytes),
        /*leadingBytes=*/shape.transposeLhs ? chunkBytes(type) : 16,
        atomBytes));
  } else {
    lhs.assign(adaptor.getLhs().begin(), adaptor.getLhs().end());
  }
  ValueRange acc = op.getAcc() ? adaptor.getAcc() : ValueRange();
  results.push_back(ptx::emitWgmma(b, shape, lhs, rhsDescriptor, acc));
  return success();
}

SPATTN_LOWER(SetMaxRegistersOp) {
  ptx::emit(b,
            std::string("setmaxnreg.") + (op.getIncrease() ? "inc" : "dec") +
                ".sync.aligned.u32 " + std::to_string(op.getCount()) + ";",
            "");
  return success();
}

} // namespace

void spattn::spattn_gpu::populateSm90Patterns(const GPUTypeConverter &types,
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
