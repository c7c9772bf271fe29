//===- TileLists.cpp - Lists of tiles that kernels read -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileLists.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

using Index = KernelBuilder::Index;

static constexpr int64_t kLanes = 32;

//===----------------------------------------------------------------------===//
// Work tiles
//===----------------------------------------------------------------------===//

/// Whether a tile is in `[begin, end)` of one of the ranges.
static IndexOps::Bool isIn(IndexOps &ops, Index tile,
                           const std::vector<TileRange<Index>> &ranges,
                           Index TileRange<Index>::*begin,
                           Index TileRange<Index>::*end) {
  IndexOps::Bool result = ops.constantBool(false);
  for (const TileRange<Index> &range : ranges) {
    IndexOps::Bool isBeforeEnd = ops.lt(tile, range.*end);
    result = ops.orB(result, ops.andB(ops.le(range.*begin, tile), isBeforeEnd));
  }
  return result;
}

void TileLists::add(WorkTile &tile, const NormalForm<Index> &form,
                    const std::vector<TileRange<Index>> &seen,
                    const std::vector<TileRange<Index>> &taken) const {
  IndexOps &ops = b.ops;
  using Range = TileRange<Index>;
  Value row = ops.materialize(rowOf(tile));
  Value count = source.count(tile.batch, tile.head, row);
  Value zero = b.i32(0), step = b.i32(kLanes), all = b.i32(-1);
  Value last = b.sub(count, b.i32(1));
  // How many entries need no mask, and the end of those that are seen.
  auto loop = scf::ForOp::create(b, zero, count, step, ValueRange{zero, zero});
  b.in(loop.getBody(), [&] {
    Value base = loop.getInductionVar();
    Value clean = loop.getRegionIterArg(0), end = loop.getRegionIterArg(1);
    Value number = b.add(base, b.lane());
    Index entry = ops.wrap(source.entry(
        tile.batch, tile.head, row, arith::MinSIOp::create(b, number, last)));
    IndexOps::Bool exists = ops.lt(ops.wrap(number), ops.wrap(count));
    IndexOps::Bool isSeen =
        ops.andB(exists, isIn(ops, entry, seen, &Range::begin, &Range::end));
    IndexOps::Bool isTaken =
        isIn(ops, entry, taken, &Range::begin, &Range::end);
    IndexOps::Bool isFull =
        isIn(ops, entry, seen, &Range::fullBegin, &Range::fullEnd);
    IndexOps::Bool isClean =
        ops.andB(exists, ops.andB(isFull, ops.notB(isTaken)));
    auto ballot = [&](IndexOps::Bool bit) -> Value {
      return NVVM::VoteSyncOp::create(b, b.getI32Type(), all,
                                      ops.materialize(bit),
                                      NVVM::VoteSyncKind::ballot);
    };
    Value seenBits = ballot(isSeen);
    Value others = arith::XOrIOp::create(b, ballot(isClean), all);
    Value run = math::CountTrailingZerosOp::create(b, others);
    Value areClean = b.compare(arith::CmpIPredicate::eq, clean, base);
    Value leading = math::CountLeadingZerosOp::create(b, seenBits);
    Value ownEnd = b.sub(b.add(base, step), leading);
    Value any = b.compare(arith::CmpIPredicate::ne, seenBits, zero);
    Value nextClean =
        arith::SelectOp::create(b, areClean, b.add(base, run), clean);
    Value nextEnd = arith::SelectOp::create(b, any, ownEnd, end);
    scf::YieldOp::create(b, ValueRange{nextClean, nextEnd});
  });
  Index end = ops.wrap(loop.getResult(1));
  Index clean = ops.min(ops.wrap(loop.getResult(0)), end);
  Index several = ops.constant(parts());
  Index listed = ops.sub(ops.mul(end, several), pastEnd(tile, row, end));
  Index masked = ops.sub(listed, ops.mul(clean, several));
  tile.listed = {tile.masked.count, tile.full.count, masked, form};
  tile.maskedCount = ops.materialize(ops.add(tile.masked.count, masked));
  Index ofStructure = ops.add(tile.masked.count, tile.full.count);
  tile.visited = ops.materialize(ops.add(ofStructure, listed));
}

Index TileLists::pastEnd(const WorkTile &tile, Value row, Index end) const {
  IndexOps &ops = b.ops;
  if (parts() == 1)
    return ops.constant(0);
  Value count = ops.materialize(end), zero = b.i32(0);
  Value any = b.compare(arith::CmpIPredicate::sgt, count, zero);
  auto ifAny = scf::IfOp::create(b, TypeRange{b.getI32Type()}, any,
                                 /*withElseRegion=*/true);
  b.in(ifAny.thenBlock(), [&] {
    Value last = b.sub(count, b.i32(1));
    Index entry = ops.wrap(source.entry(tile.batch, tile.head, row, last));
    Index next =
        ops.mul(ops.add(entry, ops.constant(1)), ops.constant(parts()));
    Index visited = ops.ceilDiv(ops.wrap(length), visitedRows);
    Index past = ops.max(ops.sub(next, visited), ops.constant(0));
    scf::YieldOp::create(b, ValueRange{ops.materialize(past)});
  });
  b.in(ifAny.elseBlock(), [&] { scf::YieldOp::create(b, ValueRange{zero}); });
  return ops.wrap(ifAny.getResult(0));
}

