//===- Machine.h - Runs kernels as they are emitted -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_MACHINE_H
#define SPATTN_TEST_UNIT_CONVERSION_MACHINE_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spattn::test {

/// What an SSA value is in a warp: a number, or a fragment's elements.
struct Datum {
  /// Rows of a fragment that a warp has, and threads that share a row; those
  /// have two of every eight columns each.
  static constexpr int64_t kRows = 16, kQuad = 4;

  static Datum integer(int64_t value, unsigned width = 32) {
    Datum result;
    result.number = llvm::APInt(64, value, true).trunc(width);
    return result;
  }
  static Datum real32(float value) {
    Datum result;
    result.real = value;
    return result;
  }
  int64_t signedValue() const { return number.getSExtValue(); }

  llvm::APInt number;
  float real = 0;
  /// Of an accumulator or a mask (0 or 1) by row and column; of rows by row and
  /// thread of the quad.
  std::vector<float> elements;
};

/// What an operation on numbers or fragments results in; nothing if it is
/// another operation.
std::optional<Datum> evaluate(mlir::Operation *op,
                              llvm::ArrayRef<Datum> operands);
/// The same for operations with a body, which gets values of around it from
/// `outer`: a map, and a column mask of the 16 rows from `firstRow` on.
Datum evaluateMap(mlir::Operation *op, llvm::ArrayRef<Datum> operands,
                  llvm::function_ref<Datum(mlir::Value)> outer);
Datum evaluateColumnMask(mlir::Operation *op, llvm::ArrayRef<Datum> operands,
                         int64_t firstRow,
                         llvm::function_ref<Datum(mlir::Value)> outer);

/// Runs a kernel of the spattn_gpu dialect, ahead of its lowering: the CTAs of
/// a grid, one after the other, and the warps of a CTA beside each other, with
/// the barriers that they wait at and the words that they share. A warp does
/// what its lane 0 does, and has 16 rows of its warpgroup's fragments. There is
/// no copy engine and no MMA.
///
/// Two more operations stand for what a test gives and looks at:
/// `"test.input"() {name}` is what `inputs` gives for the warp, and
/// `"test.record"(...) {name}` adds to `events`.
class Machine {
public:
  struct Event {
    int64_t cta, warp;
    std::vector<Datum> values;

    /// The values as integers.
    std::vector<int64_t> numbers() const;
  };

  Machine(mlir::LLVM::LLVMFuncOp kernel, std::vector<Datum> arguments,
          int64_t threads, int64_t ctas = 1)
      : kernel(kernel), arguments(std::move(arguments)), threads(threads),
        ctas(ctas) {}

  /// Runs the kernel. Returns what went wrong, if anything: warps that wait for
  /// each other for ever, words outside of their memory, and so on.
  std::string run();

  std::map<std::string, std::function<Datum(int64_t warp)>> inputs;
  /// What was recorded, by name, in the order in which it happened;
  /// "registers" are those that warps set.
  std::map<std::string, std::vector<Event>> events;
  /// Counters in global memory, by address.
  std::map<int64_t, int64_t> counters;

private:
  friend class Warp;
  struct Cta;

  mlir::LLVM::LLVMFuncOp kernel;
  std::vector<Datum> arguments;
  int64_t threads, ctas;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_MACHINE_H
