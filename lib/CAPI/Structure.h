//===- Structure.h - What structures hold -----------------------*- C++ -*-===//
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
  /// The structures of so many heads, which have to be as many as the
  /// description is for.
  spattn::HeadStructures forHeads(int64_t numHeads) const {
    if (!anyNumber)
      return heads;
    return spattn::HeadStructures({{numHeads, heads.groups()[0].structure}});
  }

  /// Without a number, one group of one head.
  spattn::HeadStructures heads;
  bool anyNumber;
  std::string text, canonical;
  /// To print what comes of this.
  std::shared_ptr<const spattn::capi::Shared> shared;
};

namespace spattn {
namespace capi {

/// An error if a structure is not for so many heads; 0 stands for as many as it
/// is for, and is replaced by that.
SpattnStatus resolveHeads(SpattnStructure structure, int64_t &numHeads);

/// As a type of the algebra.
SpattnStatus convert(SpattnAlignment given, Alignment &alignment);

} // namespace capi
} // namespace spattn

#endif // SPATTN_LIB_CAPI_STRUCTURE_H
