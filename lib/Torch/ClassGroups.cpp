//===- ClassGroups.cpp - Heads that see within residue classes ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ClassGroups.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <unordered_map>

using namespace spattn::torch_ops;

namespace {
/// Never destroyed, because threads may use it while the process exits.
struct KnownGroups {
  /// More than a model uses at a time.
  static constexpr size_t kMost = 4096;

  std::mutex mutex;
  SpattnContext context = nullptr;
  std::unordered_map<std::string, std::shared_ptr<const Groups>> groups;
};

struct StructureDeleter {
  void operator()(SpattnStructure structure) const {
    spattnStructureDestroy(structure);
  }
};
using OwnedStructure =
    std::unique_ptr<std::remove_pointer_t<SpattnStructure>, StructureDeleter>;

SpattnAlignment alignmentOf(const KernelRequest &request) {
  return request.alignment == std::string("start") ? SpattnAlignmentStart
                                                   : SpattnAlignmentEnd;
}

/// Tiles that a head visits at the lengths of a request, divided.
int64_t countTiles(SpattnStructure structure, int64_t heads, int64_t head,
                   const KernelRequest &request, int64_t divisor) {
  SpattnPattern pattern = nullptr;
  check(spattnPatternCreate(structure, heads, request.queryLength / divisor,
                            request.keyLength / divisor, alignmentOf(request),
                            &pattern));
  SpattnTileCounts counts = {};
  SpattnStatus status =
      spattnPatternCountTiles(pattern, head, {128, 128}, &counts);
  spattnPatternDestroy(pattern);
  check(status);
  return counts.visited;
}

/// Whether two attentions and a merge visit fewer tiles than one with masks. A
/// merge takes as long as a few tiles of each row of tiles.
bool isWorthMerging(const SpattnDividedHeads &group, SpattnStructure whole,
                    int64_t firstHead, const KernelRequest &request) {
  constexpr int64_t kTilesOfMerge = 4;
  int64_t classes = group.remainder == SPATTN_UNKNOWN ? group.modulus : 1;
  int64_t ofClass =
      countTiles(group.structure, group.numHeads, 0, request, group.modulus);
  int64_t ofOthers = countTiles(group.others, group.numHeads, 0, request, 1);
  int64_t ofMerge = kTilesOfMerge * (request.queryLength / 128 + 1);
  return classes * ofClass + ofOthers + ofMerge <
         countTiles(whole, request.heads, firstHead, request, 1);
}
} // namespace

static std::atomic<KnownGroups *> knownGroups{new KnownGroups()};

void spattn::torch_ops::forgetGroups() { knownGroups = new KnownGroups(); }

/// The groups of heads, or none if masks take less.
static Groups divide(SpattnContext context, const KernelRequest &request) {
  std::string text = request.structure;
  SpattnStructure structure = nullptr;
  check(spattnStructureParse(context, text.data(), text.size(), &structure));
  OwnedStructure owner(structure);
  SpattnAlignment ends = alignmentOf(request);
  size_t count = 0;
  check(spattnStructureDivide(structure, request.heads, ends, nullptr, 0,
                              &count));
  std::vector<SpattnDividedHeads> found(count);
  check(spattnStructureDivide(structure, request.heads, ends, found.data(),
                              count, &count));
  std::vector<OwnedStructure> owned;
  for (const SpattnDividedHeads &group : found)
    for (SpattnStructure own : {group.structure, group.others})
      owned.emplace_back(own);
  Groups groups;
  int64_t firstHead = 0;
  for (const SpattnDividedHeads &group : found) {
    if (group.others && !isWorthMerging(group, structure, firstHead, request))
      return {};
    groups.push_back({group.numHeads, group.modulus, group.remainder,
                      spattnStructureGetText(group.structure),
                      spattnStructureGetText(group.others)});
    firstHead += group.numHeads;
  }
  return groups;
}

std::shared_ptr<const Groups>
spattn::torch_ops::findGroups(const KernelRequest &request) {
  if (!std::strstr(request.structure, "residues"))
    return nullptr;
  std::string key = request.structure;
  for (int64_t number : {request.heads, request.queryLength, request.keyLength})
    (key += ' ') += std::to_string(number);
  key += request.alignment;
  KnownGroups &known = *knownGroups;
  std::lock_guard<std::mutex> lock(known.mutex);
  if (auto it = known.groups.find(key); it != known.groups.end())
    return it->second;
  if (!known.context) {
    SpattnContextOptions options = {};
    options.threads = 1;
    check(spattnContextCreate(&options, &known.context));
  }
  auto groups = std::make_shared<Groups>(divide(known.context, request));
  if (known.groups.size() >= KnownGroups::kMost)
    known.groups.clear();
  return known.groups.emplace(std::move(key), groups).first->second;
}
