//===- Arguments.cpp - What functions are called with ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Arguments.h"

#include "common/Arrays.h"
#include "common/Check.h"
#include "common/PageTables.h"
#include "common/TileLists.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "spattn/JIT/CpuKernel.h"
#include "spattn/Support/Elements.h"

#include <algorithm>
#include <random>

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

static llvm::Expected<Array> makeArray(const EntryArgument &argument,
                                       uint64_t seed) {
  if (argument.file.empty()) {
    llvm::Expected<Array> array =
        allocate(*getElementType(argument.getElementType()), argument.sizes);
    if (array && !argument.isDestination)
      fillRandom(*array, seed, argument.index);
    return array;
  }
  llvm::Expected<NpyArray> file = readNpy(argument.file);
  if (!file)
    return file.takeError();
  if (llvm::ArrayRef(file->sizes) != llvm::ArrayRef(argument.sizes))
    return llvm::createStringError("'" + argument.file +
                                   "' changed while it was in use");
  return convertNpy(*file, argument.getElementType());
}

/// Where `count` sequences of `length` rows start and end, alternately: some
/// behind one another, some with padding between them, some empty.
static std::vector<int32_t> drawEnds(int64_t count, int64_t length,
                                     uint64_t seed) {
  // Queries and keys of the same lengths are in the same sequences.
  std::mt19937_64 engine(seed * 1000003 + length);
  std::vector<int32_t> ends;
  for (int64_t i = 0; i < 2 * count; ++i)
    ends.push_back(int32_t(engine() % (length + 1)));
  std::sort(ends.begin(), ends.end());
  for (int64_t s = 1; s < count; ++s)
    if (engine() % 2)
      ends[2 * s] = ends[2 * s - 1];
  return ends;
}

/// Random inputs that say where sequences are: of the attention's rows.
static void drawSequences(Entry &entry, uint64_t seed,
                          ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!op)
    return;
  OperandValues operands = op.getOperandValues();
  for (auto [sequences, kind] : {std::pair(kQuerySequences, OperandKind::Query),
                                 std::pair(kKeySequences, OperandKind::Key)}) {
    EntryArgument *rows = entry.getArgument(operands[kind]);
    for (OperandKind end : {sequences.starts, sequences.ends}) {
      EntryArgument *argument =
          operands[end] ? entry.getArgument(operands[end]) : nullptr;
      if (!rows || !argument || !argument->file.empty())
        continue;
      const OperandInfo &info = getOperandInfo(end);
      int64_t length = kind == OperandKind::Key
                           ? getKeyLength(entry, op)
                           : rows->sizes[op.getDim(Dim::Length)];
      int64_t count = argument->sizes[op.getDim(info, Dim::Length)];
      const BufferView &view =
          std::get<ReferenceArray>(values[argument->index]).view;
      for (int64_t b = 0; b < argument->sizes[op.getDim(info, Dim::Batch)];
           ++b) {
        std::vector<int32_t> ends = drawEnds(count, length, seed + b);
        for (int64_t s = 0; s < count; ++s)
          static_cast<int32_t *>(
              view.data)[b * view.strides[op.getDim(info, Dim::Batch)] +
                         s * view.strides[op.getDim(info, Dim::Length)]] =
              ends[2 * s + (end == sequences.ends)];
      }
    }
  }
}

/// Random positions, which queries and keys share: about half of the pairs are
/// in order, and some positions are equal.
static void drawPositions(Entry &entry, uint64_t seed,
                          ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!op || !op.hasPositions())
    return;
  OperandValues operands = op.getOperandValues();
  EntryArgument *keys = entry.getArgument(operands[OperandKind::Key]);
  int64_t length = keys ? keys->sizes[op.getDim(Dim::Length)] : 64;
  std::mt19937_64 engine(seed * 1000003 + length);
  for (OperandKind kind :
       {OperandKind::QueryPositions, OperandKind::KeyPositions}) {
    EntryArgument *argument = entry.getArgument(operands[kind]);
    if (!argument || !argument->file.empty())
      continue;
    const BufferView &view =
        std::get<ReferenceArray>(values[argument->index]).view;
    for (int64_t b = 0; b < view.sizes[0]; ++b)
      for (int64_t h = 0; h < view.sizes[1]; ++h)
        for (int64_t n = 0; n < view.sizes[2]; ++n)
          static_cast<int32_t *>(
              view.data)[b * view.strides[0] + h * view.strides[1] +
                         n * view.strides[2]] =
              int32_t(engine() % std::max<int64_t>(length, 1));
  }
}

