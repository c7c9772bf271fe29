//===- Destinations.h - What operations write -------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_DIALECT_SPATTN_IR_DESTINATIONS_H
#define SPATTN_LIB_DIALECT_SPATTN_IR_DESTINATIONS_H

#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace spattn {

/// The effects of an operation in destination style: it reads its buffers, but
/// writes destinations only.
void addDestinationEffects(
    mlir::DestinationStyleOpInterface op,
    llvm::SmallVectorImpl<
        mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>>
        &effects);

} // namespace spattn

#endif // SPATTN_LIB_DIALECT_SPATTN_IR_DESTINATIONS_H
