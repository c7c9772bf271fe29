//===- Gradients.cpp - Gradients in float64, pair by pair -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Gradients.h"

#include "Operands.h"
#include "spattn/Reference/Mask.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

using Row = std::vector<double>;

static Row load(const AttentionProblem &problem, const BufferView &view,
                int64_t b, int64_t h, int64_t n, int64_t width) {
  Row row(width);
  loadElements(getRow(problem, view, b, h, n), width, row.data());
  return row;
}

static double dot(const Row &lhs, const Row &rhs) {
  double sum = 0;
  for (auto [x, y] : llvm::zip_equal(lhs, rhs))
    sum += x * y;
  return sum;
}

static void addScaled(double factor, const Row &row, double *sum) {
  for (auto [c, x] : llvm::enumerate(row))
    sum[c] += factor * x;
}

namespace {
/// A pair of query and key that is allowed: its probability, the gradient by
/// its score, and the rows that these multiply.
struct Pair {
  double p, ds;
  Row query, key, dout;
};
} // namespace

/// Evaluates the definition for one pair of query head `h`.
static std::optional<Pair> evaluatePair(const AttentionProblem &problem,
                                        const GradientInputs &inputs, int64_t b,
                                        int64_t h, int64_t i, int64_t j) {
  int64_t queryLength = inputs.query.sizes[problem.getDim('n')];
  int64_t keyLength = inputs.key.sizes[problem.getDim('n')];
  if (!isAllowed(problem.structure, h, problem.queryHeads, i, j, queryLength,
                 keyLength, problem.alignment))
    return std::nullopt;
  int64_t g = h / (problem.queryHeads / problem.keyHeads);
  int64_t headDim = problem.headDim, valueDim = problem.valueDim;
  Row query = load(problem, inputs.query, b, h, i, headDim);
  Row key = load(problem, inputs.key, b, g, j, headDim);
  Row value = load(problem, inputs.value, b, g, j, valueDim);
  Row out = load(problem, inputs.out, b, h, i, valueDim);
  Row dout = load(problem, inputs.dout, b, h, i, valueDim);
  double lse = load(problem, inputs.lse, b, h, i, 1).front();
  // All logits of such a query are -inf.
  if (lse == -std::numeric_limits<double>::infinity())
    lse = -lse;
  double p = std::exp(problem.getScale() * dot(query, key) - lse);
  double ds = p * (dot(dout, value) - dot(out, dout));
  return Pair{p, ds, std::move(query), std::move(key), std::move(dout)};
}

void spattn::queryGradientRow(const AttentionProblem &problem,
                              const GradientInputs &inputs, int64_t b,
                              int64_t h, int64_t i, double *dquery) {
  std::fill(dquery, dquery + problem.headDim, 0.0);
  int64_t keyLength = inputs.key.sizes[problem.getDim('n')];
  for (int64_t j = 0; j < keyLength; ++j)
    if (auto pair = evaluatePair(problem, inputs, b, h, i, j))
      addScaled(problem.getScale() * pair->ds, pair->key, dquery);
}

void spattn::keyGradientRow(const AttentionProblem &problem,
                            const GradientInputs &inputs, int64_t b, int64_t g,
                            int64_t j, double *dkey, double *dvalue) {
  std::fill(dkey, dkey + problem.headDim, 0.0);
  std::fill(dvalue, dvalue + problem.valueDim, 0.0);
  int64_t queryLength = inputs.query.sizes[problem.getDim('n')];
  int64_t group = problem.queryHeads / problem.keyHeads;
  for (int64_t h = g * group; h < (g + 1) * group; ++h)
    for (int64_t i = 0; i < queryLength; ++i)
      if (auto pair = evaluatePair(problem, inputs, b, h, i, j)) {
        addScaled(problem.getScale() * pair->ds, pair->query, dkey);
        addScaled(pair->p, pair->dout, dvalue);
      }
}

Expected<AttentionSizes> spattn::getSizes(const AttentionProblem &problem,
                                          const GradientInputs &inputs) {
  Expected<AttentionSizes> sizes =
      getSizes(problem, inputs.query, inputs.key, inputs.value);
  if (!sizes)
    return sizes;
  auto [batch, queries, keys] = *sizes;
  int64_t heads = problem.queryHeads, width = problem.valueDim;
  if (Error error = checkOperand(
          problem, {"out", inputs.out, batch, heads, queries, width}))
    return error;
  if (Error error =
          checkOperand(problem, {"lse", inputs.lse, batch, heads, queries, 0},
                       /*hasWidth=*/false))
    return error;
  if (Error error = checkOperand(
          problem, {"dout", inputs.dout, batch, heads, queries, width}))
    return error;
  return sizes;
}

Error spattn::evaluateGradients(const AttentionProblem &problem,
                                const GradientInputs &inputs,
                                const BufferView &dquery,
                                const BufferView &dkey,
                                const BufferView &dvalue) {
  Expected<AttentionSizes> sizes = getSizes(problem, inputs);
  if (!sizes)
    return sizes.takeError();
  auto [batch, queries, keys] = *sizes;
  int64_t headDim = problem.headDim, valueDim = problem.valueDim;
  OperandSizes expected[] = {
      {"dquery", dquery, batch, problem.queryHeads, queries, headDim},
      {"dkey", dkey, batch, problem.keyHeads, keys, headDim},
      {"dvalue", dvalue, batch, problem.keyHeads, keys, valueDim}};
  for (const OperandSizes &operand : expected)
    if (Error error = checkOperand(problem, operand))
      return error;

  /// Calls `work(b, h, n)` for all rows, in parallel.
  auto forRows = [](int64_t batch, int64_t heads, int64_t length, auto work) {
    llvm::parallelFor(0, batch * heads * length, [&](size_t row) {
      work(row / length / heads, row / length % heads, row % length);
    });
  };
  forRows(
      batch, problem.queryHeads, queries, [&](int64_t b, int64_t h, int64_t i) {
        Row row(headDim);
        queryGradientRow(problem, inputs, b, h, i, row.data());
        storeElements(getRow(problem, dquery, b, h, i), headDim, row.data());
      });
  forRows(batch, problem.keyHeads, keys, [&](int64_t b, int64_t g, int64_t j) {
    Row keyRow(headDim), valueRow(valueDim);
    keyGradientRow(problem, inputs, b, g, j, keyRow.data(), valueRow.data());
    storeElements(getRow(problem, dkey, b, g, j), headDim, keyRow.data());
    storeElements(getRow(problem, dvalue, b, g, j), valueDim, valueRow.data());
  });
  return Error::success();
}
