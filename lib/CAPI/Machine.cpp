//===- Machine.cpp - Queries of installed components ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Context.h"
#include "Status.h"
#include "spattn/JIT/GpuKernel.h"
#include "spattn/Runtime/Device.h"
#include "spattn/Target/Ptxas.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstring>

using namespace spattn;
using namespace spattn::capi;

/// Copies text into a character array of fixed size.
template <size_t N>
static void copyText(llvm::StringRef text, char (&target)[N]) {
  size_t size = std::min(text.size(), N - 1);
  std::memcpy(target, text.data(), size);
  target[size] = 0;
}

SpattnStatus spattnContextGetDriver(SpattnContext context,
                                    SpattnDriverInfo *driver) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            checkNotNull({{context, "context"}, {driver, "driver"}}))
      return status;
    *driver = {};
    auto opened = context->shared->runtime.driver();
    if (!opened)
      return makeStatus(SpattnStatusUnavailable, opened.message(),
                        opened.status().driverCode());
    *driver = {(*opened)->version(), (*opened)->deviceCount()};
    return nullptr;
  });
}

SpattnStatus spattnContextGetDevice(SpattnContext context, int32_t ordinal,
                                    SpattnDeviceInfo *device) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            checkNotNull({{context, "context"}, {device, "device"}}))
      return status;
    *device = {};
    auto driver = context->shared->runtime.driver();
    if (!driver)
      return makeStatus(SpattnStatusUnavailable, driver.message(),
                        driver.status().driverCode());
    auto info = runtime::getDeviceInfo(**driver, ordinal);
    if (!info)
      return makeStatus(SpattnStatusUnavailable, info.status());
    copyText(info->name, device->name);
    auto chip = getChip(*info);
    if (chip)
      copyText(*chip, device->chip);
    else
      llvm::consumeError(chip.takeError());
    device->major = info->major;
    device->minor = info->minor;
    device->multiprocessors = info->multiprocessors;
    device->clockKHz = info->clockKHz;
    device->memoryClockKHz = info->memoryClockKHz;
    device->memoryBusBits = info->memoryBusBits;
    device->memoryBytes = info->memoryBytes;
    device->l2Bytes = info->l2Bytes;
    return nullptr;
  });
}

SpattnStatus spattnContextGetPtxas(SpattnContext context,
                                   SpattnPtxasInfo *ptxas) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            checkNotNull({{context, "context"}, {ptxas, "ptxas"}}))
      return status;
    *ptxas = {};
    const RuntimeOptions &options = context->shared->runtime.options();
    auto found = Ptxas::find(options.ptxas, options.ptxasCandidates);
    if (!found)
      return makeStatus(SpattnStatusUnavailable,
                        llvm::toString(found.takeError()));
    copyText(found->path(), ptxas->path);
    copyText(found->version(), ptxas->version);
    ptxas->isTooOld = found->isTooOld();
    return nullptr;
  });
}

/// Checks that the folder, or its closest existing ancestor, is writable.
static SpattnStatus checkFolder(llvm::StringRef folder) {
  namespace fs = llvm::sys::fs;
  if (folder.empty())
    return makeStatus(SpattnStatusUnavailable,
                      "kernels are not kept: there is no folder for them");
  llvm::StringRef existing = folder;
  while (!existing.empty() && !fs::exists(existing))
    existing = llvm::sys::path::parent_path(existing);
  if (existing.empty())
    existing = ".";
  bool isFolder = fs::is_directory(existing);
  if (isFolder && fs::can_write(existing))
    return nullptr;
  return makeStatus(SpattnStatusUnavailable,
                    ("kernels cannot be kept in '" + folder + "': '" +
                     existing + "' " +
                     (isFolder ? "cannot be written to" : "is no folder"))
                        .str());
}

SpattnStatus spattnContextGetCache(SpattnContext context,
                                   SpattnCacheInfo *cache) {
  return guard([&]() -> SpattnStatus {
    if (SpattnStatus status =
            checkNotNull({{context, "context"}, {cache, "cache"}}))
      return status;
    *cache = {};
    const RuntimeContext &runtime = context->shared->runtime;
    runtime::KernelCache::Counts counts = runtime.kernelCache().getCounts();
    copyText(runtime.options().cacheFolder, cache->folder);
    cache->memoryHits = counts.memoryHits;
    cache->diskHits = counts.diskHits;
    cache->compiles = counts.compiles;
    cache->rejected = counts.rejected;
    cache->writeFailures = counts.writeFailures;
    return checkFolder(runtime.options().cacheFolder);
  });
}
