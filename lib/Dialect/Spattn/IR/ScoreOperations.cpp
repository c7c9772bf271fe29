//===- ScoreOperations.cpp - What score regions compute with --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/ScoreOperations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spattn;

/// Scores are computed for pairs that are not allowed, too: of no pair may an
/// operation have undefined behavior.
static std::optional<std::string> findDivisorError(OperandRange operands) {
  APInt constant;
  if (operands.size() == 2 &&
      matchPattern(operands[1], m_ConstantInt(&constant)) &&
      constant.isStrictlyPositive())
    return std::nullopt;
  return "expected a divisor in a 'score' region that is a positive constant";
}

std::optional<std::string> spattn::findScoreError(Operation &op) {
  if (!isa<arith::ConstantOp, arith::AddFOp, arith::SubFOp, arith::MulFOp,
           arith::DivFOp, arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
           arith::CmpFOp, arith::SelectOp, arith::AddIOp, arith::SubIOp,
           arith::MulIOp, arith::DivSIOp, arith::RemSIOp, arith::MaxSIOp,
           arith::MinSIOp, arith::CmpIOp, arith::AndIOp, arith::OrIOp,
           arith::XOrIOp, arith::SIToFPOp, math::AbsFOp, math::ExpOp,
           math::Exp2Op, math::LogOp, math::Log2Op, math::SqrtOp, math::RsqrtOp,
           math::TanhOp>(op))
    return "cannot be in a 'score' region: expected one of the operations of "
           "'arith' and 'math' that the specification lists";
  auto isKnown = [](Type type) {
    return type.isF32() || type.isSignlessInteger(32) ||
           type.isSignlessInteger(1);
  };
  for (TypeRange types :
       {TypeRange(op.getOperandTypes()), TypeRange(op.getResultTypes())})
    for (Type type : types)
      if (!isKnown(type)) {
        std::string text;
        llvm::raw_string_ostream(text)
            << "expected f32, i32 and i1 in a 'score' region, got " << type;
        return text;
      }
  if (isa<arith::DivSIOp, arith::RemSIOp>(op))
    return findDivisorError(op.getOperands());
  return std::nullopt;
}
