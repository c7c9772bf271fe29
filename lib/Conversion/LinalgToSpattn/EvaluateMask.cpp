//===- EvaluateMask.cpp - Masks, pair by pair -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Numbers.h"
#include "PairEvaluator.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace spattn;

/// Masks up to this size are evaluated pair by pair.
static constexpr int64_t kMaxPairs = int64_t(1) << 24;
/// And together, where heads have masks of their own.
static constexpr int64_t kMaxPairsOfHeads = int64_t(1) << 26;
/// More are not gathered one by one.
static constexpr unsigned kMaxElements = 1 << 16;

bool spattn::canEvaluate(int64_t queries, int64_t keys, int64_t heads) {
  return !ShapedType::isDynamic(queries) && !ShapedType::isDynamic(keys) &&
         queries * keys <= kMaxPairs &&
         queries * keys <= kMaxPairsOfHeads / heads;
}

const PairEvaluator::Row *PairEvaluator::evaluate(Expr *expr) {
  expr = graph.resolve(expr);
  auto found = rows.find(expr);
  if (found != rows.end())
    return &found->second;
  Nesting nesting(depth);
  if (nesting.isTooDeep()) {
    fail(expr, "makes a mask of too many operations");
    return nullptr;
  }
  std::optional<Row> row = compute(expr);
  if (!row)
    return nullptr;
  return &(rows[expr] = std::move(*row));
}

std::optional<int64_t> PairEvaluator::evaluate(AffineExpr index, int64_t key) {
  if (auto number = dyn_cast<AffineConstantExpr>(index))
    return number.getValue();
  if (index == loops.query)
    return query;
  if (index == loops.key)
    return key;
  if (index == loops.head)
    return head;
  auto binary = dyn_cast<AffineBinaryOpExpr>(index);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> lhs = evaluate(binary.getLHS(), key),
                         rhs = evaluate(binary.getRHS(), key);
  if (!lhs || !rhs)
    return std::nullopt;
  switch (index.getKind()) {
  case AffineExprKind::Add:
    return *lhs + *rhs;
  case AffineExprKind::Mul:
    return *lhs * *rhs;
  case AffineExprKind::FloorDiv:
    return *rhs > 0 ? std::optional(llvm::divideFloorSigned(*lhs, *rhs))
                    : std::nullopt;
  case AffineExprKind::Mod:
    return *rhs > 0 ? std::optional(llvm::mod(*lhs, *rhs)) : std::nullopt;
  default:
    return std::nullopt;
  }
}

/// The elements of a constant.
const std::vector<double> *PairEvaluator::elementsOf(Value tensor) {
  auto [known, isNew] = constants.try_emplace(tensor);
  if (isNew)
    known->second = readConstant(tensor);
  return &known->second;
}

std::optional<PairEvaluator::Row> PairEvaluator::computeRead(Expr *expr) {
  const std::vector<double> &elements = *elementsOf(expr->tensor);
  if (elements.empty())
    return refusal.setNoMask(expr->where(),
                             "makes a mask that is not known before run time");
  auto type = cast<RankedTensorType>(expr->tensor.getType());
  Row row(keys);
  for (int64_t j = 0; j < keys; ++j) {
    int64_t place = 0;
    bool isWithin = true;
    for (auto [index, size] : llvm::zip_equal(expr->indices, type.getShape())) {
      std::optional<int64_t> own = evaluate(index, j);
      if (!own)
        return fail(expr, "makes the mask depend on the batch entry");
      isWithin &= *own >= 0 && *own < size;
      place = place * size + *own;
    }
    // Nobody looks there: a branch that is not taken.
    row[j] =
        isWithin ? elements[place] : std::numeric_limits<double>::quiet_NaN();
  }
  return row;
}

/// The branches may read outside of their tensors where they are not taken.
std::optional<PairEvaluator::Row> PairEvaluator::computeChoice(Expr *expr) {
  std::vector<bool> isInside(keys, true);
  for (int64_t j = 0; j < keys; ++j)
    for (auto [index, lower, upper] :
         llvm::zip_equal(expr->indices, expr->lower, expr->upper)) {
      std::optional<int64_t> place = evaluate(index, j);
      if (!place)
        return fail(expr, "makes the mask depend on the batch entry");
      isInside[j] = isInside[j] && *place >= lower && *place < upper;
    }
  Row row(keys);
  for (unsigned i : {0, 1}) {
    if (llvm::find(isInside, i == 0) == isInside.end())
      continue;
    const Row *taken = evaluate(expr->args[i]);
    if (!taken)
      return std::nullopt;
    for (int64_t j = 0; j < keys; ++j)
      if (isInside[j] == (i == 0))
        row[j] = (*taken)[j];
  }
  return row;
}

