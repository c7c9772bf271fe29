//===- Gradients.cpp - Gradients in float64, pair by pair -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Gradients.h"

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

static Row load(const AttentionProblem &problem, const OperandArrays &arrays,
                OperandKind kind, int64_t b, int64_t h, int64_t n,
                int64_t width) {
  Row row(width);
  loadElements(getRow(problem, arrays, kind, b, h, n), width, row.data());
  return row;
}

static int64_t getLength(const AttentionProblem &problem,
                         const OperandArrays &arrays, OperandKind kind) {
  return arrays[kind].sizes[problem.layout.getDim(Dim::Length)];
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
/// The log-sum-exp of a query and `delta`, as the specification calls it.
struct Statistics {
  double lse, delta;

  /// Whether all logits of the query are `-inf`. No probability is above 0
  /// then.
  bool isEmpty() const {
    return lse == -std::numeric_limits<double>::infinity();
  }
};
} // namespace

static Statistics getStatistics(const AttentionProblem &problem,
                                const OperandArrays &arrays, int64_t b,
                                int64_t h, int64_t i, const Row &dout) {
  Row out = load(problem, arrays, OperandKind::Out, b, h, i, problem.valueDim);
  double lse = load(problem, arrays, OperandKind::Lse, b, h, i, 1).front();
  Statistics statistics = {lse, dot(out, dout)};
  if (!statistics.isEmpty() && isGiven(arrays[OperandKind::LseGradient]))
    statistics.delta -=
        load(problem, arrays, OperandKind::LseGradient, b, h, i, 1).front();
  return statistics;
}

namespace {
/// A pair of query and key that is allowed: its probability, the gradient by
/// its scaled product, and the rows that these multiply.
struct Pair {
  double p, ds;
  /// The gradient by what is added to the score, and the distance.
  double dbias;
  int64_t distance;
  Row query, key, dout;
};
} // namespace

/// Evaluates the definition for one pair of query head `h`.
static std::optional<Pair> evaluatePair(const AttentionProblem &problem,
                                        const OperandArrays &arrays, int64_t b,
                                        int64_t h, int64_t i, int64_t j) {
  std::optional<Sequence> sequence = findSequence(problem, arrays, b, i);
  if (!isPairAllowed(problem, arrays, sequence, b, h, i, j) ||
      !isPairOrdered(problem, arrays, b, h, i, j))
    return std::nullopt;
  int64_t g = h / (problem.queryHeads / problem.keyHeads);
  int64_t headDim = problem.headDim, valueDim = problem.valueDim;
  Row query = load(problem, arrays, OperandKind::Query, b, h, i, headDim);
  Row key = load(problem, arrays, OperandKind::Key, b, g, j, headDim);
  Row value = load(problem, arrays, OperandKind::Value, b, g, j, valueDim);
  Row dout = load(problem, arrays, OperandKind::OutGradient, b, h, i, valueDim);
  Statistics statistics = getStatistics(problem, arrays, b, h, i, dout);
  double lse = statistics.isEmpty() ? -statistics.lse : statistics.lse;
  Score score =
      getScore(problem, arrays, *sequence, b, h, i, j, dot(query, key));
  double p = std::exp(score.value - lse);
  double dscore = p * (dot(dout, value) - statistics.delta);
  return Pair{p,
              dscore * score.derivative,
              dscore * score.biasDerivative,
              score.distance,
              std::move(query),
              std::move(key),
              std::move(dout)};
}

void spattn::queryGradientRow(const AttentionProblem &problem,
                              const OperandArrays &arrays, int64_t b, int64_t h,
                              int64_t i, double *dquery) {
  std::fill(dquery, dquery + problem.headDim, 0.0);
  int64_t keyLength = getLength(problem, arrays, OperandKind::Key);
  for (int64_t j = 0; j < keyLength; ++j)
    if (auto pair = evaluatePair(problem, arrays, b, h, i, j))
      addScaled(problem.getScale() * pair->ds, pair->key, dquery);
}

void spattn::keyGradientRow(const AttentionProblem &problem,
                            const OperandArrays &arrays, int64_t b, int64_t g,
                            int64_t j, double *dkey, double *dvalue) {
  std::fill(dkey, dkey + problem.headDim, 0.0);
  std::fill(dvalue, dvalue + problem.valueDim, 0.0);
  int64_t queryLength = getLength(problem, arrays, OperandKind::Query);
  int64_t group = problem.queryHeads / problem.keyHeads;
  for (int64_t h = g * group; h < (g + 1) * group; ++h)
    for (int64_t i = 0; i < queryLength; ++i)
      if (auto pair = evaluatePair(problem, arrays, b, h, i, j)) {
        addScaled(problem.getScale() * pair->ds, pair->query, dkey);
        addScaled(pair->p, pair->dout, dvalue);
      }
}

