//===- TensorMap.cpp - Descriptors of arrays to copy from -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/TensorMap.h"

#include "Text.h"

using namespace spattn::runtime;

// The limits of the "Tensor Map Object Management" section of the driver's
// reference.
static constexpr uint64_t kMaxSize = uint64_t(1) << 32;
/// Code counts in signed 32-bit numbers.
static constexpr uint64_t kMaxSoftwareSize = (uint64_t(1) << 31) - 1;
static constexpr int64_t kStrideLimit = int64_t(1) << 40;
static constexpr uint32_t kMaxBox = 256;
/// Not in the reference, but the driver refuses boxes that are larger than the
/// shared memory of a Hopper SM.
static constexpr uint64_t kMaxBoxBytes = 228 << 10;

static unsigned getSwizzleBytes(Swizzle swizzle) {
  return swizzle == Swizzle::None ? 0 : 16u << unsigned(swizzle);
}

/// What addresses and strides must be multiples of.
static unsigned getAlignment(const TensorMapRecipe &recipe) {
  return recipe.interleave == Interleave::Bytes32 ? 32 : 16;
}

static bool isFloat(ElementType type) { return type >= ElementType::F16; }

static cuda::TensorMapType getType(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return cuda::kTensorU8;
  case ElementType::I16:
    return cuda::kTensorU16;
  case ElementType::I32:
    return cuda::kTensorI32;
  case ElementType::I64:
    return cuda::kTensorI64;
  case ElementType::F16:
    return cuda::kTensorF16;
  case ElementType::BF16:
    return cuda::kTensorBF16;
  case ElementType::F32:
    return cuda::kTensorF32;
  case ElementType::F64:
    return cuda::kTensorF64;
  }
  return cuda::kTensorU8;
}

Status spattn::runtime::checkTensorMapRecipe(const TensorMapRecipe &recipe) {
  size_t rank = recipe.dimensions.size();
  if (rank < 1 || rank > kMaxTensorMapRank)
    return makeError("a tensor map takes ranks from 1 to ", kMaxTensorMapRank,
                     ", not ", rank);
  if (recipe.form == TensorMapForm::Software) {
    if (recipe.interleave != Interleave::None || recipe.fill != OobFill::Zero)
      return makeError(
          "a software tensor map has no interleave, and fills with "
          "zeros");
    return {};
  }
  if (recipe.interleave != Interleave::None && rank < 3)
    return makeError(
        "TMA takes interleaved arrays of rank 3 or more only, not ", rank);
  if (recipe.interleave == Interleave::Bytes32 &&
      recipe.swizzle != Swizzle::Bytes32)
    return makeError("an interleave of 32 bytes needs a swizzle of 32 bytes");
  if (recipe.fill == OobFill::Nan && !isFloat(recipe.type))
    return makeError("elements of type ", getElementName(recipe.type),
                     " cannot be filled with NaN");
  uint64_t boxBytes = getElementBytes(recipe.type);
  for (const BoxDimension &dimension : recipe.dimensions) {
    if (dimension.box < 1 || dimension.box > kMaxBox)
      return makeError("dimension '", dimension.name, "' has a box of ",
                       dimension.box, " elements; TMA takes 1 to ", kMaxBox);
    boxBytes *= dimension.box;
  }
  if (boxBytes > kMaxBoxBytes)
    return makeError("a box of ", boxBytes, " bytes; TMA takes up to ",
                     kMaxBoxBytes);

  const BoxDimension &inner = recipe.dimensions.front();
  unsigned innerBytes = inner.box * getElementBytes(recipe.type);
  if (recipe.interleave != Interleave::None)
    return {};
  if (innerBytes % 16 != 0)
    return makeError("dimension '", inner.name,
                     "', the innermost, has a box of ", innerBytes,
                     " bytes; TMA takes multiples of 16");
  if (unsigned span = getSwizzleBytes(recipe.swizzle);
      span && innerBytes > span)
    return makeError("dimension '", inner.name,
                     "', the innermost, has a box of ", innerBytes,
                     " bytes, more than the swizzle's ", span);
  return {};
}

