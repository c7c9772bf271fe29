//===- EvaluateScalar.cpp - What operations do to numbers -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Numbers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace spattn;

bool spattn::compareNumbers(double a, arith::CmpIPredicate predicate,
                            double b) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return a == b;
  case arith::CmpIPredicate::ne:
    return a != b;
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return a < b;
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return a <= b;
  case arith::CmpIPredicate::sgt:
  case arith::CmpIPredicate::ugt:
    return a > b;
  case arith::CmpIPredicate::sge:
  case arith::CmpIPredicate::uge:
    return a >= b;
  }
  llvm_unreachable("there are no other predicates");
}

std::optional<double> spattn::computeScalar(Operation *op,
                                            ArrayRef<double> args) {
  bool isBoolean = getElementTypeOrSelf(op->getResult(0)).isInteger(1);
  double a = args[0], b = args.size() > 1 ? args[1] : 0;
  // What is computed of numbers that do not exist does not exist.
  unsigned numRead = isa<arith::SelectOp>(op) ? 1 : args.size();
  if (llvm::any_of(args.take_front(numRead),
                   [](double arg) { return std::isnan(arg); }))
    return std::numeric_limits<double>::quiet_NaN();
  auto compare = [&](arith::CmpIPredicate predicate) -> std::optional<double> {
    // Unsigned: as signed, if neither is negative.
    bool isUnsigned = predicate >= arith::CmpIPredicate::ult;
    if (isUnsigned && (a < 0 || b < 0))
      return std::nullopt;
    return compareNumbers(a, predicate, b);
  };
  // Unsigned: as signed, if it is not negative.
  if (isa<arith::IndexCastUIOp, arith::ExtUIOp, arith::UIToFPOp>(op))
    return a >= 0 ? std::optional(a) : std::nullopt;
  if (isa<arith::IndexCastOp, arith::ExtFOp, arith::TruncFOp, arith::TruncIOp>(
          op))
    return a;
  if (isa<arith::ExtSIOp, arith::SIToFPOp>(op))
    return getElementTypeOrSelf(op->getOperand(0)).isInteger(1) ? -a : a;
  if (isa<arith::AddIOp, arith::AddFOp>(op) && !isBoolean)
    return a + b;
  if (isa<arith::SubIOp, arith::SubFOp>(op) && !isBoolean)
    return a - b;
  if (isa<arith::MulIOp, arith::MulFOp>(op) && !isBoolean)
    return a * b;
  if (isa<arith::DivFOp>(op))
    return a / b;
  if (isa<arith::DivSIOp>(op) && b > 0)
    return std::trunc(a / b);
  if (isa<arith::FloorDivSIOp>(op) && b > 0)
    return std::floor(a / b);
  if (isa<arith::RemSIOp>(op) && b > 0)
    return std::fmod(a, b);
  if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>(op) &&
      !isBoolean)
    return std::max(a, b);
  if (isa<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>(op) &&
      !isBoolean)
    return std::min(a, b);
  if (isa<arith::SelectOp>(op))
    return a != 0 ? b : args[2];
  if (isBoolean && isa<arith::AndIOp>(op))
    return a != 0 && b != 0;
  if (isBoolean && isa<arith::OrIOp>(op))
    return a != 0 || b != 0;
  if (isBoolean && isa<arith::XOrIOp>(op))
    return a != b;
  if (auto compareOp = dyn_cast<arith::CmpIOp>(op)) {
    if (getElementTypeOrSelf(op->getOperand(0)).isInteger(1) &&
        compareOp.getPredicate() > arith::CmpIPredicate::ne)
      return std::nullopt;
    return compare(compareOp.getPredicate());
  }
  if (auto compareOp = dyn_cast<arith::CmpFOp>(op))
    switch (compareOp.getPredicate()) {
    case arith::CmpFPredicate::OEQ:
    case arith::CmpFPredicate::UEQ:
      return compare(arith::CmpIPredicate::eq);
    case arith::CmpFPredicate::ONE:
    case arith::CmpFPredicate::UNE:
      return compare(arith::CmpIPredicate::ne);
    case arith::CmpFPredicate::OLT:
    case arith::CmpFPredicate::ULT:
      return compare(arith::CmpIPredicate::slt);
    case arith::CmpFPredicate::OLE:
    case arith::CmpFPredicate::ULE:
      return compare(arith::CmpIPredicate::sle);
    case arith::CmpFPredicate::OGT:
    case arith::CmpFPredicate::UGT:
      return compare(arith::CmpIPredicate::sgt);
    case arith::CmpFPredicate::OGE:
    case arith::CmpFPredicate::UGE:
      return compare(arith::CmpIPredicate::sge);
    default:
      break;
    }
  return std::nullopt;
}
