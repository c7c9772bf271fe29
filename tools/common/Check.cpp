//===- Check.cpp - Sampled rows against the oracle ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Check.h"

#include "mlir/IR/Matchers.h"
#include "spattn/Support/Elements.h"
#include "llvm/Support/Format.h"
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
  bool isNotZero = false;
};

/// An attention or its gradients, and where operands and results are.
struct Computed {
  AttentionProblem problem;
  /// Without what the entry does not return.
  OperandArrays arrays;
};
} // namespace

std::string spattn::tool::whyUncheckable(Entry &entry) {
  AttentionOpInterface op = entry.attention;
  if (!op)
    return "it does not consist of one attention";
  for (const AttentionOperand &operand : entry.getAttentionInputs())
    if (!entry.getArgument(operand.value))
      return "operands of its attention are not arguments";
  for (const AttentionOperand &scalar : op.getScalarOperands())
    if (!entry.getArgument(scalar.value) &&
        !matchPattern(scalar.value, m_Constant()))
      return "the " + scalar->name.str() +
             " of its attention is not an argument or a constant";
  for (auto [i, output] : llvm::enumerate(entry.getAttentionOutputs()))
    if (!output->isOptional && !entry.getAttentionOutput(i))
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

/// The size of a dimension of an array; 1 where it has no such dimension.
static int64_t getSize(const Computed &computed, OperandKind kind, Dim dim) {
  const OperandInfo &info = getOperandInfo(kind);
  if (!info.has(dim))
    return 1;
  return computed.arrays[kind].sizes[computed.problem.layout.getDim(info, dim)];
}

/// All rows of an array, or a sample.
static std::vector<Row> sampleRows(const Computed &computed, OperandKind kind,
                                   int64_t count, uint64_t seed) {
  return sampleRows(count, seed, getSize(computed, kind, Dim::Batch),
                    getSize(computed, kind, Dim::Head),
                    getSize(computed, kind, Dim::Length));
}

/// The elements of a row of an array.
static std::vector<double> loadRow(const Computed &computed, OperandKind kind,
                                   Row row, int64_t width) {
  std::vector<double> values(width);
  loadElements(
      getRow(computed.problem, computed.arrays, kind, row.b, row.h, row.i),
      width, values.data());
  return values;
}

/// The distance of two numbers that may be infinite or NaN.
static double distance(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) ? 0 : std::abs(a - b);
}

/// A number of the oracle as an element holds it, where that is infinite.
static double overflow(double value, ElementType element) {
  double rounded = 0;
  storeElements({&rounded, element, 1}, 1, &value);
  loadElements({&rounded, element, 1}, 1, &rounded);
  return std::isinf(rounded) ? rounded : value;
}

/// The greater of two errors, NaN being the greatest.
static double getWorse(double a, double b) {
  return a >= b || std::isnan(a) ? a : b;
}

//===----------------------------------------------------------------------===//
// What rounding leaves
//===----------------------------------------------------------------------===//

namespace {
/// How far an array may be from the oracle's.
struct Allowance {
  /// Of the norm of the oracle's.
  double relative = 0;
  /// The norm of an error in a row that is 0 as a sum of numbers that are not.
  double ofRow = 0;
};

/// What rounding leaves of an attention or its gradients. Elements are rounded
/// as their type is; sums and scores as f32 is, in proportion to what is
/// summed, which may be much more than the sum.
class Rounding {
public:
  Rounding(const Computed &computed, bool isForward)
      : computed(computed), isForward(isForward) {
    query = getNorm(OperandKind::Query);
    key = getNorm(OperandKind::Key);
    value = getNorm(OperandKind::Value);
    if (!isForward) {
      dout = getNorm(OperandKind::OutGradient);
      ds = dout * value;
      if (isGiven(computed.arrays[OperandKind::LseGradient]))
        ds += getNorm(OperandKind::LseGradient);
    }
    if (isGiven(computed.arrays[OperandKind::SinkLogits]))
      sink = getNorm(OperandKind::SinkLogits);
    if (isGiven(computed.arrays[OperandKind::AlibiSlopes]))
      bias += getNorm(OperandKind::AlibiSlopes) *
              std::max(getSize(computed, OperandKind::Query, Dim::Length),
                       getKeyLength(computed.problem, computed.arrays));
    if (isGiven(computed.arrays[OperandKind::DistanceBias]))
      bias += getNorm(OperandKind::DistanceBias);
    bias += std::abs(computed.problem.selfScore.value_or(0));
    scale = std::abs(computed.problem.getScale());
  }

