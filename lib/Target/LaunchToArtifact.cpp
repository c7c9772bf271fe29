//===- LaunchToArtifact.cpp - From spattn_gpu.launch to an artifact -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaunchToArtifact.h"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "spattn/Support/Elements.h"

using namespace mlir;
using namespace spattn;

static runtime::Formula convertFormula(spattn_gpu::FormulaAttr attr) {
  runtime::Formula formula;
  size_t next = 0;
  for (auto [coefficient, count] :
       llvm::zip(attr.getCoefficients(), attr.getCounts())) {
    runtime::Term &term = formula.terms.emplace_back();
    term.coefficient = coefficient;
    for (int64_t i = 0; i < count; ++i, ++next)
      term.factors.push_back(
          {attr.getNames()[next].str(), attr.getDivisors()[next]});
  }
  return formula;
}

static runtime::Operand convertBuffer(spattn_gpu::BufferAttr attr) {
  runtime::Operand operand;
  operand.name = attr.getName().str();
  operand.type = *getElementType(attr.getElementType());
  for (auto [name, size] : llvm::zip(attr.getDimensions(), attr.getSizes())) {
    runtime::Dimension &dimension = operand.dimensions.emplace_back();
    dimension.name = name.str();
    if (auto extent = dyn_cast<StringAttr>(size))
      dimension.extent = extent.str();
    else
      dimension.size = cast<IntegerAttr>(size).getInt();
  }
  operand.alignment = uint32_t(attr.getAlignment());
  operand.contiguous = !attr.getStrided();
  operand.optional = attr.getOptional();
  operand.output = attr.getOutput();
  return operand;
}

/// The position of a name, which the attribute's verifier has looked up.
template <class T>
static uint32_t findName(ArrayRef<T> list, StringRef name) {
  return uint32_t(
      llvm::find_if(list, [&](T entry) { return entry.getName() == name; }) -
      list.begin());
}

static runtime::TensorMapRecipe convertMap(spattn_gpu::LaunchAttr launch,
                                           spattn_gpu::TensorMapAttr attr) {
  using namespace runtime;
  TensorMapRecipe recipe;
  recipe.operand = findName(launch.getBuffers(), attr.getBuffer());
  recipe.type =
      *getElementType(launch.getBuffers()[recipe.operand].getElementType());
  for (auto [name, size] : llvm::zip(attr.getDimensions(), attr.getBox()))
    recipe.dimensions.push_back(
        {name.str(), uint32_t(cast<IntegerAttr>(size).getInt())});
  // Their numbers are those of the powers of two, from 0 on.
  auto power = [](int64_t bytes, int64_t first) {
    return bytes == 0 ? 0 : bytes == first ? 1 : bytes == 2 * first ? 2 : 3;
  };
  recipe.swizzle = Swizzle(power(attr.getSwizzle(), 32));
  recipe.interleave = Interleave(power(attr.getInterleave(), 16));
  recipe.l2Promotion = L2Promotion(power(attr.getL2(), 64));
  recipe.fill = attr.getNan() ? OobFill::Nan : OobFill::Zero;
  recipe.form =
      attr.getSoftware() ? TensorMapForm::Software : TensorMapForm::Hardware;
  return recipe;
}

static runtime::Argument convertArgument(spattn_gpu::LaunchAttr launch,
                                         spattn_gpu::ArgumentAttr attr) {
  using runtime::Argument;
  StringRef name = attr.getName();
  switch (attr.getKind()) {
  case spattn_gpu::ArgumentKind::Buffer:
    return Argument::pointer(findName(launch.getBuffers(), name));
  case spattn_gpu::ArgumentKind::TensorMap:
    return Argument::tensorMap(uint32_t(attr.getNumber()));
  case spattn_gpu::ArgumentKind::Scratch:
    return Argument::scratch(findName(launch.getScratch(), name));
  case spattn_gpu::ArgumentKind::I32:
    return Argument::scalar(runtime::ArgumentKind::I32, name.str());
  case spattn_gpu::ArgumentKind::I64:
    return Argument::scalar(runtime::ArgumentKind::I64, name.str());
  case spattn_gpu::ArgumentKind::F32:
    return Argument::scalar(runtime::ArgumentKind::F32, name.str());
  }
  return {};
}

static runtime::Kernel convertKernel(StringRef entry,
                                     spattn_gpu::LaunchAttr launch) {
  runtime::Kernel kernel;
  kernel.entry = entry.str();
  kernel.threads = uint32_t(launch.getThreads());
  kernel.cluster = uint32_t(launch.getCluster());
  kernel.dynamicSharedBytes = uint32_t(launch.getShared());
  if (launch.isPersistent()) {
    kernel.grid.kind = runtime::GridKind::Persistent;
    kernel.grid.blocksPerMultiprocessor = uint32_t(launch.getPersistent());
  }
  runtime::Formula *formulas[] = {&kernel.grid.x, &kernel.grid.y,
                                  &kernel.grid.z};
  for (auto [i, formula] : llvm::enumerate(launch.getGrid()))
    *formulas[i] = convertFormula(formula);
  for (spattn_gpu::ArgumentAttr argument : launch.getArguments())
    kernel.arguments.push_back(convertArgument(launch, argument));
  return kernel;
}

FailureOr<runtime::Artifact> spattn::describeLaunches(ModuleOp module) {
  runtime::Artifact artifact;
  spattn_gpu::LaunchAttr first;
  StringRef firstName;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    spattn_gpu::LaunchAttr launch = spattn_gpu::LaunchAttr::of(function);
    if (!launch && !function->hasAttr("nvvm.kernel"))
      continue;
    if (!launch)
      return emitError(function.getLoc(), "kernel '")
             << function.getName() << "' has no '"
             << spattn_gpu::LaunchAttr::kName
             << "', which says how to launch it";
    if (first && (launch.getBuffers() != first.getBuffers() ||
                  launch.getMaps() != first.getMaps() ||
                  launch.getScratch() != first.getScratch() ||
                  launch.getLimits() != first.getLimits() ||
                  launch.getPositive() != first.getPositive()))
      return emitError(function.getLoc(), "kernels '")
             << firstName << "' and '" << function.getName()
             << "' take different arguments, so they cannot be launched "
                "together; put them into modules of their own";
    artifact.kernels.push_back(convertKernel(function.getName(), launch));
    if (first)
      continue;
    first = launch;
    firstName = function.getName();
  }
  if (!first)
    return emitError(module.getLoc(),
                     "there is no kernel in the module: an llvm.func "
                     "with '")
           << spattn_gpu::LaunchAttr::kName << "'";
  for (spattn_gpu::BufferAttr buffer : first.getBuffers())
    artifact.operands.push_back(convertBuffer(buffer));
  for (spattn_gpu::TensorMapAttr map : first.getMaps())
    artifact.tensorMaps.push_back(convertMap(first, map));
  for (spattn_gpu::ScratchAttr scratch : first.getScratch())
    artifact.scratch.push_back(
        {scratch.getName().str(), convertFormula(scratch.getBytes()),
         uint32_t(scratch.getAlignment()), scratch.getZeroed()});
  for (spattn_gpu::LimitAttr limit : first.getLimits())
    artifact.limits.push_back(
        {convertFormula(limit.getValue()), limit.getMaximum()});
  for (StringAttr name : first.getPositive())
    artifact.positive.push_back(name.str());
  if (first.getMetadata())
    for (NamedAttribute entry : first.getMetadata())
      artifact.metadata.emplace_back(entry.getName().str(),
                                     cast<StringAttr>(entry.getValue()).str());
  return artifact;
}
