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

/// A tile in shared memory: chunks of 64 columns, rows of 128 bytes.
struct Tile {
  uint16_t &at(int64_t row, int64_t column) const {
    int64_t byte = first + column / 64 * rows * 128 + row * 128;
    return reinterpret_cast<uint16_t *>(memory->data())[byte / 2 + column % 64];
  }
  float get(int64_t row, int64_t column) const {
    return fromBF16(at(row, column));
  }

  std::vector<int32_t> *memory;
  int64_t first, rows, columns;
};

/// What the warps of a CTA share. One of them runs at a time, until it waits.
struct Machine::Cta {
  using BarrierKey = std::pair<mlir::Operation *, int64_t>;
  Cta(Machine &machine, int64_t number, int64_t warps)
      : machine(machine), number(number), alive(warps) {}

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

  /// Arrives so many times at a barrier.
  void arrive(const BarrierKey &key, int64_t times) {
    Barrier &barrier = barriers[key];
    barrier.pending -= times;
    if (barrier.pending < 0)
      return fail("more arrivals than a barrier has");
    if (barrier.pending > 0)
      return;
    barrier.pending = barrier.count;
    ++barrier.phase;
    change();
  }
  /// Starts a copy, which arrives at a barrier when it is over.
  void startCopy(const BarrierKey &key, bool late, std::function<void()> copy) {
    copies[key].push_back(std::move(copy));
    if (!late)
      endCopies(key, /*onePhase=*/false);
    change();
  }
  /// Ends the copies that have been started, or those of one phase.
  void endCopies(const BarrierKey &key, bool onePhase) {
    std::vector<std::function<void()>> &started = copies[key];
    int64_t phase = barriers[key].phase;
    while (!started.empty() && !(onePhase && barriers[key].phase != phase)) {
      started.front()();
      started.erase(started.begin());
      arrive(key, 1);
    }
  }

  /// An element in global memory, of so many bytes. Fails, and returns a place
  /// to write to, if there is none.
  float &element(int64_t address, int64_t bytes);
  void store(int64_t address, int64_t bytes, float value);

  Machine &machine;
  int64_t number, alive;
  float nowhere = 0;
  std::mutex mutex;
  std::condition_variable changed;
  int64_t waiting = 0, changes = 0;
  std::string error;
  std::map<mlir::Operation *, std::vector<int32_t>> memories;
  std::map<BarrierKey, Barrier> barriers;
  std::map<BarrierKey, std::vector<std::function<void()>>> copies;
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
    if (runBlock(entry, machine.arguments, results))
      endStores();
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
  /// Where a row is, in elements, which may be of one of several heads.
  template <class Access>
  int64_t positionOfRow(Access access, int64_t row) {
    int64_t heads = access.getHeads();
    int64_t toHead =
        heads == 1 ? 0 : row % heads * number32(access.getHeadStride());
    return row / heads * number32(access.getStride()) + toHead;
  }
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
  /// Copies between global memory, shared memory and registers.
  bool runCopy(mlir::Operation &op);
  bool runGlobal(mlir::Operation &op);
  bool runMma(mlir::Operation &op);
  std::optional<Tile> locate(mlir::Value tile);
  Machine::Cta::BarrierKey keyOf(mlir::Value barrier);
  /// Starts a store, which reads shared memory until it is waited for.
  void startStore(std::function<void()> work);
  void endStores();
  /// The first of the warp's rows in those of its warpgroup.
  int64_t firstRow() const { return number % 4 * Datum::kRows; }
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
  std::vector<std::function<void()>> stores;
  /// MMAs that have been started, by group, and those of no group yet.
  std::vector<std::vector<std::shared_ptr<Flight>>> groups;
  std::vector<std::shared_ptr<Flight>> uncommitted;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_WARP_H
