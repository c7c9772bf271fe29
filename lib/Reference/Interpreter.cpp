//===- Interpreter.cpp - Runs functions of attention directly -------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Interpreter.h"

#include "RowOperations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "spattn/Reference/Gradients.h"
#include "spattn/Support/Elements.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace spattn;

namespace {
class Interpreter {
public:
  LogicalResult bindArguments(func::FuncOp function,
                              ArrayRef<ReferenceValue> arguments);
  FailureOr<SmallVector<ReferenceValue>> run(Block &block);

private:
  LogicalResult run(Operation &op);
  LogicalResult run(AttentionOpInterface op);
  /// An operation on rows, such as a merge.
  LogicalResult runRows(KernelOpInterface op);
  LogicalResult run(arith::ConstantOp op);
  LogicalResult run(tensor::EmptyOp op);
  template <class DimOp>
  LogicalResult runDim(DimOp op);

  /// The problem of an operation, with its scalars.
  AttentionProblem getProblem(AttentionOpInterface op);
  /// The arrays of an operation, in order. It writes to its buffers, or to what
  /// become its results.
  FailureOr<SmallVector<BufferView>> makeViews(KernelOpInterface op);
  /// An array of zeros.
  FailureOr<ReferenceArray> allocate(Operation *op, ElementType elementType,
                                     ArrayRef<int64_t> sizes);

  template <class T>
  const T &get(Value value) {
    return std::get<T>(values.find(value)->second);
  }
  const BufferView &view(Value value) {
    return get<ReferenceArray>(value).view;
  }

  DenseMap<Value, ReferenceValue> values;
};
} // namespace

/// Whether a value is one of its type.
static bool matches(const ReferenceValue &value, Type type) {
  if (isa<FloatType>(type))
    return std::holds_alternative<double>(value);
  if (type.isIntOrIndex())
    return std::holds_alternative<int64_t>(value);
  auto shaped = dyn_cast<ShapedType>(type);
  auto *array = std::get_if<ReferenceArray>(&value);
  if (!shaped || !shaped.hasRank() || !array)
    return false;
  const BufferView &view = array->view;
  if (getElementType(shaped.getElementType()) != view.elementType ||
      view.strides.size() != view.sizes.size() ||
      static_cast<int64_t>(view.sizes.size()) != shaped.getRank())
    return false;
  return llvm::all_of(llvm::zip(view.sizes, shaped.getShape()), [](auto dim) {
    auto [size, expected] = dim;
    return size >= 0 && (ShapedType::isDynamic(expected) || size == expected);
  });
}

LogicalResult Interpreter::bindArguments(func::FuncOp function,
                                         ArrayRef<ReferenceValue> arguments) {
  if (arguments.size() != function.getNumArguments())
    return function.emitError("expected ")
           << function.getNumArguments() << " arguments, got "
           << arguments.size();
  for (auto [i, value] : llvm::enumerate(arguments)) {
    BlockArgument argument = function.getArgument(i);
    if (!matches(value, argument.getType()))
      return emitError(argument.getLoc(), "argument ")
             << i << " does not fit its type " << argument.getType();
    values[argument] = value;
  }
  return success();
}

