//===- LookUpMask.cpp - Elements of constants in masks --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskReader.h"

#include "Numbers.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

/// An element at indices that are linear in query and key.
std::optional<Pieces> MaskReader::readGather(Expr *expr) {
  SmallVector<AffineExpr> indices;
  for (Expr *arg : expr->args) {
    std::optional<Pieces> pieces = read(arg);
    if (!pieces)
      return std::nullopt;
    if (pieces->size() != 1 || !pieces->front().number.isPlain())
      return failOperation(expr);
    const Linear &number = pieces->front().number;
    indices.push_back(loops.query * number.query + loops.key * number.key +
                      static_cast<int64_t>(number.constant));
  }
  return read(graph.read(expr->tensor, indices));
}

/// An element of a constant, for each head another one perhaps.
std::optional<Pieces> MaskReader::readConstantElement(Expr *expr) {
  auto [known, isNew] = constants.try_emplace(expr->tensor);
  if (isNew)
    known->second = readConstant(expr->tensor);
  if (known->second.empty())
    return refusal.setNoMask(expr->where(),
                             "makes a mask that is not known before run time");
  int64_t place = 0;
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(expr->tensor.getType()).getShape();
  for (auto [index, size] : llvm::zip_equal(expr->indices, shape)) {
    std::optional<Linear> own = readIndex(index);
    if (!own || !own->isConstant())
      return fail(expr,
                  "is looked up by queries or keys, which fixes their number");
    if (!(own->constant >= 0 && own->constant < static_cast<double>(size)))
      return fail(expr, "reads outside of its tensor");
    place = place * size + static_cast<int64_t>(own->constant);
  }
  double number = known->second[place];
  if (std::isnan(number))
    return fail(expr, "is not a number");
  return Pieces{{Linear{0, 0, number}, Structure::full()}};
}
