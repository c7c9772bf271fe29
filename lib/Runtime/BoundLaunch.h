//===- BoundLaunch.h - Launches bound to sizes and strides ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_BOUNDLAUNCH_H
#define SPATTN_RUNTIME_BOUNDLAUNCH_H

#include "LaunchLayout.h"

#include <mutex>
#include <string>
#include <unordered_map>

namespace spattn {
namespace runtime {

/// The kernels of a module bound to the sizes and strides of operands and to
/// integer values: checked and laid out once. A launch fills in addresses and
/// real values. It does not keep the module alive.
class BoundLaunch {
public:
  /// An operand that is not left out may have no address yet. Real values of
  /// `arguments` stand for those that each launch gives; scratch and stream are
  /// ignored.
  static Result<BoundLaunch> make(const Module::Impl &module,
                                  LaunchArguments arguments);

  /// Scratch of a launch: one piece of memory for all buffers.
  uint64_t scratchBytes() const { return bytes; }
  uint64_t scratchAlignment() const { return alignment; }

  /// Launches with an address for each operand, 0 for those that are left out,
  /// and a number for each real value, in the order of the arguments. With a
  /// `scratch` of 0, memory is allocated and freed in the order of the stream.
  Status launch(const Module::Impl &module, const cuda::DevicePtr *operands,
                const double *reals, cuda::DevicePtr scratch,
                cuda::Stream stream) const;

private:
  void placeScratch(const Artifact &artifact,
                    const std::vector<int64_t> &sizes);
  Status check(const Module::Impl &module, const cuda::DevicePtr *operands,
               const double *reals) const;

  LaunchLayout layout;
  std::vector<Reach> reaches;
  /// The slot of each real value; kNone if nothing depends on it.
  std::vector<uint32_t> slots;
  bool checkAddresses = true;
  /// Where each buffer is; those to be zeroed come first.
  std::vector<uint64_t> offsets;
  uint64_t bytes = 0, zeroedBytes = 0, alignment = 1;
};

/// The bound launches of a module, by what they are bound to. Thread-safe.
class BoundLaunches {
public:
  /// The launch for the sizes, strides and integer values of `arguments`; binds
  /// them if they are new.
  Result<std::shared_ptr<const BoundLaunch>>
  get(const Module::Impl &module, const LaunchArguments &arguments);

private:
  /// More than a program uses at a time. One whose lengths change with every
  /// call would grow the table forever.
  static constexpr size_t kMost = 256;

  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<const BoundLaunch>> known;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_BOUNDLAUNCH_H
