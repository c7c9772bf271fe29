//===- Mask.h - What masks allow, as structures -----------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASK_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASK_H

#include "Refusal.h"
#include "ScalarExpr.h"
#include "spattn/Structure/FindStructure.h"
#include "spattn/Structure/HeadStructures.h"

namespace spattn {

/// The loops that masks depend on. Lengths may be dynamic.
struct MaskLoops {
  mlir::AffineExpr batch, head, query, key;
};

/// A mask: a number that is added to scores, or a condition.
struct Mask {
  Expr *expr;
  /// Whether it is added. A condition selects the score where it is `wanted`.
  bool isAdded;
  bool wanted = true;
  /// What an added number is multiplied by before the softmax.
  double factor = 1;
  /// Whether a condition selects a finite number elsewhere.
  bool isFinite = false;
  /// Whether numbers that do not mask are a bias, and allow a pair.
  bool isBias = false;

  /// Whether an added number allows a pair; none if it does neither that nor
  /// forbid it. Sets `isFinite` if it forbids and is finite.
  std::optional<bool> allows(double number, bool &isFinite) const;
};

/// Numbers up to this one, added to a score, leave it no weight: what frontends
/// write instead of -inf is -10000 or the least number of the type.
inline constexpr double kMasked = -10000;

/// What masks allow together.
struct MaskedHeads {
  HeadStructures heads;
  Alignment alignment = Alignment::End;
  /// Whether a query that sees no key would get an average of values, since
  /// what masks add is finite.
  bool isFinite = false;
};

/// Finds the structures of `numHeads` heads. They allow exactly the pairs that
/// masks allow. Without an alignment, it is the one with the shorter structure.
std::optional<MaskedHeads>
findStructures(ExprGraph &graph, const LoopSpace &space, const MaskLoops &loops,
               llvm::ArrayRef<Mask> masks, int64_t numHeads, Refusal &refusal,
               std::optional<Alignment> alignment = std::nullopt);

/// What masks allow a head, evaluated pair by pair. The lengths are static.
/// Sets `isFinite` if a finite number masks something.
std::optional<PairGrid> evaluateMasks(ExprGraph &graph, const LoopSpace &space,
                                      const MaskLoops &loops,
                                      llvm::ArrayRef<Mask> masks, int64_t head,
                                      bool &isFinite, Refusal &refusal);

/// What masks allow a head, found by reading their comparisons as conditions
/// on distances, keys and queries. `offset` is that of the alignment: the
/// distance of a pair is `i + offset - j`.
std::optional<Structure> readMasks(ExprGraph &graph, const LoopSpace &space,
                                   const MaskLoops &loops,
                                   llvm::ArrayRef<Mask> masks, int64_t head,
                                   int64_t offset, bool &isFinite,
                                   Refusal &refusal);

/// Whether an added number is a mask of all heads: 0, or one that masks. What
/// is in the way otherwise is no structure's limit.
bool isMask(ExprGraph &graph, const LoopSpace &space, const MaskLoops &loops,
            const Mask &mask, int64_t numHeads, Refusal &refusal);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_MASK_H
