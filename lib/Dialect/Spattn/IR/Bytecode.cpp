//===- Bytecode.cpp - Files that later versions read ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The encoding that ODS generates depends on how many operands and attributes
// an operation has, and on their order: one that is added makes older files
// unreadable. So attention writes the names of its operands, and its attributes
// as a dictionary. Other operations, whose operands do not change, have the
// encoding of ODS; attributes are encoded as text.
//
//===----------------------------------------------------------------------===//

#include "Bytecode.h"

#include "spattn/Dialect/Spattn/IR/BytecodeVersion.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Versions
//===----------------------------------------------------------------------===//

namespace {
/// Writes the version of the dialect, and refuses files of later ones.
class SpattnBytecodeInterface : public BytecodeDialectInterface {
public:
  explicit SpattnBytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    uint64_t version = kBytecodeVersion;
    // What a caller asks for, as tests do.
    if (auto asked = writer.getDialectVersion<SpattnDialect>();
        succeeded(asked))
      version = static_cast<const BytecodeVersion *>(*asked)->number;
    writer.writeVarInt(version);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    auto version = std::make_unique<BytecodeVersion>();
    if (failed(reader.readVarInt(version->number)))
      return nullptr;
    if (version->number > kBytecodeVersion) {
      reader.emitError("the file has version ")
          << version->number
          << " of the dialect 'spattn'; this spattn reads versions up to "
          << kBytecodeVersion;
      return nullptr;
    }
    return version;
  }
};
} // namespace

void spattn::addBytecodeInterface(SpattnDialect &dialect) {
  dialect.addInterface(std::make_unique<SpattnBytecodeInterface>(&dialect));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// The name of a property that is not an attribute of the operation.
static constexpr llvm::StringLiteral kSegments = "operandSegmentSizes";

template <class AttentionOpTy>
static void writeNamed(AttentionOpTy op, DialectBytecodeWriter &writer) {
  MLIRContext *context = op.getContext();
  SmallVector<Attribute> names;
  ArrayRef<OperandInfo> table = AttentionOpTy::getOperandTable();
  const auto &properties = op.getProperties();
  for (auto [info, count] : llvm::zip(table, properties.operandSegmentSizes))
    if (count != 0)
      names.push_back(StringAttr::get(context, info.name));
  writer.writeAttribute(ArrayAttr::get(context, names));
  NamedAttrList attributes;
  AttentionOpTy::populateInherentAttrs(context, properties, attributes);
  attributes.erase(kSegments);
  writer.writeAttribute(attributes.getDictionary(context));
}

/// Operands and attributes that the file's version did not have are left out.
template <class AttentionOpTy>
static LogicalResult readNamed(DialectBytecodeReader &reader,
                               OperationState &state) {
  ArrayAttr names;
  DictionaryAttr attributes;
  if (failed(reader.readAttribute(names)) ||
      failed(reader.readAttribute(attributes)))
    return failure();
  auto error = [&] {
    return reader.emitError("operation '") << state.name << "': ";
  };
  ArrayRef<OperandInfo> table = AttentionOpTy::getOperandTable();
  SmallVector<int32_t> counts(table.size(), 0);
  for (Attribute attribute : names) {
    auto name = dyn_cast<StringAttr>(attribute);
    const OperandInfo *info = llvm::find_if(table, [&](const auto &info) {
      return name && info.name == name.getValue();
    });
    if (info == table.end())
      return error() << "there is no operand " << attribute;
    counts[info - table.begin()] = 1;
  }
  NamedAttrList all(attributes);
  all.set(kSegments, DenseI32ArrayAttr::get(reader.getContext(), counts));
  auto &properties =
      state.getOrAddProperties<typename AttentionOpTy::Properties>();
  return AttentionOpTy::setPropertiesFromAttr(
      properties, all.getDictionary(reader.getContext()), error);
}

LogicalResult AttentionOp::readProperties(DialectBytecodeReader &reader,
                                          OperationState &state) {
  return readNamed<AttentionOp>(reader, state);
}
void AttentionOp::writeProperties(DialectBytecodeWriter &writer) {
  writeNamed(*this, writer);
}

LogicalResult AttentionBackwardOp::readProperties(DialectBytecodeReader &reader,
                                                  OperationState &state) {
  return readNamed<AttentionBackwardOp>(reader, state);
}
void AttentionBackwardOp::writeProperties(DialectBytecodeWriter &writer) {
  writeNamed(*this, writer);
}
