//===- ScoreModifier.h - What happens to scores before the softmax -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SCOREMODIFIER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SCOREMODIFIER_H

#include "KernelSignature.h"
#include "WorkTile.h"

namespace spattn {

/// The arguments that say what happens to scores.
struct ScoreArguments {
  ScoreArguments(KernelSignature &signature, AttentionOpInterface op);

  KernelSignature::Argument scale;
  /// Only of kernels that have them.
  std::optional<KernelSignature::Argument> softCap;
  std::optional<HeadNumbers> slopes, biases;
  /// Numbers that biases have for each head.
  int64_t distances;
  Alignment alignment;
  /// Whether scores are scaled even if nothing else happens to them.
  bool scales;
  /// What else happens to them; empty if nothing does. It is there as long as
  /// the operation.
  mlir::Region *region;
};

/// The numbers of the queries and the keys of a fragment, as rows and columns;
/// those of heads, as rows, where rows are of several.
struct PairNumbers {
  mlir::Value queries, keys, heads;
};

/// What happens to a score `s = q . k` before the softmax, and what its
/// derivative is. The one place that knows.
///
/// Where it is only multiplied by a scale, which is positive then, that is
/// folded into the exponentials, `exp(scale s - x) = exp2(scale log2(e) s -
/// x')`, and into the gradients of queries and keys, and the softmax is of raw
/// scores. Where more happens, `modify` makes base-2 logits of them, and the
/// softmax is of these.
class ScoreModifier {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Index = KernelBuilder::Index;

  /// At the top level of a kernel.
  ScoreModifier(KernelBuilder &b, Value scale);
  ScoreModifier(KernelBuilder &b, const ScoreArguments &arguments,
                const KernelSignature &signature, const SequenceInfo &sequence,
                RowLayout rows = {});

  //===--------------------------------------------------------------------===//
  // From raw scores to those of the softmax
  //===--------------------------------------------------------------------===//

  /// Whether scores are more than scaled.
  bool modifies() const { return scales; }
  /// Numbers that there are for distances of each head.
  int64_t getNumDistances() const { return numDistances; }
  /// What the scores of a head, and of its sequence, take; loaded once for each
  /// work tile.
  struct Head {
    /// Its number, and that of the batch entry.
    Value head, batch;
    /// In the units of scores, of the opposite sign; null if there is none. A
    /// number, or rows of those of several heads.
    Value slope;
    /// The address of its biases; null if there are none.
    Value bias;
    /// What is added to the difference of the numbers of query and key to get
    /// their distance.
    Index offset;
  };
  Head ofHead(const WorkTile &tile);

  /// Scores as the softmax takes them, and the factor that the gradient by them
  /// is multiplied by; null if that is 1.
  struct Modified {
    Value scores, derivative;
    /// The factor of the gradient by biases, which come behind the soft cap.
    Value biasDerivative;
  };
  /// `distances` gives the distance of each pair, and `numbers` those of its
  /// query and key, where they are needed.
  Modified modify(const Head &head, Value scores,
                  llvm::function_ref<Value()> distances,
                  llvm::function_ref<PairNumbers()> numbers);
  /// The entries of biases that pairs take, by their distances.
  Value biasEntries(Value distances);

  //===--------------------------------------------------------------------===//
  // Forward: rows keep the maximum of scores
  //===--------------------------------------------------------------------===//

  /// A maximum in base-2 logits, plus `above`.
  Value logits(Value rows, float above);
  /// What exponentials subtract: a maximum in base-2 logits, or 0 for a row
  /// that has seen no key.
  Value shift(Value max);
  /// `exp2(logit(score) - shift)` of each element; `shift` as above.
  Value exponential(Value scores, Value shift);
  /// The log-sum-exp of rows, to the base e, by the maximum and the sum of
  /// exponentials relative to it; -inf where the sum is 0.
  Value logSumExp(Value max, Value sum);

  //===--------------------------------------------------------------------===//
  // Forward: a sink, a logit to the base e that has no key and no scale
  //===--------------------------------------------------------------------===//

  /// The larger of rows' maxima and the sink, in base-2 logits: what to
  /// subtract from both. 0 where neither is above -inf. A sink is a number, or
  /// rows of those of several heads.
  Value shiftWithSink(Value max, Value sink);
  /// Sums of exponentials relative to `max`, which `correction` makes relative
  /// to `shift`, and the sink's exponential.
  Value addSink(Value sum, Value correction, Value sink, Value shift);
  /// The log-sum-exp, to the base e, by a shift and the sum relative to it.
  Value logSumExpAt(Value shift, Value sum);

  //===--------------------------------------------------------------------===//
  // Gradients: probabilities by the log-sum-exp
  //===--------------------------------------------------------------------===//

  /// Whether accumulators of raw scores start from the log-sum-exp.
  bool startsFromLse() const { return !modifies(); }
  /// If so, what they start from, so that `probability` finds the log-sum-exp
  /// subtracted: `-lse / scale`, for columns or rows of `-lse`.
  Value scoreStart(Value negatedLse, mlir::Type type);
  /// `exp2` of base-2 logits of scores that started from `scoreStart`.
  Value probability(Value scores) { return probability(scores, log2Scale); }
  /// The same with what makes logits of scores, or a copy of it.
  Value probability(Value scores, Value log2Scale);
  Value getLog2Scale() const { return log2Scale; }
  /// If not, of modified scores and columns or rows of `-lse`.
  Value probabilityOfModified(Value scores, Value negatedLse);
  /// The other way round, where rows of `-lse` are at hand later: base-2 logits
  /// of scores that started from 0, with the log-sum-exp subtracted by adding
  /// `logitStart` of `-lse`. Their exp2 is the probability.
  Value logitStart(Value negatedLse);
  Value logitsFrom(Value scores, Value start);
  /// Gradients by raw scores, summed up, to gradients by queries or keys.
  Value chain(Value gradients);

private:
  /// The biases of pairs, by their distances.
  Value gatherBiases(Value pointer, Value distances);
  /// What the region makes of modified scores.
  void applyRegion(const Head &head, const PairNumbers &numbers,
                   Modified &modified);
  /// `map` with a number of heads, which is the last argument of `body`: the
  /// same for all elements, or that of their row.
  Value mapWith(llvm::ArrayRef<Value> operands, Value ofHeads, mlir::Type type,
                llvm::function_ref<Value(ValueRange, Value)> body);
  /// A number that is added to scores, in their units: base-2 logits, unless a
  /// region takes scores as they are.
  Value inUnits(Value number);
  /// A score as the softmax takes it in base-2 logits, and that plus a number.
  Value toLogit(Value score);
  Value toLogit(Value score, Value number);

  KernelBuilder &b;
  Value scale, log2Scale, inverseScale;
  /// Null without a soft cap. What its tanh is of, by a raw score, and the cap
  /// in the units of scores.
  Value softCap, innerScale, unitCap;
  bool scales = false;
  RowLayout rows;
  mlir::Region *region = nullptr;
  const HeadNumbers *slopes = nullptr, *biases = nullptr;
  int64_t numDistances = 0;
  Alignment alignment = Alignment::End;
  /// That of distances where batch entries have one sequence each.
  Index offset;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SCOREMODIFIER_H
