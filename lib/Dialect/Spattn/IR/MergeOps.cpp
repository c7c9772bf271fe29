//===- MergeOps.cpp - Merges of attentions and their gradients ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels M1 to M9 are those of the specification, docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#include "ArrayVerifier.h"
#include "Destinations.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

using namespace mlir;
using namespace spattn;

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
  if (getRows()) {
    // Rows of parts are not those of the output.
    for (KernelArray &array : arrays)
      array.info = array->has(Dim::Width) ? &kSourceRows : &kSourceNumbers;
    arrays.push_back({getRows(), &kRowNumbersOfTerms, "rows", "rows",
                      /*isWritten=*/false});
  }
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

/// M9: parts that are rows of an array are those of one, and the output has its
/// elements, or f32.
LogicalResult MergeOp::verify() {
  if (failed(verifyCounts(*this, getParts(), {{"lses", getLses()}})))
    return failure();
  if (getRows() && getParts().size() != 1)
    return emitOpError("expected one of 'parts' with 'rows', got ")
           << getParts().size();
  if (failed(verifyArrays(*this)))
    return failure();
  SmallVector<KernelArray> arrays = getKernelArrays();
  return getRows() ? verifyElementsOf(*this, arrays[3], arrays[0], "its parts",
                                      /*orF32=*/true)
                   : success();
}

/// M8: a gradient has the elements of its part, or f32.
LogicalResult MergeBackwardOp::verify() {
  if (failed(verifyCounts(*this, getParts(),
                          {{"lses", getLses()},
                           {"dparts", getDparts()},
                           {"dlses", getDlses()}})) ||
      failed(verifyArrays(*this)))
    return failure();
  SmallVector<KernelArray> arrays = getKernelArrays();
  size_t count = getParts().size();
  ArrayRef<KernelArray> gradients =
      ArrayRef(arrays).take_back(2 * count).take_front(count);
  for (auto [part, gradient] : llvm::zip(arrays, gradients))
    if (failed(verifyElementsOf(*this, gradient, part, "its part",
                                /*orF32=*/true)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

StringRef MergeOp::getKernelName() { return "merge"; }
SmallVector<KernelScalar> MergeOp::getKernelScalars() { return {}; }

MutableOperandRange MergeOp::getDpsInitsMutable() {
  unsigned start = getParts().size() + getLses().size() + !!getRows();
  return MutableOperandRange(*this, start, getNumOperands() - start);
}

LogicalResult MergeOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferResults({ValueRange(adaptor.getODSOperands(3)),
                       ValueRange(adaptor.getODSOperands(4))},
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
