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

KernelProgram::KernelProgram(KernelOpInterface op,
                             const TargetCapabilities &target)
    : b(op.getContext()), op(op), target(target) {
  for (const KernelArray &array : op.getKernelArrays())
    addBuffer(*array.info, array.buffer,
              cast<ShapedType>(array.value.getType()), array.isWritten,
              /*isOptional=*/false);
}

/// The type of the log-sum-exp of an attention that has none.
static ShapedType getLseType(AttentionOpInterface op) {
  SmallVector<int64_t> shape(
      cast<ShapedType>(op.getQuery().getType()).getShape());
  shape.erase(shape.begin() + op.getDim(Dim::Width));
  return RankedTensorType::get(shape, Float32Type::get(op.getContext()));
}

KernelProgram::KernelProgram(AttentionOpInterface attention,
                             const TargetCapabilities &target,
                             int64_t queryTile, int64_t keyTile,
                             int64_t scarceRegisters)
    : KernelProgram(cast<KernelOpInterface>(*attention), target) {
  this->scarceRegisters = scarceRegisters;
  // The kernel of an attention without log-sum-exp has parameters for it, too;
  // callers leave it out.
  if (!attention.getLse()) {
    const OperandInfo &info = getOperandInfo(OperandKind::Lse);
    addBuffer(info, info.buffer, getLseType(attention), info.isWritten,
              /*isOptional=*/true);
  }
  // Tiles stick out of either by less than 512.
  limits.push_back(LimitAttr::get(b.getContext(), sumOfLengths(attention),
                                  kMostPositions - 1024));
  auto text = [&](auto value) {
    std::string string;
    llvm::raw_string_ostream(string) << value;
    return b.getStringAttr(string);
  };
  StringRef alignment = stringifyEnum(attention.getAlignment());
  about = {b.getNamedAttr("structure", text(attention.getStructure())),
           b.getNamedAttr("alignment", text(alignment)),
           b.getNamedAttr("tile", b.getStringAttr(Twine(queryTile) + "x" +
                                                  Twine(keyTile)))};
}

void KernelProgram::limitLengths(ArrayRef<StringRef> lengths) {
  SmallVector<int64_t> ones(lengths.size(), 1);
  SmallVector<StringAttr> names;
  for (StringRef length : lengths)
    names.push_back(b.getStringAttr(length));
  FormulaAttr sum = FormulaAttr::get(b.getContext(), ones, ones, names, ones);
  // Tiles stick out of either by less than 512.
  limits.push_back(LimitAttr::get(b.getContext(), sum, kMostPositions - 1024));
}

/// Dimensions in the order of the operation's layout. Lengths are arguments.
void KernelProgram::addBuffer(const OperandInfo &info, StringRef buffer,
                              ShapedType type, bool isWritten,
                              bool isOptional) {
  SmallVector<StringAttr> names;
  SmallVector<Attribute> sizes;
  Layout order = op.getDimOrder();
  for (Dim dim : order.getDims()) {
    if (!info.has(dim))
      continue;
    char letter = getLetter(dim);
    names.push_back(b.getStringAttr(StringRef(&letter, 1)));
    StringRef name = getRunTimeName(info.getExtent(dim));
    int64_t size = type.getDimSize(order.getDim(info, dim));
    // Lists of all batch entries.
    if (info.getExtent(dim) == Extent::ListBatch && size == 1)
      name = "";
    sizes.push_back(name.empty() ? Attribute(b.getI64IntegerAttr(size))
                                 : b.getStringAttr(name));
  }
  buffers.push_back(BufferAttr::get(
      b.getContext(), buffer, type.getElementType(), names, sizes,
      info.alignment, /*strided=*/false, isOptional, isWritten));
}

void KernelProgram::addScratch(StringRef name, FormulaAttr bytes,
                               int64_t alignment, bool zeroed) {
  scratch.push_back(
      ScratchAttr::get(b.getContext(), name, bytes, alignment, zeroed));
}

void KernelProgram::limitTiles(FormulaAttr tiles) {
  limits.push_back(LimitAttr::get(b.getContext(), tiles, kMostPositions - 1));
}

void KernelProgram::limitLength(StringRef length, int64_t most) {
  FormulaAttr formula = FormulaAttr::get(b.getContext(), {1}, {1},
                                         {b.getStringAttr(length)}, {1});
  limits.push_back(LimitAttr::get(b.getContext(), formula, most));
}

/// Of a merge, batch entries hold none.
static bool hasSequences(KernelOpInterface op) {
  auto attention = dyn_cast<AttentionOpInterface>(*op);
  return attention && attention.hasSequences();
}

KernelProgram::FormulaAttr
KernelProgram::sumOfLengths(AttentionOpInterface attention) {
  StringAttr names[] = {
      b.getStringAttr("queryLength"),
      b.getStringAttr(attention.hasPages() ? "tablePages" : "keyLength")};
  int64_t ones[] = {1, 1};
  int64_t coefficients[] = {1, attention.getPageSize()};
  return FormulaAttr::get(b.getContext(), coefficients, ones, names, ones);
}

void KernelProgram::limitPositions() {
  limits.push_back(LimitAttr::get(b.getContext(),
                                  sumOfLengths(cast<AttentionOpInterface>(*op)),
                                  int64_t(1) << 24));
}

