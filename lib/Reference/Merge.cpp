//===- Merge.cpp - Merges in float64, row by row --------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Merge.h"

#include "RowArrays.h"

#include <cmath>
#include <limits>
#include <vector>

using namespace spattn;
using llvm::Error;
using llvm::Twine;

static constexpr double kNegInf = -std::numeric_limits<double>::infinity();

/// The log-sum-exp of parts, and the weight of each; 0 where it is empty.
static double weigh(std::vector<double> &weights) {
  double largest = kNegInf, sum = 0;
  for (double weight : weights)
    // One that is no number makes all of it none.
    if (weight > largest || std::isnan(weight))
      largest = weight;
  for (double weight : weights)
    if (weight != kNegInf)
      sum += std::exp(weight - largest);
  double lse = sum == 0 ? kNegInf : largest + std::log(sum);
  for (double &weight : weights)
    weight = weight == kNegInf ? 0 : std::exp(weight - largest) / sum;
  return lse;
}

/// What both check first.
static Error checkParts(llvm::ArrayRef<BufferView> parts,
                        llvm::ArrayRef<BufferView> lses) {
  if (parts.empty() || parts.size() != lses.size())
    return llvm::createStringError("expected parts, and as many log-sum-exps");
  if (parts.front().sizes.size() != 4)
    return llvm::createStringError("expected parts of rank 4");
  return Error::success();
}

/// Rows of elements, and numbers, that are those of the result.
static const OperandInfo &ofRows() { return getOperandInfo(OperandKind::Out); }
static const OperandInfo &ofNumbers() {
  return getOperandInfo(OperandKind::Lse);
}

Error spattn::evaluate(const MergeArrays &arrays) {
  if (Error error = checkParts(arrays.parts, arrays.lses))
    return error;
  if (arrays.out.sizes.size() != 4)
    return llvm::createStringError(
        "'out' has rank " + Twine(arrays.out.sizes.size()) + ", expected 4");
  bool hasRows = isGiven(arrays.rows);
  if (hasRows && (arrays.rows.sizes.size() != 4 || arrays.parts.size() != 1))
    return llvm::createStringError("expected one part with rows of rank 4");
  RowArrays rows(arrays.layout, hasRows ? arrays.out : arrays.parts.front());
  size_t count = arrays.parts.size();
  if (hasRows) {
    rows.setSource(arrays.parts.front(), kSourceRows);
    rows.setTerms(arrays.rows);
    count = arrays.rows.sizes[arrays.layout.getDim(Dim::Width)];
    if (Error error = rows.check(arrays.rows, kRowNumbersOfTerms, "rows"))
      return error;
  }
  if (Error error =
          rows.check(arrays.parts, hasRows ? kSourceRows : ofRows(), "parts"))
    return error;
  if (Error error = rows.check(arrays.lses,
                               hasRows ? kSourceNumbers : ofNumbers(), "lses"))
    return error;
  if (Error error = rows.check(arrays.out, ofRows(), "out"))
    return error;
  if (isGiven(arrays.lse))
    if (Error error = rows.check(arrays.lse, ofNumbers(), "lse"))
      return error;
  rows.forEach([&](const RowArrays::Place &place) {
    // Where the parts are. What is no row is an empty one.
    std::vector<std::optional<RowArrays::Place>> places(count, place);
    std::vector<double> lses, weights, out(rows.size(Dim::Width));
    for (size_t p = 0; p < count; ++p) {
      if (hasRows)
        places[p] = rows.find(arrays.rows, place, p);
      lses.push_back(
          places[p] ? rows.loadNumber(arrays.lses[hasRows ? 0 : p], *places[p])
                    : kNegInf);
    }
    weights = lses;
    double lse = weigh(weights);
    for (size_t p = 0; p < count; ++p) {
      if (lses[p] == kNegInf)
        continue;
      std::vector<double> part =
          rows.load(arrays.parts[hasRows ? 0 : p], *places[p]);
      for (size_t c = 0; c < out.size(); ++c)
        out[c] += weights[p] * part[c];
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
  RowArrays rows(arrays.layout, arrays.parts.front());
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
    if (Error error = rows.check(
            group.arrays, group.hasWidth ? ofRows() : ofNumbers(), group.name))
      return error;
  if (isGiven(arrays.dlse))
    if (Error error = rows.check(arrays.dlse, ofNumbers(), "dlse"))
      return error;
  size_t count = arrays.parts.size();
  if (arrays.dparts.size() != count || arrays.dlses.size() != count)
    return llvm::createStringError("expected gradients of each part");
  rows.forEach([&](const RowArrays::Place &place) {
    std::vector<double> weights, dout = rows.load(arrays.dout, place);
    for (const BufferView &lse : arrays.lses)
      weights.push_back(rows.loadNumber(lse, place));
    weigh(weights);
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
