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
using spattn::kResultArgumentsName;

/// A buffer of any strides but a unit innermost one. Of an unranked tensor
/// nothing is known.
static BaseMemRefType getBoundaryType(TensorType type, Attribute memorySpace) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return UnrankedMemRefType::get(type.getElementType(), memorySpace);
  SmallVector<int64_t> strides(tensor.getRank(), ShapedType::kDynamic);
  if (!strides.empty())
    strides.back() = 1;
  auto layout = StridedLayoutAttr::get(tensor.getContext(),
                                       ShapedType::kDynamic, strides);
  return MemRefType::get(tensor.getShape(), tensor.getElementType(), layout,
                         memorySpace);
}

/// New buffers are contiguous, whatever strides their users are ready for.
static FailureOr<Value> allocate(OpBuilder &b, Location loc, MemRefType type,
                                 ValueRange sizes, unsigned alignment) {
  auto contiguous =
      MemRefType::get(type.getShape(), type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  if (!memref::CastOp::areCastCompatible(contiguous, type))
    return emitError(loc, "needs a new buffer of type ")
           << type << "; those have no gaps";
  Value buffer = memref::AllocOp::create(
      b, loc, contiguous, sizes,
      alignment ? b.getI64IntegerAttr(alignment) : IntegerAttr());
  if (contiguous != type)
    buffer = memref::CastOp::create(b, loc, type, buffer);
  return buffer;
}

/// Buffers hold fewer types of elements than tensors do.
static LogicalResult checkElementTypes(ModuleOp module) {
  auto check = [](Operation *op, TypeRange types) -> LogicalResult {
    for (Type type : types)
      if (auto tensor = dyn_cast<TensorType>(type))
        if (!BaseMemRefType::isValidElementType(tensor.getElementType()))
          return op->emitOpError("uses a tensor whose elements are of type ")
                 << tensor.getElementType()
                 << "; buffers hold integers, index, floats, complex numbers "
                    "and vectors";
    return success();
  };
  WalkResult result = module.walk([&](Operation *op) {
    if (auto function = dyn_cast<func::FuncOp>(op))
      return WalkResult(
          success(succeeded(check(op, function.getArgumentTypes())) &&
                  succeeded(check(op, function.getResultTypes()))));
    return WalkResult(check(op, op->getResultTypes()));
  });
  return failure(result.wasInterrupted());
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

/// Calls a function for those of its results that it still has, and takes the
/// others from the arguments.
static void updateCall(func::CallOp call,
                       ArrayRef<std::optional<unsigned>> arguments) {
  OpBuilder b(call);
  SmallVector<Type> types;
  SmallVector<Value> kept;
  for (auto [argument, result] : llvm::zip(arguments, call.getResults())) {
    if (!argument) {
      types.push_back(result.getType());
      kept.push_back(result);
      continue;
    }
    Value buffer = call.getOperand(*argument);
    if (buffer.getType() != result.getType())
      buffer =
          memref::CastOp::create(b, call.getLoc(), result.getType(), buffer);
    result.replaceAllUsesWith(buffer);
  }
  auto shorter = func::CallOp::create(b, call.getLoc(), call.getCallee(), types,
                                      call.getOperands());
  for (auto [old, replacement] : llvm::zip(kept, shorter.getResults()))
    old.replaceAllUsesWith(replacement);
  call.erase();
}

/// Notes which results are gone, in a function that asks for it.
static void noteDropped(func::FuncOp function,
                        ArrayRef<std::optional<unsigned>> arguments) {
  auto noted = function->getAttrOfType<DenseI64ArrayAttr>(kResultArgumentsName);
  if (!noted)
    return;
  SmallVector<int64_t> all(noted.asArrayRef());
  size_t next = 0;
  for (int64_t &entry : all)
    if (entry < 0)
      if (std::optional<unsigned> argument = arguments[next++])
        entry = *argument;
  function->setAttr(kResultArgumentsName,
                    DenseI64ArrayAttr::get(function.getContext(), all));
}

/// Drops results that are arguments: the caller has those buffers. Upstream's
/// drop-equivalent-buffer-results leaves public functions alone, and those are
/// what a caller of compiled code calls. Says whether there were any.
static FailureOr<bool> dropArgumentResults(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return false;
  auto terminator =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  SmallVector<std::optional<unsigned>> arguments;
  BitVector dropped(terminator.getNumOperands());
  for (auto [i, operand] : llvm::enumerate(terminator.getOperands())) {
    arguments.push_back(getReturnedArgument(operand));
    dropped[i] = arguments.back().has_value();
  }
  if (dropped.none())
    return false;

  std::optional<SymbolTable::UseRange> uses =
      SymbolTable::getSymbolUses(function, function->getParentOp());
  if (!uses)
    return function.emitOpError("has uses that cannot be analyzed");
  for (SymbolTable::SymbolUse use : *uses) {
    auto call = dyn_cast<func::CallOp>(use.getUser());
    if (!call)
      return use.getUser()->emitOpError("refers to a function whose results "
                                        "are arguments of it; only calls may");
    updateCall(call, arguments);
  }
  noteDropped(function, arguments);
  terminator->eraseOperands(dropped);
  if (failed(function.eraseResults(dropped)))
    return failure();
  return true;
}

/// Moves constants to the start of their function. One-Shot Bufferize lets a
/// loop yield the constant itself, in memory that nobody may write, if it is
/// inside of the loop, and a copy of it otherwise.
static void hoistConstants(func::FuncOp function) {
  if (function.isExternal())
    return;
  SmallVector<Operation *> constants;
  function.walk([&](Operation *op) {
    if (op->hasTrait<OpTrait::ConstantLike>() &&
        isa<TensorType>(op->getResult(0).getType()) &&
        op->getParentOp() != function)
      constants.push_back(op);
  });
  Block &entry = function.getBody().front();
  for (Operation *constant : constants)
    constant->moveBefore(&entry, entry.begin());
}

namespace {
struct SpattnBufferizePass
    : public spattn::impl::SpattnBufferizeBase<SpattnBufferizePass> {
  using SpattnBufferizeBase::SpattnBufferizeBase;

  void runOnOperation() override {
    // Modules inside of others have functions of their own.
    WalkResult result = getOperation()->walk<WalkOrder::PostOrder>(
        [](ModuleOp module) { return WalkResult(bufferize(module)); });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  static LogicalResult bufferize(ModuleOp module) {
    if (failed(checkElementTypes(module)))
      return failure();
    for (auto function : module.getOps<func::FuncOp>()) {
      hoistConstants(function);
      if (function->hasAttr(kResultArgumentsName))
        function->setAttr(
            kResultArgumentsName,
            DenseI64ArrayAttr::get(
                function.getContext(),
                SmallVector<int64_t>(function.getNumResults(), -1)));
    }

    OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    // Loops may yield other buffers than they were given.
    options.allowReturnAllocsFromLoops = true;
    options.functionArgTypeConverterFn =
        [](TensorLikeType type, Attribute memorySpace, func::FuncOp,
           const BufferizationOptions &) -> BufferLikeType {
      return cast<BufferLikeType>(
          getBoundaryType(cast<TensorType>(type), memorySpace));
    };
    options.allocationFn = allocate;
    // What a function returns may have to be copied for its caller, and a copy
    // has strides of its own.
    options.inferFunctionResultLayout = false;
    BufferizationState state;
    if (failed(runOneShotModuleBufferize(module, options, state)))
      return failure();
    removeBufferizationAttributesInModule(module);
    // A caller may return what its callee no longer does.
    for (bool changed = true; changed;) {
      changed = false;
      for (auto function : module.getOps<func::FuncOp>()) {
        FailureOr<bool> dropped = dropArgumentResults(function);
        if (failed(dropped))
          return failure();
        changed |= *dropped;
      }
    }
    return success();
  }
};
} // namespace
