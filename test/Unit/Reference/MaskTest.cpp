//===- MaskTest.cpp - Structures, pair by pair ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Reference/Mask.h"
#include "spattn/Reference/Attention.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <sstream>

using namespace mlir;
using namespace spattn;

namespace {
/// A head's mask, drawn by hand: a row of text for each query.
struct Case {
  const char *structure;
  int64_t head, heads;
  Alignment alignment;
  const char *mask;
};

constexpr Alignment end = Alignment::End;
constexpr Alignment start = Alignment::Start;

const Case cases[] = {
    {"#spattn.full", 0, 1, end, "1111 1111 1111 1111"},
    {"#spattn.causal", 0, 1, end, "1... 11.. 111. 1111"},
    {"#spattn.window<left = 1, right = 0>", 0, 1, end, "1... 11.. .11. ..11"},
    {"#spattn.window<left = 1, right = 1>", 0, 1, end, "11.. 111. .111 ..11"},
    {"#spattn.window<left = 0>", 0, 1, end, "1111 .111 ..11 ...1"},
    {"#spattn.window<right = 1>", 0, 1, end, "11.. 111. 1111 1111"},
    {"#spattn.sink<1>", 0, 1, end, "1... 1... 1... 1..."},
    {"#spattn.sink<2>", 0, 1, end, "1... 11.. 11.. 11.."},
    {"#spattn.prefix<2>", 0, 1, end, "11.. 11.. 111. 1111"},

    // Bounds.
    {"#spattn.keys<1 to 3>", 0, 1, end, ".11. .11. .11. .11."},
    {"#spattn.keys<-inf to N floordiv 2>", 0, 1, end, "11.. 11.. 11.. 11.."},
    {"#spattn.keys<N - 1 to inf>", 0, 1, end, "...1 ...1 ...1 ...1"},
    {"#spattn.queries<1 to 3>", 0, 1, end, ".... 1111 1111 ...."},
    {"#spattn.queries<-inf to N floordiv 2>", 0, 1, end, "1111 1111 .... ...."},
    {"#spattn.queries<N - 1 to inf>", 0, 1, end, ".... .... .... 1111"},
    {"#spattn.residues<distances, 0 to 1 mod 2>", 0, 1, end,
     "1.1. .1.1 1.1. .1.1"},
    {"#spattn.residues<distances, 2 to 3 mod 3>", 0, 1, end,
     ".1.. ..1. 1..1 .1.."},
    {"#spattn.residues<keys, 2 to 4 mod 3>", 0, 1, end, "1.11 1.11 1.11 1.11"},
    {"#spattn.residues<queries, 1 to 2 mod 2>", 0, 1, end,
     ".... 1111 .... 1111"},
    {"#spattn.distances<0 to 1, 2 to 3>", 0, 1, end, "1... .1.. 1.1. .1.1"},
    {"#spattn.distances<-1 to 1>", 0, 1, end, "11.. .11. ..11 ...1"},
    {"#spattn.distances<N floordiv 2 to inf>", 0, 1, end,
     ".... .... 1... 11.."},
    {"#spattn.distances<-inf to 0>", 0, 1, end, ".111 ..11 ...1 ...."},
    // Down, not towards zero: -4 / 3 is -2.
    {"#spattn.distances<-1 * N floordiv 3 to 0>", 0, 1, end,
     ".11. ..11 ...1 ...."},
    {"#spattn.distances<3 * N floordiv 4 - 1 to N>", 0, 1, end,
     ".... .... 1... 11.."},

    // 5 distances over 2 heads: 3 and 2.
    {"#spattn.partition<exclusive>", 0, 2, end,
     "1.... 11... 111.. .111. ..111"},
    {"#spattn.partition<exclusive>", 1, 2, end,
     "..... ..... ..... 1.... 11..."},
    {"#spattn.partition<local_band>", 0, 2, end,
     "1.... 11... 111.. 1111. .1111"},
    {"#spattn.partition<local_band>", 1, 2, end,
     "1.... 11... 111.. 1111. 11111"},
    {"#spattn.partition<local>", 0, 2, end, "1.... 11... 111.. 1111. .1111"},
    {"#spattn.partition<local>", 1, 2, end, "1.... 11... 111.. .111. ..111"},
    // A local window, a gap, and the band.
    {"#spattn.partition<local_band>", 2, 3, end,
     "1..... 11.... 111... .111.. 1.111. 11.111"},
    // The first half of a band, rounded down.
    {"#spattn.partition<gapped>", 0, 2, end, "1.... .1... ..1.. ...1. ....1"},
    {"#spattn.partition<gapped>", 1, 2, end, "..... ..... ..... 1.... .1..."},
    // More heads than distances: the last ones have bands of width 0.
    {"#spattn.partition<exclusive>", 1, 4, end, ".. 1."},
    {"#spattn.partition<exclusive>", 2, 4, end, ".. .."},
    {"#spattn.partition<local>", 2, 4, end, "1. .1"},
    {"#spattn.partition<local_band>", 3, 4, end, "1. .1"},
    // Bands of another length: distances past it belong to no head.
    {"#spattn.partition<exclusive, length = 3>", 0, 2, end,
     "1.... 11... .11.. ..11. ...11"},
    {"#spattn.partition<exclusive, length = 3>", 1, 2, end,
     "..... ..... 1.... .1... ..1.."},
    {"#spattn.partition<exclusive, length = 8>", 1, 2, end,
     "..... ..... ..... ..... 1...."},
    {"#spattn.band<local, 1 of 2, length = 0>", 0, 1, end, "1. .1"},
    {"#spattn.band<exclusive, 1 of 2>", 5, 8, end,
     "..... ..... ..... 1.... 11..."},

    {"#spattn.union<#spattn.sink<1>, #spattn.window<left = 0, right = 0>>", 0,
     1, end, "1... 11.. 1.1. 1..1"},
    {"#spattn.intersection<#spattn.causal, #spattn.keys<1 to 3>>", 0, 1, end,
     ".... .1.. .11. .11."},
    {"#spattn.union<#spattn.partition<exclusive>, #spattn.sink<1>>", 1, 2, end,
     "1.... 1.... 1.... 1.... 11..."},

    // Global tokens, blocks, and a rectangle.
    {"#spattn.union<#spattn.window<left = 1, right = 0>, #spattn.keys<0 to 1>, "
     "#spattn.queries<0 to 1>>",
     0, 1, end, "1111 11.. 111. 1.11"},
    {"#spattn.union<#spattn.intersection<#spattn.queries<0 to 2>, "
     "#spattn.keys<0 "
     "to 2>>, #spattn.intersection<#spattn.queries<2 to 4>, #spattn.keys<2 to "
     "4>>>",
     0, 1, end, "11.. 11.. ..11 ..11"},
    {"#spattn.intersection<#spattn.queries<2 to inf>, #spattn.keys<0 to 3>>", 0,
     1, end, ".... .... 111. 111."},

    // A partition in a group is one over the group's heads.
    {"#spattn.heads<2 x #spattn.causal, 2 x #spattn.partition<exclusive>>", 1,
     4, end, "1.... 11... 111.. 1111. 11111"},
    {"#spattn.heads<2 x #spattn.causal, 2 x #spattn.partition<exclusive>>", 2,
     4, end, "1.... 11... 111.. .111. ..111"},
    {"#spattn.heads<2 x #spattn.causal, 2 x #spattn.partition<exclusive>>", 3,
     4, end, "..... ..... ..... 1.... 11..."},

    // Unequal lengths. N is the number of keys.
    {"#spattn.causal", 0, 1, end, "111. 1111"},
    {"#spattn.causal", 0, 1, start, "1... 11.."},
    {"#spattn.causal", 0, 1, end, ".. .. 1. 11"},
    {"#spattn.causal", 0, 1, start, "1. 11 11 11"},
    {"#spattn.partition<exclusive>", 1, 2, end, "1... 11.."},
    {"#spattn.partition<exclusive>", 1, 2, start, ".... .... 1... 11.. .11."},
    {"#spattn.keys<0 to N floordiv 2>", 0, 1, start, "11.. 11.."},
    // Queries are where they are among the keys, but not ahead of all.
    {"#spattn.queries<0 to 3>", 0, 1, end, "1111 ...."},
    {"#spattn.queries<3 to inf>", 0, 1, end, ".... 1111"},
    // Residues go on ahead of all keys.
    {"#spattn.residues<queries, 1 to 2 mod 2>", 0, 1, end, "11 .. 11 .. 11"},
    {"#spattn.residues<queries, 1 to 2 mod 2>", 0, 1, start, ".. 11 .. 11 .."},
    {"#spattn.queries<0 to 1>", 0, 1, start, "1111 ...."},
    {"#spattn.queries<0 to 1>", 0, 1, end, "11 11 11 .."},
    {"#spattn.queries<-inf to N - 2>", 0, 1, end, ".. .. .. .."},
    {"#spattn.queries<N to inf>", 0, 1, start, ".. .. 11 11"},
};

class MaskTest : public testing::TestWithParam<Case> {
protected:
  MaskTest() { context.loadDialect<SpattnDialect>(); }

