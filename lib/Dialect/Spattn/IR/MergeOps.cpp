//===- MergeOps.cpp - Merges of attentions and their gradients ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels M1 to M8 are those of the specification, docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "Destinations.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

using namespace mlir;
using namespace spattn;

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// Adds arrays of a name, numbered: those that have rows, as `out` has, and
/// those of a number for each row, as `lse` has.
static void addArrays(SmallVectorImpl<KernelArray> &arrays, ValueRange values,
                      StringRef name, StringRef buffer, bool isWritten,
                      bool isNumbered = true) {
  for (auto [i, value] : llvm::enumerate(values)) {
    std::string number = isNumbered ? std::to_string(i) : "";
    bool isOfNumbers = name.contains("lse");
    arrays.push_back(
        {value,
         &getOperandInfo(isOfNumbers ? OperandKind::Lse : OperandKind::Out),
         (name + (isNumbered ? "[" + number + "]" : "")).str(),
         (buffer + number).str(), isWritten});
  }
}

static void addArray(SmallVectorImpl<KernelArray> &arrays, Value value,
                     StringRef name, StringRef buffer, bool isWritten) {
  if (value)
    addArrays(arrays, value, name, buffer, isWritten, /*isNumbered=*/false);
}

SmallVector<KernelArray> MergeOp::getKernelArrays() {
  SmallVector<KernelArray> arrays;
  addArrays(arrays, getParts(), "parts", "o", /*isWritten=*/false);
  addArrays(arrays, getLses(), "lses", "lse", /*isWritten=*/false);
  addArray(arrays, getOut(), "out", "o", /*isWritten=*/true);
  addArray(arrays, getLse(), "lse", "lse", /*isWritten=*/true);
  return arrays;
}

