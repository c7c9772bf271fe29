//===- SinkKernel.cpp - The kernel of the gradients by sinks --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `dsink = sum of exp(sink - lse) (dlse - delta)` over the rows of a head, in
// an order that does not depend on the GPU. It reads two or three numbers a
// row, where the other kernels read rows, so that one CTA a head is fast
// enough.
//
//===----------------------------------------------------------------------===//

#include "HeadSum.h"
#include "QueryRows.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kThreads = HeadSum::kThreads;

namespace {
class SinkKernel {
public:
  SinkKernel(OpBuilder &builder, AttentionBackwardOp op,
             const BackwardConfig &config, KernelProgram &program)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), config(config), program(program), signature(program),
        callerLse(signature, op), starts(signature.scratch("lse_start")),
        deltas(signature.scratch("delta_start")),
        parts(signature.scratch("dsink_parts")),
        sequenceArguments(signature, op) {
    callerLse.addStrides(signature);
    sinks.emplace(signature, "sink");
    gradients.emplace(signature, "dsink");
  }

  void build(StringRef name);

private:
  Value load(Value address) {
    return LLVM::LoadOp::create(b, b.getF32Type(), address);
  }
  /// What row `row` of all batch entries' adds.
  Value rowTerm(Value row, Value sink);
  KernelBuilder b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  KernelProgram &program;
  KernelSignature signature;
  LseArguments callerLse;
  KernelSignature::Argument starts, deltas, parts;
  SequenceArguments sequenceArguments;
  std::optional<HeadNumbers> sinks, gradients;
  SequenceInfo sequence;
};
} // namespace

Value SinkKernel::rowTerm(Value row, Value sink) {
  Value batch = arith::DivUIOp::create(b, row, sequence.queryLength);
  Value query = arith::RemUIOp::create(b, row, sequence.queryLength);
  QueryRows rows(b, op, config, sequence);
  rows.locate(batch, b.cta, query);
  LseArrays caller = callerLse.get(b, signature);
  Value lse = load(rows.row(caller.lse, b.getF32Type()));
  Value gradient = load(rows.scratch(signature.get(deltas)));
  if (caller.dlse) {
    // Query tiles that no kernel visits have no delta.
    Value start = load(rows.scratch(signature.get(starts)));
    Value dlse = load(rows.row(*caller.dlse, b.getF32Type()));
    Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, start,
                                       b.f32(kNegInf));
    gradient = arith::SelectOp::create(b, none, dlse, gradient);
  }

  Value above = arith::SubFOp::create(b, sink, lse);
  Value logit = arith::MulFOp::create(b, above, b.f32(kLog2E));
  Value probability = math::Exp2Op::create(b, logit);
  Value term = arith::MulFOp::create(b, probability, gradient);
  // A row of logits that are all -inf, its sink's included.
  Value none =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, lse, b.f32(kNegInf));
  return arith::SelectOp::create(b, none, b.f32(0), term);
}

void SinkKernel::build(StringRef name) {
  signature.begin(b, name, {kThreads, 1});
  sequence = sequenceArguments.get(b, signature);
  Value sink = sinks->load(b, b.cta);
  Value rows = b.mul(sequence.batches, sequence.queryLength);
  HeadSum(b, signature.get(parts))
      .emit(
          rows, [&](Value row) { return rowTerm(row, sink); },
          [&](llvm::function_ref<Value()> sum) {
            gradients->store(b, sum(), b.cta);
          });
  signature.end(b, /*shared=*/0, /*persistent=*/-1,
                program.constant(op.getNumQueryHeads()));
}

void spattn::buildSinkKernel(OpBuilder &builder, AttentionBackwardOp op,
                             StringRef name, const BackwardConfig &config,
                             KernelProgram &program) {
  SinkKernel(builder, op, config, program).build(name);
}
