//===- WorkOrder.h - Which CTA does which work tile -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the emitted schedulers do (Parts/WorkScheduler.h, Backward/
// KeyTileScheduler.h), on the host: for tools that show it. Unit tests compare
// both.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOSPATTNGPU_WORKORDER_H
#define SPATTN_CONVERSION_SPATTNTOSPATTNGPU_WORKORDER_H

#include <cstdint>
#include <functional>
#include <vector>

namespace spattn {

/// A tile of queries of a head, or of keys of a key head.
struct WorkPlace {
  int64_t batch, head, tile;
};

/// The numbers of work tiles that are tiles of queries, as RowTiles has them.
class RowTileOrder {
public:
  /// `rows` tiles of each of `heads` heads, or sets of packed heads.
  RowTileOrder(int64_t batches, int64_t heads, int64_t rows)
      : batches(batches), rowHeads(batches * heads), grouped(rowHeads),
        rows(rows) {}

  /// Heads that are done together: the largest power of two that divides their
  /// number, and of whose keys there are at most `most`; `keys` is what one
  /// has.
  void groupHeads(int64_t keys, int64_t most);

  int64_t count() const { return rowHeads * rows; }
  WorkPlace locate(int64_t number) const;

private:
  int64_t batches, rowHeads, grouped, rows;
};

/// The numbers of key tiles, as KeyTileScheduler has them.
class KeyTileOrder {
public:
  /// `columns` tiles of each of `keyHeads` heads, of which `together` are under
  /// way at once.
  KeyTileOrder(int64_t batches, int64_t keyHeads, int64_t columns,
               int64_t together)
      : batches(batches), heads(batches * keyHeads), columns(columns),
        together(together) {}

  /// Where CTAs take pairs: as many heads together, at most those given, that
  /// groups from the last are groups from the first.
  void groupForPairs();

  int64_t count() const { return heads * columns; }
  WorkPlace locate(int64_t number) const;

private:
  int64_t batches, heads, columns, together;
};

/// The numbers of the work tiles of each CTA, in order.
using DealtWork = std::vector<std::vector<int64_t>>;

/// As the static scheduler deals them.
DealtWork dealStatic(int64_t count, int64_t ctas);

/// As CTAs take them from a counter, in order, if each takes the next one when
/// it is free: a model, since a CTA asks for work tiles ahead. The n-th keeps a
/// CTA busy for `clocks`; of those who are free at once, the first is served
/// first.
DealtWork dealInOrder(int64_t count, int64_t ctas,
                      const std::function<int64_t(int64_t)> &clocks);

/// The same in pairs: a work tile, and the one that is as far from the last as
/// the other one is from the first.
DealtWork dealPairs(int64_t count, int64_t ctas,
                    const std::function<int64_t(int64_t)> &clocks);

/// The same of the dynamic scheduler, which starts with the last.
DealtWork dealDynamic(int64_t count, int64_t ctas,
                      const std::function<int64_t(int64_t)> &clocks);
DealtWork dealDynamicPairs(int64_t count, int64_t ctas,
                           const std::function<int64_t(int64_t)> &clocks);

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOSPATTNGPU_WORKORDER_H
