//===- KernelFunction.cpp - What is compiled, and its arguments -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelFunction.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "spattn/JIT/KernelCall.h"
#include "spattn/Support/Elements.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;
using llvm::Expected;

KernelCall::~KernelCall() = default;

static bool isSupportedType(Type type, bool isArgument) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return isa<RankedTensorType, MemRefType>(type) &&
           getElementType(shaped.getElementType());
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
                         "f16, bf16, f32, f64, index, i8, i16, i32 and i64",
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

static Expected<ParameterType> getParameter(Type type) {
  ParameterType parameter;
  llvm::raw_string_ostream(parameter.text) << type;
  auto shaped = dyn_cast<ShapedType>(type);
  parameter.isScalar = !shaped;
  parameter.element = *getElementType(shaped ? shaped.getElementType() : type);
  if (!shaped)
    return parameter;
  auto translate = [](int64_t number) {
    return ShapedType::isDynamic(number) ? ParameterType::kDynamic : number;
  };
  for (int64_t size : shaped.getShape())
    parameter.sizes.push_back(translate(size));
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return parameter;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(memref.getStridesAndOffset(strides, offset)))
    return makeError("is of type ", type, ", whose layout has no strides");
  if (!ShapedType::isDynamic(offset) && offset != 0)
    return makeError("is of type ", type,
                     "; expected an offset of 0 or a dynamic one");
  for (int64_t stride : strides)
    parameter.strides.push_back(translate(stride));
  return parameter;
}

Expected<CallSignature> spattn::getSignature(func::FuncOp function) {
  CallSignature signature;
  auto add = [&](TypeRange types, std::vector<ParameterType> &parameters,
                 StringRef what) -> Error {
    for (auto [i, type] : llvm::enumerate(types)) {
      auto parameter = getParameter(type);
      if (!parameter)
        return makeError(what, " ", i, " ",
                         llvm::toString(parameter.takeError()));
      parameters.push_back(std::move(*parameter));
    }
    return Error::success();
  };
  if (Error error =
          add(function.getArgumentTypes(), signature.arguments, "argument"))
    return error;
  if (Error error = add(function.getResultTypes(), signature.results, "result"))
    return error;
  return signature;
}

/// What of an argument does not fit its type.
static Error checkArgument(unsigned i, const KernelArgument &argument,
                           const ParameterType &type, bool hasData) {
  if (type.isScalar) {
    bool fits = type.element == ElementType::F32
                    ? std::holds_alternative<float>(argument)
                    : std::holds_alternative<int64_t>(argument);
    if (!fits)
      return makeError("argument ", i, " should be a scalar of type ",
                       type.text);
    return Error::success();
  }
  const auto *view = std::get_if<BufferView>(&argument);
  if (!view)
    return makeError("argument ", i, " should be a buffer for ", type.text);
  if (view->elementType != type.element)
    return makeError("argument ", i, " has elements of type ",
                     getElementName(view->elementType), ", expected ",
                     type.text);
  if (view->sizes.size() != type.sizes.size() ||
      view->strides.size() != view->sizes.size())
    return makeError("argument ", i, " has rank ", view->sizes.size(),
                     ", expected ", type.text);
  for (auto [size, expected] : llvm::zip(view->sizes, type.sizes))
    if (size < 0 || (expected != ParameterType::kDynamic && size != expected))
      return makeError("argument ", i, " has a dimension of size ", size,
                       ", expected ", type.text);
  if (!view->strides.empty() && view->strides.back() != 1 &&
      view->sizes.back() > 1)
    return makeError("argument ", i, " has an innermost stride of ",
                     view->strides.back(), ", expected 1");
  if (!type.strides.empty())
    for (auto [size, stride, expected] :
         llvm::zip(view->sizes, view->strides, type.strides))
      if (size > 1 && expected != ParameterType::kDynamic && stride != expected)
        return makeError("argument ", i, " has a stride of ", stride,
                         ", expected ", type.text);
  if (hasData && !view->data && view->getNumElements() > 0)
    return makeError("argument ", i, " has no data");
  return Error::success();
}

Error spattn::checkArguments(const CallSignature &signature,
                             ArrayRef<KernelArgument> arguments, bool hasData) {
  if (arguments.size() != signature.arguments.size())
    return makeError("expected ", signature.arguments.size(),
                     " arguments, got ", arguments.size());
  for (auto [i, argument] : llvm::enumerate(arguments))
    if (Error error =
            checkArgument(i, argument, signature.arguments[i], hasData))
      return error;
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