Status spattn::runtime::checkTensorMap(const TensorMapRecipe &recipe,
                                       const TensorMapSource &source) {
  if (Status status = checkTensorMapRecipe(recipe); !status.ok())
    return status;
  bool isSoftware = recipe.form == TensorMapForm::Software;
  const char *copy = isSoftware ? "cp.async" : "TMA";
  unsigned alignment = getAlignment(recipe);
  if (source.address == 0 || source.address % alignment != 0)
    return makeError(copy, " needs an address that is a multiple of ",
                     alignment, " bytes, not ", source.address);
  int64_t bytes = getElementBytes(recipe.type);
  for (size_t i = 0; i < recipe.dimensions.size(); ++i) {
    const std::string &name = recipe.dimensions[i].name;
    uint64_t size = source.sizes[i];
    int64_t stride = source.byteStrides[i];
    if (isSoftware && (size < 1 || size > kMaxSoftwareSize))
      return makeError("dimension '", name, "' has size ", size,
                       "; software tensor maps take 1 to 2^31 - 1");
    if (size < 1 || size > kMaxSize)
      return makeError("dimension '", name, "' has size ", size,
                       "; TMA takes 1 to 2^32");
    // Code copies as many bytes at once as the alignment has.
    if (isSoftware && i == 0 && size * uint64_t(bytes) % alignment != 0)
      return makeError("dimension '", name, "', the innermost, has ",
                       size * uint64_t(bytes),
                       " bytes; cp.async needs a multiple of ", alignment);
    if (size == 1)
      continue;
    if (i == 0 && stride != bytes)
      return makeError("dimension '", name,
                       "', the innermost, has a stride of ", stride, " bytes; ",
                       copy, " needs that of an element, ", bytes);
    if (!isSoftware && i != 0 && (stride < 0 || stride >= kStrideLimit))
      return makeError("dimension '", name, "' has a stride of ", stride,
                       " bytes; TMA takes 0 to less than 2^40");
    if (i != 0 && stride % alignment != 0)
      return makeError("dimension '", name, "' has a stride of ", stride,
                       " bytes; ", copy, " needs a multiple of ", alignment);
  }
  return {};
}

Result<cuda::TensorMap>
spattn::runtime::encodeTensorMap(const Driver &driver,
                                 const TensorMapRecipe &recipe,
                                 const TensorMapSource &source) {
  cuda::TensorMap map;
  size_t rank = recipe.dimensions.size();
  if (rank > kMaxTensorMapRank)
    return checkTensorMapRecipe(recipe);
  for (size_t i = 0; i < rank; ++i)
    if (source.sizes[i] == 0)
      return map;
  if (Status status = checkTensorMap(recipe, source); !status.ok())
    return status;

  if (recipe.form == TensorMapForm::Software) {
    map.words[kMapAddressWord] = source.address;
    for (size_t i = 0; i < rank; ++i) {
      map.words[kMapSizeWord + i] = source.sizes[i];
      if (i > 0 && source.sizes[i] > 1)
        map.words[kMapStrideWord + i - 1] = uint64_t(source.byteStrides[i]);
    }
    return map;
  }

  uint64_t strides[kMaxTensorMapRank] = {};
  uint32_t box[kMaxTensorMapRank] = {}, steps[kMaxTensorMapRank] = {};
  for (size_t i = 0; i < rank; ++i) {
    box[i] = recipe.dimensions[i].box;
    steps[i] = 1;
    // The driver checks the stride of a dimension of size 1 although nothing
    // uses it.
    strides[i] = source.sizes[i] == 1 ? getAlignment(recipe)
                                      : uint64_t(source.byteStrides[i]);
  }
  // The driver takes the innermost stride as given.
  if (Status status = driver.tensorMapEncodeTiled(
          &map, getType(recipe.type), uint32_t(rank),
          reinterpret_cast<void *>(source.address), source.sizes, strides + 1,
          box, steps, int(recipe.interleave), int(recipe.swizzle),
          int(recipe.l2Promotion), int(recipe.fill));
      !status.ok())
    return status;
  return map;
}
