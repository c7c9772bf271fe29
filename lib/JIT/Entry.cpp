//===- Entry.cpp - The function that is compiled, and its arguments -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entry.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

static bool isSupportedType(Type type, bool isArgument) {
  auto isElement = [](Type element) {
    return element.isF32() || element.isF16() || element.isBF16() ||
           element.isF64() || element.isIndex() || element.isSignlessInteger();
  };
  if (auto shaped = dyn_cast<ShapedType>(type))
    return isa<RankedTensorType, MemRefType>(type) &&
           isElement(shaped.getElementType());
  return isArgument &&
         (type.isF32() || type.isIndex() || type.isSignlessInteger(64));
}

std::string spattn::firstErrorOf(MLIRContext *context,
                                 llvm::function_ref<void()> run) {
  std::string message;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (message.empty() &&
        diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message = diagnostic.str();
    // Whoever else listens hears it, too.
    return failure();
  });
  run();
  return message;
}

/// What is handed in may have been built, and never verified.
static Error verifyModule(ModuleOp module) {
  LogicalResult result = success();
  std::string message =
      firstErrorOf(module.getContext(), [&] { result = verify(module); });
  if (failed(result))
    return makeError("the module is not valid: ", message);
  return Error::success();
}

Expected<func::FuncOp> spattn::findEntry(ModuleOp module, StringRef name) {
  if (Error error = verifyModule(module))
    return error;
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function)
    return makeError("no function '", name, "' in the module");
  if (function.isExternal())
    return makeError("function '", name, "' has no body");
  if (!function.getBody().hasOneBlock())
    return makeError("function '", name,
                     "' has several blocks; one is "
                     "supported");
  auto check = [&](TypeRange types, bool isArgument) -> Error {
    for (Type type : types)
      if (!isSupportedType(type, isArgument))
        return makeError("function '", name, "' has ",
                         isArgument ? "an argument" : "a result", " of type ",
                         type,
                         "; supported are ranked tensors and memrefs of "
                         "f16, bf16, f32, f64, index and integers",
                         isArgument ? ", and f32, index and i64" : "");
    return Error::success();
  };
  if (Error error = check(function.getArgumentTypes(), true))
    return error;
  if (Error error = check(function.getResultTypes(), false))
    return error;
  return function;
}

std::optional<unsigned> spattn::tracedArgument(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    auto dps = dyn_cast<DestinationStyleOpInterface>(def);
    if (!dps)
      return std::nullopt;
    value = dps.getTiedOpOperand(cast<OpResult>(value))->get();
  }
  auto argument = cast<BlockArgument>(value);
  if (isa<func::FuncOp>(argument.getOwner()->getParentOp()))
    return argument.getArgNumber();
  return std::nullopt;
}

/// The code for a memref takes its static strides for granted.
static Error checkLayout(unsigned i, const BufferView &view, Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return Error::success();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(memref.getStridesAndOffset(strides, offset)))
    return makeError("argument ", i, " is of type ", type,
                     ", whose layout has no strides");
  if (!ShapedType::isDynamic(offset) && offset != 0)
    return makeError("argument ", i, " is of type ", type,
                     "; expected an offset of 0 or a dynamic one");
  for (auto [size, stride, expected] :
       llvm::zip(view.sizes, view.strides, strides))
    if (size > 1 && !ShapedType::isDynamic(expected) && stride != expected)
      return makeError("argument ", i, " has a stride of ", stride,
                       ", expected ", type);
  return Error::success();
}

Error spattn::checkArgument(unsigned i, const KernelArgument &argument,
                            Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped) {
    bool fits = type.isF32() ? std::holds_alternative<float>(argument)
                             : std::holds_alternative<int64_t>(argument);
    if (!fits)
      return makeError("argument ", i, " should be a scalar of type ", type);
    return Error::success();
  }
  const auto *view = std::get_if<BufferView>(&argument);
  if (!view)
    return makeError("argument ", i, " should be a buffer for ", type);
  if (view->elementType != shaped.getElementType())
    return makeError("argument ", i, " has elements of type ",
                     view->elementType, ", expected ", type);
  if (static_cast<int64_t>(view->sizes.size()) != shaped.getRank() ||
      view->strides.size() != view->sizes.size())
    return makeError("argument ", i, " has rank ", view->sizes.size(),
                     ", expected ", type);
  for (auto [size, expected] : llvm::zip(view->sizes, shaped.getShape()))
    if (size < 0 || (!ShapedType::isDynamic(expected) && size != expected))
      return makeError("argument ", i, " has a dimension of size ", size,
                       ", expected ", type);
  if (!view->strides.empty() && view->strides.back() != 1 &&
      view->sizes.back() > 1)
    return makeError("argument ", i, " has an innermost stride of ",
                     view->strides.back(), ", expected 1");
  if (Error error = checkLayout(i, *view, type))
    return error;
  if (!view->data && view->getNumElements() > 0)
    return makeError("argument ", i, " has no data");
  return Error::success();
}

LogicalResult spattn::runStage(ModuleOp module,
                               llvm::function_ref<void(OpPassManager &)> build,
                               StringRef folder, StringRef file) {
  PassManager pm(module.getContext());
  build(pm);
  if (failed(pm.run(module)))
    return failure();
  if (folder.empty())
    return success();
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, file);
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error)
    module.print(stream);
  return success();
}
