//===- Machine.cpp - Runs kernels as they are emitted ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Warp.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "llvm/ADT/TypeSwitch.h"

#include <thread>

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;

static constexpr int64_t kMostTurns = 1 << 20;

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

bool Warp::runWhile(scf::WhileOp loop) {
  Data carried = getAll(loop.getInits());
  for (int64_t turn = 0; turn < kMostTurns; ++turn) {
    Data passed;
    if (!runBlock(loop.getBefore().front(), carried, passed))
      return false;
    bool goesOn = !passed.front().number.isZero();
    passed.erase(passed.begin());
    if (!goesOn) {
      set(loop.getResults(), passed);
      return true;
    }
    if (!runBlock(loop.getAfter().front(), passed, carried))
      return false;
  }
  return fail(loop, "a loop does not end");
}

bool Warp::runFor(scf::ForOp loop) {
  Data carried = getAll(loop.getInitArgs());
  llvm::APInt i = get(loop.getLowerBound()).number;
  for (; i.slt(get(loop.getUpperBound()).number);
       i += get(loop.getStep()).number) {
    Data arguments = carried;
    Datum induction;
    induction.number = i;
    arguments.insert(arguments.begin(), induction);
    if (!runBlock(*loop.getBody(), arguments, carried))
      return false;
  }
  set(loop.getResults(), carried);
  return true;
}

bool Warp::runIf(scf::IfOp ifOp) {
  Block *block = get(ifOp.getCondition()).number.isZero() ? ifOp.elseBlock()
                                                          : ifOp.thenBlock();
  Data results;
  if (block && !runBlock(*block, {}, results))
    return false;
  set(ifOp.getResults(), results);
  return true;
}

