//===- Environment.cpp - What environment variables ask for ---------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only file of the libraries that reads the environment.
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/RuntimeContext.h"

#include "Text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <unistd.h>

using namespace spattn;
using namespace spattn::runtime;
namespace fs = std::filesystem;

/// A variable's text; empty if it is not set.
static std::string_view get(const char *variable) {
  const char *text = std::getenv(variable);
  return text ? text : "";
}

/// What SPATTN_NUM_THREADS asks for, 0 for one a core. What cannot be used is
/// said.
static unsigned readThreads(std::string *warning) {
  constexpr unsigned most = ThreadPool::kMaxThreads;
  std::string_view text = get("SPATTN_NUM_THREADS");
  if (text.empty())
    return 0;
  bool isNumber = text.find_first_not_of("0123456789") == text.npos;
  // As many digits as are written.
  std::string_view digits = text;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  unsigned long long number = 0;
  if (isNumber && digits.size() < 10)
    for (char digit : digits)
      number = 10 * number + unsigned(digit - '0');
  else if (isNumber)
    number = most + 1;
  if (number > 0 && number <= most)
    return unsigned(number);
  bool isTooLarge = number > most;
  unsigned used = isTooLarge ? most : getNumCores();
  if (warning)
    *warning = concat("SPATTN_NUM_THREADS='", std::string(text),
                      "': expected a number of threads from 1 to ", most,
                      "; using ", used, used == 1 ? " thread" : " threads",
                      isTooLarge ? "" : ", one a core");
  return isTooLarge ? most : 0;
}

static std::string readCacheFolder() {
  if (const char *folder = std::getenv("SPATTN_CACHE_DIR"))
    return folder;
  // The XDG base directory specification has relative paths ignored.
  if (std::string_view folder = get("XDG_CACHE_HOME");
      !folder.empty() && folder[0] == '/')
    return std::string(folder) + "/spattn";
  if (std::string_view home = get("HOME"); !home.empty() && home[0] == '/')
    return std::string(home) + "/.cache/spattn";
  return "";
}

/// What is in a folder, by name.
static std::vector<fs::path> list(const fs::path &folder) {
  std::vector<fs::path> paths;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end;
       it.increment(code))
    paths.push_back(it->path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

static bool isProgram(const fs::path &path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && access(path.c_str(), X_OK) == 0;
}

/// Every ptxas that this machine has where NVIDIA puts it.
static std::vector<std::string> findPtxas() {
  std::vector<fs::path> paths;
  if (std::string_view prefix = get("VIRTUAL_ENV"); !prefix.empty())
    for (const fs::path &python : list(fs::path(prefix) / "lib")) {
      if (python.filename().string().rfind("python", 0) != 0)
        continue;
      // Packages of later releases, such as cu13, come first.
      std::vector<fs::path> packages = list(python / "site-packages/nvidia");
      for (auto it = packages.rbegin(); it != packages.rend(); ++it)
        paths.push_back(*it / "bin/ptxas");
    }
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (std::string_view home = get(variable); !home.empty())
      paths.push_back(fs::path(home) / "bin/ptxas");
  paths.push_back("/usr/local/cuda/bin/ptxas");
  // The first of PATH, as a shell finds it.
  std::string_view rest = get("PATH");
  while (!rest.empty()) {
    size_t end = std::min(rest.find(':'), rest.size());
    fs::path candidate = fs::path(rest.substr(0, end)) / "ptxas";
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (isProgram(candidate)) {
      paths.push_back(candidate);
      break;
    }
  }
  std::vector<std::string> programs;
  for (const fs::path &path : paths)
    if (isProgram(path))
      programs.push_back(path.string());
  return programs;
}

RuntimeOptions spattn::optionsFromEnvironment(std::string *warning) {
  RuntimeOptions options;
  options.threads = readThreads(warning);
  options.cacheFolder = readCacheFolder();
  options.ptxas = get("SPATTN_PTXAS");
  if (options.ptxas.empty())
    options.ptxasCandidates = findPtxas();
  if (std::string_view driver = get("SPATTN_CUDA_DRIVER"); !driver.empty())
    options.driver = driver;
  return options;
}

RuntimeContext spattn::contextFromEnvironment(std::string *warning) {
  return RuntimeContext(optionsFromEnvironment(warning));
}
