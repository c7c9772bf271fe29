//===- Merge.cpp - The operators of merges --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "Operators.h"
#include "Reader.h"

using namespace spattn::torch_ops;
namespace stable = torch::stable::detail;

using Tensors = std::vector<Tensor>;

namespace {
/// The parts of a merge, checked, and as kernels read them.
struct Parts {
  Parts(const Tensors &outputTensors, const Tensors &lseTensors, Layout layout)
      : device(outputTensors.empty() ? Device()
                                     : Device::of(outputTensors.front())) {
    if (outputTensors.empty())
      fail("outputs: expected one part or more, got none");
    if (outputTensors.size() != lseTensors.size())
      fail("lses: expected one for each of the ", outputTensors.size(),
           " outputs, got ", lseTensors.size());
    for (const Tensor &tensor : outputTensors)
      outputs.push_back(Operand::ofRows(tensor, layout, "outputs"));
    for (const Tensor &tensor : lseTensors)
      lses.push_back(Operand::ofNumbers(tensor, "lses"));
    for (const Operand &output : outputs)
      check(output, "outputs");
    for (const Operand &lse : lses)
      check(lse, "lses");
    elements.clear();
    for (const Operand &output : outputs)
      elements.push_back(char('0' + output.element));
  }

  /// Checks that an array is on the device, and of the sizes of the parts.
  void check(const Operand &operand, const char *name) const {
    if (!(Device::of(operand.tensor) == device))
      fail(name, ": expected the device of the first output");
    for (uint32_t i = 0; i < operand.rank; ++i)
      if (operand.sizes[i] != outputs.front().sizes[i])
        fail(name, ": expected the sizes of the first output");
  }

  void makeReadable() {
    for (Operand &output : outputs)
      output.makeReadable(device);
    for (Operand &lse : lses)
      lse.makeReadable(device);
  }

  void addTo(std::vector<const Operand *> &operands) const {
    for (const Operand &output : outputs)
      operands.push_back(&output);
    for (const Operand &lse : lses)
      operands.push_back(&lse);
  }

  KernelRequest makeRequest(SpattnElementType element) const {
    const Operand &first = outputs.front();
    KernelRequest request;
    request.parts = elements.c_str();
    request.heads = first.sizes[1];
    request.valueDim = first.sizes[3];
    request.element = element;
    request.device = device.isGpu() ? device.index : -1;
    return request;
  }

  std::vector<Operand> outputs, lses;
  Device device;
  std::string elements;
};
} // namespace

/// The element type of a merge's output: the one that is asked for, or that of
/// the first part.
static SpattnElementType getElement(const std::string &dtype,
                                    const Operand &first) {
  if (dtype.empty())
    return first.element;
  if (dtype == "float32")
    return SpattnElementF32;
  if (dtype == "float16")
    return SpattnElementF16;
  if (dtype == "bfloat16")
    return SpattnElementBF16;
  fail("expected a dtype of float32, float16 or bfloat16, got '", dtype, "'");
}

/// merge(Tensor[] outputs, Tensor[] lses, str layout, str dtype)
///     -> (Tensor output, Tensor lse)
void spattn::torch_ops::merge(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto outputTensors = reader.take<Tensors>();
  auto lseTensors = reader.take<Tensors>();
  std::string layoutName = reader.takeString(), dtype = reader.takeString();

  Parts parts(outputTensors, lseTensors, getLayout(layoutName));
  Place place(parts.device);
  Operand like = parts.outputs.front();
  like.element = getElement(dtype, like);
  Operand output = makeRowsLike(like, like.sizes[3], parts.device),
          lse = makeNumbersLike(like, parts.device);
  parts.makeReadable();
  std::vector<const Operand *> operands;
  parts.addTo(operands);
  operands.insert(operands.end(), {&output, &lse});
  runKernel(parts.makeRequest(output.element), operands, /*scalars=*/{}, place);
  stack[0] = stable::from(output.tensor);
  stack[1] = stable::from(lse.tensor);
}

/// merge_backward(Tensor grad_output, Tensor? grad_lse, Tensor[] outputs,
///     Tensor[] lses, str layout) -> (Tensor[] grad_outputs, Tensor[]
///     grad_lses)
void spattn::torch_ops::mergeBackward(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto outputGradient = reader.take<Tensor>();
  auto lseGradient = reader.take<std::optional<Tensor>>();
  auto outputTensors = reader.take<Tensors>();
  auto lseTensors = reader.take<Tensors>();
  std::string layoutName = reader.takeString();

  Layout layout = getLayout(layoutName);
  Parts parts(outputTensors, lseTensors, layout);
  Operand dout = Operand::ofRows(outputGradient, layout, "grad_output"), dlse;
  parts.check(dout, "grad_output");
  if (lseGradient) {
    dlse = Operand::ofNumbers(*lseGradient, "grad_lse");
    parts.check(dlse, "grad_lse");
  }

  Place place(parts.device);
  std::vector<Operand> gradients, lseGradients;
  for (const Operand &output : parts.outputs) {
    gradients.push_back(makeRowsLike(output, output.sizes[3], parts.device));
    lseGradients.push_back(makeNumbersLike(output, parts.device));
  }
  parts.makeReadable();
  dout.makeReadable(parts.device);
  std::vector<const Operand *> operands;
  parts.addTo(operands);
  operands.push_back(&dout);
  KernelRequest request = parts.makeRequest(dout.element);
  request.gradients = true;
  if (lseGradient) {
    dlse.makeReadable(parts.device);
    operands.push_back(&dlse);
    request.lseGradient = true;
  }
  Tensors results, lseResults;
  for (const Operand &gradient : gradients) {
    operands.push_back(&gradient);
    results.push_back(gradient.tensor);
  }
  for (const Operand &gradient : lseGradients) {
    operands.push_back(&gradient);
    lseResults.push_back(gradient.tensor);
  }
  runKernel(request, operands, /*scalars=*/{}, place);
  stack[0] = stable::from(results);
  stack[1] = stable::from(lseResults);
}
