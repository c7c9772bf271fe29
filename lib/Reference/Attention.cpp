//===- Attention.cpp - Attention in float64, row by row -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Attention.h"

#include "ScoreRegion.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// The problem
//===----------------------------------------------------------------------===//

AttentionProblem AttentionProblem::get(AttentionOpInterface op) {
  AttentionProblem problem;
  problem.structure = op.getStructure();
  problem.alignment = op.getAlignment();
  problem.layout = op.getOrder();
  problem.queryHeads = op.getNumQueryHeads();
  problem.keyHeads = op.getNumKeyHeads();
  problem.headDim = op.getHeadDim();
  problem.valueDim = op.getValueDim();
  problem.boundLength = op.getBoundLength();
  problem.distances = op.getNumDistances();
  problem.causalPositions = op.getCausalPositions();
  if (FloatAttr selfScore = op.getSelfScoreAttr())
    problem.selfScore = selfScore.getValueAsDouble();
  problem.tileLists = op.getTileListsAttr();
  if (op.hasScoreRegion()) {
    problem.score = std::make_shared<Region>();
    IRMapping mapping;
    op.getScore().cloneInto(problem.score.get(), mapping);
  }
  FloatAttr constant;
  for (const AttentionOperand &scalar : op.getScalarOperands())
    if (matchPattern(scalar.value, m_Constant(&constant)))
      problem.getScalar(scalar->kind) = constant.getValueAsDouble();
  return problem;
}

std::optional<double> &AttentionProblem::getScalar(OperandKind kind) {
  switch (kind) {
  case OperandKind::Scale:
    return scale;
  case OperandKind::SoftCap:
    return softCap;
  default:
    llvm_unreachable("a scalar operand is one of the above");
  }
}

