//===- TempFolder.h - A folder for a test's files --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_SUPPORT_TEMPFOLDER_H
#define SPATTN_TEST_UNIT_SUPPORT_TEMPFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

/// An error's text, or nothing.
inline std::string toText(llvm::Error error) {
  return llvm::toString(std::move(error));
}

/// A folder that is removed with its contents.
class TempFolder {
public:
  TempFolder() { llvm::sys::fs::createUniqueDirectory("spattn-test", root); }
  ~TempFolder() { llvm::sys::fs::remove_directories(root); }

  std::string path(llvm::StringRef name) const {
    llvm::SmallString<128> path(root);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  void write(llvm::StringRef name, llvm::StringRef contents) const {
    std::error_code error;
    llvm::raw_fd_ostream(path(name), error) << contents;
  }

  std::string read(llvm::StringRef name) const {
    auto file = llvm::MemoryBuffer::getFile(path(name));
    return file ? (*file)->getBuffer().str() : "no file";
  }

  size_t countFiles() const {
    std::error_code error;
    size_t count = 0;
    for (llvm::sys::fs::directory_iterator i(root, error), end; i != end;
         i.increment(error))
      ++count;
    return count;
  }

private:
  llvm::SmallString<128> root;
};

#endif // SPATTN_TEST_UNIT_SUPPORT_TEMPFOLDER_H
