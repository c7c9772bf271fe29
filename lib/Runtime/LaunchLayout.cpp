//===- LaunchLayout.cpp - Parameters of kernels, laid out -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaunchLayout.h"

#include "SmallBuffer.h"
#include "Text.h"

#include <algorithm>

using namespace spattn::runtime;

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

Status LaunchLayout::addMaps(const Module::Impl &module,
                             const LaunchArguments &arguments) {
  const Artifact &artifact = *module.artifact;
  for (uint32_t i = 0; i < artifact.tensorMaps.size(); ++i) {
    const TensorMapRecipe &recipe = artifact.tensorMaps[i];
    Map &map = maps.emplace_back();
    map.operand = recipe.operand;
    auto where = [&] {
      return "operand '" + artifact.operands[recipe.operand].name + "'";
    };
    auto source = module.plan.getTensorMapSource(
        artifact, i, arguments.operands[recipe.operand]);
    if (!source)
      return source.status().in(where());
    if (!*source)
      continue;
    auto encoded = encodeTensorMap(module.driver(), recipe, **source);
    if (!encoded)
      return encoded.status().in(where());
    map.encoded = *encoded;
    const uint64_t *sizes = (*source)->sizes;
    if (!std::count(sizes, sizes + recipe.dimensions.size(), 0u))
      map.source = *source;
  }
  return {};
}

Result<LaunchLayout::Parameter>
LaunchLayout::makeParameter(const Module::Impl &module, size_t kernel,
                            size_t argument, const LaunchArguments &arguments,
                            const std::vector<Scalar> &values,
                            const std::vector<uint32_t> &varying) const {
  const Argument &info = module.artifact->kernels[kernel].arguments[argument];
  switch (info.kind) {
  case ArgumentKind::Pointer:
    return Parameter{Parameter::Operand, info.index, 0};
  case ArgumentKind::TensorMap:
    return Parameter{Parameter::TensorMap, info.index, 0};
  case ArgumentKind::Scratch:
    return Parameter{Parameter::Scratch, info.index, 0};
  case ArgumentKind::I32:
  case ArgumentKind::I64:
  case ArgumentKind::F32:
    break;
  }
  // This refuses a varying number where the kernel takes an integer.
  auto bits = module.plan.getScalarBits(*module.artifact, kernel, argument,
                                        arguments, values);
  if (!bits)
    return bits.status();
  const ScalarSource &source = module.plan.getSource(kernel, argument);
  auto it = std::find(varying.begin(), varying.end(), source.index);
  if (source.kind == ScalarSource::Slot && it != varying.end())
    return Parameter{Parameter::Real, uint32_t(it - varying.begin()), 0};
  return Parameter{Parameter::Constant, 0, *bits};
}

Result<LaunchLayout> LaunchLayout::make(const Module::Impl &module,
                                        const LaunchArguments &arguments,
                                        const std::vector<Scalar> &values,
                                        const std::vector<uint32_t> &varying) {
  LaunchLayout layout;
  if (Status status = layout.addMaps(module, arguments); !status.ok())
    return status;
  const std::vector<Kernel> &kernels = module.artifact->kernels;
  for (size_t k = 0; k < kernels.size(); ++k) {
    KernelLaunch &launch = layout.kernels.emplace_back();
    launch.first = layout.parameters.size();
    auto where = "kernel '" + kernels[k].entry + "'";
    if (Status status = module.getGrid(k, values, launch.grid); !status.ok())
      return status.in(where);
    for (size_t i = 0; i < kernels[k].arguments.size(); ++i) {
      auto parameter =
          layout.makeParameter(module, k, i, arguments, values, varying);
      if (!parameter)
        return parameter.status().in(where);
      layout.parameters.push_back(*parameter);
    }
  }
  return layout;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// The map of an operand that has another address.
Result<cuda::TensorMap> LaunchLayout::moveMap(const Module::Impl &module,
                                              size_t index,
                                              cuda::DevicePtr address) const {
  const TensorMapRecipe &recipe = module.artifact->tensorMaps[index];
  const Driver &driver = module.driver();
  TensorMapSource source = *maps[index].source;
  source.address = address;
  if (recipe.form == TensorMapForm::Software || !driver.tensorMapReplaceAddress)
    return encodeTensorMap(driver, recipe, source);
  cuda::TensorMap map = maps[index].encoded;
  if (Status status = driver.tensorMapReplaceAddress(
          &map, reinterpret_cast<void *>(address));
      !status.ok())
    return status;
  return map;
}

Status LaunchLayout::run(const Module::Impl &module,
                         const LaunchAddresses &launch) const {
  SmallBuffer<cuda::TensorMap, 12> own(maps.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    cuda::DevicePtr address = launch.operands[maps[i].operand];
    own[i] = maps[i].encoded;
    if (!maps[i].source || maps[i].source->address == address)
      continue;
    auto moved = moveMap(module, i, address);
    if (!moved)
      return moved.status().in(
          "operand '" + module.artifact->operands[maps[i].operand].name + "'");
    own[i] = *moved;
  }
  for (size_t k = 0; k < kernels.size(); ++k)
    if (Status status = launchKernel(module, k, launch, own.data());
        !status.ok())
      return status.in("kernel '" + module.artifact->kernels[k].entry + "'");
  return {};
}

Status LaunchLayout::launchKernel(const Module::Impl &module, size_t index,
                                  const LaunchAddresses &launch,
                                  cuda::TensorMap *own) const {
  const Kernel &kernel = module.artifact->kernels[index];
  const unsigned (&grid)[3] = kernels[index].grid;
  if (grid[0] == 0 || grid[1] == 0 || grid[2] == 0)
    return {};
  size_t count = kernel.arguments.size();
  SmallBuffer<uint64_t, 48> storage(count);
  SmallBuffer<void *, 48> pointers(count);
  for (size_t i = 0; i < count; ++i) {
    const Parameter &parameter = parameters[kernels[index].first + i];
    pointers[i] = &storage[i];
    switch (parameter.kind) {
    case Parameter::Constant:
      storage[i] = parameter.constant;
      break;
    case Parameter::Operand:
      storage[i] = launch.operands[parameter.index];
      break;
    case Parameter::Scratch:
      storage[i] = launch.scratch[parameter.index];
      break;
    case Parameter::TensorMap:
      pointers[i] = &own[parameter.index];
      break;
    case Parameter::Real: {
      auto bits =
          getF32Bits(kernel.arguments[i].name, launch.reals[parameter.index]);
      if (!bits)
        return bits.status();
      storage[i] = *bits;
      break;
    }
    }
  }

  cuda::Function function = module.functions[index];
  const Driver &driver = module.driver();
  if (kernel.cluster == 1)
    return driver.launchKernel(function, grid[0], grid[1], grid[2],
                               kernel.threads, 1, 1, kernel.dynamicSharedBytes,
                               launch.stream, pointers.data(), nullptr);
  cuda::LaunchAttribute cluster;
  cluster.id = cuda::LaunchAttribute::kClusterDimension;
  cluster.cluster[0] = kernel.cluster;
  cluster.cluster[1] = cluster.cluster[2] = 1;
  cuda::LaunchConfig config;
  std::copy_n(grid, 3, config.grid);
  config.block[0] = kernel.threads;
  config.sharedBytes = kernel.dynamicSharedBytes;
  config.stream = launch.stream;
  config.attributes = &cluster;
  config.numAttributes = 1;
  return driver.launchKernelEx(&config, function, pointers.data(), nullptr);
}
