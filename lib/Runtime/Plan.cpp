//===- Plan.cpp - What launches need to know of an artifact ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include "Text.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace spattn::runtime;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

uint32_t Plan::findSlot(std::string_view name) const {
  auto it = std::find(names.begin(), names.end(), name);
  return it == names.end() ? kNone : uint32_t(it - names.begin());
}

uint32_t Plan::getSlot(const std::string &name) {
  uint32_t slot = findSlot(name);
  if (slot != kNone)
    return slot;
  names.push_back(name);
  return uint32_t(names.size() - 1);
}

SlotFormula Plan::resolve(const Formula &formula) {
  SlotFormula resolved;
  for (const Term &term : formula.terms) {
    SlotFormula::Term &own = resolved.terms.emplace_back();
    own.coefficient = term.coefficient;
    for (const Factor &factor : term.factors)
      own.factors.push_back({getSlot(factor.name), factor.divisor});
  }
  return resolved;
}

static uint32_t findDimension(const Operand &operand, std::string_view name) {
  for (uint32_t i = 0; i < operand.dimensions.size(); ++i)
    if (operand.dimensions[i].name == name)
      return i;
  return kNone;
}

Result<ScalarSource> Plan::getSource(const Artifact &artifact,
                                     const std::string &name) {
  ScalarSource source;
  size_t colon = name.find(':');
  if (colon == std::string::npos) {
    source.index = getSlot(name);
    return source;
  }
  std::string_view rest = std::string_view(name).substr(colon + 1);
  std::string_view kind = std::string_view(name).substr(0, colon);
  size_t second = rest.find(':');
  if ((kind != "stride" && kind != "size") || second == rest.npos)
    return makeError("'", name,
                     "' is not a value; names with a colon are "
                     "stride:OPERAND:DIMENSION or size:OPERAND:DIMENSION");
  source.kind = kind == "size" ? ScalarSource::Size : ScalarSource::Stride;
  for (const Operand &operand : artifact.operands) {
    if (operand.name != rest.substr(0, second))
      continue;
    source.index = uint32_t(&operand - artifact.operands.data());
    source.dimension = findDimension(operand, rest.substr(second + 1));
    if (source.dimension == kNone)
      break;
    return source;
  }
  return makeError("'", name, "' names no dimension of an operand");
}

