//===- Entry.cpp - A function to run and its arguments --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Entry.h"

#include "common/Arrays.h"
#include "common/PageTables.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "spattn/Support/Elements.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

//===----------------------------------------------------------------------===//
// Looking at a function
//===----------------------------------------------------------------------===//

std::string EntryArgument::describe() const {
  std::string text = "argument " + std::to_string(index);
  return name.empty() ? text : text + " ('" + name + "')";
}

EntryArgument *Entry::getArgument(Value value) {
  auto argument = dyn_cast_or_null<BlockArgument>(value);
  if (!argument || argument.getOwner() != &function.getBody().front())
    return nullptr;
  return &arguments[argument.getArgNumber()];
}

SmallVector<AttentionOperand> Entry::getAttentionInputs() {
  return llvm::filter_to_vector(
      attention.getAttentionOperands(),
      [](const AttentionOperand &operand) { return !operand->isWritten; });
}

SmallVector<AttentionOperand> Entry::getAttentionOutputs() {
  return llvm::filter_to_vector(
      attention.getAttentionOperands(),
      [](const AttentionOperand &operand) { return operand->isWritten; });
}

std::optional<OutputRef> Entry::getAttentionOutput(unsigned init) {
  Value value = getAttentionOutputs()[init].value;
  if (!isa<RankedTensorType>(value.getType())) {
    if (EntryArgument *argument = getArgument(value))
      return OutputRef{true, argument->index};
    return std::nullopt;
  }
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands())
    if (operand.get() == attention->getResult(init))
      return OutputRef{false, operand.getOperandNumber()};
  return std::nullopt;
}

/// Whether an argument is written, and never read.
static bool isDestination(BlockArgument argument) {
  bool isWritten = false;
  for (OpOperand &use : argument.getUses()) {
    auto op = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
    if (isa<KernelOpInterface>(use.getOwner()) && op.isDpsInit(&use))
      isWritten = true;
    else if (!isa<tensor::DimOp, memref::DimOp>(use.getOwner()))
      return false;
  }
  return isWritten;
}

/// Whether arguments of this type can be made.
static LogicalResult checkType(const EntryArgument &argument) {
  Type type = argument.type;
  bool isSupported =
      type.isF32() || type.isIndex() || type.isSignlessInteger(64);
  if (auto shaped = dyn_cast<ShapedType>(type))
    isSupported = isa<RankedTensorType, MemRefType>(type) &&
                  getElementBytes(shaped.getElementType());
  if (isSupported)
    return success();
  return emitError(argument.location)
         << argument.describe() << " has type " << type
         << "; supported are ranked tensors and memrefs of f16, bf16, f32, "
            "f64, index, i8, i16, i32 and i64, and scalars of f32, index and "
            "i64";
}

/// Memrefs of arguments are made contiguous.
static LogicalResult checkMemRef(const EntryArgument &argument) {
  auto type = dyn_cast<MemRefType>(argument.type);
  if (!type)
    return success();
  auto isDynamicOr = [](int64_t value, int64_t expected) {
    return ShapedType::isDynamic(value) || value == expected;
  };
  SmallVector<int64_t> strides;
  int64_t offset;
  bool fits = succeeded(type.getStridesAndOffset(strides, offset)) &&
              isDynamicOr(offset, 0);
  int64_t stride = 1;
  for (size_t i = strides.size(); fits && i-- > 0;) {
    // A stride of a dimension of one element is never used.
    fits = isDynamicOr(strides[i], stride) || argument.sizes[i] <= 1;
    stride *= std::max<int64_t>(argument.sizes[i], 1);
  }
  if (fits)
    return success();
  return emitError(argument.location)
         << argument.describe() << " has type " << type
         << "; supported are memrefs that a contiguous array of "
         << getShapeText(argument.sizes, type.getElementType()) << " fits";
}

