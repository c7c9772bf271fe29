//===- OutputFiles.h - Files that appear whole or not at all ---*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_OUTPUTFILES_H
#define SPATTN_SUPPORT_OUTPUTFILES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace spattn {

/// Output files of one program run. Each is written to a temporary file next
/// to it; `commit` gives them all their names. What was not committed is
/// removed, also when the program is killed by a signal.
///
/// `-` is stdout. It, and existing files that are not regular ones (devices,
/// pipes), are written at once.
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;
  ~OutputFiles();

  /// What certainly keeps `path` from being written: known before hours of
  /// work rather than after.
  static llvm::Error check(llvm::StringRef path);

  /// Adds a file with what `write` prints.
  llvm::Error add(llvm::StringRef path,
                  llvm::function_ref<void(llvm::raw_ostream &)> write);

  /// Puts the files in their places, in the order in which they were added.
  llvm::Error commit();

private:
  struct Staged {
    std::string path;
    llvm::sys::fs::TempFile file;
  };
  std::vector<Staged> staged;
};

/// A single file.
llvm::Error writeFile(llvm::StringRef path,
                      llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace spattn

#endif // SPATTN_SUPPORT_OUTPUTFILES_H
