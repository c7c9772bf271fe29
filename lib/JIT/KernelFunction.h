//===- KernelFunction.h - What is compiled, and its arguments --*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_JIT_KERNELFUNCTION_H
#define SPATTN_LIB_JIT_KERNELFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "spattn/JIT/KernelArgument.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

namespace spattn {

template <class... Parts>
llvm::Error makeError(const Parts &...parts) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  (stream << ... << parts);
  return llvm::createStringError(text);
}

/// Runs something, and returns the first error that was reported meanwhile.
std::string firstErrorOf(mlir::MLIRContext *context,
                         llvm::function_ref<void()> run);

/// The function to compile, checked for what callers can pass. The module is
/// verified.
llvm::Expected<mlir::func::FuncOp> findEntry(mlir::ModuleOp module,
                                             llvm::StringRef name);

/// The argument that a tensor has the sizes of, since it is written to it.
std::optional<unsigned> tracedArgument(mlir::Value value);

/// The type of a function that findEntry has found. Fails over a layout that
/// callers cannot pass.
llvm::Expected<CallSignature> getSignature(mlir::func::FuncOp function);

/// What of the arguments does not fit their types, or their number. Buffers
/// have data only if `hasData`.
llvm::Error checkArguments(const CallSignature &signature,
                           llvm::ArrayRef<KernelArgument> arguments,
                           bool hasData = true);

/// A pipeline, and the file that gets the IR behind it.
template <class Options>
struct Stage {
  void (*build)(mlir::OpPassManager &, const Options &);
  llvm::StringRef file;
};

/// Runs one pipeline, and writes the IR to a file in a folder; not if the
/// folder is empty.
mlir::LogicalResult
runStage(mlir::ModuleOp module,
         llvm::function_ref<void(mlir::OpPassManager &)> build,
         llvm::StringRef folder, llvm::StringRef file);

/// Runs pipelines in their order, with dumps to `folder` if it is not empty.
template <class Options>
mlir::LogicalResult runStages(mlir::ModuleOp module,
                              std::initializer_list<Stage<Options>> stages,
                              const Options &options, llvm::StringRef folder) {
  for (const Stage<Options> &stage : stages)
    if (failed(runStage(
            module, [&](mlir::OpPassManager &pm) { stage.build(pm, options); },
            folder, stage.file)))
      return mlir::failure();
  return mlir::success();
}

} // namespace spattn

#endif // SPATTN_LIB_JIT_KERNELFUNCTION_H
