//===- Ptxas.h - NVIDIA's assembler, as a program --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TARGET_PTXAS_H
#define SPATTN_TARGET_PTXAS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace spattn {

/// What ptxas reports of a kernel, in bytes a thread where not said otherwise.
struct KernelUsage {
  std::string name;
  /// A number.
  int64_t registers = 0;
  int64_t stackBytes = 0, spillStoreBytes = 0, spillLoadBytes = 0;

  bool spills() const {
    return stackBytes != 0 || spillStoreBytes != 0 || spillLoadBytes != 0;
  }
};

/// The report of `ptxas -v`.
struct PtxasReport {
  std::vector<KernelUsage> kernels;
  /// Warnings, and the performance notes C75xx: products of warpgroups that
  /// were serialized, registers that could not be set. Not C7519, an added
  /// fence, which ptxas 13.0 has for every forward kernel of sm_90a.
  std::vector<std::string> warnings;
};

PtxasReport parsePtxasLog(llvm::StringRef log);

/// A cubin, and what was said of it.
struct Assembled {
  std::string cubin, log;
  PtxasReport report;
};

/// A ptxas on this machine.
class Ptxas {
public:
  /// Releases before this one may reuse registers of a warpgroup's product
  /// while it still reads them.
  static constexpr unsigned kOldestMajor = 13;

  /// The ptxas at `path`, which has to be one; if `path` is empty, the first of
  /// the candidates that is one, where those that are too old are passed over
  /// while there is a newer one. Each is asked for its version.
  static llvm::Expected<Ptxas>
  find(llvm::StringRef path, llvm::ArrayRef<std::string> candidates = {});

  const std::string &path() const { return program; }
  unsigned major() const { return majorVersion; }
  unsigned minor() const { return minorVersion; }
  /// "13.5.37"
  const std::string &version() const { return versionText; }
  bool isTooOld() const { return majorVersion < kOldestMajor; }
  /// The newest CUDA whose PTX it takes, as a driver's version: 13050.
  int cudaVersion() const { return majorVersion * 1000 + minorVersion * 10; }

  /// Assembles PTX for a chip. The error holds what ptxas said.
  llvm::Expected<Assembled> assemble(llvm::StringRef ptx, llvm::StringRef chip,
                                     unsigned optLevel = 3) const;

private:
  std::string program, versionText;
  unsigned majorVersion = 0, minorVersion = 0;

  static llvm::Expected<Ptxas> ask(const std::string &path);
};

} // namespace spattn

#endif // SPATTN_TARGET_PTXAS_H