static FailureOr<Entry> makeEntry(func::FuncOp function, ArgumentNames names) {
  Entry entry;
  entry.function = function;
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected a function of one block, got ")
           << function.getBody().getBlocks().size();
  for (BlockArgument value : function.getArguments()) {
    EntryArgument argument(value, names(value));
    argument.isDestination = isDestination(value);
    if (failed(checkType(argument)))
      return failure();
    if (auto shaped = dyn_cast<ShapedType>(argument.type))
      argument.sizes.assign(shaped.getShape().begin(), shaped.getShape().end());
    entry.arguments.push_back(std::move(argument));
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    auto shaped = dyn_cast<ShapedType>(type);
    if (!shaped || !getElementBytes(shaped.getElementType()))
      return function.emitError("result ")
             << i << " has type " << type
             << "; supported are ranked tensors and memrefs of f16, bf16, "
                "f32, f64, index, i8, i16, i32 and i64";
    entry.outputs.push_back({false, static_cast<unsigned>(i)});
  }
  if (entry.outputs.empty())
    for (const EntryArgument &argument : entry.arguments)
      if (argument.isDestination)
        entry.outputs.push_back({true, argument.index});

  SmallVector<AttentionOpInterface> attentions;
  function.walk([&](AttentionOpInterface op) { attentions.push_back(op); });
  if (attentions.size() == 1 &&
      attentions.front()->getBlock() == &function.getBody().front())
    entry.attention = attentions.front();
  return entry;
}

/// A list for an error message.
static std::string getNames(ArrayRef<func::FuncOp> functions) {
  return llvm::join(llvm::map_range(functions,
                                    [](func::FuncOp function) {
                                      return function.getName().str();
                                    }),
                    ", ");
}

/// The functions that run, in the order of the file.
static LogicalResult selectFunctions(ModuleOp module,
                                     const EntryOptions &options,
                                     SmallVectorImpl<func::FuncOp> &selected) {
  SmallVector<func::FuncOp> runnable;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal() && function.isPublic())
      runnable.push_back(function);
  for (StringRef name : options.entries) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    if (!function)
      return error("--entry=" + name + ": no such function in '" +
                   options.file + "'; it has " +
                   (runnable.empty() ? "none to run" : getNames(runnable)));
    if (function.isExternal() || function.isPrivate())
      return function.emitError("'")
             << name << "' cannot be run: "
             << (function.isExternal() ? "it has no body" : "it is private");
  }
  if (runnable.empty())
    return error("'" + options.file +
                 "' has no public func.func with a body to run");
  for (func::FuncOp function : runnable)
    if (options.entries.empty() ||
        llvm::is_contained(options.entries, function.getName()))
      selected.push_back(function);
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes and scalars
//===----------------------------------------------------------------------===//

/// Gives sizes from outside, such as a file's, to an argument.
static LogicalResult assignSizes(EntryArgument &argument,
                                 ArrayRef<int64_t> sizes, const Twine &what) {
  auto type = cast<ShapedType>(argument.type);
  auto describe = [&]() -> InFlightDiagnostic {
    return emitError(argument.location)
           << what << ": expected " << argument.type << " for "
           << argument.describe() << ", got "
           << getShapeText(sizes, type.getElementType());
  };
  if (static_cast<int64_t>(sizes.size()) != type.getRank())
    return describe() << ", of rank " << sizes.size();
  // Sizes that the type or another option has set.
  for (auto [size, known] : llvm::zip(sizes, argument.sizes))
    if (!ShapedType::isDynamic(known) && size != known)
      return describe() << ", whose size " << size << " should be " << known;
  argument.sizes.assign(sizes.begin(), sizes.end());
  return success();
}

/// Whether an option is about an argument.
static bool isFor(const ArgumentOption &option, const EntryArgument &argument) {
  unsigned index;
  if (!StringRef(option.argument).getAsInteger(10, index))
    return index == argument.index;
  return option.argument == argument.name;
}

/// Applies options to the arguments that they are about; `apply` returns
/// failure if one does not fit.
template <class F>
static LogicalResult applyOptions(std::vector<Entry> &entries,
                                  ArrayRef<ArgumentOption> options, F apply) {
  for (const ArgumentOption &option : options) {
    bool isUsed = false;
    for (Entry &entry : entries)
      for (EntryArgument &argument : entry.arguments) {
        if (!isFor(option, argument))
          continue;
        isUsed = true;
        if (failed(apply(option, argument)))
          return failure();
      }
    if (isUsed)
      continue;
    std::vector<std::string> known;
    for (const EntryArgument &argument : entries.front().arguments)
      known.push_back(argument.describe());
    return error(option.text + ": no function has such an argument; '" +
                 entries.front().getName() + "' has " +
                 (known.empty() ? "none" : llvm::join(known, ", ")));
  }
  return success();
}