  ElementType getElement() const {
    return computed.arrays[OperandKind::Query].elementType;
  }
  bool isF32() const { return getElement() == ElementType::F32; }

  /// The size of a scaled product.
  double product() const { return scale * query * key; }

  /// Of a score, and so the relative one of its exponential.
  double ofScores() const {
    double product = this->product();
    double ofTanh = 0;
    if (computed.problem.softCap)
      ofTanh = (isF32() ? 8 * kSums : kTanh) *
               std::min(product, *computed.problem.softCap);
    return kSums * (product + sink + bias) + ofTanh;
  }

  Allowance of(OperandKind output) const {
    Allowance allowance{getRelative() + ofScores(), 0};
    double sum = 0;
    switch (output) {
    case OperandKind::Out:
      sum = value;
      break;
    case OperandKind::QueryGradient:
      sum = scale * ds * key;
      break;
    case OperandKind::KeyGradient:
      sum = scale * ds * query;
      break;
    case OperandKind::AlibiSlopesGradient:
    case OperandKind::DistanceBiasGradient:
      // Errors of its pairs, whose signs differ.
      sum = std::sqrt(double(getSize(computed, OperandKind::Lse, Dim::Batch)) *
                      getSize(computed, OperandKind::Lse, Dim::Length)) *
            ds * (1 + product());
      if (output == OperandKind::AlibiSlopesGradient)
        sum *= std::max(getSize(computed, OperandKind::Query, Dim::Length),
                        getKeyLength(computed.problem, computed.arrays));
      if (!isF32())
        sum *= getRelative() / kSums;
      break;
    case OperandKind::SinkLogitsGradient:
      // Errors of its queries, whose signs differ. That of the log-sum-exp is
      // in proportion to it.
      sum = std::sqrt(double(getSize(computed, OperandKind::Lse, Dim::Batch)) *
                      getSize(computed, OperandKind::Lse, Dim::Length)) *
            (1 + getNorm(OperandKind::Lse)) * ds;
      break;
    default:
      sum = dout;
      break;
    }
    int64_t width =
        std::max(computed.problem.headDim, computed.problem.valueDim);
    allowance.ofRow = kSums * sum;
    // Half of the least number that f16 has. Other types have far smaller ones.
    if (getElement() == ElementType::F16)
      allowance.ofRow += std::sqrt(width) * 0x1p-25;
    return allowance;
  }

private:
  /// Some units in the last place of f32.
  static constexpr double kSums = 0x1p-21;
  /// The relative error of a GPU's tanh.
  static constexpr double kTanh = 0x1p-11;

  /// Some times what was measured (docs/Testing.md, docs/Gradients.md):
  /// probabilities are rounded too, and in gradients what is made of them.
  double getRelative() const {
    ElementType element = getElement();
    double forward = element == ElementType::F32   ? 1e-5
                     : element == ElementType::F16 ? 2e-3
                                                   : 1e-2;
    return isForward ? forward : 2 * forward;
  }