Index TileLists::nth(const WorkTile &tile, Index n) const {
  IndexOps &ops = b.ops;
  Index number = ops.floorDiv(n, parts());
  Index part = ops.sub(n, ops.mul(number, ops.constant(parts())));
  Value row = ops.materialize(rowOf(tile));
  Value entry =
      source.entry(tile.batch, tile.head, row, ops.materialize(number));
  Value tiles = ops.materialize(ops.ceilDiv(ops.wrap(length), otherRows));
  Index known = ops.wrap(arith::MinUIOp::create(b, entry, tiles));
  return ops.add(ops.mul(known, ops.constant(parts())), part);
}

Value spattn::takeFromEnds(KernelBuilder &b, Value rank, Value count,
                           bool fromEnd) {
  Value one = b.i32(1);
  Value near = arith::ShRUIOp::create(b, rank, one);
  Value far = b.sub(b.sub(count, one), near);
  Value zero = b.i32(0);
  Value isOdd = b.compare(arith::CmpIPredicate::ne,
                          arith::AndIOp::create(b, rank, one), zero);
  if (fromEnd)
    std::swap(near, far);
  return arith::SelectOp::create(b, isOdd, far, near);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

TileListArguments::TileListArguments(KernelSignature &signature,
                                     AttentionOpInterface op)
    : op(op) {
  auto add = [&](OperandKind kind) {
    const OperandInfo &info = getOperandInfo(kind);
    Array array{signature.buffer(info.buffer), {}};
    for (Dim dim : kDims)
      if (info.has(dim)) {
        char letter = getLetter(dim);
        array.strides.push_back(
            signature.stride(info.buffer, StringRef(&letter, 1)));
      }
    return array;
  };
  counts = add(OperandKind::TileCounts);
  indices = add(OperandKind::TileIndices);
  rows = signature.i32("listRows");
  room = signature.i32("listed");
}

TileLists::Source
TileListArguments::get(KernelBuilder &b,
                       const KernelSignature &signature) const {
  AttentionOpInterface op = this->op;
  bool isOfBatch = op.getExtentSize(Extent::ListBatch) != 1;
  int64_t group = op.getNumQueryHeads() / op.getExtentSize(Extent::ListHeads);
  // Parts hold what they are made of: copies.
  auto load = [&b, signature, isOfBatch, group](const Array &array, Value batch,
                                                Value head,
                                                ValueRange places) -> Value {
    Value ofHead = head;
    if (group > 1)
      ofHead = arith::DivUIOp::create(b, head, b.i32(group));
    SmallVector<Value> numbers{isOfBatch ? batch : b.i32(0), ofHead};
    llvm::append_range(numbers, places);
    Value at = b.asIndex(b.i32(0));
    for (auto [number, stride] : llvm::zip(numbers, array.strides)) {
      Value apart = b.asIndex(signature.get(stride));
      at = b.add(at, b.mul(b.asIndex(number), apart));
    }
    Value address = b.pointer(signature.get(array.pointer), at, b.getI32Type());
    return LLVM::LoadOp::create(b, b.getI32Type(), address);
  };
  auto count = [&b, signature, load, counts = counts, rows = rows,
                room = room](Value batch, Value head, Value row) -> Value {
    Value exists =
        b.compare(arith::CmpIPredicate::ult, row, signature.get(rows));
    auto ifExists = scf::IfOp::create(b, TypeRange{b.getI32Type()}, exists,
                                      /*withElseRegion=*/true);
    b.in(ifExists.thenBlock(), [&] {
      Value given = load(counts, batch, head, row);
      Value most = arith::MinSIOp::create(b, given, signature.get(room));
      Value zero = b.i32(0);
      scf::YieldOp::create(b,
                           ValueRange{arith::MaxSIOp::create(b, most, zero)});
    });
    b.in(ifExists.elseBlock(),
         [&] { scf::YieldOp::create(b, ValueRange{b.i32(0)}); });
    return ifExists.getResult(0);
  };
  auto entry = [load, indices = indices](Value batch, Value head, Value row,
                                         Value n) -> Value {
    return load(indices, batch, head, {row, n});
  };
  return {count, entry};
}

std::optional<TileLists>
spattn::getKeyLists(KernelBuilder &b, AttentionOpInterface op,
                    const std::optional<TileListArguments> &arguments,
                    const KernelSignature &signature, int64_t keyTile,
                    Value keyLength) {
  if (!arguments)
    return std::nullopt;
  TileListsAttr lists = op.getTileListsAttr();
  return TileLists(b, arguments->get(b, signature), lists.getQueryTile(),
                   lists.getKeyTile(), keyTile, keyLength);
}
