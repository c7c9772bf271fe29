//===- Attention.cpp - Attention in float64, row by row -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Attention.h"

#include "Operands.h"
#include "mlir/IR/Matchers.h"
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

//===----------------------------------------------------------------------===//
// The problem
//===----------------------------------------------------------------------===//

AttentionProblem AttentionProblem::get(AttentionOpInterface op) {
  AttentionProblem problem;
  problem.structure = op.getStructure();
  problem.alignment = op.getAlignment();
  problem.layout = op.getLayout().str();
  problem.queryHeads = op.getNumQueryHeads();
  problem.keyHeads = op.getNumKeyHeads();
  problem.headDim = op.getHeadDim();
  problem.valueDim = op.getValueDim();
  FloatAttr scale;
  if (op.getScale() && matchPattern(op.getScale(), m_Constant(&scale)))
    problem.scale = scale.getValueAsDouble();
  return problem;
}

double AttentionProblem::getScale() const {
  return scale.value_or(1 / std::sqrt(static_cast<double>(headDim)));
}

unsigned AttentionProblem::getDim(char name) const { return layout.find(name); }

unsigned AttentionProblem::getLseDim(char name) const {
  unsigned dim = getDim(name);
  return dim - (getDim('d') < dim);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Lengths for which the arithmetic of Mask.h stays within 64 bits.
static constexpr int64_t kMaxLength = int64_t(1) << 31;

Expected<AttentionSizes> spattn::getSizes(const AttentionProblem &problem,
                                          const BufferView &query,
                                          const BufferView &key,
                                          const BufferView &value) {
  if (query.sizes.size() != 4 || key.sizes.size() != 4)
    return llvm::createStringError("expected 'query' and 'key' of rank 4");
  AttentionSizes sizes = {query.sizes[problem.getDim('b')],
                          query.sizes[problem.getDim('n')],
                          key.sizes[problem.getDim('n')]};
  for (int64_t length : {sizes.queryLength, sizes.keyLength})
    if (length < 0 || length > kMaxLength)
      return llvm::createStringError(
          "expected lengths from 0 to 2147483648, got " + Twine(length));
  if (!std::isfinite(problem.getScale()))
    return llvm::createStringError("expected a finite scale, got %g",
                                   problem.getScale());
  if (sizes.batch < 0)
    return llvm::createStringError("expected a batch size from 0, got " +
                                   Twine(sizes.batch));
  auto [batch, queryLength, keyLength] = sizes;
  OperandSizes expected[] = {
      {"query", query, batch, problem.queryHeads, queryLength, problem.headDim},
      {"key", key, batch, problem.keyHeads, keyLength, problem.headDim},
      {"value", value, batch, problem.keyHeads, keyLength, problem.valueDim}};
  for (const OperandSizes &operand : expected)
    if (Error error = checkOperand(problem, operand))
      return error;
  return sizes;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

double spattn::attentionRow(const AttentionProblem &problem,
                            const BufferView &query, const BufferView &key,
                            const BufferView &value, int64_t b, int64_t h,
                            int64_t i, double *out) {
  int64_t queryLength = query.sizes[problem.getDim('n')];
  int64_t keyLength = key.sizes[problem.getDim('n')];
  int64_t g = h / (problem.queryHeads / problem.keyHeads);
  std::fill(out, out + problem.valueDim, 0.0);

  std::vector<double> q(problem.headDim), k(problem.headDim);
  loadElements(getRow(problem, query, b, h, i), problem.headDim, q.data());
  std::vector<int64_t> keys;
  std::vector<double> scores;
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t j = 0; j < keyLength; ++j) {
    if (!isAllowed(problem.structure, h, problem.queryHeads, i, j, queryLength,
                   keyLength, problem.alignment))
      continue;
    loadElements(getRow(problem, key, b, g, j), problem.headDim, k.data());
    double product = 0;
    for (int64_t c = 0; c < problem.headDim; ++c)
      product += q[c] * k[c];
    keys.push_back(j);
    scores.push_back(problem.getScale() * product);
    largest = std::max(largest, scores.back());
  }
  if (keys.empty())
    return -std::numeric_limits<double>::infinity();

  // Where no logit is above -inf, all weights are 0.
  bool isLowest = largest == -std::numeric_limits<double>::infinity();
  double sum = 0;
  for (double &score : scores)
    sum += score = std::exp(score - (isLowest ? 0 : largest));
  double divisor = sum == 0 ? 1 : sum;
  std::vector<double> v(problem.valueDim);
  for (auto [j, weight] : llvm::zip(keys, scores)) {
    loadElements(getRow(problem, value, b, g, j), problem.valueDim, v.data());
    for (int64_t c = 0; c < problem.valueDim; ++c)
      out[c] += weight / divisor * v[c];
  }
  return largest + std::log(sum);
}

Error spattn::evaluate(const AttentionProblem &problem, const BufferView &query,
                       const BufferView &key, const BufferView &value,
                       const BufferView &out, const BufferView *lse) {
  Expected<AttentionSizes> sizes = getSizes(problem, query, key, value);
  if (!sizes)
    return sizes.takeError();
  int64_t heads = problem.queryHeads, length = sizes->queryLength;
  if (Error error = checkOperand(
          problem, {"out", out, sizes->batch, heads, length, problem.valueDim}))
    return error;
  if (lse)
    if (Error error =
            checkOperand(problem, {"lse", *lse, sizes->batch, heads, length, 0},
                         /*hasWidth=*/false))
      return error;
  llvm::parallelFor(0, sizes->batch * heads * length, [&](size_t row) {
    int64_t i = row % length, h = row / length % heads,
            b = row / length / heads;
    std::vector<double> values(problem.valueDim);
    double logSumExp =
        attentionRow(problem, query, key, value, b, h, i, values.data());
    storeElements(getRow(problem, out, b, h, i), problem.valueDim,
                  values.data());
    if (lse)
      storeElements(getRow(problem, *lse, b, h, i), 1, &logSumExp);
  });
  return Error::success();
}
