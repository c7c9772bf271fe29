//===- CompiledProgram.cpp - What compiled programs call ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/CompiledProgram.h"

#include "Staging.h"
#include "Text.h"
#include "spattn/Runtime/Module.h"
#include "spattn/Runtime/RuntimeContext.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

using namespace spattn::runtime;

static_assert(SPATTN_I8 == int(ElementType::I8) &&
                  SPATTN_I16 == int(ElementType::I16) &&
                  SPATTN_I32 == int(ElementType::I32) &&
                  SPATTN_I64 == int(ElementType::I64) &&
                  SPATTN_F16 == int(ElementType::F16) &&
                  SPATTN_BF16 == int(ElementType::BF16) &&
                  SPATTN_F32 == int(ElementType::F32) &&
                  SPATTN_F64 == int(ElementType::F64),
              "compiled programs have the numbers of the header");

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static void printAndExit(const char *message, void *) {
  std::fflush(stdout);
  std::fprintf(stderr, "error: %s\n", message);
  std::fflush(stderr);
  // Other threads may run, and destructors would pull objects from under them.
  std::_Exit(EXIT_FAILURE);
}

namespace {
struct Handler {
  SpattnErrorHandler function = printAndExit;
  void *context = nullptr;
};
} // namespace

static std::mutex handlerMutex;
static Handler handler;

void spattn_set_error_handler(SpattnErrorHandler function, void *context) {
  std::lock_guard<std::mutex> lock(handlerMutex);
  handler = function ? Handler{function, context} : Handler();
}

static void report(const Status &status) {
  Handler current;
  {
    std::lock_guard<std::mutex> lock(handlerMutex);
    current = handler;
  }
  current.function(status.message().c_str(), current.context);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
/// What the runtime keeps for kernels of a program.
struct State {
  explicit State(Artifact artifact) : program(std::move(artifact)) {}

  Program program;
  /// The operand of the artifact that each buffer of a launch is.
  std::vector<size_t> operands;
  std::vector<std::string> valueNames;
};

struct LaunchStream {
  cuda::Stream stream = nullptr;
  bool waits = true;
};
} // namespace

static thread_local LaunchStream launchStream;

void spattn_set_stream(void *stream, int32_t waits) {
  launchStream.stream = static_cast<cuda::Stream>(stream);
  launchStream.waits = waits != 0;
}

static Result<std::unique_ptr<State>> makeState(const SpattnKernels &kernels) {
  auto artifact = Artifact::parse(
      std::string_view(static_cast<const char *>(kernels.artifact),
                       size_t(kernels.artifactBytes)));
  if (!artifact)
    return artifact.status();
  auto state = std::make_unique<State>(*std::move(artifact));
  const auto &operands = state->program.artifact().operands;
  std::vector<bool> isGiven(operands.size());
  const char *name = kernels.names;
  for (int64_t i = 0; i < kernels.numBuffers; ++i, name += strlen(name) + 1) {
    auto it = std::find_if(
        operands.begin(), operands.end(),
        [&](const Operand &operand) { return operand.name == name; });
    if (it == operands.end())
      return makeError("the kernels have no operand '", name, "'");
    size_t index = size_t(it - operands.begin());
    if (isGiven[index])
      return makeError("operand '", name, "' is given twice");
    isGiven[index] = true;
    state->operands.push_back(index);
  }
  for (size_t i = 0; i < operands.size(); ++i)
    if (!isGiven[i] && !operands[i].optional)
      return makeError("operand '", operands[i].name, "' is not given");
  for (int64_t i = 0; i < kernels.numValues; ++i, name += strlen(name) + 1)
    state->valueNames.push_back(name);
  return state;
}

