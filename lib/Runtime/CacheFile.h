//===- CacheFile.h - Files that keep a kernel with its key ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_CACHEFILE_H
#define SPATTN_RUNTIME_CACHEFILE_H

#include "spattn/Runtime/Artifact.h"

#include <optional>
#include <string>
#include <string_view>

namespace spattn {
namespace runtime {

/// Reads the artifact of a key from a file. Success without a value in `found`
/// means that there is no file; an error, that there is one but it cannot be
/// used: it is damaged, of another key or of another version, no regular file,
/// or others than this user could have written it.
Status readCacheFile(const std::string &path, std::string_view key,
                     std::optional<Artifact> &found);

/// Writes a file that other processes see whole or not at all, and makes its
/// folder.
Status writeCacheFile(const std::string &path, std::string_view key,
                      const Artifact &artifact);

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_CACHEFILE_H
