//===- KernelSignature.cpp - Arguments of kernels and their launches ------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelSignature.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;

/// Positions in kernels have 32 bits, and so have numbers of work tiles.
static constexpr int64_t kMostPositions = int64_t(1) << 30;

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

KernelProgram::KernelProgram(AttentionOpInterface op,
                             const TargetCapabilities &target,
                             int64_t queryTile, int64_t keyTile,
                             int64_t scarceRegisters)
    : b(op.getContext()), op(op), target(target), queryTile(queryTile),
      keyTile(keyTile), scarceRegisters(scarceRegisters) {
  addBuffers();
  FormulaAttr lengths = FormulaAttr::get(
      b.getContext(), {1, 1}, {1, 1},
      {b.getStringAttr("queryLength"), b.getStringAttr("keyLength")}, {1, 1});
  // Tiles stick out of either by less than 512.
  limits.push_back(
      LimitAttr::get(b.getContext(), lengths, kMostPositions - 1024));
}

/// Dimensions in the order of the attention's layout. Lengths are arguments.
static BufferAttr getBuffer(Builder &b, AttentionOpInterface op,
                            const OperandInfo &info, Type element,
                            bool optional) {
  SmallVector<StringAttr> names;
  SmallVector<Attribute> sizes;
  Layout order = op.getOrder();
  for (Dim dim : order.getDims()) {
    if (!info.has(dim))
      continue;
    char letter = getLetter(dim);
    names.push_back(b.getStringAttr(StringRef(&letter, 1)));
    Extent extent = info.getExtent(dim);
    StringRef name = getRunTimeName(extent);
    sizes.push_back(
        name.empty() ? Attribute(b.getI64IntegerAttr(op.getExtentSize(extent)))
                     : b.getStringAttr(name));
  }
  return BufferAttr::get(b.getContext(), info.buffer, element, names, sizes,
                         info.alignment, /*strided=*/false, optional,
                         info.isWritten);
}

void KernelProgram::addBuffers() {
  for (const AttentionOperand &operand : op.getAttentionOperands())
    buffers.push_back(
        getBuffer(b, op, *operand.info,
                  cast<ShapedType>(operand.value.getType()).getElementType(),
                  /*optional=*/false));
  // The kernel of an attention without log-sum-exp has parameters for it, too;
  // callers leave it out.
  if (!op.getLse())
    buffers.push_back(getBuffer(b, op, getOperandInfo(OperandKind::Lse),
                                b.getF32Type(), /*optional=*/true));
}

void KernelProgram::addScratch(StringRef name, FormulaAttr bytes,
                               int64_t alignment, bool zeroed) {
  scratch.push_back(
      ScratchAttr::get(b.getContext(), name, bytes, alignment, zeroed));
}

void KernelProgram::limitTiles(FormulaAttr tiles) {
  limits.push_back(LimitAttr::get(b.getContext(), tiles, kMostPositions - 1));
}

FormulaAttr KernelProgram::perTile(int64_t factor, StringRef length,
                                   int64_t rows) {
  return FormulaAttr::get(b.getContext(), {factor}, {2},
                          {b.getStringAttr("batch"), b.getStringAttr(length)},
                          {1, rows});
}

FormulaAttr KernelProgram::constant(int64_t value) {
  return FormulaAttr::get(b.getContext(), {value}, {0}, {}, {});
}

FormulaAttr KernelProgram::constantAndPerTile(int64_t value, int64_t factor,
                                              StringRef length, int64_t rows) {
  return FormulaAttr::get(b.getContext(), {value, factor}, {0, 2},
                          {b.getStringAttr("batch"), b.getStringAttr(length)},
                          {1, rows});
}

int64_t KernelProgram::getTensorMap(StringRef buffer, int64_t rows) {
  SmallVector<StringAttr> names;
  for (StringRef name : {"d", "n", "h", "b"})
    names.push_back(b.getStringAttr(name));
  // Rows of a head, in chunks of the width that the swizzle takes.
  SmallVector<Attribute> box;
  for (int64_t size : {kChunkColumns, rows, int64_t(1), int64_t(1)})
    box.push_back(b.getI64IntegerAttr(size));
  bool isSoftware = !target.hardwareTensorMaps;
  auto map = TensorMapAttr::get(b.getContext(), buffer, names, box,
                                /*swizzle=*/128, /*interleave=*/0,
                                /*l2=*/isSoftware ? 0 : 256, /*nan=*/false,
                                isSoftware);
  auto *found = llvm::find(maps, map);
  int64_t number = found - maps.begin();
  if (found == maps.end())
    maps.push_back(map);
  return number;
}

DictionaryAttr KernelProgram::metadata() const {
  Builder b = this->b;
  AttentionOpInterface op = this->op;
  auto text = [&](auto value) {
    std::string string;
    llvm::raw_string_ostream(string) << value;
    return b.getStringAttr(string);
  };
  SmallVector<NamedAttribute> entries{
      b.getNamedAttr("structure", text(op.getStructure())),
      b.getNamedAttr("alignment", text(stringifyEnum(op.getAlignment()))),
      b.getNamedAttr("tile",
                     b.getStringAttr(Twine(queryTile) + "x" + Twine(keyTile)))};
  // What callers pass where nothing else is asked for.
  OperandValues values = op.getOperandValues();
  for (const OperandInfo &info : op.getOperandInfos()) {
    if (!info.isScalar())
      continue;
    Value value = values[info.kind];
    FloatAttr constant;
    if (value && !matchPattern(value, m_Constant(&constant)))
      continue;
    double number = constant ? constant.getValueAsDouble()
                             : getDefaultScalar(op, info.kind);
    entries.push_back(
        b.getNamedAttr(info.buffer, text(llvm::format("%.9g", number))));
  }
  return b.getDictionaryAttr(entries);
}