  /// The greatest norm of some rows, over the length of an array.
  double getNorm(OperandKind kind) const {
    double greatest = 0;
    // Of pages as they are.
    Computed pool = computed;
    pool.arrays[OperandKind::PageTable] = {};
    for (const Row &row : sampleRows(pool, kind, /*count=*/1024, /*seed=*/0)) {
      std::vector<double> values =
          loadRow(pool, kind, row, getSize(pool, kind, Dim::Width));
      double sum = 0;
      for (double x : values)
        sum += x * x;
      if (std::isfinite(sum))
        greatest = std::max(greatest, sum);
    }
    return std::sqrt(greatest);
  }

  const Computed &computed;
  bool isForward;
  double query = 0, key = 0, value = 0, dout = 0, scale = 0, sink = 0;
  /// The greatest number that is added to scores.
  double bias = 0;
  /// Of the gradient by a score, but for the probability.
  double ds = 0;
};
} // namespace

std::string ErrorReport::findExcess(std::optional<double> limit) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (limit && std::isinf(*limit))
    return text;
  auto isWithin = [&](double error, double allowed) {
    return error <= limit.value_or(allowed);
  };
  const char *allowing =
      limit ? "--max-error=" : "what the element type allows: ";
  for (const ArrayError &array : arrays) {
    if (isWithin(array.relative, array.allowed))
      continue;
    stream << "the error of its '" << array.name << "', "
           << llvm::format("%.2e", array.relative) << ", exceeds " << allowing
           << llvm::format("%g", limit.value_or(array.allowed));
    return text;
  }
  if (lse && !isWithin(*lse, allowedLse))
    stream << "the error of its 'lse', " << llvm::format("%.2e", *lse)
           << ", exceeds " << allowing
           << llvm::format("%g", limit.value_or(allowedLse));
  return text;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Whether a query sees a key of its sequence, by heads from `first` to before
/// `end`.
static bool sees(const Computed &computed, int64_t batch, int64_t first,
                 int64_t end, int64_t i, int64_t j) {
  std::optional<Sequence> sequence =
      findSequence(computed.problem, computed.arrays, batch, i);
  for (int64_t head = first; sequence && head < end; ++head)
    if (isPairAllowed(computed.problem, computed.arrays, sequence, batch, head,
                      i, j) &&
        isPairOrdered(computed.problem, computed.arrays, batch, head, i, j))
      return true;
  return false;
}

/// Whether a row is one of queries or keys and has no pair. What is computed
/// for it has to be exactly 0.
static bool isEmpty(const Computed &computed, OperandKind kind, Row row) {
  const AttentionProblem &problem = computed.problem;
  const OperandInfo &info = getOperandInfo(kind);
  if (!info.has(Dim::Length))
    return false;
  if (info.isOfQueries()) {
    int64_t keys = getKeyLength(computed.problem, computed.arrays);
    for (int64_t j = 0; j < keys; ++j)
      if (sees(computed, row.b, row.h, row.h + 1, row.i, j))
        return false;
    return true;
  }
  int64_t queries = getSize(computed, OperandKind::Query, Dim::Length);
  int64_t group = problem.queryHeads / problem.keyHeads;
  for (int64_t i = 0; i < queries; ++i)
    if (sees(computed, row.b, row.h * group, (row.h + 1) * group, i, row.i))
      return false;
  return true;
}

/// Compares a row of an array with the oracle's.
static RowError compareRow(const Computed &computed, OperandKind kind, Row row,
                           ArrayRef<double> reference) {
  std::vector<double> actual = loadRow(computed, kind, row, reference.size());
  RowError error;
  for (auto [x, y] : llvm::zip(actual, reference)) {
    double d = distance(x, overflow(y, computed.arrays[kind].elementType));
    error.difference += d * d;
    // Else it would hide all differences.
    if (std::isfinite(y))
      error.reference += y * y;
    error.maxAbsolute = getWorse(error.maxAbsolute, d);
  }
  error.isNotZero = error.difference != 0 && isEmpty(computed, kind, row);
  return error;
}