bool Warp::runOp(Operation &op) {
  if (!cta.error.empty())
    return false;
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return runWhile(loop);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return runFor(loop);
  if (auto ifOp = dyn_cast<scf::IfOp>(op))
    return runIf(ifOp);
  if (isa<MmaOp, MmaCommitOp, MmaWaitOp, MmaFenceOp>(op))
    return runMma(op);
  for (Value operand : op.getOperands())
    if (get(operand).flight)
      return fail(&op, "nobody has waited for the MMA of an operand");
  if (std::optional<Datum> result = evaluate(&op, getAll(op.getOperands()))) {
    values[op.getResult(0)] = std::move(*result);
    return true;
  }
  int64_t inGroup = number % 4;
  auto outer = [&](Value value) { return get(value); };
  auto define = [&](Datum datum) {
    values[op.getResult(0)] = std::move(datum);
    return true;
  };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](MapOp) {
        return define(evaluateMap(&op, getAll(op.getOperands()), outer));
      })
      .Case([&](ColumnMaskOp) {
        return define(evaluateColumnMask(&op, getAll(op.getOperands()),
                                         inGroup * Datum::kRows, outer));
      })
      .Case([&](ResidueMaskOp) {
        return define(evaluateResidueMask(&op, getAll(op.getOperands()),
                                          inGroup * Datum::kRows, outer));
      })
      .Case([&](ColumnMaskDifferenceOp difference) {
        Datum result = get(difference.getLhs()),
              other = get(difference.getRhs());
        for (auto [element, excluded] :
             llvm::zip(result.elements, other.elements))
          if (excluded != 0)
            element = 0;
        return define(result);
      })
      .Case([&](DistancesOp distances) {
        return define(evaluateDistances(&op, get(distances.getFirst()),
                                        inGroup * Datum::kRows));
      })
      .Case([&](GatherOp gather) {
        Datum result = get(gather.getEntries());
        for (float &element : result.elements)
          element = cta.element(
              number32(gather.getPointer()) + 4 * int64_t(element), 4);
        return define(result);
      })
      .Case([&](ScatterAddOp scatter) {
        Datum added = get(scatter.getValues()), to = get(scatter.getEntries());
        for (auto [value, entry] : llvm::zip_equal(added.elements, to.elements))
          if (value != 0)
            cta.element(number32(scatter.getPointer()) + 4 * int64_t(entry),
                        4) += value;
        return true;
      })
      .Case([&](PositionsOp positions) {
        return define(evaluatePositions(&op, get(positions.getFirst()),
                                        inGroup * Datum::kRows));
      })
      .Case([&](NVVM::ThreadIdXOp) {
        return define(Datum::integer(number * machine.lanes));
      })
      .Case(
          [&](NVVM::BlockIdXOp) { return define(Datum::integer(cta.number)); })
      .Case([&](NVVM::GridDimXOp) {
        return define(Datum::integer(machine.ctas));
      })
      .Case([&](WarpgroupOp) { return define(Datum::integer(number / 4, 64)); })
      .Case([&](WarpBroadcastOp broadcast) {
        return define(get(broadcast.getSource()));
      })
      .Case([&](NVVM::VoteSyncOp vote) {
        int64_t ballot = 0;
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          llvm::DenseMap<Value, Datum> known;
          if (!inLane(vote.getPred(), lane, known).number.isZero())
            ballot |= int64_t(1) << lane;
        }
        return define(Datum::integer(ballot));
      })
      .Case([&](LLVM::GEPOp gep) {
        int64_t index = number32(gep.getDynamicIndices().front());
        int64_t bytes = gep.getElemType().getIntOrFloatBitWidth() / 8;
        return define(
            Datum::integer(number32(gep.getBase()) + bytes * index, 64));
      })
      .Case([&](LLVM::StoreOp store) {
        if (store.getValue().getType().isF32()) {
          cta.store(number32(store.getAddr()), 4, get(store.getValue()).real);
          return true;
        }
        machine.counters[number32(store.getAddr())] =
            number32(store.getValue());
        return true;
      })
      .Case([&](LLVM::LoadOp load) {
        if (load.getType().isF32())
          return define(
              Datum::real32(cta.element(number32(load.getAddr()), 4)));
        return define(
            Datum::integer(machine.counters[number32(load.getAddr())]));
      })
      .Case([&](AtomicIncOp increment) {
        int64_t &counter = machine.counters[number32(increment.getCounter())];
        return define(Datum::integer(counter++));
      })
      .Case([&](SetMaxRegistersOp registers) {
        record(op, "registers",
               {Datum::integer(registers.getCount()),
                Datum::integer(registers.getIncrease())});
        return true;
      })
      .Case<BarrierFenceOp, NVVM::SyncWarpOp, AsyncProxyFenceOp>(
          [](Operation *) { return true; })
      .Default([&](Operation *) {
        auto name = op.getAttrOfType<StringAttr>("name");
        if (op.getName().getStringRef() == "test.input")
          return define(machine.inputs.at(name.str())(number));
        if (op.getName().getStringRef() != "test.record")
          return runBarrier(op);
        record(op, name, getAll(op.getOperands()));
        return true;
      });
}

/// What a value is in another lane: where it depends on the thread's number by
/// simple operations.
Datum Warp::inLane(Value value, int64_t lane,
                   llvm::DenseMap<Value, Datum> &known) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  if (isa_and_present<NVVM::ThreadIdXOp>(op))
    return Datum::integer(number * kLanes + lane);
  if (!op || op->getNumRegions() > 0 || op->getNumOperands() == 0)
    return get(value);
  Data operands;
  for (Value operand : op->getOperands())
    operands.push_back(inLane(operand, lane, known));
  std::optional<Datum> result = evaluate(op, operands);
  return known[value] = result ? *result : get(value);
}

//===----------------------------------------------------------------------===//
// The grid
//===----------------------------------------------------------------------===//

std::string Machine::run() {
  for (int64_t number = 0; number < ctas; ++number) {
    Cta cta(*this, number, threads / lanes);
    std::vector<std::thread> warps;
    for (int64_t warp = 0; warp < threads / lanes; ++warp)
      warps.emplace_back([&, warp] { Warp(*this, cta, warp).run(); });
    for (std::thread &warp : warps)
      warp.join();
    if (!cta.error.empty())
      return "CTA " + std::to_string(number) + ": " + cta.error;
  }
  return "";
}

std::vector<int64_t> Machine::Event::numbers() const {
  std::vector<int64_t> result;
  for (const Datum &value : values)
    result.push_back(value.signedValue());
  return result;
}
