//===- FixLength.h - Structures of one length -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_FIXLENGTH_H
#define SPATTN_STRUCTURE_FIXLENGTH_H

#include "spattn/Structure/HeadStructures.h"

namespace spattn {

/// Heads that see at every length what their descriptions say where N is
/// `length`, in [0, 2^31): bounds are constants, and partitions the distances
/// that they share out at that length, head by head. Ends that are infinite
/// stay so. With more heads than `HeadStructures` takes intervals for, what
/// comes out may not be valid.
HeadStructures fixLength(const HeadStructures &heads, int64_t length);

} // namespace spattn

#endif // SPATTN_STRUCTURE_FIXLENGTH_H
