//===- FindMask.h - The structures of masks in IR ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `spattn-raise-attention` does with masks, for frontends that have a mask
// and no attention around it; docs/Raising.md lists the forms.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_LINALGTOSPATTN_FINDMASK_H
#define SPATTN_CONVERSION_LINALGTOSPATTN_FINDMASK_H

#include "mlir/IR/Value.h"
#include "spattn/Structure/HeadStructures.h"

#include <optional>
#include <string>

namespace mlir {
class Operation;
} // namespace mlir

namespace spattn {

/// Why a mask has no structure: the operation in the way, which may be null,
/// and what it does, as in "makes the mask depend on the batch entry".
struct MaskRefusal {
  mlir::Operation *op = nullptr;
  std::string reason;
};

/// The structures of heads that allow exactly what a mask allows, with starts
/// aligned: a tensor of i1 of batch entries x heads x queries x keys. Where
/// lengths are dynamic, they do for all lengths.
std::optional<HeadStructures> findMaskStructures(mlir::Value mask,
                                                 MaskRefusal &refusal);

} // namespace spattn

#endif // SPATTN_CONVERSION_LINALGTOSPATTN_FINDMASK_H