static LogicalResult applyShapes(std::vector<Entry> &entries,
                                 const EntryOptions &options) {
  return applyOptions(
      entries, options.shapes,
      [&](const ArgumentOption &option, EntryArgument &argument) {
        // Others of several functions may have no use for the option.
        auto type = dyn_cast<ShapedType>(argument.type);
        if (type && type.hasStaticShape() && entries.size() > 1)
          return success();
        if (!argument.isScalar())
          return assignSizes(argument, option.sizes, option.text);
        return LogicalResult(emitError(argument.location)
                             << option.text << ": " << argument.describe()
                             << " is a scalar; give its value with --scalar");
      });
}

/// What an argument is unless the command line says: a scalar operand of the
/// attention is what it is where there is none.
static std::optional<double> getDefault(Entry &entry,
                                        const EntryArgument &argument) {
  if (entry.attention)
    for (const AttentionOperand &scalar : entry.attention.getScalarOperands())
      if (scalar->isOptional && entry.getArgument(scalar.value) == &argument)
        return getDefaultScalar(entry.attention, scalar->kind);
  return std::nullopt;
}

static LogicalResult applyScalars(std::vector<Entry> &entries,
                                  const EntryOptions &options) {
  llvm::DenseSet<EntryArgument *> given;
  LogicalResult applied =
      applyOptions(entries, options.scalars,
                   [&](const ArgumentOption &option,
                       EntryArgument &argument) -> LogicalResult {
                     given.insert(&argument);
                     argument.number = option.number;
                     if (!argument.isScalar())
                       return emitError(argument.location)
                              << option.text << ": " << argument.describe()
                              << " is no scalar, but of type " << argument.type;
                     if (argument.type.isF32() ||
                         (std::abs(option.number) <= 0x1p53 &&
                          std::trunc(option.number) == option.number))
                       return success();
                     return emitError(argument.location)
                            << option.text << ": expected an integer for "
                            << argument.describe();
                   });
  if (failed(applied))
    return failure();
  for (Entry &entry : entries)
    for (EntryArgument &argument : entry.arguments) {
      if (!argument.isScalar() || given.contains(&argument))
        continue;
      std::optional<double> number = getDefault(entry, argument);
      if (!number)
        return emitError(argument.location)
               << argument.describe() << " is a scalar; give its value with "
               << "--scalar="
               << (argument.name.empty() ? std::to_string(argument.index)
                                         : argument.name)
               << ":<number>";
      argument.number = *number;
    }
  return success();
}

/// Makes a dimension that is known of some of the values known of all of them
/// that are arguments.
static void shareSize(Entry &entry,
                      ArrayRef<std::pair<Value, unsigned>> dimensions) {
  int64_t known = ShapedType::kDynamic;
  for (auto [value, dim] : dimensions) {
    EntryArgument *argument = entry.getArgument(value);
    int64_t size = argument ? argument->sizes[dim]
                   : value  ? cast<ShapedType>(value.getType()).getDimSize(dim)
                            : ShapedType::kDynamic;
    if (!ShapedType::isDynamic(size))
      known = size;
  }
  for (auto [value, dim] : dimensions)
    if (EntryArgument *argument = entry.getArgument(value))
      if (ShapedType::isDynamic(argument->sizes[dim]))
        argument->sizes[dim] = known;
}

