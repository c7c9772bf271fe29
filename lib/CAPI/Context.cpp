//===- Context.cpp - Contexts ---------------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Context.h"

#include "Passes.h"
#include "Status.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"

using namespace spattn;
using namespace spattn::capi;

Shared::Shared(RuntimeOptions options) : runtime(std::move(options)) {
  registerAllDialects(dialects);
}

std::unique_ptr<mlir::MLIRContext> Shared::makeMLIRContext() const {
  return std::make_unique<mlir::MLIRContext>(
      dialects, mlir::MLIRContext::Threading::DISABLED);
}

/// Merges the given options with those of the environment, if requested.
static RuntimeOptions readOptions(const SpattnContextOptions &given,
                                  std::string &warning) {
  RuntimeOptions options;
  if (given.useEnvironment)
    options = optionsFromEnvironment(&warning);
  if (given.threads > 0) {
    options.threads = given.threads;
    // The warning is about the number of threads, which is overridden.
    warning.clear();
  }
  if (given.cacheFolder)
    options.cacheFolder = given.cacheFolder;
  if (given.ptxas)
    options.ptxas = given.ptxas;
  options.ptxasCandidates.insert(
      options.ptxasCandidates.begin(), given.ptxasCandidates,
      given.ptxasCandidates + given.numPtxasCandidates);
  if (given.driver)
    options.driver = given.driver;
  return options;
}

static SpattnStatus checkOptions(const SpattnContextOptions &options) {
  if (options.threads > runtime::ThreadPool::kMaxThreads)
    return invalid("expected 'threads' to be from 0 to ",
                   runtime::ThreadPool::kMaxThreads, ", got ", options.threads);
  if (options.numPtxasCandidates > 0 && !options.ptxasCandidates)
    return invalid("'ptxasCandidates' is null, but there are ",
                   options.numPtxasCandidates);
  for (size_t i = 0; i < options.numPtxasCandidates; ++i)
    if (!options.ptxasCandidates[i])
      return invalid("'ptxasCandidates' has a null at ", i);
  return nullptr;
}

SpattnStatus spattnContextCreate(const SpattnContextOptions *options,
                                 SpattnContext *context) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status = clearResult(context, "context"))
      return status;
    SpattnContextOptions given = options ? *options : SpattnContextOptions{};
    if (SpattnStatus status = checkOptions(given))
      return status;
    registerPasses();
    auto made = std::make_unique<SpattnContextImpl>();
    made->shared =
        std::make_shared<const Shared>(readOptions(given, made->warning));
    *context = made.release();
    return nullptr;
  });
}

void spattnContextDestroy(SpattnContext context) { delete context; }

const char *spattnContextGetWarning(SpattnContext context) {
  return context ? context->warning.c_str() : "";
}

uint32_t spattnContextGetNumThreads(SpattnContext context) {
  return context ? context->shared->runtime.threadPool().size() : 0;
}

const char *spattnGetHostName(void) {
  static const std::string name = getHostName();
  return name.c_str();
}
