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
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spattn::test {

/// An MMA that has been started. Its result may be read after a wait.
struct Flight {
  std::function<std::vector<float>()> compute;
  std::vector<float> elements;
  bool isOver = false;
};

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
  /// Of an accumulator, an operand or a mask (0 or 1) by row and column; of
  /// rows by row and thread of the quad; of columns by column.
  std::vector<float> elements;
  /// Of the result of an MMA that nobody has waited for.
  std::shared_ptr<Flight> flight;
};

/// A number as bf16 holds it, and its bits.
uint16_t toBF16(float value);
float fromBF16(uint16_t bits);
inline float roundToBF16(float value) { return fromBF16(toBF16(value)); }

/// An array in global memory, of f32 or, with two bytes, of bf16.
struct GlobalArray {
  int64_t elementBytes = 4;
  std::vector<float> data;
};

/// What a tensor map says: where the rows of an array are, with strides in
/// elements.
struct GlobalRows {
  int64_t address = 0, columns = 0, rows = 0;
  int64_t batchStride = 0, headStride = 0, rowStride = 0;
  /// Heads whose rows are one beside the other in a box; coordinates of heads
  /// are ahead of those of rows then.
  int64_t heads = 1;
  /// Rows of a box, and batch entries, or pages, that there are.
  int64_t boxRows = 0, batches = 0;

  /// Of a box at coordinates: the place of row `r`, and whether it exists.
  std::pair<int64_t, bool> at(int64_t row, int64_t head, int64_t batch,
                              int64_t r) const {
    if (heads > 1) {
      std::swap(row, head);
      head += r % heads;
    }
    row += r / heads;
    return {batch * batchStride + head * headStride + row * rowStride,
            row >= 0 && row < rows};
  }
};

/// What an operation on numbers or fragments results in; nothing if it is
/// another operation.
std::optional<Datum> evaluate(mlir::Operation *op,
                              llvm::ArrayRef<Datum> operands);
/// The same for operations with a body, which gets values of around it from
/// `outer`: a map, and masks of the 16 rows from `firstRow` on.
Datum evaluateMap(mlir::Operation *op, llvm::ArrayRef<Datum> operands,
                  llvm::function_ref<Datum(mlir::Value)> outer);
Datum evaluateColumnMask(mlir::Operation *op, llvm::ArrayRef<Datum> operands,
                         int64_t firstRow,
                         llvm::function_ref<Datum(mlir::Value)> outer);
Datum evaluateResidueMask(mlir::Operation *op, llvm::ArrayRef<Datum> operands,
                          int64_t firstRow,
                          llvm::function_ref<Datum(mlir::Value)> outer);
/// The 16 rows from `firstRow` on of an operation that numbers rows or columns.
Datum evaluatePositions(mlir::Operation *op, const Datum &first,
                        int64_t firstRow);
/// The 16 rows from `firstRow` on of an operation that numbers pairs.
Datum evaluateDistances(mlir::Operation *op, const Datum &first,
                        int64_t firstRow);

/// Runs a kernel of the spattn_gpu dialect, ahead of its lowering: the CTAs of
/// a grid, one after the other, and the warps of a CTA beside each other, with
/// the barriers that they wait at, the words and tiles that they share, and
/// arrays in global memory. A warp does what its lane 0 does, and has 16 rows
/// of its warpgroup's fragments. What is read before it is written is NaN.
///
/// Asynchronous copies and MMAs take place at once, or, with `late`, when
/// somebody waits for them: a missing wait, or one that comes too late for what
/// is overwritten, gives other results in one of the two.
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

  void setArguments(std::vector<Datum> data) { arguments = std::move(data); }

  /// Runs the kernel. Returns what went wrong, if anything: warps that wait for
  /// each other for ever, words outside of their memory, and so on.
  std::string run();

  std::map<std::string, std::function<Datum(int64_t warp)>> inputs;
  /// What was recorded, by name, in the order in which it happened;
  /// "registers" are those that warps set.
  std::map<std::string, std::vector<Event>> events;
  /// Counters in global memory, by address.
  std::map<int64_t, int64_t> counters;
  /// Arrays in global memory and tensor maps, by address.
  std::map<int64_t, GlobalArray> arrays;
  std::map<int64_t, GlobalRows> maps;
  bool late = false;
  /// Threads of a warp: 1 where each thread has numbers of its own, and nothing
  /// is of warps.
  int64_t lanes = 32;

private:
  friend class Warp;
  /// An element in global memory, of so many bytes; null if there is none.
  float *find(int64_t address, int64_t bytes);

  struct Cta;

  mlir::LLVM::LLVMFuncOp kernel;
  std::vector<Datum> arguments;
  int64_t threads, ctas;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_MACHINE_H
