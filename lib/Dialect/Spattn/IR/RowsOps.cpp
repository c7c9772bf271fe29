//===- RowsOps.cpp - Rows of arrays by number -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels R1 to R10 are those of the specification, docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "ArrayVerifier.h"
#include "Destinations.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

/// R9: what is added to the mean of squares is finite and positive.
static LogicalResult verifyEpsilon(Operation *op, const APFloat &epsilon) {
  if (epsilon.isFinite() && !epsilon.isNegative() && !epsilon.isZero())
    return success();
  return op->emitOpError("expected an 'epsilon' that is positive and finite");
}

/// R2: there are sources, a destination for each, and a truth value, if any.
/// R8: destinations have the elements of their sources.
LogicalResult GatherRowsOp::verify() {
  size_t count = getSources().size();
  if (count == 0)
    return emitOpError("expected one of 'sources' or more, got none");
  if (getOuts().size() != count)
    return emitOpError("expected as many of 'outs' as of 'sources', ")
           << count << ", got " << getOuts().size();
  if (std::optional<ArrayRef<bool>> marks = getUnitRms();
      marks && marks->size() != count)
    return emitOpError("expected as many of 'unit_rms' as of 'sources', ")
           << count << ", got " << marks->size();
  if (failed(verifyArrays(*this)) || failed(verifyEpsilon(*this, getEpsilon())))
    return failure();
  SmallVector<KernelArray> arrays = getKernelArrays();
  for (size_t i = 0; i < count; ++i)
    if (failed(verifyElementsOf(*this, arrays[count + 1 + i], arrays[i],
                                "its source", /*orF32=*/false)))
      return failure();
  return success();
}

/// R8: the sum has the elements of the source, or f32.
LogicalResult SumRowsOp::verify() {
  if (failed(verifyArrays(*this)) || failed(verifyEpsilon(*this, getEpsilon())))
    return failure();
  SmallVector<KernelArray> arrays = getKernelArrays();
  return verifyElementsOf(*this, arrays.back(), arrays.front(), "'source'",
                          /*orF32=*/true);
}

/// R10: all share the vectors, of which each number has a set, and which have
/// the elements of rows.
LogicalResult HashRowsOp::verify() {
  if (failed(verifyArrays(*this)))
    return failure();
  SmallVector<KernelArray> arrays = getKernelArrays();
  Layout order = cast<KernelOpInterface>(getOperation()).getDimOrder();
  auto sizeOf = [&](const KernelArray &array, Dim dim) {
    return cast<ShapedType>(array.value.getType())
        .getDimSize(order.getDim(*array.info, dim));
  };
  if (int64_t batch = sizeOf(arrays[1], Dim::Batch); batch != 1)
    return emitOpError("expected 'vectors' with a batch size of 1, got ")
           << getVectors().getType();
  int64_t sets = sizeOf(arrays[1], Dim::Head);
  int64_t terms = sizeOf(arrays[2], Dim::Width);
  if (sets != terms)
    return emitOpError("expected a number in 'out' for each of the sets of "
                       "'vectors', ")
           << sets << ", got " << terms;
  return verifyElementsOf(*this, arrays[1], arrays[0], "'source'",
                          /*orF32=*/false);
}

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

StringRef GatherRowsOp::getKernelName() { return "gather_rows"; }
SmallVector<KernelScalar> GatherRowsOp::getKernelScalars() { return {}; }

SmallVector<KernelArray> GatherRowsOp::getKernelArrays() {
  SmallVector<KernelArray> arrays;
  for (auto [i, value] : llvm::enumerate(getSources()))
    arrays.push_back({value, &kSourceRows, "sources[" + std::to_string(i) + "]",
                      "x" + std::to_string(i), /*isWritten=*/false});
  arrays.push_back(
      {getRows(), &kRowNumbers, "rows", "rows", /*isWritten=*/false});
  for (auto [i, value] : llvm::enumerate(getOuts()))
    arrays.push_back({value, &getOperandInfo(OperandKind::Out),
                      "outs[" + std::to_string(i) + "]",
                      "o" + std::to_string(i), /*isWritten=*/true});
  return arrays;
}

MutableOperandRange GatherRowsOp::getDpsInitsMutable() {
  return getOutsMutable();
}

LogicalResult GatherRowsOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferResults({ValueRange(adaptor.getOuts())}, types);
}

void GatherRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}

StringRef SumRowsOp::getKernelName() { return "sum_rows"; }
SmallVector<KernelScalar> SumRowsOp::getKernelScalars() { return {}; }

SmallVector<KernelArray> SumRowsOp::getKernelArrays() {
  const OperandInfo &rows = getOperandInfo(OperandKind::Out);
  SmallVector<KernelArray> arrays{
      {getSource(), &kSourceRows, "source", "x", /*isWritten=*/false},
      {getRows(), &kRowNumbersOfTerms, "rows", "rows", /*isWritten=*/false}};
  if (getUnitRmsOf())
    arrays.push_back(
        {getUnitRmsOf(), &rows, "unit_rms_of", "of", /*isWritten=*/false});
  if (getAdd())
    arrays.push_back({getAdd(), &rows, "add", "add", /*isWritten=*/false});
  arrays.push_back({getOut(), &rows, "out", "o", /*isWritten=*/true});
  return arrays;
}

MutableOperandRange SumRowsOp::getDpsInitsMutable() {
  return MutableOperandRange(*this, getNumOperands() - 1, 1);
}

LogicalResult SumRowsOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferResults({ValueRange(adaptor.getODSOperands(4))}, types);
}

void SumRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}

StringRef HashRowsOp::getKernelName() { return "hash_rows"; }
SmallVector<KernelScalar> HashRowsOp::getKernelScalars() { return {}; }

SmallVector<KernelArray> HashRowsOp::getKernelArrays() {
  return {{getSource(), &getOperandInfo(OperandKind::Out), "source", "x",
           /*isWritten=*/false},
          {getVectors(), &kHashVectors, "vectors", "w", /*isWritten=*/false},
          {getOut(), &kRowNumbersOfTerms, "out", "o", /*isWritten=*/true}};
}

MutableOperandRange HashRowsOp::getDpsInitsMutable() {
  return MutableOperandRange(*this, 2, 1);
}

LogicalResult HashRowsOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  return inferResults({operands.drop_front(2)}, types);
}

void HashRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDestinationEffects(*this, effects);
}
