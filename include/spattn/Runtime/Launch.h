//===- Launch.h - What a caller passes to a kernel --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_LAUNCH_H
#define SPATTN_RUNTIME_LAUNCH_H

#include "spattn/Runtime/Artifact.h"
#include "spattn/Runtime/CudaTypes.h"

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace spattn {
namespace runtime {

/// An array in device memory. Strides are in elements.
struct OperandView {
  cuda::DevicePtr address = 0;
  unsigned rank = 0;
  int64_t sizes[kMaxRank] = {}, strides[kMaxRank] = {};

  /// An operand that is left out.
  OperandView() = default;
  /// A contiguous, row-major array.
  OperandView(cuda::DevicePtr address, std::initializer_list<int64_t> sizes);
  OperandView(cuda::DevicePtr address, std::initializer_list<int64_t> sizes,
              std::initializer_list<int64_t> strides);
};

/// A name of an artifact, resolved by Module::findValue. It means the same for
/// all modules of the artifact.
struct ValueId {
  uint32_t slot;
};

/// A number for a name, which must outlive this, or for one that has been
/// resolved already, so that no launch has to look for it.
struct NamedValue {
  NamedValue(std::string_view name, int value)
      : NamedValue(name, int64_t(value)) {}
  NamedValue(std::string_view name, int64_t value)
      : name(name), integer(value), real(double(value)) {}
  NamedValue(std::string_view name, double value)
      : name(name), isFloat(true), real(value) {}
  NamedValue(ValueId id, int64_t value)
      : id(id), integer(value), real(double(value)) {}
  NamedValue(ValueId id, double value) : id(id), isFloat(true), real(value) {}

  std::string_view name;
  std::optional<ValueId> id;
  bool isFloat = false;
  int64_t integer = 0;
  double real = 0;
};

struct LaunchArguments {
  /// In the artifact's order.
  std::vector<OperandView> operands;
  /// Values that operands don't give. Names that no kernel asks for are left
  /// alone; an extent that operands give too must be the same.
  std::vector<NamedValue> values;
  /// Addresses in the artifact's order, of the sizes that getScratchBytes()
  /// says.
  std::vector<cuda::DevicePtr> scratch;
  cuda::Stream stream = nullptr;
  /// Whether to ask the driver if operands and scratch are memory of this
  /// device: a kernel that touches other memory takes the whole context with
  /// it.
  bool checkAddresses = true;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_LAUNCH_H
