//===- OperandsTest.cpp - What attention takes ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Dialect/Spattn/IR/Operands.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "spattn/Dialect/Spattn/IR/KnownOperands.h"
#include "llvm/ADT/STLExtras.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

using namespace mlir;
using namespace spattn;
using testing::HasSubstr;

static ArrayRef<OperandInfo> kOperations[] = {
    AttentionOp::getOperandInfos(), AttentionBackwardOp::getOperandInfos()};

TEST(LayoutTest, IsAPermutation) {
  EXPECT_TRUE(Layout::parse("bhnd"));
  EXPECT_TRUE(Layout::parse("dnhb"));
  for (const char *text : {"", "bhn", "bhnn", "bhndd", "bhnx"})
    EXPECT_FALSE(Layout::parse(text)) << text;
}

TEST(LayoutTest, OperandsHaveTheDimensionsThatTheyHaveInItsOrder) {
  Layout layout = *Layout::parse("ndbh");
  EXPECT_EQ(layout.getDim(Dim::Length), 0u);
  EXPECT_EQ(layout.getDim(Dim::Head), 3u);
  const OperandInfo &lse = getOperandInfo(OperandKind::Lse);
  EXPECT_EQ(layout.getDim(lse, Dim::Length), 0u);
  EXPECT_EQ(layout.getDim(lse, Dim::Batch), 1u);
  EXPECT_EQ(layout.getDim(lse, Dim::Head), 2u);
  EXPECT_EQ(layout.getDim(getOperandInfo(OperandKind::SinkLogits), Dim::Head),
            0u);
  const OperandInfo &value = getOperandInfo(OperandKind::Value);
  for (Dim dim : kDims)
    EXPECT_EQ(layout.getDim(value, dim), layout.getDim(dim));
}

// What is written follows what is read, so that destinations are a range.
TEST(OperandsTest, WrittenOnesAreLast) {
  for (ArrayRef<OperandInfo> infos : kOperations)
    EXPECT_TRUE(std::is_partitioned(
        infos.begin(), infos.end(),
        [](const OperandInfo &info) { return !info.isWritten; }));
}

TEST(OperandsTest, NamesAreTheirOwn) {
  for (ArrayRef<OperandInfo> infos : kOperations) {
    std::set<StringRef> names, buffers;
    for (const OperandInfo &info : infos) {
      EXPECT_TRUE(names.insert(info.name).second) << info.name.str();
      EXPECT_TRUE(buffers.insert(info.buffer).second) << info.buffer.str();
      EXPECT_EQ(stringifyOperandKind(info.kind), info.name);
    }
  }
}

TEST(OperandsTest, GradientsHaveTheSizesOfWhatTheyAreTheGradientsOf) {
  for (ArrayRef<OperandInfo> infos : kOperations)
    for (const OperandInfo &info : infos) {
      if (!info.gradientOf)
        continue;
      const OperandInfo &model = getOperandInfo(*info.gradientOf);
      EXPECT_EQ(info.extents, model.extents) << info.name.str();
    }
}

TEST(OperandsTest, PagesHaveDimensionsOfTheirOwn) {
  const OperandInfo &key = getPagedInfo(getOperandInfo(OperandKind::Key));
  EXPECT_EQ(key.getShapeText(), "Np x Hkv x R x D");
  EXPECT_EQ(getPagedInfo(getOperandInfo(OperandKind::Value)).getShapeText(),
            "Np x Hkv x R x Dv");
  const OperandInfo &query = getOperandInfo(OperandKind::Query);
  EXPECT_EQ(&getPagedInfo(query), &query);
}

TEST(OperandsTest, OnlyScalarsAreSaidToBePositive) {
  EXPECT_TRUE(getOperandInfo(OperandKind::Scale).isPositiveOnGpu);
  EXPECT_FALSE(getOperandInfo(OperandKind::Scale).isPositive);
  EXPECT_TRUE(getOperandInfo(OperandKind::SoftCap).isPositive);
  for (ArrayRef<OperandInfo> infos : kOperations)
    for (const OperandInfo &info : infos) {
      EXPECT_LE(info.isPositiveOnGpu, info.isScalar()) << info.name.str();
      EXPECT_LE(info.isPositive, info.isPositiveOnGpu) << info.name.str();
    }
}