/// The state, which the first launch makes.
static Result<State *> getState(SpattnKernels &kernels) {
  if (void *state = __atomic_load_n(&kernels.state, __ATOMIC_ACQUIRE))
    return static_cast<State *>(state);
  auto made = makeState(kernels);
  if (!made)
    return made.status();
  void *expected = nullptr;
  // Threads that come at once make one each; the first one's is kept.
  if (!__atomic_compare_exchange_n(&kernels.state, &expected, made->get(),
                                   /*weak=*/false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE))
    return static_cast<State *>(expected);
  return made->release();
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

static Result<OperandView> getView(const Operand &operand,
                                   const SpattnBuffer &buffer) {
  if (buffer.elementType != int64_t(operand.type)) {
    bool isKnown =
        buffer.elementType >= SPATTN_I8 && buffer.elementType <= SPATTN_F64;
    return makeError("elements of type ",
                     isKnown ? getElementName(ElementType(buffer.elementType))
                             : "unknown",
                     ", expected ", getElementName(operand.type));
  }
  if (buffer.rank < 0 || buffer.rank > int64_t(kMaxRank))
    return makeError("rank ", buffer.rank, ", expected ",
                     operand.dimensions.size());
  OperandView view;
  view.address = reinterpret_cast<uintptr_t>(buffer.data);
  view.rank = unsigned(buffer.rank);
  std::copy_n(buffer.sizes, buffer.rank, view.sizes);
  std::copy_n(buffer.strides, buffer.rank, view.strides);
  return view;
}

static Result<LaunchArguments> getArguments(const State &state,
                                            const SpattnBuffer *buffers,
                                            const SpattnValue *values) {
  const auto &operands = state.program.artifact().operands;
  LaunchArguments arguments;
  arguments.operands.resize(operands.size());
  for (size_t i = 0; i < state.operands.size(); ++i) {
    const Operand &operand = operands[state.operands[i]];
    auto view = getView(operand, buffers[i]);
    if (!view)
      return view.status().in("operand '" + operand.name + "'");
    arguments.operands[state.operands[i]] = *view;
  }
  for (size_t i = 0; i < state.valueNames.size(); ++i) {
    const std::string &name = state.valueNames[i];
    if (values[i].isReal)
      arguments.values.emplace_back(name, values[i].value.real);
    else
      arguments.values.emplace_back(name, values[i].value.integer);
  }
  return arguments;
}

/// A compiled program has nobody who hands it a context: its user decides, by
/// the environment.
static const spattn::RuntimeContext &getContext() {
  // Never destroyed: other threads may still launch when the process ends.
  static const auto *context =
      new spattn::RuntimeContext(spattn::contextFromEnvironment());
  return *context;
}

static Status launch(SpattnKernels &kernels, const SpattnBuffer *buffers,
                     const SpattnValue *values) {
  auto state = getState(kernels);
  if (!state)
    return state.status();
  auto arguments = getArguments(**state, buffers, values);
  if (!arguments)
    return arguments.status();
  auto driver = getContext().driver();
  if (!driver)
    return driver.status();
  auto module = (*state)->program.load(**driver);
  if (!module)
    return module.status();
  const DeviceContext &context = (*module)->context();
  auto scope = ContextScope::enter(context);
  if (!scope)
    return scope.status();

  arguments->stream = launchStream.stream;
  Staging staging(context, launchStream.stream);
  const auto &operands = (*module)->artifact().operands;
  for (size_t i = 0; i < operands.size(); ++i)
    if (Status status = staging.stage(operands[i], arguments->operands[i]);
        !status.ok())
      return status.in("operand '" + operands[i].name + "'");
  if (Status status = (*module)->launchWithScratch(*arguments); !status.ok())
    return status;
  if (staging.any())
    return staging.finish();
  return launchStream.waits
             ? context.driver().streamSynchronize(launchStream.stream)
             : Status();
}

void spattn_unload(SpattnKernels *kernels) {
  delete static_cast<State *>(kernels->state);
  kernels->state = nullptr;
}

int32_t spattn_launch(SpattnKernels *kernels, const SpattnBuffer *buffers,
                      const SpattnValue *values) {
  Status status = launch(*kernels, buffers, values);
  if (status.ok())
    return 0;
  report(status.in(std::string("kernels '") + kernels->name + "'"));
  return 1;
}
