//===- Options.cpp - The command line -------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "spattn/Conversion/GpuTarget/TargetCapabilities.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::viz;
namespace cl = llvm::cl;

namespace {
struct CommandLine {
  cl::OptionCategory category{"spattn-viz options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir (- is stdin)"),
                            cl::init("-"), cl::value_desc("file"),
                            cl::cat(category)};
  cl::opt<std::string> output{
      "o", cl::desc("The page to write (default: -, which is stdout)"),
      cl::init("-"), cl::value_desc("file.html"), cl::cat(category)};
  cl::list<std::string> shapes{
      "shape",
      cl::desc("The shape of a function's argument with dynamic dimensions, "
               "the argument by name or position: q:1x16x4096x128"),
      cl::value_desc("arg:shape"), cl::cat(category)};
  cl::opt<int64_t> batch{"batch",
                         cl::desc("Batch size where it is dynamic (default 1)"),
                         cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> queries{"queries",
                           cl::desc("Queries where their number is dynamic"),
                           cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> keys{"keys",
                        cl::desc("Keys where their number is dynamic (default: "
                                 "as many as the queries)"),
                        cl::value_desc("n"), cl::cat(category)};
  cl::opt<std::string> gpuOptions{
      "gpu-options",
      cl::desc("Options of the pipeline spattn-gpu: \"key-tile=64 "
               "ctas-per-sm=2\""),
      cl::value_desc("options"), cl::cat(category)};
  cl::opt<std::string> card{
      "card",
      cl::desc("Whose rates floors and schedules are of: h200 (default for "
               "sm_90a), h100 or a100 (default for other targets)"),
      cl::value_desc("name"), cl::cat(category)};
};
} // namespace

static LogicalResult readSize(StringRef name, const cl::opt<int64_t> &option,
                              std::optional<int64_t> &size) {
  if (!option.getNumOccurrences())
    return success();
  size = option;
  return checkRange(name, option, 0, INT32_MAX);
}

/// The card that is asked for, or one of the kind that the target is.
static LogicalResult chooseCard(StringRef name, Options &options) {
  if (name.empty()) {
    auto target = TargetCapabilities::of(options.gpu.getTarget());
    name = target && target->asyncMma ? "h200" : "a100";
  }
  options.card = findCard(name);
  if (options.card)
    return success();
  auto names =
      llvm::map_range(getCards(), [](const Card &card) { return card.option; });
  return error("--card=" + name + ": expected one of " +
               llvm::join(names, ", "));
}

FailureOr<Options> spattn::viz::parseOptions(int argc, char **argv) {
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "spattn-viz: shows the attentions of a file on one HTML page: the tiles "
      "they visit,\nwhat these cost, who computes them when, and their IR\n");
  Options options;
  for (StringRef text : line.shapes)
    if (failed(parseShape(text, options.shapes.emplace_back())))
      return failure();
  if (failed(readSize("batch", line.batch, options.batch)) ||
      failed(readSize("queries", line.queries, options.queries)) ||
      failed(readSize("keys", line.keys, options.keys)) ||
      failed(parseGpuOptions(line.gpuOptions, options.gpu)) ||
      failed(chooseCard(line.card, options)))
    return failure();
  options.file = line.file;
  options.output = line.output;
  return options;
}
