//===- Slopes.cpp - Biases that are slopes --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DistanceBias.h"
#include "Line.h"
#include "ScalarEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "spattn/Structure/Simplify.h"

#include <cmath>

using namespace mlir;
using namespace spattn;

namespace {
class SlopeReader {
public:
  SlopeReader(const AttentionParts &parts, const MaskedHeads &masked)
      : graph(*parts.graph), space(*parts.space), loops(parts.loops.ofMask()),
        masked(masked) {
    int64_t queries = space.size(loops.query), keys = space.size(loops.key);
    if (!ShapedType::isDynamic(queries) && !ShapedType::isDynamic(keys)) {
      lengths = {queries, keys};
      if (masked.alignment == Alignment::End)
        offset = keys - queries;
    }
  }

  std::optional<SlopeBias> read(const Bias &bias) {
    result.factor = bias.factor;
    if (!readFactors(bias.expr) || !line || line->key == 0)
      return std::nullopt;
    // factor * |query * i + key * j + constant|, or without the bars.
    int64_t across = line->query + line->key,
            rest = line->constant + line->key * offset;
    if (isAbsolute) {
      if (across != 0 || rest != 0)
        return std::nullopt;
      result.factor *= -static_cast<double>(std::abs(line->key));
      return result;
    }
    // That is - key * d + across * i + rest.
    result.isShifted = across != 0 || rest != 0;
    bool isBehind = none(Bound::negInf(), Bound::constant(0));
    if (!isBehind && !none(Bound::constant(1), Bound::posInf()))
      return std::nullopt;
    result.factor *= static_cast<double>(isBehind ? line->key : -line->key);
    return result;
  }

private:
  /// Whether no pair has a distance in [lo, hi).
  bool none(Bound lo, Bound hi) {
    return llvm::all_of(masked.heads.groups(), [&](const HeadGroup &group) {
      return simplify(Structure::intersect(
                          {group.structure, Structure::distances({{lo, hi}})}),
                      lengths, masked.alignment) == Structure::none();
    });
  }

  /// Takes a product apart: constants, numbers of heads, one of the pair.
  bool readFactors(Expr *expr, unsigned depth = 0) {
    expr = graph.resolveValue(expr);
    if (depth > 32)
      return false;
    if (expr->is<arith::MulFOp>())
      return llvm::all_of(
          expr->args, [&](Expr *arg) { return readFactors(arg, depth + 1); });
    if (expr->is<arith::NegFOp>()) {
      result.factor = -result.factor;
      return readFactors(expr->args[0], depth + 1);
    }
    if (std::optional<double> number = getConstant(expr)) {
      result.factor *= *number;
      return std::isfinite(*number);
    }
    bool isOfPair =
        graph.dependsOn(expr, loops.query) || graph.dependsOn(expr, loops.key);
    if (!isOfPair) {
      result.slopes.push_back(expr);
      return isOfDistance(graph, space, loops, expr);
    }
    if (line)
      return false;
    Expr *inner = expr;
    while (inner->is<arith::SIToFPOp, arith::ExtFOp, arith::TruncFOp,
                     arith::ExtSIOp>() &&
           depth++ < 32)
      inner = graph.resolve(inner->args[0]);
    isAbsolute = inner->is<math::AbsIOp, math::AbsFOp>();
    line = readLine(graph, space, loops, isAbsolute ? inner->args[0] : expr);
    return line.has_value();
  }

  ExprGraph &graph;
  const LoopSpace &space;
  MaskLoops loops;
  const MaskedHeads &masked;
  KnownLengths lengths;
  int64_t offset = 0;
  SlopeBias result;
  std::optional<Line> line;
  bool isAbsolute = false;
};
} // namespace

std::optional<SlopeBias> spattn::readSlopes(const AttentionParts &parts,
                                            const MaskedHeads &masked,
                                            const Bias &bias) {
  return SlopeReader(parts, masked).read(bias);
}

Value spattn::emitSlopes(OpBuilder &builder, Location loc,
                         const AttentionParts &parts, const SlopeBias &bias) {
  SmallVector<int64_t> shape = {parts.space->size(parts.loops.head)};
  Value empty =
      tensor::EmptyOp::create(builder, loc, shape, builder.getF32Type());
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(1)};
  SmallVector<utils::IteratorType> iterators(1, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange) {
    Value head = linalg::IndexOp::create(builder, loc, 0);
    DistanceTables tables;
    ScalarEmitter emitter(builder, loc, parts, tables, head, nullptr, nullptr);
    Value product = arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(bias.factor)));
    for (Expr *slope : bias.slopes) {
      Value own = emitter.emitFloat(slope, 1);
      product = arith::MulFOp::create(builder, loc, product, own);
    }
    linalg::YieldOp::create(builder, loc, product);
  };
  return linalg::GenericOp::create(builder, loc, empty.getType(), ValueRange(),
                                   empty, maps, iterators, body)
      ->getResult(0);
}
