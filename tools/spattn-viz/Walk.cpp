//===- Walk.cpp - The tiles that heads visit ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Walk.h"
#include "common/Tiles.h"

#include "spattn/Dialect/Spattn/Transforms/TileShape.h"
#include "spattn/Structure/Algebra.h"
#include "spattn/Structure/HeadWork.h"

#include <map>

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;

/// Runs of all pictures at most, and of one.
static constexpr size_t kMostRuns = 1 << 16, kMostRunsOfHead = 1 << 12;

using Form = NormalForm<int64_t>;

/// The key that a row's tiles are counted from, and its ranges of tiles.
static std::vector<int64_t> describeRow(const Form &form, int64_t row,
                                        TileShape tile, bool fromFirstKey) {
  IntOps ops;
  int64_t begin = row * tile.queries, end = begin + tile.queries;
  int64_t origin = fromFirstKey ? firstKey(ops, form, begin, end) : 0;
  std::vector<int64_t> numbers{origin};
  for (const TileRange<int64_t> &range :
       keyTiles(ops, form, begin, end, tile.keys, origin)) {
    if (range.begin == range.end)
      continue;
    numbers.insert(numbers.end(),
                   {range.begin, range.fullBegin, range.fullEnd, range.end});
  }
  // Nothing is counted.
  if (numbers.size() == 1)
    numbers.front() = 0;
  return numbers;
}

/// Rows that visit the same become one run.
static Picture draw(const Form &form, TileShape tile, bool fromFirstKey) {
  Picture runs;
  int64_t rows = IntOps().ceilDiv(form.lengths.queries, tile.queries);
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<int64_t> numbers = describeRow(form, row, tile, fromFirstKey);
    if (!runs.empty() &&
        std::equal(numbers.begin(), numbers.end(), runs.back().begin() + 2,
                   runs.back().end())) {
      ++runs.back()[1];
      continue;
    }
    numbers.insert(numbers.begin(), {row, 1});
    runs.push_back(std::move(numbers));
  }
  return runs;
}

static TileCounts countPictureTiles(const Picture &runs, const Sizes &sizes,
                                    TileShape tile) {
  IntOps ops;
  TileCounts counts;
  for (const std::vector<int64_t> &run : runs)
    for (size_t i = 3; i < run.size(); i += 4) {
      counts.visited += run[1] * (run[i + 3] - run[i]);
      counts.full += run[1] * (run[i + 2] - run[i + 1]);
    }
  counts.masked = counts.visited - counts.full;
  int64_t all = ops.ceilDiv(sizes.queries, tile.queries) *
                ops.ceilDiv(sizes.keys, tile.keys);
  // Of tiles that do not start at multiples of their size there may be more.
  counts.skipped = std::max<int64_t>(all - counts.visited, 0);
  return counts;
}

namespace {
/// Pictures, of which heads that see the same share one.
class Album {
public:
  size_t add(Picture picture) {
    auto [place, isNew] = places.try_emplace(picture, pictures.size());
    if (isNew)
      pictures.push_back(std::move(picture));
    return place->second;
  }

  bool isTooLarge() const {
    size_t runs = 0;
    for (const Picture &picture : pictures) {
      runs += picture.size();
      if (picture.size() > kMostRunsOfHead)
        return true;
    }
    return runs > kMostRuns;
  }

  std::vector<Picture> take() { return std::move(pictures); }

private:
  std::vector<Picture> pictures;
  std::map<Picture, size_t> places;
};
} // namespace

Walk spattn::viz::walkTiles(AttentionOpInterface op, const Sizes &sizes,
                            const KernelPlan *plan) {
  Walk walk;
  walk.tile = plan ? plan->tile : getTileShape(getTileShapeAttr(op));
  walk.fromFirstKey = plan && plan->fromFirstKey;
  WorkShape shape = tool::getWorkShape(op, {sizes.queries, sizes.keys});
  walk.work = totalWork(op.getHeadStructures(), shape);
  HostAlgebra algebra = getAlgebra(op, sizes.queries, sizes.keys);
  Album album;
  for (int64_t head = 0; head < algebra.numHeads(); ++head) {
    Form form = algebra.normalForm(head);
    Picture picture = draw(form, walk.tile, walk.fromFirstKey);
    TileCounts counts = countPictureTiles(picture, sizes, walk.tile);
    walk.tiles += counts;
    walk.heads.push_back(
        {album.add(std::move(picture)), counts, headWork(form, shape)});
  }
  walk.drawn = walk.tile;
  while (album.isTooLarge()) {
    walk.drawn = {2 * walk.drawn.queries, 2 * walk.drawn.keys};
    album = Album();
    for (auto [head, own] : llvm::enumerate(walk.heads))
      own.picture = album.add(draw(algebra.normalForm(head), walk.drawn,
                                   /*fromFirstKey=*/false));
  }
  walk.pictures = album.take();
  return walk;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static void printCosts(llvm::json::OStream &json, const TileCounts &tiles,
                       const Work &work, bool isForward) {
  json.attribute("visited", tiles.visited);
  json.attribute("full", tiles.full);
  json.attribute("masked", tiles.masked);
  json.attribute("skipped", tiles.skipped);
  json.attribute("pairs", work.pairs);
  json.attribute("flops", isForward ? work.flopsForward : work.flopsBackward);
  json.attribute("bytes", isForward ? work.bytesForward : work.bytesBackward);
}

void spattn::viz::printWalk(llvm::json::OStream &json, const Walk &walk,
                            bool isForward) {
  auto printTile = [&](StringRef name, TileShape tile) {
    json.attributeObject(name, [&] {
      json.attribute("queries", tile.queries);
      json.attribute("keys", tile.keys);
    });
  };
  printTile("tile", walk.tile);
  printTile("drawn", walk.drawn);
  bool isLarger = walk.drawn.queries != walk.tile.queries;
  json.attribute("fromFirstKey", walk.fromFirstKey && !isLarger);
  json.attributeArray("pictures", [&] {
    for (const Picture &picture : walk.pictures)
      json.array([&] {
        for (const std::vector<int64_t> &run : picture)
          json.array([&] {
            for (int64_t number : run)
              json.value(number);
          });
      });
  });
  json.attributeArray("heads", [&] {
    for (const HeadWalk &head : walk.heads)
      json.object([&] {
        json.attribute("picture", int64_t(head.picture));
        printCosts(json, head.tiles, head.work, isForward);
      });
  });
  json.attributeObject(
      "total", [&] { printCosts(json, walk.tiles, walk.work, isForward); });
}
