//===- Backward.cpp - Gradients to loops over their tiles -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two passes over the tiles: one whose tasks own tiles of queries and sum over
// keys, and one whose tasks own tiles of keys and sum over queries. So each
// gradient is written once, by its owner, and sums have one order whatever the
// number of threads.
//
//===----------------------------------------------------------------------===//

#include "TileLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

namespace {

/// Lowers the gradients of one attention on buffers.
class BackwardLoops : TileLoops {
public:
  BackwardLoops(AttentionBackwardOp op, TileShapeAttr tileShape,
                const OpBuilder &builder)
      : TileLoops(op, tileShape, builder), op(op), headDim(op.getHeadDim()),
        valueDim(op.getValueDim()) {}

  void run() {
    scores.begin();
    scale = scores.emitScale(1);
    one = arith::ConstantOp::create(b, b.getF32FloatAttr(1));
    emitQueryRows([&](Value element, const QueryRow &row) {
      emitQueryItem(element, row);
    });
    emitKeyRows();
    if (op.getSinkLogits())
      emitSinkLogits();
    if (op.getDalibiSlopes() || op.getDdistanceBias())
      emitBiases();
  }

private:
  /// Some queries of one head of one batch element.
  struct QuerySlice {
    Value element, head, first;
    OpFoldResult count;
  };

  /// Loads the statistics of queries, by their rows of `out` and `dout`.
  void emitStatistics(const QuerySlice &rows, Value out, Value dout,
                      Value shift, Value delta) {
    auto slice = [&](Value array) {
      return sliceRowNumbers(array, rows.element, rows.head, rows.first,
                             rows.count);
    };
    Value lse = slice(op.getLse()), dlse;
    if (op.getDlse())
      dlse = slice(op.getDlse());
    LoadStatisticsOp::create(b, out, dout, lse, dlse, shift, delta);
  }

  /// Buffers of one tile of queries.
  struct QueryBuffers {
    Value query, dout, dquery, shift, delta, p, ds;
    StagedKeys stagedKeys;
  };

  QueryBuffers allocateQueryBuffers() {
    QueryBuffers buffers;
    buffers.query = allocate({headDim, queryTile});
    buffers.dout = allocate({valueDim, queryTile});
    buffers.dquery = allocate({queryTile, headDim});
    buffers.shift = allocate({queryTile});
    buffers.delta = allocate({queryTile});
    buffers.p = allocate({keyTile, queryTile});
    buffers.ds = allocate({keyTile, queryTile});
    buffers.stagedKeys = allocateStagedKeys();
    return buffers;
  }

  Value sliceQueries(Value buffer, Value element, const QueryRow &row) {
    return sliceRows(buffer, element, row.head, row.first, row.count);
  }

  /// The steps over the key tiles of a tile of queries, each followed by what
  /// is done with its gradients by scores.
  void emitQuerySteps(Value element, const QueryRow &row,
                      const QueryBuffers &buffers,
                      ScoreRegions::Derivative derivative,
                      function_ref<void(const KeyTile &)> body) {
    // A row without keys costs only its gradient.
    emitIfVisited(countVisited(element, row), [&] {
      Value doutRows = sliceQueries(op.getDout(), element, row);
      LoadQueryOp::create(b, sliceQueries(op.getQuery(), element, row),
                          scores.productFactor(), buffers.query);
      LoadQueryOp::create(b, doutRows, one, buffers.dout);
      emitStatistics({element, row.head, row.first, row.count},
                     sliceQueries(op.getOut(), element, row), doutRows,
                     buffers.shift, buffers.delta);
      ScoreRegions::Head scoresOfHead = scores.load(element, row.head);
      emitTiles(row, element, [&](Index tile, TileKind kind) {
        KeyTile keys = loadKeys(element, row, tile, kind, buffers.stagedKeys);
        auto step = QueryGradientStepOp::create(
            b, buffers.query, buffers.dout, keys.key, keys.value, buffers.shift,
            buffers.delta, buffers.dquery, buffers.p, buffers.ds);
        scores.emit(step.getScore(), scoresOfHead, row.visited.form,
                    row.firstQuery, keys.firstKey, keys.positions, derivative);
        emitMask(step.getMask(), row.visited, kind, row.firstQuery,
                 keys.firstKey, keys.positions);
        body(keys);
      });
    });
  }

