//===- Merge.cpp - Merges in float64, row by row --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Merge.h"

#include "llvm/Support/Parallel.h"

#include <cmath>
#include <limits>
#include <vector>

using namespace spattn;
using llvm::Error;
using llvm::Twine;

static constexpr double kNegInf = -std::numeric_limits<double>::infinity();

namespace {
/// The sizes that all arrays of a merge share.
class Rows {
public:
  Rows(const Layout &layout, const BufferView &model) : layout(layout) {
    for (Dim dim : kDims)
      sizes[unsigned(dim)] = model.sizes[layout.getDim(dim)];
  }

  int64_t size(Dim dim) const { return sizes[unsigned(dim)]; }

  /// What of arrays does not fit, if anything.
  Error check(llvm::ArrayRef<BufferView> arrays, bool hasWidth,
              const char *name) const {
    const OperandInfo &info = infoOf(hasWidth);
    for (const BufferView &array : arrays) {
      if (array.sizes.size() != info.getRank() ||
          array.strides.size() != info.getRank())
        return llvm::createStringError("'" + Twine(name) + "' has rank " +
                                       Twine(array.sizes.size()) +
                                       ", expected " + Twine(info.getRank()));
      if (!isFloatElement(array.elementType))
        return llvm::createStringError("'" + Twine(name) +
                                       "' has an unsupported element type");
      for (Dim dim : kDims) {
        if (!info.has(dim))
          continue;
        int64_t found = array.sizes[layout.getDim(info, dim)];
        if (found != size(dim))
          return llvm::createStringError(
              "'" + Twine(name) + "' has a " + info.getSizeText(dim) + " of " +
              Twine(found) + ", expected " + Twine(size(dim)));
      }
      if (!array.data && !llvm::is_contained(array.sizes, 0))
        return llvm::createStringError("'" + Twine(name) + "' has no data");
    }
    return Error::success();
  }

  template <class F>
  void forEach(F body) const {
    int64_t heads = size(Dim::Head), length = size(Dim::Length);
    llvm::parallelFor(0, size(Dim::Batch) * heads * length, [&](size_t row) {
      body({int64_t(row) / length / heads, int64_t(row) / length % heads,
            int64_t(row) % length});
    });
  }

  using Place = std::array<int64_t, 3>;

  /// The elements of a row, or its number.
  ElementRow at(const BufferView &array, const Place &place) const {
    bool hasWidth = array.sizes.size() == 4;
    const OperandInfo &info = infoOf(hasWidth);
    int64_t offset = 0;
    for (Dim dim : {Dim::Batch, Dim::Head, Dim::Length})
      offset += place[unsigned(dim)] * array.strides[layout.getDim(info, dim)];
    int64_t bytes = runtime::getElementBytes(array.elementType);
    int64_t stride = hasWidth ? array.strides[layout.getDim(Dim::Width)] : 0;
    return {static_cast<char *>(array.data) + offset * bytes, array.elementType,
            stride};
  }
  std::vector<double> load(const BufferView &array, const Place &place) const {
    std::vector<double> row(size(Dim::Width));
    loadElements(at(array, place), row.size(), row.data());
    return row;
  }
  double loadNumber(const BufferView &array, const Place &place) const {
    double number = 0;
    loadElements(at(array, place), 1, &number);
    return number;
  }
  void store(const BufferView &array, const Place &place,
             const std::vector<double> &row) const {
    storeElements(at(array, place), row.size(), row.data());
  }
  void storeNumber(const BufferView &array, const Place &place,
                   double number) const {
    storeElements(at(array, place), 1, &number);
  }

  /// The log-sum-exp of parts, and the weight of each; 0 where it is empty.
  double weigh(llvm::ArrayRef<BufferView> lses, const Place &place,
               std::vector<double> &weights) const {
    double largest = kNegInf, sum = 0;
    for (const BufferView &array : lses) {
      weights.push_back(loadNumber(array, place));
      // One that is no number makes all of it none.
      if (weights.back() > largest || std::isnan(weights.back()))
        largest = weights.back();
    }
    for (double weight : weights)
      if (weight != kNegInf)
        sum += std::exp(weight - largest);
    double lse = sum == 0 ? kNegInf : largest + std::log(sum);
    for (double &weight : weights)
      weight = weight == kNegInf ? 0 : std::exp(weight - largest) / sum;
    return lse;
  }

private:
  static const OperandInfo &infoOf(bool hasWidth) {
    return getOperandInfo(hasWidth ? OperandKind::Out : OperandKind::Lse);
  }

