//===- OutputFiles.cpp - Files that appear whole or not at all ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/OutputFiles.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace spattn;
using llvm::Error;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

/// The status of what is at `path`, behind links.
static fs::file_type typeOf(StringRef path) {
  fs::file_status status;
  fs::status(path, status);
  return status.type();
}

/// Prints to an open file and tells what went wrong, such as a full disk.
static Error writeTo(llvm::raw_fd_ostream &stream, StringRef path,
                     llvm::function_ref<void(llvm::raw_ostream &)> write) {
  write(stream);
  stream.flush();
  std::error_code error = stream.error();
  // Without this the stream's destructor aborts.
  stream.clear_error();
  return error ? llvm::createFileError(path, error) : Error::success();
}

OutputFiles::~OutputFiles() {
  for (Staged &entry : staged)
    llvm::consumeError(entry.file.discard());
}

Error OutputFiles::check(StringRef path) {
  if (path == "-")
    return Error::success();
  if (path.empty())
    return llvm::createStringError("the name of an output file is empty");
  if (typeOf(path) == fs::file_type::directory_file)
    return llvm::createFileError(
        path, std::make_error_code(std::errc::is_a_directory));
  StringRef folder = llvm::sys::path::parent_path(path);
  if (!folder.empty() && typeOf(folder) != fs::file_type::directory_file)
    return llvm::createFileError(
        path, llvm::createStringError("there is no folder '" + folder + "'"));
  return Error::success();
}

Error OutputFiles::add(StringRef path,
                       llvm::function_ref<void(llvm::raw_ostream &)> write) {
  if (Error error = check(path))
    return error;
  if (path == "-")
    return writeTo(llvm::outs(), "<stdout>", write);
  fs::file_type type = typeOf(path);
  if (type != fs::file_type::regular_file &&
      type != fs::file_type::file_not_found) {
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (error)
      return llvm::createFileError(path, error);
    return writeTo(stream, path, write);
  }

  // A link keeps pointing at the file.
  llvm::SmallString<128> target(path);
  if (type == fs::file_type::regular_file)
    if (std::error_code error = fs::real_path(path, target))
      return llvm::createFileError(path, error);
  llvm::Expected<fs::TempFile> file =
      fs::TempFile::create(target + ".tmp-%%%%%%%%");
  if (!file)
    return llvm::createFileError(path, file.takeError());
  llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
  Error error = writeTo(stream, path, write);
  if (error)
    return llvm::joinErrors(std::move(error), file->discard());
  staged.push_back({target.str().str(), std::move(*file)});
  return Error::success();
}

Error OutputFiles::commit() {
  Error result = Error::success();
  for (Staged &entry : staged) {
    // After a failure the others are not put in place either.
    if (result)
      result = llvm::joinErrors(std::move(result), entry.file.discard());
    else if (Error error = entry.file.keep(entry.path))
      result = llvm::createFileError(entry.path, std::move(error));
  }
  staged.clear();
  return result;
}

Error spattn::writeFile(StringRef path,
                        llvm::function_ref<void(llvm::raw_ostream &)> write) {
  OutputFiles files;
  if (Error error = files.add(path, write))
    return error;
  return files.commit();
}
