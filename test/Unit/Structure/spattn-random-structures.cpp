//===- spattn-random-structures.cpp - Random structures as text -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each line `SEED HEADS SCALE DEPTH` of the standard input, writes a line
// with the attribute of a random structure for so many heads (or an error, and
// ends with status 1). Equal lines give equal structures.
//
//===----------------------------------------------------------------------===//

#include "RandomStructures.h"

#include <cstdio>
#include <iostream>
#include <sstream>

using namespace spattn;

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream numbers(line);
    uint32_t seed;
    int64_t heads, scale;
    int depth;
    if (!(numbers >> seed >> heads >> scale >> depth) || heads < 1 ||
        scale < 1 || depth < 1) {
      std::fprintf(stderr,
                   "expected 'SEED HEADS SCALE DEPTH', positive, got '%s'\n",
                   line.c_str());
      return 1;
    }
    std::mt19937 random(seed);
    test::RandomStructures structures(random, scale, /*withResidues=*/true);
    std::puts(test::attributeOf(structures.heads(depth, heads)).c_str());
  }
  return 0;
}