double AttentionProblem::getScale() const {
  return scale.value_or(1 / std::sqrt(static_cast<double>(headDim)));
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

double spattn::getSinkLogit(const AttentionProblem &problem,
                            const OperandArrays &arrays, int64_t h) {
  double logit = -std::numeric_limits<double>::infinity();
  if (isGiven(arrays[OperandKind::SinkLogits]))
    loadElements(getRow(problem, arrays, OperandKind::SinkLogits, 0, h, 0), 1,
                 &logit);
  return logit;
}

/// The positions of query `i` of head `h` and of key `j`.
static std::pair<int32_t, int32_t> getPositions(const AttentionProblem &problem,
                                                const OperandArrays &arrays,
                                                int64_t b, int64_t h, int64_t i,
                                                int64_t j) {
  auto load = [&](OperandKind kind, int64_t head, int64_t n) {
    int32_t position;
    std::memcpy(&position, getRow(problem, arrays, kind, b, head, n).data,
                sizeof(position));
    return position;
  };
  int64_t g = h / (problem.queryHeads / problem.keyHeads);
  return {load(OperandKind::QueryPositions, h, i),
          load(OperandKind::KeyPositions, g, j)};
}

bool spattn::isPairOrdered(const AttentionProblem &problem,
                           const OperandArrays &arrays, int64_t b, int64_t h,
                           int64_t i, int64_t j) {
  if (!problem.causalPositions)
    return true;
  auto [query, key] = getPositions(problem, arrays, b, h, i, j);
  return query >= key;
}

Score spattn::getScore(const AttentionProblem &problem,
                       const OperandArrays &arrays, const Sequence &sequence,
                       int64_t b, int64_t h, int64_t i, int64_t j,
                       double product) {
  if (problem.selfScore) {
    auto [query, key] = getPositions(problem, arrays, b, h, i, j);
    if (query == key)
      return {*problem.selfScore, 0, 0};
  }
  Score score = {problem.getScale() * product, 1};
  if (problem.softCap) {
    double cap = *problem.softCap, inner = std::tanh(score.value / cap);
    score.value = cap * inner;
    score.derivative = 1 - inner * inner;
  }
  int64_t distance = (i - sequence.firstQuery) - (j - sequence.firstKey);
  if (problem.alignment == Alignment::End)
    distance += sequence.keys - sequence.queries;
  auto load = [&](OperandKind kind, int64_t entry) {
    ElementRow row = getRow(problem, arrays, kind, 0, h, 0);
    row.data = static_cast<char *>(row.data) +
               entry * row.stride * getElementBytes(row.type);
    double number;
    loadElements(row, 1, &number);
    return number;
  };
  if (isGiven(arrays[OperandKind::AlibiSlopes]))
    score.value -= load(OperandKind::AlibiSlopes, 0) * std::abs(distance);
  if (isGiven(arrays[OperandKind::DistanceBias])) {
    int64_t last = problem.distances - 1;
    int64_t entry =
        std::clamp<int64_t>(distance + problem.distances / 2, 0, last);
    score.value += load(OperandKind::DistanceBias, entry);
  }
  score.distance = distance;
  if (problem.score) {
    DualNumber made = evaluateScoreRegion(
        *problem.score, score.value,
        {i - sequence.firstQuery, j - sequence.firstKey, h, b});
    score.value = made.value;
    score.biasDerivative = made.derivative;
    score.derivative *= made.derivative;
  }
  return score;
}

double spattn::attentionRow(const AttentionProblem &problem,
                            const OperandArrays &arrays, int64_t b, int64_t h,
                            int64_t i, double *out) {
  int64_t keyLength = getKeyLength(problem, arrays);
  auto load = [&](OperandKind kind, int64_t head, int64_t n,
                  std::vector<double> &row) {
    loadElements(getRow(problem, arrays, kind, b, head, n), row.size(),
                 row.data());
  };
  int64_t g = h / (problem.queryHeads / problem.keyHeads);
  std::fill(out, out + problem.valueDim, 0.0);
  std::optional<Sequence> sequence = findSequence(problem, arrays, b, i);
  if (!sequence)
    return -std::numeric_limits<double>::infinity();

  std::vector<double> q(problem.headDim), k(problem.headDim);
  load(OperandKind::Query, h, i, q);
  std::vector<int64_t> keys;
  std::vector<double> scores;
  double sink = getSinkLogit(problem, arrays, h), largest = sink;
  for (int64_t j = 0; j < keyLength; ++j) {
    if (!isPairAllowed(problem, arrays, sequence, b, h, i, j) ||
        !isPairOrdered(problem, arrays, b, h, i, j))
      continue;
    load(OperandKind::Key, g, j, k);
    double product = 0;
    for (int64_t c = 0; c < problem.headDim; ++c)
      product += q[c] * k[c];
    keys.push_back(j);
    scores.push_back(
        getScore(problem, arrays, *sequence, b, h, i, j, product).value);
    largest = std::max(largest, scores.back());
  }
  if (keys.empty())
    return sink;

  // Where no logit is above -inf, all weights are 0.
  bool isLowest = largest == -std::numeric_limits<double>::infinity();
  double shift = isLowest ? 0 : largest;
  // A sink logit has weight, but no value.
  double sum = std::exp(sink - shift);
  for (double &score : scores)
    sum += score = std::exp(score - shift);
  double divisor = sum == 0 ? 1 : sum;
  std::vector<double> v(problem.valueDim);
  for (auto [j, weight] : llvm::zip(keys, scores)) {
    load(OperandKind::Value, g, j, v);
    for (int64_t c = 0; c < problem.valueDim; ++c)
      out[c] += weight / divisor * v[c];
  }
  return largest + std::log(sum);
}

Error spattn::evaluate(const AttentionProblem &problem,
                       const OperandArrays &arrays) {
  Expected<AttentionSizes> sizes =
      getSizes(problem, arrays, AttentionOp::getOperandInfos(),
               /*needsOutputs=*/true);
  if (!sizes)
    return sizes.takeError();
  int64_t heads = problem.queryHeads, length = sizes->queryLength;
  llvm::parallelFor(0, sizes->batch * heads * length, [&](size_t row) {
    int64_t i = row % length, h = row / length % heads,
            b = row / length / heads;
    std::vector<double> values(problem.valueDim);
    double logSumExp = attentionRow(problem, arrays, b, h, i, values.data());
    storeElements(getRow(problem, arrays, OperandKind::Out, b, h, i),
                  problem.valueDim, values.data());
    if (isGiven(arrays[OperandKind::Lse]))
      storeElements(getRow(problem, arrays, OperandKind::Lse, b, h, i), 1,
                    &logSumExp);
  });
  return Error::success();
}
