//===- KernelRun.cpp - Whole kernels and what they compute ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelRun.h"

#include "../Structure/Definition.h"
#include "mlir/IR/Verifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

using spattn_gpu::ArgumentKind;

/// Where the counters are.
static constexpr int64_t kCounters = 4096;
/// Where that of the kernel of dV alone is.
static constexpr int64_t kValuesCounter = 4092;
/// Where the counter of items and the semaphores of heads are.
static constexpr int64_t kHeadsDone = 2048;
/// Where tensor maps are.
static constexpr int64_t kMaps = 8192;

/// Where the page table is among counters, which are integers.
static constexpr int64_t kPages = 1 << 18;

/// How many elements of a dimension a box has.
static int64_t boxOf(spattn_gpu::TensorMapAttr map, StringRef dimension) {
  for (auto [name, size] : llvm::zip_equal(map.getDimensions(), map.getBox()))
    if (name == dimension)
      return cast<IntegerAttr>(size).getInt();
  return 1;
}

KernelRun::KernelRun(const AttentionSpec &spec, const CallSpec &call,
                     unsigned seed, ArrayRef<float> sinks)
    : module(parseAttention(context, spec)), spec(spec), call(call),
      op(findAttention(*module)) {
  int64_t batches = call.batches, queries = call.queries, keys = call.keys;
  for (auto [name, heads, length, width, bytes] :
       {std::tuple("q", spec.heads, queries, spec.headDim, 2),
        {"k", spec.keyHeads, keys, spec.headDim, 2},
        {"v", spec.keyHeads, keys, spec.valueDim, 2},
        {"o", spec.heads, queries, spec.valueDim, spec.wideOutput ? 4 : 2},
        {"lse", spec.heads, queries, int64_t(1), 4},
        {"do", spec.heads, queries, spec.valueDim, 2},
        {"dlse", spec.heads, queries, int64_t(1), 4},
        {"qpos", spec.heads, queries, int64_t(1), 4},
        {"kpos", spec.keyHeads, keys, int64_t(1), 4},
        {"dq", spec.heads, queries, spec.headDim, 2},
        {"dk", spec.keyHeads, keys, spec.headDim, 2},
        {"dv", spec.keyHeads, keys, spec.valueDim, 2}})
    allocate(name, {batches, heads, length, width}, bytes);
  for (const char *name : {"sink", "dsink", "slopes", "dslopes"})
    allocate(name, {1, spec.heads, 1, 1}, 4);
  for (const char *name : {"bias", "dbias"})
    allocate(name, {1, spec.heads, 1, std::max<int64_t>(spec.distances, 1)}, 4);

  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  auto fill = [&](const char *name) {
    const Array &array = arrays[name];
    for (int64_t b = 0; b < array.sizes[0]; ++b)
      for (int64_t h = 0; h < array.sizes[1]; ++h)
        for (int64_t n = 0; n < array.sizes[2]; ++n)
          for (int64_t d = 0; d < array.sizes[3]; ++d)
            at(name, b, h, n, d) = roundToBF16(normal(random));
  };
  for (const char *name :
       {"q", "k", "v", "do", "dlse", "sink", "slopes", "bias"})
    fill(name);
  // Bits of small numbers, of which a key has each at most about twice.
  for (const char *name : {"qpos", "kpos"}) {
    const Array &array = arrays[name];
    std::uniform_int_distribution<int32_t> place(-2, keys / 2);
    for (int64_t b = 0; b < array.sizes[0]; ++b)
      for (int64_t h = 0; h < array.sizes[1]; ++h)
        for (int64_t n = 0; n < array.sizes[2]; ++n)
          at(name, b, h, n) = llvm::bit_cast<float>(place(random));
  }
  // More would leave a row with a key or two.
  for (int64_t h = 0; h < spec.heads; ++h)
    at("slopes", 0, h, 0) *= 4.0f / std::max(queries, keys);
  for (auto [h, sink] : llvm::enumerate(sinks))
    at("sink", 0, h, 0) = sink;
  describeSequences();
  computeReference();
  if (spec.pageSize)
    fillPages(seed);
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

int64_t KernelRun::take(GlobalArray array) {
  int64_t address = next;
  next += (array.data.size() * array.elementBytes / 4096 + 2) * 4096;
  memory[address] = std::move(array);
  return address;
}

void KernelRun::allocate(const std::string &name, std::array<int64_t, 4> sizes,
                         int64_t elementBytes) {
  int64_t row = sizes[3] == 1 ? 3 : sizes[3] + 8;
  int64_t head = row * sizes[2] + 16, batch = head * sizes[1] + 32;
  GlobalArray array{elementBytes, std::vector<float>(batch * sizes[0], NAN)};
  arrays[name] = {take(std::move(array)), sizes, {batch, head, row, 1}};
}

float &KernelRun::at(const std::string &name, int64_t b, int64_t h, int64_t n,
                     int64_t d) {
  const Array &array = arrays.at(name);
  return memory[array.address]
      .data[b * array.strides[0] + h * array.strides[1] + n * array.strides[2] +
            d];
}

std::vector<float> &KernelRun::scratch(const std::string &name) {
  return memory[scratchAt.at(name)].data;
}

int64_t &KernelRun::headsDone(int64_t word) {
  return counters[kHeadsDone + 4 * word];
}

int64_t &KernelRun::counter(int64_t word) {
  return counters[kCounters + 4 * word];
}

void KernelRun::expectGapsKept() {
  for (const auto &[name, array] : arrays) {
    std::vector<float> left = memory[array.address].data;
    for (int64_t b = 0; b < array.sizes[0]; ++b)
      for (int64_t h = 0; h < array.sizes[1]; ++h)
        for (int64_t n = 0; n < array.sizes[2]; ++n)
          std::fill_n(left.begin() + b * array.strides[0] +
                          h * array.strides[1] + n * array.strides[2],
                      array.sizes[3], NAN);
    for (float x : left)
      ASSERT_TRUE(std::isnan(x)) << "beside rows of " << name;
  }
}

bool KernelRun::isEmpty(const std::string &name, int64_t row) const {
  if (name == "dq")
    return !reference.seesKey[row];
  // A key's probabilities are positive, and so its dv is zero if none sees it.
  if (name == "dk")
    return llvm::all_of(
        ArrayRef(reference.dv).slice(row * spec.valueDim, spec.valueDim),
        [](double x) { return x == 0; });
  return true;
}

void KernelRun::expectRows(const std::string &name, ArrayRef<double> expected,
                           double tolerance) {
  const Array &array = arrays.at(name);
  int64_t width = array.sizes[3];
  ASSERT_EQ(int64_t(expected.size()),
            array.sizes[0] * array.sizes[1] * array.sizes[2] * width);
  double squares = 0;
  for (double x : expected)
    squares += std::isfinite(x) ? x * x : 0;
  double usual =
      std::sqrt(squares * width / std::max<size_t>(expected.size(), 1));
  const double *row = expected.data();
  for (int64_t b = 0; b < array.sizes[0]; ++b)
    for (int64_t h = 0; h < array.sizes[1]; ++h)
      for (int64_t n = 0; n < array.sizes[2]; ++n, row += width) {
        double norm = 0, error = 0;
        bool same = true;
        for (int64_t d = 0; d < width; ++d) {
          double x = at(name, b, h, n, d), y = row[d];
          same &= x == y;
          error += (x - y) * (x - y);
          norm += y * y;
        }
        bool isExact = norm == 0
                           ? isEmpty(name, (row - expected.data()) / width)
                           : !std::isfinite(norm);
        if (isExact)
          ASSERT_TRUE(same)
              << name << " at batch entry " << b << " head " << h << " row "
              << n << ": " << at(name, b, h, n) << ", expected " << row[0];
        else
          ASSERT_LE(std::sqrt(error),
                    tolerance * std::max(std::sqrt(norm), usual / 4))
              << name << " at batch entry " << b << " head " << h << " row "
              << n;
      }
}

//===----------------------------------------------------------------------===//
// What is expected
//===----------------------------------------------------------------------===//

/// Where the arrays of sequences are among counters, which are integers.
static constexpr int64_t kSequences = 1 << 16, kSequencesApart = 1 << 12;
static constexpr StringLiteral kSequenceArrays[] = {"qstart", "qend", "kstart",
                                                    "kend"};

void KernelRun::describeSequences() {
  if (!spec.sequences)
    return;
  for (auto [b, sequences] : llvm::enumerate(call.sequences))
    for (auto [s, sequence] : llvm::enumerate(sequences)) {
      int64_t at = kSequences + 4 * (b * sequences.size() + s);
      for (int64_t value :
           {sequence.firstQuery, sequence.firstQuery + sequence.queries,
            sequence.firstKey, sequence.firstKey + sequence.keys}) {
        counters[at] = value;
        at += kSequencesApart;
      }
    }
  // What padding holds reaches nothing.
  auto poison = [&](const char *name, bool ofQueries) {
    const Array &array = arrays[name];
    for (int64_t b = 0; b < array.sizes[0]; ++b)
      for (int64_t n = 0; n < array.sizes[2]; ++n)
        if (!(ofQueries ? findSequence(b, n) : findSequenceOfKey(b, n)))
          for (int64_t h = 0; h < array.sizes[1]; ++h)
            for (int64_t d = 0; d < array.sizes[3]; ++d)
              at(name, b, h, n, d) = NAN;
  };
  for (const char *name : {"q", "do", "dlse", "o"})
    poison(name, true);
  for (const char *name : {"k", "v"})
    poison(name, false);
}

void KernelRun::fillPages(unsigned seed) {
  int64_t pages = call.batches * countPages(), poison = pages;
  std::vector<int64_t> order(pages);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  for (auto [name, pool] : {std::pair("k", "k pool"), {"v", "v pool"}}) {
    int64_t heads = spec.keyHeads, width = arrays[name].sizes[3];
    allocate(pool, {pages + 1, heads, spec.pageSize, width}, 2);
    for (int64_t b = 0; b < call.batches; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t j = 0; j < call.keys; ++j)
          for (int64_t d = 0; d < width; ++d)
            at(pool, order[b * countPages() + j / spec.pageSize], h,
               j % spec.pageSize, d) = at(name, b, h, j, d);
  }
  for (int64_t b = 0; b < call.batches; ++b) {
    int64_t keys = spec.sequences ? call.sequences[b][0].keys : call.keys;
    for (int64_t n = 0; n < countPages(); ++n)
      counters[kPages + 4 * (b * countPages() + n)] =
          n * spec.pageSize < keys ? order[b * countPages() + n] : poison;
  }
}

std::optional<SequenceSpec> KernelRun::findSequence(int64_t b,
                                                    int64_t i) const {
  if (!spec.sequences)
    return SequenceSpec{0, call.queries, 0, call.keys};
  for (const SequenceSpec &sequence : call.sequences[b])
    if (sequence.firstQuery <= i && i < sequence.firstQuery + sequence.queries)
      return sequence;
  return std::nullopt;
}

std::optional<SequenceSpec> KernelRun::findSequenceOfKey(int64_t b,
                                                         int64_t j) const {
  for (const SequenceSpec &sequence : call.sequences[b])
    if (sequence.firstKey <= j && j < sequence.firstKey + sequence.keys)
      return sequence;
  return std::nullopt;
}

void KernelRun::computeReference() {
  int64_t heads = spec.heads, group = spec.heads / spec.keyHeads;
  int64_t headDim = spec.headDim, valueDim = spec.valueDim;
  HeadStructures structures = op.getHeadStructures();
  Reference &r = reference;
  int64_t rows = call.batches * heads * call.queries;
  int64_t keyRows = call.batches * spec.keyHeads * call.keys;
  r.out.assign(rows * valueDim, 0);
  r.lse.assign(rows, -INFINITY);
  r.delta.assign(rows, 0);
  r.dq.assign(rows * headDim, 0);
  r.dk.assign(keyRows * headDim, 0);
  r.dv.assign(keyRows * valueDim, 0);
  r.dsink.assign(heads, 0);
  r.dslopes.assign(heads, 0);
  r.dbias.assign(heads * spec.distances, 0);
  r.seesKey.assign(rows, 0);
  std::vector<double> scores(call.keys), derivatives(call.keys, 1),
      biasDerivatives(call.keys, 1);
  std::vector<int64_t> distances(call.keys);
  for (int64_t b = 0; b < call.batches; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < call.queries; ++i) {
        int64_t row = (b * heads + h) * call.queries + i, g = h / group;
        std::optional<SequenceSpec> found = findSequence(b, i);
        if (!found) {
          if (spec.backward)
            at("lse", b, h, i) = -INFINITY;
          continue;
        }
        SequenceSpec sequence = *found;
        Instance instance = {&structures, h, sequence.queries, sequence.keys,
                             spec.alignment};
        if (spec.boundsOfPack)
          instance.pack = call.keys;
        auto dot = [&](const char *x, const char *y, int64_t j, int64_t width) {
          double sum = 0;
          for (int64_t d = 0; d < width; ++d)
            sum += double(at(x, b, h, i, d)) * at(y, b, g, j, d);
          return sum;
        };
        double sink = spec.sinks ? at("sink", 0, h, 0) : -INFINITY;
        double sum = 0, max = -INFINITY;
        for (int64_t j = 0; j < call.keys; ++j) {
          scores[j] = -INFINITY;
          if (holds(instance, i - sequence.firstQuery, j - sequence.firstKey)) {
            scores[j] = call.scale * dot("q", "k", j, headDim);
            if (spec.softCap) {
              double inner = std::tanh(scores[j] / call.softCap);
              scores[j] = call.softCap * inner;
              derivatives[j] = 1 - inner * inner;
            }
            int64_t distance =
                (i - sequence.firstQuery) - (j - sequence.firstKey);
            if (spec.alignment == Alignment::End)
              distance += sequence.keys - sequence.queries;
            if (spec.slopes)
              scores[j] -= at("slopes", 0, h, 0) * std::abs(distance);
            if (spec.distances)
              scores[j] += at("bias", 0, h, 0,
                              std::clamp<int64_t>(distance + spec.distances / 2,
                                                  0, spec.distances - 1));
            distances[j] = distance;
            biasDerivatives[j] = 1;
            if (spec.region) {
              RegionScore made =
                  evaluateRegion(scores[j], i - sequence.firstQuery,
                                 j - sequence.firstKey, h, b);
              scores[j] = made.score;
              biasDerivatives[j] = made.derivative;
            }
            auto place = [&](const char *name, int64_t head, int64_t n) {
              return llvm::bit_cast<int32_t>(at(name, b, head, n));
            };
            int32_t query = place("qpos", h, i), key = place("kpos", g, j);
            if (spec.selfScore && query == key) {
              scores[j] = *spec.selfScore;
              derivatives[j] = biasDerivatives[j] = 0;
            } else if (!spec.softCap) {
              derivatives[j] = 1;
            }
            if (spec.causalPositions && query < key)
              scores[j] = -INFINITY;
          }
          max = std::max(max, scores[j]);
        }
        double *out = &r.out[row * valueDim];
        r.seesKey[row] = max != -INFINITY;
        double larger = std::max(max, sink);
        if (larger != -INFINITY) {
          for (double score : scores)
            sum += std::exp(score - larger);
          r.lse[row] = larger + std::log(sum + std::exp(sink - larger));
          for (int64_t j = 0; j < call.keys; ++j)
            for (int64_t d = 0; d < valueDim && scores[j] != -INFINITY; ++d)
              out[d] += std::exp(scores[j] - r.lse[row]) * at("v", b, g, j, d);
        }
        if (!spec.backward)
          continue;
        // The gradients are given what an attention gives.
        at("lse", b, h, i) = r.lse[row];
        for (int64_t d = 0; d < valueDim; ++d)
          at("o", b, h, i, d) = roundToBF16(out[d]);
        if (larger == -INFINITY) {
          at("dlse", b, h, i) = NAN;
          continue;
        }
        double delta = spec.dlse ? -at("dlse", b, h, i) : 0;
        for (int64_t d = 0; d < valueDim; ++d)
          delta += double(at("o", b, h, i, d)) * at("do", b, h, i, d);
        r.delta[row] = delta;
        r.dsink[h] -= std::exp(sink - r.lse[row]) * delta;
        for (int64_t j = 0; j < call.keys; ++j) {
          double p = std::exp(scores[j] - r.lse[row]);
          if (p == 0)
            continue;
          double ds = p * (dot("do", "v", j, valueDim) - delta);
          ds *= biasDerivatives[j];
          r.dslopes[h] -= ds * std::abs(distances[j]);
          if (spec.distances)
            r.dbias[h * spec.distances +
                    std::clamp<int64_t>(distances[j] + spec.distances / 2, 0,
                                        spec.distances - 1)] += ds;
          ds *= derivatives[j];
          int64_t keyRow = (b * spec.keyHeads + g) * call.keys + j;
          for (int64_t d = 0; d < headDim; ++d) {
            r.dq[row * headDim + d] += call.scale * ds * at("k", b, g, j, d);
            r.dk[keyRow * headDim + d] += call.scale * ds * at("q", b, h, i, d);
          }
          for (int64_t d = 0; d < valueDim; ++d)
            r.dv[keyRow * valueDim + d] += p * at("do", b, h, i, d);
        }
      }
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

void KernelRun::build(
    StringRef target,
    function_ref<void(OpBuilder &, KernelProgram &)> buildKernels) {
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  KernelProgram program(op, *TargetCapabilities::of(target), /*queryTile=*/64,
                        /*keyTile=*/64, /*scarceRegisters=*/0);
  buildKernels(builder, program);
  program.describeLaunches();
  ASSERT_TRUE(succeeded(verify(*module)));
  module->walk([&](LLVM::LLVMFuncOp kernel) {
    auto launch = spattn_gpu::LaunchAttr::of(kernel);
    for (spattn_gpu::ScratchAttr scratch : launch.getScratch()) {
      std::string name = scratch.getName().str();
      if (scratchAt.count(name))
        continue;
      if (name == "values_counter" && scratch.getZeroed()) {
        scratchAt[name] = kValuesCounter;
        counters[kValuesCounter] = 0;
        continue;
      }
      if (name == "counter" || name == "heads_done") {
        scratchAt[name] = name == "counter" ? kCounters : kHeadsDone;
        for (int64_t word = 0; word < evaluate(scratch.getBytes()) / 4; ++word)
          counters[scratchAt[name] + 4 * word] =
              scratch.getZeroed() ? 0 : 12345;
        continue;
      }
      GlobalArray array{4, std::vector<float>(evaluate(scratch.getBytes()) / 4,
                                              scratch.getZeroed() ? 0 : NAN)};
      scratchAt[name] = take(std::move(array));
    }
  });
}

int64_t KernelRun::evaluate(spattn_gpu::FormulaAttr formula) const {
  std::map<StringRef, int64_t> extents = {
      {"batch", call.batches},
      {"queryLength", call.queries},
      {"keyLength", call.keys},
      {"tablePages", spec.pageSize ? countPages() : 0},
      {"sequences", countSequences()}};
  int64_t sum = 0;
  size_t factor = 0;
  for (auto [coefficient, count] :
       llvm::zip_equal(formula.getCoefficients(), formula.getCounts())) {
    int64_t product = coefficient;
    for (int64_t i = 0; i < count; ++i, ++factor) {
      int64_t divisor = formula.getDivisors()[factor];
      int64_t extent = extents.at(formula.getNames()[factor].getValue());
      product *= (extent + divisor - 1) / divisor;
    }
    sum += product;
  }
  return sum;
}

Datum KernelRun::bind(spattn_gpu::LaunchAttr launch,
                      spattn_gpu::ArgumentAttr argument,
                      Machine &machine) const {
  std::string name = argument.getName().str();
  switch (argument.getKind()) {
  case ArgumentKind::Buffer:
    if (name == "pages")
      return Datum::integer(kPages, 64);
    if (const auto *found = llvm::find(kSequenceArrays, name);
        found != std::end(kSequenceArrays))
      return Datum::integer(
          kSequences + (found - kSequenceArrays) * kSequencesApart, 64);
    return Datum::integer(arrays.at(name).address, 64);
  case ArgumentKind::Scratch:
    return Datum::integer(scratchAt.at(name), 64);
  case ArgumentKind::TensorMap: {
    spattn_gpu::TensorMapAttr map = launch.getMaps()[argument.getNumber()];
    std::string buffer = map.getBuffer().str();
    if (spec.pageSize && (buffer == "k" || buffer == "v"))
      buffer += " pool";
    const Array &array = arrays.at(buffer);
    int64_t address = kMaps + argument.getNumber();
    machine.maps[address] = {
        array.address,    array.sizes[3],   array.sizes[2],
        array.strides[0], array.strides[1], array.strides[2],
        boxOf(map, "h"),  boxOf(map, "n"),  array.sizes[0]};
    return Datum::integer(address, 64);
  }
  case ArgumentKind::I32:
    return Datum::integer(name == "batch"         ? call.batches
                          : name == "queryLength" ? call.queries
                          : name == "sequences"   ? countSequences()
                          : name == "tablePages"  ? countPages()
                          : name == "poolPages"   ? arrays.at("k pool").sizes[0]
                                                  : call.keys);
  case ArgumentKind::F32:
    return Datum::real32(name == "scale" ? call.scale : call.softCap);
  case ArgumentKind::I64: {
    auto [buffer, dimension] = StringRef(name).drop_front(7).split(':');
    if (buffer == "pages")
      return Datum::integer(dimension == "b" ? countPages() : 1, 64);
    if (llvm::is_contained(kSequenceArrays, buffer))
      return Datum::integer(dimension == "b" ? countSequences() : 1, 64);
    return Datum::integer(
        arrays.at(buffer.str()).strides[StringRef("bhn").find(dimension)], 64);
  }
  }
  llvm_unreachable("an argument is one of the above");
}

std::string KernelRun::run(StringRef name, bool late, int64_t lanes) {
  auto kernel = module->lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!kernel)
    return "there is no such kernel";
  auto launch = spattn_gpu::LaunchAttr::of(kernel);
  int64_t ctas =
      launch.isPersistent() ? call.ctas : evaluate(launch.getGrid().front());
  Machine machine(kernel, {}, launch.getThreads(), ctas);
  std::vector<Datum> arguments;
  for (spattn_gpu::ArgumentAttr argument : launch.getArguments())
    arguments.push_back(bind(launch, argument, machine));
  machine.setArguments(std::move(arguments));
  machine.late = late;
  machine.lanes = lanes;
  machine.arrays.swap(memory);
  machine.counters.swap(counters);
  std::string error = machine.run();
  machine.arrays.swap(memory);
  machine.counters.swap(counters);
  return error;
}
