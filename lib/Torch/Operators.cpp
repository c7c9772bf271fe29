//===- Operators.cpp - The operators of spattn.torch ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CPU and CUDA implementations. Schemas, autograd and other rules are in
// python/spattn/torch/_operators.py. This library uses only torch's stable ABI,
// so that it works with all releases from 2.10 on, and with any Python.
//
//===----------------------------------------------------------------------===//

#include "Classes.h"
#include "Reader.h"

#include <algorithm>
#include <cmath>

using namespace spattn::torch_ops;
namespace stable = torch::stable::detail;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

std::string ArgumentReader::takeString() {
  auto handle = stable::to<StringHandle>(*next++);
  size_t size = 0;
  const char *data = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(torch_string_length(handle, &size));
  STABLE_TORCH_ERROR_CODE_CHECK(torch_string_c_str(handle, &data));
  std::string text(data, size);
  STABLE_TORCH_ERROR_CODE_CHECK(torch_delete_string(handle));
  return text;
}

Layout spattn::torch_ops::getLayout(const std::string &name) {
  if (name == "bhnd")
    return Layout::BHND;
  if (name == "bnhd")
    return Layout::BNHD;
  fail("expected layout to be 'bhnd' or 'bnhd', got '", name, "'");
}

namespace {
/// The trailing arguments of both operators.
struct Options {
  explicit Options(ArgumentReader &reader)
      : structure(reader.takeString()),
        scale(reader.take<std::optional<double>>()),
        layout(reader.takeString()), alignment(reader.takeString()) {}

  std::string structure;
  std::optional<double> scale;
  std::string layout, alignment;
};
} // namespace

static void checkDevice(const Operand &operand, const Device &device,
                        const char *name) {
  if (!(Device::of(operand.tensor) == device))
    fail(name, ": expected the device of query");
}

/// Checks device and dtype. The kernel checks the sizes.
static void checkAlike(const Operand &operand, const Operand &query,
                       const Device &device, const char *name) {
  checkDevice(operand, device, name);
  if (operand.rank == query.rank && operand.element != query.element)
    fail(name, ": expected the dtype of query");
}

static KernelRequest makeRequest(const Options &options, const Operand &query,
                                 const Operand &key, const Operand &value,
                                 const Device &device) {
  KernelRequest request;
  request.structure = options.structure.c_str();
  request.alignment = options.alignment.c_str();
  request.heads = query.sizes[1];
  request.keyHeads = key.sizes[1];
  request.headDim = query.sizes[3];
  request.valueDim = value.sizes[3];
  request.queryLength = query.sizes[2];
  request.keyLength = key.sizes[2];
  request.element = query.element;
  request.device = device.isGpu() ? device.index : -1;
  // CPUs take all of them.
  request.signedScale = device.isGpu() && options.scale && *options.scale <= 0;
  return request;
}

/// Numbers of heads, which are on the device: one for each query head, or a
/// row.
static Operand getOfHeads(const Tensor &tensor, uint32_t rank,
                          const Operand &query, const Device &device,
                          const char *name) {
  Operand numbers = Operand::ofHeads(tensor, rank, name);
  checkAlike(numbers, query, device, name);
  if (numbers.sizes[0] != query.sizes[1])
    fail(name, ": expected numbers for each query head, ", query.sizes[1],
         ", got ", numbers.sizes[0]);
  if (rank > 1 && numbers.sizes[1] == 0)
    fail(name, ": expected at least one distance");
  numbers.makeReadable(device);
  return numbers;
}

namespace {
/// The sequences of a call: which of their operands there are.
class SequenceOperands {
public:
  /// These arguments follow what modifies scores.
  explicit SequenceOperands(ArgumentReader &reader) {
    for (std::optional<Tensor> &tensor : tensors)
      tensor = reader.take<std::optional<Tensor>>();
    boundLength = reader.takeString();
  }

