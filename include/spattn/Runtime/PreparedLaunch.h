//===- PreparedLaunch.h - Launches that repeat ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_PREPAREDLAUNCH_H
#define SPATTN_RUNTIME_PREPAREDLAUNCH_H

#include "spattn/Runtime/Module.h"

namespace spattn {
namespace runtime {

/// The kernels of a module with the sizes and strides of operands, checked and
/// laid out once: each launch fills in addresses and numbers. Thread-safe.
class PreparedLaunch {
public:
  /// Addresses of `arguments` are those of the first launch; an operand that is
  /// not left out may have none yet. The names of `values` are those of real
  /// numbers that each launch gives. Scratch and stream are not looked at.
  static Result<std::unique_ptr<const PreparedLaunch>>
  make(std::shared_ptr<const Module> module, LaunchArguments arguments);

  ~PreparedLaunch();

  /// Scratch of a launch: one piece of memory for all buffers.
  size_t scratchBytes() const;
  size_t scratchAlignment() const;

  /// Launches the kernels with addresses of all operands, 0 for those that are
  /// left out, and a number for each value. Without `scratch`, memory is
  /// allocated and freed in the order of the stream.
  Status launch(const cuda::DevicePtr *operands, const double *values,
                cuda::DevicePtr scratch, cuda::Stream stream) const;

private:
  PreparedLaunch();
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_PREPAREDLAUNCH_H