  /// The gradient of one query tile of one head of one batch element.
  void emitQueryItem(Value element, const QueryRow &row) {
    QueryBuffers buffers = allocateQueryBuffers();
    ClearOp::create(b, buffers.dquery);
    emitQuerySteps(element, row, buffers, ScoreRegions::Derivative::ByProduct,
                   [](const KeyTile &) {});
    StoreOp::create(b, buffers.dquery, scale,
                    sliceQueries(op.getDquery(), element, row));
  }

  /// A tile of keys of one key-value head.
  struct KeyRow {
    /// Of one that belongs to a batch element; else it is one of each.
    Value element;
    Value keyHead;
    Index firstKey;
    std::optional<SequenceTile> place;
  };

  /// The query tiles of one head that see a tile of keys.
  VisitedTiles emitQueryTiles(Value head, const KeyRow &row) {
    VisitedTiles tiles;
    tiles.form = emitNormalForm(head, row.place);
    Index end = ops.add(row.firstKey, ops.constant(keyTile));
    tiles.ranges = queryTiles(ops, tiles.form, row.firstKey, end, queryTile);
    return tiles;
  }
  void addListed(Value head, const KeyRow &row, VisitedTiles &tiles) {
    tiles.listForm = emitListForm(head);
    if (!tiles.listForm)
      return;
    Index end = ops.add(row.firstKey, ops.constant(keyTile));
    tiles.listRanges =
        queryTiles(ops, *tiles.listForm, row.firstKey, end, queryTile);
  }

  /// The query head `n` of the group of a key-value head.
  Value queryHead(const KeyRow &row, Index n) {
    Index first =
        ops.mul(ops.wrap(row.keyHead), ops.constant(op.getGroupSize()));
    return ops.materialize(ops.add(first, n));
  }

  /// The tiles that all heads of a group visit.
  Value emitVisited(const KeyRow &row) {
    auto visited = [&](Index n) {
      return ops.materialize(
          visitedTiles(ops, emitQueryTiles(queryHead(row, n), row).ranges));
    };
    if (op.getGroupSize() == 1)
      return visited(ops.constant(0));
    Value none = index(0);
    Value heads = index(op.getGroupSize());
    return emitSum(heads, none, [&](Value n) { return visited(ops.wrap(n)); });
  }

  void emitKeyRows() {
    Value tileRows = countTiles(Sequences::Side::Keys);
    Value rows = arith::MulIOp::create(b, tileRows, index(op.getNumKeyHeads()));
    Value maxCost =
        ops.materialize(ops.mul(ops.ceilDiv(ops.wrap(queries), queryTile),
                                ops.constant(op.getGroupSize())));
    auto decode = [&](Value number) {
      KeyRow row;
      row.place = locate(Sequences::Side::Keys, op.getNumKeyHeads(), tileRows,
                         row.element, number);
      row.keyHead = arith::DivUIOp::create(b, number, tileRows);
      Value tile = arith::RemUIOp::create(b, number, tileRows);
      row.firstKey = row.place ? row.place->first
                               : ops.mul(ops.wrap(tile), ops.constant(keyTile));
      return row;
    };
    emitItems(
        rows, maxCost,
        [&](Value number) { return emitVisited(decode(number)); },
        [&](Value element, Value number) {
          KeyRow row = decode(number);
          emitIfRows(row.place, [&] {
            emitKeyItem(row.element ? row.element : element, row);
          });
        });
  }

  /// Buffers of one tile of keys.
  struct KeyBuffers {
    Value key, value, dkey, dvalue, query, dout, shift, delta, p, ds;
    /// The first row of the keys in operands, and how many there are.
    Value firstKey;
    OpFoldResult keyCount;
  };