  void addTo(KernelRequest &request, std::vector<const Operand *> &all,
             const Operand &query, const Device &device) {
    static constexpr const char *names[] = {"query_starts", "query_ends",
                                            "key_starts", "key_ends"};
    int64_t count = 0;
    for (int i = 0; i < 4; ++i) {
      if (!tensors[i])
        continue;
      operands[i] = Operand::ofSequences(*tensors[i], names[i]);
      checkAlike(operands[i], query, device, names[i]);
      if (operands[i].sizes[0] != query.sizes[0])
        fail(names[i], ": expected the batch size of query, ", query.sizes[0],
             ", got ", operands[i].sizes[0]);
      operands[i].makeReadable(device);
      all.push_back(&operands[i]);
      request.sequences |= 1 << i;
      count = operands[i].sizes[1];
    }
    if (!request.sequences)
      return;
    request.boundLength = boundLength.c_str();
    // Kernels are tuned for the mean length of a sequence.
    for (int64_t *length : {&request.queryLength, &request.keyLength})
      *length = (*length + count - 1) / std::max<int64_t>(count, 1);
  }

private:
  std::optional<Tensor> tensors[4];
  Operand operands[4];
  std::string boundLength;
};

/// The positions of a call, and what they do. These arguments follow those of
/// sequences.
class PositionOperands {
public:
  explicit PositionOperands(ArgumentReader &reader) {
    for (std::optional<Tensor> &tensor : tensors)
      tensor = reader.take<std::optional<Tensor>>();
    isCausal = reader.take<bool>();
    selfScore = reader.take<std::optional<double>>();
  }

  void addTo(KernelRequest &request, std::vector<const Operand *> &all,
             const Operand &query, const Operand &key, const Device &device) {
    static constexpr const char *names[] = {"query_positions", "key_positions"};
    request.positions = isCausal | selfScore.has_value() << 1;
    request.selfScore = selfScore.value_or(0);
    for (int i = 0; i < 2; ++i) {
      if (tensors[i].has_value() != (request.positions != 0))
        fail(names[i], ": expected with causal_positions or self_score, and "
                       "only with one of them");
      if (!tensors[i])
        continue;
      const Operand &like = i == 0 ? query : key;
      operands[i] = Operand::ofPositions(*tensors[i], names[i]);
      checkAlike(operands[i], query, device, names[i]);
      for (int dim = 0; dim < 3; ++dim)
        if (operands[i].sizes[dim] != like.sizes[dim])
          fail(names[i], ": expected the batch size, heads and length of ",
               i == 0 ? "query" : "key");
      operands[i].makeReadable(device);
      all.push_back(&operands[i]);
    }
  }

private:
  std::optional<Tensor> tensors[2];
  Operand operands[2];
  bool isCausal;
  std::optional<double> selfScore;
};

/// Lists of tiles of a call. These arguments follow those of positions.
class ListOperands {
public:
  explicit ListOperands(ArgumentReader &reader)
      : countsTensor(reader.take<std::optional<Tensor>>()),
        indicesTensor(reader.take<std::optional<Tensor>>()),
        attribute(reader.takeString()) {}

  void addTo(KernelRequest &request, std::vector<const Operand *> &all,
             const Operand &query, const Device &device) {
    if (!countsTensor && !indicesTensor && attribute.empty())
      return;
    if (!countsTensor || !indicesTensor || attribute.empty())
      fail("expected all of tile_counts, tile_indices and tile_lists");
    counts = Operand::ofLists(*countsTensor, 3, "tile_counts");
    indices = Operand::ofLists(*indicesTensor, 4, "tile_indices");
    for (Operand *operand : {&counts, &indices}) {
      const char *name = operand == &counts ? "tile_counts" : "tile_indices";
      checkDevice(*operand, device, name);
      if (!std::equal(counts.sizes, counts.sizes + 3, operand->sizes))
        fail("expected tile_counts and tile_indices of the same sizes");
      operand->makeReadable(device);
      all.push_back(operand);
    }
    if (counts.sizes[0] != 1 && counts.sizes[0] != query.sizes[0])
      fail("tile_counts: expected a batch size of 1 or that of query, ",
           query.sizes[0], ", got ", counts.sizes[0]);
    request.tileLists = attribute.c_str();
    request.listHeads = counts.sizes[1];
    request.listBatch = counts.sizes[0] != 1;
  }

private:
  std::optional<Tensor> countsTensor, indicesTensor;
  std::string attribute;
  Operand counts, indices;
};

/// The region that modifies the scores of a call: the last argument of the
/// forward operator.
class ScoreRegion {
public:
  explicit ScoreRegion(ArgumentReader &reader) : text(reader.takeString()) {}

