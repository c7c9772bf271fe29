//===- Report.h - What is printed -------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_RUN_REPORT_H
#define SPATTN_TOOLS_SPATTN_RUN_REPORT_H

#include "Run.h"

namespace spattn::run {

/// Prints all that is known of each entry, then a table of all.
void printReports(llvm::raw_ostream &stream,
                  llvm::ArrayRef<EntryReport> reports, const Options &options);

/// Prints the same as JSON. What is not known, or is no number, is null.
void printJson(llvm::raw_ostream &stream, llvm::ArrayRef<EntryReport> reports,
               const Options &options);

} // namespace spattn::run

#endif // SPATTN_TOOLS_SPATTN_RUN_REPORT_H