  /// The gradients of one tile of keys and values of one batch element, summed
  /// over the heads of their group.
  void emitKeyItem(Value element, const KeyRow &row) {
    KeyBuffers buffers;
    buffers.key = allocate({headDim, keyTile});
    buffers.value = allocate({valueDim, keyTile});
    buffers.dkey = allocate({keyTile, headDim});
    buffers.dvalue = allocate({keyTile, valueDim});
    if (needsStaging(op.getQuery()))
      buffers.query = allocate({queryTile, headDim});
    if (needsStaging(op.getDout()))
      buffers.dout = allocate({queryTile, valueDim});
    buffers.shift = allocate({queryTile});
    buffers.delta = allocate({queryTile});
    buffers.p = allocate({queryTile, keyTile});
    buffers.ds = allocate({queryTile, keyTile});
    Value first = rowOf(Sequences::Side::Keys, row.place, row.firstKey);
    OpFoldResult count = rowCount(row.firstKey, keyTile,
                                  lengthOf(Sequences::Side::Keys, row.place));
    buffers.firstKey = first;
    buffers.keyCount = count;
    auto sliceKeys = [&](Value buffer) {
      return sliceRows(buffer, element, row.keyHead, first, count);
    };

    ClearOp::create(b, buffers.dkey);
    ClearOp::create(b, buffers.dvalue);
    auto addHeads = [&] {
      LoadQueryOp::create(b, sliceKeys(op.getKey()), scores.productFactor(),
                          buffers.key);
      LoadQueryOp::create(b, sliceKeys(op.getValue()), one, buffers.value);
      auto emitHead = [&](Index n) {
        Value head = queryHead(row, n);
        VisitedTiles tiles = emitQueryTiles(head, row);
        addListed(head, row, tiles);
        KeyStep step{element, head, scores.load(element, head), tiles};
        emitTiles(tiles, element, head, row.firstKey,
                  [&](Index tile, TileKind kind) {
                    emitKeyStep(step, row, buffers, tile, kind);
                  });
      };
      if (op.getGroupSize() == 1)
        emitHead(ops.constant(0));
      else
        emitLoop(ops.constant(op.getGroupSize()), emitHead);
    };
    // Keys that no query sees cost only their gradients. Whether one lists them
    // is known when all lists have been read.
    if (op.hasTileLists())
      addHeads();
    else
      emitIfVisited(ops.wrap(emitVisited(row)), addHeads);
    StoreOp::create(b, buffers.dkey, scale, sliceKeys(op.getDkey()));
    StoreOp::create(b, buffers.dvalue, one, sliceKeys(op.getDvalue()));
  }

  /// What the query tiles of one head share.
  struct KeyStep {
    Value element, head;
    ScoreRegions::Head scores;
    const VisitedTiles &tiles;
  };

  /// One query tile. Full tiles lie within the queries; masked ones may end
  /// early.
  void emitKeyStep(const KeyStep &of, const KeyRow &row,
                   const KeyBuffers &buffers, Index tile, TileKind kind) {
    Index firstQuery = ops.mul(tile, ops.constant(queryTile));
    Value first = rowOf(Sequences::Side::Queries, row.place, firstQuery);
    OpFoldResult count = b.getIndexAttr(queryTile);
    if (kind != TileKind::Full)
      count = rowCount(firstQuery, queryTile,
                       lengthOf(Sequences::Side::Queries, row.place));
    auto sliceQueries = [&](Value buffer) {
      return sliceRows(buffer, of.element, of.head, first, count);
    };
    Value doutRows = sliceQueries(op.getDout());
    emitStatistics({of.element, of.head, first, count},
                   sliceQueries(op.getOut()), doutRows, buffers.shift,
                   buffers.delta);
    Value query = stage(sliceQueries(op.getQuery()), buffers.query, count);
    Value dout = stage(doutRows, buffers.dout, count);
    TilePositions positions =
        slicePositions(of.element, of.head, row.keyHead, first, count,
                       buffers.firstKey, buffers.keyCount);
    auto step = KeyGradientStepOp::create(
        b, buffers.key, buffers.value, query, dout, buffers.shift,
        buffers.delta, buffers.dkey, buffers.dvalue, buffers.p, buffers.ds);
    scores.emit(step.getScore(), of.scores, of.tiles.form, firstQuery,
                row.firstKey, positions, ScoreRegions::Derivative::ByProduct);
    emitMask(step.getMask(), of.tiles, kind, firstQuery, row.firstKey,
             positions);
  }

  /// The gradients by sink logits: a task for each head, so that its sum has
  /// one order.
  void emitSinkLogits() {
    emitTasks(index(op.getNumQueryHeads()),
              [&](Value head) { emitScope([&] { emitSinkLogit(head); }); });
  }

  void emitSinkLogit(Value head) {
    Value shift = allocate({queryTile}), delta = allocate({queryTile});
    Value sink = loadSinkLogit(head);
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    Value tiles = ops.materialize(ops.ceilDiv(ops.wrap(queries), queryTile));
    Value sum = emitSum(batch, zero, [&](Value element) {
      return emitSum(tiles, zero, [&](Value tile) -> Value {
        Index firstQuery = ops.mul(ops.wrap(tile), ops.constant(queryTile));
        Value first = ops.materialize(firstQuery);
        OpFoldResult count = rowCount(firstQuery, queryTile, queries);
        auto sliceQueries = [&](Value buffer) {
          return sliceRows(buffer, element, head, first, count);
        };
        emitStatistics({element, head, first, count}, sliceQueries(op.getOut()),
                       sliceQueries(op.getDout()), shift, delta);
        Value lse = sliceRowNumbers(op.getLse(), element, head, first, count);
        return SinkGradientOp::create(b, b.getF32Type(), lse, delta, sink);
      });
    });
    Value gradient = arith::NegFOp::create(b, sum);
    memref::StoreOp::create(b, gradient, op.getDsinkLogits(), head);
  }

