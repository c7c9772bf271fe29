//===- Rows.cpp - The operators of rows by number -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors are (batch, heads, length, head dimension), and row numbers (batch,
// heads, length) or (batch, heads, length, terms).
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "Operators.h"
#include "Reader.h"

using namespace spattn::torch_ops;
namespace stable = torch::stable::detail;

using Tensors = std::vector<Tensor>;

/// Checks the device and sizes of an operand by those of another one, for
/// dimensions of both.
static void checkLike(const Operand &operand, const Operand &like,
                      std::initializer_list<int> dims, const char *name) {
  if (!(Device::of(operand.tensor) == Device::of(like.tensor)))
    fail(name, ": expected the device of the other tensors");
  for (int dim : dims)
    if (operand.sizes[dim] != like.sizes[dim])
      fail(name, ": expected a size of ", like.sizes[dim], " in dimension ",
           dim, ", got ", operand.sizes[dim]);
}

/// An operand of rows, readable by kernels, and of the elements of `like`.
static Operand readLike(const Tensor &tensor, const Operand &like,
                        std::initializer_list<int> dims, const char *name) {
  Operand operand = Operand::ofRows(tensor, Layout::BHND, name);
  checkLike(operand, like, dims, name);
  if (operand.element != like.element)
    fail(name, ": expected the dtype of the other tensors");
  return operand;
}

static KernelRequest makeRequest(const Operand &source, const Device &device) {
  KernelRequest request;
  request.heads = source.sizes[1];
  request.valueDim = source.sizes[3];
  request.element = source.element;
  request.device = device.isGpu() ? device.index : -1;
  return request;
}

/// gather_rows(Tensor[] sources, Tensor rows, str unit_rms) -> Tensor[]
void spattn::torch_ops::gatherRows(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto tensors = reader.take<Tensors>();
  auto numbers = reader.take<Tensor>();
  std::string marks = reader.takeString();

  if (tensors.empty())
    fail("sources: expected one tensor or more, got none");
  if (!marks.empty() && marks.size() != tensors.size())
    fail("unit_rms: expected a digit for each of the ", tensors.size(),
         " sources, got '", marks, "'");
  std::vector<Operand> sources, outs;
  for (const Tensor &tensor : tensors) {
    Operand first = sources.empty()
                        ? Operand::ofRows(tensor, Layout::BHND, "sources")
                        : sources.front();
    sources.push_back(readLike(tensor, first, {0, 1, 2, 3}, "sources"));
  }
  Operand rows = Operand::ofPositions(numbers, "rows");
  checkLike(rows, sources.front(), {0, 1}, "rows");

  Place place(Device::of(tensors.front()));
  std::vector<const Operand *> operands;
  Tensors results;
  for (Operand &source : sources) {
    outs.push_back(makeRows(source, rows.sizes[2], place.device));
    results.push_back(outs.back().tensor);
    source.makeReadable(place.device);
    operands.push_back(&source);
  }
  rows.makeReadable(place.device);
  operands.push_back(&rows);
  for (const Operand &out : outs)
    operands.push_back(&out);
  if (marks.empty())
    marks.assign(sources.size(), '0');
  KernelRequest request = makeRequest(sources.front(), place.device);
  request.rows = "gather_rows";
  request.marks = marks.c_str();
  runKernel(request, operands, /*scalars=*/{}, place);
  stack[0] = stable::from(results);
}

/// sum_rows(Tensor source, Tensor rows, Tensor? unit_rms_of, Tensor? add)
///     -> Tensor
void spattn::torch_ops::sumRows(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto tensor = reader.take<Tensor>();
  auto numbers = reader.take<Tensor>();
  auto unitRmsOf = reader.take<std::optional<Tensor>>();
  auto add = reader.take<std::optional<Tensor>>();

  Operand source = Operand::ofRows(tensor, Layout::BHND, "source");
  Operand rows = Operand::ofLists(numbers, 4, "rows");
  checkLike(rows, source, {0, 1}, "rows");
  Place place(Device::of(tensor));
  Operand out = makeRows(source, rows.sizes[2], place.device);
  source.makeReadable(place.device);
  rows.makeReadable(place.device);
  std::vector<const Operand *> operands{&source, &rows};
  std::string marks;
  Operand of, added;
  for (auto [given, operand, name] :
       {std::tuple(&unitRmsOf, &of, "unit_rms_of"), {&add, &added, "add"}}) {
    marks.push_back(*given ? '1' : '0');
    if (!*given)
      continue;
    *operand = readLike(**given, out, {0, 1, 2, 3}, name);
    operand->makeReadable(place.device);
    operands.push_back(operand);
  }
  operands.push_back(&out);
  KernelRequest request = makeRequest(source, place.device);
  request.rows = "sum_rows";
  request.marks = marks.c_str();
  request.terms = rows.sizes[3];
  runKernel(request, operands, /*scalars=*/{}, place);
  stack[0] = stable::from(out.tensor);
}

/// merge_rows(Tensor outputs, Tensor lses, Tensor rows)
///     -> (Tensor output, Tensor lse)
void spattn::torch_ops::mergeRows(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto tensor = reader.take<Tensor>();
  auto numbersOfParts = reader.take<Tensor>();
  auto numbers = reader.take<Tensor>();

  Operand part = Operand::ofRows(tensor, Layout::BHND, "outputs");
  Operand lses = Operand::ofNumbers(numbersOfParts, "lses");
  checkLike(lses, part, {0, 1, 2}, "lses");
  Operand rows = Operand::ofLists(numbers, 4, "rows");
  checkLike(rows, part, {0, 1}, "rows");
  Place place(Device::of(tensor));
  Operand out = makeRows(part, rows.sizes[2], place.device);
  Operand lse = makeNumbersLike(out, place.device);
  part.makeReadable(place.device);
  lses.makeReadable(place.device);
  rows.makeReadable(place.device);
  KernelRequest request = makeRequest(part, place.device);
  std::string element(1, char('0' + part.element));
  request.parts = element.c_str();
  request.terms = rows.sizes[3];
  runKernel(request, {&part, &lses, &rows, &out, &lse}, /*scalars=*/{}, place);
  stack[0] = stable::from(out.tensor);
  stack[1] = stable::from(lse.tensor);
}

/// hash_rows(Tensor source, Tensor vectors) -> Tensor
void spattn::torch_ops::hashRows(StableIValue *stack, uint64_t, uint64_t) {
  ArgumentReader reader(stack);
  auto tensor = reader.take<Tensor>();
  auto others = reader.take<Tensor>();

  Operand source = Operand::ofRows(tensor, Layout::BHND, "source");
  Operand vectors = readLike(others, source, {3}, "vectors");
  if (vectors.sizes[0] != 1)
    fail("vectors: expected a size of 1 in dimension 0, got ",
         vectors.sizes[0]);
  Place place(Device::of(tensor));
  Operand out = makeIntegers(source, vectors.sizes[1], place.device);
  source.makeReadable(place.device);
  vectors.makeReadable(place.device);
  KernelRequest request = makeRequest(source, place.device);
  request.rows = "hash_rows";
  request.terms = vectors.sizes[1];
  runKernel(request, {&source, &vectors, &out}, /*scalars=*/{}, place);
  stack[0] = stable::from(out.tensor);
}
