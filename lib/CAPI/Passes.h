//===- Passes.h - Passes that pipelines may name ----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CAPI_PASSES_H
#define SPATTN_LIB_CAPI_PASSES_H

namespace spattn {
namespace capi {

/// Registers, once, spattn's passes and pipelines, and the upstream passes that
/// those are made of or that stand beside them.
void registerPasses();

} // namespace capi
} // namespace spattn

#endif // SPATTN_LIB_CAPI_PASSES_H
