//===- launch.cpp - Launches a compiled kernel ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Module.h"
#include "spattn/Runtime/RuntimeContext.h"

#include <cstdio>
#include <fstream>
#include <iterator>

using namespace spattn::runtime;

/// Launches the artifact of an attention with 2 heads of dimension 64.
static Status run(const char *path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  auto artifact = Artifact::parse(bytes);
  if (!artifact)
    return artifact.status();
  std::printf("%s for %s\n", artifact->kernels[0].entry.c_str(),
              artifact->architecture.c_str());
  Program program(*std::move(artifact));

  spattn::RuntimeContext runtime = spattn::contextFromEnvironment();
  auto driver = runtime.driver();
  if (!driver)
    return driver.status();
  auto context = DeviceContext::current(**driver);
  if (!context)
    return context.status();
  constexpr int64_t heads = 2, length = 1000, dim = 64;
  constexpr size_t size = heads * length * dim * 2;
  DeviceBuffer buffers[4];
  LaunchArguments arguments;
  for (DeviceBuffer &buffer : buffers) {
    auto allocated = DeviceBuffer::allocate(*context, size);
    if (!allocated)
      return allocated.status();
    buffer = *std::move(allocated);
    arguments.operands.push_back({buffer.address(), {1, heads, length, dim}});
  }
  arguments.operands.emplace_back(); // No log-sum-exp.
  arguments.values = {{"scale", 0.125}};

  auto module = program.load(**driver);
  if (!module)
    return module.status();
  if (Status status = (*module)->launchWithScratch(arguments); !status.ok())
    return status;
  return (*driver)->ctxSynchronize();
}

int main(int argc, char **argv) {
  Status status = run(argc > 1 ? argv[1] : "");
  std::printf("%s\n", status.ok() ? "launched" : status.message().c_str());
  return status.ok() ? 0 : 1;
}