static RowError compareOut(const Computed &computed, Row row) {
  std::vector<double> reference(computed.problem.valueDim);
  double lse = attentionRow(computed.problem, computed.arrays, row.b, row.h,
                            row.i, reference.data());
  RowError error = compareRow(computed, OperandKind::Out, row, reference);
  if (isGiven(computed.arrays[OperandKind::Lse])) {
    double actual = loadRow(computed, OperandKind::Lse, row, 1).front();
    error.lse = distance(actual, lse);
    if (std::abs(lse) > 1 && error.lse > 0 && std::isfinite(lse))
      error.lse /= std::abs(lse);
  }
  return error;
}

static RowError compareQueryGradient(const Computed &computed, Row row) {
  std::vector<double> reference(computed.problem.headDim);
  queryGradientRow(computed.problem, computed.arrays, row.b, row.h, row.i,
                   reference.data());
  return compareRow(computed, OperandKind::QueryGradient, row, reference);
}

/// The error of the gradient by keys or by values.
static RowError compareKeyGradient(const Computed &computed, OperandKind kind,
                                   Row row) {
  std::vector<double> dkey(computed.problem.headDim);
  std::vector<double> dvalue(computed.problem.valueDim);
  keyGradientRow(computed.problem, computed.arrays, row.b, row.h, row.i,
                 dkey.data(), dvalue.data());
  return compareRow(computed, kind, row,
                    kind == OperandKind::KeyGradient ? dkey : dvalue);
}

static RowError compareSinkGradient(const Computed &computed, Row row) {
  double reference = sinkGradient(computed.problem, computed.arrays, row.h);
  return compareRow(computed, OperandKind::SinkLogitsGradient, row, reference);
}

static RowError compareSlopeGradient(const Computed &computed, Row row) {
  double reference = slopeGradient(computed.problem, computed.arrays, row.h);
  return compareRow(computed, OperandKind::AlibiSlopesGradient, row, reference);
}

static RowError compareBiasGradient(const Computed &computed, Row row) {
  std::vector<double> reference(computed.problem.distances);
  biasGradientRow(computed.problem, computed.arrays, row.h, reference.data());
  return compareRow(computed, OperandKind::DistanceBiasGradient, row,
                    reference);
}

/// Compares a row of what is computed with the oracle's.
static RowError compare(const Computed &computed, OperandKind kind, Row row) {
  switch (kind) {
  case OperandKind::Out:
    return compareOut(computed, row);
  case OperandKind::QueryGradient:
    return compareQueryGradient(computed, row);
  case OperandKind::KeyGradient:
  case OperandKind::ValueGradient:
    return compareKeyGradient(computed, kind, row);
  case OperandKind::SinkLogitsGradient:
    return compareSinkGradient(computed, row);
  case OperandKind::AlibiSlopesGradient:
    return compareSlopeGradient(computed, row);
  case OperandKind::DistanceBiasGradient:
    return compareBiasGradient(computed, row);
  default:
    llvm_unreachable("an array that the oracle computes is one of the above");
  }
}

