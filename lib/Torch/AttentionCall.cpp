//===- AttentionCall.cpp - What the operators of attention share ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionCall.h"

#include <algorithm>
#include <cmath>

using namespace spattn::torch_ops;

//===----------------------------------------------------------------------===//
// Modifiers
//===----------------------------------------------------------------------===//

void Scores::addTo(AttentionCall &call) {
  if (softCap && !(std::isfinite(*softCap) && *softCap > 0))
    fail("expected a soft_cap that is positive and finite, got ", *softCap);
  call.request.softCap = softCap.has_value();
  if (slopesTensor) {
    call.request.slopes = true;
    slopes = call.ofHeads(*slopesTensor, 1, "alibi_slopes");
    call.operands.push_back(&slopes);
  }
  if (biasTensor) {
    bias = call.ofHeads(*biasTensor, 2, "distance_bias");
    call.request.distances = bias.sizes[1];
    call.operands.push_back(&bias);
  }
}

void SequenceOperands::addTo(AttentionCall &call) {
  static constexpr const char *names[] = {"query_starts", "query_ends",
                                          "key_starts", "key_ends"};
  int64_t count = 0;
  for (int i = 0; i < 4; ++i) {
    if (!tensors[i])
      continue;
    operands[i] = Operand::ofSequences(*tensors[i], names[i]);
    call.checkAlike(operands[i], names[i]);
    if (operands[i].sizes[0] != call.query.sizes[0])
      fail(names[i], ": expected the batch size of query, ",
           call.query.sizes[0], ", got ", operands[i].sizes[0]);
    call.read(operands[i]);
    call.request.sequences |= 1 << i;
    count = operands[i].sizes[1];
  }
  if (!call.request.sequences)
    return;
  call.request.boundLength = boundLength.c_str();
  // Kernels are tuned for the mean length of a sequence.
  for (int64_t *length : {&call.request.queryLength, &call.request.keyLength})
    *length = (*length + count - 1) / std::max<int64_t>(count, 1);
}

void PositionOperands::addTo(AttentionCall &call) {
  static constexpr const char *names[] = {"query_positions", "key_positions"};
  call.request.positions = isCausal | selfScore.has_value() << 1;
  call.request.selfScore = selfScore.value_or(0);
  for (int i = 0; i < 2; ++i) {
    if (tensors[i].has_value() != (call.request.positions != 0))
      fail(names[i], ": expected with causal_positions or self_score, and "
                     "only with one of them");
    if (!tensors[i])
      continue;
    const Operand &like = i == 0 ? call.query : call.key;
    operands[i] = Operand::ofPositions(*tensors[i], names[i]);
    call.checkAlike(operands[i], names[i]);
    for (int dim = 0; dim < 3; ++dim)
      if (operands[i].sizes[dim] != like.sizes[dim])
        fail(names[i], ": expected the batch size, heads and length of ",
             i == 0 ? "query" : "key");
    call.read(operands[i]);
  }
}

void ListOperands::addTo(AttentionCall &call) {
  if (!countsTensor && !indicesTensor && attribute.empty())
    return;
  if (!countsTensor || !indicesTensor || attribute.empty())
    fail("expected all of tile_counts, tile_indices and tile_lists");
  counts = Operand::ofLists(*countsTensor, 3, "tile_counts");
  indices = Operand::ofLists(*indicesTensor, 4, "tile_indices");
  for (Operand *operand : {&counts, &indices}) {
    const char *name = operand == &counts ? "tile_counts" : "tile_indices";
    call.checkDevice(*operand, name);
    if (!std::equal(counts.sizes, counts.sizes + 3, operand->sizes))
      fail("expected tile_counts and tile_indices of the same sizes");
    call.read(*operand);
  }
  if (counts.sizes[0] != 1 && counts.sizes[0] != call.query.sizes[0])
    fail("tile_counts: expected a batch size of 1 or that of query, ",
         call.query.sizes[0], ", got ", counts.sizes[0]);
  call.request.tileLists = attribute.c_str();
  call.request.listHeads = counts.sizes[1];
  call.request.listBatch = counts.sizes[0] != 1;
}

void Modifiers::addTo(AttentionCall &call) {
  sequences.addTo(call);
  scores.addTo(call);
  if (positions)
    positions->addTo(call);
  if (lists)
    lists->addTo(call);
  call.request.score = region.c_str();
}

//===----------------------------------------------------------------------===//
// AttentionCall
//===----------------------------------------------------------------------===//

AttentionCall::AttentionCall(const Options &options, const Tensor &queryTensor,
                             const Tensor &keyTensor, const Tensor &valueTensor)
    : options(options), layout(getLayout(options.layout)),
      device(Device::of(queryTensor)),
      query(Operand::ofRows(queryTensor, layout, "query")),
      key(Operand::ofRows(keyTensor, layout, "key")),
      value(Operand::ofRows(valueTensor, layout, "value")) {
  checkAlike(key, "key");
  checkAlike(value, "value");
}

void AttentionCall::checkDevice(const Operand &operand,
                                const char *name) const {
  if (!(Device::of(operand.tensor) == device))
    fail(name, ": expected the device of query");
}

void AttentionCall::checkAlike(const Operand &operand, const char *name) const {
  checkDevice(operand, name);
  if (operand.rank == query.rank && operand.element != query.element)
    fail(name, ": expected the dtype of query");
}

Operand AttentionCall::ofRows(const Tensor &tensor, const char *name) const {
  Operand rows = Operand::ofRows(tensor, layout, name);
  checkAlike(rows, name);
  return rows;
}

Operand AttentionCall::ofNumbers(const Tensor &tensor, const char *name) const {
  Operand numbers = Operand::ofNumbers(tensor, name);
  checkAlike(numbers, name);
  return numbers;
}

Operand AttentionCall::ofHeads(const Tensor &tensor, uint32_t rank,
                               const char *name) const {
  Operand numbers = Operand::ofHeads(tensor, rank, name);
  checkAlike(numbers, name);
  if (numbers.sizes[0] != query.sizes[1])
    fail(name, ": expected numbers for each query head, ", query.sizes[1],
         ", got ", numbers.sizes[0]);
  if (rank > 1 && numbers.sizes[1] == 0)
    fail(name, ": expected at least one distance");
  numbers.makeReadable(device);
  return numbers;
}

void AttentionCall::start() {
  for (Operand *operand : {&query, &key, &value})
    read(*operand);
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
}

void AttentionCall::read(Operand &operand) {
  operand.makeReadable(device);
  operands.push_back(&operand);
}

void AttentionCall::readSinks(const std::optional<Tensor> &tensor) {
  request.sinks = tensor.has_value();
  if (!tensor)
    return;
  sinks = ofHeads(*tensor, 1, "sinks");
  operands.push_back(&sinks);
}

std::vector<double>
AttentionCall::getScalars(const Modifiers &modifiers) const {
  double scale = options.scale.value_or(1 / std::sqrt(double(query.sizes[3])));
  if (auto softCap = modifiers.getSoftCap())
    return {scale, *softCap};
  return {scale};
}
