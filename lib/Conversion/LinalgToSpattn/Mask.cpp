//===- Mask.cpp - What masks allow, as structures -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PairEvaluator.h"
#include "spattn/Structure/Simplify.h"

using namespace mlir;
using namespace spattn;

/// Structures of more nodes are looked for once more, in masks up to that size.
static constexpr int64_t kShort = 4, kMaxShortened = int64_t(1) << 20;

namespace {
class Finder {
public:
  Finder(ExprGraph &graph, const LoopSpace &space, const MaskLoops &loops,
         ArrayRef<Mask> masks, int64_t numHeads,
         std::optional<Alignment> alignment)
      : graph(graph), space(space), loops(loops), masks(masks),
        numHeads(numHeads), queries(space.size(loops.query)),
        keys(space.size(loops.key)), wanted(alignment) {
    isStatic = !ShapedType::isDynamic(queries) && !ShapedType::isDynamic(keys);
    bool dependsOnHead = llvm::any_of(masks, [&](const Mask &mask) {
      return graph.dependsOn(mask.expr, loops.head);
    });
    distinctHeads = dependsOnHead ? numHeads : 1;
  }

  std::optional<MaskedHeads> find(Refusal &refusal) {
    std::optional<MaskedHeads> best;
    for (Alignment alignment : getAlignments()) {
      std::optional<MaskedHeads> found = find(alignment, refusal);
      if (found &&
          (!best || found->heads.str().size() < best->heads.str().size()))
        best = found;
    }
    if (best)
      refusal = {};
    return best;
  }

private:
  /// Indices count from the start. What that means if ends are aligned is known
  /// if lengths are.
  SmallVector<Alignment> getAlignments() const {
    if (wanted)
      return {*wanted};
    if (!isStatic)
      return {Alignment::Start};
    if (queries == keys)
      return {Alignment::End};
    return {Alignment::End, Alignment::Start};
  }

  /// The same in other words, if there are shorter ones.
  Structure shorten(const Structure &structure, Alignment alignment) const {
    if (!isStatic || structure.size() <= kShort ||
        queries * keys > kMaxShortened)
      return structure;
    std::optional<Structure> found = findStructure(
        listPairs(structure, queries, keys, alignment), alignment);
    return found && found->size() < structure.size() ? *found : structure;
  }

  std::optional<Structure> findOne(int64_t head, Alignment alignment,
                                   bool &isFinite, Refusal &refusal) {
    int64_t offset =
        alignment == Alignment::End && isStatic ? keys - queries : 0;
    KnownLengths lengths;
    if (isStatic)
      lengths = {queries, keys};
    bool ownFinite = false;
    Refusal whyNotRead;
    if (std::optional<Structure> read = readMasks(
            graph, space, loops, masks, head, offset, ownFinite, whyNotRead)) {
      Structure simple = simplify(*read, lengths, alignment);
      std::optional<std::string> message =
          HeadStructures({{1, simple}}).validate();
      if (!message) {
        isFinite |= ownFinite;
        return shorten(simple, alignment);
      }
      whyNotRead.set(masks.front().expr->where(),
                     "makes a mask beyond the limits of structures: " +
                         *message);
    }
    if (!canEvaluate(queries, keys, distinctHeads)) {
      refusal.set(whyNotRead.op, whyNotRead.reason);
      return std::nullopt;
    }
    std::optional<PairGrid> grid =
        evaluateMasks(graph, space, loops, masks, head, isFinite, refusal);
    if (!grid)
      return std::nullopt;
    std::optional<Structure> found = findStructure(*grid, alignment);
    if (!found)
      return refusal.set(masks.front().expr->where(),
                         "makes a mask that no structure was found for");
    return found;
  }

  std::optional<MaskedHeads> find(Alignment alignment, Refusal &refusal) {
    MaskedHeads result;
    result.alignment = alignment;
    std::vector<HeadGroup> groups;
    for (int64_t head = 0; head < distinctHeads; ++head) {
      std::optional<Structure> structure =
          findOne(head, alignment, result.isFinite, refusal);
      if (!structure)
        return std::nullopt;
      if (!groups.empty() && groups.back().structure == *structure)
        ++groups.back().count;
      else
        groups.push_back({1, *structure});
    }
    if (distinctHeads == 1)
      groups.front().count = numHeads;
    result.heads = HeadStructures(groups);
    if (std::optional<std::string> message = result.heads.validate())
      return refusal.set(masks.empty() ? nullptr : masks.front().expr->where(),
                         "makes a mask beyond the limits of structures: " +
                             *message);
    return result;
  }

  ExprGraph &graph;
  const LoopSpace &space;
  const MaskLoops &loops;
  ArrayRef<Mask> masks;
  int64_t numHeads, queries, keys, distinctHeads;
  std::optional<Alignment> wanted;
  bool isStatic;
};
} // namespace

bool spattn::isMask(ExprGraph &graph, const LoopSpace &space,
                    const MaskLoops &loops, const Mask &mask, int64_t numHeads,
                    Refusal &refusal) {
  int64_t queries = space.size(loops.query), keys = space.size(loops.key);
  int64_t heads = graph.dependsOn(mask.expr, loops.head) ? numHeads : 1;
  for (int64_t head = 0; head < heads; ++head) {
    bool isFinite = false;
    Refusal whyNotRead;
    if (readMasks(graph, space, loops, mask, head, /*offset=*/0, isFinite,
                  whyNotRead))
      continue;
    if (!canEvaluate(queries, keys, heads)) {
      refusal = whyNotRead;
      return false;
    }
    if (!evaluateMasks(graph, space, loops, mask, head, isFinite, refusal))
      return false;
  }
  return true;
}

std::optional<MaskedHeads>
spattn::findStructures(ExprGraph &graph, const LoopSpace &space,
                       const MaskLoops &loops, ArrayRef<Mask> masks,
                       int64_t numHeads, Refusal &refusal,
                       std::optional<Alignment> alignment) {
  return Finder(graph, space, loops, masks, numHeads, alignment).find(refusal);
}
