//===- Simplify.h - Equal descriptions that say less ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Descriptions in, descriptions out. With 64 queries and keys, as is known,
//
//   union(distances(0 to N floordiv 4), keys(0 to 4), distances(8 to 64))
//
// has distances(0 to 16) and distances(8 to 64), together distances(0 to 64).
// No pair is 64 apart, so that this is causal:
//
//   union(distances(0 to inf), keys(0 to 4))
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_SIMPLIFY_H
#define SPATTN_STRUCTURE_SIMPLIFY_H

#include "spattn/Structure/HeadStructures.h"
#include "spattn/Structure/NormalForm.h"

namespace spattn {

/// Lengths as far as they are known before run time.
using KnownLengths = Lengths<std::optional<int64_t>>;

/// A structure that allows the same pairs wherever the lengths are those known:
///  - bounds are constants where N is known, and infinite where no distance or
///    key that exists passes them;
///  - in a union or an intersection, structures of the same kind are one if
///    their bounds are in the same order for every N: intervals that overlap or
///    touch are one interval, unions in unions are one union;
///  - what is empty is left out, and so is what allows every pair in an
///    intersection;
///  - `A | A & B` is `A`, and `A & C | B & C` is one intersection if `A | B` is
///    one structure; and the same of intersections of unions.
///
/// The result does not change if it is simplified again. It has no more nodes,
/// intervals and pieces than `structure`, which is valid, and is valid but for
/// the number of intervals of its normal form (see below). Partitions keep
/// their closed form.
Structure simplify(const Structure &structure, KnownLengths lengths = {},
                   Alignment alignment = Alignment::End);

/// The same for all heads. Neighbouring groups whose heads see the same become
/// one. No group's normal form has more intervals than before: constants may be
/// in no certain order with what still depends on N, and a group whose bounds
/// were better off as they are is left alone.
HeadStructures simplify(const HeadStructures &heads, KnownLengths lengths = {},
                        Alignment alignment = Alignment::End);

} // namespace spattn

#endif // SPATTN_STRUCTURE_SIMPLIFY_H