// An operation made of the values of another, without knowing any by name.
TEST(OperandsTest, OperationsAreMadeOfValues) {
  MLIRContext context;
  context.loadDialect<SpattnDialect>();
  OpBuilder b(&context);
  auto array = RankedTensorType::get({1, 2, 3, 4}, b.getF32Type());
  auto lse = RankedTensorType::get({1, 2, 3}, b.getF32Type());
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getUnknownLoc());
  Block *body = module->getBody();
  OperandValues values;
  for (const OperandInfo &info : AttentionOp::getOperandInfos())
    if (!info.isOptional)
      values[info.kind] = body->addArgument(array, b.getUnknownLoc());
  b.setInsertionPointToStart(body);
  auto first = AttentionOp::create(
      b, b.getUnknownLoc(), array, values[OperandKind::Query],
      values[OperandKind::Key], values[OperandKind::Value], Value(), Value(),
      Value(), Value(), Value(), Value(), Value(), Value(), Value(), Value(),
      Value(), Value(), Value(), Value(), values[OperandKind::Out], Value(),
      CausalAttr::get(&context), Alignment::Start, BoundLength::Sequence,
      "bhnd", TileListsAttr(), TileShapeAttr(), /*causal_positions=*/false,
      /*self_score=*/FloatAttr());
  auto copy = AttentionOp::create(b, b.getUnknownLoc(),
                                  first.getOperandValues(), first);
  EXPECT_EQ(copy->getOperands(), first->getOperands());
  EXPECT_EQ(copy->getResultTypes(), first->getResultTypes());
  EXPECT_EQ(copy.getAlignment(), Alignment::Start);
  EXPECT_FALSE(copy.getLse());
  values[OperandKind::Lse] = body->addArgument(lse, b.getUnknownLoc());
  values[OperandKind::Scale] =
      body->addArgument(b.getF32Type(), b.getUnknownLoc());
  auto more = AttentionOp::create(b, b.getUnknownLoc(), values, first);
  EXPECT_EQ(more.getLse(), values[OperandKind::Lse]);
  EXPECT_EQ(more.getScale(), values[OperandKind::Scale]);
  EXPECT_EQ(more->getNumResults(), 2u);
  EXPECT_EQ(more.getDpsInits().size(), 2u);
  EXPECT_EQ(more.getAttentionOperands().size(), 5u);
  EXPECT_EQ(more.getScalarOperands().size(), 1u);
}

// A lowering refuses what it would leave out.
TEST(OperandsTest, LoweringsComputeWithWhatTheyKnow) {
  MLIRContext context;
  context.loadDialect<SpattnDialect>();
  std::string message;
  context.getDiagEngine().registerHandler(
      [&](Diagnostic &diagnostic) { message = diagnostic.str(); });
  OpBuilder b(&context);
  auto array = RankedTensorType::get({1, 2, 3, 4}, b.getF32Type());
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getUnknownLoc());
  Value value = module->getBody()->addArgument(array, b.getUnknownLoc());
  b.setInsertionPointToStart(module->getBody());
  auto op = AttentionOp::create(
      b, b.getUnknownLoc(), array, value, value, value, Value(), Value(),
      Value(), Value(), Value(), Value(), Value(), Value(), Value(), Value(),
      Value(), Value(), Value(), Value(), value, Value(),
      CausalAttr::get(&context), Alignment::End, BoundLength::Sequence, "bhnd",
      TileListsAttr(), TileShapeAttr(),
      /*causal_positions=*/false, /*self_score=*/FloatAttr());
  EXPECT_TRUE(succeeded(checkKnownOperands(op, getBasicOperands(), "kernel")));
  EXPECT_TRUE(failed(checkKnownOperands(
      op, {OperandKind::Query, OperandKind::Key, OperandKind::Out}, "kernel")));
  EXPECT_THAT(message, HasSubstr("has 'value', but no kernel computes with "
                                 "'value' yet"));
}

//===----------------------------------------------------------------------===//
// The specification
//===----------------------------------------------------------------------===//

static const OperandInfo *find(ArrayRef<OperandInfo> infos, OperandKind kind) {
  auto it = llvm::find_if(
      infos, [&](const OperandInfo &info) { return info.kind == kind; });
  return it == infos.end() ? nullptr : it;
}

static std::string getAccess(const OperandInfo *info) {
  if (!info)
    return "";
  return std::string(info->isWritten ? "written" : "read") +
         (info->isOptional ? ", optional" : "");
}

static std::string getElements(const OperandInfo &info) {
  switch (info.elements) {
  case ElementKind::Input:
    return "C3";
  case ElementKind::InputOrF32:
    return "C3, or `f32`";
  case ElementKind::Out:
    return "of `out`";
  case ElementKind::F32:
    return "`f32`";
  case ElementKind::I32:
    return "`i32`";
  }
  llvm_unreachable("elements are one of the above");
}

/// The table of operands in docs/Spec.md.
static std::string makeTable() {
  std::ostringstream table;
  table << "| operand | sizes | elements | attention | gradients | in launches "
           "|\n|---|---|---|---|---|---|\n";
  for (unsigned i = 0; i <= getMaxEnumValForOperandKind(); ++i) {
    const OperandInfo &info = getOperandInfo(OperandKind(i));
    table << "| `" << info.name.str() << "`";
    if (info.gradientOf)
      table << ", the gradient by `"
            << getOperandInfo(*info.gradientOf).name.str() << "`";
    table << " | "
          << (info.isScalar() ? "a number" : "`" + info.getShapeText() + "`")
          << " | " << getElements(info);
    for (ArrayRef<OperandInfo> infos : kOperations)
      table << " | " << getAccess(find(infos, info.kind));
    table << " | `" << info.buffer.str() << "` |\n";
  }
  return table.str();
}

TEST(OperandsTest, AreThoseOfTheSpecification) {
  std::ifstream file(SPATTN_SPEC);
  std::stringstream text;
  text << file.rdbuf();
  std::string table = makeTable();
  EXPECT_NE(text.str().find(table), std::string::npos)
      << SPATTN_SPEC << " does not have this table:\n"
      << table;
}
