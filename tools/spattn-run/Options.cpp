//===- Options.cpp - The command line -------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "spattn/Pipelines/GpuPipeline.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace spattn::run;
namespace cl = llvm::cl;

LogicalResult spattn::run::error(const Twine &message) {
  llvm::WithColor::error(llvm::errs(), "spattn-run") << message << "\n";
  return failure();
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

namespace {
enum class DeviceOption { Auto, Cpu, Cuda, Reference };

/// Made in `parseOptions` rather than at start-up, so that nothing runs before
/// main.
struct CommandLine {
  cl::OptionCategory category{"spattn-run options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir (- is stdin)"),
                            cl::init("-"), cl::value_desc("file"),
                            cl::cat(category)};
  cl::list<std::string> entries{
      "entry",
      cl::desc("Run this function; may be repeated. Without it all public "
               "functions with a body run. Functions run in the order of the "
               "file"),
      cl::value_desc("name"), cl::cat(category)};
  cl::list<std::string> inputs{
      "input",
      cl::desc("A .npy file for the next tensor or memref argument that is not "
               "a destination; one for each of them, or none, for random "
               "normal numbers. Files of float types are rounded to the "
               "argument's (nearest, ties to even); bf16 is <u2 or |V2"),
      cl::value_desc("file.npy"), cl::cat(category)};
  cl::list<std::string> outputs{
      "output",
      cl::desc("A .npy file for the next result; one for each result of the "
               "functions that run, or none. bf16 is written as its bits, <u2. "
               "A function without results gives its destination arguments"),
      cl::value_desc("file.npy"), cl::cat(category)};
  cl::list<std::string> shapes{
      "shape",
      cl::desc("The shape of an argument with dynamic dimensions, the argument "
               "by name or position: q:1x16x4096x128. Shapes that follow from "
               "those of other operands of an attention need not be given"),
      cl::value_desc("arg:shape"), cl::cat(category)};
  cl::list<std::string> scalars{
      "scalar",
      cl::desc("The value of a scalar argument, by name or position: s:0.125. "
               "The scale of an attention is 1/sqrt(D) if not given"),
      cl::value_desc("arg:number"), cl::cat(category)};
  cl::opt<uint64_t> seed{
      "seed", cl::desc("Seed of random inputs and of sampled rows (default 0)"),
      cl::init(0), cl::value_desc("number"), cl::cat(category)};
  cl::opt<int64_t> repeat{
      "repeat", cl::desc("Timed runs; their median is reported (default 1)"),
      cl::init(1), cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> warmup{"warmup",
                          cl::desc("Runs before the timed ones (default 0)"),
                          cl::init(0), cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> check{
      "check",
      cl::desc("Rows (batch element, head, query) that are compared with the "
               "float64 oracle, drawn at random (default 64; 0: none)"),
      cl::init(64), cl::value_desc("rows"), cl::cat(category)};
  cl::opt<double> maxError{
      "max-error",
      cl::desc("Exit with status 1 if the relative error of the sampled rows, "
               "||out - ref|| / ||ref||, or the error of their log-sum-exp "
               "exceeds this, or if a function cannot be checked"),
      cl::value_desc("error"), cl::cat(category)};
  cl::opt<DeviceOption> device{
      "device", cl::desc("Where functions run:"), cl::init(DeviceOption::Auto),
      cl::values(clEnumValN(DeviceOption::Auto, "auto",
                            "the best there is (default): cpu"),
                 clEnumValN(DeviceOption::Cpu, "cpu",
                            "compiled for this CPU, on SPATTN_NUM_THREADS "
                            "threads (default: one a core)"),
                 clEnumValN(DeviceOption::Cuda, "cuda",
                            "compiled for the GPU, or from the cache in "
                            "SPATTN_CACHE_DIR; times are those of the GPU, "
                            "without copies"),
                 clEnumValN(DeviceOption::Reference, "reference",
                            "the float64 interpreter")),
      cl::cat(category)};
  cl::opt<int64_t> queryTile{
      "query-tile",
      cl::desc("Rows of queries in a tile, 1 to 4096, where an attention has "
               "no schedule (default: chosen)"),
      cl::init(0), cl::value_desc("rows"), cl::cat(category)};
  cl::opt<int64_t> keyTile{
      "key-tile", cl::desc("Rows of keys in a tile, likewise"), cl::init(0),
      cl::value_desc("rows"), cl::cat(category)};
  cl::opt<int64_t> vectorWidth{
      "vector-width",
      cl::desc("Elements of f32 in a vector, a power of two up to 64 (default: "
               "what this CPU has)"),
      cl::init(0), cl::value_desc("n"), cl::cat(category)};
  cl::opt<std::string> gpuOptions{
      "gpu-options",
      cl::desc("Options of the pipeline spattn-gpu, for --device=cuda: "
               "\"key-tile=64 blocks=2\""),
      cl::value_desc("options"), cl::cat(category)};
  cl::opt<bool> perHead{
      "per-head", cl::desc("Report the tiles of each head (default true)"),
      cl::init(true), cl::cat(category)};
  cl::opt<std::string> dump{
      "dump",
      cl::desc("Write the IR of each function after each stage to "
               "folder/function/"),
      cl::value_desc("folder"), cl::cat(category)};
  cl::opt<std::string> json{"json",
                            cl::desc("Write the report as JSON (- is stdout)"),
                            cl::value_desc("file"), cl::cat(category)};
};
} // namespace

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

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

static LogicalResult parseShape(StringRef text, ArgumentOption &result) {
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

static LogicalResult checkRange(StringRef option, int64_t value, int64_t least,
                                int64_t most) {
  if (value >= least && value <= most)
    return success();
  return error("--" + option + "=" + Twine(value) +
               ": expected a number from " + Twine(least) + " to " +
               Twine(most));
}

/// What concerns each option by itself.
static LogicalResult checkNumbers(const CommandLine &line) {
  int64_t many = 1000000000;
  if (failed(checkRange("repeat", line.repeat, 1, many)) ||
      failed(checkRange("warmup", line.warmup, 0, many)) ||
      failed(checkRange("check", line.check, 0, many)) ||
      failed(checkRange("query-tile", line.queryTile, 0, 4096)) ||
      failed(checkRange("key-tile", line.keyTile, 0, 4096)) ||
      failed(checkRange("vector-width", line.vectorWidth, 0, 64)))
    return failure();
  if (line.vectorWidth && !llvm::isPowerOf2_64(line.vectorWidth))
    return error("--vector-width=" + Twine(line.vectorWidth) +
                 ": expected a power of two up to 64");
  if (line.maxError.getNumOccurrences() &&
      !(line.maxError >= 0 && std::isfinite(line.maxError)))
    return error("--max-error: expected a number from 0");
  if (line.maxError.getNumOccurrences() && line.check == 0)
    return error("--max-error needs rows to check, but --check is 0");
  if (line.device != DeviceOption::Cuda && line.gpuOptions.getNumOccurrences())
    return error("--gpu-options is for --device=cuda");
  if (line.device == DeviceOption::Cuda &&
      (line.queryTile || line.keyTile || line.vectorWidth))
    return error("--query-tile, --key-tile and --vector-width are for a CPU; "
                 "--device=cuda takes --gpu-options");
  return success();
}

static LogicalResult setCuda(StringRef gpuOptions, Options &options) {
  spattn::GpuPipelineOptions pipeline;
  if (failed(pipeline.parseFromString(gpuOptions)))
    return error("--gpu-options='" + gpuOptions +
                 "': expected options of spattn-gpu");
  options.device = Device::Cuda;
  options.gpuOptions = gpuOptions.str();
  return success();
}

/// A file can be written once.
static LogicalResult checkOutputs(const Options &options) {
  llvm::StringSet<> names;
  for (StringRef name : options.outputs)
    if (!names.insert(name).second)
      return error("--output=" + name + " is given twice");
  if (!options.jsonFile.empty() && names.contains(options.jsonFile))
    return error("--output and --json are both '" + options.jsonFile + "'");
  return success();
}

FailureOr<Options> spattn::run::parseOptions(int argc, char **argv) {
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "spattn-run: compiles functions of structured-sparse attention, runs "
      "them,\nand compares them with a float64 oracle\n\n"
      "  Arguments that are used only as 'outs' of attention are "
      "destinations:\n"
      "  they are allocated, filled with NaN before each run, and take no "
      "--input.\n");
  if (failed(checkNumbers(line)))
    return failure();
  Options options;
  options.file = line.file;
  options.entries = {line.entries.begin(), line.entries.end()};
  options.inputs = {line.inputs.begin(), line.inputs.end()};
  options.outputs = {line.outputs.begin(), line.outputs.end()};
  for (StringRef text : line.shapes)
    if (failed(parseShape(text, options.shapes.emplace_back())))
      return failure();
  for (StringRef text : line.scalars)
    if (failed(parseScalar(text, options.scalars.emplace_back())))
      return failure();
  options.seed = line.seed;
  options.repeat = line.repeat;
  options.warmup = line.warmup;
  options.checkRows = line.check;
  if (line.maxError.getNumOccurrences())
    options.maxError = line.maxError;
  if (line.device == DeviceOption::Reference)
    options.device = Device::Reference;
  options.queryTile = line.queryTile;
  options.keyTile = line.keyTile;
  options.vectorWidth = line.vectorWidth;
  if (line.device == DeviceOption::Cuda &&
      failed(setCuda(line.gpuOptions, options)))
    return failure();
  options.perHead = line.perHead;
  options.dumpFolder = line.dump;
  options.jsonFile = line.json;
  if (failed(checkOutputs(options)))
    return failure();
  return options;
}
