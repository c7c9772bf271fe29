//===- HostFunction.cpp - Functions that become kernels -------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/SpattnToSpattnGPU/HostFunction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace spattn;

/// The argument of a function that a value is.
static std::optional<unsigned> getArgument(func::FuncOp function, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &function.getBody().front())
    return std::nullopt;
  return argument.getArgNumber();
}

bool HostFunction::hasKernels(func::FuncOp function) {
  return function
      .walk([](KernelOpInterface) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// The one operation of a function that becomes kernels, and of nothing else.
static FailureOr<KernelOpInterface> getKernelOp(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("a function for a GPU has one block, got ")
           << function.getBody().getBlocks().size();
  KernelOpInterface kernel;
  for (Operation &op : function.getBody().front()) {
    if (auto found = dyn_cast<KernelOpInterface>(op)) {
      if (kernel)
        return op.emitError(
            "a function for a GPU has one attention or merge; this is "
            "its second");
      kernel = found;
    } else if (!isa<arith::ConstantOp, func::ReturnOp>(op)) {
      return op.emitError("'") << op.getName()
                               << "' has no kernel for a GPU: functions have "
                                  "one attention or merge, "
                                  "constants and a return";
    }
  }
  if (!kernel)
    return function.emitError(
        "a function for a GPU has one attention or merge, got "
        "none");
  return kernel;
}

/// A kernel is launched, not called.
static LogicalResult checkUses(func::FuncOp function) {
  std::optional<SymbolTable::UseRange> uses =
      SymbolTable::getSymbolUses(function, function->getParentOp());
  if (!uses)
    return function.emitError("a function for a GPU has uses that cannot be "
                              "analyzed");
  for (SymbolTable::SymbolUse use : *uses)
    return use.getUser()->emitError("refers to function '")
           << function.getName()
           << "', which a kernel for a GPU takes the place of";
  return success();
}

static LogicalResult readOperands(func::FuncOp function, HostFunction &host) {
  KernelOpInterface op = host.op;
  for (const KernelArray &array : op.getKernelArrays()) {
    auto argument = getArgument(function, array.value);
    if (!argument)
      return op->emitError("operand '")
             << array.name
             << "' is not an argument of the function; a kernel for a GPU "
                "reads and writes arguments";
    host.operands.emplace_back(array.buffer, *argument);
  }
  // Values are tensors, but there is one buffer for both.
  auto destinations = cast<DestinationStyleOpInterface>(*op);
  for (Value init : destinations.getDpsInits())
    if (llvm::count(op->getOperands(), init) > 1)
      return op->emitError("argument ")
             << *getArgument(function, init)
             << " is a destination and another operand, too; a kernel for a "
                "GPU writes while it reads";
  return success();
}

static LogicalResult readScalars(func::FuncOp function, HostFunction &host) {
  for (const KernelScalar &given : host.op.getKernelScalars()) {
    HostScalar &scalar = host.scalars.emplace_back();
    scalar.name = given->buffer.str();
    if (!given.value) {
      scalar.constant = *given.defaultValue;
      continue;
    }
    scalar.argument = getArgument(function, given.value);
    FloatAttr constant;
    if (scalar.argument)
      continue;
    if (!matchPattern(given.value, m_Constant(&constant)))
      return host.op->emitError("the ")
             << given->name
             << " is neither an argument of the function nor a constant";
    scalar.constant = constant.getValueAsDouble();
  }
  return success();
}

static LogicalResult readResults(func::FuncOp function, HostFunction &host) {
  auto destinations = cast<DestinationStyleOpInterface>(*host.op);
  Operation *end = function.getBody().front().getTerminator();
  for (OpOperand &operand : end->getOpOperands()) {
    Value value = operand.get();
    if (value.getDefiningOp() == host.op)
      value = destinations.getTiedOpOperand(cast<OpResult>(value))->get();
    else if (isa<RankedTensorType>(value.getType()) ||
             !llvm::is_contained(destinations.getDpsInits(), value))
      // A tensor that is a destination would be returned as it was.
      return end->emitError("result ") << operand.getOperandNumber()
                                       << " is not written by the attention";
    host.results.push_back(*getArgument(function, value));
  }
  return success();
}

FailureOr<HostFunction> HostFunction::get(func::FuncOp function) {
  FailureOr<KernelOpInterface> op = getKernelOp(function);
  if (failed(op))
    return failure();
  HostFunction host;
  host.op = *op;
  if (failed(checkUses(function)) || failed(readOperands(function, host)) ||
      failed(readScalars(function, host)) ||
      failed(readResults(function, host)))
    return failure();
  return host;
}
