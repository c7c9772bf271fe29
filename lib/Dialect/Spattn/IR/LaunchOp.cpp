//===- LaunchOp.cpp - Launches of outlined kernels ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NamedOperands.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

ParseResult spattn::parseNamedOperands(
    OpAsmParser &parser, ArrayAttr &names,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
    SmallVectorImpl<Type> &types) {
  SmallVector<Attribute> list;
  std::string name;
  if (succeeded(parser.parseOptionalKeywordOrString(&name)))
    while (true) {
      list.push_back(parser.getBuilder().getStringAttr(name));
      if (parser.parseEqual() || parser.parseOperand(operands.emplace_back()) ||
          parser.parseColonType(types.emplace_back()))
        return failure();
      if (failed(parser.parseOptionalComma()))
        break;
      if (parser.parseKeywordOrString(&name))
        return failure();
    }
  names = parser.getBuilder().getArrayAttr(list);
  return success();
}

void spattn::printNamedOperands(OpAsmPrinter &printer, Operation *op,
                                ArrayAttr names, OperandRange operands,
                                TypeRange types) {
  llvm::interleaveComma(
      llvm::zip(names.getAsRange<StringAttr>(), operands, types), printer,
      [&](auto entry) {
        auto [name, operand, type] = entry;
        printer.printKeywordOrString(name.getValue());
        printer << " = " << operand << " : " << type;
      });
}

//===----------------------------------------------------------------------===//
// LaunchOp
//===----------------------------------------------------------------------===//

MutableOperandRange LaunchOp::getDpsInitsMutable() { return getOutsMutable(); }

LogicalResult LaunchOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &inferredReturnTypes) {
  LaunchOp::Adaptor adaptor(operands, attributes, properties, regions);
  for (Value out : adaptor.getOuts())
    if (isa<RankedTensorType>(out.getType()))
      inferredReturnTypes.push_back(out.getType());
  return success();
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getInputsMutable())
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getOutsMutable())
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
}

SmallVector<StringRef> LaunchOp::getBufferNames() {
  SmallVector<StringRef> names;
  for (ArrayAttr list : {getInputNames(), getOutNames()})
    llvm::append_range(names, list.getAsValueRange<StringAttr>());
  return names;
}

SmallVector<Value> LaunchOp::getBuffers() {
  SmallVector<Value> buffers(getInputs());
  llvm::append_range(buffers, getOuts());
  return buffers;
}

/// L4.
static bool isElementType(Type type) {
  return type.isSignlessInteger(8) || type.isSignlessInteger(16) ||
         type.isSignlessInteger(32) || type.isSignlessInteger(64) ||
         type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}

LogicalResult LaunchOp::verify() {
  auto checkCount = [&](const char *what, OperandRange operands,
                        ArrayAttr names) -> LogicalResult {
    if (operands.size() != names.size())
      return emitOpError("expected a name for each of the ")
             << operands.size() << " '" << what << "', got " << names.size();
    return success();
  };
  if (failed(checkCount("inputs", getInputs(), getInputNames())) ||
      failed(checkCount("values", getValues(), getValueNames())) ||
      failed(checkCount("outs", getOuts(), getOutNames())))
    return failure();
  if (getOuts().empty())
    return emitOpError("expected one of 'outs' or more, got none");

  llvm::StringSet<> known;
  for (ArrayAttr list : {getInputNames(), getValueNames(), getOutNames()})
    for (StringRef name : list.getAsValueRange<StringAttr>()) {
      if (name.empty() || name.contains('\0'))
        return emitOpError("expected names that are not empty and hold no NUL");
      if (!known.insert(name).second)
        return emitOpError("uses the name '") << name << "' twice";
    }

  for (auto [name, value] : llvm::zip(getBufferNames(), getBuffers())) {
    auto memref = dyn_cast<MemRefType>(value.getType());
    if (!isa<RankedTensorType>(value.getType()) &&
        !(memref && memref.isStrided()))
      return emitOpError("expected '")
             << name << "' to be a ranked tensor or a strided memref, got "
             << value.getType();
    Type element = cast<ShapedType>(value.getType()).getElementType();
    if (!isElementType(element))
      return emitOpError("expected '")
             << name
             << "' to have elements that are integers of 8, 16, 32 or 64 bits, "
                "f16, bf16, f32 or f64, got "
             << element;
  }
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  Operation *found =
      symbolTable.lookupNearestSymbolFrom(*this, getKernelsAttr());
  if (!found)
    return emitOpError("refers to ")
           << getKernelsAttr() << ", but there is no such symbol";
  if (!isa<gpu::GPUModuleOp, gpu::BinaryOp>(found))
    return emitOpError("expected ")
           << getKernelsAttr()
           << " to be a 'gpu.module' or a 'gpu.binary', got '"
           << found->getName() << "'";
  return success();
}
