//===- KernelCacheTest.cpp - The cache of kernels -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/KernelCache.h"
#include "Samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace spattn::runtime;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

/// The code that a compiler would make of a key.
std::string makeCode(std::string key) {
  std::replace(key.begin(), key.end(), '\0', '0');
  return "code of " + key;
}

Artifact compile(const std::string &key) {
  Artifact artifact = makeArtifact();
  artifact.code = makeCode(key);
  return artifact;
}

class KernelCacheTest : public testing::Test {
protected:
  KernelCacheTest() {
    std::string name = testing::TempDir() + "spattn-cache-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    root = name;
    // Made by the cache.
    folder = name + "/a/b";
  }
  ~KernelCacheTest() override { fs::remove_all(root); }

  /// The code of a key, and whether it had to be compiled.
  std::string get(KernelCache &cache, const std::string &key, bool &compiled) {
    compiled = false;
    auto program = cache.get(key, [&]() -> Result<Artifact> {
      compiled = true;
      return compile(key);
    });
    EXPECT_TRUE(program) << program.message();
    return program ? (*program)->artifact().code : "";
  }

  /// Expects the right code, compiled or not.
  void expect(KernelCache &cache, const std::string &key, bool compiled) {
    bool was;
    EXPECT_EQ(get(cache, key, was), makeCode(key));
    EXPECT_EQ(was, compiled) << key;
  }

  static std::string read(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const std::string &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    // Not as a umask may have it.
    chmod(path.c_str(), 0600);
  }

  size_t countFiles() {
    return size_t(std::distance(fs::directory_iterator(folder), {}));
  }

  std::string root, folder;
};

TEST_F(KernelCacheTest, Memory) {
  KernelCache cache("");
  EXPECT_EQ(cache.getPath("a"), "");
  expect(cache, "a", true);
  expect(cache, "a", false);
  expect(cache, "b", true);
  EXPECT_EQ(cache.getCounts().memoryHits, 1u);
  EXPECT_EQ(cache.getCounts().compiles, 2u);
  cache.clear();
  expect(cache, "a", true);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(KernelCacheTest, MemoryKeepsWhatWasAskedForLast) {
  // Each takes 9 + 1 bytes.
  KernelCache cache("", /*memoryLimit=*/30);
  for (const char *key : {"a", "b", "c"})
    expect(cache, key, true);
  EXPECT_EQ(cache.getMemoryBytes(), 30u);
  expect(cache, "a", false);
  expect(cache, "d", true);
  EXPECT_EQ(cache.getMemoryBytes(), 30u);
  EXPECT_EQ(cache.getCounts().evictions, 1u);
  for (const char *key : {"a", "c", "d"})
    expect(cache, key, false);
  expect(cache, "b", true);
  expect(cache, "a", true);
  // One that is larger than all of it is alone.
  std::string large(100, 'x');
  expect(cache, large, true);
  expect(cache, large, false);
  EXPECT_EQ(cache.getMemoryBytes(), 208u);
  expect(cache, "a", true);
  EXPECT_EQ(cache.getMemoryBytes(), 10u);
  cache.clear();
  EXPECT_EQ(cache.getMemoryBytes(), 0u);
}

TEST_F(KernelCacheTest, ManyThreadsKeepTheLimit) {
  KernelCache cache("", /*memoryLimit=*/100);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 500; ++i) {
        bool compiled;
        std::string key = std::to_string((i * (t + 1)) % 40);
        EXPECT_EQ(get(cache, key, compiled), makeCode(key));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_LE(cache.getMemoryBytes(), 100u);
  EXPECT_GT(cache.getCounts().evictions, 0u);
}

TEST_F(KernelCacheTest, Disk) {
  {
    KernelCache cache(folder);
    expect(cache, "a", true);
    expect(cache, std::string("with\0zero", 9), true);
    expect(cache, "", true);
    EXPECT_EQ(cache.getCounts().writeFailures, 0u);
  }
  EXPECT_EQ(countFiles(), 3u);
  KernelCache cache(folder);
  expect(cache, "a", false);
  expect(cache, "a", false);
  expect(cache, std::string("with\0zero", 9), false);
  expect(cache, "", false);
  EXPECT_EQ(cache.getCounts().diskHits, 3u);
  EXPECT_EQ(cache.getCounts().memoryHits, 1u);
  // What a kernel does is nobody else's matter.
  struct stat info;
  ASSERT_EQ(stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat(cache.getPath("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(KernelCacheTest, DamagedFilesAreReplaced) {
  KernelCache first(folder);
  expect(first, "a", true);
  std::string path = first.getPath("a"), good = read(path);
  ASSERT_GT(good.size(), 100u);
  auto check = [&](const std::string &bytes) {
    write(path, bytes);
    KernelCache cache(folder);
    expect(cache, "a", true);
    EXPECT_EQ(cache.getCounts().rejected, 1u);
    EXPECT_EQ(read(path), good);
  };
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = char(bytes[i] ^ (i % 2 ? 1 : 0x80));
    check(bytes);
    if (i % 7 == 0)
      check(good.substr(0, i));
  }
  check(good + "x");
  EXPECT_EQ(countFiles(), 1u);
  KernelCache cache(folder);
  expect(cache, "a", false);
}

TEST_F(KernelCacheTest, ForeignFilesAreNotTrusted) {
  KernelCache first(folder);
  expect(first, "a", true);
  expect(first, "b", true);
  std::string path = first.getPath("a");
  auto check = [&](const char *what) {
    KernelCache cache(folder);
    expect(cache, "a", true);
    EXPECT_EQ(cache.getCounts().rejected, 1u) << what;
  };
  // Sound, but of another key: as if the hashes of both were the same.
  write(path, read(first.getPath("b")));
  check("another key");
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  check("others can write it");
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path.c_str(), 12345, 0), 0);
    check("another user's");
  }
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  check("a pipe");
  fs::remove(path);
  fs::create_directory(path);
  check("a folder");
}

