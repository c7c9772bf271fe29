//===- KernelCache.cpp - Keeps kernels in memory and on disk --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/KernelCache.h"

#include "Bytes.h"
#include "CacheFile.h"

#include <cstdio>

using namespace spattn::runtime;

std::string KernelCache::getPath(const std::string &key) const {
  if (folder.empty())
    return "";
  // Two keys with one name would only compile again and again: files hold their
  // key in full.
  uint64_t low = hashBytes(key), high = hashBytes(key, ~low);
  char name[40];
  std::snprintf(name, sizeof(name), "%016llx%016llx.kernel",
                static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return folder + "/" + name;
}

void KernelCache::count(uint64_t Counts::*counter) {
  std::lock_guard<std::mutex> lock(mutex);
  ++(counts.*counter);
}

KernelCache::Counts KernelCache::getCounts() const {
  std::lock_guard<std::mutex> lock(mutex);
  return counts;
}

size_t KernelCache::getMemoryBytes() const {
  std::lock_guard<std::mutex> lock(mutex);
  return memoryBytes;
}

void KernelCache::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  slots.clear();
  order.clear();
  memoryBytes = 0;
}

void KernelCache::admit(const std::string &key, const Artifact &artifact) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = slots.find(key);
  // Gone after a clear().
  if (it == slots.end() || it->second.bytes != 0)
    return;
  it->second.bytes = key.size() + artifact.code.size();
  memoryBytes += it->second.bytes;
  auto last = order.end();
  while (memoryBytes > memoryLimit && last != order.begin()) {
    auto found = slots.find(**--last);
    size_t bytes = found->second.bytes;
    // Who has asked for it waits for it; and this one has just been asked for.
    if (bytes == 0 || found == it)
      continue;
    memoryBytes -= bytes;
    ++counts.evictions;
    last = order.erase(last);
    slots.erase(found);
  }
}

/// From disk or from the compiler.
KernelCache::Entry KernelCache::make(const std::string &key,
                                     const Compile &compile) {
  std::string path = getPath(key);
  if (!path.empty()) {
    std::optional<Artifact> found;
    if (!readCacheFile(path, key, found).ok())
      count(&Counts::rejected);
    if (found) {
      count(&Counts::diskHits);
      return std::make_shared<Program>(*std::move(found));
    }
  }
  count(&Counts::compiles);
  auto artifact = compile();
  if (!artifact)
    return artifact.status();
  if (Status status = artifact->verify(); !status.ok())
    return status.in("the compiler made an invalid artifact");
  if (!path.empty() && !writeCacheFile(path, key, *artifact).ok())
    count(&Counts::writeFailures);
  return std::make_shared<Program>(*std::move(artifact));
}

Result<std::shared_ptr<Program>> KernelCache::get(const std::string &key,
                                                  const Compile &compile) {
  std::promise<Entry> promise;
  {
    std::unique_lock<std::mutex> lock(mutex);
    auto [it, isNew] = slots.try_emplace(key);
    Slot &slot = it->second;
    if (!isNew) {
      order.splice(order.begin(), order, slot.use);
      std::shared_future<Entry> other = slot.entry;
      ++counts.memoryHits;
      lock.unlock();
      return other.get();
    }
    slot.entry = promise.get_future().share();
    order.push_front(&it->first);
    slot.use = order.begin();
  }
  Entry entry = make(key, compile);
  if (entry) {
    admit(key, (*entry)->artifact());
  } else {
    // Ahead of the answer, so that who has seen the error may try again. After
    // a clear() the slot may be another thread's: then that one is asked for
    // again, too, which does no harm.
    std::lock_guard<std::mutex> lock(mutex);
    if (auto it = slots.find(key); it != slots.end()) {
      memoryBytes -= it->second.bytes;
      order.erase(it->second.use);
      slots.erase(it);
    }
  }
  promise.set_value(entry);
  return entry;
}