  /// The gradients by slopes and biases: a task for each head, so that its sums
  /// have one order.
  void emitBiases() {
    emitTasks(index(op.getNumQueryHeads()),
              [&](Value head) { emitScope([&] { emitBiasesOfHead(head); }); });
  }

  void emitBiasesOfHead(Value head) {
    QueryBuffers buffers = allocateQueryBuffers();
    // Nobody reads it.
    ClearOp::create(b, buffers.dquery);
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    if (op.getDalibiSlopes())
      memref::StoreOp::create(b, zero, op.getDalibiSlopes(), ValueRange{head});
    if (op.getDdistanceBias())
      emitLoop(ops.constant(op.getNumDistances()), [&](Index entry) {
        memref::StoreOp::create(b, zero, op.getDdistanceBias(),
                                biasIndices(head, entry));
      });
    Value tileRows = countTiles(Sequences::Side::Queries);
    emitLoop(ops.wrap(batch), [&](Index batchElement) {
      Value element = ops.materialize(batchElement);
      emitLoop(ops.wrap(tileRows), [&](Index tile) {
        Index heads = ops.constant(op.getNumQueryHeads());
        Index ofHead = ops.wrap(head);
        if (sequences)
          ofHead = ops.add(ops.mul(batchElement, heads), ofHead);
        Index number = ops.add(ops.mul(ofHead, ops.wrap(tileRows)), tile);
        QueryRow row = emitQueryRow(ops.materialize(number), tileRows);
        emitQueryRow(row, [&] {
          emitQuerySteps(
              element, row, buffers, ScoreRegions::Derivative::ByBias,
              [&](const KeyTile &keys) { addBiases(row, keys, buffers.ds); });
        });
      });
    });
  }

  SmallVector<Value> biasIndices(Value head, Index entry) {
    const OperandInfo &info = getOperandInfo(OperandKind::DistanceBias);
    SmallVector<Value> indices(info.getRank());
    indices[op.getDim(info, Dim::Head)] = head;
    indices[op.getDim(info, Dim::Width)] = ops.materialize(entry);
    return indices;
  }

  /// Adds the gradients by the scores of a tile, which are 0 where a pair is
  /// not allowed.
  void addBiases(const QueryRow &row, const KeyTile &keys, Value ds) {
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    Value queryCount =
        getValueOrCreateConstantIndexOp(b, b.getLoc(), row.count);
    Value keyCount = memref::DimOp::create(b, keys.key, 0);
    Value sum = emitSum(keyCount, zero, [&](Value n) {
      return emitSum(queryCount, zero, [&](Value m) {
        Index query = ops.add(row.firstQuery, ops.wrap(m));
        Index key = ops.add(keys.firstKey, ops.wrap(n));
        Index distance = distanceOf(ops, row.visited.form, query, key);
        Value gradient = memref::LoadOp::create(b, ds, ValueRange{n, m});
        if (op.getDdistanceBias()) {
          SmallVector<Value> indices =
              biasIndices(row.head, scores.biasEntry(distance));
          Value before =
              memref::LoadOp::create(b, op.getDdistanceBias(), indices);
          Value after = arith::AddFOp::create(b, before, gradient);
          memref::StoreOp::create(b, after, op.getDdistanceBias(), indices);
        }
        if (!op.getDalibiSlopes())
          return zero;
        return Value(
            arith::MulFOp::create(b, gradient, scores.sizeOf(distance)));
      });
    });
    if (!op.getDalibiSlopes())
      return;
    Value before =
        memref::LoadOp::create(b, op.getDalibiSlopes(), ValueRange{row.head});
    Value after = arith::SubFOp::create(b, before, sum);
    memref::StoreOp::create(b, after, op.getDalibiSlopes(),
                            ValueRange{row.head});
  }

  AttentionBackwardOp op;
  int64_t headDim, valueDim;
  Value scale, one;
};

} // namespace

void spattn::lowerToLoops(AttentionBackwardOp op, TileShapeAttr tileShape,
                          const OpBuilder &builder) {
  BackwardLoops(op, tileShape, builder).run();
}
