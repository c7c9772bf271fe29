//===- QueryLists.cpp - Which query tiles list a key tile -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryLists.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kLanes = 32;

/// The factors of a formula for each list of a head: of key tiles, and of
/// batch entries unless they share lists.
static spattn_gpu::FormulaAttr perList(AttentionOpInterface op, int64_t each,
                                       int64_t eachQueryTile) {
  Builder b(op.getContext());
  TileListsAttr lists = op.getTileListsAttr();
  int64_t heads = op.getExtentSize(Extent::ListHeads);
  SmallVector<int64_t> coefficients, counts, divisors;
  SmallVector<StringAttr> names;
  auto add = [&](int64_t factor, bool ofQueries) {
    if (factor == 0)
      return;
    coefficients.push_back(factor * heads);
    size_t before = names.size();
    auto multiply = [&](StringRef name, int64_t divisor) {
      names.push_back(b.getStringAttr(name));
      divisors.push_back(divisor);
    };
    if (op.getExtentSize(Extent::ListBatch) != 1)
      multiply("batch", 1);
    multiply("keyLength", lists.getKeyTile());
    if (ofQueries)
      multiply("queryLength", lists.getQueryTile());
    counts.push_back(names.size() - before);
  };
  add(each, /*ofQueries=*/false);
  add(eachQueryTile, /*ofQueries=*/true);
  return spattn_gpu::FormulaAttr::get(b.getContext(), coefficients, counts,
                                      names, divisors);
}

void QueryLists::addScratch(KernelProgram &program, AttentionOpInterface op) {
  program.addScratch(kName, perList(op, 4, 4), /*alignment=*/4);
}

QueryLists::QueryLists(KernelBuilder &b, AttentionOpInterface op,
                       const SequenceInfo &sequence, Value base)
    : b(b), op(op), base(base), queryLength(sequence.queryLength) {
  TileListsAttr lists = op.getTileListsAttr();
  queryTiles = b.ops.materialize(
      b.ops.ceilDiv(b.ops.wrap(queryLength), lists.getQueryTile()));
  keyTiles = b.ops.materialize(
      b.ops.ceilDiv(b.ops.wrap(sequence.keyLength), lists.getKeyTile()));
}

Value QueryLists::address(Value batch, Value listHead, Value keyTile) const {
  AttentionOpInterface op = this->op;
  Value heads = b.asIndex(b.i32(op.getExtentSize(Extent::ListHeads)));
  Value number = b.asIndex(listHead);
  if (op.getExtentSize(Extent::ListBatch) != 1)
    number = b.add(b.mul(b.asIndex(batch), heads), number);
  Value tiles = b.asIndex(keyTiles);
  Value before = b.mul(number, tiles);
  Value list = b.add(before, b.asIndex(keyTile));
  Value words = b.asIndex(b.add(queryTiles, b.i32(1)));
  return b.pointer(base, b.mul(list, words), b.getI32Type());
}

