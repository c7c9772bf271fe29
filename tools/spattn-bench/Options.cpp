//===- Options.cpp - The command line -------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace spattn::bench;
namespace cl = llvm::cl;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

namespace {
struct CommandLine {
  cl::OptionCategory category{"spattn-bench options"};
  CommonCommandLine common{category};
  cl::opt<std::string> file{cl::Positional,
                            cl::desc("[FILE.mlir (- is stdin)]"),
                            cl::value_desc("file"), cl::cat(category)};

  // The problem.
  cl::opt<std::string> structure{
      "structure",
      cl::desc("Measure an attention with this structure, instead of a file: "
               "'#spattn.partition<exclusive>'"),
      cl::value_desc("attribute"), cl::cat(category)};
  cl::list<int64_t> batch{
      "batch",
      cl::desc("Batch size (default 1). Each of --batch, --queries and --keys "
               "takes a list, too: of as many numbers as the others, or of one "
               "for all. In a file they give sizes to dynamic dimensions"),
      cl::CommaSeparated, cl::value_desc("n,..."), cl::cat(category)};
  cl::list<int64_t> queries{"queries", cl::desc("Query length"),
                            cl::CommaSeparated, cl::value_desc("n,..."),
                            cl::cat(category)};
  cl::list<int64_t> keys{
      "keys", cl::desc("Key length (default: as many as queries)"),
      cl::CommaSeparated, cl::value_desc("n,..."), cl::cat(category)};
  cl::opt<int64_t> heads{"heads", cl::desc("Query heads (default 16)"),
                         cl::init(16), cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> keyHeads{
      "key-heads",
      cl::desc("Key-value heads, which divide the query heads (default: as "
               "many)"),
      cl::init(0), cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> headDim{
      "head-dim", cl::desc("Head dimension, 1 to 1024 (default 128)"),
      cl::init(128), cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> valueDim{
      "value-dim", cl::desc("Head dimension of values (default: the same)"),
      cl::init(0), cl::value_desc("n"), cl::cat(category)};
  cl::opt<std::string> dtype{
      "dtype", cl::desc("Type of elements: bf16 (default), f16 or f32"),
      cl::init("bf16"), cl::value_desc("type"), cl::cat(category)};
  cl::opt<bool> lse{"lse",
                    cl::desc("Compute the log-sum-exp of rows, too; or take "
                             "the gradient by it"),
                    cl::cat(category)};
  cl::opt<bool> sinkLogits{
      "sink-logits",
      cl::desc("Have a sink logit for each head; or take the gradient by them"),
      cl::cat(category)};
  cl::opt<bool> backward{"backward", cl::desc("Compute the gradients instead"),
                         cl::cat(category)};
  cl::opt<std::string> alignment{
      "alignment",
      cl::desc("Which query and key are at distance 0: the last ones, end "
               "(default), or the first ones, start"),
      cl::init("end"), cl::value_desc("end|start"), cl::cat(category)};

  // How it is measured.
  cl::opt<Device> device{
      "device", cl::desc("Where functions run:"), cl::init(Device::Cpu),
      cl::values(clEnumValN(Device::Cpu, "cpu",
                            "compiled for this CPU (default), on "
                            "SPATTN_NUM_THREADS threads (default: one a core)"),
                 clEnumValN(Device::Cuda, "cuda",
                            "compiled for the GPU, or from the cache in "
                            "SPATTN_CACHE_DIR; timed by the GPU's events")),
      cl::cat(category)};
  cl::opt<int64_t> repeat{
      "repeat", cl::desc("Timed runs; their median is reported (default 20)"),
      cl::init(20), cl::value_desc("n"), cl::cat(category)};
  cl::opt<int64_t> warmup{"warmup",
                          cl::desc("Runs before the timed ones (default 3)"),
                          cl::init(3), cl::value_desc("n"), cl::cat(category)};
  cl::opt<bool> recompile{
      "recompile",
      cl::desc("Compile for the GPU though a cache has the kernel"),
      cl::cat(category)};
  cl::opt<bool> check{
      "check",
      cl::desc("Look for NaN in all that was computed, and compare rows with "
               "the float64 oracle: at least 64, or all if there are fewer"),
      cl::cat(category)};
  cl::opt<double> maxError{
      "max-error",
      cl::desc("With --check: exit with status 1 if the relative error of "
               "these rows, ||out - ref|| / ||ref||, or the error of their "
               "log-sum-exp exceeds this (default: what rounding in the "
               "element type explains; inf: never)"),
      cl::value_desc("error"), cl::cat(category)};
  cl::opt<double> copyTbs{
      "copy-tbs",
      cl::desc("Rate of memory for the floor: 1e12 bytes, read and written, a "
               "second (default: measured on a GPU, unknown on a CPU)"),
      cl::value_desc("rate"), cl::cat(category)};
  cl::opt<double> productTflops{
      "product-tflops",
      cl::desc("Rate of matrix products for the floor: 1e12 operations a "
               "second (default: assumed for GPUs that are known, else "
               "unknown)"),
      cl::value_desc("rate"), cl::cat(category)};
  cl::opt<std::string> json{
      "json",
      cl::desc("Write the rows as JSON, to stdout or to a file (- is stdout)"),
      cl::ValueOptional, cl::value_desc("file"), cl::cat(category)};
};
} // namespace

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static LogicalResult checkRate(StringRef name, const cl::opt<double> &option,
                               std::optional<double> &rate) {
  if (!option.getNumOccurrences())
    return success();
  if (!(option > 0 && std::isfinite(option)))
    return error("--" + name + ": expected a positive, finite number");
  rate = option;
  return success();
}

/// The problem that options describe.
static FailureOr<Problem> readProblem(const CommandLine &line) {
  constexpr int64_t mostHeads = 1 << 20;
  int64_t keyHeads = line.keyHeads, valueDim = line.valueDim;
  if (!line.keyHeads.getNumOccurrences())
    keyHeads = line.heads;
  if (!line.valueDim.getNumOccurrences())
    valueDim = line.headDim;
  if (failed(checkRange("heads", line.heads, 1, mostHeads)) ||
      failed(checkRange("key-heads", keyHeads, 1, mostHeads)) ||
      failed(checkRange("head-dim", line.headDim, 1, 1024)) ||
      failed(checkRange("value-dim", valueDim, 1, 1024)))
    return failure();
  if (line.heads % keyHeads != 0)
    return error("--heads=" + Twine(line.heads) +
                 " is not a multiple of --key-heads=" + Twine(keyHeads));
  if (!llvm::is_contained({"bf16", "f16", "f32"}, line.dtype))
    return error("--dtype=" + line.dtype + ": expected bf16, f16 or f32");
  if (!llvm::is_contained({"end", "start"}, line.alignment))
    return error("--alignment=" + line.alignment + ": expected end or start");
  if (line.queries.empty())
    return error("--structure needs --queries, the lengths to measure at");
  return Problem{line.structure,  line.dtype,   line.alignment, line.heads,
                 keyHeads,        line.headDim, valueDim,       line.lse,
                 line.sinkLogits, line.backward};
}

/// Options that describe a problem have no meaning for a file.
static LogicalResult checkFile(const CommandLine &line) {
  const cl::Option *options[] = {
      &line.heads,      &line.keyHeads, &line.headDim,
      &line.valueDim,   &line.dtype,    &line.lse,
      &line.sinkLogits, &line.backward, &line.alignment};
  for (const cl::Option *option : options)
    if (option->getNumOccurrences())
      return error("--" + option->ArgStr +
                   " goes with --structure; a file has its own problems");
  return success();
}

/// Pairs the lists of sizes up.
static LogicalResult readLengths(const CommandLine &line,
                                 std::vector<ProblemSizes> &lengths) {
  struct List {
    StringRef name;
    const cl::list<int64_t> &values;
    std::optional<int64_t> ProblemSizes::*member;
  };
  const List lists[] = {{"batch", line.batch, &ProblemSizes::batch},
                        {"queries", line.queries, &ProblemSizes::queries},
                        {"keys", line.keys, &ProblemSizes::keys}};
  const List *longest = &lists[0];
  for (const List &list : lists) {
    for (int64_t value : list.values)
      if (failed(checkRange(list.name, value, 1, INT32_MAX)))
        return failure();
    if (list.values.size() > longest->values.size())
      longest = &list;
  }
  lengths.resize(std::max<size_t>(longest->values.size(), 1));
  for (const List &list : lists) {
    size_t size = list.values.size();
    if (size > 1 && size != lengths.size())
      return error("--" + list.name + " has " + Twine(size) +
                   " numbers and --" + longest->name + " has " +
                   Twine(lengths.size()) + "; expected as many, or one");
    if (size > 0)
      for (size_t i = 0; i < lengths.size(); ++i)
        lengths[i].*list.member = list.values[size == 1 ? 0 : i];
  }
  return success();
}

FailureOr<Options> spattn::bench::parseOptions(int argc, char **argv) {
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "spattn-bench: measures structured-sparse attention\n\n"
      "  The functions of a file, each with one attention:\n"
      "    spattn-bench FILE.mlir --queries=4096\n"
      "  or a problem given by options:\n"
      "    spattn-bench --structure='#spattn.partition<exclusive>' --batch=8,2 "
      "--queries=4096,16384\n");
  Options options;
  bool hasStructure = line.structure.getNumOccurrences();
  if (hasStructure && line.file.getNumOccurrences())
    return error("expected a file or --structure, got both");
  if (!hasStructure && !line.file.getNumOccurrences())
    return error("expected a file or --structure, got neither");
  constexpr int64_t many = 1000000;
  if (failed(checkRange("repeat", line.repeat, 1, many)) ||
      failed(checkRange("warmup", line.warmup, 0, many)) ||
      failed(readLengths(line, options.lengths)) ||
      failed(checkRate("copy-tbs", line.copyTbs, options.copyTbs)) ||
      failed(checkRate("product-tflops", line.productTflops,
                       options.productTflops)) ||
      failed(line.common.read(line.device, options, options)))
    return failure();
  if (line.recompile && line.device != Device::Cuda)
    return error("--recompile is for --device=cuda; code for a CPU is always "
                 "compiled");
  if (line.maxError.getNumOccurrences()) {
    if (!line.check)
      return error("--max-error goes with --check");
    if (!(line.maxError >= 0))
      return error("--max-error: expected a number from 0, or inf");
    options.maxError = line.maxError;
  }
  if (hasStructure) {
    FailureOr<Problem> problem = readProblem(line);
    if (failed(problem))
      return failure();
    options.problem = *problem;
    if (!options.entries.empty() || !options.shapes.empty() ||
        !options.scalars.empty())
      return error("--entry, --shape and --scalar are for a file, not for "
                   "--structure");
    for (ProblemSizes &lengths : options.lengths)
      lengths.batch = lengths.batch.value_or(1);
  } else if (failed(checkFile(line))) {
    return failure();
  }
  options.file = line.file;
  options.seed = line.common.seed;
  options.repeat = line.repeat;
  options.warmup = line.warmup;
  options.recompile = line.recompile;
  options.check = line.check;
  if (line.json.getNumOccurrences())
    options.jsonFile = line.json.empty() ? "-" : line.json.getValue();
  return options;
}
