//===- LaunchDescription.cpp - How attention kernels are launched ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaunchDescription.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;

/// What copies ask of addresses and strides.
static constexpr int64_t kCopyAlignment = 16;

namespace {
/// What the launches of all attentions' kernels share.
class LaunchBuilder {
protected:
  LaunchBuilder(AttentionOpInterface op, const GpuTarget &target)
      : b(op.getContext()), op(op), target(target) {}

  MLIRContext *context() { return b.getContext(); }

  void add(SmallVectorImpl<ArgumentAttr> &arguments, ArgumentKind kind,
           ArrayRef<StringRef> names) {
    for (StringRef name : names)
      arguments.push_back(ArgumentAttr::get(context(), kind, name, 0));
  }

  /// Dimensions in the order of the attention's layout, without those for which
  /// there is no size.
  BufferAttr buffer(StringRef name, Type element,
                    ArrayRef<std::pair<char, Attribute>> sizes,
                    int64_t alignment, bool optional, bool output) {
    SmallVector<StringAttr> names;
    SmallVector<Attribute> ordered;
    for (char dimension : op.getLayout())
      for (auto [key, size] : sizes)
        if (key == dimension) {
          names.push_back(b.getStringAttr(StringRef(&dimension, 1)));
          ordered.push_back(size);
        }
    return BufferAttr::get(context(), name, element, names, ordered, alignment,
                           /*strided=*/false, optional, output);
  }

  BufferAttr buffer(const AttentionOperand &operand, Type element,
                    bool optional, bool output) {
    bool ofQueries = operand.isOfQueries();
    SmallVector<std::pair<char, Attribute>> sizes = {
        {'b', b.getStringAttr("batch")},
        {'h', b.getI64IntegerAttr(ofQueries ? op.getNumQueryHeads()
                                            : op.getNumKeyHeads())},
        {'n', b.getStringAttr(ofQueries ? "queryLength" : "keyLength")}};
    if (operand.hasWidth())
      sizes.emplace_back('d', b.getI64IntegerAttr(operand.isOfHeadDim()
                                                      ? op.getHeadDim()
                                                      : op.getValueDim()));
    return buffer(operand.getBufferName(), element, sizes,
                  operand.hasWidth() ? kCopyAlignment : 4, optional, output);
  }

  /// Of all operands, in their order.
  SmallVector<BufferAttr> operandBuffers() {
    SmallVector<AttentionOperand> operands = op.getAttentionOperands();
    size_t inputs = operands.size() -
                    cast<DestinationStyleOpInterface>(*op).getNumDpsInits();
    SmallVector<BufferAttr> buffers;
    for (auto [i, operand] : llvm::enumerate(operands))
      buffers.push_back(buffer(
          operand, cast<ShapedType>(operand.value.getType()).getElementType(),
          /*optional=*/false, /*output=*/i >= inputs));
    return buffers;
  }

  /// Rows of a head, in chunks of the width that the swizzle takes.
  TensorMapAttr map(StringRef buffer, int64_t rows) {
    SmallVector<StringAttr> names;
    for (StringRef name : {"d", "n", "h", "b"})
      names.push_back(b.getStringAttr(name));
    SmallVector<Attribute> box;
    for (int64_t size : {kChunkColumns, rows, int64_t(1), int64_t(1)})
      box.push_back(b.getI64IntegerAttr(size));
    bool isSoftware = !target.hasHardwareMaps();
    return TensorMapAttr::get(context(), buffer, names, box, /*swizzle=*/128,
                              /*interleave=*/0, /*l2=*/isSoftware ? 0 : 256,
                              /*nan=*/false, isSoftware);
  }

  /// The strides of a buffer that the kernel addresses itself.
  void addStrides(SmallVectorImpl<ArgumentAttr> &arguments, StringRef buffer) {
    for (const char *dimension : {"b", "h", "n"})
      add(arguments, ArgumentKind::I64,
          {("stride:" + buffer + ":" + dimension).str()});
  }
  void addMaps(SmallVectorImpl<ArgumentAttr> &arguments,
               ArrayRef<int64_t> numbers) {
    for (int64_t number : numbers)
      arguments.push_back(
          ArgumentAttr::get(context(), ArgumentKind::TensorMap, "", number));
  }

  /// `factor` for each tile of `rows` of a length, for each batch element.
  FormulaAttr perTile(int64_t factor, StringRef length, int64_t rows) {
    return FormulaAttr::get(context(), {factor}, {2},
                            {b.getStringAttr("batch"), b.getStringAttr(length)},
                            {1, rows});
  }

  /// Positions in kernels have 32 bits, and so have numbers of items.
  SmallVector<LimitAttr> limits(FormulaAttr items) {
    FormulaAttr lengths = FormulaAttr::get(
        context(), {1, 1}, {1, 1},
        {b.getStringAttr("queryLength"), b.getStringAttr("keyLength")}, {1, 1});
    // Tiles stick out of either by less than 512.
    int64_t most = int64_t(1) << 30;
    return {LimitAttr::get(context(), lengths, most - 1024),
            LimitAttr::get(context(), items, most - 1)};
  }
  SmallVector<StringAttr> positive() { return {b.getStringAttr("scale")}; }

