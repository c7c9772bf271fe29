//===- Divide.h - Heads that see within residue classes ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where all distances are multiples of a number, queries and keys of one
// residue class see nothing of another: a window of 512 distances that are
// multiples of 4 is a window of 128 within each of four classes. So it takes a
// fourth of the work, on arrays with other strides.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_DIVIDE_H
#define SPATTN_STRUCTURE_DIVIDE_H

#include "spattn/Structure/HeadStructures.h"

namespace spattn {

/// What heads see within the classes of places of the same residue.
struct DividedStructure {
  /// 1: there is one class, of all places.
  int64_t modulus;
  /// The only class whose places see any; without it, all classes see the same.
  std::optional<int64_t> remainder;
  /// What place `y` of a class, which is place `modulus * y` plus the residue,
  /// sees of the class. Holds where both lengths are multiples of the modulus.
  Structure structure;
  /// What is seen besides, if anything: other pairs, of all places.
  std::optional<Structure> others = std::nullopt;
};

/// Divides a structure by the modulus of its residues, where it has the same
/// form within each class: distances that are multiples of the modulus, or
/// queries and keys of one residue, in an intersection with what has constant
/// bounds; or united with constant intervals of distances, which are the others
/// then. The modulus is 1 elsewhere.
DividedStructure divide(const Structure &structure,
                        Alignment alignment = Alignment::End);

/// A group of heads, divided.
struct DividedGroup {
  int64_t count;
  DividedStructure divided;
};

/// The same for all heads. No group is left out, and none is joined.
std::vector<DividedGroup> divide(const HeadStructures &heads,
                                 Alignment alignment = Alignment::End);

} // namespace spattn

#endif // SPATTN_STRUCTURE_DIVIDE_H
