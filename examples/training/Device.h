//===- Device.h - Where the example runs attention -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_EXAMPLES_TRAINING_DEVICE_H
#define SPATTN_EXAMPLES_TRAINING_DEVICE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

namespace training {

/// An array of the program: row-major, in double precision whatever a device
/// computes with.
struct Array {
  Array() = default;
  explicit Array(llvm::ArrayRef<int64_t> sizes);

  std::vector<int64_t> sizes;
  std::vector<double> data;
};

/// A function that is compiled for a device.
class Function {
public:
  virtual ~Function() = default;

  /// Calls the function: arrays are rounded to the element types of its
  /// arguments, and hold what is in those after it.
  virtual llvm::Error run(llvm::ArrayRef<Array *> arguments) = 0;
};

/// What there is one of for each kind of device.
class Device {
public:
  virtual ~Device() = default;

  /// Compiles a function of tensors whose results are arguments.
  virtual llvm::Expected<std::unique_ptr<Function>>
  compile(mlir::ModuleOp module, llvm::StringRef entry) = 0;

  /// The device of a name, `cpu` or `cuda`, which is the first GPU.
  static llvm::Expected<std::unique_ptr<Device>> open(llvm::StringRef name);
};

} // namespace training

#endif // SPATTN_EXAMPLES_TRAINING_DEVICE_H
