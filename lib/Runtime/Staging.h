//===- Staging.h - Copies of host arrays for one launch ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_RUNTIME_STAGING_H
#define SPATTN_LIB_RUNTIME_STAGING_H

#include "spattn/Runtime/Device.h"
#include "spattn/Runtime/Launch.h"

#include <vector>

namespace spattn {
namespace runtime {

/// Whether the elements of an array fill a range of memory, in some order of
/// its dimensions, and an operand may have these strides: it is then copied as
/// it is. Other arrays are packed.
bool isDense(const Operand &operand, const OperandView &view);

/// Copies elements between an array with any strides, at `view.address`, and a
/// contiguous, row-major one.
void pack(const OperandView &view, unsigned elementBytes, char *packed);
void unpack(const char *packed, unsigned elementBytes, const OperandView &view);

/// Arrays of the host that are operands of one launch, in the order of a
/// stream. The context is the current one.
class Staging {
public:
  Staging(const DeviceContext &context, cuda::Stream stream)
      : context(context), stream(stream) {}

  /// If the array is in memory of the host, copies it to the device, unless
  /// kernels overwrite it, and lets the view be that of the copy.
  Status stage(const Operand &operand, OperandView &view);

  /// Whether there is any copy.
  bool any() const { return !copies.empty(); }

  /// Once the kernels are in the stream: waits for them, and copies back what
  /// they wrote.
  Status finish();

private:
  struct Copy {
    OperandView host;
    unsigned elementBytes = 0;
    size_t bytes = 0;
    bool output = false;
    /// Empty for arrays that are copied as they are.
    std::vector<char> packed;
    StreamBuffer device;
  };

  Result<bool> isOnHost(cuda::DevicePtr address) const;

  DeviceContext context;
  cuda::Stream stream;
  std::vector<Copy> copies;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_LIB_RUNTIME_STAGING_H
