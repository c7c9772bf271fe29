//===- StructOptionsPass.h - A pass with a struct of options ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_STRUCTOPTIONSPASS_H
#define SPATTN_SUPPORT_STRUCTOPTIONSPASS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"
#include "spattn/Support/StructOptions.h"

namespace spattn {

/// A pass, over the base class that TableGen made, whose options are the fields
/// of a struct.
template <class Base, class Struct>
class StructOptionsPass : public Base {
public:
  explicit StructOptionsPass(const Struct &values = {})
      : fields(*this, values) {}
  StructOptionsPass(const StructOptionsPass &other)
      : Base(other), fields(*this) {}

protected:
  Struct getOptions() const { return fields.get(); }

  /// Reports what is wrong with options, which have no place in the IR.
  mlir::LogicalResult report(llvm::Error problem) {
    if (!problem)
      return mlir::success();
    return mlir::emitError(mlir::UnknownLoc::get(&this->getContext()),
                           llvm::toString(std::move(problem)));
  }

private:
  template <class T>
  using PassOption = mlir::Pass::Option<T>;
  StructOptions<Struct, PassOption> fields;
};

} // namespace spattn

#endif // SPATTN_SUPPORT_STRUCTOPTIONSPASS_H
