//===- KernelSignatureTest.cpp - Arguments of kernels and their launches --===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parts/KernelSignature.h"

#include "TestKernel.h"
#include "mlir/IR/Verifier.h"
#include "gmock/gmock.h"

#include <set>

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;
using testing::ElementsAre;

namespace {

/// A kernel of its own, beside the one that a test kernel has begun.
class KernelSignatureTest : public testing::Test {
protected:
  KernelSignatureTest() { first.end(); }

  LLVM::LLVMFuncOp build(KernelSignature &signature, StringRef name) {
    builder.emplace(*outer, first.op.getLoc(), first.b.getBF16Type());
    LLVM::LLVMFuncOp function =
        signature.begin(*builder, name, {/*threads=*/256, /*ctasPerSm=*/2});
    return function;
  }

  LaunchAttr launchOf(LLVM::LLVMFuncOp function) {
    return function->getAttrOfType<LaunchAttr>(LaunchAttr::kName);
  }

  TestKernel first{AttentionSpec()};
  std::optional<OpBuilder> outer{
      OpBuilder::atBlockEnd(first.function->getBlock())};
  std::optional<KernelBuilder> builder;
};

std::vector<std::string> describe(ArrayRef<ArgumentAttr> arguments) {
  std::vector<std::string> result;
  for (ArgumentAttr argument : arguments) {
    std::string text = stringifyEnum(argument.getKind()).str();
    if (argument.getKind() == ArgumentKind::TensorMap)
      text += " " + std::to_string(argument.getNumber());
    else
      text += " " + argument.getName().str();
    result.push_back(text);
  }
  return result;
}

TEST_F(KernelSignatureTest, FunctionAndLaunchAgree) {
  KernelSignature signature(first.program);
  auto map = signature.tensorMap("q", 64);
  auto out = signature.buffer("o");
  auto length = signature.i32("queryLength");
  auto scale = signature.f32("scale");
  auto strides = signature.strides("o");
  auto counter = signature.scratch("counter");
  LLVM::LLVMFuncOp function = build(signature, "other");
  KernelBuilder &b = *builder;
  StridedArray array = signature.get(b, {out, strides});
  Value last = signature.get(counter);
  signature.end(b, /*shared=*/0, /*persistent=*/2, first.program.constant(7));
  first.program.describeLaunches();
  ASSERT_TRUE(succeeded(verify(function)));

  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  EXPECT_THAT(function.getArgumentTypes(),
              ElementsAre(pointer, pointer, b.getI32Type(), b.getF32Type(), i64,
                          i64, i64, pointer));
  LaunchAttr launch = launchOf(function);
  ASSERT_TRUE(launch);
  EXPECT_THAT(describe(launch.getArguments()),
              ElementsAre("map 0", "buffer o", "i32 queryLength", "f32 scale",
                          "i64 stride:o:b", "i64 stride:o:h", "i64 stride:o:n",
                          "scratch counter"));
  EXPECT_EQ(launch.getThreads(), 256);
  EXPECT_EQ(launch.getPersistent(), 2);
  EXPECT_THAT(launch.getGrid(), ElementsAre(first.program.constant(7)));

  // Values are those of the arguments of their names.
  EXPECT_EQ(signature.get(map), function.getArgument(0));
  EXPECT_EQ(signature.get(length), function.getArgument(2));
  EXPECT_EQ(signature.get(scale), function.getArgument(3));
  EXPECT_EQ(last, function.getArgument(7));
  EXPECT_EQ(array.pointer, function.getArgument(1));
  auto source = [](Value value) {
    return value.getDefiningOp<arith::IndexCastOp>().getIn();
  };
  EXPECT_EQ(source(array.batchStride), function.getArgument(4));
  EXPECT_EQ(source(array.headStride), function.getArgument(5));
  EXPECT_EQ(source(array.rowStride), function.getArgument(6));
}

/// A tensor map by value, aligned as hardware asks for; nothing else is.
TEST_F(KernelSignatureTest, TensorMapsAreByValue) {
  KernelSignature signature(first.program);
  signature.buffer("q");
  signature.tensorMap("q", 64);
  LLVM::LLVMFuncOp function = build(signature, "other");
  signature.end(*builder, 0, 1, first.program.constant(1));
  for (unsigned i : {0u, 1u}) {
    auto type = function.getArgAttrOfType<TypeAttr>(
        i, LLVM::LLVMDialect::getByValAttrName());
    auto alignment = function.getArgAttrOfType<IntegerAttr>(
        i, LLVM::LLVMDialect::getAlignAttrName());
    ASSERT_EQ(bool(type), i == 1);
    ASSERT_EQ(bool(alignment), i == 1);
    if (i == 0)
      continue;
    auto array = cast<LLVM::LLVMArrayType>(type.getValue());
    EXPECT_EQ(array.getNumElements() *
                  array.getElementType().getIntOrFloatBitWidth(),
              128u * 8);
    EXPECT_EQ(alignment.getInt(), 64);
  }
}

/// Kernels of a program share their maps: one for each buffer and box.
TEST_F(KernelSignatureTest, TensorMapsAreSharedByKernels) {
  KernelSignature one(first.program), two(first.program);
  one.tensorMap("q", 128);
  one.tensorMap("k", 128);
  one.tensorMap("q", 64);
  LLVM::LLVMFuncOp a = build(one, "one");
  one.end(*builder, 0, 1, first.program.constant(1));
  outer->setInsertionPointAfter(a);
  two.tensorMap("k", 128);
  two.tensorMap("v", 128);
  two.tensorMap("q", 64);
  LLVM::LLVMFuncOp c = build(two, "two");
  two.end(*builder, 0, 1, first.program.constant(1));
  first.program.describeLaunches();
  EXPECT_THAT(describe(launchOf(a).getArguments()),
              ElementsAre("map 0", "map 1", "map 2"));
  EXPECT_THAT(describe(launchOf(c).getArguments()),
              ElementsAre("map 1", "map 3", "map 2"));
  ASSERT_EQ(launchOf(a).getMaps().size(), 4u);
  EXPECT_EQ(launchOf(a).getMaps(), launchOf(c).getMaps());
  EXPECT_EQ(launchOf(a).getMaps()[3].getBuffer(), "v");
}

/// Rows of several heads are one beside the other in a box.
TEST_F(KernelSignatureTest, TensorMapsOfPackedHeads) {
  KernelSignature signature(first.program);
  signature.tensorMap("q", 128, RowLayout{8});
  signature.tensorMap("q", 128);
  LLVM::LLVMFuncOp function = build(signature, "packed");
  signature.end(*builder, 0, 1, first.program.constant(1));
  first.program.describeLaunches();
  auto box = [&](unsigned i) {
    spattn_gpu::TensorMapAttr map = launchOf(function).getMaps()[i];
    std::string text;
    for (auto [name, size] : llvm::zip_equal(map.getDimensions(), map.getBox()))
      text += (name.getValue() + "=" +
               llvm::Twine(cast<IntegerAttr>(size).getInt()) + " ")
                  .str();
    return text;
  };
  EXPECT_EQ(box(0), "d=64 h=8 n=16 b=1 ");
  EXPECT_EQ(box(1), "d=64 n=128 h=1 b=1 ");
}

TEST_F(KernelSignatureTest, ReadsThreadAndCta) {
  TestKernel kernel({}, 64);
  kernel.record("place", {kernel.b.thread, kernel.b.cta, kernel.b.ctas});
  kernel.end();
  CallSpec call;
  call.ctas = 2;
  Machine machine = kernel.machine(call);
  ASSERT_EQ(machine.run(), "");
  std::set<std::vector<int64_t>> found;
  for (const Machine::Event &event : machine.events["place"])
    found.insert(event.numbers());
  EXPECT_THAT(found, ElementsAre(ElementsAre(0, 0, 2), ElementsAre(0, 1, 2),
                                 ElementsAre(32, 0, 2), ElementsAre(32, 1, 2)));
}

/// The length of a batch entry's rows, in tiles.
TEST_F(KernelSignatureTest, SequenceInfo) {
  TestKernel kernel({});
  kernel.record(
      "lengths",
      {kernel.sequence.batches, kernel.sequence.queryTiles(kernel.b, 64),
       kernel.sequence.paddedQueries(kernel.b, 64),
       kernel.b.ops.materialize(kernel.sequence.lengths(kernel.b).keys)});
  kernel.end();
  for (auto [queries, tiles] :
       {std::pair(0, 0), {1, 1}, {64, 1}, {65, 2}, {128, 2}}) {
    Machine machine = kernel.machine({3, queries, 17});
    ASSERT_EQ(machine.run(), "");
    EXPECT_THAT(machine.events["lengths"].front().numbers(),
                ElementsAre(3, tiles, 64 * tiles, 17));
  }
}

} // namespace
