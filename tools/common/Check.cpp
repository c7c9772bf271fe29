//===- Check.cpp - Sampled rows against the oracle ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Check.h"

#include "mlir/IR/Matchers.h"
#include "spattn/Reference/Attention.h"
#include "spattn/Support/Elements.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

namespace {
struct Row {
  int64_t b, h, i;
};

/// Sums over a row.
struct RowError {
  double difference = 0, reference = 0, maxAbsolute = 0, lse = 0;
};

/// An attention, and where its operands and results are.
struct Computed {
  AttentionProblem problem;
  BufferView query, key, value, out;
  std::optional<BufferView> lse;
};
} // namespace

std::string spattn::tool::whyUncheckable(Entry &entry) {
  AttentionOp op = entry.attention;
  if (!op)
    return "it does not consist of one attention";
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue()})
    if (!entry.getArgument(operand))
      return "operands of its attention are not arguments";
  FloatAttr constant;
  if (op.getScale() && !entry.getArgument(op.getScale()) &&
      !matchPattern(op.getScale(), m_Constant(&constant)))
    return "the scale of its attention is not an argument or a constant";
  if (!entry.getAttentionOutput(0))
    return "what its attention computes is not a result";
  return "";
}

/// All rows if they are not more than asked for, else a sample.
static std::vector<Row> sampleRows(int64_t count, uint64_t seed, int64_t batch,
                                   int64_t heads, int64_t length) {
  std::vector<Row> rows;
  if (batch == 0 || length == 0)
    return rows;
  // The product may overflow; whether it exceeds `count` may not.
  bool isSmall = batch <= count && heads <= count / batch &&
                 length <= count / batch / heads;
  if (isSmall) {
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t i = 0; i < length; ++i)
          rows.push_back({b, h, i});
    return rows;
  }
  std::mt19937_64 engine(seed);
  int64_t firstHead = engine() % heads;
  for (int64_t n = 0; n < count; ++n) {
    int64_t b = engine() % batch;
    rows.push_back(
        {b, (firstHead + n) % heads, static_cast<int64_t>(engine() % length)});
  }
  return rows;
}

static ElementRow getRow(const BufferView &view,
                         const AttentionProblem &problem, Row row) {
  bool hasWidth = view.sizes.size() == 4;
  auto stride = [&](char name) {
    return view
        .strides[hasWidth ? problem.getDim(name) : problem.getLseDim(name)];
  };
  int64_t offset =
      row.b * stride('b') + row.h * stride('h') + row.i * stride('n');
  return {static_cast<char *>(view.data) +
              offset * *getElementBytes(view.elementType),
          view.elementType, hasWidth ? stride('d') : 0};
}

/// The distance of two numbers that may be infinite.
static double distance(double a, double b) {
  return a == b ? 0 : std::abs(a - b);
}

static RowError compareRow(const Computed &computed, Row row) {
  const AttentionProblem &problem = computed.problem;
  std::vector<double> reference(problem.valueDim), actual(problem.valueDim);
  double lse =
      attentionRow(problem, computed.query, computed.key, computed.value, row.b,
                   row.h, row.i, reference.data());
  loadElements(getRow(computed.out, problem, row), problem.valueDim,
               actual.data());
  RowError error;
  for (auto [x, y] : llvm::zip(actual, reference)) {
    double d = distance(x, y);
    error.difference += d * d;
    error.reference += y * y;
    // Unlike std::max this keeps a NaN.
    error.maxAbsolute = error.maxAbsolute >= d ? error.maxAbsolute : d;
  }
  if (computed.lse) {
    double actualLse;
    loadElements(getRow(*computed.lse, problem, row), 1, &actualLse);
    error.lse = distance(actualLse, lse);
    if (std::abs(lse) > 1 && error.lse > 0 && std::isfinite(lse))
      error.lse /= std::abs(lse);
  }
  return error;
}

FailureOr<ErrorReport>
spattn::tool::checkRows(Entry &entry, ArrayRef<ReferenceValue> arguments,
                        ArrayRef<BufferView> results, int64_t count,
                        uint64_t seed) {
  AttentionOp op = entry.attention;
  auto valueOf = [&](Value value) -> const ReferenceValue & {
    return arguments[entry.getArgument(value)->index];
  };
  auto viewOf = [&](Value value) {
    return std::get<ReferenceArray>(valueOf(value)).view;
  };
  auto outputOf = [&](OutputRef output) {
    return output.isArgument
               ? std::get<ReferenceArray>(arguments[output.index]).view
               : results[output.index];
  };
  Computed computed = {AttentionProblem::get(op),
                       viewOf(op.getQuery()),
                       viewOf(op.getKey()),
                       viewOf(op.getValue()),
                       outputOf(*entry.getAttentionOutput(0)),
                       std::nullopt};
  if (op.getScale() && entry.getArgument(op.getScale()))
    // As the kernel gets it.
    computed.problem.scale =
        static_cast<float>(std::get<double>(valueOf(op.getScale())));
  if (op.getLse())
    if (auto output = entry.getAttentionOutput(1))
      computed.lse = outputOf(*output);

  llvm::Expected<AttentionSizes> sizes =
      getSizes(computed.problem, computed.query, computed.key, computed.value);
  if (!sizes)
    return op.emitError(llvm::toString(sizes.takeError()));
  std::vector<Row> rows =
      sampleRows(count, seed, sizes->batch, computed.problem.queryHeads,
                 sizes->queryLength);
  std::vector<RowError> errors(rows.size());
  llvm::parallelFor(0, rows.size(), [&](size_t i) {
    errors[i] = compareRow(computed, rows[i]);
  });

  ErrorReport report;
  report.rows = rows.size();
  if (computed.lse)
    report.lse = 0;
  RowError sum;
  for (const RowError &error : errors) {
    sum.difference += error.difference;
    sum.reference += error.reference;
    if (!(report.maxAbsolute >= error.maxAbsolute))
      report.maxAbsolute = error.maxAbsolute;
    if (report.lse && !(*report.lse >= error.lse))
      report.lse = error.lse;
  }
  if (sum.difference != 0)
    report.relative =
        sum.reference > 0
            ? std::sqrt(sum.difference / sum.reference)
            : sum.difference * std::numeric_limits<double>::infinity();
  return report;
}

int64_t spattn::tool::countNans(const BufferView &view) {
  constexpr int64_t piece = 1 << 16;
  int64_t count = view.getNumElements(), nans = 0;
  std::vector<double> values(std::min(piece, count));
  auto *data = static_cast<char *>(view.data);
  int64_t bytes = *getElementBytes(view.elementType);
  for (int64_t begin = 0; begin < count; begin += piece) {
    int64_t size = std::min(piece, count - begin);
    loadElements({data + begin * bytes, view.elementType, 1}, size,
                 values.data());
    nans += std::count_if(values.begin(), values.begin() + size,
                          [](double x) { return std::isnan(x); });
  }
  return nans;
}