/// Each element is an expression of its own.
std::optional<PairEvaluator::Row> PairEvaluator::computeGather(Expr *expr) {
  SmallVector<const Row *> places;
  for (Expr *arg : expr->args) {
    places.push_back(evaluate(arg));
    if (!places.back())
      return std::nullopt;
  }
  Row row(keys);
  auto type = cast<RankedTensorType>(expr->tensor.getType());
  for (int64_t j = 0; j < keys; ++j) {
    SmallVector<AffineExpr> at;
    for (auto [place, size] : llvm::zip_equal(places, type.getShape())) {
      double index = (*place)[j];
      if (!(index >= 0 &&
            (ShapedType::isDynamic(size) || index < static_cast<double>(size))))
        return fail(expr, "reads outside of its tensor");
      at.push_back(getAffineConstantExpr(static_cast<int64_t>(index),
                                         type.getContext()));
    }
    Expr *element = graph.read(expr->tensor, at);
    auto [known, isNew] = elements.try_emplace(element, 0);
    if (isNew) {
      if (elements.size() > kMaxElements)
        return fail(expr, "reads too many elements of a mask");
      const Row *value = evaluate(element);
      if (!value)
        return std::nullopt;
      elements[element] = value->front();
    }
    row[j] = elements[element];
  }
  return row;
}

std::optional<PairEvaluator::Row> PairEvaluator::compute(Expr *expr) {
  if (std::optional<double> number = getConstant(expr))
    return Row(keys, *number);
  if (expr->kind == Expr::Kind::Index) {
    Row row(keys);
    for (int64_t j = 0; j < keys; ++j) {
      std::optional<int64_t> place = evaluate(expr->index, j);
      if (!place)
        return fail(expr, "makes the mask depend on the batch entry");
      row[j] = static_cast<double>(*place);
    }
    return row;
  }
  if (expr->kind == Expr::Kind::Read)
    return computeRead(expr);
  if (expr->kind == Expr::Kind::Choose)
    return computeChoice(expr);
  if (expr->kind == Expr::Kind::Gather)
    return computeGather(expr);
  if (expr->kind != Expr::Kind::Apply)
    return failOperation(expr);
  SmallVector<const Row *> args;
  for (Expr *arg : expr->args) {
    args.push_back(evaluate(arg));
    if (!args.back())
      return std::nullopt;
  }
  Row row(keys);
  SmallVector<double> numbers(args.size());
  for (int64_t j = 0; j < keys && !args.empty(); ++j) {
    for (auto [number, arg] : llvm::zip_equal(numbers, args))
      number = (*arg)[j];
    std::optional<double> result = computeScalar(expr->op, numbers);
    if (result)
      result = fitTo(getElementTypeOrSelf(expr->op->getResult(0)), *result);
    if (!result)
      return failOperation(expr);
    row[j] = *result;
  }
  if (args.empty())
    return failOperation(expr);
  return row;
}

std::optional<PairGrid>
spattn::evaluateMasks(ExprGraph &graph, const LoopSpace &space,
                      const MaskLoops &loops, ArrayRef<Mask> masks,
                      int64_t head, bool &isFinite, Refusal &refusal) {
  int64_t queries = space.size(loops.query), keys = space.size(loops.key);
  PairEvaluator evaluator(graph, space, loops, head, refusal);
  PairGrid grid(queries, keys, true);
  for (const Mask &mask : masks)
    isFinite |= mask.isFinite;
  for (int64_t i = 0; i < queries; ++i) {
    evaluator.setQuery(i);
    for (const Mask &mask : masks) {
      const PairEvaluator::Row *row = evaluator.evaluate(mask.expr);
      if (!row)
        return std::nullopt;
      for (int64_t j = 0; j < keys; ++j) {
        double number = (*row)[j];
        if (std::isnan(number))
          return refusal.set(mask.expr->where(),
                             "is not a number, or a mask of other sizes than "
                             "scores");
        std::optional<bool> isAllowed = mask.wanted == (number != 0);
        if (mask.isAdded)
          isAllowed = mask.allows(number, isFinite);
        if (!isAllowed)
          return refusal.setNoMask(mask.expr->where(), kNeitherZeroNorMasked);
        if (!*isAllowed)
          grid.set(i, j, false);
      }
    }
  }
  return grid;
}
