//===- GradientRun.h - The kernels of gradients, one at a time --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_GRADIENTRUN_H
#define SPATTN_TEST_UNIT_CONVERSION_GRADIENTRUN_H

#include "Backward/DqAccumulator.h"
#include "KernelRun.h"

#include <cmath>

namespace spattn::test {

/// What kernels are built for.
struct GradientVariant {
  const char *target = "sm_90a";
  int64_t mmaWarpgroups = 1, queryTile = 64, queryStages = 2, stages = 1;
  bool deterministic = false, claimsSums = false;
  int64_t headDim = 64, valueDim = 64;
  KeyGradients keyGradients = KeyGradients::Together;
  int64_t doStages = 0;
  bool turnsMaySkip = false, inPairs = false;
  /// Where there are bulk reductions, and room.
  bool roundsDq = true;
};

inline std::ostream &operator<<(std::ostream &stream,
                                const GradientVariant &v) {
  return stream << v.target << " warpgroups " << v.mmaWarpgroups << " queries "
                << v.queryTile << " stages " << v.queryStages << ", "
                << v.stages << (v.deterministic ? " deterministic" : "")
                << (v.claimsSums ? " claims" : "") << " dimensions "
                << v.headDim << ", " << v.valueDim << " by "
                << int(v.keyGradients) << (v.turnsMaySkip ? " skips" : "")
                << (v.roundsDq ? "" : " rounds after");
}

/// Gradient kernels of an attention, which tests run one at a time: what other
/// kernels would leave in scratch memory is given, or looked at.
class GradientRun : public KernelRun {
public:
  GradientRun(const AttentionSpec &spec, const CallSpec &call,
              const GradientVariant &v)
      : KernelRun(specOf(spec, v), call, /*seed=*/call.keys),
        queryTile(v.queryTile),
        padded(llvm::alignTo(call.queries, v.queryTile)) {
    build(v.target, [&](mlir::OpBuilder &builder, KernelProgram &program) {
      BackwardConfig config{*TargetCapabilities::of(v.target),
                            int64_t(llvm::alignTo(v.headDim, 64)),
                            int64_t(llvm::alignTo(v.valueDim, 64))};
      config.mmaWarpgroups = v.mmaWarpgroups;
      config.queryTile = v.queryTile;
      config.queryStages = v.queryStages;
      config.doStages = v.doStages ? v.doStages : v.queryStages;
      config.keyStages = config.valueStages = v.stages;
      config.keyGradients = v.keyGradients;
      config.deterministic = v.deterministic;
      config.claimsSums = v.claimsSums;
      config.turnsMaySkip = v.turnsMaySkip;
      config.inPairs = v.inPairs;
      config.grouped = this->spec.heads != this->spec.keyHeads;
      config.hasSequences = spec.sequences;
      config.sumsBiases = spec.biasGradients && (spec.slopes || spec.distances);
      config.item = layoutOfColumnTiles(op, config.keyTile(), config.queryTile);
      config.queryItem =
          layoutOfRowTiles(op, kRowsOfGroup, QueryKernelLayout::kKeyTile);
      config.roundsDq = v.roundsDq && DqRoundingLayout::isPossible(config);
      headDim = config.headDim;
      keyTile = config.keyTile();
      roundsAfter = !config.deterministic && !config.roundsDq;
      buildBackwardKernels(builder, mlir::cast<AttentionBackwardOp>(*op),
                           "kernel", config, program);
    });
  }

  /// Compares the gradients by slopes and biases, which are sums over many
  /// pairs of what was rounded.
  void expectBiases() {
    auto expect = [&](const char *name, llvm::ArrayRef<double> expected) {
      double squares = 0;
      for (double x : expected)
        squares += x * x;
      double usual = std::sqrt(squares / std::max<size_t>(expected.size(), 1));
      int64_t width = expected.size() / spec.heads;
      for (auto [i, x] : llvm::enumerate(expected))
        ASSERT_NEAR(at(name, 0, i / width, 0, i % width), x,
                    2e-2 * (std::abs(x) + usual) + 1e-3)
            << name << " " << i;
    };
    if (spec.slopes)
      expect("dslopes", reference.dslopes);
    if (spec.distances)
      expect("dbias", reference.dbias);
  }

  /// Calls `visit(row in scratch, row of the reference)` for all rows that
  /// scratch has, the latter -1 for those that pad it.
  void forScratchRows(llvm::function_ref<void(int64_t, int64_t)> visit) const {
    for (int64_t head = 0; head < call.batches * spec.heads; ++head)
      for (int64_t i = 0; i < padded; ++i)
        visit(head * padded + i,
              i < call.queries ? head * call.queries + i : -1);
  }

  /// What the kernels before the key kernel leave for it.
  void giveStarts() {
    forScratchRows([&](int64_t at, int64_t row) {
      bool sees = row >= 0 && reference.seesKey[row];
      scratch("lse_start")[at] = sees ? -reference.lse[row] : -INFINITY;
      scratch("delta_start")[at] = sees ? -reference.delta[row] : 0;
    });
    for (int64_t word = 0;
         word <= padded / queryTile * call.batches * spec.heads; ++word)
      counter(word) = 0;
    headsDone(0) = 0;
    for (int64_t head = 0; head < call.batches * spec.keyHeads; ++head)
      headsDone(1 + head) =
          kPublished - int64_t(llvm::divideCeil(call.keys, keyTile));
  }
  /// Whether that is what they have left.
  void expectStarts() {
    forScratchRows([&](int64_t at, int64_t row) {
      bool sees = row >= 0 && reference.seesKey[row];
      if (!sees) {
        ASSERT_EQ(scratch("lse_start")[at], -INFINITY) << at;
        ASSERT_EQ(scratch("delta_start")[at], 0) << at;
        return;
      }
      ASSERT_EQ(scratch("lse_start")[at], -float(reference.lse[row])) << at;
      ASSERT_NEAR(scratch("delta_start")[at], -reference.delta[row],
                  1e-4 * (1 + std::abs(reference.delta[row])))
          << at;
    });
  }

  const int64_t queryTile, padded;
  /// Columns of the dQ accumulator, and keys of a tile.
  int64_t headDim = 0, keyTile = 0;
  /// Whether a kernel behind the key kernel rounds dQ.
  bool roundsAfter = false;

private:
  static AttentionSpec specOf(AttentionSpec spec, const GradientVariant &v) {
    spec.backward = true;
    spec.headDim = v.headDim;
    spec.valueDim = v.valueDim;
    return spec;
  }
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_GRADIENTRUN_H
