//===- RaiseForeign.cpp - Attention of dialects that are not linked -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// They are read in generic form, from names, operands and attributes, and need
// not be registered.
//
//===----------------------------------------------------------------------===//

#include "Frontends.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
/// Attention as an operation on indices: what each operand is read at.
struct MappedAttention {
  Value query, key, value, mask;
  AffineMap queryMap, keyMap, valueMap, maskMap, outMap;
  /// A float, or null.
  Value scaleValue;
  bool isScaledByRoot = false;
};

class MappedReader {
public:
  MappedReader(Operation *op, const MappedAttention &from, Refusal &refusal)
      : op(op), from(from), refusal(refusal) {}

  Value raise(OpBuilder &builder) {
    for (auto [operand, map] :
         {std::pair(from.query, from.queryMap),
          std::pair(from.key, from.keyMap),
          std::pair(from.value, from.valueMap),
          std::pair(Value(op->getResult(0)), from.outMap)})
      if (!takeSizes(operand, map))
        return refuse("has operands that are no tensors of the sizes of their "
                      "maps");
    if (from.mask && !takeSizes(from.mask, from.maskMap))
      return refuse("has a mask that is no tensor of the sizes of its map");
    std::optional<unsigned> query, key, feature, value;
    SmallVector<unsigned> outer;
    auto has = [](AffineMap map, unsigned loop) {
      return map.isFunctionOfDim(loop);
    };
    for (AffineExpr index : from.outMap.getResults()) {
      unsigned loop = cast<AffineDimExpr>(index).getPosition();
      bool inQuery = has(from.queryMap, loop);
      if (!inQuery && has(from.valueMap, loop)) {
        value = loop;
      } else if (inQuery && !has(from.keyMap, loop)) {
        // Of several, the last are queries, and others heads of a group.
        if (query)
          outer.push_back(*query);
        query = loop;
      } else {
        outer.push_back(loop);
      }
    }
    for (unsigned loop = 0; loop < from.outMap.getNumDims(); ++loop) {
      if (has(from.outMap, loop) || !has(from.keyMap, loop))
        continue;
      (has(from.queryMap, loop) ? feature : key) = loop;
    }
    if (!query || !key || !feature || !value)
      return refuse("has indexing maps that are not those of attention");

    LoopSpace space(op->getContext());
    AttentionLoops loops;
    SmallVector<int64_t> outerSizes;
    for (unsigned loop : outer)
      outerSizes.push_back(sizes[loop]);
    SmallVector<AffineExpr> outerIndices;
    if (!addOuterLoops(space, loops, outerSizes, 1, outerIndices))
      return refuse("has a dynamic number of heads, or more than three "
                    "dimensions of batch and heads");
    SmallVector<AffineExpr> indices(from.outMap.getNumDims(),
                                    space.constant(0));
    for (auto [loop, index] : llvm::zip_equal(outer, outerIndices))
      indices[loop] = index;
    indices[*query] = loops.query = space.add(sizes[*query]);
    indices[*key] = loops.key = space.add(sizes[*key]);
    indices[*feature] = loops.feature = space.add(sizes[*feature]);
    indices[*value] = loops.value = space.add(sizes[*value]);

    ExprGraph graph(space, loops.key);
    auto read = [&](Value operand, AffineMap map) {
      SmallVector<AffineExpr> at;
      for (AffineExpr index : map.getResults())
        at.push_back(index.replaceDims(indices));
      return graph.read(operand, at);
    };
    AttentionParts parts(space, graph, loops);
    parts.query = read(from.query, from.queryMap);
    parts.key = read(from.key, from.keyMap);
    parts.value = read(from.value, from.valueMap);
    parts.scaleValue = from.scaleValue;
    if (from.isScaledByRoot)
      parts.scale = 1 / std::sqrt(double(sizes[*feature]));
    readScale(graph, parts);
    if (from.mask) {
      bool isBoolean = getElementTypeOrSelf(from.mask).isInteger(1);
      Expr *mask = read(from.mask, from.maskMap);
      if (isBoolean)
        parts.masks.push_back({mask, /*isAdded=*/false});
      else
        addTerm(parts, mask, 1);
    }
    parts.resultType = cast<RankedTensorType>(op->getResult(0).getType());
    for (AffineExpr index : from.outMap.getResults())
      parts.resultIndices.push_back(space.simplify(index.replaceDims(indices)));
    return emitAttention(builder, op->getLoc(), parts, refusal).result;
  }

private:
  Value refuse(const Twine &why) {
    refusal.set(op, why);
    return nullptr;
  }

  /// A scale that is a constant.
  void readScale(ExprGraph &graph, AttentionParts &parts) {
    FloatAttr number;
    if (!parts.scaleValue ||
        !matchPattern(parts.scaleValue, m_Constant(&number)))
      return;
    parts.scale *= number.getValueAsDouble();
    parts.scaleValue = nullptr;
  }

