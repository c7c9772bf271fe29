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
  /// What they see besides, if anything.
  std::string others = {};
};

using Groups = std::vector<Group>;

/// Never destroyed, because threads may use it while the process exits.
struct KnownGroups {
  /// More than a model uses at a time.
  static constexpr size_t kMost = 4096;

  std::mutex mutex;
  SpattnContext context = nullptr;
  std::unordered_map<std::string, std::shared_ptr<const Groups>> groups;
};

struct StructureDeleter {
  void operator()(SpattnStructure structure) const {
    spattnStructureDestroy(structure);
  }
};
using OwnedStructure =
    std::unique_ptr<std::remove_pointer_t<SpattnStructure>, StructureDeleter>;

SpattnAlignment alignmentOf(const KernelRequest &request) {
  return request.alignment == std::string("start") ? SpattnAlignmentStart
                                                   : SpattnAlignmentEnd;
}

/// Tiles that a head visits at the lengths of a request, divided.
int64_t countTiles(SpattnStructure structure, int64_t heads, int64_t head,
                   const KernelRequest &request, int64_t divisor) {
  SpattnPattern pattern = nullptr;
  check(spattnPatternCreate(structure, heads, request.queryLength / divisor,
                            request.keyLength / divisor, alignmentOf(request),
                            &pattern));
  SpattnTileCounts counts = {};
  SpattnStatus status =
      spattnPatternCountTiles(pattern, head, {128, 128}, &counts);
  spattnPatternDestroy(pattern);
  check(status);
  return counts.visited;
}

/// Whether two attentions and a merge visit fewer tiles than one with masks. A
/// merge takes as long as a few tiles of each row of tiles.
bool isWorthMerging(const SpattnDividedHeads &group, SpattnStructure whole,
                    int64_t firstHead, const KernelRequest &request) {
  constexpr int64_t kTilesOfMerge = 4;
  int64_t classes = group.remainder == SPATTN_UNKNOWN ? group.modulus : 1;
  int64_t ofClass =
      countTiles(group.structure, group.numHeads, 0, request, group.modulus);
  int64_t ofOthers = countTiles(group.others, group.numHeads, 0, request, 1);
  int64_t ofMerge = kTilesOfMerge * (request.queryLength / 128 + 1);
  return classes * ofClass + ofOthers + ofMerge <
         countTiles(whole, request.heads, firstHead, request, 1);
}
} // namespace

static std::atomic<KnownGroups *> knownGroups{new KnownGroups()};

void spattn::torch_ops::forgetClasses() { knownGroups = new KnownGroups(); }

/// The groups of heads, or none if masks take less.
static Groups divide(SpattnContext context, const KernelRequest &request) {
  std::string text = request.structure;
  SpattnStructure structure = nullptr;
  check(spattnStructureParse(context, text.data(), text.size(), &structure));
  OwnedStructure owner(structure);
  SpattnAlignment ends = alignmentOf(request);
  size_t count = 0;
  check(spattnStructureDivide(structure, request.heads, ends, nullptr, 0,
                              &count));
  std::vector<SpattnDividedHeads> found(count);
  check(spattnStructureDivide(structure, request.heads, ends, found.data(),
                              count, &count));
  std::vector<OwnedStructure> owned;
  for (const SpattnDividedHeads &group : found)
    for (SpattnStructure own : {group.structure, group.others})
      owned.emplace_back(own);
  Groups groups;
  int64_t firstHead = 0;
  for (const SpattnDividedHeads &group : found) {
    if (group.others && !isWorthMerging(group, structure, firstHead, request))
      return {};
    groups.push_back({group.numHeads, group.modulus, group.remainder,
                      spattnStructureGetText(group.structure),
                      spattnStructureGetText(group.others)});
    firstHead += group.numHeads;
  }
  return groups;
}

/// The groups of a request's heads; none if it has no residues.
static std::shared_ptr<const Groups> findGroups(const KernelRequest &request) {
  std::string key = request.structure;
  if (key.find("residues") == std::string::npos)
    return nullptr;
  for (int64_t number : {request.heads, request.queryLength, request.keyLength})
    (key += ' ') += std::to_string(number);
  key += request.alignment;
  KnownGroups &known = *knownGroups;
  std::lock_guard<std::mutex> lock(known.mutex);
  if (auto it = known.groups.find(key); it != known.groups.end())
    return it->second;
  if (!known.context) {
    SpattnContextOptions options = {};
    options.threads = 1;
    check(spattnContextCreate(&options, &known.context));
  }
  auto groups = std::make_shared<Groups>(divide(known.context, request));
  if (known.groups.size() >= KnownGroups::kMost)
    known.groups.clear();
  return known.groups.emplace(std::move(key), groups).first->second;
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
    return ::getPart(*operands[k], headsOf(k, heads), group.modulus, form,
                     entry, residue);
  }

  /// What a class without pairs leaves: no key is seen, no gradient flows.
  static void clear(const Operand &result) {
    fillTensor(result.tensor, result.rank == 3 ? -INFINITY : 0.0);
  }

  /// The part of an operand that is of some heads.
  Operand getSlice(size_t k, const Heads &heads) const {
    ClassOperand part =
        ::getPart(*operands[k], headsOf(k, heads), 1, Form::OneClass, 0, 0);
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
