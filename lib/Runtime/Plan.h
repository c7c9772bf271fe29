//===- Plan.h - What launches need to know of an artifact -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of an artifact resolved to numbers, once and not at each launch.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_PLAN_H
#define SPATTN_RUNTIME_PLAN_H

#include "spattn/Runtime/Artifact.h"
#include "spattn/Runtime/Launch.h"
#include "spattn/Runtime/TensorMap.h"

#include <array>
#include <optional>

namespace spattn {
namespace runtime {

constexpr uint32_t kNone = ~uint32_t(0);

/// Where the value of a scalar argument comes from.
struct ScalarSource {
  enum Kind : uint8_t { Slot, Stride, Size };
  Kind kind = Slot;
  /// A slot, or an operand.
  uint32_t index = 0;
  uint32_t dimension = 0;
};

/// A value of a launch.
struct Scalar {
  bool known = false, isFloat = false;
  int64_t integer = 0;
  double real = 0;
};

/// A formula whose names are slots.
struct SlotFormula {
  struct Factor {
    uint32_t slot;
    int64_t divisor;
  };
  struct Term {
    int64_t coefficient;
    std::vector<Factor> factors;
  };
  std::vector<Term> terms;
};

/// The bytes that an operand takes up, from its address on.
struct Reach {
  /// Without elements it takes up none, and has no address.
  bool isEmpty = true;
  int64_t low = 0, high = 0;
};

/// What is wrong with the address of an operand.
Status checkAddress(const Operand &operand, const Reach &reach,
                    cuda::DevicePtr address);

/// The bits of an f32 argument.
Result<uint64_t> getF32Bits(const std::string &name, double value);

class Plan {
public:
  /// Resolves all names. Indices of the artifact must have been checked.
  static Result<Plan> make(const Artifact &artifact);

  /// The slot of a name, or kNone if nothing depends on it.
  uint32_t findSlot(std::string_view name) const;

  /// Values of slots: from the operands' sizes, which it checks along with all
  /// else that the artifact says of operands, and from the caller's values.
  Result<std::vector<Scalar>> bind(const Artifact &artifact,
                                   const LaunchArguments &arguments) const;

  /// CTAs of a kernel along `axis`, 0 to 2: 0 or more; 1 where the artifact has
  /// no formula.
  Result<int64_t> getGrid(const Artifact &artifact, size_t kernel,
                          unsigned axis,
                          const std::vector<Scalar> &values) const;

  /// Whether the kernels can do what they are asked for.
  Status checkLimits(const Artifact &artifact,
                     const std::vector<Scalar> &values) const;

  /// What is wrong with the value of a slot that must be positive, if it must.
  Status checkPositive(uint32_t slot, double value) const;

  /// The bytes that an operand whose sizes are right takes up.
  Result<Reach> getReach(const Operand &operand, const OperandView &view) const;

  /// Where the value of a scalar argument comes from.
  const ScalarSource &getSource(size_t kernel, size_t argument) const {
    return sources[kernel][argument];
  }

  /// Bytes of each scratch buffer.
  Result<std::vector<int64_t>>
  getScratchBytes(const Artifact &artifact,
                  const std::vector<Scalar> &values) const;

  /// The operand as tensor map `index` sees it; nothing if it was left out.
  Result<std::optional<TensorMapSource>>
  getTensorMapSource(const Artifact &artifact, uint32_t index,
                     const OperandView &operand) const;

  /// The bits of scalar argument `argument` of a kernel, in the low bytes.
  Result<uint64_t> getScalarBits(const Artifact &artifact, size_t kernel,
                                 size_t argument,
                                 const LaunchArguments &arguments,
                                 const std::vector<Scalar> &values) const;

private:
  uint32_t getSlot(const std::string &name);
  SlotFormula resolve(const Formula &formula);
  /// Evaluates a formula, which must give 0 or more. `text` is the same one,
  /// for messages.
  Result<int64_t> evaluate(const SlotFormula &formula, const Formula &text,
                           const std::vector<Scalar> &values) const;
  Result<ScalarSource> getSource(const Artifact &artifact,
                                 const std::string &name);
  Status bindOperand(const Operand &operand, size_t index,
                     const OperandView &view,
                     std::vector<Scalar> &values) const;

  /// Names of the slots.
  std::vector<std::string> names;
  /// For each operand and dimension the slot of its extent, or kNone.
  std::vector<std::vector<uint32_t>> extents;
  /// For each tensor map and dimension that of the operand.
  std::vector<std::vector<uint32_t>> mapDimensions;
  /// For each kernel and argument; of no meaning where it is no scalar.
  std::vector<std::vector<ScalarSource>> sources;
  /// For each scratch buffer, limit and value that must be positive.
  std::vector<SlotFormula> scratchBytes, limits;
  std::vector<uint32_t> positive;
  /// For each kernel, along x, y and z.
  std::vector<std::array<SlotFormula, 3>> grids;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_PLAN_H
