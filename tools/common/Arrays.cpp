//===- Arrays.cpp - Arguments in memory -----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Arrays.h"

#include "mlir/IR/BuiltinTypes.h"
#include "spattn/Support/Elements.h"
#include "spattn/Support/Float.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;
using llvm::Expected;

std::string spattn::tool::getShapeText(ArrayRef<int64_t> sizes,
                                       Type elementType) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (int64_t size : sizes)
    stream << size << "x";
  stream << elementType;
  return text;
}

Expected<Array> spattn::tool::allocate(ElementType elementType,
                                       ArrayRef<int64_t> sizes) {
  int64_t bytes = getElementBytes(elementType);
  for (int64_t size : sizes)
    // Also without elements, so that strides do not overflow.
    if (llvm::MulOverflow<int64_t>(bytes, std::max<int64_t>(size, 1), bytes) ||
        bytes > INT64_MAX - 64)
      return llvm::createStringError("an array of 2^63 bytes or more");
  // Vectors of any width are aligned.
  std::shared_ptr<void> memory(
      std::aligned_alloc(64, llvm::alignTo(std::max<int64_t>(bytes, 1), 64)),
      std::free);
  if (!memory)
    return llvm::createStringError("out of memory: " + Twine(bytes) + " bytes");
  return Array{BufferView::contiguous(memory.get(), elementType, sizes),
               memory};
}

/// Calls `work(begin, end)` for pieces of [0, count), in parallel.
template <class F>
static void forPieces(int64_t count, F work) {
  constexpr int64_t piece = 1 << 16;
  llvm::parallelFor(0, llvm::divideCeil(count, piece), [&](size_t i) {
    int64_t begin = i * piece;
    work(begin, std::min(begin + piece, count));
  });
}

static int64_t getNumBytes(const Array &array) {
  return array.view.getNumElements() * getElementBytes(array.view.elementType);
}

void spattn::tool::fillPoison(const Array &array) {
  // All bits set is a NaN of every float type.
  forPieces(getNumBytes(array), [&](int64_t begin, int64_t end) {
    std::memset(static_cast<char *>(array.view.data) + begin, 0xff,
                end - begin);
  });
}

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

/// The finalizer of SplitMix64: spreads every bit over all.
static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Numbers 2 * pair and 2 * pair + 1 of a stream, by the Box-Muller transform.
static std::pair<float, float> makeNormalPair(uint64_t key, uint64_t pair) {
  uint64_t bits = mix(key + pair * 0x9e3779b97f4a7c15);
  // From (0, 1], whose logarithm is finite, and [0, 1).
  float u = (static_cast<float>(bits >> 40) + 1) * 0x1p-24f;
  float v = static_cast<float>(bits & 0xffffff) * 0x1p-24f;
  float radius = std::sqrt(-2 * std::log(u));
  float angle = v * 6.2831853f;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

template <class T, class F>
static void fillNormal(const Array &array, uint64_t key, F convert) {
  auto *data = static_cast<T *>(array.view.data);
  // Pieces begin at even positions.
  forPieces(array.view.getNumElements(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += 2) {
      auto [first, second] = makeNormalPair(key, i / 2);
      data[i] = convert(first);
      if (i + 1 < end)
        data[i + 1] = convert(second);
    }
  });
}

