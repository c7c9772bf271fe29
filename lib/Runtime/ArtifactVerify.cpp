//===- ArtifactVerify.cpp - Checks whether artifacts are valid ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "Text.h"
#include "spattn/Runtime/Artifact.h"
#include "spattn/Runtime/TensorMap.h"

#include <algorithm>

using namespace spattn::runtime;

// What no device exceeds. What the device at hand has is checked by loading.
static constexpr uint32_t kMaxThreads = 1024;
static constexpr uint32_t kMaxCluster = 16;
static constexpr uint32_t kMaxShared = 1 << 20;
static constexpr uint32_t kMaxParameterBytes = 32764;
static constexpr uint32_t kMaxAlignment = 1 << 20;

static bool isPowerOfTwo(uint32_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

/// Names are unique, not empty, and have no colon, which is for strides.
template <class Range>
static Status verifyNames(const Range &range, const char *what) {
  for (auto it = range.begin(); it != range.end(); ++it) {
    if (it->name.empty() || it->name.find(':') != std::string::npos)
      return makeError("'", it->name, "' is not a name of ", what);
    if (std::any_of(range.begin(), it,
                    [&](const auto &other) { return other.name == it->name; }))
      return makeError("two of ", what, " are named '", it->name, "'");
  }
  return {};
}

static Status verifyFormula(const Formula &formula) {
  for (const Term &term : formula.terms)
    for (const Factor &factor : term.factors) {
      if (factor.name.empty() || factor.name.find(':') != std::string::npos)
        return makeError("'", factor.name, "' is not a name in a formula");
      if (factor.divisor < 1)
        return makeError("'", factor.name, "' is divided by ", factor.divisor);
    }
  return {};
}

static Status verifyOperand(const Operand &operand) {
  if (operand.dimensions.empty() || operand.dimensions.size() > kMaxRank)
    return makeError("rank ", operand.dimensions.size(), ", expected 1 to ",
                     kMaxRank);
  if (!isPowerOfTwo(operand.alignment) || operand.alignment > kMaxAlignment)
    return makeError("alignment ", operand.alignment,
                     ", expected a power of two up to ", kMaxAlignment);
  if (Status status = verifyNames(operand.dimensions, "dimensions");
      !status.ok())
    return status;
  for (const Dimension &dimension : operand.dimensions) {
    if (dimension.extent.find(':') != std::string::npos)
      return makeError("'", dimension.extent, "' is not a name of an extent");
    if (dimension.extent.empty() ? dimension.size < 1 : dimension.size != 0)
      return makeError("dimension '", dimension.name,
                       "' must have either a size or an extent");
  }
  return {};
}

static Status verifyTensorMap(const Artifact &artifact,
                              const TensorMapRecipe &recipe) {
  if (recipe.operand >= artifact.operands.size())
    return makeError("there is no operand ", recipe.operand);
  const Operand &operand = artifact.operands[recipe.operand];
  if (getElementBytes(recipe.type) != getElementBytes(operand.type))
    return makeError("elements of type ", getElementName(recipe.type),
                     ", but operand '", operand.name, "' has ",
                     getElementName(operand.type));
  return checkTensorMapRecipe(recipe);
}

static Status verifyArguments(const Artifact &artifact, const Kernel &kernel) {
  uint64_t bytes = 0;
  for (const Argument &argument : kernel.arguments) {
    size_t count = ~size_t(0);
    const char *what = nullptr;
    uint64_t size = 8;
    switch (argument.kind) {
    case ArgumentKind::Pointer:
      count = artifact.operands.size();
      what = "operand";
      break;
    case ArgumentKind::TensorMap:
      count = artifact.tensorMaps.size();
      what = "tensor map";
      size = 128;
      break;
    case ArgumentKind::Scratch:
      count = artifact.scratch.size();
      what = "scratch buffer";
      break;
    case ArgumentKind::I32:
    case ArgumentKind::F32:
      size = 4;
      break;
    case ArgumentKind::I64:
      break;
    }
    if (what && argument.index >= count)
      return makeError("there is no ", what, " ", argument.index);
    if (what ? !argument.name.empty()
             : argument.name.empty() || argument.index != 0)
      return makeError("an argument is either a scalar with a name or has an "
                       "index");
    bytes += size;
  }
  if (bytes > kMaxParameterBytes)
    return makeError("arguments of ", bytes, " bytes; at most ",
                     kMaxParameterBytes, " are supported");
  return {};
}

static Status verifyKernel(const Artifact &artifact, const Kernel &kernel) {
  if (kernel.entry.empty() || kernel.entry.find('\0') != std::string::npos)
    return makeError("the entry has no valid name");
  if (kernel.threads < 1 || kernel.threads > kMaxThreads)
    return makeError("CTAs of ", kernel.threads, " threads, expected 1 to ",
                     kMaxThreads);
  if (kernel.cluster < 1 || kernel.cluster > kMaxCluster)
    return makeError("clusters of ", kernel.cluster, " CTAs, expected 1 to ",
                     kMaxCluster);
  if (kernel.dynamicSharedBytes > kMaxShared)
    return makeError(kernel.dynamicSharedBytes,
                     " bytes of shared memory; no device has more than ",
                     kMaxShared);
  const Grid &grid = kernel.grid;
  for (const Formula *formula : {&grid.x, &grid.y, &grid.z})
    if (Status status = verifyFormula(*formula); !status.ok())
      return status;
  if (grid.kind == GridKind::Formula && grid.x.terms.empty())
    return makeError("the grid has no formula");
  if (grid.kind == GridKind::Persistent &&
      (grid.blocksPerMultiprocessor > 64 || !grid.y.terms.empty() ||
       !grid.z.terms.empty()))
    return makeError("not a persistent grid");
  return verifyArguments(artifact, kernel);
}

Status Artifact::verify() const {
  if (auto parsed = Architecture::parse(architecture); !parsed)
    return parsed.status();
  if (code.empty())
    return makeError("there is no code");
  if (codeKind == CodeKind::Cubin && code.compare(0, 4,
                                                  "\x7f"
                                                  "ELF") != 0)
    return makeError("the code is not a cubin: it is not in ELF format");
  // The driver reads PTX up to its first 0.
  if (codeKind == CodeKind::Ptx && code.find('\0') != std::string::npos)
    return makeError("the code is not PTX: it has a byte 0");

  if (Status status = verifyNames(operands, "operands"); !status.ok())
    return status;
  for (const Operand &operand : operands)
    if (Status status = verifyOperand(operand); !status.ok())
      return status.in("operand '" + operand.name + "'");
  for (size_t i = 0; i < tensorMaps.size(); ++i)
    if (Status status = verifyTensorMap(*this, tensorMaps[i]); !status.ok())
      return status.in("tensor map " + std::to_string(i));
  if (Status status = verifyNames(scratch, "scratch buffers"); !status.ok())
    return status;
  for (const Scratch &buffer : scratch) {
    Status status = verifyFormula(buffer.bytes);
    if (status.ok() &&
        (!isPowerOfTwo(buffer.alignment) || buffer.alignment > kMaxAlignment))
      status = makeError("alignment ", buffer.alignment,
                         ", expected a power of two up to ", kMaxAlignment);
    if (!status.ok())
      return status.in("scratch buffer '" + buffer.name + "'");
  }
  for (const Limit &limit : limits)
    if (Status status = verifyFormula(limit.value); !status.ok())
      return status.in("limit");
  for (const std::string &name : positive)
    if (name.empty() || name.find(':') != std::string::npos)
      return makeError("'", name, "' is not a name of a value");
  if (kernels.empty())
    return makeError("there is no kernel");
  for (const Kernel &kernel : kernels)
    if (Status status = verifyKernel(*this, kernel); !status.ok())
      return status.in("kernel '" + kernel.entry + "'");
  // Whatever is left refers to operands and dimensions by name.
  return Plan::make(*this).status();
}