  DictionaryAttr metadata(int64_t queryTile, int64_t keyTile) {
    auto text = [&](auto value) {
      std::string string;
      llvm::raw_string_ostream(string) << value;
      return b.getStringAttr(string);
    };
    SmallVector<NamedAttribute> entries{
        b.getNamedAttr("structure", text(op.getStructure())),
        b.getNamedAttr("alignment", text(stringifyEnum(op.getAlignment()))),
        b.getNamedAttr(
            "tile", b.getStringAttr(Twine(queryTile) + "x" + Twine(keyTile)))};
    // What callers pass where nothing else is asked for.
    double scale = 1 / std::sqrt(double(op.getHeadDim()));
    FloatAttr constant;
    bool isKnown = true;
    if (op.getScale()) {
      isKnown = matchPattern(op.getScale(), m_Constant(&constant));
      if (isKnown)
        scale = constant.getValueAsDouble();
    }
    if (isKnown)
      entries.push_back(
          b.getNamedAttr("scale", text(llvm::format("%.9g", scale))));
    return b.getDictionaryAttr(entries);
  }

  Builder b;
  AttentionOpInterface op;
  const GpuTarget &target;
};

class ForwardLaunch : LaunchBuilder {
public:
  ForwardLaunch(AttentionOp op, const ForwardShape &shape,
                const GpuTarget &target)
      : LaunchBuilder(op, target), forward(op), shape(shape) {}

  LaunchAttr build() {
    SmallVector<BufferAttr> buffers = operandBuffers();
    // The kernel of an attention without log-sum-exp has parameters for it,
    // too; callers leave it out.
    if (!op.getLse())
      buffers.push_back(buffer({Value(), "lse", OperandKind::Lse},
                               b.getF32Type(), /*optional=*/true,
                               /*output=*/true));
    SmallVector<TensorMapAttr> maps{map("q", shape.queryTile()),
                                    map("k", shape.keyTile),
                                    map("v", shape.keyTile)};
    // An output that is not stored through shared memory needs none; its
    // parameter gets any.
    if (storesThroughShared(forward))
      maps.push_back(map("o", shape.queryTile()));
    SmallVector<ArgumentAttr> arguments;
    addMaps(arguments, {0, 1, 2, int64_t(maps.size()) - 1});
    add(arguments, ArgumentKind::Buffer, {"o", "lse"});
    add(arguments, ArgumentKind::I32, {"batch", "queryLength", "keyLength"});
    add(arguments, ArgumentKind::F32, {"scale"});
    addStrides(arguments, "o");
    addStrides(arguments, "lse");
    SmallVector<ScratchAttr> scratch;
    if (shape.fetch) {
      scratch.push_back(ScratchAttr::get(
          context(), "counter", FormulaAttr::get(context(), {4}, {0}, {}, {}),
          /*alignment=*/4, /*zeroed=*/true));
      add(arguments, ArgumentKind::Scratch, {"counter"});
    }
    // Blocks take a query tile of a head of a batch element at a time.
    FormulaAttr items =
        perTile(op.getNumQueryHeads(), "queryLength", shape.queryTile());
    return LaunchAttr::get(context(), buffers, maps, scratch, limits(items),
                           positive(), shape.threads(), /*cluster=*/1,
                           ForwardLayout(shape).total,
                           /*persistent=*/shape.blocks, {items}, arguments,
                           metadata(shape.queryTile(), shape.keyTile));
  }

private:
  AttentionOp forward;
  const ForwardShape &shape;
};

class BackwardLaunch : LaunchBuilder {
public:
  BackwardLaunch(AttentionBackwardOp op, const BackwardShape &shape,
                 const GpuTarget &target)
      : LaunchBuilder(op, target), shape(shape) {
    buffers = operandBuffers();
    // For the main kernel, then for those before and after it.
    maps = {map("q", shape.queryTile),  map("k", shape.keyTile()),
            map("v", shape.keyTile()),  map("do", shape.queryTile),
            map("dk", shape.keyTile()), map("dv", shape.keyTile()),
            map("o", kRowsOfGroup),     map("do", kRowsOfGroup),
            map("dq", kRowsOfGroup)};
    if (shape.deterministic)
      maps.append({map("q", kRowsOfGroup),
                   map("k", QueryGradientLayout::kKeyTile),
                   map("v", QueryGradientLayout::kKeyTile)});
    auto addScratch = [&](StringRef name, int64_t columns) {
      FormulaAttr bytes =
          perTile(4 * columns * op.getNumQueryHeads() * shape.queryTile,
                  "queryLength", shape.queryTile);
      scratch.push_back(ScratchAttr::get(context(), name, bytes,
                                         /*alignment=*/256, /*zeroed=*/false));
    };
    addScratch("lse_start", 1);
    addScratch("delta_start", 1);
    if (!shape.deterministic)
      addScratch("dq_sums", shape.headDim);
    scratch.push_back(ScratchAttr::get(context(), "counter", counters(),
                                       /*alignment=*/4, /*zeroed=*/false));
  }

