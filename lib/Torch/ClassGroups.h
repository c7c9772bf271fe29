//===- ClassGroups.h - Heads that see within residue classes ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_CLASSGROUPS_H
#define SPATTN_LIB_TORCH_CLASSGROUPS_H

#include "Kernels.h"
#include "spattn-c/Structure.h"

#include <memory>
#include <string>
#include <vector>

namespace spattn {
namespace torch_ops {

/// Heads with the same classes, and what they see of a class.
struct Group {
  int64_t heads, modulus;
  /// SPATTN_UNKNOWN: all classes.
  int64_t remainder;
  std::string structure;
  /// What they see besides, if anything.
  std::string others = {};
};

using Groups = std::vector<Group>;

/// The groups of a request's heads; none if it has no residues, or if masks
/// take less than a merge. What is found out is kept.
std::shared_ptr<const Groups> findGroups(const KernelRequest &request);

/// Forgets it, in a forked child.
void forgetGroups();

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_CLASSGROUPS_H
