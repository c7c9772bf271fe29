//===- Options.cpp - The command line -------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"

#include <cmath>

using namespace mlir;
using namespace spattn::run;
namespace cl = llvm::cl;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

namespace {
enum class DeviceOption { Auto, Cpu, Cuda, Reference };

struct CommandLine {
  cl::OptionCategory category{"spattn-run options"};
  CommonCommandLine common{category};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir (- is stdin)"),
                            cl::init("-"), cl::value_desc("file"),
                            cl::cat(category)};
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
               "exceeds this, or if a function cannot be checked (default: "
               "what rounding in the element type explains, where a function "
               "can be checked; inf: never)"),
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

/// What concerns each option by itself.
static LogicalResult checkNumbers(const CommandLine &line) {
  int64_t many = 1000000000;
  if (failed(checkRange("repeat", line.repeat, 1, many)) ||
      failed(checkRange("warmup", line.warmup, 0, many)) ||
      failed(checkRange("check", line.check, 0, many)))
    return failure();
  if (line.maxError.getNumOccurrences() && !(line.maxError >= 0))
    return error("--max-error: expected a number from 0, or inf");
  if (line.maxError.getNumOccurrences() && line.check == 0)
    return error("--max-error needs rows to check, but --check is 0");
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
  Device device = line.device == DeviceOption::Cuda        ? Device::Cuda
                  : line.device == DeviceOption::Reference ? Device::Reference
                                                           : Device::Cpu;
  if (failed(line.common.read(device, options, options)))
    return failure();
  options.file = line.file;
  options.inputs = {line.inputs.begin(), line.inputs.end()};
  options.outputs = {line.outputs.begin(), line.outputs.end()};
  options.seed = line.common.seed;
  options.repeat = line.repeat;
  options.warmup = line.warmup;
  options.checkRows = line.check;
  if (line.maxError.getNumOccurrences())
    options.maxError = line.maxError;
  options.perHead = line.perHead;
  options.dumpFolder = line.dump;
  options.jsonFile = line.json;
  if (failed(checkOutputs(options)))
    return failure();
  return options;
}