  LaunchAttr prepare() {
    SmallVector<ArgumentAttr> arguments;
    addMaps(arguments, {6, 7});
    add(arguments, ArgumentKind::Buffer, {"lse"});
    add(arguments, ArgumentKind::Scratch,
        {"lse_start", "delta_start", "dq_sums", "counter"});
    add(arguments, ArgumentKind::I32, {"batch", "queryLength", "keyLength"});
    add(arguments, ArgumentKind::F32, {"scale"});
    addStrides(arguments, "lse");
    return launch(spattn_gpu::kWarpgroupThreads, PrepareLayout(shape).total,
                  /*persistent=*/-1, rowBlocks(), arguments);
  }

  LaunchAttr main() {
    SmallVector<ArgumentAttr> arguments;
    addMaps(arguments, {0, 1, 2, 3, 4, 5});
    add(arguments, ArgumentKind::Buffer, {"dk", "dv"});
    // Who adds nothing up gets any address: nobody reads it.
    add(arguments, ArgumentKind::Scratch,
        {"lse_start", "delta_start",
         shape.deterministic ? "delta_start" : "dq_sums", "counter"});
    add(arguments, ArgumentKind::I32, {"batch", "queryLength", "keyLength"});
    add(arguments, ArgumentKind::F32, {"scale"});
    addStrides(arguments, "dk");
    addStrides(arguments, "dv");
    return launch(shape.threads(), BackwardLayout(shape).total, shape.blocks,
                  items(), arguments);
  }

  LaunchAttr queries() {
    SmallVector<ArgumentAttr> arguments;
    addMaps(arguments, {9, 10, 11, 6, 7, 8});
    add(arguments, ArgumentKind::Buffer, {"dq", "lse"});
    add(arguments, ArgumentKind::Scratch,
        {"lse_start", "delta_start", "counter"});
    add(arguments, ArgumentKind::I32, {"batch", "queryLength", "keyLength"});
    add(arguments, ArgumentKind::F32, {"scale"});
    addStrides(arguments, "dq");
    addStrides(arguments, "lse");
    return launch(QueryGradientLayout::kThreads,
                  QueryGradientLayout(shape).total, shape.queryBlocks,
                  rowBlocks(), arguments);
  }

  LaunchAttr finish() {
    SmallVector<ArgumentAttr> arguments;
    addMaps(arguments, {8});
    add(arguments, ArgumentKind::Buffer, {"dq"});
    add(arguments, ArgumentKind::Scratch, {"dq_sums", "counter"});
    add(arguments, ArgumentKind::I32, {"batch", "queryLength", "keyLength"});
    add(arguments, ArgumentKind::F32, {"scale"});
    addStrides(arguments, "dq");
    return launch(spattn_gpu::kWarpgroupThreads, FinishLayout(shape).total,
                  /*persistent=*/-1, rowBlocks(), arguments);
  }

private:
  /// Of items, and for each query tile of those that add to its sums.
  FormulaAttr counters() {
    if (!shape.claimsSums)
      return FormulaAttr::get(context(), {4}, {0}, {}, {});
    return FormulaAttr::get(
        context(), {4, 4 * op.getNumQueryHeads()}, {0, 2},
        {b.getStringAttr("batch"), b.getStringAttr("queryLength")},
        {1, shape.queryTile});
  }
  /// A key tile of a key head of a batch element each.
  FormulaAttr items() {
    return perTile(op.getNumKeyHeads(), "keyLength", shape.keyTile());
  }
  /// 64 queries of a head of a batch element each, of whole query tiles.
  FormulaAttr rowBlocks() {
    return perTile(op.getNumQueryHeads() * shape.queryTile / kRowsOfGroup,
                   "queryLength", shape.queryTile);
  }

  LaunchAttr launch(int64_t threads, int64_t shared, int64_t persistent,
                    FormulaAttr grid, ArrayRef<ArgumentAttr> arguments) {
    SmallVector<LimitAttr> both = limits(items());
    both.push_back(
        LimitAttr::get(context(), rowBlocks(), both.back().getMaximum()));
    return LaunchAttr::get(context(), buffers, maps, scratch, both, positive(),
                           threads, /*cluster=*/1, shared, persistent, {grid},
                           arguments,
                           metadata(shape.queryTile, shape.keyTile()));
  }

  const BackwardShape &shape;
  SmallVector<BufferAttr> buffers;
  SmallVector<TensorMapAttr> maps;
  SmallVector<ScratchAttr> scratch;
};
} // namespace

LaunchAttr spattn::describeForwardLaunch(AttentionOp op,
                                         const ForwardShape &shape,
                                         const GpuTarget &target) {
  return ForwardLaunch(op, shape, target).build();
}

BackwardLaunches spattn::describeBackwardLaunches(AttentionBackwardOp op,
                                                  const BackwardShape &shape,
                                                  const GpuTarget &target) {
  BackwardLaunch launch(op, shape, target);
  if (shape.deterministic)
    return {launch.queries(), launch.main(), LaunchAttr()};
  return {launch.prepare(), launch.main(), launch.finish()};
}
