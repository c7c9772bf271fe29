//===- Rows.cpp - Rows of arrays by number, in float64 --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Rows.h"

#include "RowArrays.h"

#include <cmath>
#include <limits>

using namespace spattn;
using llvm::Error;

using Row = std::vector<double>;

/// The sum of products of elements, by their number.
static double meanOfProducts(const Row &x, const Row &y) {
  double sum = 0;
  for (size_t c = 0; c < x.size(); ++c)
    sum += x[c] * y[c];
  return sum / double(x.size());
}

static Error checkRank(const BufferView &array, const OperandInfo &info,
                       const char *name) {
  if (array.sizes.size() == info.getRank())
    return Error::success();
  return llvm::createStringError("'" + llvm::Twine(name) + "' has rank " +
                                 llvm::Twine(array.sizes.size()) +
                                 ", expected " + llvm::Twine(info.getRank()));
}

Error spattn::evaluate(const GatherArrays &arrays) {
  size_t count = arrays.sources.size();
  if (count == 0 || arrays.outs.size() != count ||
      (!arrays.unitRms.empty() && arrays.unitRms.size() != count))
    return llvm::createStringError(
        "expected sources, and as many destinations");
  const OperandInfo &out = getOperandInfo(OperandKind::Out);
  if (Error error = checkRank(arrays.sources.front(), kSourceRows, "sources"))
    return error;
  if (Error error = checkRank(arrays.outs.front(), out, "outs"))
    return error;
  RowArrays rows(arrays.layout, arrays.outs.front());
  rows.setSource(arrays.sources.front(), kSourceRows);
  if (Error error = rows.check(arrays.sources, kSourceRows, "sources"))
    return error;
  if (Error error = rows.check(arrays.rows, kRowNumbers, "rows"))
    return error;
  if (Error error = rows.check(arrays.outs, out, "outs"))
    return error;
  rows.forEach([&](const RowArrays::Place &place) {
    auto from = rows.find(arrays.rows, place);
    for (size_t i = 0; i < count; ++i) {
      Row row = from ? rows.load(arrays.sources[i], *from)
                     : Row(rows.size(Dim::Width));
      if (!arrays.unitRms.empty() && arrays.unitRms[i]) {
        double rms = std::sqrt(meanOfProducts(row, row) + arrays.epsilon);
        for (double &x : row)
          x /= rms;
      }
      rows.store(arrays.outs[i], place, row);
    }
  });
  return Error::success();
}

Error spattn::evaluate(const SumArrays &arrays) {
  const OperandInfo &out = getOperandInfo(OperandKind::Out);
  if (Error error = checkRank(arrays.source, kSourceRows, "source"))
    return error;
  if (Error error = checkRank(arrays.rows, kRowNumbersOfTerms, "rows"))
    return error;
  if (Error error = checkRank(arrays.out, out, "out"))
    return error;
  RowArrays rows(arrays.layout, arrays.out);
  rows.setSource(arrays.source, kSourceRows);
  rows.setTerms(arrays.rows);
  if (Error error = rows.check(arrays.source, kSourceRows, "source"))
    return error;
  if (Error error = rows.check(arrays.rows, kRowNumbersOfTerms, "rows"))
    return error;
  bool isGradient = isGiven(arrays.unitRmsOf);
  if (isGradient)
    if (Error error = rows.check(arrays.unitRmsOf, out, "unit_rms_of"))
      return error;
  if (isGiven(arrays.add))
    if (Error error = rows.check(arrays.add, out, "add"))
      return error;
  int64_t terms = arrays.rows.sizes[arrays.layout.getDim(Dim::Width)];
  rows.forEach([&](const RowArrays::Place &place) {
    Row sum(rows.size(Dim::Width));
    for (int64_t p = 0; p < terms; ++p) {
      auto from = rows.find(arrays.rows, place, p);
      if (!from)
        continue;
      Row term = rows.load(arrays.source, *from);
      for (size_t c = 0; c < sum.size(); ++c)
        sum[c] += term[c];
    }
    if (isGradient) {
      // The derivative of y = x / rms(x): (sum - mean(y sum) y) / rms(x).
      Row y = rows.load(arrays.unitRmsOf, place);
      double rms = std::sqrt(meanOfProducts(y, y) + arrays.epsilon);
      for (double &x : y)
        x /= rms;
      double mean = meanOfProducts(y, sum);
      for (size_t c = 0; c < sum.size(); ++c)
        sum[c] = (sum[c] - mean * y[c]) / rms;
    }
    if (isGiven(arrays.add)) {
      Row added = rows.load(arrays.add, place);
      for (size_t c = 0; c < sum.size(); ++c)
        sum[c] += added[c];
    }
    rows.store(arrays.out, place, sum);
  });
  return Error::success();
}

Error spattn::evaluate(const HashArrays &arrays) {
  if (Error error =
          checkRank(arrays.source, getOperandInfo(OperandKind::Out), "source"))
    return error;
  if (Error error = checkRank(arrays.vectors, kHashVectors, "vectors"))
    return error;
  if (Error error = checkRank(arrays.out, kRowNumbersOfTerms, "out"))
    return error;
  RowArrays rows(arrays.layout, arrays.source);
  rows.setSource(arrays.vectors, kHashVectors);
  rows.setTerms(arrays.out);
  if (Error error = rows.check(arrays.vectors, kHashVectors, "vectors"))
    return error;
  if (Error error = rows.check(arrays.out, kRowNumbersOfTerms, "out"))
    return error;
  int64_t terms = arrays.out.sizes[arrays.layout.getDim(Dim::Width)];
  int64_t count = arrays.vectors.sizes[arrays.layout.getDim(Dim::Length)];
  rows.forEach([&](const RowArrays::Place &place) {
    Row row = rows.load(arrays.source, place);
    for (int64_t p = 0; p < terms; ++p) {
      Row products(2 * count);
      for (int64_t j = 0; j < count; ++j) {
        Row vector = rows.load(arrays.vectors, {0, p, j});
        products[j] = meanOfProducts(row, vector);
        products[j + count] = -products[j];
      }
      int64_t found = 0;
      double largest = -std::numeric_limits<double>::infinity();
      for (int64_t j = 0; j < 2 * count; ++j)
        if (products[j] > largest) {
          largest = products[j];
          found = j;
        }
      rows.storeInteger(arrays.out, place, p, int32_t(found));
    }
  });
  return Error::success();
}
