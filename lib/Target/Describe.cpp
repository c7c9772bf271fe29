//===- Describe.cpp - Artifacts as text -----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Target/EmitArtifact.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace spattn;
using namespace spattn::runtime;

static void describe(llvm::raw_ostream &os, const Operand &operand) {
  os << "  " << operand.name << ": " << getElementName(operand.type) << "[";
  llvm::interleaveComma(operand.dimensions, os, [&](const Dimension &dim) {
    os << dim.name << " = ";
    if (dim.extent.empty())
      os << dim.size;
    else
      os << dim.extent;
  });
  os << "]";
  if (operand.output)
    os << ", output";
  if (operand.optional)
    os << ", optional";
  if (!operand.contiguous)
    os << ", any last stride";
  os << ", multiples of " << operand.alignment << " bytes\n";
}

static void describe(llvm::raw_ostream &os, const Artifact &artifact,
                     const TensorMapRecipe &recipe) {
  static const char *const swizzles[] = {"none", "32", "64", "128"};
  static const char *const promotions[] = {"none", "64", "128", "256"};
  static const char *const interleaves[] = {"none", "16", "32"};
  os << artifact.operands[recipe.operand].name << "[";
  llvm::interleaveComma(recipe.dimensions, os, [&](const BoxDimension &dim) {
    os << dim.name << " = " << dim.box;
  });
  os << "], ";
  if (recipe.form == TensorMapForm::Software)
    os << "software, ";
  os << "swizzle " << swizzles[unsigned(recipe.swizzle)] << ", L2 "
     << promotions[unsigned(recipe.l2Promotion)];
  if (recipe.interleave != Interleave::None)
    os << ", interleave " << interleaves[unsigned(recipe.interleave)];
  os << ", "
     << (recipe.fill == OobFill::Nan ? "NaN out of bounds" : "0 out of bounds")
     << "\n";
}

static std::string describe(const Artifact &artifact,
                            const Argument &argument) {
  switch (argument.kind) {
  case ArgumentKind::Pointer:
    return "address of " + artifact.operands[argument.index].name;
  case ArgumentKind::TensorMap:
    return "tensor map " + std::to_string(argument.index);
  case ArgumentKind::Scratch:
    return "scratch " + artifact.scratch[argument.index].name;
  case ArgumentKind::I32:
    return "i32 " + argument.name;
  case ArgumentKind::I64:
    return "i64 " + argument.name;
  case ArgumentKind::F32:
    return "f32 " + argument.name;
  }
  return "";
}

static void describe(llvm::raw_ostream &os, const Artifact &artifact,
                     const Kernel &kernel) {
  os << "kernel " << kernel.entry << "\n  threads: " << kernel.threads
     << "\n  shared memory: " << kernel.dynamicSharedBytes << " bytes\n";
  if (kernel.cluster != 1)
    os << "  cluster: " << kernel.cluster << " CTAs\n";
  os << "  grid: ";
  if (kernel.grid.kind == GridKind::Persistent) {
    os << "persistent, ";
    int64_t ctas = kernel.grid.blocksPerMultiprocessor;
    if (ctas == 0)
      os << "as many CTAs per SM as fit";
    else
      os << ctas << (ctas == 1 ? " CTA" : " CTAs") << " per SM";
    if (!kernel.grid.x.terms.empty())
      os << ", at most " << toString(kernel.grid.x);
  } else {
    os << toString(kernel.grid.x);
    for (const Formula *formula : {&kernel.grid.y, &kernel.grid.z})
      if (!formula->terms.empty())
        os << " by " << toString(*formula);
  }
  os << "\n  arguments:\n";
  for (auto [i, argument] : llvm::enumerate(kernel.arguments))
    os << "    " << i << ": " << describe(artifact, argument) << "\n";
}

std::string spattn::describe(const Artifact &artifact) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "artifact of format " << Artifact::kVersion << "\n"
     << "code: " << (artifact.codeKind == CodeKind::Cubin ? "cubin" : "PTX")
     << " for " << artifact.architecture << ", " << artifact.code.size()
     << " bytes\n"
     << "operands:\n";
  for (const Operand &operand : artifact.operands)
    ::describe(os, operand);
  for (auto [i, recipe] : llvm::enumerate(artifact.tensorMaps)) {
    os << (i == 0 ? "tensor maps:\n" : "") << "  " << i << ": ";
    ::describe(os, artifact, recipe);
  }
  for (auto [i, scratch] : llvm::enumerate(artifact.scratch))
    os << (i == 0 ? "scratch:\n" : "") << "  " << scratch.name << ": "
       << toString(scratch.bytes) << " bytes, at a multiple of "
       << scratch.alignment << (scratch.zeroed ? ", zeroed" : "") << "\n";
  for (auto [i, limit] : llvm::enumerate(artifact.limits))
    os << (i == 0 ? "limits:\n" : "") << "  " << toString(limit.value)
       << " <= " << limit.maximum << "\n";
  for (const std::string &name : artifact.positive)
    os << (artifact.limits.empty() ? "limits:\n" : "") << "  0 < " << name
       << " < inf\n";
  for (const Kernel &kernel : artifact.kernels)
    ::describe(os, artifact, kernel);
  for (auto [i, entry] : llvm::enumerate(artifact.metadata))
    os << (i == 0 ? "metadata:\n" : "") << "  " << entry.first << ": "
       << entry.second << "\n";
  return text;
}
