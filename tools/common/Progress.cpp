//===- Progress.cpp - What is going on, on a terminal ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Progress.h"

#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace spattn::tool;

using Lock = std::unique_lock<std::mutex>;

Progress::Progress() {
  if (llvm::sys::Process::StandardErrIsDisplayed())
    thread = std::thread([this] { loop(); });
}

Progress::~Progress() {
  stop();
  if (!thread.joinable())
    return;
  {
    Lock lock(mutex);
    isDone = true;
  }
  changed.notify_all();
  thread.join();
}

void Progress::start(const llvm::Twine &newWhat) {
  Lock lock(mutex);
  what = newWhat.str();
  state.clear();
  started = std::chrono::steady_clock::now();
  isActive = true;
}

void Progress::update(const llvm::Twine &newState) {
  Lock lock(mutex);
  state = newState.str();
}

void Progress::hide() {
  Lock lock(mutex);
  erase();
}

void Progress::stop() {
  Lock lock(mutex);
  isActive = false;
  erase();
}

void Progress::erase() {
  if (isShown)
    llvm::errs() << "\r\033[K";
  isShown = false;
}

void Progress::loop() {
  using namespace std::chrono_literals;
  Lock lock(mutex);
  while (!changed.wait_for(lock, 200ms, [this] { return isDone; })) {
    if (!isActive || std::chrono::steady_clock::now() - started < 1s)
      continue;
    // In one piece: stderr has no buffer.
    llvm::errs() << "\r\033[K" + what + ": " + state;
    isShown = true;
  }
}
