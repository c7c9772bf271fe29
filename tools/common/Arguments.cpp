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
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/JIT/CpuKernel.h"

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

/// A module with the attention that an operation computes the gradients of: a
/// function of query, key, value, scale, output and log-sum-exp.
static OwningOpRef<ModuleOp> makeForward(AttentionOpInterface op) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(op.getLoc());
  ImplicitLocOpBuilder b(op.getLoc(), module->getBodyRegion());
  SmallVector<Type> types;
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue()})
    types.push_back(operand.getType());
  types.append({b.getF32Type(), op.getOut().getType(), op.getLse().getType()});
  auto function =
      func::FuncOp::create(b, "forward", b.getFunctionType(types, {}));
  Block *body = function.addEntryBlock();
  b.setInsertionPointToStart(body);
  auto argument = [&](unsigned i) { return body->getArgument(i); };
  auto attention = AttentionOp::create(
      b, argument(0), argument(1), argument(2), argument(3), argument(4),
      argument(5), op.getStructure(), op.getAlignment(), op.getLayout(),
      /*tile_shape=*/TileShapeAttr(), /*differentiated=*/false);
  func::ReturnOp::create(b, attention->getResults());
  function.setFunctionType(
      b.getFunctionType(types, attention->getResultTypes()));
  return module;
}

/// Gradients are by what an attention has computed: makes `out` and `lse` what
/// it computes on this machine, unless files hold them.
static LogicalResult makeForwardResults(Entry &entry,
                                        ArrayRef<ReferenceValue> values) {
  AttentionOpInterface op = entry.attention;
  if (!op || !isa<AttentionBackwardOp>(op) || !whyUncheckable(entry).empty())
    return success();
  EntryArgument *out = entry.getArgument(op.getOut());
  EntryArgument *lse = entry.getArgument(op.getLse());
  if (!out->file.empty() && !lse->file.empty())
    return success();
  AttentionProblem problem = AttentionProblem::get(op);
  if (EntryArgument *scale = entry.getArgument(op.getScale()))
    problem.scale = scale->number;
  GradientInputs inputs = collectInputs(entry, values);
  // What a file holds is not overwritten.
  std::vector<Array> unused;
  for (auto [argument, view] :
       {std::pair(out, &inputs.out), std::pair(lse, &inputs.lse)}) {
    if (argument->file.empty())
      continue;
    llvm::Expected<Array> array = allocate(view->elementType, view->sizes);
    if (!array)
      return op->emitError(llvm::toString(array.takeError()));
    unused.push_back(*array);
    *view = array->view;
  }
  auto kernel = CpuKernel::compile(*makeForward(op), "forward");
  if (!kernel)
    return op->emitError(llvm::toString(kernel.takeError()));
  auto results = (*kernel)->run({inputs.query, inputs.key, inputs.value,
                                 static_cast<float>(problem.getScale()),
                                 inputs.out, inputs.lse});
  if (!results)
    return op->emitError(llvm::toString(results.takeError()));
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
