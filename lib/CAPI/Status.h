//===- Status.h - Errors that cross the boundary ----------------*- C++ -*-===//
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

/// A diagnostic with what it points to.
struct Diagnostic {
  SpattnSeverity severity = SpattnSeverityError;
  std::string file, message;
  uint32_t line = 0, column = 0;
  std::deque<Diagnostic> notes;

  /// "file:line:column: message", with the notes in lines of their own.
  std::string str() const;
  /// As callers see it. It lives as long as this, which must not change.
  const SpattnDiagnostic &view();

private:
  std::vector<SpattnDiagnostic> noteViews;
  SpattnDiagnostic own = {};
};

using Diagnostics = std::deque<Diagnostic>;

SpattnStatus makeStatus(SpattnStatusCode code, std::string message,
                        int driverCode = 0);

/// The first of the diagnostics, or else `message`.
SpattnStatus makeStatus(SpattnStatusCode code, std::string message,
                        Diagnostics diagnostics);

/// An error of the call.
template <class... Parts>
SpattnStatus invalid(const Parts &...parts) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  (stream << ... << parts);
  return makeStatus(SpattnStatusInvalidArgument, std::move(text));
}

/// The error of a runtime that failed: the driver's, or else one of `code`.
SpattnStatus makeStatus(SpattnStatusCode code, const runtime::Status &status);

/// An error for the first pointer that is null, by its name.
SpattnStatus
checkNotNull(std::initializer_list<std::pair<const void *, const char *>> args);

/// A copy for the caller.
SpattnStatus copyString(llvm::StringRef text, SpattnString *result);

/// Runs the body of a function of the API. No exception crosses the boundary.
template <class Body>
SpattnStatus guard(Body &&body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    // Making a status of another size would throw again.
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