  void addTo(KernelRequest &request) const { request.score = text.c_str(); }

private:
  std::string text;
};

/// What modifies the scores of a call. These arguments follow the sinks.
class Scores {
public:
  explicit Scores(ArgumentReader &reader)
      : softCap(reader.take<std::optional<double>>()),
        slopesTensor(reader.take<std::optional<Tensor>>()),
        biasTensor(reader.take<std::optional<Tensor>>()) {}

  void addTo(KernelRequest &request, std::vector<const Operand *> &all,
             const Operand &query, const Device &device) {
    if (softCap && !(std::isfinite(*softCap) && *softCap > 0))
      fail("expected a soft_cap that is positive and finite, got ", *softCap);
    request.softCap = softCap.has_value();
    if (slopesTensor) {
      request.slopes = true;
      slopes = getOfHeads(*slopesTensor, 1, query, device, "alibi_slopes");
      all.push_back(&slopes);
    }
    if (biasTensor) {
      bias = getOfHeads(*biasTensor, 2, query, device, "distance_bias");
      request.distances = bias.sizes[1];
      all.push_back(&bias);
    }
  }

  const std::optional<double> softCap;

private:
  std::optional<Tensor> slopesTensor, biasTensor;
  Operand slopes, bias;
};
} // namespace

static std::vector<double>
getScalars(const Options &options, const Scores &scores, const Operand &query) {
  double scale = options.scale.value_or(1 / std::sqrt(double(query.sizes[3])));
  if (scores.softCap)
    return {scale, *scores.softCap};
  return {scale};
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// attention(Tensor query, Tensor key, Tensor value, options..., Tensor? sinks,
///     float? soft_cap, Tensor? alibi_slopes, Tensor? distance_bias,
///     sequences..., positions..., lists..., str score)
///     -> (Tensor output, Tensor lse)
static void attention(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto queryTensor = reader.take<Tensor>(), keyTensor = reader.take<Tensor>(),
       valueTensor = reader.take<Tensor>();
  Options options(reader);
  auto sinksTensor = reader.take<std::optional<Tensor>>();
  Scores scores(reader);
  SequenceOperands sequences(reader);
  PositionOperands positions(reader);
  ListOperands lists(reader);
  ScoreRegion score(reader);

  Layout layout = getLayout(options.layout);
  Device device = Device::of(queryTensor);
  Operand query = Operand::ofRows(queryTensor, layout, "query"),
          key = Operand::ofRows(keyTensor, layout, "key"),
          value = Operand::ofRows(valueTensor, layout, "value");
  checkAlike(key, query, device, "key");
  checkAlike(value, query, device, "value");

  Place place(device);
  Operand output = makeRowsLike(query, value.sizes[3], device),
          lse = makeNumbersLike(query, device);
  for (Operand *operand : {&query, &key, &value})
    operand->makeReadable(device);
  std::vector<const Operand *> operands = {&query, &key, &value};
  Operand sinks;
  if (sinksTensor) {
    sinks = getOfHeads(*sinksTensor, 1, query, device, "sinks");
    operands.push_back(&sinks);
  }
  KernelRequest request = makeRequest(options, query, key, value, device);
  request.sinks = sinksTensor.has_value();
  sequences.addTo(request, operands, query, device);
  scores.addTo(request, operands, query, device);
  positions.addTo(request, operands, query, key, device);
  lists.addTo(request, operands, query, device);
  score.addTo(request);
  operands.insert(operands.end(), {&output, &lse});
  runAttention(request, operands, /*numResults=*/2,
               getScalars(options, scores, query), place);
  stack[0] = stable::from(output.tensor);
  stack[1] = stable::from(lse.tensor);
}

/// paged_attention(Tensor query, Tensor key, Tensor value, Tensor page_table,
///     options..., Tensor? sinks, float? soft_cap, Tensor? alibi_slopes,
///     Tensor? distance_bias, sequences..., str score)
///     -> (Tensor output, Tensor lse)
static void pagedAttention(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto queryTensor = reader.take<Tensor>(), keyTensor = reader.take<Tensor>(),
       valueTensor = reader.take<Tensor>(), tableTensor = reader.take<Tensor>();
  Options options(reader);
  auto sinksTensor = reader.take<std::optional<Tensor>>();
  Scores scores(reader);
  SequenceOperands sequences(reader);
  ScoreRegion score(reader);

  Layout layout = getLayout(options.layout);
  Device device = Device::of(queryTensor);
  Operand query = Operand::ofRows(queryTensor, layout, "query"),
          key = Operand::ofRows(keyTensor, layout, "key"),
          value = Operand::ofRows(valueTensor, layout, "value"),
          table = Operand::ofSequences(tableTensor, "page_table");
  checkAlike(key, query, device, "key");
  checkAlike(value, query, device, "value");
  checkDevice(table, device, "page_table");
  if (table.sizes[0] != query.sizes[0])
    fail("page_table: expected the batch size of query, ", query.sizes[0],
         ", got ", table.sizes[0]);

  Place place(device);
  Operand output = makeRowsLike(query, value.sizes[3], device),
          lse = makeNumbersLike(query, device);
  for (Operand *operand : {&query, &key, &value, &table})
    operand->makeReadable(device);
  std::vector<const Operand *> operands = {&query, &key, &value};
  Operand sinks;
  if (sinksTensor) {
    sinks = getOfHeads(*sinksTensor, 1, query, device, "sinks");
    operands.push_back(&sinks);
  }
  KernelRequest request = makeRequest(options, query, key, value, device);
  request.sinks = sinksTensor.has_value();
  request.pageSize = key.sizes[2];
  request.keyLength *= table.sizes[1];
  sequences.addTo(request, operands, query, device);
  scores.addTo(request, operands, query, device);
  score.addTo(request);
  operands.insert(operands.end(), {&table, &output, &lse});
  runKernel(request, operands, getScalars(options, scores, query), place);
  stack[0] = stable::from(output.tensor);
  stack[1] = stable::from(lse.tensor);
}

/// attention_backward(Tensor grad_output, Tensor? grad_lse, Tensor query,
///     Tensor key, Tensor value, Tensor output, Tensor lse, options...,
///     bool deterministic, float? soft_cap, Tensor? alibi_slopes,
///     Tensor? distance_bias, sequences..., positions..., lists..., str score)
///     -> (Tensor, Tensor, Tensor)
///
/// The overload for sinks takes them before the options, and has a result more.
/// That for biases takes at the end `Tensor? sinks` and, of slopes and biases,
/// whether there are gradients by them. Its results are those by sinks, slopes
/// and biases, too, of which some may be empty.
enum class GradientsOf { Rows, Sinks, Biases };

static void computeGradients(StableIValue *stack, GradientsOf of) {
  ArgumentReader reader(stack);
  auto outputGradient = reader.take<Tensor>();
  auto lseGradient = reader.take<std::optional<Tensor>>();
  auto queryTensor = reader.take<Tensor>(), keyTensor = reader.take<Tensor>(),
       valueTensor = reader.take<Tensor>(),
       outputTensor = reader.take<Tensor>(), lseTensor = reader.take<Tensor>();
  std::optional<Tensor> sinksTensor;
  if (of == GradientsOf::Sinks)
    sinksTensor = reader.take<Tensor>();
  Options options(reader);
  bool deterministic = reader.take<bool>();
  Scores scores(reader);
  SequenceOperands sequences(reader);
  PositionOperands positions(reader);
  ListOperands lists(reader);
  ScoreRegion score(reader);
  bool ofSlopes = false, ofBiases = false;
  if (of == GradientsOf::Biases) {
    sinksTensor = reader.take<std::optional<Tensor>>();
    ofSlopes = reader.take<bool>();
    ofBiases = reader.take<bool>();
  }
  bool hasSinks = sinksTensor.has_value();

  Layout layout = getLayout(options.layout);
  Device device = Device::of(queryTensor);
  Operand query = Operand::ofRows(queryTensor, layout, "query"),
          key = Operand::ofRows(keyTensor, layout, "key"),
          value = Operand::ofRows(valueTensor, layout, "value"),
          output = Operand::ofRows(outputTensor, layout, "output"),
          lse = Operand::ofNumbers(lseTensor, "lse"),
          dout = Operand::ofRows(outputGradient, layout, "grad_output"), dlse;
  checkAlike(key, query, device, "key");
  checkAlike(value, query, device, "value");
  checkAlike(output, query, device, "output");
  checkAlike(lse, query, device, "lse");
  checkAlike(dout, query, device, "grad_output");
  if (lseGradient) {
    dlse = Operand::ofNumbers(*lseGradient, "grad_lse");
    checkAlike(dlse, query, device, "grad_lse");
  }

  Place place(device);
  Operand dquery = makeRowsLike(query, query.sizes[3], device),
          dkey = makeRowsLike(key, key.sizes[3], device),
          dvalue = makeRowsLike(value, value.sizes[3], device), dsinks, dslopes,
          dbias;
  for (Operand *operand : {&query, &key, &value, &output, &lse, &dout})
    operand->makeReadable(device);
  KernelRequest request = makeRequest(options, query, key, value, device);
  request.gradients = true;
  request.deterministic = deterministic;
  request.lseGradient = lseGradient.has_value();
  request.sinks = hasSinks;
  std::vector<const Operand *> operands = {&query,  &key, &value,
                                           &output, &lse, &dout};
  if (lseGradient) {
    dlse.makeReadable(device);
    operands.push_back(&dlse);
  }
  Operand sinks;
  if (hasSinks) {
    sinks = getOfHeads(*sinksTensor, 1, query, device, "sinks");
    operands.push_back(&sinks);
  }
  sequences.addTo(request, operands, query, device);
  scores.addTo(request, operands, query, device);
  positions.addTo(request, operands, query, key, device);
  lists.addTo(request, operands, query, device);
  score.addTo(request);
  operands.insert(operands.end(), {&dquery, &dkey, &dvalue});
  if (hasSinks) {
    dsinks = makeHeads(query.sizes[1], device);
    operands.push_back(&dsinks);
  }
  ofSlopes &= bool(request.slopes);
  ofBiases &= request.distances > 0;
  request.biasGradients = int(ofSlopes) | int(ofBiases) << 1;
  if (ofSlopes) {
    dslopes = makeHeads(query.sizes[1], device);
    operands.push_back(&dslopes);
  }
  if (ofBiases) {
    dbias = makeHeads(query.sizes[1], request.distances, device);
    operands.push_back(&dbias);
  }
  runAttention(request, operands,
               /*numResults=*/3 + hasSinks + ofSlopes + ofBiases,
               getScalars(options, scores, query), place);
  stack[0] = stable::from(dquery.tensor);
  stack[1] = stable::from(dkey.tensor);
  stack[2] = stable::from(dvalue.tensor);
  if (of == GradientsOf::Sinks)
    stack[3] = stable::from(dsinks.tensor);
  if (of != GradientsOf::Biases)
    return;
  int next = 3;
  for (auto [isGiven, gradient] : {std::pair(hasSinks, &dsinks),
                                   {ofSlopes, &dslopes},
                                   {ofBiases, &dbias}}) {
    if (!isGiven)
      *gradient = makeHeads(0, device);
    stack[next++] = stable::from(gradient->tensor);
  }
}

static void attentionBackward(StableIValue *stack, uint64_t, uint64_t) {
  computeGradients(stack, GradientsOf::Rows);
}

static void attentionBackwardSinks(StableIValue *stack, uint64_t, uint64_t) {
  computeGradients(stack, GradientsOf::Sinks);
}

static void attentionBackwardBiases(StableIValue *stack, uint64_t, uint64_t) {
  computeGradients(stack, GradientsOf::Biases);
}

STABLE_TORCH_LIBRARY_IMPL(spattn, CPU, library) {
  library.impl("attention", attention);
  library.impl("paged_attention", pagedAttention);
  library.impl("attention_backward", attentionBackward);
  library.impl("attention_backward.sinks", attentionBackwardSinks);
  library.impl("attention_backward.biases", attentionBackwardBiases);
  library.impl("merge", merge);
  library.impl("merge_backward", mergeBackward);
  library.impl("merge_rows", mergeRows);
  library.impl("gather_rows", gatherRows);
  library.impl("sum_rows", sumRows);
  library.impl("hash_rows", hashRows);
}

STABLE_TORCH_LIBRARY_IMPL(spattn, CUDA, library) {
  library.impl("attention", attention);
  library.impl("paged_attention", pagedAttention);
  library.impl("attention_backward", attentionBackward);
  library.impl("attention_backward.sinks", attentionBackwardSinks);
  library.impl("attention_backward.biases", attentionBackwardBiases);
  library.impl("merge", merge);
  library.impl("merge_backward", mergeBackward);
  library.impl("merge_rows", mergeRows);
  library.impl("gather_rows", gatherRows);
  library.impl("sum_rows", sumRows);
  library.impl("hash_rows", hashRows);
}
