//===- Report.h - What is printed -------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_BENCH_REPORT_H
#define SPATTN_TOOLS_SPATTN_BENCH_REPORT_H

#include "Measure.h"

namespace spattn::bench {

/// Prints tables for people.
void printReport(llvm::raw_ostream &stream, const System &system,
                 llvm::ArrayRef<Row> rows);

/// Prints rows like those of docs/benchmarks. What is not known, or is no
/// number, is null.
void printJson(llvm::raw_ostream &stream, const System &system,
               llvm::ArrayRef<Row> rows, const Options &options);

} // namespace spattn::bench

#endif // SPATTN_TOOLS_SPATTN_BENCH_REPORT_H