/// There is a list for each tile of queries, and of each batch element unless
/// the type says otherwise.
static void inferTileLists(Entry &entry, AttentionOpInterface op) {
  EntryArgument *query = entry.getArgument(op.getQuery());
  if (!query || !op.hasTileLists())
    return;
  OperandValues operands = op.getOperandValues();
  for (OperandKind kind : {OperandKind::TileCounts, OperandKind::TileIndices}) {
    EntryArgument *lists = entry.getArgument(operands[kind]);
    if (!lists)
      continue;
    const OperandInfo &info = getOperandInfo(kind);
    auto infer = [&](Dim dim, int64_t size) {
      int64_t &own = lists->sizes[op.getDim(info, dim)];
      if (ShapedType::isDynamic(own))
        own = size;
    };
    infer(Dim::Batch, query->sizes[op.getDim(Dim::Batch)]);
    int64_t length = query->sizes[op.getDim(Dim::Length)];
    if (!ShapedType::isDynamic(length))
      infer(Dim::Length,
            llvm::divideCeil(length, op.getTileListsAttr().getQueryTile()));
  }
}

/// Finds the sizes that follow from those of other operands of attentions and
/// merges.
static void inferSizes(Entry &entry) {
  entry.function.walk([&](KernelOpInterface op) {
    Layout order = op.getDimOrder();
    std::map<Extent, SmallVector<std::pair<Value, unsigned>>> dimensions;
    for (const KernelArray &array : op.getKernelArrays())
      for (Dim dim : kDims)
        if (array->has(dim))
          dimensions[array->getExtent(dim)].emplace_back(
              array.value, order.getDim(*array.info, dim));
    for (const auto &[extent, shared] : dimensions)
      shareSize(entry, shared);
    if (auto attention = dyn_cast<AttentionOpInterface>(*op)) {
      inferTileLists(entry, attention);
      inferPages(entry, attention);
    }
  });
}

/// Gives the batch size and the lengths of the command line to an attention's
/// operands.
static LogicalResult applyLengths(Entry &entry, const EntryOptions &options) {
  AttentionOpInterface op = entry.attention;
  if (!op) {
    if (!options.batch && !options.queries && !options.keys)
      return success();
    return entry.function.emitError("--batch, --queries and --keys: '")
           << entry.getName() << "' does not consist of one attention";
  }
  struct Size {
    StringRef option;
    std::optional<int64_t> value;
    Value operand;
    Dim dim;
    Extent extent;
  };
  for (auto [option, value, operand, dim, extent] :
       {Size{"--batch", options.batch, op.getQuery(), Dim::Batch,
             Extent::Batch},
        Size{"--queries", options.queries, op.getQuery(), Dim::Length,
             Extent::QueryLength},
        Size{"--keys", options.keys, op.getKey(), Dim::Length,
             Extent::KeyLength}}) {
    if (!value)
      continue;
    if (extent == Extent::KeyLength && op.hasPages()) {
      if (failed(setPagedKeys(entry, *value)))
        return failure();
      continue;
    }
    EntryArgument *argument = entry.getArgument(operand);
    if (!argument)
      return entry.function.emitError(option)
             << "=" << *value << ": the operand of the attention of '"
             << entry.getName() << "' is not an argument";
    int64_t &size = argument->sizes[op.getDim(dim)];
    if (!ShapedType::isDynamic(size) && size != *value)
      return emitError(argument->location)
             << option << "=" << *value << ": " << argument->describe()
             << " has a " << getSizeText(extent) << " of " << size;
    size = *value;
  }
  if (op.hasPages())
    return success();
  EntryArgument *keys = entry.getArgument(op.getKey());
  EntryArgument *values = entry.getArgument(op.getValue());
  unsigned n = op.getDim(Dim::Length);
  if (keys && options.queries && ShapedType::isDynamic(keys->sizes[n]))
    // What is known of the values is known of the keys.
    if (!values || ShapedType::isDynamic(values->sizes[n]))
      keys->sizes[n] = *options.queries;
  return success();
}

static LogicalResult checkSizes(const EntryArgument &argument) {
  if (argument.isScalar())
    return success();
  if (llvm::any_of(argument.sizes, ShapedType::isDynamic))
    return emitError(argument.location)
           << argument.describe() << " of type " << argument.type
           << " has dimensions that are not known; give its shape with --shape="
           << (argument.name.empty() ? std::to_string(argument.index)
                                     : argument.name)
           << ":"
           << llvm::join(llvm::map_range(argument.sizes,
                                         [](int64_t size) {
                                           return ShapedType::isDynamic(size)
                                                      ? std::string("<size>")
                                                      : std::to_string(size);
                                         }),
                         "x");
  return checkMemRef(argument);
}

