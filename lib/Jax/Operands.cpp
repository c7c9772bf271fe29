//===- Operands.cpp - Operands of custom calls ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

#include <optional>
#include <utility>

namespace ffi = xla::ffi;
using namespace spattn::jax_ops;

static std::optional<SpattnElementType> getElementType(ffi::DataType type) {
  switch (type) {
  case ffi::F32:
    return SpattnElementF32;
  case ffi::F16:
    return SpattnElementF16;
  case ffi::BF16:
    return SpattnElementBF16;
  case ffi::S32:
    return SpattnElementI32;
  default:
    return std::nullopt;
  }
}

/// The rank that the kernel has for an operand of this rank and type, or
/// nothing.
///
/// Arrays have the rank of the queries or, if they hold a number for each
/// query, one less. Starts and ends of sequences and page tables, the only
/// integers, have two less. vmap adds as many leading dimensions to all of
/// these. Numbers of heads have one or two dimensions; for them and for pages,
/// vmap makes calls in which the queries have no more than four.
static std::optional<size_t> getRank(size_t rank, size_t queryRank,
                                     SpattnElementType element) {
  size_t numMapped = queryRank - 4;
  if (element == SpattnElementI32)
    return rank == 2 + numMapped ? std::optional<size_t>(2) : std::nullopt;
  if (rank == 4 + numMapped)
    return 4;
  if (rank == 3 + numMapped)
    return 3;
  if (numMapped == 0 && (rank == 1 || rank == 2))
    return rank;
  return std::nullopt;
}

ffi::Error Operands::add(ffi::AnyBuffer buffer) {
  ffi::AnyBuffer::Dimensions dims = buffer.dimensions();
  if (added.empty())
    queryRank = dims.size();
  if (queryRank < 4)
    return ffi::Error::InvalidArgument("spattn: expected queries of rank 4");
  std::optional<SpattnElementType> element =
      getElementType(buffer.element_type());
  std::optional<size_t> rank;
  if (element)
    rank = getRank(dims.size(), queryRank, *element);
  if (!rank)
    return ffi::Error::InvalidArgument(
        "spattn: expected arrays of (batch, heads, length, head dimension)");

  // Leading dimensions are folded into the batch.
  size_t numLeading = dims.size() - *rank + 1;
  std::vector<int64_t> folded = {1};
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i < numLeading)
      folded[0] *= dims[i];
    else
      folded.push_back(dims[i]);
  }
  std::vector<int64_t> steps(*rank, 1);
  for (size_t i = *rank - 1; i > 0; --i)
    steps[i - 1] = steps[i] * folded[i];
  // The log-sum-exp is (batch, heads, length) in both layouts.
  if (headsInside && *rank == 4) {
    std::swap(folded[1], folded[2]);
    std::swap(steps[1], steps[2]);
  }

  sizes.push_back(std::move(folded));
  strides.push_back(std::move(steps));
  SpattnArgument argument = {};
  argument.kind = SpattnArgumentBuffer;
  argument.element = *element;
  argument.value.data = buffer.untyped_data();
  argument.rank = static_cast<uint32_t>(*rank);
  // Growing the outer vectors moves the inner ones, but not their elements.
  argument.sizes = sizes.back().data();
  argument.strides = strides.back().data();
  added.push_back(argument);
  return ffi::Error::Success();
}

std::string Operands::sizesKey() const {
  std::string key;
  for (const std::vector<int64_t> &each : sizes)
    key.append(reinterpret_cast<const char *>(each.data()),
               each.size() * sizeof(int64_t));
  return key;
}
