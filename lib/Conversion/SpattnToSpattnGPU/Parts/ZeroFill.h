//===- ZeroFill.h - Zero-fills rows by TMA ----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ZEROFILL_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ZEROFILL_H

#include "SharedMemory.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace spattn {

/// Sets a configuration's rows of a tile of zeros: the most that are a power of
/// two, divide `rows` and with which it `fits`, or 0: fewer than 8 gain
/// nothing.
void chooseZeroRows(int64_t &zeroRows, int64_t rows,
                    llvm::function_ref<bool()> fits);

/// Zero-fills empty rows: the scheduler warp starts TMA stores of a tile of
/// zeros in shared memory. Stores of its own would keep it from finding work
/// tiles. Does nothing if the tile has no rows.
class ZeroFill {
public:
  using Value = mlir::Value;

  ZeroFill(KernelBuilder &b, const TileRing &zeros) : b(b), zeros(zeros) {}

  /// The shared memory: one chunk of columns.
  static TileRing allocate(SharedLayout &shared, int64_t rows);

  bool isUsed() const { return zeros.rows > 0; }
  /// Clears the tile, ahead of the first fill.
  void begin();
  /// Starts to fill `rows` rows of a head from `first` on, a multiple of those
  /// of the tile, and `columns` columns, a multiple of 64. `map` has boxes of
  /// as many rows as the tile; rows and columns outside of it are not stored.
  void fill(Value map, Value first, Value head, Value batch, int64_t rows,
            int64_t columns);
  /// Waits until the tile has been read: ahead of the end of the kernel.
  void end();

private:
  KernelBuilder &b;
  TileRing zeros;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_ZEROFILL_H
