//===- LiveKeys.h - Keys that later queries may see -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A decoder keeps the keys of all tokens so far, and adds a query at a time. A
// key that no later query sees is dead, and a cache may drop it. After n
// tokens, of a window of w united with a sink of s keys:
//
//   keys   0 ...... s ............ n - w + 1 ........ n
//          [ live  )[    dead    )[      live        )
//
// A key moves up when keys before it are dropped. Distances between the moved
// keys and later queries stay as they were, which is why the structure as it is
// describes what is left, if only a few conditions hold: `removableKeys`.
//
// Both ask what queries see at lengths that are not known yet. A structure
// whose bounds depend on N says nothing about those: all keys are live. One of
// a fixed length (`fixLength`) does.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_LIVEKEYS_H
#define SPATTN_STRUCTURE_LIVEKEYS_H

#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/NormalForm.h"

namespace spattn {

/// More tokens than any attention has.
constexpr int64_t kUnboundedLength = (int64_t(1) << 31) - 1;

/// Whether what a head sees depends on N: on how many keys there are, or on a
/// partition of as many distances.
bool dependsOnLength(const Structure &structure);

/// Of the keys [0, tokens), those that a query at one of the positions [tokens,
/// maxLength) sees in one of the query heads [firstHead, firstHead + count):
/// ascending spans that do not touch. Residues do not count: keys in between
/// may be dead. Otherwise exact where none of these heads depends on N; where
/// one does, all keys are live. The description is valid, and
/// 0 <= tokens <= maxLength <= kUnboundedLength.
std::vector<Span<int64_t>> liveKeys(const HeadStructures &heads,
                                    int64_t firstHead, int64_t count,
                                    int64_t tokens,
                                    int64_t maxLength = kUnboundedLength);

/// Keys [lo, hi) of [0, tokens) that are dead for all heads, and without which
/// later queries see of the other keys what they saw before, however many
/// follow, with both counted anew: query p at position p - (hi - lo), key j
/// from hi on at position j - (hi - lo). A sequence without them is thus one of
/// fewer tokens and of the same structure, and may lose more keys later. Empty
/// where there are none such.
///
/// These are the first dead keys after all places that intervals of keys name.
/// A multiple of all moduli is removed, where there are residues.
Span<int64_t> removableKeys(const HeadStructures &heads, int64_t tokens);

} // namespace spattn

#endif // SPATTN_STRUCTURE_LIVEKEYS_H
