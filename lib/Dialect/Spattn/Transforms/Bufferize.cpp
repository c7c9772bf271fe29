//===- Bufferize.cpp - Tensors to buffers ---------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "llvm/ADT/BitVector.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNBUFFERIZE
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace mlir::bufferization;

/// A buffer of any strides but a unit innermost one.
static MemRefType getArgumentType(TensorLikeType type, Attribute memorySpace) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> strides(tensor.getRank(), ShapedType::kDynamic);
  if (!strides.empty())
    strides.back() = 1;
  auto layout = StridedLayoutAttr::get(tensor.getContext(),
                                       ShapedType::kDynamic, strides);
  return MemRefType::get(tensor.getShape(), tensor.getElementType(), layout,
                         memorySpace);
}

/// The argument of the function that a returned buffer is, if it is one.
static std::optional<unsigned> getReturnedArgument(Value value) {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && isa<func::FuncOp>(argument.getOwner()->getParentOp()))
    return argument.getArgNumber();
  return std::nullopt;
}

/// Drops results that are arguments: the caller has those buffers. Upstream's
/// drop-equivalent-buffer-results leaves public functions alone, and those are
/// what a caller of compiled code calls.
static LogicalResult dropArgumentResults(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return success();
  auto terminator =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  SmallVector<std::optional<unsigned>> arguments;
  BitVector dropped(terminator.getNumOperands());
  for (auto [i, operand] : llvm::enumerate(terminator.getOperands())) {
    arguments.push_back(getReturnedArgument(operand));
    dropped[i] = arguments.back().has_value();
  }
  if (dropped.none())
    return success();

  std::optional<SymbolTable::UseRange> uses =
      SymbolTable::getSymbolUses(function, function->getParentOp());
  if (!uses)
    return function.emitOpError("has uses that cannot be analyzed");
  for (SymbolTable::SymbolUse use : *uses) {
    auto call = dyn_cast<func::CallOp>(use.getUser());
    if (!call)
      return use.getUser()->emitOpError("refers to a function whose results "
                                        "are arguments of it; only calls may");
    OpBuilder b(call);
    for (auto [argument, result] : llvm::zip(arguments, call.getResults())) {
      if (!argument)
        continue;
      Value buffer = call.getOperand(*argument);
      if (buffer.getType() != result.getType())
        buffer =
            memref::CastOp::create(b, call.getLoc(), result.getType(), buffer);
      result.replaceAllUsesWith(buffer);
    }
    SmallVector<Type> types;
    SmallVector<Value> kept;
    for (auto [argument, result] : llvm::zip(arguments, call.getResults()))
      if (!argument) {
        types.push_back(result.getType());
        kept.push_back(result);
      }
    auto shorter = func::CallOp::create(b, call.getLoc(), call.getCallee(),
                                        types, call.getOperands());
    for (auto [old, replacement] : llvm::zip(kept, shorter.getResults()))
      old.replaceAllUsesWith(replacement);
    call.erase();
  }
  terminator->eraseOperands(dropped);
  return function.eraseResults(dropped);
}

namespace {
struct SpattnBufferizePass
    : public spattn::impl::SpattnBufferizeBase<SpattnBufferizePass> {
  using SpattnBufferizeBase::SpattnBufferizeBase;

  void runOnOperation() override {
    OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    options.functionArgTypeConverterFn =
        [](TensorLikeType type, Attribute memorySpace, func::FuncOp,
           const BufferizationOptions &) -> BufferLikeType {
      return cast<BufferLikeType>(getArgumentType(type, memorySpace));
    };
    BufferizationState state;
    if (failed(runOneShotModuleBufferize(getOperation(), options, state)))
      return signalPassFailure();
    removeBufferizationAttributesInModule(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(dropArgumentResults(function)))
        return signalPassFailure();
  }
};
} // namespace
