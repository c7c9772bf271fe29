//===- Forward.cpp - Attention to loops over its tiles --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileLoops.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_cpu;

namespace {

/// Lowers one attention on buffers.
class ForwardLoops : TileLoops {
public:
  ForwardLoops(AttentionOp op, TileShapeAttr tileShape,
               const OpBuilder &builder)
      : TileLoops(op, tileShape, builder), op(op) {}

  void run() {
    scores.begin();
    emitQueryRows(
        [&](Value element, const QueryRow &row) { emitItem(element, row); });
  }

private:
  /// Buffers of one work item: the state of its softmax, and scratch.
  struct ItemBuffers {
    Value query, acc, max, sum, scores, correction;
    StagedKeys stagedKeys;
  };

  ItemBuffers allocateBuffers() {
    ItemBuffers buffers;
    int64_t headDim = op.getHeadDim(), valueDim = op.getValueDim();
    buffers.query = allocate({headDim, queryTile});
    buffers.acc = allocate({queryTile, valueDim});
    buffers.max = allocate({queryTile});
    buffers.sum = allocate({queryTile});
    buffers.scores = allocate({keyTile, queryTile});
    buffers.correction = allocate({queryTile});
    buffers.stagedKeys = allocateStagedKeys();
    return buffers;
  }

  /// One query tile of one head of one batch element.
  void emitItem(Value element, const QueryRow &row) {
    ItemBuffers buffers = allocateBuffers();
    auto sliceQueries = [&](Value buffer) {
      return sliceRows(buffer, element, row.head, row.first, row.count);
    };
    spattn_cpu::OnlineInitOp::create(b, buffers.acc, buffers.max, buffers.sum,
                                     loadSinkLogit(row.head, row.place));
    // A row without keys costs only its output.
    emitIfVisited(countVisited(element, row), [&] {
      LoadQueryOp::create(b, sliceQueries(op.getQuery()),
                          scores.productFactor(), buffers.query);
      ScoreRegions::Head scoresOfHead = scores.load(element, row.head);
      emitTiles(row, element, [&](Index tile, TileKind kind) {
        KeyTile keys = loadKeys(element, row, tile, kind, buffers.stagedKeys);
        auto step = OnlineStepOp::create(b, buffers.query, keys.key, keys.value,
                                         buffers.acc, buffers.max, buffers.sum,
                                         buffers.scores, buffers.correction);
        scores.emit(step.getScore(), scoresOfHead, row.visited.form,
                    row.firstQuery, keys.firstKey, keys.positions,
                    ScoreRegions::Derivative::None);
        emitMask(step.getMask(), row.visited, kind, row.firstQuery,
                 keys.firstKey, keys.positions);
      });
    });
    Value lse;
    if (op.getLse())
      lse =
          sliceRowNumbers(op.getLse(), element, row.head, row.first, row.count);
    OnlineFinishOp::create(b, buffers.acc, buffers.max, buffers.sum,
                           sliceQueries(op.getOut()), lse);
  }

  AttentionOp op;
};

} // namespace

void spattn::lowerToLoops(AttentionOp op, TileShapeAttr tileShape,
                          const OpBuilder &builder) {
  ForwardLoops(op, tileShape, builder).run();
}
