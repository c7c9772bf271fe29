//===- OperandChecks.h - Operands with an invariant, at a call --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sequences, lists of tiles and page tables say at run time what is seen. What
// they say is checked ahead of a call on a CPU, so that nothing is read that is
// not there, and nothing computed that nobody meant. Operands that are no
// arguments of the function are not checked.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_OPERANDCHECKS_H
#define SPATTN_LIB_JIT_OPERANDCHECKS_H

#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/JIT/KernelArgument.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <vector>

namespace spattn {

/// A check of some arguments of a call.
struct OperandCheck {
  /// Gives an argument, with its data.
  using View = llvm::function_ref<BufferView(unsigned argument)>;

  /// The arguments whose data is read. The others only have sizes.
  llvm::SmallVector<unsigned, 2> data;
  std::function<llvm::Error(View view)> run;
};

/// The checks of an attention, as far as there are any.
std::vector<OperandCheck> getOperandChecks(AttentionOpInterface op);

} // namespace spattn

#endif // SPATTN_LIB_JIT_OPERANDCHECKS_H
