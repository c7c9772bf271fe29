//===- SharedState.cpp - Barriers and shared memory of the machine --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Warp.h"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;

bool Warp::runNamed(int64_t id, int64_t count, bool waits) {
  NamedBarrier &barrier = cta.named[id];
  int64_t generation = barrier.generation;
  barrier.arrived += machine.lanes;
  if (barrier.arrived == count) {
    barrier.arrived = 0;
    ++barrier.generation;
    cta.change();
  }
  return !waits ||
         cta.await(lock, [&] { return barrier.generation != generation; });
}

Machine::Cta::BarrierKey Warp::keyOf(Value value) {
  auto barrier = value.getDefiningOp<BarrierOp>();
  int64_t stage = barrier.getStage() ? number32(barrier.getStage()) : 0;
  return {barrier.getMemory().getDefiningOp(), barrier.getOffset() + 8 * stage};
}

bool Warp::runBarrier(Operation &op) {
  auto named = [&](auto barrier, bool waits) {
    int64_t offset = barrier.getOffset() ? number32(barrier.getOffset()) : 0;
    return runNamed(barrier.getId() + offset, barrier.getThreads(), waits);
  };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](BarrierOp) {
        values[op.getResult(0)] = Datum();
        return true;
      })
      .Case([&](BarrierInitOp init) {
        cta.barriers[keyOf(init.getBarrier())] = {init.getCount(),
                                                  init.getCount(), 0};
        return true;
      })
      .Case([&](BarrierArriveOp arrive) {
        if (arrive.getCondition() && get(arrive.getCondition()).number.isZero())
          return true;
        cta.arrive(keyOf(arrive.getBarrier()),
                   arrive.getCondition() ? 1 : kLanes);
        return cta.error.empty();
      })
      .Case([&](BarrierWaitOp wait) {
        Machine::Cta::BarrierKey key = keyOf(wait.getBarrier());
        Barrier &barrier = cta.barriers[key];
        int64_t parity = number32(wait.getParity());
        return cta.await(lock, [&] {
          if (barrier.phase % 2 == parity)
            cta.endCopies(key, /*onePhase=*/true);
          return barrier.phase % 2 != parity;
        });
      })
      .Case([&](NamedBarrierSyncOp sync) { return named(sync, true); })
      .Case([&](NamedBarrierArriveOp arrive) { return named(arrive, false); })
      .Default([&](Operation *) { return runMemory(op); });
}

/// `count` words of a stage; null if they are not in their memory.
int32_t *Warp::words(Operation *op, Value memory, Value stage, int64_t stride,
                     int64_t offset, int64_t count) {
  std::vector<int32_t> &all = cta.memories[memory.getDefiningOp()];
  int64_t first = (offset + number32(stage) * stride) / 4;
  if (first < 0 || first + count > int64_t(all.size())) {
    fail(op, "words outside of their memory");
    return nullptr;
  }
  return all.data() + first;
}

bool Warp::runMemory(Operation &op) {
  auto wordsOf = [&](auto access, int64_t count) {
    return words(&op, access.getMemory(), access.getStage(), access.getStride(),
                 access.getOffset(), count);
  };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](AllocOp alloc) {
        cta.memories[&op].resize(alloc.getMemory().getType().getBytes() / 4,
                                 /*NaN=*/-1);
        values[alloc.getMemory()] = Datum();
        return true;
      })
      .Case([&](WriteWordsOp write) {
        int32_t *to = wordsOf(write, write.getValues().size());
        for (size_t i = 0; to && i < write.getValues().size(); ++i)
          to[i] = number32(write.getValues()[i]);
        return to != nullptr;
      })
      .Case([&](ReadWordsOp read) {
        const int32_t *from = wordsOf(read, read.getValues().size());
        for (size_t i = 0; from && i < read.getValues().size(); ++i)
          values[read.getValues()[i]] = Datum::integer(from[i]);
        return from != nullptr;
      })
      .Case([&](LookupOp lookup) {
        int64_t count = lookup.getCount(), found = 0;
        const int32_t *keys = wordsOf(lookup, 2 * count);
        for (int64_t i = 1; keys && i < count; ++i)
          if (keys[i] <= number32(lookup.getNumber()))
            found = i;
        if (keys)
          values[lookup.getValue()] = Datum::integer(keys[count + found]);
        return keys != nullptr;
      })
      .Case([&](AddWordsOp add) {
        const int32_t *from = wordsOf(add, add.getCount());
        if (!from)
          return false;
        record(op, "add",
               {get(add.getPointer()), Datum::integer(add.getOverwriting()),
                Datum::integer(*from)});
        if (machine.arrays.empty())
          return true;
        int64_t to = number32(add.getPointer()), count = add.getCount();
        bool overwrites = add.getOverwriting();
        startStore([&cta = cta, overwrites, from, to, count] {
          for (int64_t i = 0; i < count; ++i) {
            float &sum = cta.element(to + 4 * i, 4);
            float part = llvm::bit_cast<float>(from[i]);
            sum = overwrites ? part : sum + part;
          }
        });
        return true;
      })
      .Case([&](SemaphoreArriveOp arrive) {
        int64_t &semaphore = machine.counters[number32(arrive.getFlag())];
        values[arrive.getBefore()] = Datum::integer(semaphore++);
        return true;
      })
      .Case([&](SemaphoreReleaseOp release) {
        endStores();
        machine.counters[number32(release.getFlag())] += release.getValue();
        return true;
      })
      .Case([&](SemaphoreWaitOp wait) {
        // CTAs come one after the other.
        int64_t semaphore = machine.counters[number32(wait.getFlag())];
        return semaphore >= wait.getValue() ||
               fail(&op, "a wait for what nobody publishes");
      })
      .Case([&](StoreWaitOp) {
        endStores();
        return true;
      })
      .Case([&](SharedOp tile) {
        // Where in its memory the tile starts.
        int64_t stage = tile.getStage() ? number32(tile.getStage()) : 0;
        values[tile.getResult()] =
            Datum::integer(stage * tile.getStageBytes(), 64);
        return true;
      })
      .Default([&](Operation *) { return runCopy(op); });
}
