//===- Sizes.cpp - The sizes of attentions --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sizes.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

#include <array>

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;

/// The `--shape` of an argument of a function, if there is one.
static const ArgumentOption *findShape(Value value, const Source &source,
                                       const Options &options) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || !argument.getOwner()->isEntryBlock() ||
      !isa<FunctionOpInterface>(argument.getOwner()->getParentOp()))
    return nullptr;
  std::string name = source.getArgumentName(argument);
  for (const ArgumentOption &option : options.shapes) {
    unsigned index;
    if (!StringRef(option.argument).getAsInteger(10, index)
            ? index == argument.getArgNumber()
            : option.argument == name)
      return &option;
  }
  return nullptr;
}

static bool fits(ShapedType type, const ArgumentOption &option) {
  if (!type || !type.hasRank() ||
      type.getRank() != int64_t(option.sizes.size()))
    return false;
  for (auto [size, known] : llvm::zip(option.sizes, type.getShape()))
    if (!ShapedType::isDynamic(known) && size != known)
      return false;
  return true;
}

/// Fails unless a shape fits an argument's type.
static LogicalResult checkShape(BlockArgument argument,
                                const ArgumentOption &option) {
  if (fits(dyn_cast<ShapedType>(argument.getType()), option))
    return success();
  return emitError(argument.getLoc())
         << option.text << ": expected a shape of " << argument.getType();
}

LogicalResult spattn::viz::checkShapes(const Source &source,
                                       const Options &options) {
  llvm::DenseSet<const ArgumentOption *> used;
  llvm::DenseMap<const ArgumentOption *, BlockArgument> others;
  WalkResult result =
      source.module.get()->walk([&](FunctionOpInterface function) {
        for (BlockArgument argument : function.getArguments()) {
          const ArgumentOption *option = findShape(argument, source, options);
          if (!option)
            continue;
          // Others of several functions may have no use for the option.
          auto type = dyn_cast<ShapedType>(argument.getType());
          if (!fits(type, *option) && type && type.hasStaticShape())
            others.try_emplace(option, argument);
          else if (failed(checkShape(argument, *option)))
            return WalkResult::interrupt();
          else
            used.insert(option);
        }
        return WalkResult::advance();
      });
  if (result.wasInterrupted())
    return failure();
  for (const ArgumentOption &option : options.shapes) {
    if (used.contains(&option))
      continue;
    if (BlockArgument argument = others.lookup(&option))
      return checkShape(argument, option);
    return error(option.text + ": no function has such an argument");
  }
  return success();
}

/// What operands' types and shapes say of a size; kDynamic if nothing.
static int64_t findSize(AttentionOpInterface op, Extent extent,
                        const Source &source, const Options &options) {
  auto kernel = cast<KernelOpInterface>(*op);
  Layout order = kernel.getDimOrder();
  for (const KernelArray &array : kernel.getKernelArrays())
    for (Dim dim : kDims) {
      if (array->getExtent(dim) != extent)
        continue;
      unsigned index = order.getDim(*array.info, dim);
      int64_t size = cast<ShapedType>(array.value.getType()).getDimSize(index);
      if (!ShapedType::isDynamic(size))
        return size;
      if (const ArgumentOption *option =
              findShape(array.value, source, options))
        return option->sizes[index];
    }
  if (extent == Extent::KeyLength && op.hasPages())
    return op.getStaticKeyLength();
  return ShapedType::kDynamic;
}

namespace {
/// A size that the command line may say.
struct SizeOption {
  Extent extent;
  StringRef name, text;
  std::optional<int64_t> value;
};
} // namespace

static std::array<SizeOption, 3> getSizeOptions(const Options &options) {
  return {
      SizeOption{Extent::Batch, "batch", "batch size", options.batch},
      SizeOption{Extent::QueryLength, "queries", "number of queries",
                 options.queries},
      SizeOption{Extent::KeyLength, "keys", "number of keys", options.keys}};
}

LogicalResult spattn::viz::checkSizeOptions(ArrayRef<AttentionOpInterface> ops,
                                            const Source &source,
                                            const Options &options) {
  for (const SizeOption &option : getSizeOptions(options)) {
    bool isUsed = llvm::any_of(ops, [&](AttentionOpInterface op) {
      return ShapedType::isDynamic(
          findSize(op, option.extent, source, options));
    });
    if (option.value && !isUsed)
      return error("--" + option.name + "=" + Twine(*option.value) + ": the " +
                   option.text + " of every attention is known");
  }
  return success();
}

FailureOr<Sizes> spattn::viz::findSizes(AttentionOpInterface op,
                                        const Source &source,
                                        const Options &options) {
  int64_t found[3];
  for (auto [size, option] : llvm::zip(found, getSizeOptions(options))) {
    size = findSize(op, option.extent, source, options);
    if (ShapedType::isDynamic(size))
      size = option.value.value_or(size);
  }
  Sizes sizes = {found[0], found[1], found[2]};
  if (ShapedType::isDynamic(sizes.batch))
    sizes.batch = 1;
  if (ShapedType::isDynamic(sizes.queries))
    return op->emitOpError("has a number of queries that is not known; give it "
                           "with --queries=<n> or --shape=<argument>:<shape>");
  if (ShapedType::isDynamic(sizes.keys))
    sizes.keys = sizes.queries;
  // Squares of sums of lengths are formed.
  constexpr int64_t limit = int64_t(1) << 31;
  if (sizes.queries >= limit || sizes.keys >= limit ||
      sizes.queries + sizes.keys >= limit)
    return op->emitOpError("has ")
           << sizes.queries << " queries and " << sizes.keys
           << " keys; expected less than 2147483648 in all";
  return sizes;
}
