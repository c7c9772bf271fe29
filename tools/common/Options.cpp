//===- Options.cpp - What tools that run functions ask --------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Options.h"

#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace spattn::tool;
namespace cl = llvm::cl;

static const char *toolName = "spattn";

void spattn::tool::setToolName(const char *name) { toolName = name; }

const spattn::RuntimeContext &spattn::tool::getRuntime() {
  static const RuntimeContext context = [] {
    std::string warning;
    RuntimeContext made = contextFromEnvironment(&warning);
    if (!warning.empty())
      llvm::WithColor::warning(llvm::errs(), toolName) << warning << "\n";
    return made;
  }();
  return context;
}

LogicalResult spattn::tool::error(const Twine &message) {
  llvm::WithColor::error(llvm::errs(), toolName) << message << "\n";
  return failure();
}

CommonCommandLine::CommonCommandLine(cl::OptionCategory &category)
    : entries{"entry",
              cl::desc("Run this function; may be repeated. Without it all "
                       "public functions with a body run. Functions run in the "
                       "order of the file"),
              cl::value_desc("name"), cl::cat(category)},
      shapes{"shape",
             cl::desc("The shape of an argument with dynamic dimensions, the "
                      "argument by name or position: q:1x16x4096x128. Shapes "
                      "that follow from those of other operands of an "
                      "attention need not be given"),
             cl::value_desc("arg:shape"), cl::cat(category)},
      scalars{"scalar",
              cl::desc("The value of a scalar argument, by name or position: "
                       "s:0.125. The scale of an attention is 1/sqrt(D) if not "
                       "given"),
              cl::value_desc("arg:number"), cl::cat(category)},
      seed{"seed",
           cl::desc("Seed of random inputs and of sampled rows (default 0)"),
           cl::init(0), cl::value_desc("number"), cl::cat(category)},
      cpuOptions{category},
      gpuOptions{"gpu-options",
                 cl::desc("Options of the pipeline spattn-gpu, for "
                          "--device=cuda: \"key-tile=64 ctas-per-sm=2\""),
                 cl::value_desc("options"), cl::cat(category)} {}

/// Splits `arg:value`.
static LogicalResult splitArgument(StringRef option, StringRef text,
                                   ArgumentOption &result, StringRef &value) {
  auto [argument, rest] = text.split(':');
  if (argument.empty() || argument.size() == text.size())
    return error(
        "--" + option + "=" + text +
        ": expected an argument's name or position, ':' and a " +
        (option == "shape" ? "shape: q:1x16x4096x128" : "number: s:0.125"));
  argument.consume_front("%");
  result.argument = argument.str();
  result.text = ("--" + option + "=" + text).str();
  value = rest;
  return success();
}

LogicalResult spattn::tool::parseShape(StringRef text, ArgumentOption &result) {
  StringRef shape;
  if (failed(splitArgument("shape", text, result, shape)))
    return failure();
  SmallVector<StringRef> parts;
  shape.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t size;
    if (part.getAsInteger(10, size) || size < 0)
      return error(result.text +
                   ": expected sizes from 0 to 2^63 - 1 with 'x' "
                   "between them, got '" +
                   part + "'");
    result.sizes.push_back(size);
  }
  return success();
}

static LogicalResult parseScalar(StringRef text, ArgumentOption &result) {
  StringRef number;
  if (failed(splitArgument("scalar", text, result, number)))
    return failure();
  if (number.getAsDouble(result.number))
    return error(result.text + ": expected a number, got '" + number + "'");
  return success();
}

LogicalResult spattn::tool::checkRange(StringRef option, int64_t value,
                                       int64_t least, int64_t most) {
  if (value >= least && value <= most)
    return success();
  return error("--" + option + "=" + Twine(value) +
               ": expected a number from " + Twine(least) + " to " +
               Twine(most));
}

LogicalResult spattn::tool::parseGpuOptions(StringRef gpuOptions,
                                            spattn::GpuOptions &result) {
  llvm::Expected<spattn::GpuOptions> parsed =
      spattn::GpuOptions::parse(gpuOptions);
  if (!parsed)
    return error("--gpu-options='" + gpuOptions +
                 "': expected options of spattn-gpu: " +
                 llvm::toString(parsed.takeError()));
  if (llvm::Error problem = parsed->check())
    return error("--gpu-options='" + gpuOptions +
                 "': " + llvm::toString(std::move(problem)));
  result = *parsed;
  return success();
}

LogicalResult CommonCommandLine::read(Device device, EntryOptions &entryOptions,
                                      KernelOptions &kernel) const {
  kernel.cpu = cpuOptions.get();
  if (llvm::Error problem = kernel.cpu.check())
    return error(llvm::toString(std::move(problem)));
  if (device != Device::Cuda && gpuOptions.getNumOccurrences())
    return error("--gpu-options is for --device=cuda");
  if (std::string given = kernel.cpu.str();
      device == Device::Cuda && !given.empty())
    return error(
        "--device=cuda takes --gpu-options, and no options of code for "
        "a CPU: " +
        given);
  entryOptions.entries = {entries.begin(), entries.end()};
  for (StringRef text : shapes)
    if (failed(parseShape(text, entryOptions.shapes.emplace_back())))
      return failure();
  for (StringRef text : scalars)
    if (failed(parseScalar(text, entryOptions.scalars.emplace_back())))
      return failure();
  kernel.device = device;
  return device == Device::Cuda ? parseGpuOptions(gpuOptions, kernel.gpu)
                                : success();
}
