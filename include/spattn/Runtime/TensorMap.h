//===- TensorMap.h - Descriptors of arrays to copy from ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_TENSORMAP_H
#define SPATTN_RUNTIME_TENSORMAP_H

#include "spattn/Runtime/Artifact.h"
#include "spattn/Runtime/Driver.h"

namespace spattn {
namespace runtime {

/// The largest rank of a tensor map.
constexpr unsigned kMaxTensorMapRank = 5;

/// An array as a recipe's dimensions see it, from the innermost one out.
struct TensorMapSource {
  cuda::DevicePtr address = 0;
  uint64_t sizes[kMaxTensorMapRank] = {};
  /// In bytes; the first must be that of an element.
  int64_t byteStrides[kMaxTensorMapRank] = {};
};

/// The words of a software tensor map: the address, the strides in bytes of
/// dimensions 1 to 4, the sizes of dimensions 0 to 4; further ones are 0. The
/// stride of a dimension of size 1 is 0.
constexpr unsigned kMapAddressWord = 0;
constexpr unsigned kMapStrideWord = 1;
constexpr unsigned kMapSizeWord = kMapStrideWord + kMaxTensorMapRank - 1;

/// Checks what TMA, or cp.async, requires. Errors say which rule is
/// broken, and by which dimension. The stride of a dimension of size 1 is never
/// used and may be anything.
Status checkTensorMap(const TensorMapRecipe &recipe,
                      const TensorMapSource &source);

/// Checks the part that does not depend on the array: rank, box, swizzle,
/// interleave and fill.
Status checkTensorMapRecipe(const TensorMapRecipe &recipe);

/// Checks, then makes the tensor map. For one of the hardware's the driver
/// needs the calling thread to have a current context. An array without
/// elements gives a map of zeros, through which a kernel must not load.
Result<cuda::TensorMap> encodeTensorMap(const Driver &driver,
                                        const TensorMapRecipe &recipe,
                                        const TensorMapSource &source);

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_TENSORMAP_H
