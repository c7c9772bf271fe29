//===- Problem.h - The functions to measure ---------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_BENCH_PROBLEM_H
#define SPATTN_TOOLS_SPATTN_BENCH_PROBLEM_H

#include "Options.h"
#include "common/Entry.h"
#include "common/Source.h"

namespace spattn::bench {

/// Makes the module of a problem: a function `attention` of any batch size and
/// lengths. Its structure is checked before it becomes part of a text. Errors
/// have been printed.
mlir::LogicalResult makeSource(mlir::MLIRContext &context,
                               const Problem &problem, Source &source);

/// The functions at one batch size and lengths. Each has one attention.
mlir::FailureOr<std::vector<Entry>> collectEntries(Source &source,
                                                   const Options &options,
                                                   const ProblemSizes &lengths);

/// `exclusive H16 D128 B8 N4096`: a short name for what an entry computes.
std::string getWorkload(Entry &entry, const Options &options);

} // namespace spattn::bench

#endif // SPATTN_TOOLS_SPATTN_BENCH_PROBLEM_H
