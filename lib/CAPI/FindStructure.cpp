//===- FindStructure.cpp - The structures of masks ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/FindStructure.h"
#include "Module.h"
#include "Structure.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "spattn/Conversion/LinalgToSpattn/FindMask.h"

#include <cstring>

using namespace spattn;
using namespace spattn::capi;

/// A structure that all heads have is one for any number of heads.
static SpattnStatus makeFound(std::shared_ptr<const Shared> shared,
                              std::vector<HeadGroup> groups,
                              SpattnStructure *structure) {
  bool anyNumber = groups.size() == 1;
  if (anyNumber)
    groups.front().count = 1;
  return makeStructure(std::move(shared), HeadStructures(std::move(groups)),
                       anyNumber, structure);
}

/// Says why a mask has no structure, where it is. The name of a location is
/// what a frontend calls an operation.
static void report(mlir::Operation *function, const MaskRefusal &refusal) {
  mlir::Operation *op = refusal.op ? refusal.op : function;
  mlir::InFlightDiagnostic error = mlir::emitError(op->getLoc());
  if (auto name = op->getLoc()->findInstanceOf<mlir::NameLoc>())
    error << "'" << name.getName().getValue() << "' ";
  else
    error << "'" << op->getName() << "' ";
  error << refusal.reason;
}

SpattnStatus spattnModuleFindStructure(SpattnModule module,
                                       const char *function,
                                       const SpattnDiagnosticHandler *handler,
                                       SpattnStructure *structure) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            clearResult(structure, "structure",
                        {{module, "module"}, {function, "function"}}))
      return status;
    std::lock_guard<std::mutex> lock(module->mutex);
    auto op = mlir::dyn_cast_or_null<mlir::FunctionOpInterface>(
        mlir::SymbolTable::lookupSymbolIn(*module->module, function));
    if (!op)
      return invalid("there is no function '", function, "'");
    mlir::Region &body = op.getFunctionBody();
    if (!body.hasOneBlock() || !body.front().mightHaveTerminator() ||
        body.front().getTerminator()->getNumOperands() != 1)
      return invalid("expected a function of one block with one result, got '",
                     function, "'");
    Listener listener(*module->mlir, handler);
    MaskRefusal refusal;
    std::optional<HeadStructures> found = findMaskStructures(
        body.front().getTerminator()->getOperand(0), refusal);
    if (!found) {
      report(op, refusal);
      return listener.makeStatus(SpattnStatusCompileError,
                                 "no structure was found");
    }
    return makeFound(module->shared, found->groups(), structure);
  });
}

/// Masks of more pairs are not looked through.
static constexpr int64_t kMaxPairs = int64_t(1) << 24;

SpattnStatus spattnStructureFromMask(SpattnContext context, const uint8_t *mask,
                                     int64_t numHeads, int64_t queries,
                                     int64_t keys, SpattnAlignment alignment,
                                     SpattnStructure *structure) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(
            structure, "structure", {{context, "context"}, {mask, "mask"}}))
      return status;
    Alignment ends;
    if (SpattnStatus status = convert(alignment, ends))
      return status;
    if (numHeads < 1 || numHeads > HeadStructures::maxHeads)
      return invalid("expected from 1 to ", HeadStructures::maxHeads,
                     " heads, got ", numHeads);
    if (queries < 1 || keys < 1 || queries > kMaxPairs / keys)
      return invalid("expected a mask of 1 to 2^24 pairs, got ", queries, " x ",
                     keys);
    size_t size = size_t(queries * keys);
    std::vector<HeadGroup> groups;
    for (int64_t head = 0; head < numHeads; ++head) {
      const uint8_t *own = mask + size_t(head) * size;
      if (head > 0 && std::memcmp(own, own - size, size) == 0) {
        ++groups.back().count;
        continue;
      }
      PairGrid grid(queries, keys);
      for (int64_t i = 0; i < queries; ++i)
        for (int64_t j = 0; j < keys; ++j)
          grid.set(i, j, own[i * keys + j] != 0);
      std::optional<Structure> found = findStructure(grid, ends);
      if (!found)
        return makeStatus(SpattnStatusCompileError,
                          "no structure was found for the mask of head " +
                              std::to_string(head));
      groups.push_back({1, *found});
    }
    return makeFound(context->shared, std::move(groups), structure);
  });
}
