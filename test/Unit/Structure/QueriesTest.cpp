//===- QueriesTest.cpp - Intervals of queries -----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryStructures.h"
#include "spattn/Structure/Simplify.h"
#include "gmock/gmock.h"

using namespace spattn;
using namespace spattn::test;
using testing::HasSubstr;
using testing::Optional;

namespace {

using S = Structure;
Bound c(int64_t value) { return Bound::constant(value); }
Bound n(int64_t num, int64_t den, int64_t offset = 0) {
  return Bound::affine(num, den, offset);
}
const Bound inf = Bound::posInf(), negInf = Bound::negInf();

void expectRejected(const S &structure, const std::string &message) {
  EXPECT_THAT(structure.validate(), Optional(HasSubstr(message)))
      << structure.str();
}

TEST(Validate, Queries) {
  expectRejected(S::queries(c(5), c(3)), "query interval '5 to 3' is inverted");
  expectRejected(S::queries(c(-2), c(3)), "negative");
  expectRejected(S::queries(negInf, c(0)), "selects no query");
  expectRejected(S::queries(c(0), c(int64_t(1) << 41)), "out of range");
  expectRejected(S::queries(c(0), c(0)), "query interval '0 to 0' is empty");
  // With aligned starts, queries may be past the last key.
  EXPECT_EQ(S::queries(Bound::length(), inf).validate(), std::nullopt);
  std::vector<S> parts;
  for (int64_t k = 0; k < 9; ++k)
    parts.push_back(S::queries(c(2 * k), c(2 * k + 1)));
  expectRejected(S::unite(parts), "more than 16 distinct query bounds");
  parts.pop_back();
  EXPECT_EQ(S::unite(parts).validate(1), std::nullopt);
}

/// Sixteen blocks on the diagonal, and eight images in a text.
TEST(Validate, BlocksOfQueries) {
  std::vector<S> blocks, images = {S::causal()};
  for (int64_t k = 0; k < 16; ++k) {
    Bound lo = c(64 * k), hi = k < 15 ? c(64 * k + 64) : inf;
    blocks.push_back(block(lo, hi));
    if (k % 2 != 0)
      images.push_back(blocks.back());
  }
  EXPECT_EQ(S::unite(blocks).countIntervals(1), 16);
  EXPECT_EQ(S::unite(blocks).validate(1), std::nullopt);
  EXPECT_EQ(S::unite(images).validate(1), std::nullopt);
}

void expectSimple(const S &structure, const std::string &expected,
                  KnownLengths lengths = {},
                  Alignment alignment = Alignment::End) {
  EXPECT_EQ(simplify(structure, lengths, alignment).str(), expected)
      << structure.str();
}

TEST(Simplify, Queries) {
  expectSimple(S::queries(n(1, 4), n(1, 2)), "queries(16 to 32)", {{}, 64});
  expectSimple(S::queries(negInf, n(1, 2)), "queries(0 to N floordiv 2)");
  // The last query is at the last key, or past it.
  expectSimple(S::queries(c(3), n(1, 1, 2)), "queries(3 to inf)");
  expectSimple(S::queries(c(3), n(1, 1, 2)), "queries(3 to N + 2)", {},
               Alignment::Start);
  expectSimple(S::queries(c(64), c(70)), "distances()", {{}, 64});
  expectSimple(S::queries(c(64), c(70)), "queries(64 to inf)", {66, 64},
               Alignment::Start);
  // With few queries at the end of many keys, the first ones are past.
  expectSimple(S::queries(c(0), c(4)), "distances()", {8, 64});
  expectSimple(S::queries(c(0), c(58)), "queries(0 to 58)", {8, 64});
  expectSimple(S::queries(c(50), c(64)), "queries(0 to inf)", {8, 64});
  // More queries than keys: what is ahead of them is at 0.
  expectSimple(S::queries(c(0), c(4)), "queries(0 to 4)", {64, 8});
  expectSimple(S::unite({S::queries(c(0), c(4)), S::queries(c(2), c(9))}),
               "queries(0 to 9)");
  expectSimple(S::intersect({S::queries(c(0), c(4)), S::queries(c(2), c(9))}),
               "queries(2 to 4)");
  expectSimple(S::intersect({S::queries(c(0), c(4)), S::queries(c(4), c(9))}),
               "distances()");
  expectSimple(S::unite({S::queries(c(0), c(4)), S::queries(c(4), inf)}),
               "distances(-inf to inf)");
  expectSimple(S::intersect({S::queries(c(0), inf), S::causal()}),
               "distances(0 to inf)");
  expectSimple(S::unite({S::queries(c(0), c(4)), S::keys(c(2), c(9))}),
               "union(queries(0 to 4), keys(2 to 9))");
}

} // namespace