FailureOr<ReferenceArray> Interpreter::allocate(Operation *op,
                                                ElementType elementType,
                                                ArrayRef<int64_t> sizes) {
  int64_t total = getElementBytes(elementType);
  for (int64_t size : sizes) {
    if (size < 0)
      return op->emitError("expected sizes from 0, got ") << size;
    if (llvm::MulOverflow<int64_t>(total, std::max<int64_t>(size, 1), total))
      return op->emitError("an array of 2^63 bytes or more");
  }
  // Untouched zeros cost nothing.
  std::shared_ptr<void> memory(std::calloc(total, 1), std::free);
  if (!memory)
    return op->emitError("out of memory: ") << total << " bytes";
  return ReferenceArray{
      BufferView::contiguous(memory.get(), elementType, sizes), memory};
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

AttentionProblem Interpreter::getProblem(AttentionOpInterface op) {
  AttentionProblem problem = AttentionProblem::get(op);
  for (const AttentionOperand &scalar : op.getScalarOperands())
    problem.getScalar(scalar->kind) = get<double>(scalar.value);
  return problem;
}

FailureOr<SmallVector<BufferView>>
Interpreter::makeViews(KernelOpInterface op) {
  SmallVector<BufferView> views;
  unsigned result = 0;
  for (const KernelArray &array : op.getKernelArrays()) {
    views.push_back(view(array.value));
    // A buffer is written, a tensor replaced by a new one.
    if (!array.isWritten || !isa<RankedTensorType>(array.value.getType()))
      continue;
    FailureOr<ReferenceArray> made =
        allocate(op, views.back().elementType, views.back().sizes);
    if (failed(made))
      return failure();
    views.back() = made->view;
    values[op->getResult(result++)] = *made;
  }
  return views;
}

/// Reports an error of the oracle at an operation.
static LogicalResult report(Operation *op, llvm::Error error) {
  if (error)
    return op->emitError(llvm::toString(std::move(error)));
  return success();
}

LogicalResult Interpreter::run(AttentionOpInterface op) {
  FailureOr<SmallVector<BufferView>> views =
      makeViews(cast<KernelOpInterface>(*op));
  if (failed(views))
    return failure();
  OperandArrays arrays;
  for (auto [operand, view] : llvm::zip(op.getAttentionOperands(), *views))
    arrays[operand->kind] = view;
  return report(op, isa<AttentionOp>(op)
                        ? evaluate(getProblem(op), arrays)
                        : evaluateGradients(getProblem(op), arrays));
}

LogicalResult Interpreter::runRows(KernelOpInterface op) {
  FailureOr<SmallVector<BufferView>> views = makeViews(op);
  if (failed(views))
    return failure();
  return report(op, evaluateRows(op, *views));
}

LogicalResult Interpreter::run(arith::ConstantOp op) {
  Attribute attr = op.getValue();
  if (auto value = dyn_cast<FloatAttr>(attr)) {
    values[op] = value.getValueAsDouble();
    return success();
  }
  if (auto value = dyn_cast<IntegerAttr>(attr);
      value && value.getValue().getSignificantBits() <= 64) {
    values[op] = value.getValue().getSExtValue();
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense || !isa<RankedTensorType>(op.getType()) ||
      !getElementType(dense.getElementType()))
    return op.emitError("the reference interpreter has no constants of type ")
           << op.getType();
  FailureOr<ReferenceArray> array = allocate(
      op, *getElementType(dense.getElementType()), dense.getType().getShape());
  if (failed(array))
    return failure();
  // The raw data is that of the array, or of the one element of a splat.
  ArrayRef<char> raw = dense.getRawData();
  auto *data = static_cast<char *>(array->view.data);
  int64_t count = array->view.getNumElements();
  for (int64_t i = 0; i < count && !raw.empty();
       i += dense.isSplat() ? 1 : count)
    std::memcpy(data + i * raw.size(), raw.data(), raw.size());
  values[op] = *array;
  return success();
}

LogicalResult Interpreter::run(tensor::EmptyOp op) {
  SmallVector<int64_t> sizes(op.getType().getShape());
  auto next = op.getDynamicSizes().begin();
  for (int64_t &size : sizes)
    if (ShapedType::isDynamic(size))
      size = get<int64_t>(*next++);
  std::optional<ElementType> element =
      getElementType(op.getType().getElementType());
  if (!element)
    return op.emitError("the reference interpreter has no arrays of ")
           << op.getType().getElementType();
  FailureOr<ReferenceArray> array = allocate(op, *element, sizes);
  if (failed(array))
    return failure();
  values[op] = *array;
  return success();
}

template <class DimOp>
LogicalResult Interpreter::runDim(DimOp op) {
  int64_t index = get<int64_t>(op.getIndex());
  const BufferView &array = view(op.getSource());
  if (index < 0 || index >= static_cast<int64_t>(array.sizes.size()))
    return op.emitError("dimension ")
           << index << " of an array of rank " << array.sizes.size();
  int64_t size = array.sizes[index];
  values[op] = size;
  return success();
}

LogicalResult Interpreter::run(Operation &op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](AttentionOpInterface op) { return run(op); })
      .Case<MergeOp, MergeBackwardOp, GatherRowsOp, SumRowsOp, HashRowsOp>(
          [&](Operation *op) { return runRows(cast<KernelOpInterface>(op)); })
      .Case([&](arith::ConstantOp op) { return run(op); })
      .Case([&](tensor::EmptyOp op) { return run(op); })
      .Case([&](tensor::DimOp op) { return runDim(op); })
      .Case([&](memref::DimOp op) { return runDim(op); })
      .Default([](Operation *op) {
        return op->emitError("the reference interpreter does not run '")
               << op->getName()
               << "'; it runs spattn.attention, "
                  "spattn.attention_backward, spattn.merge, "
                  "spattn.merge_backward, spattn.gather_rows, "
                  "spattn.sum_rows, spattn.hash_rows, tensor.empty, "
                  "tensor.dim, "
                  "memref.dim, arith.constant and func.return";
      });
}

FailureOr<SmallVector<ReferenceValue>> Interpreter::run(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(run(op)))
      return failure();
  Operation *terminator = block.getTerminator();
  if (!isa<func::ReturnOp>(terminator))
    return run(*terminator);
  SmallVector<ReferenceValue> results;
  for (Value operand : terminator->getOperands())
    results.push_back(values.find(operand)->second);
  return results;
}

FailureOr<SmallVector<ReferenceValue>>
spattn::interpretFunction(func::FuncOp function,
                          ArrayRef<ReferenceValue> arguments) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("the reference interpreter runs functions of one "
                              "block, got ")
           << function.getBody().getBlocks().size();
  Interpreter interpreter;
  if (failed(interpreter.bindArguments(function, arguments)))
    return failure();
  return interpreter.run(function.getBody().front());
}
