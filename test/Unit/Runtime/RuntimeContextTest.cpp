//===- RuntimeContextTest.cpp - What kernels share ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/RuntimeContext.h"

#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>
#include <unistd.h>

using namespace spattn;
using namespace spattn::runtime;
using testing::ElementsAre;
using testing::ExitedWithCode;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

fake::State *resetFake() {
  void *handle = dlopen(FAKE_CUDA, RTLD_NOW);
  reinterpret_cast<void (*)()>(dlsym(handle, "fakeCudaReset"))();
  return reinterpret_cast<fake::State *(*)()>(dlsym(handle, "fakeCudaState"))();
}

RuntimeContext withDriver(const char *library) {
  resetFake();
  RuntimeOptions options;
  options.driver = library;
  return RuntimeContext(options);
}

TEST(RuntimeContext, HasADriverOfItsOwn) {
  RuntimeContext context = withDriver(FAKE_CUDA);
  auto driver = context.driver();
  ASSERT_TRUE(driver) << driver.message();
  EXPECT_EQ((*driver)->library(), FAKE_CUDA);
  EXPECT_EQ(*context.driver(), *driver);
  RuntimeContext copy = context, other = withDriver(FAKE_CUDA);
  EXPECT_EQ(*copy.driver(), *driver);
  EXPECT_NE(*other.driver(), *driver);
}

TEST(RuntimeContext, NamesTheDriverThatCannotBeOpened) {
  RuntimeContext context = withDriver("/no/such/file");
  EXPECT_THAT(context.driver().message(),
              HasSubstr("cannot open the CUDA driver: /no/such/file"));
  // A failure is final.
  EXPECT_FALSE(context.driver());
}

TEST(RuntimeContext, SaysWhatToDoWithoutADriver) {
  if (dlopen("libcuda.so.1", RTLD_NOW))
    GTEST_SKIP() << "this machine has a driver";
  EXPECT_THAT(RuntimeContext().driver().message(),
              testing::ContainsRegex(
                  "libcuda.so.1.*install NVIDIA's driver.*SPATTN_CUDA_DRIVER"));
}

TEST(RuntimeContext, ReportsFailedInit) {
  auto run = [] {
    setenv("FAKE_CUDA_FAIL", "cuInit", 1);
    std::cerr << withDriver(FAKE_CUDA).driver().message() << std::endl;
    _exit(0);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "cuInit failed: CUDA_ERROR_NO_DEVICE");
}

TEST(RuntimeContext, ReportsNoDevices) {
  auto run = [] {
    setenv("FAKE_CUDA_DEVICES", "0", 1);
    std::cerr << withDriver(FAKE_CUDA).driver().message() << std::endl;
    _exit(0);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "finds no device");
}

TEST(RuntimeContext, OpensTheDriverOnceForManyThreads) {
  RuntimeContext context = withDriver(FAKE_CUDA);
  fake::State *state = resetFake();
  const Driver *drivers[8] = {};
  std::vector<std::thread> threads;
  for (const Driver *&driver : drivers)
    threads.emplace_back([&] { driver = *context.driver(); });
  for (std::thread &thread : threads)
    thread.join();
  for (const Driver *driver : drivers)
    EXPECT_EQ(driver, drivers[0]);
  EXPECT_EQ(state->calls["cuInit"], 1);
}

TEST(RuntimeContext, HasWhatItsOptionsSay) {
  RuntimeOptions options;
  options.threads = 3;
  options.ptxasCandidates = {"/a", "/b"};
  RuntimeContext context(options), other;
  EXPECT_EQ(context.threadPool().size(), 3u);
  EXPECT_EQ(other.threadPool().size(), getNumCores());
  EXPECT_THAT(context.options().ptxasCandidates, ElementsAre("/a", "/b"));
  EXPECT_NE(&context.kernelCache(), &other.kernelCache());
}

TEST(RuntimeContext, DoesNotReadTheEnvironment) {
  auto run = [] {
    setenv("SPATTN_NUM_THREADS", "7", 1);
    setenv("SPATTN_CACHE_DIR", "/x", 1);
    setenv("SPATTN_PTXAS", "/y", 1);
    setenv("SPATTN_CUDA_DRIVER", "/z", 1);
    RuntimeContext context;
    _exit(context.threadPool().size() == getNumCores() &&
                  context.options().cacheFolder.empty() &&
                  context.options().ptxas.empty() &&
                  context.options().ptxasCandidates.empty() &&
                  context.options().driver == "libcuda.so.1"
              ? 0
              : 1);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "");
}

//===----------------------------------------------------------------------===//
// The environment
//===----------------------------------------------------------------------===//

