//===- SharedMemory.h - Shared memory of a CTA ------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SHAREDMEMORY_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SHAREDMEMORY_H

#include "KernelBuilder.h"

namespace spattn {

/// A piece of a CTA's dynamic shared memory: the allocation of this number,
/// from byte `offset` on.
struct SharedRegion {
  unsigned allocation = 0;
  int64_t offset = 0;

  /// The allocation, once SharedLayout::allocate has been called.
  mlir::Value memory(KernelBuilder &b) const {
    return b.allocations[allocation];
  }
};

/// A ring of tiles in shared memory, one for each stage of a pipeline.
struct TileRing {
  SharedRegion region;
  int64_t rows = 0, columns = 0;

  /// The tile of a stage, or the only one.
  mlir::Value at(KernelBuilder &b, mlir::Value stage = mlir::Value()) const;
  /// The `chunk`-th 64 columns of a tile.
  mlir::Value chunk(KernelBuilder &b, mlir::Value stage,
                    mlir::Value chunk) const;
  /// The tile of a stage as one of other, narrower columns, which starts where
  /// it does.
  mlir::Value narrowed(KernelBuilder &b, mlir::Value stage,
                       int64_t columns) const;
};

/// A ring of words in shared memory: a 32-bit number for each row of a tile.
struct WordRing {
  SharedRegion region;
  int64_t words = 0;

  /// Starts a copy of a stage's words from global memory; `full` is told.
  void load(KernelBuilder &b, mlir::Value source, mlir::Value stage,
            mlir::Value full) const;
  /// A stage's words as columns of a fragment.
  mlir::Value columns(KernelBuilder &b, mlir::Value stage) const;
};

/// mbarriers, one for each stage of a pipeline. A phase ends after so many
/// arrivals; where `loads`, those are the starts of asynchronous copies.
struct BarrierArray {
  SharedRegion region;
  int64_t stages = 0, arrivals = 0;
  bool loads = false;

  mlir::Value at(KernelBuilder &b, mlir::Value stage = mlir::Value()) const;
  /// By one thread, before any use.
  void init(KernelBuilder &b) const;
};

/// The allocations of a kernel's shared memory, in their order. Known before a
/// kernel is built, so that a configuration can be checked.
class SharedLayout {
public:
  SharedRegion take(int64_t bytes, int64_t alignment = 16);
  TileRing tiles(int64_t stages, int64_t rows, int64_t columns);
  WordRing words(int64_t stages, int64_t words) {
    return {take(stages * words * 4), words};
  }
  /// Barriers that follow each other share an allocation.
  BarrierArray barriers(int64_t stages, int64_t arrivals, bool loads = false);

  /// Bytes that all allocations take.
  int64_t total() const;
  /// Emits the allocations, in the entry block of a kernel: behind those that
  /// there are, or `overlaid`, for CTAs that do not use them.
  void allocate(KernelBuilder &b, bool overlaid = false) const;

private:
  struct Allocation {
    int64_t bytes, alignment;
    bool ofBarriers;
  };
  llvm::SmallVector<Allocation> allocations;
};

/// Sets barriers up, and makes all threads of the CTA see them.
void initBarriers(KernelBuilder &b, llvm::ArrayRef<BarrierArray> arrays,
                  int64_t threads);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_SHAREDMEMORY_H
