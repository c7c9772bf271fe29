//===- Status.h - Errors of the runtime as values ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_STATUS_H
#define SPATTN_RUNTIME_STATUS_H

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace spattn {
namespace runtime {

/// Success, or what went wrong.
class [[nodiscard]] Status {
public:
  /// Success.
  Status() = default;

  /// A failure. `driverCode` is the CUDA driver's error number, 0 if the
  /// failure is not one of the driver's.
  static Status error(std::string message, int driverCode = 0) {
    Status status;
    status.failed = true;
    status.text = std::move(message);
    status.code = driverCode;
    return status;
  }

  bool ok() const { return !failed; }

  /// What went wrong: lower case, without a full stop. Empty on success.
  const std::string &message() const { return text; }

  int driverCode() const { return code; }

  /// The same, with `where` and a colon in front of the message.
  Status in(const std::string &where) const {
    return failed ? error(where + ": " + text, code) : Status();
  }

private:
  std::string text;
  int code = 0;
  bool failed = false;
};

/// A value, or what went wrong.
template <class T>
class [[nodiscard]] Result {
public:
  Result(const T &value) : value(value) {}
  Result(T &&value) : value(std::move(value)) {}
  Result(Status error) : error(std::move(error)) {
    assert(!this->error.ok() && "a result without a value is an error");
  }

  bool ok() const { return value.has_value(); }
  explicit operator bool() const { return ok(); }

  /// The value, which must be there.
  T &operator*() & { return *value; }
  const T &operator*() const & { return *value; }
  T &&operator*() && { return std::move(*value); }
  T *operator->() { return &*value; }
  const T *operator->() const { return &*value; }

  /// Success if there is a value.
  const Status &status() const { return error; }
  const std::string &message() const { return error.message(); }

private:
  std::optional<T> value;
  Status error;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_STATUS_H
