//===- RuntimeSymbols.h - What compiled code calls --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_RUNTIMESYMBOLS_H
#define SPATTN_LIB_JIT_RUNTIMESYMBOLS_H

#include "llvm/ADT/StringMap.h"

namespace spattn {

/// Functions that code for the CPU may call, by name: those of spattn's
/// runtime, those that LLVM calls where the host lacks an instruction, and
/// those of the C library for mathematics, which a process need not show to
/// others.
const llvm::StringMap<void *> &getRuntimeSymbols();

} // namespace spattn

#endif // SPATTN_LIB_JIT_RUNTIMESYMBOLS_H
