//===- Staging.cpp - Copies of host arrays for one launch -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Staging.h"

#include "Text.h"

#include <algorithm>
#include <cstring>

using namespace spattn::runtime;

bool spattn::runtime::isDense(const Operand &operand, const OperandView &view) {
  unsigned bytes = getElementBytes(operand.type);
  std::vector<unsigned> order;
  for (unsigned i = 0; i < view.rank; ++i)
    if (view.sizes[i] > 1)
      order.push_back(i);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return view.strides[a] < view.strides[b];
  });
  int64_t expected = 1;
  for (unsigned i : order) {
    bool isLast = i + 1 == view.rank;
    if (view.strides[i] != expected ||
        (isLast && operand.contiguous && expected != 1) ||
        (!(isLast && operand.contiguous) &&
         expected * bytes % operand.alignment != 0))
      return false;
    expected *= view.sizes[i];
  }
  return true;
}

/// Calls `copy(elements of the array, offset in the packed one, number of
/// elements)` for runs that lie together in both.
template <class Function>
static void forEachRun(const OperandView &view, unsigned elementBytes,
                       Function copy) {
  unsigned rank = view.rank;
  bool hasRuns =
      rank > 0 && (view.sizes[rank - 1] == 1 || view.strides[rank - 1] == 1);
  int64_t run = hasRuns ? view.sizes[rank - 1] : 1;
  unsigned outer = hasRuns ? rank - 1 : rank;
  int64_t index[kMaxRank] = {};
  size_t packed = 0;
  while (true) {
    int64_t offset = 0;
    for (unsigned i = 0; i < outer; ++i)
      offset += index[i] * view.strides[i];
    copy(reinterpret_cast<char *>(view.address) + offset * elementBytes, packed,
         size_t(run) * elementBytes);
    packed += size_t(run) * elementBytes;
    unsigned i = outer;
    while (i > 0 && ++index[i - 1] == view.sizes[i - 1])
      index[--i] = 0;
    if (i == 0)
      return;
  }
}

void spattn::runtime::pack(const OperandView &view, unsigned elementBytes,
                           char *packed) {
  forEachRun(view, elementBytes, [&](char *array, size_t offset, size_t bytes) {
    std::memcpy(packed + offset, array, bytes);
  });
}

void spattn::runtime::unpack(const char *packed, unsigned elementBytes,
                             const OperandView &view) {
  forEachRun(view, elementBytes, [&](char *array, size_t offset, size_t bytes) {
    std::memcpy(array, packed + offset, bytes);
  });
}

Result<bool> Staging::isOnHost(cuda::DevicePtr address) const {
  unsigned type = 0, managed = 0;
  int attributes[] = {cuda::kPointerMemoryType, cuda::kPointerIsManaged};
  // Of memory that the driver does not know, it leaves them 0.
  void *values[] = {&type, &managed};
  if (Status status =
          context.driver().pointerGetAttributes(2, attributes, values, address);
      !status.ok())
    return status;
  return type != cuda::kMemoryTypeDevice && !(managed & 1);
}

Status Staging::stage(const Operand &operand, OperandView &view) {
  // What cannot be an array is refused by the launch.
  if (view.address == 0 || view.rank != operand.dimensions.size())
    return {};
  int64_t elements = 1;
  for (unsigned i = 0; i < view.rank; ++i) {
    if (view.sizes[i] <= 0)
      return {};
    if (__builtin_mul_overflow(elements, view.sizes[i], &elements))
      return makeError("an array of that size does not exist");
  }
  auto onHost = isOnHost(view.address);
  if (!onHost)
    return onHost.status();
  if (!*onHost)
    return {};

  Copy copy;
  copy.host = view;
  copy.elementBytes = getElementBytes(operand.type);
  copy.output = operand.output;
  if (__builtin_mul_overflow(size_t(elements), size_t(copy.elementBytes),
                             &copy.bytes))
    return makeError("an array of that size does not exist");
  auto device = StreamBuffer::allocate(context, copy.bytes, stream);
  if (!device)
    return device.status();
  copy.device = *std::move(device);
  if (!isDense(operand, view)) {
    copy.packed.resize(copy.bytes);
    int64_t stride = 1;
    for (unsigned i = view.rank; i-- > 0; stride *= copy.host.sizes[i])
      view.strides[i] = stride;
  }
  const void *source = reinterpret_cast<const void *>(copy.host.address);
  if (!copy.packed.empty() && !copy.output) {
    pack(copy.host, copy.elementBytes, copy.packed.data());
    source = copy.packed.data();
  }
  view.address = copy.device.address();
  copies.push_back(std::move(copy));
  if (operand.output)
    return {};
  return context.driver().memcpyHtoDAsync(view.address, source,
                                          copies.back().bytes, stream);
}

Status Staging::finish() {
  const Driver &driver = context.driver();
  for (Copy &copy : copies) {
    if (!copy.output)
      continue;
    void *target = copy.packed.empty()
                       ? reinterpret_cast<void *>(copy.host.address)
                       : copy.packed.data();
    if (Status status = driver.memcpyDtoHAsync(target, copy.device.address(),
                                               copy.bytes, stream);
        !status.ok())
      return status;
  }
  if (Status status = driver.streamSynchronize(stream); !status.ok())
    return status;
  for (Copy &copy : copies)
    if (copy.output && !copy.packed.empty())
      unpack(copy.packed.data(), copy.elementBytes, copy.host);
  Status result;
  for (Copy &copy : copies)
    if (Status status = copy.device.free(); result.ok())
      result = status;
  copies.clear();
  return result;
}
