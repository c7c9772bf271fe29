//===- QueueKernel.h - Kernels with a scheduler warp and readers -*- C++
//-*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_QUEUEKERNEL_H
#define SPATTN_TEST_UNIT_CONVERSION_QUEUEKERNEL_H

#include "../Structure/RandomStructures.h"
#include "Parts/TileWalk.h"
#include "TestKernel.h"
#include "spattn/Structure/Host.h"

namespace spattn::test {

/// A kernel whose warp 0 posts work tiles, and whose MMA warpgroup, the warps
/// from 4 on, reads them.
class QueueKernel : public TestKernel {
public:
  static constexpr int64_t kThreads = 256, kFirstReader = 4, kReaders = 4;

  /// Work tiles are `own` queries, or keys if not `ofRows`, and visit tiles of
  /// `other` of the other kind. There are so many slots for them.
  QueueKernel(const AttentionSpec &spec, bool ofRows, int64_t own,
              int64_t other, int64_t stages = 2);

  void emit(llvm::function_ref<void()> scheduler,
            llvm::function_ref<void()> reader);
  /// A scheduler: posts all work tiles that visit anything, in their order.
  /// `posted` is called for each before that.
  void postAll(llvm::function_ref<void(const WorkTile &)> posted = {});
  /// A work tile by its number.
  WorkTile decode(mlir::Value number);

  const bool ofRows;
  const int64_t own, other;
  SharedLayout shared;
  WorkTileQueueLayout layout;
  WorkTileQueue queue;
  /// How many tiles a head has.
  mlir::Value tiles;
};

/// Random heads, and a call of them.
struct RandomInstance {
  AttentionSpec spec;
  HeadStructures heads;
  CallSpec call;

  RandomInstance(std::mt19937 &random, int64_t scale, int64_t numHeads = 2);
  HostAlgebra algebra() const {
    return HostAlgebra(heads, {call.queries, call.keys}, spec.alignment);
  }
  std::string str() const;
  /// Draws sequences for each batch entry, which may be empty, and of which
  /// some follow one another without padding.
  void addSequences(std::mt19937 &random, int64_t count);
  /// Varies what whole kernels of two heads are run with.
  void vary(int round) {
    spec.keyHeads = 1 + round % 2;
    call.ctas = 1 + round % 3;
    call.scale = 0.2f;
  }
};

/// The tiles of ranges in the order in which they are visited, masked ones
/// first, and how many of them are masked.
std::pair<std::vector<int64_t>, int64_t>
visitingOrder(const std::vector<TileRange<int64_t>> &ranges);

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_QUEUEKERNEL_H
