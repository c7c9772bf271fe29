//===- Classes.cpp - Attention within residue classes ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Classes.h"

#include "Errors.h"
#include "spattn-c/Structure.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <string>
#include <unordered_map>

using namespace spattn::torch_ops;

//===----------------------------------------------------------------------===//
// Structures
//===----------------------------------------------------------------------===//

namespace {
/// Heads with the same classes, and what they see of a class.
struct Group {
  int64_t heads, modulus;
  /// SPATTN_UNKNOWN: all classes.
  int64_t remainder;
  std::string structure;
};

using Groups = std::vector<Group>;

/// Never destroyed, because threads may use it while the process exits.
struct KnownGroups {
  std::mutex mutex;
  SpattnContext context = nullptr;
  std::unordered_map<std::string, std::shared_ptr<const Groups>> groups;
};
} // namespace

static std::atomic<KnownGroups *> knownGroups{new KnownGroups()};

void spattn::torch_ops::forgetClasses() { knownGroups = new KnownGroups(); }

static Groups divide(SpattnContext context, const std::string &text,
                     int64_t heads) {
  SpattnStructure structure = nullptr;
  check(spattnStructureParse(context, text.data(), text.size(), &structure));
  std::unique_ptr<SpattnStructureImpl, decltype(&spattnStructureDestroy)> owner(
      structure, spattnStructureDestroy);
  size_t count = 0;
  check(spattnStructureDivide(structure, heads, nullptr, 0, &count));
  std::vector<SpattnDividedHeads> found(count);
  check(spattnStructureDivide(structure, heads, found.data(), count, &count));
  Groups groups;
  for (const SpattnDividedHeads &own : found) {
    groups.push_back({own.numHeads, own.modulus, own.remainder,
                      spattnStructureGetText(own.structure)});
    spattnStructureDestroy(own.structure);
  }
  return groups;
}

/// The groups of a structure, none if no group is divided.
static std::shared_ptr<const Groups> findGroups(const std::string &structure,
                                                int64_t heads) {
  // Most structures have no residues.
  if (structure.find("residues") == std::string::npos)
    return nullptr;
  KnownGroups &known = *knownGroups;
  std::lock_guard<std::mutex> lock(known.mutex);
  std::shared_ptr<const Groups> &groups =
      known.groups[structure + '\0' + std::to_string(heads)];
  if (groups)
    return groups;
  if (!known.context) {
    SpattnContextOptions options = {};
    options.threads = 1;
    check(spattnContextCreate(&options, &known.context));
  }
  groups = std::make_shared<Groups>(divide(known.context, structure, heads));
  return groups;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

namespace {
/// How classes go with batch entries and heads in calls of kernels.
enum class Form {
  /// Classes are batch entries, and batch entries are heads.
  BatchIsHeads,
  /// Classes are heads.
  ClassIsHeads,
  /// Classes are batch entries, and there is a call for each batch entry.
  OneEntry,
  /// There is a call for each class.
  OneClass
};

/// An operand with the dimensions of its classes: outer ones, inner ones,
/// heads, rows, and columns. A kernel takes outer ones for batch entries, and
/// inner ones and heads as one dimension of heads.
struct ClassOperand {
  Operand operand;
  int64_t sizes[4] = {}, strides[4] = {}, offset = 0;

  /// Whether inner ones and heads are one dimension.
  bool areHeadsOne() const {
    return sizes[1] == 1 || sizes[2] == 1 ||
           strides[1] == sizes[2] * strides[2];
  }
  /// Whether a kernel can take it as it is. Of numbers of rows, such as the
  /// log-sum-exp, kernels take one after the other.
  bool isReadable() const {
    return areHeadsOne() && (operand.rank == 4 || strides[3] == 1);
  }
  /// What a kernel takes.
  Operand get() const {
    Operand own = operand;
    int64_t bytes = operand.element == SpattnElementF32 ? 4 : 2;
    own.data = static_cast<char *>(operand.data) + bytes * offset;
    own.sizes[0] = sizes[0], own.strides[0] = strides[0];
    own.sizes[1] = sizes[1] * sizes[2];
    own.strides[1] = sizes[2] == 1 ? strides[1] : strides[2];
    own.sizes[2] = sizes[3], own.strides[2] = strides[3];
    return own;
  }
  Tensor view() const {
    return viewOf(operand.tensor, 4, sizes, strides, offset);
  }
};

/// The heads of a group, `first` and those that follow, of queries or of keys.
struct Heads {
  int64_t first, count;
};

/// A part of an operand: of batch entry `entry` and class `residue`, if the
/// form is that of one.
ClassOperand getPart(const Operand &x, const Heads &heads, int64_t modulus,
                     Form form, int64_t entry, int64_t residue) {
  ClassOperand part;
  part.operand = x;
  part.offset = heads.first * x.strides[1];
  auto set = [&](int dim, int64_t size, int64_t stride) {
    part.sizes[dim] = size, part.strides[dim] = stride;
  };
  set(1, 1, 0);
  set(2, heads.count, x.strides[1]);
  set(3, x.sizes[2] / modulus, x.strides[2] * modulus);
  switch (form) {
  case Form::BatchIsHeads:
    set(0, modulus, x.strides[2]);
    set(1, x.sizes[0], x.strides[0]);
    break;
  case Form::ClassIsHeads:
    set(0, x.sizes[0], x.strides[0]);
    set(1, modulus, x.strides[2]);
    break;
  case Form::OneEntry:
    set(0, modulus, x.strides[2]);
    part.offset += entry * x.strides[0];
    break;
  case Form::OneClass:
    set(0, x.sizes[0], x.strides[0]);
    part.offset += residue * x.strides[2];
    break;
  }
  return part;
}

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
    for (const auto &[heads, modulus, remainder, structure] : groups) {
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
    auto hasOneClass = [](const Group &group) {
      return group.remainder != SPATTN_UNKNOWN;
    };
    if (std::any_of(groups.begin(), groups.end(), hasOneClass))
      clearResults();
    int64_t first = 0;
    for (const Group &group : groups) {
      run(group, {first, group.heads});
      first += group.heads;
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
    return ::getPart(*operands[k], headsOf(k, heads), group.modulus, form,
                     entry, residue);
  }

  /// What a class without pairs leaves: no key is seen, no gradient flows.
  void clearResults() const {
    for (size_t k = 0; k < operands.size(); ++k)
      if (isResult(k))
        fillTensor(operands[k]->tensor,
                   operands[k]->rank == 3 ? -INFINITY : 0.0);
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

  void run(const Group &group, const Heads &heads) const {
    Form form = chooseForm(group, heads);
    bool isOne = group.remainder != SPATTN_UNKNOWN;
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
  // What is said of heads, distances or sequences would have to be divided,
  // too. Kernels refuse numbers of heads that do not go together.
  bool isPlain = !request.sinks && !request.slopes && !request.sequences &&
                 request.distances == 0 && request.keyHeads > 0 &&
                 request.heads % request.keyHeads == 0 &&
                 operands[0]->sizes[0] > 0;
  if (isPlain)
    if (auto groups = findGroups(request.structure, request.heads)) {
      Attention attention(request, operands, numResults, scalars, place);
      if (attention.isDivisible(*groups))
        return attention.run(*groups);
    }
  runKernel(request, operands, scalars, place);
}
