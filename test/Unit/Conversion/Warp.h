//===- Warp.h - A warp of the machine, and what it shares -------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_WARP_H
#define SPATTN_TEST_UNIT_CONVERSION_WARP_H

#include "Machine.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/raw_ostream.h"

#include <condition_variable>
#include <mutex>

namespace spattn::test {

inline constexpr int64_t kLanes = 32;

struct Barrier {
  int64_t count = 0, pending = 0, phase = 0;
};
struct NamedBarrier {
  int64_t arrived = 0, generation = 0;
};

/// What the warps of a CTA share. One of them runs at a time, until it waits.
struct Machine::Cta {
  /// Waits until `isOver`; false if that never happens.
  bool await(std::unique_lock<std::mutex> &lock,
             llvm::function_ref<bool()> isOver) {
    while (error.empty() && !isOver()) {
      ++waiting;
      stopIfStuck();
      changed.wait(
          lock, [&, at = changes] { return changes != at || !error.empty(); });
    }
    return error.empty();
  }
  void change() {
    ++changes;
    waiting = 0;
    changed.notify_all();
  }
  void end() {
    --alive;
    stopIfStuck();
  }
  void stopIfStuck() {
    if (alive > 0 && waiting == alive)
      fail("all warps wait");
  }
  void fail(const std::string &message) {
    if (error.empty())
      error = message;
    changed.notify_all();
  }

  int64_t number, alive;
  std::mutex mutex;
  std::condition_variable changed;
  int64_t waiting = 0, changes = 0;
  std::string error;
  std::map<mlir::Operation *, std::vector<int32_t>> memories;
  std::map<std::pair<mlir::Operation *, int64_t>, Barrier> barriers;
  std::map<int64_t, NamedBarrier> named;
};

/// Executes a kernel as one warp.
class Warp {
public:
  Warp(Machine &machine, Machine::Cta &cta, int64_t number)
      : machine(machine), cta(cta), number(number), lock(cta.mutex) {}
  ~Warp() { cta.end(); }

  void run() {
    mlir::Block &entry = machine.kernel.getBody().front();
    std::vector<Datum> results;
    runBlock(entry, machine.arguments, results);
  }

private:
  using Data = std::vector<Datum>;

  Datum get(mlir::Value value) {
    auto it = values.find(value);
    if (it == values.end())
      llvm::report_fatal_error("a value is used where it is not known");
    return it->second;
  }
  int64_t number32(mlir::Value value) { return get(value).signedValue(); }
  Data getAll(mlir::ValueRange range) {
    Data data;
    for (mlir::Value value : range)
      data.push_back(get(value));
    return data;
  }
  void set(mlir::ValueRange range, llvm::ArrayRef<Datum> data) {
    for (auto [value, datum] : llvm::zip_equal(range, data))
      values[value] = datum;
  }
  bool fail(mlir::Operation *op, const llvm::Twine &message) {
    std::string text;
    llvm::raw_string_ostream(text) << message << ": " << *op;
    cta.fail(text);
    return false;
  }

  /// Runs a block; `results` are the operands of its terminator. False if the
  /// kernel has been stopped.
  bool runBlock(mlir::Block &block, llvm::ArrayRef<Datum> arguments,
                Data &results) {
    set(block.getArguments(), arguments);
    for (mlir::Operation &op : block.without_terminator())
      if (!runOp(op))
        return false;
    results = getAll(block.getTerminator()->getOperands());
    return true;
  }

  bool runOp(mlir::Operation &op);
  bool runWhile(mlir::scf::WhileOp loop);
  bool runFor(mlir::scf::ForOp loop);
  bool runIf(mlir::scf::IfOp ifOp);
  bool runBarrier(mlir::Operation &op);
  bool runMemory(mlir::Operation &op);
  bool runNamed(int64_t id, int64_t threads, bool waits);
  int32_t *words(mlir::Operation *op, mlir::Value memory, mlir::Value stage,
                 int64_t stride, int64_t offset, int64_t count);
  Datum inLane(mlir::Value value, int64_t lane,
               llvm::DenseMap<mlir::Value, Datum> &known);
  void record(mlir::Operation &op, llvm::StringRef name, Data data) {
    machine.events[name.str()].push_back({cta.number, number, std::move(data)});
  }

  Machine &machine;
  Machine::Cta &cta;
  int64_t number;
  std::unique_lock<std::mutex> lock;
  llvm::DenseMap<mlir::Value, Datum> values;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_WARP_H
