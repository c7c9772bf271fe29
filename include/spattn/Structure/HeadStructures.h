//===- HeadStructures.h - Structures over the heads -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_HEADSTRUCTURES_H
#define SPATTN_STRUCTURE_HEADSTRUCTURES_H

#include "spattn/Structure/Structure.h"

#include <utility>

namespace spattn {

/// `count` consecutive query heads that share one description. Partitions with
/// implicit parameters share the distances out among these heads only.
struct HeadGroup {
  int64_t count;
  Structure structure;

  friend bool operator==(const HeadGroup &a, const HeadGroup &b) {
    return a.count == b.count && a.structure == b.structure;
  }
};

/// The structures of all query heads of an attention: groups in head order.
class HeadStructures {
public:
  static constexpr int64_t maxHeads = int64_t(1) << 20;
  /// Intervals of all groups together: kernels have code for each.
  static constexpr int64_t maxIntervals = 128;

  HeadStructures() = default;
  explicit HeadStructures(std::vector<HeadGroup> groups)
      : headGroups(std::move(groups)) {}

  const std::vector<HeadGroup> &groups() const { return headGroups; }
  int64_t numHeads() const;

  /// Whether the heads of each run of `count`, of which the first starts with
  /// head 0, see the same whatever the lengths are, as far as descriptions
  /// tell: those of Simplify.h tell most.
  bool areAlike(int64_t count) const;

  /// What makes the description unusable, if anything.
  std::optional<std::string> validate() const;

  /// `16 x band(exclusive), 2 x distances([0, inf))`.
  std::string str() const;

  friend bool operator==(const HeadStructures &a, const HeadStructures &b) {
    return a.headGroups == b.headGroups;
  }

private:
  std::vector<HeadGroup> headGroups;
};

} // namespace spattn

#endif // SPATTN_STRUCTURE_HEADSTRUCTURES_H
