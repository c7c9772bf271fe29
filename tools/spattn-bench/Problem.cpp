//===- Problem.cpp - The functions to measure -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Problem.h"

#include "common/Check.h"
#include "common/PageTables.h"
#include "common/Text.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::bench;

LogicalResult spattn::bench::makeSource(MLIRContext &context,
                                        const Problem &problem,
                                        Source &source) {
  std::string reason;
  Attribute structure;
  {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      // The first says what is wrong, the others follow from it.
      if (reason.empty() &&
          diagnostic.getSeverity() == DiagnosticSeverity::Error)
        reason = diagnostic.str();
    });
    structure = parseAttribute(problem.structure, &context);
  }
  if (!structure)
    return error("--structure='" + problem.structure + "': " + reason);

  auto type = [&](int64_t heads, int64_t dim) {
    return llvm::formatv("tensor<?x{0}x?x{1}x{2}>", heads, dim, problem.dtype)
        .str();
  };
  std::string q = type(problem.heads, problem.headDim),
              k = type(problem.keyHeads, problem.headDim),
              v = type(problem.keyHeads, problem.valueDim),
              o = type(problem.heads, problem.valueDim), parameter, operand,
              clause, types = o, results = "%r";
  if (problem.sinkLogits) {
    std::string sink = llvm::formatv("tensor<{0}xf32>", problem.heads);
    parameter = ", %sink: " + sink;
    clause = " sink_logits(%sink : " + sink + ")";
  }
  if (problem.lse) {
    std::string lse = llvm::formatv("tensor<?x{0}x?xf32>", problem.heads);
    parameter += ", %lse: " + lse;
    operand = ", %lse";
    types += ", " + lse;
    results = "%r#0, %r#1";
  }
  std::string text;
  llvm::raw_string_ostream(text)
      << "func.func @attention(%q: " << q << ", %k: " << k << ", %v: " << v
      << ", %o: " << o << parameter << ") -> (" << types << ") {\n"
      << "  %r" << (problem.lse ? ":2" : "") << " = spattn.attention structure("
      << structure << ")\n"
      << "      ins(%q, %k, %v : " << q << ", " << k << ", " << v << ")"
      << clause << " outs(%o" << operand << " : " << types << ")\n"
      << "      {" << (problem.backward ? "differentiated, " : "")
      << "alignment = #spattn.alignment<" << problem.alignment << ">}\n"
      << "  return " << results << " : " << types << "\n}\n";
  source.manager.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(text, "--structure"), llvm::SMLoc());
  if (failed(parseSource(context, source)))
    return failure();
  if (!problem.backward)
    return success();
  PassManager pm(&context);
  pm.addPass(createSpattnDeriveBackward());
  if (failed(pm.run(*source.module)))
    return failure();
  // Only the gradients are measured.
  source.module->lookupSymbol("attention")->erase();
  return success();
}

FailureOr<std::vector<Entry>>
spattn::bench::collectEntries(Source &source, const Options &options,
                              const ProblemSizes &lengths) {
  EntryOptions entryOptions = options;
  entryOptions.batch = lengths.batch;
  entryOptions.queries = lengths.queries;
  entryOptions.keys = lengths.keys;
  auto entries = tool::collectEntries(
      *source.module, entryOptions,
      [&](BlockArgument argument) { return source.getArgumentName(argument); });
  if (failed(entries))
    return failure();
  for (Entry &entry : *entries) {
    if (!entry.attention)
      return entry.function.emitError("'")
             << entry.getName()
             << "' does not consist of one attention; there is nothing to "
                "measure it by";
    std::string why = options.check ? whyUncheckable(entry) : "";
    if (!why.empty())
      return entry.function.emitError("--check: '")
             << entry.getName()
             << "' cannot be compared with the oracle: " << why;
  }
  return entries;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string getStructureName(Attribute structure) {
  std::string text = toText(structure);
  for (size_t at; (at = text.find("#spattn.")) != std::string::npos;)
    text.erase(at, 8);
  StringRef name = text;
  if (!name.consume_front("partition<") || !name.consume_back(">"))
    return text;
  return name.str();
}

/// `H16`, or `H32/8` where the two are not the same.
static std::string getPair(char letter, int64_t a, int64_t b) {
  std::string text = " " + std::string(1, letter) + std::to_string(a);
  return a == b ? text : text + "/" + std::to_string(b);
}

std::string spattn::bench::getWorkload(Entry &entry, const Options &options) {
  AttentionOpInterface op = entry.attention;
  auto size = [&](Value value, Dim dim) {
    unsigned index = op.getDim(dim);
    if (EntryArgument *argument = entry.getArgument(value))
      return argument->sizes[index];
    return cast<ShapedType>(value.getType()).getDimSize(index);
  };
  std::string text = options.problem ? getStructureName(op.getStructure())
                                     : "@" + entry.getName();
  text += getPair('H', size(op.getQuery(), Dim::Head),
                  size(op.getKey(), Dim::Head));
  text += getPair('D', op.getHeadDim(), op.getValueDim());
  text += " B" + std::to_string(size(op.getQuery(), Dim::Batch));
  text += getPair('N', size(op.getQuery(), Dim::Length),
                  tool::getKeyLength(entry, op));
  if (op.hasPages())
    text += " pages of " + std::to_string(op.getPageSize());
  // What is usual is not said.
  Type type = cast<ShapedType>(op.getQuery().getType()).getElementType();
  if (!type.isBF16())
    text += " " + toText(type);
  if (op.getAlignment() == Alignment::Start)
    text += " start";
  if (op.getOperandValues()[OperandKind::SinkLogits])
    text += " sink";
  bool usesLse = op.getLse() != nullptr;
  if (auto backward = dyn_cast<AttentionBackwardOp>(*op)) {
    text += " backward";
    usesLse = backward.getDlse() != nullptr;
  }
  return usesLse ? text + " lse" : text;
}
