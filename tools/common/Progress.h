//===- Progress.h - What is going on, on a terminal -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_PROGRESS_H
#define SPATTN_TOOLS_COMMON_PROGRESS_H

#include "llvm/ADT/Twine.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace spattn::tool {

/// A line on a terminal that says what is going on, once it has gone on for a
/// second. Without a terminal on stderr it does nothing.
class Progress {
public:
  Progress();
  ~Progress();

  /// Starts a piece of work, such as an entry.
  void start(const llvm::Twine &what);
  /// Says what of it is being done.
  void update(const llvm::Twine &state);
  /// Erases the line for something else to be printed.
  void hide();
  /// Ends the work and erases the line.
  void stop();

private:
  void loop();
  void erase();

  std::mutex mutex;
  std::condition_variable changed;
  std::string what, state;
  std::chrono::steady_clock::time_point started;
  bool isActive = false, isShown = false, isDone = false;
  std::thread thread;
};

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_PROGRESS_H
