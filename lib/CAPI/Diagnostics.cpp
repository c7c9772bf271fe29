//===- Diagnostics.cpp - Conversion of MLIR's diagnostics -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Module.h"

using namespace spattn::capi;

static SpattnSeverity convert(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Note:
    return SpattnSeverityNote;
  case mlir::DiagnosticSeverity::Warning:
    return SpattnSeverityWarning;
  case mlir::DiagnosticSeverity::Error:
    return SpattnSeverityError;
  case mlir::DiagnosticSeverity::Remark:
    return SpattnSeverityRemark;
  }
  return SpattnSeverityError;
}

static Diagnostic convert(mlir::Diagnostic &diagnostic) {
  Diagnostic result;
  result.severity = convert(diagnostic.getSeverity());
  result.message = diagnostic.str();
  if (auto place =
          diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>()) {
    result.file = place.getFilename().str();
    result.line = place.getLine();
    result.column = place.getColumn();
  }
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    result.notes.push_back(convert(note));
  return result;
}

Listener::Listener(mlir::MLIRContext &context,
                   const SpattnDiagnosticHandler *handler)
    : scope(&context, [this, handler](mlir::Diagnostic &heard) {
        Diagnostic diagnostic = convert(heard);
        if (handler && handler->callback)
          handler->callback(&diagnostic.view(), handler->userData);
        if (diagnostic.severity == SpattnSeverityError)
          errors.push_back(std::move(diagnostic));
        return mlir::success();
      }) {}

SpattnStatus Listener::makeStatus(SpattnStatusCode code, std::string message) {
  return capi::makeStatus(code, std::move(message), std::move(errors));
}
