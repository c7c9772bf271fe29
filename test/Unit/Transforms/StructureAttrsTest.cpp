//===- StructureAttrsTest.cpp - Structures as attributes and back ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Structure/RandomStructures.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Structure/Simplify.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;
using S = Structure;

namespace {

class StructureAttrs : public testing::Test {
protected:
  StructureAttrs() { context.loadDialect<SpattnDialect>(); }

  static std::string toText(Attribute attr) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    attr.print(stream);
    return text;
  }

  MLIRContext context;
};

TEST_F(StructureAttrs, RandomStructuresComeBack) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    HeadStructures heads =
        RandomStructures(random, 64, /*withResidues=*/true).heads(3);
    for (const HeadStructures &form : {heads, simplify(heads)}) {
      SCOPED_TRACE(form.str());
      Attribute attr = toAttr(&context, form);
      ASSERT_TRUE(attr);
      ASSERT_EQ(spattn::detail::getHeadStructures(attr, form.numHeads()), form);
      ASSERT_EQ(parseAttribute(toText(attr), &context), attr);
    }
  }
}

/// Whatever has a name is called by it, and means itself.
TEST_F(StructureAttrs, Names) {
  const Bound inf = Bound::posInf(), negInf = Bound::negInf();
  auto c = [](int64_t value) { return Bound::constant(value); };
  constexpr int64_t most = Bound::maxOffset;
  const std::pair<S, const char *> cases[] = {
      {S::none(), "#spattn.sink<0>"},
      {S::full(), "#spattn.full"},
      {S::window(std::nullopt, 0), "#spattn.causal"},
      {S::window(3, std::nullopt), "#spattn.window<left = 3>"},
      {S::window(0, 0), "#spattn.window<left = 0, right = 0>"},
      {S::window(3, -1), "#spattn.distances<1 to 4>"},
      {S::distances({{c(-2), c(9)}}), "#spattn.window<left = 8, right = 2>"},
      {S::distances({{c(0), c(4)}, {c(6), c(9)}}),
       "#spattn.distances<0 to 4, 6 to 9>"},
      {S::distances({{c(0), Bound::length()}}), "#spattn.distances<0 to N>"},
      // A window ends within the limits of a bound, distances at them.
      {S::distances({{c(1 - most), c(most)}}),
       "#spattn.window<left = 1099511627775, right = 1099511627775>"},
      {S::distances({{c(-most), c(5)}}),
       "#spattn.distances<-1099511627776 to 5>"},
      {S::sink(4), "#spattn.sink<4>"},
      {S::prefix(4), "#spattn.prefix<4>"},
      {S::intersect({S::keys(c(0), c(4)), S::causal()}),
       "#spattn.intersection<#spattn.keys<0 to 4>, #spattn.causal>"},
      {S::intersect({S::causal(), S::keys(c(1), c(4))}),
       "#spattn.intersection<#spattn.causal, #spattn.keys<1 to 4>>"},
      {S::unite({S::causal(), S::keys(c(0), inf)}),
       "#spattn.union<#spattn.causal, #spattn.keys<0 to inf>>"},
      {S::keys(negInf, c(7)), "#spattn.keys<-inf to 7>"},
      {S::queries(negInf, c(7)), "#spattn.queries<-inf to 7>"},
      // Not a sink or a prefix, which are of keys.
      {S::intersect({S::causal(), S::queries(c(0), c(4))}),
       "#spattn.intersection<#spattn.causal, #spattn.queries<0 to 4>>"},
      {S::band(Partition::LocalBand), "#spattn.partition<local_band>"},
      {S::band(Partition::Gapped, 16, 3), "#spattn.band<gapped, 3 of 16>"},
      {S::band(Partition::Local, {}, {}, 9),
       "#spattn.partition<local, length = 9>"},
      {S::band(Partition::Gapped, 16, 3, 4096),
       "#spattn.band<gapped, 3 of 16, length = 4096>"},
  };
  for (const auto &[structure, text] : cases) {
    Attribute attr = toAttr(&context, structure);
    ASSERT_TRUE(attr) << text;
    EXPECT_EQ(toText(attr), text);
    EXPECT_EQ(cast<StructureAttrInterface>(attr).getStructure(), structure)
        << text;
  }
}

/// The dialect cannot say these.
TEST_F(StructureAttrs, HalfOfAPartition) {
  S ofOnly = S::band(Partition::Local, 8);
  EXPECT_FALSE(toAttr(&context, ofOnly));
  EXPECT_FALSE(toAttr(&context, S::band(Partition::Local, std::nullopt, 2)));
  EXPECT_FALSE(toAttr(&context, S::unite({S::sink(2), ofOnly})));
  EXPECT_FALSE(toAttr(&context, HeadStructures({{1, S::full()}, {2, ofOnly}})));
}

/// What the algebra calls them is what they are called.
TEST_F(StructureAttrs, Enumerations) {
  for (Alignment alignment : {Alignment::End, Alignment::Start})
    EXPECT_EQ(toText(AlignmentAttr::get(&context, alignment)),
              "#spattn.alignment<" + std::string(alignmentName(alignment)) +
                  ">");
  for (Partition partition : {Partition::Exclusive, Partition::LocalBand,
                              Partition::Gapped, Partition::Local}) {
    std::string text =
        "#spattn.partition<" + std::string(partitionName(partition)) + ">";
    EXPECT_EQ(parseAttribute(text, &context),
              PartitionAttr::get(&context, partition));
  }
}

} // namespace
