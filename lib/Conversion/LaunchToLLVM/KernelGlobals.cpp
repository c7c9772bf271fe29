//===- KernelGlobals.cpp - Kernels in a program's memory ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelGlobals.h"

#include "mlir/IR/SymbolTable.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Runtime/CompiledProgram.h"

using namespace mlir;
using namespace spattn;

LLVM::LLVMStructType spattn::getBufferType(MLIRContext *context) {
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(
      context, {pointer, i64, i64, pointer, pointer});
}

LLVM::LLVMStructType spattn::getValueType(MLIRContext *context) {
  Type i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(context, {i64, i64});
}

LLVM::LLVMStructType spattn::getKernelsType(MLIRContext *context) {
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(
      context, {pointer, pointer, i64, i64, pointer, i64, pointer});
}

int64_t spattn::getElementTypeNumber(Type type) {
  if (type.isF16())
    return SPATTN_F16;
  if (type.isBF16())
    return SPATTN_BF16;
  if (type.isF32())
    return SPATTN_F32;
  if (type.isF64())
    return SPATTN_F64;
  switch (type.getIntOrFloatBitWidth()) {
  case 8:
    return SPATTN_I8;
  case 16:
    return SPATTN_I16;
  case 32:
    return SPATTN_I32;
  default:
    return SPATTN_I64;
  }
}

StringAttr spattn::getArtifact(gpu::BinaryOp binary) {
  for (auto object : binary.getObjects().getAsRange<gpu::ObjectAttr>())
    if (isa<spattn_gpu::TargetAttr>(object.getTarget()))
      return object.getObject();
  return {};
}

/// The bytes of the artifact that a launch refers to; none if it has not been
/// compiled.
static std::optional<int64_t> getArtifactBytes(Operation *table,
                                               StringAttr name) {
  // While a binary is being replaced there are two symbols of its name.
  for (Operation &op : table->getRegion(0).front()) {
    if (auto binary = dyn_cast<gpu::BinaryOp>(op);
        binary && binary.getSymNameAttr() == name)
      if (StringAttr artifact = getArtifact(binary))
        return artifact.size();
    if (auto global = dyn_cast<LLVM::GlobalOp>(op);
        global && global.getSymNameAttr() == name)
      if (auto bytes = dyn_cast_or_null<StringAttr>(global.getValueAttr()))
        return bytes.size();
  }
  return std::nullopt;
}

/// The name of the kernels, then those of buffers and values.
static std::string getNames(LaunchOp launch) {
  std::string names;
  auto add = [&](StringRef name) {
    names += name;
    names += '\0';
  };
  add(launch.getKernels());
  for (StringRef name : launch.getBufferNames())
    add(name);
  for (StringRef name : launch.getValueNames().getAsValueRange<StringAttr>())
    add(name);
  return names;
}

static void buildInitializer(OpBuilder &b, LLVM::GlobalOp global,
                             LaunchOp launch, LLVM::GlobalOp names,
                             int64_t artifactBytes) {
  OpBuilder::InsertionGuard guard(b);
  Location loc = launch.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  b.createBlock(&global.getInitializerRegion());
  Value kernels = LLVM::ZeroOp::create(b, loc, global.getType());
  auto set = [&](int64_t field, Value value) {
    kernels = LLVM::InsertValueOp::create(b, loc, kernels, value, field);
  };
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  };
  Value name = LLVM::AddressOfOp::create(b, loc, names);
  set(0, name);
  set(1, LLVM::GEPOp::create(
             b, loc, pointer, b.getI8Type(), name,
             ArrayRef<LLVM::GEPArg>{int32_t(launch.getKernels().size() + 1)}));
  set(2, constant(launch.getBuffers().size()));
  set(3, constant(launch.getValues().size()));
  set(4, LLVM::AddressOfOp::create(b, loc, pointer, launch.getKernelsAttr()));
  set(5, constant(artifactBytes));
  LLVM::ReturnOp::create(b, loc, kernels);
}

LLVM::GlobalOp spattn::getKernels(OpBuilder &b, LaunchOp launch) {
  Operation *table = SymbolTable::getNearestSymbolTable(launch);
  StringRef kernels = launch.getKernels();
  std::optional<int64_t> bytes =
      getArtifactBytes(table, launch.getKernelsAttr().getAttr());
  if (!bytes)
    return {};
  auto namesAttr = b.getStringAttr(getNames(launch));
  auto find = [&](const Twine &name) {
    return SymbolTable::lookupSymbolIn(table,
                                       StringAttr::get(b.getContext(), name));
  };
  // The first two symbols that are free, or that hold the same already.
  std::string suffix;
  for (unsigned i = 0;; suffix = "_" + std::to_string(i++)) {
    Operation *names = find(kernels + "_names" + suffix);
    Operation *global = find(kernels + "_launch" + suffix);
    if (!names && !global)
      break;
    auto found = dyn_cast_or_null<LLVM::GlobalOp>(names);
    if (found && found.getValueAttr() == namesAttr &&
        isa_and_nonnull<LLVM::GlobalOp>(global))
      return cast<LLVM::GlobalOp>(global);
  }

  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&table->getRegion(0).front());
  Location loc = launch.getLoc();
  auto names = LLVM::GlobalOp::create(
      b, loc, LLVM::LLVMArrayType::get(b.getI8Type(), namesAttr.size()),
      /*isConstant=*/true, LLVM::Linkage::Internal,
      (kernels + "_names" + suffix).str(), namesAttr);
  auto global = LLVM::GlobalOp::create(
      b, loc, getKernelsType(b.getContext()), /*isConstant=*/false,
      LLVM::Linkage::Internal, (kernels + "_launch" + suffix).str(),
      /*value=*/Attribute());
  buildInitializer(b, global, launch, names, *bytes);
  return global;
}
