//===- Structure.h - Which (query, key) pairs a head sees -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pure data: what one query head may see, described without lengths. Nothing
// here computes with the description: Simplify.h rewrites it, and Evaluate.h
// and what follows it answer questions about it.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_STRUCTURE_H
#define SPATTN_STRUCTURE_STRUCTURE_H

#include "spattn/Structure/Bound.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spattn {

/// Which ends of queries and keys belong together. Aligned distance is
/// d = i + off - j with off = Nk - Nq (End) or off = 0 (Start).
enum class Alignment { End, Start };

/// `end` or `start`.
const char *alignmentName(Alignment alignment);

/// Ways to share the distances [0, N), or those of a fixed length in place of
/// N, out to `H` heads. For head index x:
///   base = N / H, r = N % H, w = base + (x < r), start = x * base + min(x, r).
enum class Partition {
  Exclusive, ///< [start, start + w): every distance belongs to one head.
  LocalBand, ///< [0, w + 1) united with [start, start + w).
  Gapped,    ///< [start, start + w / 2).
  Local,     ///< [0, w + 1).
};

/// `exclusive`, `local_band`, `gapped` or `local`.
const char *partitionName(Partition partition);

/// A half-open interval [lo, hi).
struct Interval {
  Bound lo, hi;

  /// As it is written in IR: `0 to N floordiv 2`.
  std::string str() const;
  friend bool operator==(const Interval &a, const Interval &b) {
    return a.lo == b.lo && a.hi == b.hi;
  }
};

/// Places whose residues are those of an interval: places `x` with
/// `(x - lo) mod modulus < hi - lo`, where `mod` is never negative. `hi` may be
/// past the modulus; residues go round.
struct Residues {
  /// What has the residues: the distance, the key, or the query. The place of
  /// query `i` is `i + off`, also ahead of the first key.
  enum class Of { Distances, Keys, Queries };

  Of of;
  int64_t lo, hi, modulus;

  /// As it is written in IR: `keys, 6 to 8 mod 8`.
  std::string str() const;
  friend bool operator==(const Residues &a, const Residues &b) {
    return a.of == b.of && a.lo == b.lo && a.hi == b.hi &&
           a.modulus == b.modulus;
  }
};

/// `distances`, `keys` or `queries`.
const char *residuesName(Residues::Of of);

/// The distances of part `index` of a partition of [0, length) into `of`, some
/// of which may be empty. Its length and numbers are valid.
std::vector<Interval> partitionDistances(Partition partition, int64_t of,
                                         int64_t index, int64_t length);

/// A set of allowed (query i, key j) pairs with a closed form, in terms of the
/// aligned distance d = i + off - j (see Alignment), of j, and of the query's
/// position among the keys, max(i + off, 0); and in terms of residues of d, j
/// and i + off. N in bounds and partitions is Nk.
/// Pairs outside [0, Nq) x [0, Nk) are never allowed, whatever a structure
/// says.
///
/// Immutable and cheap to copy. Factories accept anything; `validate` says
/// what is wrong with it.
class Structure {
public:
  enum class Kind {
    Distances,
    Keys,
    Queries,
    Residues,
    Band,
    Union,
    Intersection
  };

  /// Limits that `validate` enforces, so that what a structure expands to
  /// stays small.
  static constexpr int64_t maxPieces = 64;
  static constexpr int64_t maxIntervals = 24;
  static constexpr int64_t maxKeyBounds = 16;
  static constexpr int64_t maxQueryBounds = 16;
  static constexpr int64_t maxResidues = 8;
  static constexpr int64_t maxModulus = int64_t(1) << 20;
  static constexpr int64_t maxDepth = 64;
  static constexpr int64_t maxSize = 4096;
  static constexpr int64_t maxPartition = int64_t(1) << 20;
  static constexpr int64_t maxPartitionLength = (int64_t(1) << 30) - 1;

