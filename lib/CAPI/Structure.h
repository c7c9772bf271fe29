//===- Structure.h - The handle of a structure ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CAPI_STRUCTURE_H
#define SPATTN_LIB_CAPI_STRUCTURE_H

#include "Context.h"
#include "spattn-c/Structure.h"
#include "spattn/Structure/HeadStructures.h"

struct SpattnStructureImpl {
  /// The structures of `numHeads` heads. A mixture must have that many.
  spattn::HeadStructures forHeads(int64_t numHeads) const {
    if (!anyNumber)
      return heads;
    return spattn::HeadStructures({{numHeads, heads.groups()[0].structure}});
  }

  /// One group of one head if `anyNumber`.
  spattn::HeadStructures heads;
  bool anyNumber;
  std::string text, canonical;
  /// For printing structures that are derived from this one.
  std::shared_ptr<const spattn::capi::Shared> shared;
};

namespace spattn {
namespace capi {

/// Lengths are less.
constexpr int64_t kLengthLimit = int64_t(1) << 30;

/// Makes a handle of a structure, if it is valid.
SpattnStatus makeStructure(std::shared_ptr<const Shared> shared,
                           HeadStructures heads, bool anyNumber,
                           SpattnStructure *structure);

/// Checks that a structure fits `numHeads` heads. Replaces 0 by the number of
/// heads of a mixture.
SpattnStatus resolveHeads(SpattnStructure structure, int64_t &numHeads);

/// Converts to the algebra's enum.
SpattnStatus convert(SpattnAlignment given, Alignment &alignment);

} // namespace capi
} // namespace spattn

#endif // SPATTN_LIB_CAPI_STRUCTURE_H