  MLIRContext context;
};
} // namespace

TEST_P(MaskTest, MatchesTheDrawing) {
  const Case &c = GetParam();
  Attribute structure = parseAttribute(c.structure, &context);
  ASSERT_TRUE(structure);
  std::vector<std::string> rows;
  std::istringstream drawing(c.mask);
  for (std::string row; drawing >> row;)
    rows.push_back(row);
  int64_t queries = rows.size(), keys = rows.front().size();
  std::string mask;
  for (int64_t i = 0; i < queries; ++i) {
    for (int64_t j = 0; j < keys; ++j)
      mask += isAllowed(structure, c.head, c.heads, i, j, queries, keys,
                        c.alignment)
                  ? '1'
                  : '.';
    if (i + 1 < queries)
      mask += ' ';
  }
  EXPECT_EQ(mask, c.mask) << c.structure;
}

INSTANTIATE_TEST_SUITE_P(Drawings, MaskTest, testing::ValuesIn(cases));

TEST_F(MaskTest, NothingIsAllowedOutside) {
  Attribute full = FullAttr::get(&context);
  auto allowed = [&](int64_t head, int64_t i, int64_t j) {
    return isAllowed(full, head, 2, i, j, 3, 4, end);
  };
  EXPECT_TRUE(allowed(1, 2, 3));
  EXPECT_FALSE(allowed(-1, 0, 0));
  EXPECT_FALSE(allowed(2, 0, 0));
  EXPECT_FALSE(allowed(0, -1, 0));
  EXPECT_FALSE(allowed(0, 3, 0));
  EXPECT_FALSE(allowed(0, 0, -1));
  EXPECT_FALSE(allowed(0, 0, 4));
}

