//===- Module.h - Kernels in a context, ready to be launched ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_MODULE_H
#define SPATTN_RUNTIME_MODULE_H

#include "spattn/Runtime/Artifact.h"
#include "spattn/Runtime/Device.h"
#include "spattn/Runtime/Launch.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace spattn {
namespace runtime {

/// What the driver says of a loaded kernel.
struct KernelInfo {
  int registers = 0;
  /// Bytes a thread; anything but 0 is a stack or spilled registers.
  int localBytes = 0;
  int staticSharedBytes = 0;
  int maxThreads = 0;
  /// CTAs that fit on an SM at once.
  int blocksPerMultiprocessor = 0;
};

/// An artifact's kernels, loaded into a context. Launching is thread-safe.
class Module {
public:
  /// Loads the code, after checking that the device runs it and has what the
  /// kernels need.
  static Result<std::shared_ptr<const Module>>
  load(std::shared_ptr<const Artifact> artifact, const DeviceContext &context);

  /// Unloads the code. Launches that have not finished are the driver's matter.
  ~Module();
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;

  const Artifact &artifact() const;
  const DeviceContext &context() const;
  const DeviceInfo &device() const;
  const std::vector<KernelInfo> &kernels() const;

  /// The id of a value that a launch may be given, which saves launches from
  /// looking up its name; none if nothing depends on that name.
  std::optional<ValueId> findValue(std::string_view name) const;

  /// Bytes of each scratch buffer. Scratch and stream are not looked at.
  Result<std::vector<int64_t>>
  getScratchBytes(const LaunchArguments &arguments) const;

  /// Checks the arguments, then launches the kernels in the stream and returns
  /// without waiting for them. Makes the module's context current meanwhile.
  /// Nothing but launches and memsets goes into the stream, so that it may be
  /// captured into a graph.
  Status launch(const LaunchArguments &arguments) const;

  /// The same with scratch of its own, in place of the arguments': allocated
  /// ahead of the kernels and freed behind them, in the order of the stream
  /// (see StreamBuffer). What sizes, strides and integer values determine is
  /// checked and laid out at the first launch with them.
  Status launchWithScratch(const LaunchArguments &arguments) const;

  struct Impl;

private:
  friend class PreparedLaunch;
  Module();
  std::unique_ptr<Impl> impl;
};

/// An artifact, and the modules it was loaded as: one a context. Thread-safe.
class Program {
public:
  explicit Program(Artifact artifact);

  const Artifact &artifact() const { return *shared; }

  /// The module of the calling thread's current context; if it has none, of the
  /// primary context of device `ordinal`.
  Result<std::shared_ptr<const Module>> load(const Driver &driver,
                                             int ordinal = 0);

  /// Forgets the modules; each is unloaded when nobody uses it any more.
  void unload();

private:
  /// Contexts by address and number: an address may come again.
  using Key = std::pair<cuda::Context, uint64_t>;

  std::shared_ptr<const Artifact> shared;
  std::mutex mutex;
  std::map<Key, std::shared_ptr<const Module>> modules;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_MODULE_H
