//===- LaunchLayout.h - Parameters of kernels, laid out ---------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_LAUNCHLAYOUT_H
#define SPATTN_RUNTIME_LAUNCHLAYOUT_H

#include "ModuleImpl.h"

namespace spattn {
namespace runtime {

/// What differs between launches of one layout.
struct LaunchAddresses {
  /// Of all operands, and of all scratch buffers.
  const cuda::DevicePtr *operands, *scratch;
  /// What stands for the values that are `varying`.
  const double *reals;
  cuda::Stream stream;
};

/// The launches of a module's kernels with all that sizes, strides and values
/// determine: grids, scalar parameters and tensor maps.
class LaunchLayout {
public:
  /// From arguments that are bound to `values`. Addresses are those of the
  /// first launch. `varying` are slots whose values each launch gives.
  static Result<LaunchLayout> make(const Module::Impl &module,
                                   const LaunchArguments &arguments,
                                   const std::vector<Scalar> &values,
                                   const std::vector<uint32_t> &varying = {});

  /// Launches the kernels. The module's context is current; addresses and
  /// numbers have been checked.
  Status run(const Module::Impl &module, const LaunchAddresses &launch) const;

private:
  struct Parameter {
    enum Kind : uint8_t { Constant, Operand, Scratch, TensorMap, Real };
    Kind kind = Constant;
    uint32_t index = 0;
    uint64_t constant = 0;
  };
  struct KernelLaunch {
    unsigned grid[3] = {};
    /// Where its parameters begin.
    size_t first = 0;
  };
  struct Map {
    uint32_t operand = 0;
    /// None for an operand that is left out or empty.
    std::optional<TensorMapSource> source;
    cuda::TensorMap encoded;
  };

  Status addMaps(const Module::Impl &module, const LaunchArguments &arguments);
  Result<Parameter> makeParameter(const Module::Impl &module, size_t kernel,
                                  size_t argument,
                                  const LaunchArguments &arguments,
                                  const std::vector<Scalar> &values,
                                  const std::vector<uint32_t> &varying) const;
  Result<cuda::TensorMap> moveMap(const Module::Impl &module, size_t index,
                                  cuda::DevicePtr address) const;
  Status launchKernel(const Module::Impl &module, size_t index,
                      const LaunchAddresses &launch,
                      cuda::TensorMap *maps) const;

  std::vector<KernelLaunch> kernels;
  std::vector<Parameter> parameters;
  std::vector<Map> maps;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_LAUNCHLAYOUT_H