  bool takeSizes(Value operand, AffineMap map) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type || type.getRank() != map.getNumResults())
      return false;
    sizes.resize(map.getNumDims(), ShapedType::kDynamic);
    for (auto [index, size] : llvm::zip(map.getResults(), type.getShape())) {
      auto loop = dyn_cast<AffineDimExpr>(index);
      if (!loop)
        return false;
      int64_t &known = sizes[loop.getPosition()];
      if (ShapedType::isDynamic(known))
        known = size;
      else if (!ShapedType::isDynamic(size) && size != known)
        return false;
    }
    return true;
  }

  Operation *op;
  const MappedAttention &from;
  Refusal &refusal;
  SmallVector<int64_t> sizes;
};
} // namespace

Attribute spattn::getAttribute(Operation *op, StringRef name) {
  if (Attribute own = op->getAttr(name))
    return own;
  auto properties =
      dyn_cast_or_null<DictionaryAttr>(op->getPropertiesAsAttribute());
  return properties ? properties.get(name) : Attribute();
}

/// Operands are query, key, value, a mask that is optional, and the
/// destination, all with the same dimensions in front; scores are divided by
/// the root of the head dimension (torch-mlir's TMTensorOps.td, .cpp).
Value spattn::raiseTMTensor(PatternRewriter &builder, Operation *op,
                            Refusal &refusal) {
  unsigned count = op->getNumOperands();
  auto type = count > 0
                  ? dyn_cast<RankedTensorType>(op->getOperand(0).getType())
                  : RankedTensorType();
  if (count < 4 || count > 5 || op->getNumResults() != 1 || !type ||
      type.getRank() < 2) {
    refusal.set(op, "has operands that are not query, key, value, a mask and "
                    "a destination");
    return nullptr;
  }
  unsigned outer = type.getRank() - 2;
  // Loops: those in front, queries, keys, head dimension, value dimension.
  auto map = [&](unsigned rows, unsigned columns) {
    SmallVector<AffineExpr> results;
    for (unsigned n = 0; n < outer; ++n)
      results.push_back(builder.getAffineDimExpr(n));
    results.push_back(builder.getAffineDimExpr(outer + rows));
    results.push_back(builder.getAffineDimExpr(outer + columns));
    return AffineMap::get(outer + 4, 0, results, op->getContext());
  };
  MappedAttention from;
  from.query = op->getOperand(0);
  from.key = op->getOperand(1);
  from.value = op->getOperand(2);
  from.queryMap = map(0, 2);
  from.keyMap = map(1, 2);
  from.valueMap = map(1, 3);
  from.outMap = map(0, 3);
  from.isScaledByRoot = true;
  if (count == 5) {
    from.mask = op->getOperand(3);
    from.maskMap = map(0, 1);
  }
  return MappedReader(op, from, refusal).raise(builder);
}

/// Whether a region yields its argument.
static bool isIdentity(Region &region) {
  if (region.empty())
    return true;
  Block &block = region.front();
  return llvm::hasSingleElement(region) && block.getNumArguments() == 1 &&
         llvm::hasSingleElement(block) && block.front().getNumOperands() == 1 &&
         block.front().getOperand(0) == block.getArgument(0);
}

/// Operands are query, key, value, scale, a mask that is optional, and the
/// destination, with an indexing map each; the region modifies scores (IREE's
/// LinalgExtOps.td).
Value spattn::raiseLinalgExt(PatternRewriter &builder, Operation *op,
                             Refusal &refusal) {
  auto refuse = [&](const Twine &why) -> Value {
    refusal.set(op, why);
    return nullptr;
  };
  auto maps = dyn_cast_or_null<ArrayAttr>(getAttribute(op, "indexing_maps"));
  unsigned count = op->getNumOperands();
  if (!maps || count < 5 || count > 6 || maps.size() != count ||
      op->getNumResults() != 1 || !llvm::all_of(maps, [](Attribute map) {
        return isa<AffineMapAttr>(map);
      }))
    return refuse("has operands that are not query, key, value, scale, a mask "
                  "and a destination, with a map each");
  if (op->getNumRegions() > 1 ||
      (op->getNumRegions() == 1 && !isIdentity(op->getRegion(0))))
    return refuse("has a region that modifies scores");
  auto map = [&](unsigned n) {
    return cast<AffineMapAttr>(maps[n]).getValue();
  };
  MappedAttention from;
  from.query = op->getOperand(0);
  from.key = op->getOperand(1);
  from.value = op->getOperand(2);
  from.scaleValue = op->getOperand(3);
  if (!isa<FloatType>(from.scaleValue.getType()))
    return refuse("has a scale that is no float");
  from.queryMap = map(0);
  from.keyMap = map(1);
  from.valueMap = map(2);
  from.outMap = map(count - 1);
  if (count == 6) {
    from.mask = op->getOperand(4);
    from.maskMap = map(4);
  }
  for (unsigned n = 0; n < count; ++n)
    if (map(n).getNumDims() != from.outMap.getNumDims())
      return refuse("has indexing maps of different loops");
  return MappedReader(op, from, refusal).raise(builder);
}