Result<Plan> Plan::make(const Artifact &artifact) {
  Plan plan;
  for (const Operand &operand : artifact.operands) {
    std::vector<uint32_t> &slots = plan.extents.emplace_back();
    for (const Dimension &dimension : operand.dimensions)
      slots.push_back(
          dimension.extent.empty() ? kNone : plan.getSlot(dimension.extent));
  }
  for (const TensorMapRecipe &recipe : artifact.tensorMaps) {
    const Operand &operand = artifact.operands[recipe.operand];
    std::vector<uint32_t> &dimensions = plan.mapDimensions.emplace_back();
    for (const BoxDimension &box : recipe.dimensions) {
      uint32_t dimension = findDimension(operand, box.name);
      if (dimension == kNone)
        return makeError("operand '", operand.name, "' has no dimension '",
                         box.name, "'");
      if (std::count(dimensions.begin(), dimensions.end(), dimension))
        return makeError("dimension '", box.name, "' occurs twice");
      dimensions.push_back(dimension);
    }
  }
  for (const Scratch &scratch : artifact.scratch)
    plan.scratchBytes.push_back(plan.resolve(scratch.bytes));
  for (const Limit &limit : artifact.limits)
    plan.limits.push_back(plan.resolve(limit.value));
  for (const std::string &name : artifact.positive)
    plan.positive.push_back(plan.getSlot(name));
  for (const Kernel &kernel : artifact.kernels) {
    plan.grids.push_back({plan.resolve(kernel.grid.x),
                          plan.resolve(kernel.grid.y),
                          plan.resolve(kernel.grid.z)});
    std::vector<ScalarSource> &sources = plan.sources.emplace_back();
    for (const Argument &argument : kernel.arguments) {
      ScalarSource &source = sources.emplace_back();
      if (argument.kind < ArgumentKind::I32)
        continue;
      auto found = plan.getSource(artifact, argument.name);
      if (!found)
        return found.status();
      source = *found;
    }
  }
  return plan;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Status Plan::bindOperand(const Operand &operand, size_t index,
                         const OperandView &view,
                         std::vector<Scalar> &values) const {
  auto error = [&](const auto &...parts) {
    return makeError("operand '", operand.name, "': ", parts...);
  };
  if (view.rank == 0 && view.address == 0 && operand.optional)
    return {};
  size_t rank = operand.dimensions.size();
  if (view.rank != rank)
    return error("rank ", view.rank, ", expected ", rank);

  for (size_t i = 0; i < rank; ++i) {
    const Dimension &dimension = operand.dimensions[i];
    int64_t size = view.sizes[i];
    if (size < 0)
      return error("dimension '", dimension.name, "' has the negative size ",
                   size);
    if (extents[index][i] == kNone) {
      if (size != dimension.size)
        return error("dimension '", dimension.name, "' has size ", size,
                     ", expected ", dimension.size);
      continue;
    }
    Scalar &value = values[extents[index][i]];
    if (value.known && value.integer != size)
      return error("dimension '", dimension.name, "' has size ", size, ", but ",
                   dimension.extent, " is ", value.integer);
    value.known = true;
    value.integer = size;
    value.real = double(size);
  }
  auto reach = getReach(operand, view);
  if (!reach)
    return reach.status();
  return checkAddress(operand, *reach, view.address);
}

Result<Reach> Plan::getReach(const Operand &operand,
                             const OperandView &view) const {
  auto error = [&](const auto &...parts) {
    return makeError("operand '", operand.name, "': ", parts...);
  };
  if (std::count(view.sizes, view.sizes + view.rank, 0))
    return Reach();
  // In 128 bits: sizes and strides may be anything here.
  unsigned bytes = getElementBytes(operand.type);
  __int128 low = 0, high = 0;
  for (size_t i = 0; i < view.rank; ++i) {
    const Dimension &dimension = operand.dimensions[i];
    // The stride of a dimension of size 1 has no meaning, and may be anything.
    if (view.sizes[i] == 1)
      continue;
    int64_t stride = view.strides[i];
    __int128 reach = __int128(view.sizes[i] - 1) * stride;
    (stride < 0 ? low : high) += reach;
    if (i + 1 == view.rank && operand.contiguous) {
      if (stride != 1)
        return error("dimension '", dimension.name, "' has stride ", stride,
                     ", expected 1");
    } else if (__int128(stride) * bytes % operand.alignment != 0) {
      return error("dimension '", dimension.name, "' has a stride of ", stride,
                   " elements, which is not a multiple of ", operand.alignment,
                   " bytes");
    }
  }
  // Device addresses have fewer than 2^63 bytes.
  __int128 limit = std::numeric_limits<int64_t>::max();
  if (low < -limit / bytes || high > limit / bytes)
    return error("sizes and strides reach beyond the address space");
  return Reach{false, int64_t(low * bytes), int64_t(high * bytes)};
}

Status spattn::runtime::checkAddress(const Operand &operand, const Reach &reach,
                                     cuda::DevicePtr address) {
  auto error = [&](const auto &...parts) {
    return makeError("operand '", operand.name, "': ", parts...);
  };
  if (reach.isEmpty)
    return {};
  if (address == 0)
    return error("address 0");
  if (address % operand.alignment != 0)
    return error("the address is not a multiple of ", operand.alignment,
                 " bytes");
  int64_t last;
  if (address > uint64_t(std::numeric_limits<int64_t>::max()) ||
      __builtin_add_overflow(int64_t(address), reach.high, &last) ||
      int64_t(address) + reach.low < 0)
    return error("sizes and strides reach beyond the address space");
  return {};
}

Result<std::vector<Scalar>> Plan::bind(const Artifact &artifact,
                                       const LaunchArguments &arguments) const {
  if (arguments.operands.size() != artifact.operands.size())
    return makeError("got ", arguments.operands.size(), " operands, expected ",
                     artifact.operands.size());
  std::vector<Scalar> values(names.size());
  for (size_t i = 0; i < artifact.operands.size(); ++i)
    if (Status status =
            bindOperand(artifact.operands[i], i, arguments.operands[i], values);
        !status.ok())
      return status;
  for (const NamedValue &named : arguments.values) {
    uint32_t slot = named.id ? named.id->slot : findSlot(named.name);
    if (slot >= values.size())
      continue;
    Scalar &value = values[slot];
    if (value.known &&
        (named.isFloat != value.isFloat || named.real != value.real ||
         named.integer != value.integer))
      return makeError(
          "value '", names[slot], "' is ",
          named.isFloat ? concat(named.real) : concat(named.integer),
          ", but it is ",
          value.isFloat ? concat(value.real) : concat(value.integer),
          " already");
    value = {true, named.isFloat, named.integer, named.real};
  }
  return values;
}

Result<int64_t> Plan::evaluate(const SlotFormula &formula, const Formula &text,
                               const std::vector<Scalar> &values) const {
  auto tooLarge = [&] {
    return makeError("'", toString(text), "' is too large");
  };
  int64_t sum = 0;
  for (const SlotFormula::Term &term : formula.terms) {
    int64_t product = term.coefficient;
    for (const SlotFormula::Factor &factor : term.factors) {
      const Scalar &value = values[factor.slot];
      if (!value.known)
        return makeError("no value is given for '", names[factor.slot], "'");
      if (value.isFloat || value.integer < 0)
        return makeError("value '", names[factor.slot],
                         "' is not an integer of 0 or more");
      int64_t quotient = value.integer / factor.divisor +
                         (value.integer % factor.divisor != 0);
      if (__builtin_mul_overflow(product, quotient, &product))
        return tooLarge();
    }
    if (__builtin_add_overflow(sum, product, &sum))
      return tooLarge();
  }
  if (sum < 0)
    return makeError("'", toString(text), "' is negative: ", sum);
  return sum;
}

Result<int64_t> Plan::getGrid(const Artifact &artifact, size_t kernel,
                              unsigned axis,
                              const std::vector<Scalar> &values) const {
  const Grid &grid = artifact.kernels[kernel].grid;
  const Formula *formulas[] = {&grid.x, &grid.y, &grid.z};
  const SlotFormula &formula = grids[kernel][axis];
  if (formula.terms.empty())
    return int64_t(1);
  return evaluate(formula, *formulas[axis], values);
}

Status Plan::checkLimits(const Artifact &artifact,
                         const std::vector<Scalar> &values) const {
  for (size_t i = 0; i < limits.size(); ++i) {
    const Limit &limit = artifact.limits[i];
    auto value = evaluate(limits[i], limit.value, values);
    if (!value)
      return value.status();
    if (*value > limit.maximum)
      return makeError("'", toString(limit.value), "' is ", *value,
                       "; the kernels support up to ", limit.maximum);
  }
  for (uint32_t slot : positive) {
    const Scalar &value = values[slot];
    if (!value.known)
      return makeError("no value is given for '", names[slot], "'");
    if (Status status = checkPositive(
            slot, value.isFloat ? value.real : double(value.integer));
        !status.ok())
      return status;
  }
  return {};
}

Status Plan::checkPositive(uint32_t slot, double value) const {
  // Kernels get an f32, which holds nothing smaller.
  if (!std::count(positive.begin(), positive.end(), slot) ||
      (std::isfinite(value) &&
       value >= std::numeric_limits<float>::denorm_min()))
    return {};
  return makeError("value '", names[slot], "' is ", value,
                   ", expected a positive, finite number");
}

Result<std::vector<int64_t>>
Plan::getScratchBytes(const Artifact &artifact,
                      const std::vector<Scalar> &values) const {
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < scratchBytes.size(); ++i) {
    const Scratch &scratch = artifact.scratch[i];
    auto bytes = evaluate(scratchBytes[i], scratch.bytes, values);
    if (!bytes)
      return bytes.status().in("scratch buffer '" + scratch.name + "'");
    sizes.push_back(*bytes);
  }
  return sizes;
}

