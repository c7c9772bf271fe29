//===- DeriveBackward.cpp - Functions that compute gradients --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Verifier.h"
#include "spattn/Dialect/Spattn/Transforms/Gradients.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNDERIVEBACKWARD
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {

/// Derives the gradients of one attention.
class Derivation {
public:
  Derivation(AttentionOp op, std::string name)
      : op(op), name(std::move(name)), rewriter(op.getContext()) {}

  LogicalResult run() {
    if (failed(check()))
      return failure();
    addLse();
    op.setDifferentiated(false);
    return addBackward();
  }

private:
  Operation *terminator() { return op->getBlock()->getTerminator(); }

  /// The result of the function that a value is, if it is one.
  std::optional<unsigned> getReturned(Value value) {
    auto operand = llvm::find(terminator()->getOperands(), value);
    if (operand == terminator()->getOperands().end())
      return std::nullopt;
    return operand.getIndex();
  }

  bool isArgument(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == op->getBlock();
  }

  /// Finds what keeps an attention from being derived.
  LogicalResult check() {
    function = dyn_cast<func::FuncOp>(op->getParentOp());
    if (!function || !function.getBody().hasOneBlock())
      return op.emitOpError("is 'differentiated', but not within a function of "
                            "one block");
    if (!isa<RankedTensorType>(op.getQuery().getType()))
      return op.emitOpError("is 'differentiated', but on buffers; run "
                            "'spattn-derive-backward' before "
                            "'spattn-bufferize'");
    for (auto [value, operand] :
         {std::pair(op.getQuery(), "query"), std::pair(op.getKey(), "key"),
          std::pair(op.getValue(), "value")})
      if (!isArgument(value))
        return op.emitOpError("is 'differentiated', but its '")
               << operand << "' is not an argument of the function";
    if (op.getScale() && !isArgument(op.getScale()) &&
        !matchPattern(op.getScale(), m_Constant()))
      return op.emitOpError("is 'differentiated', but its scale is neither an "
                            "argument of the function nor a constant");
    if (!getReturned(op->getResult(0)))
      return op.emitOpError("is 'differentiated', but the function does not "
                            "return its output");
    bool keepsType = op.getLse() && getReturned(op->getResult(1));
    if (!keepsType &&
        !SymbolTable::symbolKnownUseEmpty(function, function->getParentOp()))
      return op.emitOpError("is 'differentiated', but the function has callers "
                            "and does not return its log-sum-exp");
    if (SymbolTable::lookupSymbolIn(function->getParentOp(), name))
      return op.emitOpError("is 'differentiated', but there is a symbol '")
             << name << "' already";
    return success();
  }

  /// Makes the function return the log-sum-exp.
  void addLse() {
    if (!op.getLse()) {
      Value destination;
      if (isArgument(op.getOut())) {
        unsigned index = function.getNumArguments();
        (void)function.insertArgument(index, getLseType(op), {}, op.getLoc());
        destination = function.getArgument(index);
      }
      op = withLse(rewriter, op, destination);
    }
    Value lse = op->getResult(1);
    if (getReturned(lse))
      return;
    Operation *end = terminator();
    end->insertOperands(end->getNumOperands(), lse);
    (void)function.insertResult(function.getNumResults(), lse.getType(), {});
  }

  LogicalResult addBackward() {
    Type out = op.getOut().getType();
    SmallVector<Type> inputs = {op.getQuery().getType(), op.getKey().getType(),
                                op.getValue().getType()};
    SmallVector<Type> types = inputs;
    types.append({out, op.getLse().getType(), out});
    SmallVector<StringRef> names = {"query", "key", "value",
                                    "out",   "lse", "dout"};
    Value scale = op.getScale();
    bool scaleIsArgument = scale && isArgument(scale);
    if (scaleIsArgument) {
      types.push_back(scale.getType());
      names.push_back("scale");
    }
    bool destinationsAreArguments = isArgument(op.getOut());
    if (destinationsAreArguments) {
      types.append(inputs);
      names.append({"dquery", "dkey", "dvalue"});
    }

    rewriter.setInsertionPointAfter(function);
    auto type = rewriter.getFunctionType(types, inputs);
    auto backward =
        func::FuncOp::create(rewriter, function.getLoc(), name, type);
    backward.setVisibility(function.getVisibility());
    Block *body = backward.addEntryBlock();
    // Errors and tools call arguments by these.
    for (auto [name, argument] : llvm::zip_equal(names, body->getArguments()))
      argument.setLoc(NameLoc::get(rewriter.getStringAttr(name), op.getLoc()));
    rewriter.setInsertionPointToStart(body);
    auto argument = [&](unsigned i) { return body->getArgument(i); };
    if (scaleIsArgument)
      scale = argument(6);
    else if (scale)
      scale = rewriter.clone(*scale.getDefiningOp())->getResult(0);
    ValueRange destinations;
    if (destinationsAreArguments)
      destinations = body->getArguments().take_back(3);
    auto gradients =
        buildGradients(rewriter, op,
                       {argument(0), argument(1), argument(2), argument(3),
                        argument(4), argument(5), scale},
                       destinations);
    func::ReturnOp::create(rewriter, op.getLoc(), gradients->getResults());
    // The tile shape may be one that only the attention can have.
    return verify(gradients, /*verifyRecursively=*/false);
  }

  AttentionOp op;
  std::string name;
  IRRewriter rewriter;
  func::FuncOp function;
};

struct SpattnDeriveBackwardPass
    : public spattn::impl::SpattnDeriveBackwardBase<SpattnDeriveBackwardPass> {
  using SpattnDeriveBackwardBase::SpattnDeriveBackwardBase;

  void runOnOperation() override {
    // By function, as its attentions share a name.
    llvm::MapVector<Operation *, SmallVector<AttentionOp>> marked;
    getOperation()->walk([&](AttentionOp op) {
      if (op.getDifferentiated())
        marked[op->getParentOfType<func::FuncOp>()].push_back(op);
    });
    for (auto &[function, attentions] : marked)
      for (auto [i, op] : llvm::enumerate(attentions)) {
        std::string name;
        if (function)
          name = (cast<func::FuncOp>(function).getName() + "_backward").str();
        if (attentions.size() > 1)
          name += "_" + std::to_string(i);
        if (failed(Derivation(op, name).run()))
          return signalPassFailure();
        ++numDerived;
      }
  }
};

} // namespace