/// Adds the error of sampled rows of an array to a report.
static void addRows(ErrorReport &report, StringRef name, ArrayRef<Row> rows,
                    Allowance allowance, function_ref<RowError(Row)> compare) {
  std::vector<RowError> errors(rows.size());
  llvm::parallelFor(0, rows.size(),
                    [&](size_t i) { errors[i] = compare(rows[i]); });
  report.rows += rows.size();
  RowError sum;
  ArrayError &array = report.arrays.emplace_back();
  array.name = name.str();
  for (const RowError &error : errors) {
    sum.difference += error.difference;
    sum.reference += error.reference;
    array.maxAbsolute = getWorse(array.maxAbsolute, error.maxAbsolute);
    array.notZero += error.isNotZero;
    if (report.lse)
      report.lse = getWorse(*report.lse, error.lse);
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (sum.difference != 0)
    array.relative = sum.reference > 0 && array.notZero == 0
                         ? std::sqrt(sum.difference / sum.reference)
                         : sum.difference * infinity;
  // A row without pairs that is not 0 is wrong, however small it is.
  array.allowed = allowance.relative;
  double sumsLeave = allowance.ofRow * std::sqrt(rows.size());
  if (sum.reference > 0)
    array.allowed += sumsLeave / std::sqrt(sum.reference);
  else if (array.notZero == 0 && std::sqrt(sum.difference) <= sumsLeave)
    array.allowed = infinity;
  report.relative = getWorse(report.relative, array.relative);
  report.maxAbsolute = getWorse(report.maxAbsolute, array.maxAbsolute);
}

AttentionProblem spattn::tool::getProblem(Entry &entry) {
  AttentionProblem problem = AttentionProblem::get(entry.attention);
  for (const AttentionOperand &scalar : entry.attention.getScalarOperands())
    if (EntryArgument *argument = entry.getArgument(scalar.value))
      problem.getScalar(scalar->kind) = static_cast<float>(argument->number);
  return problem;
}

OperandArrays spattn::tool::collectInputs(Entry &entry,
                                          ArrayRef<ReferenceValue> arguments) {
  OperandArrays arrays;
  for (const AttentionOperand &operand : entry.getAttentionInputs())
    arrays[operand->kind] =
        std::get<ReferenceArray>(
            arguments[entry.getArgument(operand.value)->index])
            .view;
  return arrays;
}

/// Where operands and results of an entry are.
static Computed collect(Entry &entry, ArrayRef<ReferenceValue> arguments,
                        ArrayRef<BufferView> results) {
  Computed computed{getProblem(entry), collectInputs(entry, arguments)};
  for (auto [i, operand] : llvm::enumerate(entry.getAttentionOutputs()))
    if (std::optional<OutputRef> output = entry.getAttentionOutput(i))
      computed.arrays[operand->kind] =
          output->isArgument
              ? std::get<ReferenceArray>(arguments[output->index]).view
              : results[output->index];
  return computed;
}

FailureOr<ErrorReport>
spattn::tool::checkRows(Entry &entry, ArrayRef<ReferenceValue> arguments,
                        ArrayRef<BufferView> results, int64_t count,
                        uint64_t seed) {
  Computed computed = collect(entry, arguments, results);
  const AttentionProblem &problem = computed.problem;
  llvm::Expected<AttentionSizes> sizes =
      getSizes(problem, computed.arrays, entry.attention.getOperandInfos());
  if (!sizes)
    return entry.attention->emitError(llvm::toString(sizes.takeError()));
  bool isForward = isa<AttentionOp>(entry.attention);
  Rounding rounding(computed, isForward);
  ErrorReport report;
  report.allowedLse = rounding.ofScores() + (rounding.isF32() ? 1e-5 : 1e-4);
  if (isForward && isGiven(computed.arrays[OperandKind::Lse]))
    report.lse = 0;
  for (const AttentionOperand &output : entry.getAttentionOutputs()) {
    // That is compared with the output; others may not be there.
    if (output->kind == OperandKind::Lse ||
        !isGiven(computed.arrays[output->kind]))
      continue;
    std::vector<Row> rows = sampleRows(computed, output->kind, count, seed);
    addRows(report, output->name, rows, rounding.of(output->kind),
            [&](Row row) { return compare(computed, output->kind, row); });
  }
  return report;
}

int64_t spattn::tool::countNans(const BufferView &view) {
  constexpr int64_t piece = 1 << 16;
  int64_t count = view.getNumElements(), nans = 0;
  std::vector<double> values(std::min(piece, count));
  auto *data = static_cast<char *>(view.data);
  int64_t bytes = getElementBytes(view.elementType);
  for (int64_t begin = 0; begin < count; begin += piece) {
    int64_t size = std::min(piece, count - begin);
    loadElements({data + begin * bytes, view.elementType, 1}, size,
                 values.data());
    nans += std::count_if(values.begin(), values.begin() + size,
                          [](double x) { return std::isnan(x); });
  }
  return nans;
}