/// A module with the attention that an operation computes the gradients of: a
/// function of its operands.
static OwningOpRef<ModuleOp> makeForward(AttentionOpInterface op) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(op.getLoc());
  ImplicitLocOpBuilder b(op.getLoc(), module->getBodyRegion());
  OperandValues operands = op.getOperandValues();
  SmallVector<Type> types;
  for (const OperandInfo &info : AttentionOp::getOperandInfos())
    if (Value value = operands[info.kind])
      types.push_back(value.getType());
  auto function =
      func::FuncOp::create(b, "forward", b.getFunctionType(types, {}));
  Block *body = function.addEntryBlock();
  b.setInsertionPointToStart(body);
  unsigned next = 0;
  for (const OperandInfo &info : AttentionOp::getOperandInfos())
    if (operands[info.kind])
      operands[info.kind] = body->getArgument(next++);
  // The tile shape may be one that only gradients can have.
  auto attention = AttentionOp::create(b, operands, op);
  attention.removeTileShapeAttr();
  func::ReturnOp::create(b, attention->getResults());
  function.setFunctionType(
      b.getFunctionType(types, attention->getResultTypes()));
  return module;
}

/// What the kernel of `makeForward` is called with.
static std::vector<KernelArgument>
makeKernelArguments(Entry &entry, const OperandArrays &arrays) {
  OperandValues operands = entry.attention.getOperandValues();
  std::vector<KernelArgument> arguments;
  for (const OperandInfo &info : AttentionOp::getOperandInfos()) {
    Value value = operands[info.kind];
    FloatAttr constant;
    if (!value)
      continue;
    if (!info.isScalar())
      arguments.push_back(arrays[info.kind]);
    else if (EntryArgument *argument = entry.getArgument(value))
      arguments.push_back(static_cast<float>(argument->number));
    else if (matchPattern(value, m_Constant(&constant)))
      arguments.push_back(static_cast<float>(constant.getValueAsDouble()));
  }
  return arguments;
}

/// Gradients are by what an attention has computed: makes `out` and `lse` what
/// it computes on this machine, unless files hold them.
static LogicalResult makeForwardResults(Entry &entry,
                                        ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!op || !isa<AttentionBackwardOp>(op) || !whyUncheckable(entry).empty())
    return success();
  OperandArrays arrays = collectInputs(entry, values);
  OperandValues operands = op.getOperandValues();
  // What a file holds is not overwritten.
  std::vector<Array> unused;
  bool isAnyMade = false;
  for (const OperandInfo &info : AttentionOp::getOperandInfos()) {
    if (!info.isWritten || !operands[info.kind])
      continue;
    if (entry.getArgument(operands[info.kind])->file.empty()) {
      isAnyMade = true;
      continue;
    }
    BufferView &view = arrays[info.kind];
    llvm::Expected<Array> array = allocate(view.elementType, view.sizes);
    if (!array)
      return op->emitError(llvm::toString(array.takeError()));
    unused.push_back(*array);
    view = array->view;
  }
  if (!isAnyMade)
    return success();
  auto kernel = CpuKernel::compile(*makeForward(op), "forward", getRuntime());
  if (!kernel)
    return op->emitError(llvm::toString(kernel.takeError()));
  auto results = (*kernel)->run(makeKernelArguments(entry, arrays));
  if (!results)
    return op->emitError(llvm::toString(results.takeError()));
  return success();
}

/// Random slopes are scaled to lengths: else most queries would see a key
/// alone, and tests little.
static void scaleSlopes(Entry &entry, ArrayRef<ReferenceValue> values) {
  if (!entry.attention)
    return;
  OperandValues operands = entry.attention.getOperandValues();
  EntryArgument *slopes = entry.getArgument(operands[OperandKind::AlibiSlopes]);
  if (!slopes || !slopes->file.empty())
    return;
  int64_t longest = 1;
  if (EntryArgument *rows = entry.getArgument(operands[OperandKind::Query]))
    longest =
        std::max(longest, rows->sizes[entry.attention.getDim(Dim::Length)]);
  longest = std::max(longest, getKeyLength(entry, entry.attention));
  const BufferView &view = std::get<ReferenceArray>(values[slopes->index]).view;
  ElementRow row{view.data, view.elementType, view.strides.front()};
  std::vector<double> numbers(view.sizes.front());
  loadElements(row, numbers.size(), numbers.data());
  for (double &number : numbers)
    number *= 4.0 / longest;
  storeElements(row, numbers.size(), numbers.data());
}

LogicalResult spattn::tool::makeArguments(Entry &entry, uint64_t seed,
                                          std::vector<ReferenceValue> &values) {
  for (const EntryArgument &argument : entry.arguments) {
    if (argument.isScalar()) {
      if (argument.type.isF32())
        values.push_back(argument.number);
      else
        values.push_back(static_cast<int64_t>(argument.number));
      continue;
    }
    llvm::Expected<Array> array = makeArray(argument, seed);
    if (!array)
      return emitError(argument.location) << argument.describe() << ": "
                                          << llvm::toString(array.takeError());
    values.push_back(std::move(*array));
  }
  scaleSlopes(entry, values);
  drawSequences(entry, seed, values);
  drawPositions(entry, seed, values);
  drawTileLists(entry, seed, values);
  drawPageTable(entry, seed, values);
  return makeForwardResults(entry, values);
}
