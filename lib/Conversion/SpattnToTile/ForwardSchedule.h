//===- ForwardSchedule.h - The tile shape of a forward kernel --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOTILE_FORWARDSCHEDULE_H
#define SPATTN_LIB_CONVERSION_SPATTNTOTILE_FORWARDSCHEDULE_H

#include "ForwardKernel.h"

namespace spattn {

/// The tile shape of a kernel: what the operation's schedule says, else the one
/// of those measured for its head dimension that takes least time by
/// `estimateClocks` at the operation's lengths, or at `expectedLength` where
/// they are not known. With neither, the one for wide structures. Fails with a
/// diagnostic if the schedule asks for what no kernel does.
mlir::FailureOr<ForwardShape> chooseForwardShape(AttentionOp op,
                                                 int64_t expectedLength);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOTILE_FORWARDSCHEDULE_H