TEST_F(KernelCacheTest, FoldersThatCannotBeWritten) {
  write(root + "/file", "");
  for (std::string place :
       {root + "/file", root + "/file/below", std::string("/proc/no/such")}) {
    KernelCache cache(place);
    expect(cache, "a", true);
    expect(cache, "a", false);
    EXPECT_EQ(cache.getCounts().writeFailures, 1u) << place;
  }
}

TEST_F(KernelCacheTest, ErrorsAreNotKept) {
  KernelCache cache(folder);
  auto program = cache.get(
      "a", []() -> Result<Artifact> { return Status::error("no luck"); });
  ASSERT_FALSE(program);
  EXPECT_EQ(program.message(), "no luck");
  program = cache.get("a", [] {
    Artifact artifact = compile("a");
    artifact.kernels.clear();
    return artifact;
  });
  EXPECT_THAT(program.message(), HasSubstr("the compiler made an invalid "
                                           "artifact: there is no kernel"));
  EXPECT_FALSE(fs::exists(cache.getPath("a")));
  expect(cache, "a", true);
}

TEST_F(KernelCacheTest, OneOfManyThreadsCompiles) {
  KernelCache cache(folder);
  std::atomic<int> compiles{0}, right{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 16; ++i)
    threads.emplace_back([&, i] {
      std::string key = i % 2 ? "a" : "b";
      auto program = cache.get(key, [&]() -> Result<Artifact> {
        ++compiles;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return compile(key);
      });
      right += program && (*program)->artifact().code == makeCode(key);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compiles, 2);
  EXPECT_EQ(right, 16);
  EXPECT_EQ(cache.getCounts().memoryHits, 14u);
}

TEST_F(KernelCacheTest, ErrorsReachAllThatWait) {
  KernelCache cache("");
  std::atomic<int> failed{0}, compiles{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto program = cache.get("a", [&]() -> Result<Artifact> {
        ++compiles;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return Status::error("no luck");
      });
      failed += program.message() == "no luck";
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(failed, 8);
  EXPECT_GE(compiles, 1);
  expect(cache, "a", true);
}

TEST_F(KernelCacheTest, ManyProcesses) {
  // Each of them reads, compiles, writes and damages the same files.
  constexpr unsigned kProcesses = 8, kRounds = 60;
  std::vector<pid_t> children;
  for (unsigned process = 0; process < kProcesses; ++process) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    unsigned wrong = 0;
    for (unsigned round = 0; round < kRounds; ++round) {
      std::string key = "key " + std::to_string((process + round) % 3);
      KernelCache cache(folder);
      auto program =
          cache.get(key, [&]() -> Result<Artifact> { return compile(key); });
      wrong += !program || (*program)->artifact().code != makeCode(key);
      wrong += cache.getCounts().writeFailures != 0;
      if (round % 5 == process % 5)
        // Fails where another process has removed it.
        (void)!truncate(cache.getPath(key).c_str(), 200);
      else if (round % 7 == process % 7)
        unlink(cache.getPath(key).c_str());
    }
    _exit(wrong == 0 ? 0 : 1);
  }
  for (pid_t child : children) {
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  // No temporary file is left.
  EXPECT_LE(countFiles(), 3u);
}

TEST_F(KernelCacheTest, KilledWritersLeaveNothingThatIsUsed) {
  std::string key = "a";
  for (unsigned round = 0; round < 20; ++round) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
      for (;;) {
        KernelCache cache(folder);
        (void)cache.get(key,
                        [&]() -> Result<Artifact> { return compile(key); });
        unlink(cache.getPath(key).c_str());
      }
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + round));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    KernelCache cache(folder);
    bool compiled;
    EXPECT_EQ(get(cache, key, compiled), "code of a");
    EXPECT_EQ(cache.getCounts().rejected, 0u);
  }
}

} // namespace