void spattn::tool::fillRandom(const Array &array, uint64_t seed,
                              uint64_t stream) {
  uint64_t key = mix(mix(seed + 1) + stream);
  ElementType type = array.view.elementType;
  if (type == ElementType::F32)
    fillNormal<float>(array, key, [](float x) { return x; });
  else if (type == ElementType::F64)
    fillNormal<double>(array, key, [](float x) { return double(x); });
  else if (type == ElementType::F16)
    fillNormal<uint16_t>(array, key, doubleToF16);
  else if (type == ElementType::BF16)
    fillNormal<uint16_t>(array, key, doubleToBF16);
  else
    std::memset(array.view.data, 0, getNumBytes(array));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// The element type of a file's array where an argument is of type `wanted`;
/// nothing if the two do not go together.
static std::optional<ElementType> getFileType(NpyType type,
                                              ElementType wanted) {
  auto ifFloat = [&](ElementType file) {
    return isFloatElement(wanted) ? std::optional(file) : std::nullopt;
  };
  switch (type) {
  case NpyType::F2:
    return ifFloat(ElementType::F16);
  case NpyType::F4:
    return ifFloat(ElementType::F32);
  case NpyType::F8:
    return ifFloat(ElementType::F64);
  case NpyType::V2:
    return ifFloat(ElementType::BF16);
  case NpyType::U2:
    if (wanted == ElementType::BF16)
      return wanted;
    [[fallthrough]];
  default:
    if (!isFloatElement(wanted) && getNpySize(type) == getElementBytes(wanted))
      return wanted;
    return std::nullopt;
  }
}

static StringRef getSupportedFileTypes(ElementType wanted) {
  if (wanted == ElementType::BF16)
    return "<f2, <f4, <f8, and the bits of bf16 as <u2 or |V2";
  if (isFloatElement(wanted))
    return "<f2, <f4, <f8, and the bits of bf16 as |V2";
  switch (getElementBytes(wanted)) {
  case 1:
    return "|i1 and |u1";
  case 2:
    return "<i2 and <u2";
  case 4:
    return "<i4 and <u4";
  default:
    return "<i8 and <u8";
  }
}

/// Copies the dimensions from `dim` on; `to` is contiguous.
static void copyElements(const NpyView &from, ElementType fromType, size_t dim,
                         const char *source, ElementType toType, char *&to) {
  int64_t fromBytes = getElementBytes(fromType);
  int64_t toBytes = getElementBytes(toType);
  size_t rank = from.sizes.size();
  int64_t size = dim < rank ? from.sizes[dim] : 1;
  int64_t stride = dim < rank ? from.strides[dim] : 1;
  if (dim + 1 < rank) {
    for (int64_t i = 0; i < size; ++i)
      copyElements(from, fromType, dim + 1, source + i * stride * fromBytes,
                   toType, to);
    return;
  }
  if (fromType != toType) {
    std::vector<double> values(size);
    loadElements({const_cast<char *>(source), fromType, stride}, size,
                 values.data());
    storeElements({to, toType, 1}, size, values.data());
  } else if (stride == 1) {
    std::memcpy(to, source, size * toBytes);
  } else {
    for (int64_t i = 0; i < size; ++i)
      std::memcpy(to + i * toBytes, source + i * stride * toBytes, toBytes);
  }
  to += size * toBytes;
}

llvm::Error spattn::tool::checkNpyType(NpyType type, Type elementType) {
  ElementType element = *getElementType(elementType);
  if (getFileType(type, element))
    return llvm::Error::success();
  std::string wanted;
  llvm::raw_string_ostream(wanted) << elementType;
  return llvm::createStringError("elements of type '" + getNpyDescr(type) +
                                 "' do not fit " + wanted + "; supported are " +
                                 getSupportedFileTypes(element));
}

Expected<Array> spattn::tool::convertNpy(const NpyView &array,
                                         Type elementType) {
  if (llvm::Error error = checkNpyType(array.type, elementType))
    return error;
  ElementType element = *getElementType(elementType);
  ElementType fileType = *getFileType(array.type, element);
  Expected<Array> result = allocate(element, array.sizes);
  if (!result || llvm::is_contained(array.sizes, 0))
    return result;
  auto *to = static_cast<char *>(result->view.data);
  copyElements(array, fileType, 0, static_cast<const char *>(array.data),
               element, to);
  return result;
}

NpyView spattn::tool::toNpy(const BufferView &view) {
  auto getType = [](ElementType type) {
    switch (type) {
    case ElementType::I8:
      return NpyType::I1;
    case ElementType::I16:
      return NpyType::I2;
    case ElementType::I32:
      return NpyType::I4;
    case ElementType::I64:
      return NpyType::I8;
    case ElementType::F16:
      return NpyType::F2;
    case ElementType::BF16:
      return NpyType::U2;
    case ElementType::F32:
      return NpyType::F4;
    case ElementType::F64:
      return NpyType::F8;
    }
    llvm_unreachable("all types have been handled");
  };
  return {getType(view.elementType), view.sizes, view.strides, view.data};
}