/// What optionsFromEnvironment reads in a child with these variables, and the
/// others unset; `print` writes it to stderr.
template <class F>
void expectOptions(
    std::initializer_list<std::pair<const char *, std::string>> variables,
    const char *expected, F print) {
  auto run = [&] {
    for (const char *name :
         {"SPATTN_NUM_THREADS", "SPATTN_CACHE_DIR", "XDG_CACHE_HOME", "HOME",
          "SPATTN_PTXAS", "VIRTUAL_ENV", "CUDA_HOME", "CUDA_PATH", "PATH",
          "SPATTN_CUDA_DRIVER"})
      unsetenv(name);
    for (const auto &[name, value] : variables)
      setenv(name, value.c_str(), 1);
    std::string warning;
    RuntimeOptions options = optionsFromEnvironment(&warning);
    std::cerr << "<";
    print(options, warning);
    std::cerr << ">" << std::endl;
    _exit(0);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), expected);
}

TEST(Environment, Threads) {
  auto print = [](const RuntimeOptions &options, const std::string &warning) {
    std::cerr << options.threads << "," << warning;
  };
  expectOptions({}, "<0,>", print);
  expectOptions({{"SPATTN_NUM_THREADS", ""}}, "<0,>", print);
  expectOptions({{"SPATTN_NUM_THREADS", "2"}}, "<2,>", print);
  expectOptions({{"SPATTN_NUM_THREADS", "0000000000012"}}, "<12,>", print);
  for (const char *text : {"abc", "0", "-3", "2x"})
    expectOptions({{"SPATTN_NUM_THREADS", text}},
                  "<0,SPATTN_NUM_THREADS='.*': expected a number of threads "
                  "from 1 to 1024; using .* one a core>",
                  print);
  for (const char *text : {"1025", "99999999999999999999"})
    expectOptions({{"SPATTN_NUM_THREADS", text}},
                  "<1024,SPATTN_NUM_THREADS='.*': expected a number of threads "
                  "from 1 to 1024; using 1024 threads>",
                  print);
}

TEST(Environment, CacheFolder) {
  auto print = [](const RuntimeOptions &options, const std::string &) {
    std::cerr << options.cacheFolder;
  };
  expectOptions({{"SPATTN_CACHE_DIR", "/x"}, {"XDG_CACHE_HOME", "/xdg"}},
                "</x>", print);
  expectOptions({{"SPATTN_CACHE_DIR", ""}, {"XDG_CACHE_HOME", "/xdg"}}, "<>",
                print);
  expectOptions({{"XDG_CACHE_HOME", "/xdg"}, {"HOME", "/me"}}, "</xdg/spattn>",
                print);
  expectOptions({{"XDG_CACHE_HOME", "relative"}, {"HOME", "/me"}},
                "</me/.cache/spattn>", print);
  expectOptions({{"HOME", "/me"}}, "</me/.cache/spattn>", print);
  expectOptions({}, "<>", print);
}

TEST(Environment, Driver) {
  auto print = [](const RuntimeOptions &options, const std::string &) {
    std::cerr << options.driver;
  };
  expectOptions({}, "<libcuda.so.1>", print);
  expectOptions({{"SPATTN_CUDA_DRIVER", ""}}, "<libcuda.so.1>", print);
  expectOptions({{"SPATTN_CUDA_DRIVER", "/x"}}, "</x>", print);
}

TEST(Environment, Ptxas) {
  fs::path folder = fs::path(testing::TempDir()) / "spattn-ptxas";
  fs::remove_all(folder);
  auto make = [&](const char *name, bool isProgram = true) {
    fs::path path = folder / name / "ptxas";
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n";
    if (isProgram)
      fs::permissions(path, fs::perms::owner_all);
  };
  make("env/lib/python3.11/site-packages/nvidia/cu12/bin");
  make("env/lib/python3.11/site-packages/nvidia/cu13/bin");
  make("env/lib/other/site-packages/nvidia/cu14/bin");
  make("home/bin");
  make("text/bin", false);
  make("first");
  make("second");
  std::string root = folder.string();
  auto print = [&](const RuntimeOptions &options, const std::string &) {
    std::cerr << options.ptxas;
    for (std::string path : options.ptxasCandidates)
      if (path.rfind(root, 0) == 0)
        std::cerr << " " << path.substr(root.size() + 1);
  };
  // Those of Python's packages, the newest first; then the toolkit's; of PATH
  // the first alone.
  expectOptions({{"VIRTUAL_ENV", root + "/env"},
                 {"CUDA_HOME", root + "/text"},
                 {"CUDA_PATH", root + "/home"},
                 {"PATH", "/nowhere:" + root + "/first:" + root + "/second"}},
                "< env/lib/python3.11/site-packages/nvidia/cu13/bin/ptxas "
                "env/lib/python3.11/site-packages/nvidia/cu12/bin/ptxas "
                "home/bin/ptxas first/ptxas>",
                print);
  expectOptions({}, "<>", print);
  // One that is named is the only one.
  expectOptions({{"SPATTN_PTXAS", "/y"}, {"CUDA_PATH", root + "/home"}}, "</y>",
                print);
  fs::remove_all(folder);
}

} // namespace
