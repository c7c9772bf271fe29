//===- Device.cpp - Where functions run -----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"

#include "Cuda.h"
#include "spattn/JIT/CpuKernel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#if defined(__GLIBC__)
#include <climits>
#include <malloc.h>
#endif

using namespace mlir;
using namespace spattn;
using namespace spattn::run;

void spattn::run::tuneAllocator() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

//===----------------------------------------------------------------------===//
// CPU
//===----------------------------------------------------------------------===//

namespace {
class CpuExecutable : public Executable {
public:
  CpuExecutable(Entry &entry, std::unique_ptr<CpuKernel> kernel)
      : entry(entry), kernel(std::move(kernel)) {
    compileTime = this->kernel->getCompileTime();
  }

  LogicalResult run(ArrayRef<ReferenceValue> arguments) override {
    std::vector<KernelArgument> converted;
    for (const ReferenceValue &value : arguments) {
      if (auto *array = std::get_if<ReferenceArray>(&value))
        converted.push_back(array->view);
      else if (auto *number = std::get_if<double>(&value))
        converted.push_back(static_cast<float>(*number));
      else
        converted.push_back(std::get<int64_t>(value));
    }
    returned.clear();
    results.clear();
    auto outcome = kernel->run(converted);
    if (!outcome)
      return entry.function.emitError(llvm::toString(outcome.takeError()));
    returned = std::move(*outcome);
    for (const KernelResult &result : returned)
      results.push_back(result.view());
    return success();
  }

private:
  Entry &entry;
  std::unique_ptr<CpuKernel> kernel;
  std::vector<KernelResult> returned;
};
} // namespace

/// The folder for the IR of a function; its name may hold any characters.
static FailureOr<std::string> makeDumpFolder(StringRef folder, StringRef name) {
  if (folder.empty())
    return std::string();
  std::string safe = name.str();
  for (char &c : safe)
    if (!llvm::isAlnum(c) && c != '_' && c != '-')
      c = '_';
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, safe);
  if (std::error_code code = llvm::sys::fs::create_directories(path))
    return error("--dump: cannot make the folder '" + path +
                 "': " + code.message());
  return path.str().str();
}

static FailureOr<std::unique_ptr<Executable>>
makeCpuExecutable(ModuleOp module, Entry &entry, const Options &options,
                  StringRef dumpFolder) {
  CpuCompileOptions compile;
  compile.queryTile = options.queryTile;
  compile.keyTile = options.keyTile;
  compile.vectorWidth = options.vectorWidth;
  compile.dumpFolder = dumpFolder.str();
  auto kernel = CpuKernel::compile(module, entry.getName(), compile);
  if (!kernel)
    return entry.function.emitError(llvm::toString(kernel.takeError()));
  return std::unique_ptr<Executable>(
      std::make_unique<CpuExecutable>(entry, std::move(*kernel)));
}

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

namespace {
class ReferenceExecutable : public Executable {
public:
  explicit ReferenceExecutable(Entry &entry) : entry(entry) {}

  LogicalResult run(ArrayRef<ReferenceValue> arguments) override {
    results.clear();
    auto outcome = interpretFunction(entry.function, arguments);
    if (failed(outcome))
      return failure();
    returned = std::move(*outcome);
    for (const ReferenceValue &result : returned)
      results.push_back(std::get<ReferenceArray>(result).view);
    return success();
  }

private:
  Entry &entry;
  SmallVector<ReferenceValue> returned;
};
} // namespace

FailureOr<std::unique_ptr<Executable>>
spattn::run::makeExecutable(ModuleOp module, Entry &entry,
                            const Options &options) {
  if (options.device == Device::Reference)
    return std::unique_ptr<Executable>(
        std::make_unique<ReferenceExecutable>(entry));
  FailureOr<std::string> dumpFolder =
      makeDumpFolder(options.dumpFolder, entry.getName());
  if (failed(dumpFolder))
    return failure();
  if (options.device == Device::Cuda)
    return makeCudaExecutable(module, entry, options, *dumpFolder);
  return makeCpuExecutable(module, entry, options, *dumpFolder);
}
