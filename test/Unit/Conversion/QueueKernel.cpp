//===- QueueKernel.cpp - Kernels with a scheduler warp and readers --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueueKernel.h"

#include "Parts/WarpRoles.h"
#include "Parts/WorkTileLayout.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

QueueKernel::QueueKernel(const AttentionSpec &spec, bool ofRows, int64_t own,
                         int64_t other, int64_t stages)
    : TestKernel(spec, kThreads), ofRows(ofRows), own(own), other(other),
      layout(shared,
             ofRows ? layoutOfRowTiles(op, own, other)
                    : layoutOfColumnTiles(op, own, other),
             stages, kReaders),
      queue(b, layout) {
  shared.allocate(b);
  tiles = b.ops.materialize(b.ops.ceilDiv(
      ofRows ? sequence.lengths(b).queries : sequence.lengths(b).keys, own));
  initBarriers(b, {layout.barriers.full, layout.barriers.empty}, kThreads);
}

void QueueKernel::emit(function_ref<void()> scheduler,
                       function_ref<void()> reader) {
  emitWarpRoles(b, {168, 24, 240, {scheduler}, [&](Value) { reader(); }});
  end(shared.total());
}

WorkTile QueueKernel::decode(Value number) {
  IndexOps &ops = b.ops;
  WorkTile tile;
  Value rest = arith::DivUIOp::create(b, number, tiles);
  tile.head = arith::DivUIOp::create(b, rest, sequence.batches);
  tile.batch = arith::RemUIOp::create(b, rest, sequence.batches);
  tile.keyHead = arith::DivUIOp::create(b, tile.head, b.i32(op.getGroupSize()));
  tile.form = normalForm(ops, heads, ops.wrap(tile.head), sequence.lengths(b),
                         op.getAlignment());
  tile.first = ops.mul(ops.wrap(arith::RemUIOp::create(b, number, tiles)),
                       ops.constant(own));
  auto end = ops.add(tile.first, ops.constant(own));
  auto ranges = ofRows ? keyTiles(ops, tile.form, tile.first, end, other)
                       : queryTiles(ops, tile.form, tile.first, end, other);
  tile.masked = maskedSequence(ops, ranges);
  tile.full = fullSequence(ops, ranges);
  tile.maskedCount = ops.materialize(tile.masked.count);
  tile.visited = ops.materialize(ops.add(tile.masked.count, tile.full.count));
  return tile;
}

void QueueKernel::postAll(function_ref<void(const WorkTile &)> posted) {
  Value count =
      b.mul(b.mul(tiles, sequence.batches), b.i32(op.getNumQueryHeads()));
  auto loop =
      scf::ForOp::create(b, b.i32(0), count, b.i32(1), ValueRange{b.i32(0)});
  b.in(loop.getBody(), [&] {
    Value before = loop.getRegionIterArg(0);
    queue.acquireForTables(before);
    queue.declare(decode(loop.getInductionVar()), before);
    Value any = queue.declared().isVisited(b);
    b.when(any, [&] {
      if (posted)
        posted(queue.declared());
      queue.acquireForWords(before);
      queue.post(before);
    });
    scf::YieldOp::create(b, ValueRange{b.add(before, b.asNumber(any))});
  });
  queue.postEnd(loop.getResult(0));
}

RandomInstance::RandomInstance(std::mt19937 &random, int64_t scale,
                               int64_t numHeads) {
  RandomStructures draw(random, scale, /*withResidues=*/true);
  heads = draw.heads(2, numHeads);
  spec.structure = attributeOf(heads);
  spec.heads = spec.keyHeads = numHeads;
  spec.alignment = draw.pick(0, 1) ? Alignment::End : Alignment::Start;
  call.batches = draw.pick(1, 2);
  call.queries = draw.pick(1, scale);
  call.keys = draw.pick(1, scale);
}

void RandomInstance::addSequences(std::mt19937 &random, int64_t count) {
  auto pick = [&](int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(random);
  };
  spec.sequences = true;
  spec.boundsOfPack = pick(0, 1);
  auto drawEnds = [&](int64_t length) {
    std::vector<int64_t> ends;
    for (int64_t i = 0; i < 2 * count; ++i)
      ends.push_back(pick(0, length));
    std::sort(ends.begin(), ends.end());
    for (int64_t s = 1; s < count; ++s)
      if (pick(0, 1))
        ends[2 * s] = ends[2 * s - 1];
    return ends;
  };
  call.sequences.clear();
  for (int64_t b = 0; b < call.batches; ++b) {
    std::vector<int64_t> queries = drawEnds(call.queries);
    // Mostly as of attention to itself.
    std::vector<int64_t> keys =
        call.keys == call.queries ? queries : drawEnds(call.keys);
    auto &sequences = call.sequences.emplace_back();
    for (int64_t s = 0; s < 2 * count; s += 2)
      sequences.push_back({queries[s], queries[s + 1] - queries[s], keys[s],
                           keys[s + 1] - keys[s]});
  }
}

std::string RandomInstance::str() const {
  std::string text;
  for (const auto &sequences : call.sequences) {
    text += " sequences";
    for (const SequenceSpec &s : sequences)
      for (int64_t number : {s.firstQuery, s.queries, s.firstKey, s.keys})
        text += " " + std::to_string(number);
  }
  if (spec.boundsOfPack)
    text += " of pack";
  return heads.str() + " batches " + std::to_string(call.batches) +
         " queries " + std::to_string(call.queries) + " keys " +
         std::to_string(call.keys) +
         (spec.alignment == Alignment::End ? " end" : " start") + text;
}

std::pair<std::vector<int64_t>, int64_t>
spattn::test::visitingOrder(const std::vector<TileRange<int64_t>> &ranges) {
  std::vector<int64_t> masked, full;
  for (const TileRange<int64_t> &range : ranges)
    for (int64_t tile = range.begin; tile < range.end; ++tile) {
      bool isFull = tile >= range.fullBegin && tile < range.fullEnd;
      (isFull ? full : masked).push_back(tile);
    }
  int64_t count = masked.size();
  masked.insert(masked.end(), full.begin(), full.end());
  return {masked, count};
}
