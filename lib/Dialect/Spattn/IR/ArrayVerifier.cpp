//===- ArrayVerifier.cpp - What arrays of operations obey -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels M of merges and R of rows are those of the specification,
// docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "ArrayVerifier.h"

#include "Destinations.h"

using namespace mlir;
using namespace spattn;

static ShapedType shaped(Value value) {
  return cast<ShapedType>(value.getType());
}

/// M1, R1: the layout is a permutation of the four dimensions.
static LogicalResult verifyLayout(KernelOpInterface op) {
  if (!Layout::parse(op.getLayout()))
    return op->emitOpError("expected 'layout' to be a permutation of \"bhnd\" "
                           "(batch, head, length, head dimension), got \"")
           << op.getLayout() << "\"";
  return success();
}

/// M3, R3: operands are all ranked tensors or all strided buffers, of a
/// dimension for each of their sizes.
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

/// M4, R4: elements are f32, or one type of 16 bits; numbers are f32, and those
/// of rows i32.
static LogicalResult verifyElementTypes(KernelOpInterface op,
                                        ArrayRef<KernelArray> arrays) {
  const KernelArray *half = nullptr;
  for (const KernelArray &array : arrays) {
    Type element = shaped(array.value).getElementType();
    if (array->elements == ElementKind::I32) {
      if (!element.isInteger(32))
        return op->emitOpError("expected '")
               << array.name << "' to have element type i32, got " << element;
      continue;
    }
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

/// M5, R5: heads, head dimensions and terms are static and positive, and the
/// last two at most 1,024.
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
        return op->emitOpError("expected a ")
               << array->getSizeText(dim) << " of at most 1024 of '"
               << array.name << "', got " << size;
    }
  return success();
}

/// M6, R6: sizes agree.
static LogicalResult verifyAgreement(KernelOpInterface op,
                                     ArrayRef<KernelArray> arrays) {
  Layout order = op.getDimOrder();
  auto sizeOf = [&](const KernelArray &array, Dim dim) {
    return shaped(array.value).getDimSize(order.getDim(*array.info, dim));
  };
  for (Dim dim : kDims)
    for (const KernelArray &array : arrays) {
      if (!array->has(dim) || ShapedType::isDynamic(sizeOf(array, dim)))
        continue;
      // The first that counts the same, and has a size.
      const KernelArray &model =
          *llvm::find_if(arrays, [&](const KernelArray &other) {
            return other->getExtent(dim) == array->getExtent(dim) &&
                   !ShapedType::isDynamic(sizeOf(other, dim));
          });
      if (sizeOf(array, dim) != sizeOf(model, dim))
        return op->emitOpError("expected '")
               << model.name << "' and '" << array.name << "' to have the same "
               << array->getSizeText(dim) << ", got " << sizeOf(model, dim)
               << " and " << sizeOf(array, dim);
    }
  return success();
}

/// M7, R7: a result for each tensor of the destinations, of its type.
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

LogicalResult spattn::verifyArrays(KernelOpInterface op) {
  if (failed(verifyLayout(op)))
    return failure();
  SmallVector<KernelArray> arrays = op.getKernelArrays();
  return success(succeeded(verifyRanks(op, arrays)) &&
                 succeeded(verifyElementTypes(op, arrays)) &&
                 succeeded(verifyStaticSizes(op, arrays)) &&
                 succeeded(verifyAgreement(op, arrays)) &&
                 succeeded(verifyResults(op, arrays)));
}

LogicalResult spattn::verifyElementsOf(KernelOpInterface op,
                                       const KernelArray &array,
                                       const KernelArray &model, StringRef what,
                                       bool orF32) {
  Type element = shaped(array.value).getElementType();
  Type expected = shaped(model.value).getElementType();
  if (element == expected || (orF32 && element.isF32()))
    return success();
  return op->emitOpError("expected '")
         << array.name << "' to have the element type of " << what << ", "
         << expected << (orF32 ? ", or f32" : "") << ", got " << element;
}

LogicalResult spattn::inferResults(ArrayRef<ValueRange> destinations,
                                   SmallVectorImpl<Type> &types) {
  for (ValueRange values : destinations)
    for (Value value : values)
      if (isa<RankedTensorType>(value.getType()))
        types.push_back(value.getType());
  return success();
}