SmallVector<KernelArray> MergeBackwardOp::getKernelArrays() {
  SmallVector<KernelArray> arrays;
  addArrays(arrays, getParts(), "parts", "o", /*isWritten=*/false);
  addArrays(arrays, getLses(), "lses", "lse", /*isWritten=*/false);
  addArray(arrays, getDout(), "dout", "do", /*isWritten=*/false);
  addArray(arrays, getDlse(), "dlse", "dlse", /*isWritten=*/false);
  addArrays(arrays, getDparts(), "dparts", "do", /*isWritten=*/true);
  addArrays(arrays, getDlses(), "dlses", "dlse", /*isWritten=*/true);
  return arrays;
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

/// M1: the layout is a permutation of the four dimensions.
static LogicalResult verifyLayout(KernelOpInterface op) {
  if (!Layout::parse(op.getLayout()))
    return op->emitOpError("expected 'layout' to be a permutation of \"bhnd\" "
                           "(batch, head, length, head dimension), got \"")
           << op.getLayout() << "\"";
  return success();
}

/// M2: there are parts, and as many arrays of each kind.
static LogicalResult
verifyCounts(KernelOpInterface op, ValueRange parts,
             ArrayRef<std::pair<StringRef, ValueRange>> others) {
  if (parts.empty())
    return op->emitOpError("expected one of 'parts' or more, got none");
  for (auto [name, values] : others)
    if (values.size() != parts.size())
      return op->emitOpError("expected as many of '")
             << name << "' as of 'parts', " << parts.size() << ", got "
             << values.size();
  return success();
}

/// M3: operands are all ranked tensors or all strided buffers, of a dimension
/// for each of their sizes.
static LogicalResult verifyRanks(KernelOpInterface op,
                                 ArrayRef<KernelArray> arrays) {
  bool tensors = isa<RankedTensorType>(arrays.front().value.getType());
  for (const KernelArray &array : arrays) {
    Type type = array.value.getType();
    auto memref = dyn_cast<MemRefType>(type);
    if (!isa<RankedTensorType>(type) && !(memref && memref.isStrided()))
      return op->emitOpError("expected '")
             << array.name
             << "' to be a ranked tensor or a strided memref, got " << type;
    if (isa<RankedTensorType>(type) != tensors)
      return op->emitOpError("expected operands to be all tensors or all "
                             "buffers, but '")
             << array.name << "' is " << type;
    if (shaped(array.value).getRank() != array->getRank())
      return op->emitOpError("expected '")
             << array.name << "' of rank " << array->getRank() << ", got "
             << type;
  }
  return success();
}

/// M4: elements are f32, or one type of 16 bits; numbers are f32.
static LogicalResult verifyElementTypes(KernelOpInterface op,
                                        ArrayRef<KernelArray> arrays) {
  const KernelArray *half = nullptr;
  for (const KernelArray &array : arrays) {
    Type element = shaped(array.value).getElementType();
    if (element.isF32())
      continue;
    if (array->elements == ElementKind::F32)
      return op->emitOpError("expected '")
             << array.name << "' to have element type f32, got " << element;
    if (!element.isF16() && !element.isBF16())
      return op->emitOpError("expected elements of type f32, f16 or bf16 in '")
             << array.name << "', got " << element;
    if (!half)
      half = &array;
    Type expected = shaped(half->value).getElementType();
    if (element != expected)
      return op->emitOpError("expected '")
             << array.name << "' to have elements of type f32 or, as '"
             << half->name << "' has, " << expected << ", got " << element;
  }
  return success();
}

/// M5: heads and head dimensions are static and positive, and the latter at
/// most 1,024.
static LogicalResult verifyStaticSizes(KernelOpInterface op,
                                       ArrayRef<KernelArray> arrays) {
  Layout order = op.getDimOrder();
  for (const KernelArray &array : arrays)
    for (Dim dim : {Dim::Head, Dim::Width}) {
      if (!array->has(dim))
        continue;
      int64_t size =
          shaped(array.value).getDimSize(order.getDim(*array.info, dim));
      if (ShapedType::isDynamic(size))
        return op->emitOpError("expected a static ")
               << array->getSizeText(dim) << " of '" << array.name << "', got "
               << array.value.getType();
      if (size < 1)
        return op->emitOpError("expected a positive ")
               << array->getSizeText(dim) << " of '" << array.name << "', got "
               << array.value.getType();
      if (dim == Dim::Width && size > 1024)
        return op->emitOpError("expected a head dimension of at most 1024 of '")
               << array.name << "', got " << size;
    }
  return success();
}

/// M6: sizes agree.
static LogicalResult verifyAgreement(KernelOpInterface op,
                                     ArrayRef<KernelArray> arrays) {
  Layout order = op.getDimOrder();
  auto sizeOf = [&](const KernelArray &array, Dim dim) {
    return shaped(array.value).getDimSize(order.getDim(*array.info, dim));
  };
  for (Dim dim : kDims) {
    const KernelArray *model = nullptr;
    for (const KernelArray &array : arrays) {
      if (!array->has(dim) || ShapedType::isDynamic(sizeOf(array, dim)))
        continue;
      if (!model)
        model = &array;
      if (sizeOf(array, dim) != sizeOf(*model, dim))
        return op->emitOpError("expected '")
               << model->name << "' and '" << array.name
               << "' to have the same " << array->getSizeText(dim) << ", got "
               << sizeOf(*model, dim) << " and " << sizeOf(array, dim);
    }
  }
  return success();
}

/// M7: a result for each tensor of the destinations, of its type.
static LogicalResult verifyResults(KernelOpInterface op,
                                   ArrayRef<KernelArray> arrays) {
  SmallVector<Type> expected;
  for (const KernelArray &array : arrays)
    if (array.isWritten && isa<RankedTensorType>(array.value.getType()))
      expected.push_back(array.value.getType());
  if (op->getResultTypes() != TypeRange(expected))
    return op->emitOpError("expected results of the types of what is written");
  return success();
}

static LogicalResult verifyArrays(KernelOpInterface op) {
  if (failed(verifyLayout(op)))
    return failure();
  SmallVector<KernelArray> arrays = op.getKernelArrays();
  return success(succeeded(verifyRanks(op, arrays)) &&
                 succeeded(verifyElementTypes(op, arrays)) &&
                 succeeded(verifyStaticSizes(op, arrays)) &&
                 succeeded(verifyAgreement(op, arrays)) &&
                 succeeded(verifyResults(op, arrays)));
}

LogicalResult MergeOp::verify() {
  if (failed(verifyCounts(*this, getParts(), {{"lses", getLses()}})))
    return failure();
  return verifyArrays(*this);
}

/// M8: a gradient has the elements of its part, or f32.
LogicalResult MergeBackwardOp::verify() {
  if (failed(verifyCounts(*this, getParts(),
                          {{"lses", getLses()},
                           {"dparts", getDparts()},
                           {"dlses", getDlses()}})) ||
      failed(verifyArrays(*this)))
    return failure();
  for (auto [i, part, gradient] : llvm::enumerate(getParts(), getDparts())) {
    Type element = shaped(gradient).getElementType();
    Type expected = shaped(part).getElementType();
    if (!element.isF32() && element != expected)
      return emitOpError("expected 'dparts[")
             << i << "]' to have the element type of its part, " << expected
             << ", or f32, got " << element;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

static LogicalResult inferResults(ArrayRef<ValueRange> destinations,
                                  SmallVectorImpl<Type> &types) {
  for (ValueRange values : destinations)
    for (Value value : values)
      if (isa<RankedTensorType>(value.getType()))
        types.push_back(value.getType());
  return success();
}

StringRef MergeOp::getKernelName() { return "merge"; }
SmallVector<KernelScalar> MergeOp::getKernelScalars() { return {}; }

MutableOperandRange MergeOp::getDpsInitsMutable() {
  unsigned start = getParts().size() + getLses().size();
  return MutableOperandRange(*this, start, getNumOperands() - start);
}

LogicalResult MergeOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferResults({ValueRange(adaptor.getODSOperands(2)),
                       ValueRange(adaptor.getODSOperands(3))},
                      types);
}

void MergeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}

StringRef MergeBackwardOp::getKernelName() { return "merge_gradients"; }
SmallVector<KernelScalar> MergeBackwardOp::getKernelScalars() { return {}; }

MutableOperandRange MergeBackwardOp::getDpsInitsMutable() {
  unsigned count = getDparts().size() + getDlses().size();
  return MutableOperandRange(*this, getNumOperands() - count, count);
}

LogicalResult MergeBackwardOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferResults(
      {ValueRange(adaptor.getDparts()), ValueRange(adaptor.getDlses())}, types);
}

void MergeBackwardOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}
