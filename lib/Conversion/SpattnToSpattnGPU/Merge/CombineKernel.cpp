//===- CombineKernel.cpp - Merges the parts of walks ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a merge does, for parts whose number is known at the launch, and which
// are in scratch memory. There are few rows, so that latencies count: lanes
// look for the largest log-sum-exp together, and outputs of several parts are
// under way at once.
//
//===----------------------------------------------------------------------===//

#include "../Forward/ForwardKernel.h"
#include "../Parts/RowLanes.h"

using namespace mlir;
using namespace spattn;

/// Parts that a lane loads at once, each of up to two chunks and a log-sum-exp.
static constexpr int64_t kPartsAtOnce = 4, kTerms = 3 * kPartsAtOnce;

namespace {
class CombineKernel {
public:
  using Value = mlir::Value;
  template <class T>
  using SmallVector = llvm::SmallVector<T>;

  CombineKernel(KernelBuilder &b, AttentionOp op, const ForwardConfig &config,
                KernelProgram &program)
      : b(b), op(op), config(config), written(getWritten(op)),
        rows(b, written, cast<KernelOpInterface>(*op).getDimOrder(), program),
        partialOut(rows.getSignature().scratch(kPartialOut)),
        partialLse(rows.getSignature().scratch(kPartialLse)),
        batches(rows.getSignature().i32("batch")) {}

  void build(StringRef name);

private:
  /// Output and log-sum-exp.
  static SmallVector<KernelArray> getWritten(AttentionOp op) {
    return llvm::filter_to_vector(
        cast<KernelOpInterface>(*op).getKernelArrays(),
        [](const KernelArray &array) { return array.isWritten; });
  }
  RowArray rowsOf(const KeyParts &parts, KernelSignature::Argument pointer,
                  int64_t width);
  /// A part's row; or where it is to be left out that of the first part, which
  /// is always written.
  RowArray rowOf(const RowArray &array, Value part, Value isLeftOut = Value());
  RowLanes::Weights emitWeights(const RowArray &lses, Value count);
  SmallVector<Value> emitSums(const RowArray &outs, const RowArray &lses,
                              const RowLanes::Weights &weights, Value count);

  KernelBuilder &b;
  AttentionOp op;
  const ForwardConfig &config;
  SmallVector<KernelArray> written;
  RowLanes rows;
  KernelSignature::Argument partialOut, partialLse, batches;
};
} // namespace

RowArray CombineKernel::rowsOf(const KeyParts &parts,
                               KernelSignature::Argument pointer,
                               int64_t width) {
  RowLanes::Place place = rows.getPlace();
  Value first = parts.entry(b, place.batch, b.i32(0));
  StridedArray strided =
      parts.array(b, rows.getSignature().get(pointer), width);
  RowArray array;
  array.element = b.getF32Type();
  array.hasColumns = width > 1;
  array.start = strided.row(b, first, place.head, place.row, array.element);
  array.spare = array.start;
  array.apart = strided.batchStride;
  return array;
}

RowArray CombineKernel::rowOf(const RowArray &array, Value part,
                              Value isLeftOut) {
  RowArray result = array;
  Value elements = b.mul(b.asIndex(part), array.apart);
  result.row = b.pointer(array.start, elements, array.element);
  if (isLeftOut)
    rows.leaveOut(result, isLeftOut);
  return result;
}

/// The largest log-sum-exp and the sum of the exponentials. Each lane of a row
/// has some of the parts.
RowLanes::Weights CombineKernel::emitWeights(const RowArray &lses,
                                             Value count) {
  auto isNone = [&](Value lse) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, lse,
                                 b.f32(kNegInf));
  };
  Value step = b.i32(rows.getLanesOfRow());
  auto forOwn = [&](Value initial,
                    llvm::function_ref<Value(Value, Value)> add) {
    auto loop = scf::ForOp::create(b, rows.getPlace().lane, count, step,
                                   ValueRange{initial});
    b.in(loop.getBody(), [&] {
      Value lse = rows.loadNumber(rowOf(lses, loop.getInductionVar()));
      scf::YieldOp::create(b, ValueRange{add(loop.getRegionIterArg(0), lse)});
    });
    return loop.getResult(0);
  };
  RowLanes::Weights weights;
  Value max = forOwn(b.f32(kNegInf), [&](Value max, Value lse) -> Value {
    return arith::MaxNumFOp::create(b, max, lse);
  });
  max = rows.maxOfRow(max);
  // Differences of infinities are no numbers.
  weights.max = arith::SelectOp::create(b, isNone(max), b.f32(0), max);
  Value sum = forOwn(b.f32(0), [&](Value sum, Value lse) -> Value {
    Value weight = rows.emitExponential(lse, weights.max);
    return arith::AddFOp::create(b, sum, weight);
  });
  weights.sum = rows.sumOfRow(sum);
  return weights;
}

