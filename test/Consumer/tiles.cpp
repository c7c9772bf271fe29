//===- tiles.cpp - Asks the algebra, without MLIR -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Host.h"

#include <cstdio>

/// Counts the tiles of one layer: 16 heads, each with a 16th of the distances.
int main() {
  using namespace spattn;
  HeadStructures heads({{16, Structure::band(Partition::Exclusive)}});
  HostAlgebra algebra(heads, {/*queries=*/4096, /*keys=*/4096});
  TileCounts counts = algebra.tiles({/*queries=*/64, /*keys=*/64});
  std::printf("%lld full, %lld masked, %lld skipped\n",
              static_cast<long long>(counts.full),
              static_cast<long long>(counts.masked),
              static_cast<long long>(counts.skipped));
  return counts.visited == counts.full + counts.masked ? 0 : 1;
}
