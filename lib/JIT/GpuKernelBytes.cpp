//===- GpuKernelBytes.cpp - Kernels as bytes ------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An artifact says how kernels are launched, by the names of their operands.
// Kernels are called with the arguments of a function: which of them is which
// operand is written to the artifact's metadata, as JSON.
//
//===----------------------------------------------------------------------===//

#include "GpuKernelImpl.h"
#include "KernelFunction.h"
#include "llvm/Support/JSON.h"

using namespace spattn;
namespace json = llvm::json;

/// The name of the metadata.
static constexpr char kFunction[] = "function";

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Dynamic ones are null.
static json::Array writeNumbers(llvm::ArrayRef<int64_t> numbers) {
  json::Array array;
  for (int64_t number : numbers)
    array.push_back(number == ParameterType::kDynamic ? json::Value(nullptr)
                                                      : json::Value(number));
  return array;
}

runtime::Result<std::string> GpuKernel::serialize() const {
  json::Array arguments, operands, scalars, results;
  for (const auto &[type, isDestination] : impl->form.arguments)
    arguments.push_back(json::Object{{"type", type.text},
                                     {"element", int64_t(type.element)},
                                     {"scalar", type.isScalar},
                                     {"sizes", writeNumbers(type.sizes)},
                                     {"strides", writeNumbers(type.strides)},
                                     {"destination", isDestination}});
  for (const auto &[name, argument] : impl->function.operands)
    operands.push_back(json::Object{{"name", name}, {"argument", argument}});
  for (const HostScalar &scalar : impl->function.scalars) {
    json::Object entry{{"name", scalar.name}, {"constant", scalar.constant}};
    if (scalar.argument)
      entry["argument"] = *scalar.argument;
    scalars.push_back(std::move(entry));
  }
  for (unsigned result : impl->function.results)
    results.push_back(result);
  std::string text;
  llvm::raw_string_ostream(text)
      << json::Value(json::Object{{"arguments", std::move(arguments)},
                                  {"operands", std::move(operands)},
                                  {"scalars", std::move(scalars)},
                                  {"results", std::move(results)}});
  runtime::Artifact artifact = impl->program->artifact();
  llvm::erase_if(artifact.metadata,
                 [](const auto &entry) { return entry.first == kFunction; });
  artifact.metadata.emplace_back(kFunction, text);
  return artifact.serialize();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace spattn {
static bool fromJSON(const json::Value &value, HostScalar &scalar,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", scalar.name) &&
         map.map("constant", scalar.constant) &&
         map.mapOptional("argument", scalar.argument);
}
} // namespace spattn

namespace {
struct ReadArgument {
  ParameterType type;
  bool isDestination = false;
};
struct ReadOperand {
  std::string name;
  unsigned argument = 0;
};
struct ReadFunction {
  std::vector<ReadArgument> arguments;
  std::vector<ReadOperand> operands;
  std::vector<HostScalar> scalars;
  std::vector<unsigned> results;
};

bool readNumbers(const json::Object &object, llvm::StringRef name,
                 llvm::SmallVectorImpl<int64_t> &numbers) {
  const json::Array *array = object.getArray(name);
  if (!array)
    return false;
  for (const json::Value &value : *array) {
    std::optional<int64_t> number = value.getAsInteger();
    if (!number && value.kind() != json::Value::Null)
      return false;
    numbers.push_back(number.value_or(ParameterType::kDynamic));
  }
  return numbers.size() <= runtime::kMaxRank;
}

bool fromJSON(const json::Value &value, ReadArgument &argument,
              json::Path path) {
  const json::Object *object = value.getAsObject();
  json::ObjectMapper map(value, path);
  int64_t element = -1;
  ParameterType &type = argument.type;
  if (!map || !map.map("type", type.text) || !map.map("element", element) ||
      !map.map("scalar", type.isScalar) ||
      !map.map("destination", argument.isDestination) ||
      !readNumbers(*object, "sizes", type.sizes) ||
      !readNumbers(*object, "strides", type.strides) || element < 0 ||
      element > int64_t(runtime::ElementType::F64) ||
      (!type.strides.empty() && type.strides.size() != type.sizes.size()))
    return false;
  type.element = runtime::ElementType(element);
  return true;
}

bool fromJSON(const json::Value &value, ReadOperand &operand, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", operand.name) &&
         map.map("argument", operand.argument);
}

bool fromJSON(const json::Value &value, ReadFunction &function,
              json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("arguments", function.arguments) &&
         map.map("operands", function.operands) &&
         map.map("scalars", function.scalars) &&
         map.map("results", function.results);
}
} // namespace

/// Whether the numbers are those of arguments, and these what the kernels take.
static bool fits(const ReadFunction &function,
                 const runtime::Artifact &artifact) {
  auto find = [&](unsigned argument) -> const ParameterType * {
    return argument < function.arguments.size()
               ? &function.arguments[argument].type
               : nullptr;
  };
  for (const ReadOperand &operand : function.operands) {
    const ParameterType *type = find(operand.argument);
    auto it = llvm::find_if(artifact.operands, [&](const auto &known) {
      return known.name == operand.name;
    });
    if (!type || type->isScalar || it == artifact.operands.end() ||
        it->type != type->element ||
        it->dimensions.size() != type->sizes.size())
      return false;
  }
  for (const HostScalar &scalar : function.scalars) {
    if (!scalar.argument)
      continue;
    const ParameterType *type = find(*scalar.argument);
    if (!type || !type->isScalar || type->element != runtime::ElementType::F32)
      return false;
  }
  return llvm::all_of(function.results, [&](unsigned argument) {
    return find(argument) && !find(argument)->isScalar;
  });
}

runtime::Result<std::unique_ptr<GpuKernel>>
GpuKernel::load(std::string_view bytes, const RuntimeContext &context) {
  auto artifact = runtime::Artifact::parse(bytes);
  if (!artifact)
    return artifact.status();
  const std::string *text = artifact->findMetadata(kFunction);
  if (!text)
    return runtime::Status::error(
        "the artifact does not say which function its kernels are of");
  ReadFunction function;
  llvm::Expected<ReadFunction> read =
      json::parse<ReadFunction>(*text, "function");
  if (read)
    function = std::move(*read);
  else
    llvm::consumeError(read.takeError());
  if (function.arguments.empty() || !fits(function, *artifact))
    return runtime::Status::error(
        "what the artifact says of its function does not fit its kernels");

  std::unique_ptr<GpuKernel> kernel(new GpuKernel(context));
  Impl &impl = *kernel->impl;
  for (ReadArgument &argument : function.arguments) {
    impl.signature.arguments.push_back(argument.type);
    impl.form.arguments.push_back({argument.type, argument.isDestination});
  }
  for (unsigned result : function.results)
    impl.signature.results.push_back(impl.signature.arguments[result]);
  impl.form.results = impl.function.results = function.results;
  for (const ReadOperand &operand : function.operands)
    impl.function.operands.emplace_back(operand.name, operand.argument);
  impl.function.scalars = std::move(function.scalars);
  impl.setProgram(std::make_shared<runtime::Program>(*std::move(artifact)));
  impl.times.fromCache = true;
  return kernel;
}