/// The weighted sums of outputs, chunk by chunk. Each group of lanes has some
/// of the parts.
SmallVector<Value> CombineKernel::emitSums(const RowArray &outs,
                                           const RowArray &lses,
                                           const RowLanes::Weights &weights,
                                           Value count) {
  SmallVector<Value> sums;
  rows.forEachChunk(
      [&](const RowLanes::Chunk &) { sums.push_back(rows.zeros()); });
  int64_t groups = rows.getGroups();
  Value first = groups > 1 ? rows.getPlace().group : b.i32(0);
  Value step = b.i32(kPartsAtOnce * groups);
  auto loop = scf::ForOp::create(b, first, count, step, sums);
  b.in(loop.getBody(), [&] {
    SmallVector<Value> ofParts;
    SmallVector<RowArray> arrays;
    for (int64_t i = 0; i < kPartsAtOnce; ++i) {
      Value part = b.add(loop.getInductionVar(), b.i32(i * groups));
      Value isNone = b.compare(arith::CmpIPredicate::sge, part, count);
      Value lse = rows.loadNumber(rowOf(lses, part, isNone));
      Value weight = rows.emitExponential(lse, weights.max);
      ofParts.push_back(rows.zeroIf(isNone, weight));
      // What an empty part has for an output has not been written.
      Value isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                            ofParts.back(), b.f32(0));
      arrays.push_back(rowOf(outs, part, isEmpty));
    }
    SmallVector<Value> next;
    rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
      SmallVector<Value> loaded;
      for (const RowArray &array : arrays)
        loaded.push_back(rows.load(array, chunk));
      Value sum = loop.getRegionIterArg(next.size());
      for (auto [weight, columns] : llvm::zip_equal(ofParts, loaded)) {
        Value factor = rows.splat(weight);
        sum = b.fma(factor, columns, sum);
      }
      next.push_back(sum);
    });
    scf::YieldOp::create(b, next);
  });
  SmallVector<Value> results;
  for (Value sum : loop.getResults())
    results.push_back(rows.sumOfGroups(sum));
  return results;
}

void CombineKernel::build(StringRef name) {
  rows.begin(name, kTerms);
  SequenceInfo sequence;
  sequence.batches = rows.getSignature().get(batches);
  sequence.queryLength = rows.getLength();
  KeyParts parts(b, config.parts, sequence, op.getNumQueryHeads());
  RowArray outs = rowsOf(parts, partialOut, config.valueDim);
  RowArray lses = rowsOf(parts, partialLse, 1);
  // Warps without a row have nothing to do.
  Value count = arith::SelectOp::create(b, rows.getPlace().isInside,
                                        parts.count(), b.i32(0));
  RowLanes::Weights weights = emitWeights(lses, count);
  SmallVector<Value> sums = emitSums(outs, lses, weights, count);
  Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, weights.sum,
                                     b.f32(0));
  Value divisor = arith::SelectOp::create(b, none, b.f32(1), weights.sum);
  Value factor = rows.splat(arith::DivFOp::create(b, b.f32(1), divisor));
  ArrayRef<RowArray> arrays = rows.getArrays();
  size_t next = 0;
  rows.forEachChunk([&](const RowLanes::Chunk &chunk) {
    Value scaled = arith::MulFOp::create(b, sums[next++], factor);
    rows.store(scaled, arrays[0], chunk);
  });
  if (op.getLse())
    rows.storeNumber(rows.emitLse(weights), arrays[1]);
  rows.end();
}

void spattn::buildCombineKernel(OpBuilder &builder, AttentionOp op,
                                StringRef name, const ForwardConfig &config,
                                KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(), builder.getF32Type());
  CombineKernel(b, op, config, program).build(name);
}
