//===- Entry.h - A function to run and its arguments ------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_ENTRY_H
#define SPATTN_TOOLS_COMMON_ENTRY_H

#include "common/Options.h"
#include "mlir/AsmParser/AsmParserState.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn::tool {

/// What of an argument is known before a function runs.
struct EntryArgument {
  EntryArgument(mlir::BlockArgument value, std::string name)
      : index(value.getArgNumber()), name(std::move(name)),
        type(value.getType()), location(value.getLoc()) {}

  unsigned index;
  /// As in the source, without `%`; empty if there is none.
  std::string name;
  mlir::Type type;
  mlir::Location location;
  /// Used only as `outs` of attention, and for its sizes.
  bool isDestination = false;
  /// Of tensors and memrefs: the sizes at run time.
  llvm::SmallVector<int64_t, 4> sizes;
  /// Of scalars.
  double number = 0;
  /// The file that holds it; none if empty.
  std::string file;

  bool isScalar() const { return !mlir::isa<mlir::ShapedType>(type); }
  /// Whether it takes an `--input`.
  bool isInput() const { return !isScalar() && !isDestination; }
  mlir::Type getElementType() const {
    return mlir::cast<mlir::ShapedType>(type).getElementType();
  }
  /// `argument 0 ('q')`.
  std::string describe() const;
};

/// A buffer that a function fills: one of its results, or of its arguments.
struct OutputRef {
  bool isArgument = false;
  unsigned index = 0;
};

/// A function to run.
struct Entry {
  mlir::func::FuncOp function;
  std::vector<EntryArgument> arguments;
  /// What `--output` names: the results, or of a function that has none the
  /// destinations.
  std::vector<OutputRef> outputs;
  /// The function's attention, or gradients of one, if it has exactly one.
  AttentionOpInterface attention;

  std::string getName() { return function.getName().str(); }
  /// The argument that a value is, if it is one.
  EntryArgument *getArgument(mlir::Value value);
  /// What the attention writes to, in order.
  llvm::SmallVector<AttentionOperand> getAttentionOutputs();
  /// Where what the attention writes to one of these is found after a run.
  std::optional<OutputRef> getAttentionOutput(unsigned init);
  /// What it reads, in order.
  llvm::SmallVector<AttentionOperand> getAttentionInputs();
};

/// Names of arguments as written in a file, or nothing.
using ArgumentNames =
    llvm::function_ref<std::string(mlir::BlockArgument argument)>;

/// The functions to run, in the order of the file, with all that the command
/// line says of their arguments. Everything that can be wrong with either is
/// found here, before anything runs.
mlir::FailureOr<std::vector<Entry>> collectEntries(mlir::ModuleOp module,
                                                   const EntryOptions &options,
                                                   ArgumentNames names);

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_ENTRY_H
