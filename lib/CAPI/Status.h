//===- Status.h - Errors of the C API ---------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CAPI_STATUS_H
#define SPATTN_LIB_CAPI_STATUS_H

#include "spattn-c/Support.h"
#include "spattn/Runtime/Status.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <deque>
#include <initializer_list>
#include <new>
#include <string>
#include <utility>

namespace spattn {
namespace capi {

/// A diagnostic that owns its strings and notes.
struct Diagnostic {
  SpattnSeverity severity = SpattnSeverityError;
  std::string file, message;
  uint32_t line = 0, column = 0;
  std::deque<Diagnostic> notes;

  /// "file:line:column: message", followed by the notes on separate lines.
  std::string str() const;
  /// The C struct, valid as long as this object lives and does not change.
  const SpattnDiagnostic &view();

private:
  std::vector<SpattnDiagnostic> noteViews;
  SpattnDiagnostic own = {};
};

using Diagnostics = std::deque<Diagnostic>;

SpattnStatus makeStatus(SpattnStatusCode code, std::string message,
                        int driverCode = 0);

/// An error whose message is the first diagnostic or, without one, `message`.
SpattnStatus makeStatus(SpattnStatusCode code, std::string message,
                        Diagnostics diagnostics);

/// An invalid-argument error.
template <class... Parts>
SpattnStatus invalid(const Parts &...parts) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  (stream << ... << parts);
  return makeStatus(SpattnStatusInvalidArgument, std::move(text));
}

/// Converts an error of the runtime: a driver error keeps its code, and any
/// other gets `code`.
SpattnStatus makeStatus(SpattnStatusCode code, const runtime::Status &status);

/// An error that names the first null pointer, or success.
SpattnStatus
checkNotNull(std::initializer_list<std::pair<const void *, const char *>> args);

/// Clears the result of a function, which must not be null, so that failures
/// leave nothing in it. Then checks that no other argument in `args` is null.
template <class T>
SpattnStatus clearResult(
    T *result, const char *name,
    std::initializer_list<std::pair<const void *, const char *>> args = {}) {
  if (SpattnStatus status = checkNotNull({{result, name}}))
    return status;
  *result = {};
  return checkNotNull(args);
}

/// Copies text into a string that the caller owns.
SpattnStatus copyString(llvm::StringRef text, SpattnString *result);

/// Runs the body of an API function, and turns exceptions into errors.
template <class Body>
SpattnStatus guard(Body &&body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    // Keep the message short: a longer allocation could throw again.
    static constexpr char message[] = "out of memory";
    return makeStatus(SpattnStatusInternal, message);
  } catch (const std::exception &error) {
    return makeStatus(SpattnStatusInternal, error.what());
  }
}

} // namespace capi
} // namespace spattn

struct SpattnStatusImpl {
  SpattnStatusCode code;
  std::string message;
  int driverCode = 0;
  spattn::capi::Diagnostics diagnostics;
};

#endif // SPATTN_LIB_CAPI_STATUS_H
