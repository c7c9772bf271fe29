//===- HeadStructures.cpp - Structures over the heads ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/HeadStructures.h"

using namespace spattn;

int64_t HeadStructures::numHeads() const {
  int64_t heads = 0;
  for (const HeadGroup &group : headGroups)
    heads += group.count;
  return heads;
}

bool HeadStructures::areAlike(int64_t count) const {
  int64_t end = 0;
  for (size_t i = 0; count > 1 && i < headGroups.size(); ++i) {
    const HeadGroup &group = headGroups[i];
    bool joinsLast = i > 0 && end % count != 0;
    if (group.structure.dependsOnGroup() ||
        (joinsLast && headGroups[i - 1].structure != group.structure))
      return false;
    end += group.count;
  }
  return true;
}

/// Intervals of one structure are sorted, which takes more code than as many
/// structures of one: compiling a kernel of what is allowed takes 5 s at most.
static constexpr int64_t kMany = 8, kMostOfMany = 64;

std::optional<std::string> HeadStructures::validate() const {
  if (headGroups.empty())
    return "there is no head group";
  int64_t heads = 0, intervals = 0, ofMany = 0;
  for (size_t i = 0; i < headGroups.size(); ++i) {
    const HeadGroup &group = headGroups[i];
    std::string where = "head group " + std::to_string(i) + ": ";
    if (group.count < 1)
      return where + "it has " + std::to_string(group.count) +
             " heads, but needs at least one";
    if (group.count > maxHeads || (heads += group.count) > maxHeads)
      return where + "more than 2^20 heads are out of range";
    int64_t own;
    if (std::optional<std::string> message =
            group.structure.validate(group.count, own))
      return where + *message;
    intervals += own;
    if (own > kMany)
      ofMany += own;
  }
  if (intervals > maxIntervals)
    return "the structures of all head groups have " +
           std::to_string(intervals) + " intervals of distances; at most " +
           std::to_string(maxIntervals) + " are supported";
  if (ofMany > kMostOfMany)
    return "the structures of head groups that have more than " +
           std::to_string(kMany) + " intervals of distances have " +
           std::to_string(ofMany) + " together; at most " +
           std::to_string(kMostOfMany) + " are supported";
  return std::nullopt;
}

std::string HeadStructures::str() const {
  std::string text;
  for (const HeadGroup &group : headGroups)
    text += (text.empty() ? "" : ", ") + std::to_string(group.count) + " x " +
            group.structure.str();
  return text;
}
