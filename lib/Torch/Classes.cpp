//===- Classes.cpp - Attention within residue classes ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Classes.h"

#include "ClassGroups.h"
#include "ClassOperand.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace spattn::torch_ops;

namespace {
/// One call of a kernel. Numbers of rows that it cannot take are copied.
class Call {
public:
  Call(const KernelRequest &request, const Place &place)
      : request(request), place(place) {}

  void add(const ClassOperand &part, bool isResult) {
    operands.push_back(part.get());
    if (part.isReadable())
      return;
    ClassOperand dense = part;
    dense.offset = 0;
    dense.operand = makeNumbersLike(operands.back(), place.device);
    int64_t stride = 1;
    for (int dim = 3; dim >= 0; --dim) {
      dense.strides[dim] = stride;
      stride *= dense.sizes[dim];
    }
    operands.back() = dense.operand;
    if (isResult)
      copies.push_back({part.view(), dense.view()});
    else
      copyTensor(dense.view(), part.view());
  }

  void run(const std::string &structure, Scalars scalars) {
    request.structure = structure.c_str();
    request.heads = operands[0].sizes[1];
    request.keyHeads = operands[1].sizes[1];
    request.queryLength = operands[0].sizes[2];
    request.keyLength = operands[1].sizes[2];
    std::vector<const Operand *> pointers;
    for (const Operand &operand : operands)
      pointers.push_back(&operand);
    runKernel(request, pointers, scalars, place);
    for (const auto &[to, from] : copies)
      copyTensor(to, from);
  }

private:
  KernelRequest request;
  const Place &place;
  std::vector<Operand> operands;
  std::vector<std::pair<Tensor, Tensor>> copies;
};

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// An attention without anything but its rows and the log-sum-exp, its gradient
/// included.
class Attention {
public:
  Attention(const KernelRequest &request, Operands operands, size_t numResults,
            Scalars scalars, const Place &place)
      : request(request), operands(operands), numResults(numResults),
        scalars(scalars), place(place),
        groupSize(request.heads / request.keyHeads) {}

  /// Whether classes have the same rows of all operands, in numbers that are
  /// worth it, and whole groups of query heads.
  bool isDivisible(const Groups &groups) const {
    bool isDivided = false;
    for (const auto &[heads, modulus, remainder, structure, others] : groups) {
      if (heads % groupSize != 0 || request.queryLength % modulus != 0 ||
          request.keyLength % modulus != 0)
        return false;
      int64_t rows = std::min(request.queryLength, request.keyLength) / modulus;
      if (modulus > 1 && rows < kLeastRows)
        return false;
      isDivided |= modulus > 1;
    }
    return isDivided;
  }

  void run(const Groups &groups) const {
    int64_t first = 0;
    for (const Group &group : groups) {
      Heads heads = {first, group.heads};
      first += group.heads;
      if (group.others.empty())
        runClasses(group, heads);
      else
        runWithOthers(group, heads);
    }
  }

private:
  /// A class of fewer rows does not fill a tile.
  static constexpr int64_t kLeastRows = 64;

  bool isResult(size_t k) const { return k + numResults >= operands.size(); }

  Heads headsOf(size_t k, const Heads &heads) const {
    bool isGradientOfKeys = request.gradients && k + 2 >= operands.size();
    if (k != 1 && k != 2 && !isGradientOfKeys)
      return heads;
    return {heads.first / groupSize, heads.count / groupSize};
  }

  ClassOperand getPart(size_t k, const Group &group, const Heads &heads,
                       Form form, int64_t entry, int64_t residue) const {
    return spattn::torch_ops::getPart(*operands[k], headsOf(k, heads),
                                      group.modulus, form, entry, residue);
  }

  /// What a class without pairs leaves: no key is seen, no gradient flows.
  static void clear(const Operand &result) {
    fillTensor(result.tensor, result.rank == 3 ? -INFINITY : 0.0);
  }

  /// The part of an operand that is of some heads.
  Operand getSlice(size_t k, const Heads &heads) const {
    ClassOperand part = spattn::torch_ops::getPart(
        *operands[k], headsOf(k, heads), 1, Form::OneClass, 0, 0);
    Operand slice = part.get();
    slice.tensor = viewOf(operands[k]->tensor, slice.rank, slice.sizes,
                          slice.strides, part.offset);
    slice.layout = Layout::BHND;
    return slice;
  }

