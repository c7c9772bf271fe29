//===- EvaluateTest.cpp - From a description to its normal form -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"

#include <tuple>

using namespace spattn;
using namespace spattn::test;

namespace {

/// The example of Evaluate.h.
TEST(Evaluate, ExampleOfTheHeader) {
  HeadStructures heads(
      {{1, Structure::unite({Structure::sink(4), Structure::window(7, 0)})}});
  EXPECT_EQ(heads.groups().front().structure.str(),
            "union(intersection(distances(0 to inf), keys(0 to 4)), "
            "distances(0 to 8))");
  BlindOps ops;
  for (auto [keys, cut, width] : {std::tuple(16, 4, 8), std::tuple(3, 3, 3)}) {
    auto form = formOf(ops, Instance{&heads, 0, 16, keys, Alignment::End});
    ASSERT_EQ(form.segments.size(), 2u);
    EXPECT_EQ(countIntervals(form), 2);
    const auto &first = form.segments[0], &second = form.segments[1];
    EXPECT_EQ(read(first.begin), 0);
    EXPECT_EQ(read(first.end), cut);
    ASSERT_EQ(first.queries.size(), 1u);
    ASSERT_EQ(second.queries.size(), 1u);
    const auto &ofFirst = first.queries[0].intervals[0];
    const auto &ofSecond = second.queries[0].intervals[0];
    EXPECT_EQ(read(ofFirst.lo), 0);
    EXPECT_EQ(read(ofFirst.hi), keys);
    EXPECT_TRUE(ofFirst.hiUnbounded);
    EXPECT_EQ(read(second.begin), cut);
    EXPECT_EQ(read(second.end), keys);
    EXPECT_EQ(read(ofSecond.lo), 0);
    EXPECT_EQ(read(ofSecond.hi), width);
  }
  auto form = formOf(ops, Instance{&heads, 0, 16, 16, Alignment::End});
  auto spans = keysOfQuery(ops, form, ops.unknown(12));
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(read(spans[0].lo), 0);
  EXPECT_EQ(read(spans[0].hi), 4);
  EXPECT_EQ(read(spans[1].lo), 5);
  EXPECT_EQ(read(spans[1].hi), 13);
}

/// The example of QuerySegments.h, and the same without causality.
TEST(Evaluate, ExampleOfQuerySegments) {
  using S = Structure;
  Bound zero = Bound::constant(0), four = Bound::constant(4);
  S tokens =
      S::unite({S::window(7, 8), S::keys(zero, four), S::queries(zero, four)});
  BlindOps ops;
  HeadStructures causal({{1, S::intersect({S::causal(), tokens})}});
  Instance instance = {&causal, 0, 16, 16, Alignment::End};
  auto form = formOf(ops, instance);
  ASSERT_EQ(form.segments.size(), 2u);
  EXPECT_FALSE(hasQuerySegments(form));
  EXPECT_TRUE(form.segments[0].queries[0].intervals[0].hiUnbounded);
  EXPECT_EQ(read(form.segments[1].begin), 4);
  EXPECT_EQ(read(form.segments[1].queries[0].intervals[0].hi), 8);

  // Query 2 is at key 6, and query 0 at key 4.
  HeadStructures both({{1, tokens}});
  instance = {&both, 0, 12, 16, Alignment::End};
  form = formOf(ops, instance);
  ASSERT_EQ(form.segments.size(), 2u);
  EXPECT_EQ(form.segments[0].queries.size(), 1u);
  ASSERT_EQ(form.segments[1].queries.size(), 2u);
  EXPECT_EQ(read(form.segments[1].queries[0].end), 0);
  EXPECT_EQ(read(form.segments[1].queries[1].end), 12);
  instance.queries = 16;
  form = formOf(ops, instance);
  EXPECT_EQ(read(form.segments[1].queries[0].end), 4);
}

} // namespace
