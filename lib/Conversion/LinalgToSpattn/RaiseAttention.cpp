//===- RaiseAttention.cpp - Attention in other frontends' IR --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/LinalgToSpattn/RaiseAttention.h"

#include "Frontends.h"
#include "Narrowing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNRAISEATTENTION
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
using Frontend = Value (*)(PatternRewriter &, Operation *, Refusal &);

/// Replaces an operation in which a frontend sees attention.
LogicalResult raise(Frontend frontend, Operation *op, PatternRewriter &rewriter,
                    const RefusalHandler &onRefusal) {
  Refusal refusal;
  if (Value result = frontend(rewriter, op, refusal)) {
    if (result.getType() == op->getResult(0).getType()) {
      rewriter.replaceAllUsesWith(op->getResult(0), result);
      rewriter.eraseOp(op);
    } else {
      replaceRounded(rewriter, op->getResult(0), result);
    }
    return success();
  }
  if (refusal.reason.empty())
    return rewriter.notifyMatchFailure(op, "no attention ends here");
  if (onRefusal)
    onRefusal(op, refusal.op, refusal.reason);
  return rewriter.notifyMatchFailure(op, refusal.reason);
}

struct RaiseContraction : OpInterfaceRewritePattern<linalg::LinalgOp> {
  RaiseContraction(MLIRContext *context, RefusalHandler onRefusal)
      : OpInterfaceRewritePattern(context), onRefusal(std::move(onRefusal)) {}

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    return raise(raiseContraction, op, rewriter, onRefusal);
  }

  RefusalHandler onRefusal;
};

struct RaiseForeign : RewritePattern {
  RaiseForeign(MLIRContext *context, StringRef name, Frontend frontend,
               RefusalHandler onRefusal)
      : RewritePattern(name, /*benefit=*/1, context), frontend(frontend),
        onRefusal(std::move(onRefusal)) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    return raise(frontend, op, rewriter, onRefusal);
  }

  Frontend frontend;
  RefusalHandler onRefusal;
};

struct SpattnRaiseAttentionPass
    : public spattn::impl::SpattnRaiseAttentionBase<SpattnRaiseAttentionPass> {
  using SpattnRaiseAttentionBase::SpattnRaiseAttentionBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    RefusalHandler onRefusal;
    if (remarks)
      onRefusal = [](Operation *op, Operation *inTheWay, StringRef reason) {
        InFlightDiagnostic remark = (inTheWay ? inTheWay : op)->emitRemark();
        remark << "attention is not raised: ";
        if (inTheWay)
          remark << "'" << inTheWay->getName() << "' ";
        else
          remark << "it ";
        remark << reason;
      };
    populateRaiseAttentionPatterns(patterns, onRefusal);
    auto count = [&] {
      int64_t attentions = 0;
      getOperation()->walk([&](AttentionOp) { ++attentions; });
      return attentions;
    };
    llvm::DenseSet<Operation *> unused;
    getOperation()->walk([&](Operation *op) {
      if (op->use_empty())
        unused.insert(op);
    });
    int64_t before = count();
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    int64_t raised = count() - before;
    numRaised += raised;
    if (raised > 0)
      eraseUnused(unused);
  }

  /// What attention was computed with, unless something else uses it, or
  /// nothing did before.
  void eraseUnused(const llvm::DenseSet<Operation *> &unused) {
    SmallVector<Operation *> all;
    // Operations come ahead of those in their regions, which go first.
    getOperation()->walk<WalkOrder::PreOrder>(
        [&](Operation *op) { all.push_back(op); });
    for (Operation *op : llvm::reverse(all))
      if (op != getOperation() &&
          (isOpTriviallyDead(op) ||
           (!unused.contains(op) && op->use_empty() &&
            (assertsAlone(op) || isMissingOperand(op)))))
        op->erase();
  }

  /// Whether an operation stands for an optional operand of ONNX that is not
  /// given.
  static bool isMissingOperand(Operation *op) {
    return op->getName().getStringRef() == "onnx.NoValue";
  }

  /// Whether an operation on tensors has no effects but assertions about what
  /// it looks up, which whatever replaces it looks up, too.
  static bool assertsAlone(Operation *op) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    return generic && generic.hasPureTensorSemantics() &&
           llvm::all_of(*generic.getBody(), [](Operation &inner) {
             return isa<cf::AssertOp>(inner) || isMemoryEffectFree(&inner);
           });
  }
};
} // namespace

void spattn::populateRaiseAttentionPatterns(RewritePatternSet &patterns,
                                            RefusalHandler onRefusal) {
  MLIRContext *context = patterns.getContext();
  patterns.add<RaiseContraction>(context, onRefusal);
  patterns.add<RaiseForeign>(context, "tm_tensor.attention", raiseTMTensor,
                             onRefusal);
  patterns.add<RaiseForeign>(context, "iree_linalg_ext.attention",
                             raiseLinalgExt, onRefusal);
  patterns.add<RaiseForeign>(context, "onnx.Attention", raiseOnnx, onRefusal);
  patterns.add<RaiseForeign>(context, "onnx.Custom", raiseOnnxCustom,
                             onRefusal);
}
