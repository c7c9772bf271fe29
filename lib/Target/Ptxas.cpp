//===- Ptxas.cpp - NVIDIA's assembler, as a program -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Target/Ptxas.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <optional>

using namespace spattn;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

static Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

//===----------------------------------------------------------------------===//
// Running programs
//===----------------------------------------------------------------------===//

namespace {
/// A file that is removed at the end.
class TempFile {
public:
  static Expected<TempFile> make(StringRef suffix) {
    TempFile file;
    if (std::error_code code =
            llvm::sys::fs::createTemporaryFile("spattn", suffix, file.name))
      return makeError("cannot make a temporary file: " + code.message());
    file.remover = std::make_unique<llvm::FileRemover>(file.name);
    return file;
  }

  StringRef path() const { return name; }

  Expected<std::string> read() const {
    auto buffer = llvm::MemoryBuffer::getFile(name, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer)
      return makeError("cannot read '" + Twine(name) +
                       "': " + buffer.getError().message());
    return (*buffer)->getBuffer().str();
  }

  Error write(StringRef text) const {
    std::error_code code;
    llvm::raw_fd_ostream stream(name, code);
    if (!code) {
      stream << text;
      stream.close();
      code = stream.error();
      stream.clear_error();
    }
    if (code)
      return makeError("cannot write '" + Twine(name) + "': " + code.message());
    return Error::success();
  }

private:
  llvm::SmallString<128> name;
  std::unique_ptr<llvm::FileRemover> remover;
};
} // namespace

/// Runs a program; gives what it wrote to both streams. Fails unless its status
/// is 0.
static Expected<std::string> run(StringRef program,
                                 llvm::ArrayRef<StringRef> arguments) {
  auto log = TempFile::make("log");
  if (!log)
    return log.takeError();
  llvm::SmallVector<StringRef> all{program};
  llvm::append_range(all, arguments);
  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(""), log->path(),
                                          log->path()};
  int status = llvm::sys::ExecuteAndWait(program, all, std::nullopt, redirects,
                                         0, 0, &message);
  auto text = log->read();
  if (!text)
    return text.takeError();
  if (status == 0)
    return text;
  if (status < 0)
    return makeError("'" + program + "' " +
                     (status == -1 ? "cannot be run" : "crashed") +
                     (message.empty() ? "" : ": " + message));
  // One mistake makes ptxas say a lot.
  StringRef rest = StringRef(*text).rtrim();
  std::string said;
  for (int lines = 0; lines < 8 && !rest.empty(); ++lines) {
    auto [line, next] = rest.split('\n');
    said += ("\n" + line).str();
    rest = next;
  }
  return makeError("'" + program + "' failed with status " + Twine(status) +
                   ":" + said + (rest.empty() ? "" : "\n..."));
}

//===----------------------------------------------------------------------===//
// The log
//===----------------------------------------------------------------------===//

PtxasReport spattn::parsePtxasLog(StringRef log) {
  static const llvm::Regex entry("Compiling entry function '([^']+)'");
  static const llvm::Regex function("Function properties for (.+)$");
  static const llvm::Regex usage("([0-9]+) bytes stack frame, ([0-9]+) bytes "
                                 "spill stores, ([0-9]+) bytes spill loads");
  static const llvm::Regex registers("Used ([0-9]+) registers");
  static const llvm::Regex note("\\(C7[0-9][0-9][0-9]\\)");
  PtxasReport report;
  llvm::SmallVector<StringRef> lines, found;
  log.split(lines, '\n');
  auto number = [](StringRef text) {
    int64_t value = 0;
    text.getAsInteger(10, value);
    return value;
  };
  auto current = [&]() -> KernelUsage & {
    if (report.kernels.empty())
      report.kernels.emplace_back();
    return report.kernels.back();
  };
  for (StringRef line : lines) {
    line = line.rtrim();
    if (entry.match(line, &found)) {
      report.kernels.emplace_back().name = found[1].str();
    } else if (usage.match(line, &found)) {
      // Functions that a kernel calls count as its own.
      current().stackBytes += number(found[1]);
      current().spillStoreBytes += number(found[2]);
      current().spillLoadBytes += number(found[3]);
    } else if (registers.match(line, &found)) {
      current().registers = number(found[1]);
    } else if (line.contains("(C7519)")) {
      // A fence is added where one of the kernel's own would be none.
    } else if (note.match(line) || line.contains("warning")) {
      report.warnings.push_back(line.str());
    }
  }
  return report;
}

//===----------------------------------------------------------------------===//
// Finding one
//===----------------------------------------------------------------------===//

Expected<Ptxas> Ptxas::ask(const std::string &path) {
  auto text = run(path, {"--version"});
  if (!text)
    return text.takeError();
  static const llvm::Regex release("V(([0-9]+)\\.([0-9]+)\\.[0-9]+)");
  llvm::SmallVector<StringRef> found;
  Ptxas result;
  if (!release.match(*text, &found) ||
      found[2].getAsInteger(10, result.majorVersion) ||
      found[3].getAsInteger(10, result.minorVersion))
    return makeError("'" + path + "' is no ptxas: it does not say its version");
  result.program = path;
  result.versionText = found[1].str();
  return result;
}

Expected<Ptxas> Ptxas::find(StringRef path, ArrayRef<std::string> candidates) {
  std::string named = path.str();
  if (!named.empty())
    candidates = named;
  std::string problems;
  std::optional<Ptxas> old;
  for (const std::string &candidate : candidates) {
    auto found = ask(candidate);
    if (!found) {
      problems += "\n" + llvm::toString(found.takeError());
      continue;
    }
    if (!found->isTooOld())
      return found;
    if (!old)
      old = *found;
  }
  if (old)
    return *old;
  if (!problems.empty())
    return makeError("no ptxas can be used:" + problems);
  return makeError("there is no ptxas: install the Python package "
                   "nvidia-cuda-nvcc or the CUDA toolkit, or name one (tools: "
                   "SPATTN_PTXAS)");
}

//===----------------------------------------------------------------------===//
// Assembling
//===----------------------------------------------------------------------===//

Expected<Assembled> Ptxas::assemble(StringRef ptx, StringRef chip,
                                    unsigned optLevel) const {
  auto source = TempFile::make("ptx");
  auto cubin = TempFile::make("cubin");
  if (!source)
    return source.takeError();
  if (!cubin)
    return cubin.takeError();
  if (Error error = source->write(ptx))
    return error;
  std::string arch = ("-arch=" + chip).str(),
              level = "-O" + std::to_string(optLevel);
  llvm::SmallVector<StringRef> arguments{arch, level};
  // Kernels of one module at the same time, on all processors.
  if (!isTooOld())
    arguments.push_back("--split-compile=0");
  arguments.append({"-v", source->path(), "-o", cubin->path()});
  auto log = run(program, arguments);
  if (!log)
    return log.takeError();
  auto code = cubin->read();
  if (!code)
    return code.takeError();
  if (!StringRef(*code).starts_with("\x7f"
                                    "ELF"))
    return makeError("'" + program + "' wrote no cubin:\n" + *log);
  Assembled result;
  result.cubin = std::move(*code);
  result.log = std::move(*log);
  result.report = parsePtxasLog(result.log);
  return result;
}