namespace {
/// An attribute of another dialect that is a structure of the compiler.
struct Foreign : StructureAttrInterface::ExternalModel<Foreign, UnitAttr> {
  Structure getStructure(Attribute) const { return Structure::causal(); }
};
} // namespace

TEST_F(MaskTest, KnowsWhatItDoesNotKnow) {
  UnitAttr::attachInterface<Foreign>(context);
  Attribute foreign = UnitAttr::get(&context), full = FullAttr::get(&context);
  EXPECT_FALSE(checkStructure(full));
  EXPECT_FALSE(checkStructure(UnionAttr::get(&context, full)));
  for (Attribute structure :
       {foreign, Attribute(UnionAttr::get(&context, {full, foreign})),
        Attribute(
            HeadsAttr::get(&context, {1, 1},
                           {full, IntersectionAttr::get(&context, foreign)}))})
    EXPECT_EQ(llvm::toString(checkStructure(structure)),
              "the oracle has no definition of the structure unit");
  // So does who evaluates it.
  AttentionProblem problem;
  problem.structure = foreign;
  std::vector<float> data(4);
  BufferView view = BufferView::contiguous(
      data.data(), runtime::ElementType::F32, {1, 1, 4, 1});
  OperandArrays arrays;
  for (OperandKind kind : {OperandKind::Query, OperandKind::Key,
                           OperandKind::Value, OperandKind::Out})
    arrays[kind] = view;
  EXPECT_EQ(llvm::toString(evaluate(problem, arrays)),
            "the oracle has no definition of the structure unit");
}

// The bands of a partition share all causal pairs out, each once.
TEST_F(MaskTest, ExclusiveBandsArePartition) {
  Attribute bands = PartitionAttr::get(&context, Partition::Exclusive);
  for (int64_t heads : {1, 3, 8})
    for (int64_t n = 0; n < 20; ++n)
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
          int owners = 0;
          for (int64_t h = 0; h < heads; ++h)
            owners += isAllowed(bands, h, heads, i, j, n, n, end);
          ASSERT_EQ(owners, j <= i ? 1 : 0);
        }
}