void KernelProgram::describeLaunches() {
  SmallVector<StringAttr> positive;
  for (const OperandInfo &info : op.getOperandInfos())
    if (info.isPositive)
      positive.push_back(b.getStringAttr(info.buffer));
  for (const Kernel &kernel : kernels)
    kernel.function->setAttr(
        LaunchAttr::kName,
        LaunchAttr::get(b.getContext(), buffers, maps, scratch, limits,
                        positive, kernel.threads,
                        /*cluster=*/1, kernel.shared, kernel.persistent,
                        {kernel.grid}, kernel.arguments, metadata()));
}

//===----------------------------------------------------------------------===//
// A kernel's arguments
//===----------------------------------------------------------------------===//

KernelSignature::Argument KernelSignature::add(Type type, ArgumentKind kind,
                                               StringRef name, int64_t number) {
  types.push_back(type);
  arguments.push_back(ArgumentAttr::get(type.getContext(), kind, name, number));
  return Argument(types.size() - 1);
}

static Type pointerType(Builder &b) {
  return LLVM::LLVMPointerType::get(b.getContext());
}

KernelSignature::Argument KernelSignature::tensorMap(StringRef buffer,
                                                     int64_t rows) {
  return add(pointerType(program.b), ArgumentKind::TensorMap, "",
             program.getTensorMap(buffer, rows));
}

KernelSignature::Argument KernelSignature::buffer(StringRef name) {
  return add(pointerType(program.b), ArgumentKind::Buffer, name);
}

KernelSignature::Argument KernelSignature::scratch(StringRef name) {
  return add(pointerType(program.b), ArgumentKind::Scratch, name);
}

KernelSignature::Argument KernelSignature::i32(StringRef name) {
  return add(program.b.getI32Type(), ArgumentKind::I32, name);
}

KernelSignature::Argument KernelSignature::f32(StringRef name) {
  return add(program.b.getF32Type(), ArgumentKind::F32, name);
}

KernelSignature::Argument KernelSignature::strides(StringRef buffer) {
  Argument first = Argument(types.size());
  for (const char *dimension : {"b", "h", "n"})
    stride(buffer, dimension);
  return first;
}

KernelSignature::Argument KernelSignature::stride(StringRef buffer,
                                                  StringRef dimension) {
  return add(program.b.getI64Type(), ArgumentKind::I64,
             ("stride:" + buffer + ":" + dimension).str());
}

LLVM::LLVMFuncOp KernelSignature::begin(KernelBuilder &b, StringRef name,
                                        const Bounds &bounds) {
  threads = bounds.threads;
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), types);
  function = LLVM::LLVMFuncOp::create(b, name, type);
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    if (argument.getKind() != ArgumentKind::TensorMap)
      continue;
    function.setArgAttr(
        i, LLVM::LLVMDialect::getByValAttrName(),
        TypeAttr::get(LLVM::LLVMArrayType::get(b.getI64Type(), 16)));
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        b.getI64IntegerAttr(64));
    function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                        b.getUnitAttr());
  }
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    b.getUnitAttr());
  function->setAttr(
      NVVM::NVVMDialect::getMaxntidAttrName(),
      b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(bounds.ctasPerSm));
  // exp2 is one instruction where denormals may be flushed.
  function.setPassthroughAttr(b.getArrayAttr({b.getStrArrayAttr(
      {"denormal-fp-math-f32", "preserve-sign,preserve-sign"})}));

  b.setInsertionPointToStart(function.addEntryBlock(b));
  b.thread = NVVM::ThreadIdXOp::create(b, b.getI32Type());
  b.cta = NVVM::BlockIdXOp::create(b, b.getI32Type());
  b.ctas = NVVM::GridDimXOp::create(b, b.getI32Type());
  return function;
}

Value KernelSignature::get(Argument argument) const {
  // Functions are isolated, so that this does not change one.
  return LLVM::LLVMFuncOp(function).getArgument(unsigned(argument));
}

StridedArray KernelSignature::get(KernelBuilder &b, Strided array) const {
  auto stride = [&](unsigned i) {
    return b.asIndex(get(Argument(unsigned(array.strides) + i)));
  };
  Value batch = stride(0), head = stride(1), row = stride(2);
  return {get(array.pointer), batch, head, row};
}

void KernelSignature::end(KernelBuilder &b, int64_t shared, int64_t persistent,
                          FormulaAttr grid,
                          std::optional<int64_t> mmaRegisters) {
  if (program.target.registerReallocation && mmaRegisters &&
      *mmaRegisters <= program.scarceRegisters)
    function->setAttr(kScarceRegisters, b.getUnitAttr());
  LLVM::ReturnOp::create(b, ValueRange());
  program.kernels.push_back(
      {function, arguments, threads, shared, persistent, grid});
}
