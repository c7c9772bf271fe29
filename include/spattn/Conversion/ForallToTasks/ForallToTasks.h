//===- ForallToTasks.h - Parallel loops to tasks for a thread pool *- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_FORALLTOTASKS_FORALLTOTASKS_H
#define SPATTN_CONVERSION_FORALLTOTASKS_FORALLTOTASKS_H

#include "mlir/Pass/Pass.h"

namespace spattn {

#define GEN_PASS_DECL_CONVERTFORALLTOTASKS
#include "spattn/Conversion/Passes.h.inc"

// No patterns: a loop becomes a function of the module around it, whose calls
// are numbered. What it calls is declared in spattn/Runtime/ParallelFor.h.

} // namespace spattn

#endif // SPATTN_CONVERSION_FORALLTOTASKS_FORALLTOTASKS_H