  Layout layout;
  std::array<int64_t, 4> sizes;
};
} // namespace

/// What both check first.
static Error checkParts(llvm::ArrayRef<BufferView> parts,
                        llvm::ArrayRef<BufferView> lses) {
  if (parts.empty() || parts.size() != lses.size())
    return llvm::createStringError("expected parts, and as many log-sum-exps");
  if (parts.front().sizes.size() != 4)
    return llvm::createStringError("expected parts of rank 4");
  return Error::success();
}

Error spattn::evaluate(const MergeArrays &arrays) {
  if (Error error = checkParts(arrays.parts, arrays.lses))
    return error;
  Rows rows(arrays.layout, arrays.parts.front());
  if (Error error = rows.check(arrays.parts, true, "parts"))
    return error;
  if (Error error = rows.check(arrays.lses, false, "lses"))
    return error;
  if (Error error = rows.check(arrays.out, true, "out"))
    return error;
  if (isGiven(arrays.lse))
    if (Error error = rows.check(arrays.lse, false, "lse"))
      return error;
  rows.forEach([&](const Rows::Place &place) {
    std::vector<double> weights, out(rows.size(Dim::Width));
    double lse = rows.weigh(arrays.lses, place, weights);
    for (auto [array, lses, weight] :
         llvm::zip(arrays.parts, arrays.lses, weights)) {
      if (rows.loadNumber(lses, place) == kNegInf)
        continue;
      std::vector<double> part = rows.load(array, place);
      for (size_t c = 0; c < out.size(); ++c)
        out[c] += weight * part[c];
    }
    rows.store(arrays.out, place, out);
    if (isGiven(arrays.lse))
      rows.storeNumber(arrays.lse, place, lse);
  });
  return Error::success();
}

Error spattn::evaluateGradients(const MergeGradientArrays &arrays) {
  if (Error error = checkParts(arrays.parts, arrays.lses))
    return error;
  Rows rows(arrays.layout, arrays.parts.front());
  struct Group {
    llvm::ArrayRef<BufferView> arrays;
    bool hasWidth;
    const char *name;
  };
  for (const Group &group : {Group{arrays.parts, true, "parts"},
                             {arrays.lses, false, "lses"},
                             {arrays.dout, true, "dout"},
                             {arrays.dparts, true, "dparts"},
                             {arrays.dlses, false, "dlses"}})
    if (Error error = rows.check(group.arrays, group.hasWidth, group.name))
      return error;
  if (isGiven(arrays.dlse))
    if (Error error = rows.check(arrays.dlse, false, "dlse"))
      return error;
  size_t count = arrays.parts.size();
  if (arrays.dparts.size() != count || arrays.dlses.size() != count)
    return llvm::createStringError("expected gradients of each part");
  rows.forEach([&](const Rows::Place &place) {
    std::vector<double> weights, dout = rows.load(arrays.dout, place);
    rows.weigh(arrays.lses, place, weights);
    std::vector<double> products(count);
    double mean = 0;
    for (size_t p = 0; p < count; ++p) {
      if (rows.loadNumber(arrays.lses[p], place) == kNegInf)
        continue;
      std::vector<double> part = rows.load(arrays.parts[p], place);
      for (size_t c = 0; c < dout.size(); ++c)
        products[p] += dout[c] * part[c];
      mean += weights[p] * products[p];
    }
    double dlse =
        isGiven(arrays.dlse) ? rows.loadNumber(arrays.dlse, place) : 0;
    for (size_t p = 0; p < count; ++p) {
      bool isEmpty = rows.loadNumber(arrays.lses[p], place) == kNegInf;
      std::vector<double> gradient(dout.size());
      for (size_t c = 0; c < dout.size() && !isEmpty; ++c)
        gradient[c] = weights[p] * dout[c];
      rows.store(arrays.dparts[p], place, gradient);
      rows.storeNumber(arrays.dlses[p], place,
                       isEmpty ? 0 : weights[p] * (products[p] - mean + dlse));
    }
  });
  return Error::success();
}
