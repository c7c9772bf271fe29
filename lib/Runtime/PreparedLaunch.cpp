//===- PreparedLaunch.cpp - Launches that repeat --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/PreparedLaunch.h"

#include "LaunchLayout.h"
#include "SmallBuffer.h"
#include "Text.h"

#include <algorithm>

using namespace spattn::runtime;

/// An address that satisfies every artifact, until there is a real one.
static constexpr cuda::DevicePtr kSomeAddress = 1 << 20;

struct PreparedLaunch::Impl {
  Impl(std::shared_ptr<const Module> module, const Module::Impl &loaded)
      : module(std::move(module)), loaded(loaded) {}

  Status check(const cuda::DevicePtr *operands, const double *values) const;
  void placeScratch(const std::vector<int64_t> &sizes);

  std::shared_ptr<const Module> module;
  const Module::Impl &loaded;
  LaunchLayout layout;
  std::vector<Reach> reaches;
  /// The slot of each value; kNone if nothing depends on it.
  std::vector<uint32_t> slots;
  bool checkAddresses = true;
  /// Where each buffer is; those to be zeroed come first.
  std::vector<uint64_t> offsets;
  uint64_t bytes = 0, zeroedBytes = 0, alignment = 1;
};

PreparedLaunch::PreparedLaunch() = default;
PreparedLaunch::~PreparedLaunch() = default;

size_t PreparedLaunch::scratchBytes() const { return size_t(impl->bytes); }
size_t PreparedLaunch::scratchAlignment() const {
  return size_t(impl->alignment);
}

void PreparedLaunch::Impl::placeScratch(const std::vector<int64_t> &sizes) {
  const std::vector<Scratch> &buffers = module->artifact().scratch;
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

Result<std::unique_ptr<const PreparedLaunch>>
PreparedLaunch::make(std::shared_ptr<const Module> module,
                     LaunchArguments arguments) {
  const Module::Impl &loaded = *module->impl;
  const Artifact &artifact = module->artifact();
  for (OperandView &view : arguments.operands)
    if (view.rank > 0 && view.address == 0)
      view.address = kSomeAddress;
  std::unique_ptr<PreparedLaunch> prepared(new PreparedLaunch());
  prepared->impl = std::make_unique<Impl>(std::move(module), loaded);
  Impl &impl = *prepared->impl;
  for (NamedValue &value : arguments.values) {
    impl.slots.push_back(value.id ? value.id->slot
                                  : loaded.plan.findSlot(value.name));
    value.isFloat = true;
    value.real = 1;
  }
  auto values = loaded.plan.bind(artifact, arguments);
  if (!values)
    return values.status();
  if (Status status = loaded.plan.checkLimits(artifact, *values); !status.ok())
    return status;
  auto sizes = loaded.plan.getScratchBytes(artifact, *values);
  if (!sizes)
    return sizes.status();
  impl.placeScratch(*sizes);
  for (size_t i = 0; i < artifact.operands.size(); ++i) {
    auto reach =
        loaded.plan.getReach(artifact.operands[i], arguments.operands[i]);
    if (!reach)
      return reach.status();
    bool isLeftOut = arguments.operands[i].address == 0;
    impl.reaches.push_back(isLeftOut ? Reach() : *reach);
  }
  auto scope = ContextScope::enter(loaded.context);
  if (!scope)
    return scope.status();
  auto layout = LaunchLayout::make(loaded, arguments, *values, impl.slots);
  if (!layout)
    return layout.status();
  impl.layout = *std::move(layout);
  impl.checkAddresses = arguments.checkAddresses;
  return std::unique_ptr<const PreparedLaunch>(std::move(prepared));
}

Status PreparedLaunch::Impl::check(const cuda::DevicePtr *operands,
                                   const double *values) const {
  const Artifact &artifact = module->artifact();
  for (size_t i = 0; i < reaches.size(); ++i) {
    if (Status status =
            checkAddress(artifact.operands[i], reaches[i], operands[i]);
        !status.ok())
      return status;
    if (!checkAddresses || reaches[i].isEmpty)
      continue;
    if (Status status = loaded.checkMemory(operands[i]); !status.ok())
      return status.in("operand '" + artifact.operands[i].name + "'");
  }
  for (size_t i = 0; i < slots.size(); ++i)
    if (Status status = loaded.plan.checkPositive(slots[i], values[i]);
        !status.ok())
      return status;
  return {};
}

Status PreparedLaunch::launch(const cuda::DevicePtr *operands,
                              const double *values, cuda::DevicePtr scratch,
                              cuda::Stream stream) const {
  auto scope = ContextScope::enter(impl->loaded.context);
  if (!scope)
    return scope.status();
  if (Status status = impl->check(operands, values); !status.ok())
    return status;
  if (scratch % impl->alignment != 0)
    return makeError("the address of the scratch is not a multiple of ",
                     impl->alignment, " bytes");
  StreamBuffer lent;
  if (scratch == 0 && impl->bytes > 0) {
    uint64_t mask = impl->alignment - 1;
    uint64_t more = impl->alignment > kDriverAlignment ? mask : 0;
    auto buffer = StreamBuffer::allocate(impl->loaded.context,
                                         size_t(impl->bytes + more), stream);
    if (!buffer)
      return buffer.status().in("scratch");
    lent = *std::move(buffer);
    scratch = (lent.address() + mask) & ~mask;
  }
  if (impl->zeroedBytes > 0)
    if (Status status = impl->loaded.driver().memsetD8Async(
            scratch, 0, size_t(impl->zeroedBytes), stream);
        !status.ok())
      return status;
  SmallBuffer<cuda::DevicePtr, 16> buffers(impl->offsets.size());
  for (size_t i = 0; i < impl->offsets.size(); ++i)
    buffers[i] = scratch + impl->offsets[i];
  Status status = impl->layout.run(impl->loaded,
                                   {operands, buffers.data(), values, stream});
  if (Status freed = lent.free(); status.ok())
    status = freed;
  return status;
}
