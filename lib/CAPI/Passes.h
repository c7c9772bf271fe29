//===- Passes.h - Registration of passes ------------------------*- C++ -*-===//
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

/// Registers spattn's passes and pipelines, and the upstream passes that they
/// use or that are used with them. Later calls do nothing.
void registerPasses();

} // namespace capi
} // namespace spattn

#endif // SPATTN_LIB_CAPI_PASSES_H
