//===- TileLists.h - Random lists of tiles ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_TILELISTS_H
#define SPATTN_TOOLS_COMMON_TILELISTS_H

#include "common/Entry.h"
#include "spattn/Reference/Interpreter.h"

namespace spattn::tool {

/// Fills the lists of tiles of an attention with random ones, unless files hold
/// them: ascending tiles, some lists empty, some full.
void drawTileLists(Entry &entry, uint64_t seed,
                   llvm::ArrayRef<ReferenceValue> values);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_TILELISTS_H
