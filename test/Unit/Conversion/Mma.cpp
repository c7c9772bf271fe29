//===- Mma.cpp - MMAs of the machine --------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Warp.h"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;

static constexpr int64_t kRows = Datum::kRows;

namespace {
/// The warp's part of an MMA.
struct Product {
  std::vector<float> compute() const {
    std::vector<float> result = start;
    std::vector<float> right(depth * columns);
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t c = 0; c < columns; ++c)
        right[k * columns + c] = transposed ? rhs.get(c, k) : rhs.get(k, c);
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t k = 0; k < depth; ++k) {
        float x = left(r, k);
        for (int64_t c = 0; c < columns; ++c)
          result[r * columns + c] += x * right[k * columns + c];
      }
    return result;
  }

  float left(int64_t r, int64_t k) const {
    if (!tile)
      return operand[r * depth + k];
    return lhsTransposed ? tile->get(k, firstRow + r)
                         : tile->get(firstRow + r, k);
  }

  std::vector<float> start, operand;
  std::optional<Tile> tile;
  Tile rhs;
  int64_t firstRow, depth, columns;
  bool transposed, lhsTransposed;
};
} // namespace

bool Warp::runMma(Operation &op) {
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](MmaOp mma) {
        Product product;
        std::optional<Tile> rhs = locate(mma.getRhs());
        if (!rhs)
          return false;
        product.rhs = *rhs;
        product.transposed = mma.getTransposed();
        product.lhsTransposed = mma.getLhsTransposed();
        product.columns = mma.getType().getColumns();
        product.depth = product.transposed ? rhs->columns : rhs->rows;
        if (isa<SharedType>(mma.getLhs().getType())) {
          product.tile = locate(mma.getLhs());
          if (!product.tile)
            return false;
          int64_t block = mma.getRowBlock() ? number32(mma.getRowBlock()) : 0;
          product.firstRow = 64 * block + firstRow();
        } else {
          product.operand = get(mma.getLhs()).elements;
        }
        product.start.assign(kRows * product.columns, 0.0f);
        if (mma.getAcc()) {
          Datum acc = get(mma.getAcc());
          if (acc.flight)
            return fail(&op, "nobody has waited for the MMA of 'acc'");
          product.start = acc.elements;
        }
        auto flight = std::make_shared<Flight>();
        flight->compute = [product] { return product.compute(); };
        if (!machine.late)
          flight->elements = flight->compute();
        uncommitted.push_back(flight);
        values[op.getResult(0)] = Datum();
        values[op.getResult(0)].flight = flight;
        return true;
      })
      .Case([&](MmaCommitOp) {
        groups.push_back(std::move(uncommitted));
        uncommitted.clear();
        return true;
      })
      .Case([&](MmaWaitOp wait) {
        while (int64_t(groups.size()) > int64_t(wait.getPending())) {
          for (const std::shared_ptr<Flight> &flight : groups.front()) {
            if (machine.late)
              flight->elements = flight->compute();
            flight->isOver = true;
          }
          groups.erase(groups.begin());
        }
        for (auto [value, result] :
             llvm::zip_equal(wait.getValues(), wait.getResults())) {
          Datum datum = get(value);
          if (datum.flight && datum.flight->isOver) {
            datum.elements = datum.flight->elements;
            datum.flight = nullptr;
          }
          values[result] = std::move(datum);
        }
        return true;
      })
      .Default([](Operation *) { return true; });
}