FormulaAttr KernelProgram::perTile(int64_t factor, StringRef length,
                                   int64_t rows) {
  // As many as Sequences::slots says.
  if (hasSequences(op))
    return FormulaAttr::get(
        b.getContext(), {factor, 2 * factor, factor}, {2, 2, 1},
        {b.getStringAttr("batch"), b.getStringAttr(length),
         b.getStringAttr("batch"), b.getStringAttr("sequences"),
         b.getStringAttr("batch")},
        {1, rows, 1, 1, 1});
  return perRows(factor, length, rows);
}

FormulaAttr KernelProgram::perRows(int64_t factor, StringRef length,
                                   int64_t rows) {
  return FormulaAttr::get(b.getContext(), {factor}, {2},
                          {b.getStringAttr("batch"), b.getStringAttr(length)},
                          {1, rows});
}

FormulaAttr KernelProgram::perPart(int64_t factor, const KeyPartSizes &parts) {
  if (parts.tilesOfEntry == 0)
    return perRows(factor * parts.most, "queryLength", 1);
  int64_t beside = parts.mostPartsBesideEntries();
  StringAttr queries = b.getStringAttr("queryLength");
  return FormulaAttr::get(b.getContext(), {factor, factor * beside}, {2, 1},
                          {b.getStringAttr("batch"), queries, queries},
                          {1, 1, 1});
}

FormulaAttr KernelProgram::constant(int64_t value) {
  return FormulaAttr::get(b.getContext(), {value}, {0}, {}, {});
}

FormulaAttr KernelProgram::perEntry(int64_t factor) {
  return FormulaAttr::get(b.getContext(), {factor}, {1},
                          {b.getStringAttr("batch")}, {1});
}

FormulaAttr KernelProgram::sum(FormulaAttr first, FormulaAttr second) {
  auto join = [](auto start, auto end) {
    auto all = llvm::to_vector(start);
    llvm::append_range(all, end);
    return all;
  };
  return FormulaAttr::get(
      b.getContext(), join(first.getCoefficients(), second.getCoefficients()),
      join(first.getCounts(), second.getCounts()),
      join(first.getNames(), second.getNames()),
      join(first.getDivisors(), second.getDivisors()));
}

FormulaAttr KernelProgram::constantAndPerTile(int64_t value, int64_t factor,
                                              StringRef length, int64_t rows) {
  return sum(constant(value), perTile(factor, length, rows));
}

int64_t KernelProgram::getTensorMap(StringRef buffer, int64_t rows,
                                    const RowLayout &layout) {
  // Rows of a head, in chunks of the width that the swizzle takes; those of
  // several heads are one beside the other.
  std::array<std::pair<StringRef, int64_t>, 4> dims{
      {{"d", kChunkColumns},
       {"n", layout.queriesOf(rows)},
       {"h", layout.heads},
       {"b", 1}}};
  if (layout.isPacked())
    std::swap(dims[1], dims[2]);
  SmallVector<StringAttr> names;
  SmallVector<Attribute> box;
  for (auto [name, size] : dims) {
    names.push_back(b.getStringAttr(name));
    box.push_back(b.getI64IntegerAttr(size));
  }
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
  SmallVector<NamedAttribute> entries = about;
  // What callers pass where nothing else is asked for.
  KernelOpInterface op = this->op;
  for (const KernelScalar &scalar : op.getKernelScalars()) {
    FloatAttr constant;
    if (scalar.value && !matchPattern(scalar.value, m_Constant(&constant)))
      continue;
    double number =
        constant ? constant.getValueAsDouble() : *scalar.defaultValue;
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.9g", number);
    entries.push_back(b.getNamedAttr(scalar->buffer, b.getStringAttr(text)));
  }
  return b.getDictionaryAttr(entries);
}

bool spattn::takesAnyScale(AttentionOpInterface op) {
  OperandValues operands = op.getOperandValues();
  FloatAttr constant;
  if (op.getScale() && matchPattern(op.getScale(), m_Constant(&constant)) &&
      (constant.getValue().isNegative() || constant.getValue().isZero()))
    return true;
  return op.getSignedScale() || op.hasScoreRegion() || op.getSelfScoreAttr() ||
         operands[OperandKind::SoftCap] || operands[OperandKind::AlibiSlopes] ||
         operands[OperandKind::DistanceBias];
}

void KernelProgram::describeLaunches() {
  SmallVector<StringAttr> positive;
  auto attention = dyn_cast<AttentionOpInterface>(*op);
  bool takesAnyScale = attention && spattn::takesAnyScale(attention);
  for (const KernelScalar &scalar : op.getKernelScalars())
    if (scalar->isPositiveOnGpu &&
        !(scalar->kind == OperandKind::Scale && takesAnyScale))
      positive.push_back(b.getStringAttr(scalar->buffer));
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
                                                     int64_t rows,
                                                     const RowLayout &layout) {
  return add(pointerType(program.b), ArgumentKind::TensorMap, "",
             program.getTensorMap(buffer, rows, layout));
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

Value HeadNumbers::load(KernelBuilder &b, Value head,
                        const RowLayout &layout) const {
  if (!layout.isPacked())
    return load(b, head);
  Value none = b.asIndex(b.i32(0)), all = b.asIndex(b.i32(kFragmentRows));
  Value apart = b.asIndex(signature.get(stride));
  Value first = address(b, head);
  return LoadRowsOp::create(b, b.rowsType(), first, none, all, b.f32(0), apart,
                            layout.heads);
}
