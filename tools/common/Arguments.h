//===- Arguments.h - What functions are called with -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_ARGUMENTS_H
#define SPATTN_TOOLS_COMMON_ARGUMENTS_H

#include "common/Entry.h"
#include "spattn/Reference/Interpreter.h"

namespace spattn::tool {

/// The arguments of an entry: what files hold, random normal numbers, scalars,
/// and memory for destinations.
mlir::LogicalResult makeArguments(Entry &entry, uint64_t seed,
                                  std::vector<ReferenceValue> &values);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_ARGUMENTS_H
