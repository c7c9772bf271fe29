//===- SliceTest.cpp - Structures of some queries and some keys -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Structure/Slice.h"
#include "Definition.h"
#include "RandomStructures.h"
#include "spattn/Structure/FixLength.h"
#include "spattn/Structure/Host.h"
#include "gtest/gtest.h"

using namespace spattn;
using namespace spattn::test;
using S = Structure;

namespace {

constexpr int64_t length = 24;

/// The structure of a head at that length.
S fixed(const HeadStructures &heads, int64_t head) {
  HeadStructures all = fixLength(heads, length);
  for (const auto &[count, structure] : all.groups()) {
    if (head < count)
      return structure;
    head -= count;
  }
  return S::none();
}

/// Compares a slice with the whole, pair by pair. Returns whether the slice is
/// within the limits.
bool check(const HeadStructures &heads, int64_t head, const Slice &part) {
  S own = fixed(heads, head);
  if (own.validate(1))
    return false;
  S sliced = slice(own, part);
  SCOPED_TRACE(own.str() + " sliced " + sliced.str());
  if (sliced.validate(1))
    return false;
  HeadStructures ofSlice({{1, sliced}});
  Instance whole = {&heads, head, length, length, Alignment::End};
  Instance inSlice = {&ofSlice, 0, part.queries, part.keys, Alignment::Start};
  for (int64_t i = 0; i < part.queries; ++i)
    for (int64_t row = 0; row < part.keys; ++row) {
      bool expected = false;
      for (const KeyPiece &piece : part.pieces) {
        int64_t key = piece.begin + row - piece.row;
        if (key >= piece.begin && key < piece.end)
          expected = holds(whole, part.firstQuery + i, key);
      }
      EXPECT_EQ(holds(inSlice, i, row), expected)
          << "query " << i << ", row " << row;
    }
  return !testing::Test::HasFailure();
}

TEST(Slice, Bands) {
  // The second of four bands, [6, 12), as queries [12, 18) see it.
  HeadStructures bands({{4, S::band(Partition::Exclusive)}});
  EXPECT_TRUE(check(bands, 1, {12, 6, 11, {{1, 12, 0}}}));
  EXPECT_EQ(slice(fixed(bands, 1), {12, 6, 11, {{1, 12, 0}}}),
            S::distances({{Bound::constant(-5), Bound::constant(1)}}));
  // Pieces that a band does not reach leave nothing behind.
  EXPECT_EQ(slice(fixed(bands, 3), {12, 6, 6, {{12, 18, 0}}}), S::none());
  EXPECT_EQ(slice(fixed(bands, 3), {12, 6, 0, {}}), S::none());
}

TEST(Slice, TwoPieces) {
  HeadStructures heads(
      {{2, S::unite({S::band(Partition::LocalBand), S::sink(2)})}});
  EXPECT_TRUE(
      check(heads, 1, {18, 6, 16, {{0, 2, 0}, {2, 10, 2}, {18, 24, 10}}}));
  EXPECT_TRUE(check(heads, 0, {6, 4, 12, {{0, 2, 1}, {4, 10, 4}}}));
}

TEST(Slice, Random) {
  std::mt19937 random(7);
  for (bool withResidues : {false, true}) {
    RandomStructures draw(random, length, withResidues);
    int checked = 0;
    for (int k = 0; k < 400; ++k) {
      HeadStructures heads = draw.heads(2);
      int64_t head = draw.pick(0, heads.numHeads() - 1);
      Slice part = {draw.pick(0, length), 0, 0, {}};
      part.queries = draw.pick(0, length - part.firstQuery);
      // Pieces with gaps between them, here and there.
      for (int64_t key = 0; key < length && draw.pick(0, 3) != 0;) {
        int64_t begin = draw.pick(key, length);
        int64_t end = draw.pick(begin, length);
        part.keys += draw.pick(0, 2);
        part.pieces.push_back({begin, end, part.keys});
        part.keys += end - begin;
        key = end;
      }
      part.keys += draw.pick(0, 2);
      checked += check(heads, head, part);
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_GT(checked, 300);
  }
}

TEST(Slice, KeysSeenBy) {
  std::mt19937 random(8);
  RandomStructures draw(random, length);
  for (int k = 0; k < 400; ++k) {
    HeadStructures heads = draw.heads(2);
    int64_t head = draw.pick(0, heads.numHeads() - 1);
    int64_t begin = draw.pick(0, length), end = draw.pick(begin, length);
    Instance whole = {&heads, head, length, length, Alignment::End};
    HostAlgebra algebra(heads, {length, length});
    std::vector<Span<int64_t>> spans = algebra.keysSeenBy(head, begin, end);
    int64_t last = -1;
    for (const Span<int64_t> &span : spans) {
      ASSERT_LT(last, span.lo) << heads.str();
      ASSERT_LT(span.lo, span.hi);
      last = span.hi;
    }
    for (int64_t key = 0; key < length; ++key) {
      bool expected = false, found = false;
      for (int64_t i = begin; i < end; ++i)
        expected |= holds(whole, i, key);
      for (const Span<int64_t> &span : spans)
        found |= span.lo <= key && key < span.hi;
      ASSERT_EQ(found, expected) << heads.str() << " head " << head << " key "
                                 << key << " of " << begin << " " << end;
    }
  }
}

} // namespace
