//===- Support.cpp - Errors, texts and versions ---------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn-c/Support.h"

#include "Status.h"
#include "spattn/Target/EmitArtifact.h"

#include <cstdlib>
#include <cstring>

using namespace spattn;
using namespace spattn::capi;

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

static const char *getSeverityName(SpattnSeverity severity) {
  switch (severity) {
  case SpattnSeverityNote:
    return "note: ";
  case SpattnSeverityWarning:
    return "warning: ";
  case SpattnSeverityError:
    return "error: ";
  case SpattnSeverityRemark:
    return "remark: ";
  }
  return "";
}

static void print(llvm::raw_ostream &os, const Diagnostic &diagnostic) {
  if (!diagnostic.file.empty())
    os << diagnostic.file << ":" << diagnostic.line << ":" << diagnostic.column
       << ": ";
  if (diagnostic.severity != SpattnSeverityError)
    os << getSeverityName(diagnostic.severity);
  os << diagnostic.message;
  for (const Diagnostic &note : diagnostic.notes) {
    os << "\n";
    print(os, note);
  }
}

std::string Diagnostic::str() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  print(stream, *this);
  return text;
}

const SpattnDiagnostic &Diagnostic::view() {
  noteViews.clear();
  for (Diagnostic &note : notes)
    noteViews.push_back(note.view());
  own = {severity,         file.c_str(),    line, column, message.c_str(),
         noteViews.size(), noteViews.data()};
  return own;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

SpattnStatus spattn::capi::makeStatus(SpattnStatusCode code,
                                      std::string message, int driverCode) {
  return new SpattnStatusImpl{code, std::move(message), driverCode, {}};
}

SpattnStatus spattn::capi::makeStatus(SpattnStatusCode code,
                                      std::string message,
                                      Diagnostics diagnostics) {
  if (!diagnostics.empty())
    message = diagnostics.front().str();
  return new SpattnStatusImpl{code, std::move(message), 0,
                              std::move(diagnostics)};
}

SpattnStatus spattn::capi::makeStatus(SpattnStatusCode code,
                                      const runtime::Status &status) {
  if (status.ok())
    return nullptr;
  int driverCode = status.driverCode();
  return makeStatus(driverCode != 0 ? SpattnStatusDriverError : code,
                    status.message(), driverCode);
}

SpattnStatus spattn::capi::checkNotNull(
    std::initializer_list<std::pair<const void *, const char *>> args) {
  for (auto [pointer, name] : args)
    if (!pointer)
      return invalid("'", name, "' is null");
  return nullptr;
}

SpattnStatusCode spattnStatusGetCode(SpattnStatus status) {
  return status ? status->code : SpattnStatusSuccess;
}

const char *spattnStatusGetMessage(SpattnStatus status) {
  return status ? status->message.c_str() : "";
}

int spattnStatusGetDriverCode(SpattnStatus status) {
  return status ? status->driverCode : 0;
}

size_t spattnStatusGetNumDiagnostics(SpattnStatus status) {
  return status ? status->diagnostics.size() : 0;
}

const SpattnDiagnostic *spattnStatusGetDiagnostic(SpattnStatus status,
                                                  size_t index) {
  if (!status || index >= status->diagnostics.size())
    return nullptr;
  return &status->diagnostics[index].view();
}

void spattnStatusDestroy(SpattnStatus status) { delete status; }

//===----------------------------------------------------------------------===//
// Texts and versions
//===----------------------------------------------------------------------===//

SpattnStatus spattn::capi::copyString(llvm::StringRef text,
                                      SpattnString *result) {
  char *data = static_cast<char *>(std::malloc(text.size() + 1));
  if (!data)
    throw std::bad_alloc();
  if (!text.empty())
    std::memcpy(data, text.data(), text.size());
  data[text.size()] = 0;
  *result = {data, text.size()};
  return nullptr;
}

void spattnStringDestroy(SpattnString *string) {
  if (!string)
    return;
  std::free(string->data);
  *string = {nullptr, 0};
}

const char *spattnGetVersion(void) { return SPATTN_VERSION; }

const char *spattnGetCompilerVersion(void) {
  static const std::string version = getCompilerVersion();
  return version.c_str();
}
