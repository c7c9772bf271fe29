//===- BoundLaunch.cpp - Launches bound to sizes and strides --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BoundLaunch.h"

#include "SmallBuffer.h"
#include "Text.h"

#include <algorithm>

using namespace spattn::runtime;

/// An address that satisfies every artifact, until there is a real one.
static constexpr cuda::DevicePtr kSomeAddress = 1 << 20;

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

void BoundLaunch::placeScratch(const Artifact &artifact,
                               const std::vector<int64_t> &sizes) {
  const std::vector<Scratch> &buffers = artifact.scratch;
  offsets.resize(sizes.size());
  for (bool zeroed : {true, false}) {
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (buffers[i].zeroed != zeroed || sizes[i] == 0)
        continue;
      uint64_t mask = uint64_t(buffers[i].alignment) - 1;
      alignment = std::max(alignment, mask + 1);
      offsets[i] = (bytes + mask) & ~mask;
      bytes = offsets[i] + uint64_t(sizes[i]);
    }
    if (zeroed)
      zeroedBytes = bytes;
  }
}

Result<BoundLaunch> BoundLaunch::make(const Module::Impl &module,
                                      LaunchArguments arguments) {
  const Artifact &artifact = *module.artifact;
  const Plan &plan = module.plan;
  BoundLaunch bound;
  for (OperandView &view : arguments.operands)
    if (view.rank > 0 && view.address == 0)
      view.address = kSomeAddress;
  for (NamedValue &value : arguments.values) {
    if (!value.isFloat)
      continue;
    bound.slots.push_back(value.id ? value.id->slot
                                   : plan.findSlot(value.name));
    // Each launch checks its own.
    value.real = 1;
  }
  auto values = plan.bind(artifact, arguments);
  if (!values)
    return values.status();
  if (Status status = plan.checkLimits(artifact, *values); !status.ok())
    return status;
  auto sizes = plan.getScratchBytes(artifact, *values);
  if (!sizes)
    return sizes.status();
  bound.placeScratch(artifact, *sizes);
  for (size_t i = 0; i < artifact.operands.size(); ++i) {
    const OperandView &view = arguments.operands[i];
    auto reach = plan.getReach(artifact.operands[i], view);
    if (!reach)
      return reach.status();
    bound.reaches.push_back(view.address == 0 ? Reach() : *reach);
  }
  auto scope = ContextScope::enter(module.context);
  if (!scope)
    return scope.status();
  auto layout = LaunchLayout::make(module, arguments, *values, bound.slots);
  if (!layout)
    return layout.status();
  bound.layout = *std::move(layout);
  bound.checkAddresses = arguments.checkAddresses;
  return bound;
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

Status BoundLaunch::check(const Module::Impl &module,
                          const cuda::DevicePtr *operands,
                          const double *reals) const {
  const Artifact &artifact = *module.artifact;
  for (size_t i = 0; i < reaches.size(); ++i) {
    if (Status status =
            checkAddress(artifact.operands[i], reaches[i], operands[i]);
        !status.ok())
      return status;
    if (!checkAddresses || reaches[i].isEmpty)
      continue;
    if (Status status = module.checkMemory(operands[i]); !status.ok())
      return status.in("operand '" + artifact.operands[i].name + "'");
  }
  for (size_t i = 0; i < slots.size(); ++i)
    if (Status status = module.plan.checkPositive(slots[i], reals[i]);
        !status.ok())
      return status;
  return {};
}

Status BoundLaunch::launch(const Module::Impl &module,
                           const cuda::DevicePtr *operands, const double *reals,
                           cuda::DevicePtr scratch, cuda::Stream stream) const {
  auto scope = ContextScope::enter(module.context);
  if (!scope)
    return scope.status();
  if (Status status = check(module, operands, reals); !status.ok())
    return status;
  if (scratch % alignment != 0)
    return makeError("the address of the scratch is not a multiple of ",
                     alignment, " bytes");
  StreamBuffer lent;
  if (scratch == 0 && bytes > 0) {
    uint64_t mask = alignment - 1;
    uint64_t more = alignment > kDriverAlignment ? mask : 0;
    auto buffer =
        StreamBuffer::allocate(module.context, size_t(bytes + more), stream);
    if (!buffer)
      return buffer.status().in("scratch");
    lent = *std::move(buffer);
    scratch = (lent.address() + mask) & ~mask;
  }
  if (zeroedBytes > 0)
    if (Status status = module.driver().memsetD8Async(
            scratch, 0, size_t(zeroedBytes), stream);
        !status.ok())
      return status;
  SmallBuffer<cuda::DevicePtr, 16> buffers(offsets.size());
  for (size_t i = 0; i < offsets.size(); ++i)
    buffers[i] = scratch + offsets[i];
  Status status = layout.run(module, {operands, buffers.data(), reals, stream});
  if (Status freed = lent.free(); status.ok())
    status = freed;
  return status;
}

//===----------------------------------------------------------------------===//
// The launches of a module
//===----------------------------------------------------------------------===//

template <class T>
static void append(std::string &key, const T *values, size_t count) {
  key.append(reinterpret_cast<const char *>(values), count * sizeof(T));
}

/// The bytes of all that a launch is bound to.
static void makeKey(const LaunchArguments &arguments, std::string &key) {
  key.assign(1, char(arguments.checkAddresses));
  for (const OperandView &view : arguments.operands) {
    size_t rank = std::min<size_t>(view.rank, kMaxRank);
    append(key, &view.rank, 1);
    // Of a scalar's rank, only an operand without an address is left out.
    if (rank == 0)
      key.push_back(char(view.address != 0));
    append(key, view.sizes, rank);
    append(key, view.strides, rank);
  }
  for (const NamedValue &value : arguments.values) {
    key.push_back(char(value.isFloat));
    if (value.id)
      append(key, &value.id->slot, 1);
    else
      key.append(value.name).push_back('\0');
    if (!value.isFloat)
      append(key, &value.integer, 1);
  }
}

Result<std::shared_ptr<const BoundLaunch>>
BoundLaunches::get(const Module::Impl &module,
                   const LaunchArguments &arguments) {
  // Each thread reuses one key, so that a lookup does not allocate.
  static thread_local std::string key;
  makeKey(arguments, key);
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (auto it = known.find(key); it != known.end())
      return it->second;
  }
  auto bound = BoundLaunch::make(module, arguments);
  if (!bound)
    return bound.status();
  auto shared = std::make_shared<const BoundLaunch>(*std::move(bound));
  std::lock_guard<std::mutex> lock(mutex);
  if (known.size() >= kMost)
    known.clear();
  known.emplace(key, shared);
  return std::shared_ptr<const BoundLaunch>(std::move(shared));
}