Result<uint64_t> spattn::runtime::getF32Bits(const std::string &name,
                                             double value) {
  if (!std::isfinite(value))
    return makeError("value '", name, "' is ", value,
                     ", expected a finite number");
  if (std::abs(value) > std::numeric_limits<float>::max())
    return makeError("value '", name, "' is ", value, ", which no f32 holds");
  float narrow = float(value);
  uint32_t bits;
  std::memcpy(&bits, &narrow, sizeof(bits));
  return uint64_t(bits);
}

Result<uint64_t> Plan::getScalarBits(const Artifact &artifact, size_t kernel,
                                     size_t argument,
                                     const LaunchArguments &arguments,
                                     const std::vector<Scalar> &values) const {
  const Argument &info = artifact.kernels[kernel].arguments[argument];
  const ScalarSource &source = sources[kernel][argument];
  Scalar value;
  value.known = true;
  if (source.kind == ScalarSource::Slot)
    value = values[source.index];
  else if (source.kind == ScalarSource::Stride)
    value.integer = arguments.operands[source.index].strides[source.dimension];
  else
    value.integer = arguments.operands[source.index].sizes[source.dimension];
  if (!value.known)
    return makeError("no value is given for '", info.name, "'");

  if (info.kind == ArgumentKind::F32)
    return getF32Bits(info.name,
                      value.isFloat ? value.real : double(value.integer));
  if (value.isFloat)
    return makeError("value '", info.name, "' is ", value.real,
                     ", expected an integer");
  if (info.kind == ArgumentKind::I32 &&
      value.integer != int64_t(int32_t(value.integer)))
    return makeError("value '", info.name, "' is ", value.integer,
                     ", which the kernel takes as 32 bits only");
  return uint64_t(value.integer);
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

Result<std::optional<TensorMapSource>>
Plan::getTensorMapSource(const Artifact &artifact, uint32_t index,
                         const OperandView &view) const {
  const TensorMapRecipe &recipe = artifact.tensorMaps[index];
  const Operand &operand = artifact.operands[recipe.operand];
  if (view.rank == 0 && view.address == 0)
    return std::optional<TensorMapSource>();
  TensorMapSource source;
  source.address = view.address;
  const std::vector<uint32_t> &dimensions = mapDimensions[index];
  int64_t bytes = getElementBytes(operand.type);
  for (size_t i = 0; i < dimensions.size(); ++i) {
    source.sizes[i] = uint64_t(view.sizes[dimensions[i]]);
    if (__builtin_mul_overflow(view.strides[dimensions[i]], bytes,
                               &source.byteStrides[i]))
      // No rule admits it; of a dimension of size 1 it is never used.
      source.byteStrides[i] = std::numeric_limits<int64_t>::max();
  }
  for (uint32_t i = 0; i < operand.dimensions.size(); ++i)
    if (view.sizes[i] > 1 &&
        !std::count(dimensions.begin(), dimensions.end(), i))
      return makeError("dimension '", operand.dimensions[i].name, "' has size ",
                       view.sizes[i],
                       ", but the tensor map leaves it out, so it must be 1");
  return std::optional<TensorMapSource>(source);
}