/// Longer sequences are beyond the algebra.
static LogicalResult checkLengths(Entry &entry) {
  constexpr int64_t limit = int64_t(1) << 31;
  WalkResult result =
      entry.function.walk([&](AttentionOpInterface op) -> WalkResult {
        for (Value value : {op.getQuery(), op.getKey()})
          if (EntryArgument *argument = entry.getArgument(value))
            if (argument->sizes[op.getDim(Dim::Length)] >= limit)
              return emitError(argument->location)
                     << argument->describe() << " has a length of "
                     << argument->sizes[op.getDim(Dim::Length)]
                     << "; supported are lengths below 2147483648";
        if (int64_t keys = getKeyLength(entry, op); keys >= limit)
          return op->emitError("has a number of keys of ")
                 << keys << "; supported are lengths below 2147483648";
        return success();
      });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// Gives the files to the arguments. Their headers are read here, their data
/// when a function runs.
static LogicalResult assignInputs(Entry &entry, const EntryOptions &options) {
  if (options.inputs.empty())
    return success();
  std::vector<EntryArgument *> inputs;
  for (EntryArgument &argument : entry.arguments)
    if (argument.isInput())
      inputs.push_back(&argument);
  if (inputs.size() != options.inputs.size()) {
    std::vector<std::string> names;
    for (EntryArgument *input : inputs)
      names.push_back(input->describe());
    return entry.function.emitError("expected an --input for each of ")
           << inputs.size() << " inputs of '" << entry.getName() << "'"
           << (names.empty() ? "" : ": ") << llvm::join(names, ", ") << "; got "
           << options.inputs.size();
  }
  for (auto [input, path] : llvm::zip(inputs, options.inputs)) {
    llvm::Expected<NpyArray> array = readNpy(path);
    if (!array)
      return emitError(input->location)
             << "input of " << input->describe() << ": "
             << llvm::toString(array.takeError());
    if (llvm::Error error = checkNpyType(array->type, input->getElementType()))
      return emitError(input->location)
             << "'" << path << "', input of " << input->describe() << ": "
             << llvm::toString(std::move(error));
    if (failed(assignSizes(*input, array->sizes, "'" + path + "'")))
      return failure();
    input->file = path;
  }
  return success();
}

/// There is a file for every output, or none.
static LogicalResult checkOutputs(std::vector<Entry> &entries,
                                  const EntryOptions &options) {
  if (options.outputs.empty())
    return success();
  std::string counts;
  size_t total = 0;
  for (Entry &entry : entries) {
    total += entry.outputs.size();
    counts += (counts.empty() ? "" : ", ") +
              std::to_string(entry.outputs.size()) + " of '" + entry.getName() +
              "'";
  }
  if (total == options.outputs.size())
    return success();
  return error("expected an --output for each of " + Twine(total) +
               " results (" + counts + "), got " +
               Twine(options.outputs.size()));
}

FailureOr<std::vector<Entry>>
spattn::tool::collectEntries(ModuleOp module, const EntryOptions &options,
                             ArgumentNames names) {
  SmallVector<func::FuncOp> functions;
  if (failed(selectFunctions(module, options, functions)))
    return failure();
  std::vector<Entry> entries;
  for (func::FuncOp function : functions) {
    FailureOr<Entry> entry = makeEntry(function, names);
    if (failed(entry))
      return failure();
    entries.push_back(std::move(*entry));
  }
  if (failed(applyShapes(entries, options)) ||
      failed(applyScalars(entries, options)))
    return failure();
  for (Entry &entry : entries) {
    if (failed(assignInputs(entry, options)) ||
        failed(applyLengths(entry, options)))
      return failure();
    inferSizes(entry);
    for (const EntryArgument &argument : entry.arguments)
      if (failed(checkSizes(argument)))
        return failure();
    if (failed(checkLengths(entry)))
      return failure();
  }
  if (failed(checkOutputs(entries, options)))
    return failure();
  return entries;
}