double spattn::sinkGradient(const AttentionProblem &problem,
                            const OperandArrays &arrays, int64_t h) {
  double sink = getSinkLogit(problem, arrays, h), sum = 0;
  int64_t batch =
      arrays[OperandKind::Query].sizes[problem.layout.getDim(Dim::Batch)];
  int64_t queryLength = getLength(problem, arrays, OperandKind::Query);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < queryLength; ++i) {
      if (!findSequence(problem, arrays, b, i))
        continue;
      Row dout = load(problem, arrays, OperandKind::OutGradient, b, h, i,
                      problem.valueDim);
      Statistics statistics = getStatistics(problem, arrays, b, h, i, dout);
      if (!statistics.isEmpty())
        sum += std::exp(sink - statistics.lse) * statistics.delta;
    }
  return -sum;
}

/// Calls `add(pair)` for all pairs of a query head.
static void forPairs(const AttentionProblem &problem,
                     const OperandArrays &arrays, int64_t h,
                     llvm::function_ref<void(const Pair &)> add) {
  int64_t batch =
      arrays[OperandKind::Query].sizes[problem.layout.getDim(Dim::Batch)];
  int64_t queryLength = getLength(problem, arrays, OperandKind::Query);
  int64_t keyLength = getLength(problem, arrays, OperandKind::Key);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < queryLength; ++i)
      for (int64_t j = 0; j < keyLength; ++j)
        if (auto pair = evaluatePair(problem, arrays, b, h, i, j))
          add(*pair);
}

double spattn::slopeGradient(const AttentionProblem &problem,
                             const OperandArrays &arrays, int64_t h) {
  double sum = 0;
  forPairs(problem, arrays, h, [&](const Pair &pair) {
    sum -= pair.dbias * std::abs(pair.distance);
  });
  return sum;
}

void spattn::biasGradientRow(const AttentionProblem &problem,
                             const OperandArrays &arrays, int64_t h,
                             double *dbias) {
  std::fill(dbias, dbias + problem.distances, 0.0);
  forPairs(problem, arrays, h, [&](const Pair &pair) {
    dbias[std::clamp<int64_t>(pair.distance + problem.distances / 2, 0,
                              problem.distances - 1)] += pair.dbias;
  });
}

Error spattn::evaluateGradients(const AttentionProblem &problem,
                                const OperandArrays &arrays) {
  Expected<AttentionSizes> sizes =
      getSizes(problem, arrays, AttentionBackwardOp::getOperandInfos(),
               /*needsOutputs=*/true);
  if (!sizes)
    return sizes.takeError();
  int64_t batch = sizes->batch;
  int64_t queries = sizes->queryLength, keys = sizes->keyLength;
  int64_t headDim = problem.headDim, valueDim = problem.valueDim;
  auto store = [&](OperandKind kind, int64_t b, int64_t h, int64_t n,
                   const Row &row) {
    storeElements(getRow(problem, arrays, kind, b, h, n), row.size(),
                  row.data());
  };

  /// Calls `work(b, h, n)` for all rows, in parallel.
  auto forRows = [](int64_t batch, int64_t heads, int64_t length, auto work) {
    llvm::parallelFor(0, batch * heads * length, [&](size_t row) {
      work(row / length / heads, row / length % heads, row % length);
    });
  };
  forRows(batch, problem.queryHeads, queries,
          [&](int64_t b, int64_t h, int64_t i) {
            Row row(headDim);
            queryGradientRow(problem, arrays, b, h, i, row.data());
            store(OperandKind::QueryGradient, b, h, i, row);
          });
  forRows(batch, problem.keyHeads, keys, [&](int64_t b, int64_t g, int64_t j) {
    Row keyRow(headDim), valueRow(valueDim);
    keyGradientRow(problem, arrays, b, g, j, keyRow.data(), valueRow.data());
    store(OperandKind::KeyGradient, b, g, j, keyRow);
    store(OperandKind::ValueGradient, b, g, j, valueRow);
  });
  if (isGiven(arrays[OperandKind::SinkLogitsGradient]))
    forRows(1, problem.queryHeads, 1, [&](int64_t, int64_t h, int64_t) {
      Row row = {sinkGradient(problem, arrays, h)};
      store(OperandKind::SinkLogitsGradient, 0, h, 0, row);
    });
  if (isGiven(arrays[OperandKind::AlibiSlopesGradient]))
    forRows(1, problem.queryHeads, 1, [&](int64_t, int64_t h, int64_t) {
      Row row = {slopeGradient(problem, arrays, h)};
      store(OperandKind::AlibiSlopesGradient, 0, h, 0, row);
    });
  if (isGiven(arrays[OperandKind::DistanceBiasGradient]))
    forRows(1, problem.queryHeads, 1, [&](int64_t, int64_t h, int64_t) {
      Row row(problem.distances);
      biasGradientRow(problem, arrays, h, row.data());
      store(OperandKind::DistanceBiasGradient, 0, h, 0, row);
    });
  return Error::success();
}
