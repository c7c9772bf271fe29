//===- Gradients.cpp - The operators of attention's gradients -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionCall.h"
#include "Classes.h"
#include "Operators.h"

using namespace spattn::torch_ops;
namespace stable = torch::stable::detail;

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
  auto query = reader.take<Tensor>(), key = reader.take<Tensor>(),
       value = reader.take<Tensor>(), outputTensor = reader.take<Tensor>(),
       lseTensor = reader.take<Tensor>();
  std::optional<Tensor> sinks;
  if (of == GradientsOf::Sinks)
    sinks = reader.take<Tensor>();
  Options options(reader);
  bool deterministic = reader.take<bool>();
  Modifiers modifiers(reader);
  bool ofSlopes = false, ofBiases = false;
  if (of == GradientsOf::Biases) {
    sinks = reader.take<std::optional<Tensor>>();
    ofSlopes = reader.take<bool>();
    ofBiases = reader.take<bool>();
  }

  AttentionCall call(options, query, key, value);
  Operand output = call.ofRows(outputTensor, "output"),
          lse = call.ofNumbers(lseTensor, "lse"),
          dout = call.ofRows(outputGradient, "grad_output"), dlse;
  if (lseGradient)
    dlse = call.ofNumbers(*lseGradient, "grad_lse");

  const Device &device = call.device;
  Place place(device);
  auto like = [&](const Operand &rows) {
    return makeRowsLike(rows, rows.sizes[3], device);
  };
  Operand dquery = like(call.query), dkey = like(call.key),
          dvalue = like(call.value), dsinks, dslopes, dbias;
  call.start();
  for (Operand *operand : {&output, &lse, &dout})
    call.read(*operand);
  KernelRequest &request = call.request;
  request.gradients = true;
  request.deterministic = deterministic;
  request.lseGradient = lseGradient.has_value();
  if (lseGradient)
    call.read(dlse);
  call.readSinks(sinks);
  modifiers.addTo(call);

  call.operands.insert(call.operands.end(), {&dquery, &dkey, &dvalue});
  bool ofSinks = sinks.has_value();
  ofSlopes &= bool(request.slopes);
  ofBiases &= request.distances > 0;
  request.biasGradients = int(ofSlopes) | int(ofBiases) << 1;
  int64_t heads = call.query.sizes[1];
  if (ofSinks)
    dsinks = makeHeads(heads, device);
  if (ofSlopes)
    dslopes = makeHeads(heads, device);
  if (ofBiases)
    dbias = makeHeads(heads, request.distances, device);
  const std::pair<bool, Operand *> ofHeads[] = {
      {ofSinks, &dsinks}, {ofSlopes, &dslopes}, {ofBiases, &dbias}};
  size_t numResults = 3;
  for (auto [isGiven, gradient] : ofHeads)
    if (isGiven) {
      call.operands.push_back(gradient);
      ++numResults;
    }
  runAttention(request, call.operands, numResults, call.getScalars(modifiers),
               place);
  stack[0] = stable::from(dquery.tensor);
  stack[1] = stable::from(dkey.tensor);
  stack[2] = stable::from(dvalue.tensor);
  if (of == GradientsOf::Sinks)
    stack[3] = stable::from(dsinks.tensor);
  if (of != GradientsOf::Biases)
    return;
  int next = 3;
  for (auto [isGiven, gradient] : ofHeads) {
    if (!isGiven)
      *gradient = makeHeads(0, device);
    stack[next++] = stable::from(gradient->tensor);
  }
}

void spattn::torch_ops::attentionBackward(StableIValue *stack, uint64_t,
                                          uint64_t) {
  computeGradients(stack, GradientsOf::Rows);
}

void spattn::torch_ops::attentionBackwardSinks(StableIValue *stack, uint64_t,
                                               uint64_t) {
  computeGradients(stack, GradientsOf::Sinks);
}

void spattn::torch_ops::attentionBackwardBiases(StableIValue *stack, uint64_t,
                                                uint64_t) {
  computeGradients(stack, GradientsOf::Biases);
}
