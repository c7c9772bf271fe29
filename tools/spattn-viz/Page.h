//===- Page.h - The page ----------------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_PAGE_H
#define SPATTN_TOOLS_SPATTN_VIZ_PAGE_H

#include "Levels.h"
#include "Schedule.h"
#include "Walk.h"

namespace spattn::viz {

/// What is shown of an attention, or of gradients.
struct Exhibit {
  AttentionOpInterface op;
  /// The structure as written.
  mlir::Attribute structure;
  Sizes sizes;
  /// None if there is no kernel for a GPU, for the reason given.
  std::optional<KernelPlan> plan;
  std::string whyNoKernel;
  Walk walk;
  std::optional<Schedule> schedule;
};

/// Writes one page that asks for nothing from outside.
void printPage(llvm::raw_ostream &stream, llvm::ArrayRef<Exhibit> exhibits,
               llvm::ArrayRef<Level> levels, const Options &options);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_PAGE_H
