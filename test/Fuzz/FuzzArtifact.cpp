//===- FuzzArtifact.cpp - Bytes as an artifact and a cache file -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bytes.h"
#include "CacheFile.h"
#include "spattn/Runtime/Artifact.h"

#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace spattn::runtime;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// What is read verifies, and is written as what is read again.
static void checkArtifact(const Artifact &artifact) {
  require(artifact.verify().ok(), "an artifact that is read does not verify");
  auto bytes = artifact.serialize();
  require(bytes.ok(), "an artifact that is read cannot be written");
  auto again = Artifact::parse(*bytes);
  require(again.ok(), "an artifact that is written cannot be read");
  auto same = again->serialize();
  require(same.ok() && *same == *bytes, "an artifact changes when it is read");
  Architecture::parse(artifact.architecture);
}

/// The same bytes with a checksum that fits them: mutations do not find one.
static std::string withChecksum(std::string_view bytes) {
  ByteWriter writer;
  writer.raw(bytes);
  writer.number(hashBytes(bytes), 8);
  return writer.bytes;
}

static void checkCacheFile(std::string_view bytes) {
  // In memory, for this user only, as a file of the cache is.
  static const int file = memfd_create("cache", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  require(file >= 0 && fchmod(file, 0600) == 0 && ftruncate(file, 0) == 0 &&
              pwrite(file, bytes.data(), bytes.size(), 0) ==
                  ssize_t(bytes.size()),
          "cannot write a file");
  std::optional<Artifact> found;
  if (readCacheFile(path, "key", found).ok() && found)
    checkArtifact(*found);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  for (const std::string &text : {std::string(bytes), withChecksum(bytes)})
    if (auto artifact = Artifact::parse(text))
      checkArtifact(*artifact);
  // Files are slow: only what begins as one of the cache does.
  if (bytes.substr(0, 8) == "SPATTNKC")
    checkCacheFile(withChecksum(bytes));
  return 0;
}
