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

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

static llvm::Expected<Array> makeArray(const EntryArgument &argument,
                                       uint64_t seed) {
  if (argument.file.empty()) {
    llvm::Expected<Array> array =
        allocate(argument.getElementType(), argument.sizes);
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

/// Gradients are by what an attention has computed: makes `out` and `lse` that
/// of the oracle, unless a file holds them.
static LogicalResult makeForwardResults(Entry &entry,
                                        ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!isa_and_nonnull<AttentionBackwardOp>(op.getOperation()) ||
      !whyUncheckable(entry).empty())
    return success();
  EntryArgument *out = entry.getArgument(op.getOut());
  EntryArgument *lse = entry.getArgument(op.getLse());
  if (!out->file.empty() && !lse->file.empty())
    return success();
  AttentionProblem problem = AttentionProblem::get(op);
  if (EntryArgument *scale = entry.getArgument(op.getScale()))
    problem.scale = static_cast<float>(scale->number);
  GradientInputs inputs = collectInputs(entry, values);
  // A file's array is not overwritten.
  auto target = [](EntryArgument *argument,
                   const BufferView &view) -> llvm::Expected<Array> {
    if (argument->file.empty())
      return Array{view, nullptr};
    return allocate(view.elementType, view.sizes);
  };
  llvm::Expected<Array> outArray = target(out, inputs.out);
  if (!outArray)
    return op->emitError(llvm::toString(outArray.takeError()));
  llvm::Expected<Array> lseArray = target(lse, inputs.lse);
  if (!lseArray)
    return op->emitError(llvm::toString(lseArray.takeError()));
  if (llvm::Error error =
          evaluate(problem, inputs.query, inputs.key, inputs.value,
                   outArray->view, &lseArray->view))
    return op->emitError(llvm::toString(std::move(error)));
  return success();
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
  return makeForwardResults(entry, values);
}
