//===- Arguments.cpp - What functions are called with ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Arguments.h"

#include "common/Arrays.h"

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
  return success();
}
