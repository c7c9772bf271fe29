//===- LaunchDescription.cpp - How forward kernels are launched -----------===//
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
using namespace spattn::tile;

/// What copies ask of addresses and strides.
static constexpr int64_t kCopyAlignment = 16;

namespace {
class ForwardLaunch {
public:
  ForwardLaunch(AttentionOp op, const ForwardShape &shape,
                const GpuTarget &target)
      : b(op.getContext()), op(op), shape(shape), target(target) {}

  LaunchAttr build() {
    int64_t heads = op.getNumQueryHeads(), keyHeads = op.getNumKeyHeads();
    SmallVector<BufferAttr> buffers{
        buffer("q", op.getQuery(), heads, "queryLength", op.getHeadDim()),
        buffer("k", op.getKey(), keyHeads, "keyLength", op.getHeadDim()),
        buffer("v", op.getValue(), keyHeads, "keyLength", op.getValueDim()),
        buffer("o", op.getOut(), heads, "queryLength", op.getValueDim(),
               /*output=*/true)};
    SmallVector<TensorMapAttr> maps{map("q", shape.queryTile()),
                                    map("k", shape.keyTile),
                                    map("v", shape.keyTile)};
    // An output that is not stored through shared memory needs none; its
    // parameter gets any.
    if (storesThroughShared(op))
      maps.push_back(map("o", shape.queryTile()));
    SmallVector<ArgumentAttr> arguments;
    for (size_t i : {size_t(0), size_t(1), size_t(2), maps.size() - 1})
      arguments.push_back(
          ArgumentAttr::get(context(), ArgumentKind::TensorMap, "", i));
    add(arguments, ArgumentKind::Buffer, {"o"});
    // The kernel of an attention without log-sum-exp has parameters for it,
    // too; callers leave it out.
    buffers.push_back(lse(heads));
    add(arguments, ArgumentKind::Buffer, {"lse"});
    add(arguments, ArgumentKind::I32, {"batch", "queryLength", "keyLength"});
    add(arguments, ArgumentKind::F32, {"scale"});
    add(arguments, ArgumentKind::I64,
        {"stride:o:b", "stride:o:h", "stride:o:n", "stride:lse:b",
         "stride:lse:h", "stride:lse:n"});

    // Positions in kernels have 32 bits.
    FormulaAttr lengths = FormulaAttr::get(
        context(), {1, 1}, {1, 1},
        {b.getStringAttr("queryLength"), b.getStringAttr("keyLength")}, {1, 1});
    SmallVector<LimitAttr> limits{
        LimitAttr::get(context(), lengths, (int64_t(1) << 30) - 1),
        LimitAttr::get(context(), items(), (int64_t(1) << 30) - 1)};
    SmallVector<StringAttr> positive{b.getStringAttr("scale")};
    return LaunchAttr::get(
        context(), buffers, maps, {}, limits, positive, shape.threads(),
        /*cluster=*/1, ForwardLayout(shape).total,
        /*persistent=*/shape.blocks, {items()}, arguments, metadata());
  }

private:
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

  BufferAttr buffer(StringRef name, Value value, int64_t heads,
                    StringRef length, int64_t dim, bool output = false) {
    Type element = cast<ShapedType>(value.getType()).getElementType();
    return buffer(name, element,
                  {{'b', b.getStringAttr("batch")},
                   {'h', b.getI64IntegerAttr(heads)},
                   {'n', b.getStringAttr(length)},
                   {'d', b.getI64IntegerAttr(dim)}},
                  kCopyAlignment, /*optional=*/false, output);
  }

  BufferAttr lse(int64_t heads) {
    return buffer("lse", b.getF32Type(),
                  {{'b', b.getStringAttr("batch")},
                   {'h', b.getI64IntegerAttr(heads)},
                   {'n', b.getStringAttr("queryLength")}},
                  /*alignment=*/4, /*optional=*/!op.getLse(), /*output=*/true);
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

  /// What blocks take one at a time: a query tile of a head of a batch element.
  FormulaAttr items() {
    return FormulaAttr::get(
        context(), {op.getNumQueryHeads()}, {2},
        {b.getStringAttr("batch"), b.getStringAttr("queryLength")},
        {1, shape.queryTile()});
  }

  DictionaryAttr metadata() {
    auto text = [&](auto value) {
      std::string string;
      llvm::raw_string_ostream(string) << value;
      return b.getStringAttr(string);
    };
    SmallVector<NamedAttribute> entries{
        b.getNamedAttr("structure", text(op.getStructure())),
        b.getNamedAttr("alignment", text(stringifyEnum(op.getAlignment()))),
        b.getNamedAttr("tile", b.getStringAttr(Twine(shape.queryTile()) + "x" +
                                               Twine(shape.keyTile)))};
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
  AttentionOp op;
  const ForwardShape &shape;
  const GpuTarget &target;
};
} // namespace

LaunchAttr spattn::describeForwardLaunch(AttentionOp op,
                                         const ForwardShape &shape,
                                         const GpuTarget &target) {
  return ForwardLaunch(op, shape, target).build();
}