  /// Runs the same for one group's heads, with results of their own.
  void runPart(const Group &group, const std::vector<Operand> &slices) const {
    std::vector<const Operand *> pointers;
    for (const Operand &slice : slices)
      pointers.push_back(&slice);
    Attention(request, pointers, numResults, scalars, place)
        .runClasses(group, {0, group.heads});
  }

  /// Two attentions whose results are merged. Their gradients are those of one,
  /// since probabilities are by the log-sum-exp of all pairs: they add up.
  void runWithOthers(const Group &group, const Heads &heads) const {
    Group others = {group.heads, 1, SPATTN_UNKNOWN, group.others};
    std::vector<Operand> slices, ofClasses, ofOthers;
    for (size_t k = 0; k < operands.size(); ++k) {
      slices.push_back(getSlice(k, heads));
      ofClasses.push_back(slices[k]);
      ofOthers.push_back(slices[k]);
      if (!isResult(k))
        continue;
      auto make = [&] {
        return slices[k].rank == 3
                   ? makeNumbersLike(slices[k], place.device)
                   : makeRowsLike(slices[k], slices[k].sizes[3], place.device);
      };
      ofClasses[k] = make();
      if (!request.gradients)
        ofOthers[k] = make();
    }
    runPart(group, ofClasses);
    runPart(others, ofOthers);
    size_t first = operands.size() - numResults;
    if (request.gradients) {
      for (size_t k = first; k < operands.size(); ++k)
        addTensor(slices[k].tensor, ofClasses[k].tensor);
      return;
    }
    const Operand &out = slices[first];
    std::string elements(2, char('0' + out.element));
    KernelRequest merge;
    merge.parts = elements.c_str();
    merge.heads = out.sizes[1];
    merge.valueDim = out.sizes[3];
    merge.element = out.element;
    merge.device = request.device;
    runKernel(merge,
              {&ofClasses[first], &ofOthers[first], &ofClasses[first + 1],
               &ofOthers[first + 1], &out, &slices[first + 1]},
              /*scalars=*/{}, place);
  }

  /// The form of fewest calls: one, if all rows have such a dimension.
  Form chooseForm(const Group &group, const Heads &heads) const {
    if (group.modulus == 1 || group.remainder != SPATTN_UNKNOWN)
      return Form::OneClass;
    for (Form form : {Form::BatchIsHeads, Form::ClassIsHeads}) {
      bool isPossible = true;
      for (size_t k = 0; k < operands.size(); ++k)
        isPossible &= operands[k]->rank == 3 ||
                      getPart(k, group, heads, form, 0, 0).areHeadsOne();
      if (isPossible)
        return form;
    }
    return operands[0]->sizes[0] <= group.modulus ? Form::OneEntry
                                                  : Form::OneClass;
  }

  void runClasses(const Group &group, const Heads &heads) const {
    Form form = chooseForm(group, heads);
    bool isOne = group.remainder != SPATTN_UNKNOWN;
    for (size_t k = 0; isOne && k < operands.size(); ++k)
      if (isResult(k))
        clear(getSlice(k, heads));
    int64_t entries = form == Form::OneEntry ? operands[0]->sizes[0] : 1;
    int64_t classes = form == Form::OneClass && !isOne ? group.modulus : 1;
    for (int64_t entry = 0; entry < entries; ++entry)
      for (int64_t residue = 0; residue < classes; ++residue) {
        Call call(request, place);
        for (size_t k = 0; k < operands.size(); ++k)
          call.add(getPart(k, group, heads, form, entry,
                           isOne ? group.remainder : residue),
                   isResult(k));
        call.run(group.structure, scalars);
      }
  }

  const KernelRequest &request;
  Operands operands;
  size_t numResults;
  Scalars scalars;
  const Place &place;
  int64_t groupSize;
};
} // namespace

void spattn::torch_ops::runAttention(const KernelRequest &request,
                                     Operands operands, size_t numResults,
                                     Scalars scalars, const Place &place) {
  // What is said of heads, distances, sequences, positions or tiles would have
  // to be divided, too, and what a region makes of the numbers of pairs.
  // Kernels refuse numbers of heads that do not go together.
  bool isPlain =
      !request.sinks && !request.slopes && !request.sequences &&
      request.distances == 0 && !request.positions && !*request.tileLists &&
      !*request.score && request.keyHeads > 0 &&
      request.heads % request.keyHeads == 0 && operands[0]->sizes[0] > 0;
  if (isPlain)
    if (auto groups = findGroups(request)) {
      Attention attention(request, operands, numResults, scalars, place);
      if (attention.isDivisible(*groups))
        return attention.run(*groups);
    }
  runKernel(request, operands, scalars, place);
}
