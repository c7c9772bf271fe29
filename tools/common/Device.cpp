//===- Device.cpp - Where functions run -----------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Device.h"

#include "common/Cuda.h"
#include "spattn/JIT/CpuKernel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#if defined(__GLIBC__)
#include <climits>
#include <malloc.h>
#endif

using namespace mlir;
using namespace spattn;
using namespace spattn::tool;

void spattn::tool::tuneAllocator() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

double spattn::tool::getMillisecondsSince(
    std::chrono::steady_clock::time_point start) {
  std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - start;
  return took.count();
}

/// The first number after `key` in a small file.
static std::optional<int64_t> readNumber(StringRef path, StringRef key) {
  auto file = llvm::MemoryBuffer::getFileAsStream(path);
  if (!file)
    return std::nullopt;
  StringRef text = (*file)->getBuffer();
  size_t at = text.find(key);
  int64_t number;
  if (at == StringRef::npos ||
      text.substr(at + key.size()).ltrim().consumeInteger(10, number))
    return std::nullopt;
  return number;
}

std::optional<int64_t> spattn::tool::getAvailableMemory() {
#if defined(__GLIBC__)
  // What was freed and is kept by the process is free, too.
  malloc_trim(0);
#endif
  std::optional<int64_t> free = readNumber("/proc/meminfo", "MemAvailable:");
  if (free)
    *free <<= 10;
  // A container's limit may be lower.
  if (auto limit = readNumber("/sys/fs/cgroup/memory.max", "")) {
    *limit -= readNumber("/sys/fs/cgroup/memory.current", "").value_or(0);
    free = std::max<int64_t>(0, std::min(free.value_or(INT64_MAX), *limit));
  }
  return free;
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

FailureOr<std::string> spattn::tool::makeDumpFolder(StringRef folder,
                                                    StringRef name) {
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
makeCpuExecutable(ModuleOp module, Entry &entry, const KernelOptions &options) {
  FailureOr<std::string> dumpFolder =
      makeDumpFolder(options.dumpFolder, entry.getName());
  if (failed(dumpFolder))
    return failure();
  CpuCompileOptions compile{options.cpu, /*optLevel=*/0, *dumpFolder};
  auto kernel =
      CpuKernel::compile(module, entry.getName(), getRuntime(), compile);
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
spattn::tool::makeExecutable(ModuleOp module, Entry &entry,
                             const KernelOptions &options) {
  if (options.device == Device::Reference)
    return std::unique_ptr<Executable>(
        std::make_unique<ReferenceExecutable>(entry));
  if (options.device == Device::Cuda)
    return makeCudaExecutable(module, entry, options);
  return makeCpuExecutable(module, entry, options);
}
