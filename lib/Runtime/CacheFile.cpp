//===- CacheFile.cpp - Files that keep a kernel with its key --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, little-endian:
//
//   "SPATTNKC"  u32 version  u32 0  text key  text artifact  u64 checksum
//
// The checksum is that of everything ahead of it.
//
//===----------------------------------------------------------------------===//

#include "CacheFile.h"

#include "Bytes.h"
#include "Text.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace spattn::runtime;

static constexpr std::string_view kMagic = "SPATTNKC";
static constexpr uint32_t kVersion = 1;
/// A kernel has less than a megabyte; what is much larger is none.
static constexpr off_t kMaxBytes = off_t(1) << 30;

namespace {
/// A file, closed at its end.
struct File {
  explicit File(int number) : number(number) {}
  ~File() {
    if (number >= 0)
      close(number);
  }
  File(const File &) = delete;
  File &operator=(const File &) = delete;

  int number;
};
} // namespace

static Status systemError(const std::string &what, const std::string &path) {
  return makeError(what, " ", path, ": ", std::strerror(errno));
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Status readBytes(const File &file, const std::string &path,
                        std::string &bytes) {
  struct stat info;
  if (fstat(file.number, &info) != 0)
    return systemError("cannot read", path);
  if (!S_ISREG(info.st_mode))
    return makeError(path, " is not a regular file");
  // Code for the GPU and the launches of it: as good as a program.
  if ((info.st_uid != geteuid() && info.st_uid != 0) ||
      (info.st_mode & (S_IWGRP | S_IWOTH)))
    return makeError(path, " can be written by others");
  if (info.st_size > kMaxBytes)
    return makeError(path, " is too large: ", info.st_size, " bytes");
  bytes.resize(size_t(info.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = read(file.number, &bytes[done], bytes.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("cannot read", path);
    if (count == 0)
      break;
    done += size_t(count);
  }
  bytes.resize(done);
  return {};
}

static Result<Artifact> parseCacheFile(std::string_view bytes,
                                       std::string_view key) {
  constexpr size_t kChecksumBytes = 8;
  if (bytes.size() < kChecksumBytes)
    return makeError("truncated");
  std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (ByteReader(bytes.substr(body.size())).number(8) != hashBytes(body))
    return makeError("its checksum does not match");
  ByteReader reader(body);
  if (reader.raw(kMagic.size()) != kMagic)
    return makeError("not a kernel");
  if (reader.number(4) != kVersion || reader.number(4) != 0)
    return makeError("of another version");
  if (reader.text() != key)
    return makeError("of another key");
  std::string_view artifact = reader.text();
  if (!reader.ok() || reader.remaining() != 0)
    return makeError("its fields do not fit their lengths");
  return Artifact::parse(artifact);
}

Status spattn::runtime::readCacheFile(const std::string &path,
                                      std::string_view key,
                                      std::optional<Artifact> &found) {
  // Without blocking: opening a pipe would wait for a writer.
  File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number < 0)
    return errno == ENOENT || errno == ENOTDIR
               ? Status()
               : systemError("cannot open", path);
  std::string bytes;
  if (Status status = readBytes(file, path, bytes); !status.ok())
    return status;
  auto artifact = parseCacheFile(bytes, key);
  if (!artifact)
    return artifact.status().in(path);
  found = *std::move(artifact);
  return {};
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Makes a folder and those above it, for this user only.
static Status makeFolders(const std::string &path) {
  if (path.empty() || mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  size_t slash = path.find_last_of('/');
  if (errno != ENOENT || slash == std::string::npos || slash == 0)
    return systemError("cannot make the folder", path);
  if (Status status = makeFolders(path.substr(0, slash)); !status.ok())
    return status;
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  return systemError("cannot make the folder", path);
}

static Status writeBytes(const File &file, std::string_view bytes,
                         const std::string &path) {
  while (!bytes.empty()) {
    ssize_t count = write(file.number, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("cannot write", path);
    bytes.remove_prefix(size_t(count));
  }
  return {};
}

Status spattn::runtime::writeCacheFile(const std::string &path,
                                       std::string_view key,
                                       const Artifact &artifact) {
  auto content = artifact.serialize();
  if (!content)
    return content.status();
  ByteWriter writer;
  writer.raw(kMagic);
  writer.number(kVersion, 4);
  writer.number(0, 4);
  writer.text(key);
  writer.text(*content);
  writer.number(hashBytes(writer.bytes), 8);

  size_t slash = path.find_last_of('/');
  if (slash != std::string::npos && slash != 0)
    if (Status status = makeFolders(path.substr(0, slash)); !status.ok())
      return status;
  // In the same folder, since only within a file system a rename replaces a
  // file in one step. Not flushed to the disk: what a crash leaves behind fails
  // its checksum.
  std::string temporary = path + ".XXXXXX";
  File file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.number < 0)
    return systemError("cannot make", temporary);
  Status status = writeBytes(file, writer.bytes, temporary);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0)
    status = systemError("cannot make", path);
  if (!status.ok())
    unlink(temporary.c_str());
  return status;
}