TileLists QueryLists::getLists(int64_t queryTile) const {
  AttentionOpInterface op = this->op;
  int64_t group = op.getNumQueryHeads() / op.getExtentSize(Extent::ListHeads);
  auto load = [lists = *this, group](Value batch, Value head, Value row,
                                     Value at) -> Value {
    KernelBuilder &b = lists.b;
    Value listHead = head;
    if (group > 1)
      listHead = arith::DivUIOp::create(b, head, b.i32(group));
    Value start = lists.address(batch, listHead, row);
    Value address = b.pointer(start, b.asIndex(at), b.getI32Type());
    return LLVM::LoadOp::create(b, b.getI32Type(), address);
  };
  KernelBuilder &b = this->b;
  TileLists::Source source = {
      [&b, load](Value batch, Value head, Value row) {
        return load(batch, head, row, b.i32(0));
      },
      [&b, load](Value batch, Value head, Value row, Value n) {
        return load(batch, head, row, b.add(n, b.i32(1)));
      }};
  TileListsAttr lists = op.getTileListsAttr();
  return TileLists(b, source, lists.getKeyTile(), lists.getQueryTile(),
                   queryTile, queryLength);
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// Whether the ascending list of `row` has a tile.
static Value isListed(KernelBuilder &b, const TileLists::Source &source,
                      Value batch, Value head, Value row, Value tile) {
  Value count = source.count(batch, head, row);
  SmallVector<Value> end = b.emitWhile(
      {b.i32(0), count},
      [&](ValueRange carried) {
        return b.compare(arith::CmpIPredicate::slt, carried[0], carried[1]);
      },
      [&](ValueRange carried) -> SmallVector<Value> {
        Value one = b.i32(1);
        Value middle =
            arith::ShRUIOp::create(b, b.add(carried[0], carried[1]), one);
        Value entry = source.entry(batch, head, row, middle);
        Value isLess = b.compare(arith::CmpIPredicate::slt, entry, tile);
        Value next =
            arith::SelectOp::create(b, isLess, b.add(middle, one), carried[0]);
        return {next, arith::SelectOp::create(b, isLess, carried[1], middle)};
      });
  Value isThere = b.compare(arith::CmpIPredicate::slt, end[0], count);
  auto ifThere = scf::IfOp::create(b, TypeRange{b.getI1Type()}, isThere,
                                   /*withElseRegion=*/true);
  b.in(ifThere.thenBlock(), [&] {
    Value entry = source.entry(batch, head, row, end[0]);
    scf::YieldOp::create(
        b, ValueRange{b.compare(arith::CmpIPredicate::eq, entry, tile)});
  });
  b.in(ifThere.elseBlock(), [&] {
    Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
    scf::YieldOp::create(b, no);
  });
  return ifThere.getResult(0);
}

void spattn::buildListKernel(OpBuilder &builder, AttentionBackwardOp op,
                             StringRef name, KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(),
                  cast<ShapedType>(op.getQuery().getType()).getElementType());
  KernelSignature signature(program);
  auto target = signature.scratch(QueryLists::kName);
  SequenceArguments sequenceArguments(signature, op);
  TileListArguments arguments(signature, op);
  signature.begin(b, name, {kLanes, 1});
  SequenceInfo sequence = sequenceArguments.get(b, signature);
  QueryLists lists(b, op, sequence, signature.get(target));
  TileLists::Source source = arguments.get(b, signature);
  int64_t heads = op.getExtentSize(Extent::ListHeads);
  Value tile = arith::RemUIOp::create(b, b.cta, lists.keyTiles);
  Value rest = arith::DivUIOp::create(b, b.cta, lists.keyTiles);
  Value listHead = arith::RemUIOp::create(b, rest, b.i32(heads));
  Value batch = arith::DivUIOp::create(b, rest, b.i32(heads));
  // The first query head of those that share the list.
  Value head = b.mul(listHead, b.i32(op.getNumQueryHeads() / heads));
  Value start = lists.address(batch, listHead, tile);
  Value zero = b.i32(0), one = b.i32(1);
  Value step = b.i32(kLanes);
  auto loop =
      scf::ForOp::create(b, zero, lists.queryTiles, step, ValueRange{zero});
  b.in(loop.getBody(), [&] {
    Value row = b.add(loop.getInductionVar(), b.lane());
    // Rows past the end have no list.
    Value found = isListed(b, source, batch, head, row, tile);
    Value exists = b.compare(arith::CmpIPredicate::slt, row, lists.queryTiles);
    Value isFound = arith::AndIOp::create(b, found, exists);
    Value all = b.i32(-1);
    Value bits = NVVM::VoteSyncOp::create(b, b.getI32Type(), all, isFound,
                                          NVVM::VoteSyncKind::ballot);
    Value before = b.sub(arith::ShLIOp::create(b, one, b.lane()), one);
    Value rank =
        math::CtPopOp::create(b, arith::AndIOp::create(b, bits, before));
    Value count = loop.getRegionIterArg(0);
    b.when(isFound, [&] {
      Value at = b.add(b.add(count, rank), one);
      Value address = b.pointer(start, at, b.getI32Type());
      LLVM::StoreOp::create(b, row, address);
    });
    Value own = math::CtPopOp::create(b, bits);
    scf::YieldOp::create(b, ValueRange{b.add(count, own)});
  });
  b.when(b.isFirstThread(),
         [&] { LLVM::StoreOp::create(b, loop.getResult(0), start); });
  signature.end(b, /*shared=*/0, /*persistent=*/-1,
                perList(op, /*each=*/1, /*eachQueryTile=*/0));
}
