//===- HeadWork.h - The least work of one head ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_HEADWORK_H
#define SPATTN_STRUCTURE_HEADWORK_H

#include "spattn/Structure/Host.h"

namespace spattn {

/// The least work of one query head, with keys and values of its own, for one
/// batch element: `totalWork` for the dimensions and bytes of `shape`.
Work headWork(const NormalForm<int64_t> &form, const WorkShape &shape);

} // namespace spattn

#endif // SPATTN_STRUCTURE_HEADWORK_H
