//===- Source.h - A file of IR ----------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_SOURCE_H
#define SPATTN_TOOLS_COMMON_SOURCE_H

#include "mlir/AsmParser/AsmParserState.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/SourceMgr.h"

namespace spattn::tool {

/// A file of IR, with what it says that the IR does not keep.
struct Source {
  llvm::SourceMgr manager;
  mlir::AsmParserState state;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  /// The name of an argument in the text, or that of its location.
  std::string getArgumentName(mlir::BlockArgument argument) const;
};

/// Reads the text or bytecode that `source.manager` has. Errors have been
/// reported.
mlir::LogicalResult parseSource(mlir::MLIRContext &context, Source &source);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_SOURCE_H
