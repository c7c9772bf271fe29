//===- ResidueMask.cpp - Which columns have given residues ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread has two columns of every 8, a pair, whose residue goes on by 8 mod
// the modulus from one to the next: one remainder a row, and an addition that
// goes round a pair. Bits of constant moduli whose pairs repeat within a word
// are copied.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;
using namespace spattn::spattn_gpu;

static constexpr int64_t kColumnsBetweenPairs = 8;
static constexpr int64_t kPairsOfWord = kWordBits / 2;

namespace {

/// One condition of a row.
struct Condition {
  Value modulus, start, width;
  std::optional<int64_t> constantModulus;
};

class RowBits {
public:
  RowBits(ImplicitLocOpBuilder &b, Value column, const Condition &condition)
      : b(b), e(b), condition(condition), residue(firstResidue(column)),
        step(stepOfPairs()) {}

  /// The bits of `pairs` pairs in words.
  SmallVector<Value> emit(int64_t pairs) {
    int64_t period = periodOfPairs();
    int64_t words = llvm::divideCeil(pairs, kPairsOfWord);
    if (period == 0)
      period = kPairsOfWord;
    else
      pairs = std::min(pairs, period);
    SmallVector<Value> result;
    for (int64_t pair = 0; pair < pairs; ++pair) {
      if (pair % kPairsOfWord == 0)
        result.push_back(e.i32(0));
      emitPair(result.back(), 2 * (pair % kPairsOfWord));
      if (pair + 1 < pairs)
        residue = next(residue);
    }
    for (int64_t bits = 2 * period; bits < kWordBits; bits *= 2) {
      Value shift = e.i32(bits);
      Value copy = arith::ShLIOp::create(b, result.front(), shift);
      result.front() = arith::OrIOp::create(b, result.front(), copy);
    }
    result.resize(words, result.front());
    return result;
  }

private:
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, predicate, lhs, rhs);
  }

  Value firstResidue(Value column) {
    Value from = arith::SubIOp::create(b, column, condition.start);
    if (condition.constantModulus &&
        llvm::isPowerOf2_64(*condition.constantModulus)) {
      Value bits = e.i32(*condition.constantModulus - 1);
      return arith::AndIOp::create(b, from, bits);
    }
    Value rest = arith::RemSIOp::create(b, from, condition.modulus);
    Value isNegative = compare(arith::CmpIPredicate::slt, rest, e.i32(0));
    Value positive = e.add(rest, condition.modulus);
    return arith::SelectOp::create(b, isNegative, positive, rest);
  }

  Value stepOfPairs() {
    if (condition.constantModulus)
      return e.i32(kColumnsBetweenPairs % *condition.constantModulus);
    Value columns = e.i32(kColumnsBetweenPairs);
    return arith::RemUIOp::create(b, columns, condition.modulus);
  }

  /// After how many pairs, a divisor of those of a word, residues repeat, or 0.
  int64_t periodOfPairs() const {
    if (!condition.constantModulus)
      return 0;
    int64_t modulus = *condition.constantModulus;
    int64_t period = modulus / std::gcd(modulus, kColumnsBetweenPairs);
    return kPairsOfWord % period == 0 ? period : 0;
  }

  Value next(Value residue) {
    Value sum = e.add(residue, step);
    Value isPast = compare(arith::CmpIPredicate::uge, sum, condition.modulus);
    Value round = arith::SubIOp::create(b, sum, condition.modulus);
    return arith::SelectOp::create(b, isPast, round, sum);
  }

  /// Residues before the width are in; that of the modulus is the first one.
  void emitPair(Value &word, int64_t bit) {
    Value second = e.add(residue, e.i32(1));
    Value isIn = compare(arith::CmpIPredicate::ult, residue, condition.width);
    Value isSecondIn =
        compare(arith::CmpIPredicate::ult, second, condition.width);
    Value goesRound =
        compare(arith::CmpIPredicate::eq, second, condition.modulus);
    isSecondIn = arith::OrIOp::create(b, isSecondIn, goesRound);
    for (Value in : {isIn, isSecondIn}) {
      Value set = e.i32(int32_t(uint32_t(1) << bit++));
      Value none = e.i32(0);
      Value own = arith::SelectOp::create(b, in, set, none);
      word = arith::OrIOp::create(b, word, own);
    }
  }

  ImplicitLocOpBuilder &b;
  Emitter e;
  const Condition &condition;
  Value residue, step;
};

SPATTN_LOWER(ResidueMaskOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  Value first = e.firstRow(), column = e.firstColumn();
  Block &body = op.getBody().front();
  ColumnMaskType type = op.getResult().getType();
  SmallVector<Value> words(adaptor.getSource());
  size_t perRow = wordsOfRow(type);
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.toIndex(e.add(first, e.i32(8 * half)));
    SmallVector<Value> numbers = inlineBody(b, body, row);
    for (size_t k = 0; k < numbers.size(); k += 3) {
      Condition condition = {numbers[k], numbers[k + 1], numbers[k + 2], {}};
      APInt modulus;
      if (matchPattern(body.getTerminator()->getOperand(k),
                       m_ConstantInt(&modulus)))
        condition.constantModulus = modulus.getSExtValue();
      RowBits bits(b, column, condition);
      for (auto [w, own] : llvm::enumerate(
               bits.emit(type.getColumns() / kColumnsBetweenPairs))) {
        Value &word = words[half * perRow + w];
        word = arith::AndIOp::create(b, word, own);
      }
    }
  }
  if (op.getOthers())
    for (auto [word, other] : llvm::zip(words, adaptor.getOthers()))
      word = arith::OrIOp::create(b, word, other);
  results.push_back(words);
  return success();
}

} // namespace

void spattn::spattn_gpu::populateResidueMaskPatterns(
    const GPUTypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<ResidueMaskOpLowering>(types, patterns.getContext());
}