  /// Pairs whose distance lies in one of the intervals; none without intervals.
  static Structure distances(std::vector<Interval> intervals);
  /// Pairs whose key lies in [lo, hi), whatever their distance.
  static Structure keys(Bound lo, Bound hi);
  /// Pairs whose query is at a position in [lo, hi), whatever their distance.
  static Structure queries(Bound lo, Bound hi);
  /// Pairs whose distance, key or query has one of the residues.
  static Structure residues(Residues residues);
  /// Head `index`'s part of a partition among `of` heads. Left out, `of` is
  /// the number of heads of the group the structure is used in, and `index`
  /// the head's position in it. What is shared out are the distances
  /// [0, length), or [0, N) if that is left out.
  static Structure band(Partition partition,
                        std::optional<int64_t> of = std::nullopt,
                        std::optional<int64_t> index = std::nullopt,
                        std::optional<int64_t> length = std::nullopt);
  static Structure unite(std::vector<Structure> parts);
  static Structure intersect(std::vector<Structure> parts);

  /// Every pair, and no pair.
  static Structure full();
  static Structure none();
  /// d >= 0.
  static Structure causal();
  /// -right <= d <= left, both ends included (FlashAttention's convention);
  /// a side left out is unbounded.
  static Structure window(std::optional<int64_t> left,
                          std::optional<int64_t> right);
  /// d mod modulus = remainder.
  static Structure strided(int64_t modulus, int64_t remainder = 0);
  /// d >= 0 and j < count: the first keys stay visible. No pair for 0.
  static Structure sink(int64_t count);
  /// d >= 0 or j < count: bidirectional over a prefix. Causal for 0.
  static Structure prefix(int64_t count);

  Kind kind() const;
  /// Distances: the intervals, as given.
  const std::vector<Interval> &intervals() const;
  /// Keys and Queries: the interval.
  const Interval &keyInterval() const;
  const Interval &queryInterval() const;
  /// Residues: what they are.
  const Residues &residues() const;
  /// Band: the partition, and its explicit parameters, if any.
  Partition partition() const;
  std::optional<int64_t> partitionOf() const;
  std::optional<int64_t> partitionIndex() const;
  std::optional<int64_t> partitionLength() const;
  /// Union and Intersection: the parts.
  const std::vector<Structure> &children() const;

  /// Whether what a head sees depends on its place in the group that the
  /// structure is used in.
  bool dependsOnGroup() const;

  /// The levels and the nodes of the description as a tree; nodes saturate at
  /// `maxSize + 1`.
  int64_t depth() const;
  int64_t size() const;

  /// How many boxes (distance interval x key interval x query interval) the
  /// structure expands to at most, saturated at `maxPieces + 1`.
  int64_t pieces() const;

  /// How many intervals of distances its normal form has at most, over all
  /// layers and segments of keys and of queries and whatever the lengths are,
  /// where it is used for a group of so many heads. The structure has to be
  /// valid but for that number.
  int64_t countIntervals(int64_t heads) const;

  /// What makes the structure unusable, if anything. `heads` is the number of
  /// heads of the group it is used in; without it, what depends on that number
  /// is not checked.
  std::optional<std::string>
  validate(std::optional<int64_t> heads = std::nullopt) const;
  /// The same for a group of so many heads. Sets `intervals` to what
  /// `countIntervals` says, unless something else is wrong.
  std::optional<std::string> validate(int64_t heads, int64_t &intervals) const;

  /// `union(distances(0 to 5), keys(0 to 4), band(exclusive, of 16))`.
  std::string str() const;

  friend bool operator==(const Structure &a, const Structure &b);
  friend bool operator!=(const Structure &a, const Structure &b) {
    return !(a == b);
  }

private:
  struct Node;
  explicit Structure(std::shared_ptr<const Node> node);
  static Structure make(Node node);

  std::shared_ptr<const Node> node;
};

} // namespace spattn

#endif // SPATTN_STRUCTURE_STRUCTURE_H
