//===- RowArrays.cpp - Arrays of operations on rows, in memory ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowArrays.h"

#include <cstring>

using namespace spattn;
using llvm::Error;
using llvm::Twine;

Error RowArrays::check(llvm::ArrayRef<BufferView> arrays,
                       const OperandInfo &info, const char *name) const {
  for (const BufferView &array : arrays) {
    if (array.sizes.size() != info.getRank() ||
        array.strides.size() != info.getRank())
      return llvm::createStringError("'" + Twine(name) + "' has rank " +
                                     Twine(array.sizes.size()) + ", expected " +
                                     Twine(info.getRank()));
    bool isOfI32 = info.elements == ElementKind::I32;
    if (isOfI32 ? array.elementType != ElementType::I32
                : !isFloatElement(array.elementType))
      return llvm::createStringError("'" + Twine(name) +
                                     "' has an unsupported element type");
    for (Dim dim : kDims) {
      if (!info.has(dim))
        continue;
      int64_t found = array.sizes[layout.getDim(info, dim)];
      Extent extent = info.getExtent(dim);
      int64_t expected = extent == Extent::KeyLength   ? sourceLength
                         : extent == Extent::Terms     ? terms
                         : extent == Extent::ListBatch ? 1
                                                       : size(dim);
      if (found != expected)
        return llvm::createStringError(
            "'" + Twine(name) + "' has a " + info.getSizeText(dim) + " of " +
            Twine(found) + ", expected " + Twine(expected));
    }
    if (!array.data && !llvm::is_contained(array.sizes, 0))
      return llvm::createStringError("'" + Twine(name) + "' has no data");
  }
  return Error::success();
}

ElementRow RowArrays::at(const BufferView &array, const Place &place) const {
  bool hasWidth = array.sizes.size() == 4;
  const OperandInfo &info =
      getOperandInfo(hasWidth ? OperandKind::Out : OperandKind::Lse);
  int64_t offset = 0;
  for (Dim dim : {Dim::Batch, Dim::Head, Dim::Length})
    offset += place[unsigned(dim)] * array.strides[layout.getDim(info, dim)];
  int64_t bytes = runtime::getElementBytes(array.elementType);
  int64_t stride = hasWidth ? array.strides[layout.getDim(Dim::Width)] : 0;
  return {static_cast<char *>(array.data) + offset * bytes, array.elementType,
          stride};
}

std::vector<double> RowArrays::load(const BufferView &array,
                                    const Place &place) const {
  std::vector<double> row(size(Dim::Width));
  loadElements(at(array, place), row.size(), row.data());
  return row;
}

double RowArrays::loadNumber(const BufferView &array,
                             const Place &place) const {
  double number = 0;
  loadElements(at(array, place), 1, &number);
  return number;
}

void RowArrays::store(const BufferView &array, const Place &place,
                      const std::vector<double> &row) const {
  storeElements(at(array, place), row.size(), row.data());
}

void RowArrays::storeNumber(const BufferView &array, const Place &place,
                            double number) const {
  storeElements(at(array, place), 1, &number);
}

std::optional<RowArrays::Place> RowArrays::find(const BufferView &rows,
                                                const Place &place,
                                                int64_t term) const {
  ElementRow numbers = at(rows, place);
  int32_t number;
  std::memcpy(&number,
              static_cast<char *>(numbers.data) +
                  term * numbers.stride * int64_t(sizeof(number)),
              sizeof(number));
  if (number < 0 || number >= sourceLength)
    return std::nullopt;
  return Place{place[0], place[1], number};
}

void RowArrays::storeInteger(const BufferView &array, const Place &place,
                             int64_t term, int32_t number) const {
  ElementRow row = at(array, place);
  std::memcpy(static_cast<char *>(row.data) +
                  term * row.stride * int64_t(sizeof(number)),
              &number, sizeof(number));
}
