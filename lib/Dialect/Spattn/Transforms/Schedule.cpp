//===- Schedule.cpp - The tile shape of an attention ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/Transforms/Schedule.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;

ScheduleAttr spattn::getSchedule(AttentionOpInterface op) {
  if (ScheduleAttr schedule = op.getScheduleAttr())
    return schedule;
  return chooseSchedule(op);
}

ScheduleAttr spattn::chooseSchedule(AttentionOpInterface op) {
  int64_t widest = std::max(op.getHeadDim(), op.getValueDim());
  int64_t limit = widest > 256 ? 32 : 64;
  // A tile is no longer than the next power of two of the length, and a vector
  // register at the least.
  auto tile = [&](int64_t length) {
    if (ShapedType::isDynamic(length))
      return limit;
    int64_t covering = llvm::PowerOf2Ceil(std::max<int64_t>(length, 1));
    return std::clamp<int64_t>(covering, 16, limit);
  };
  return ScheduleAttr::get(op.getContext(), tile(op.getStaticQueryLength()),
                           tile(op.getStaticKeyLength()));
}

HostAlgebra spattn::getAlgebra(AttentionOpInterface op, int64_t queryLength,
                               int64_t keyLength) {
  return HostAlgebra(op.getHeadStructures(), {queryLength, keyLength},
                     op.getAlgebraAlignment());
}

TileShape spattn::getTileShape(ScheduleAttr schedule) {
  return {schedule.getQueryTile(), schedule.getKeyTile()};
}
