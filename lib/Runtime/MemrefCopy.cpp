//===- MemrefCopy.cpp - Copies that compiled programs ask for -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR's lowering of `memref.copy` calls this where strides differ. Programs
// that link the runtime alone find it here; MLIR's own runtime library has one,
// too, which is taken if it comes first.
//
//===----------------------------------------------------------------------===//

#include <cstdint>
#include <cstring>

namespace {
/// An unranked memref. The descriptor is two pointers, an offset, and as many
/// sizes and strides as the rank says.
struct Unranked {
  int64_t rank;
  const int64_t *descriptor;

  char *data(int64_t elementBytes) const {
    return reinterpret_cast<char *>(descriptor[1]) +
           descriptor[2] * elementBytes;
  }
  int64_t size(int64_t i) const { return descriptor[3 + i]; }
  int64_t stride(int64_t i) const { return descriptor[3 + rank + i]; }
};
} // namespace

static void copyFrom(int64_t dimension, int64_t elementBytes,
                     const Unranked &source, const char *from,
                     const Unranked &target, char *to) {
  if (dimension == source.rank) {
    std::memcpy(to, from, size_t(elementBytes));
    return;
  }
  int64_t size = source.size(dimension);
  if (dimension + 1 == source.rank && source.stride(dimension) == 1 &&
      target.stride(dimension) == 1) {
    std::memcpy(to, from, size_t(size * elementBytes));
    return;
  }
  for (int64_t i = 0; i < size; ++i)
    copyFrom(dimension + 1, elementBytes, source,
             from + i * source.stride(dimension) * elementBytes, target,
             to + i * target.stride(dimension) * elementBytes);
}

extern "C" __attribute__((weak)) void memrefCopy(int64_t elementBytes,
                                                 const Unranked *source,
                                                 const Unranked *target) {
  for (int64_t i = 0; i < source->rank; ++i)
    if (source->size(i) == 0)
      return;
  copyFrom(0, elementBytes, *source, source->data(elementBytes), *target,
           target->data(elementBytes));
}
