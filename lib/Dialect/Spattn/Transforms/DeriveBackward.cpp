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
  Derivation(AttentionOp op, std::string name, bool ofBiases)
      : op(op), name(std::move(name)), ofBiases(ofBiases),
        rewriter(op.getContext()) {}

  LogicalResult run() {
    if (failed(check()))
      return failure();
    usesLse = op.getLse() && !op->getResult(1).use_empty();
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
    for (const AttentionOperand &operand : op.getGivenOperands()) {
      bool hasGradients = llvm::any_of(
          AttentionBackwardOp::getOperandInfos(),
          [&](const OperandInfo &info) { return info.kind == operand->kind; });
      if (!hasGradients)
        return op.emitOpError("is 'differentiated', but has '")
               << operand->name << "', with which there are no gradients";
      if (operand->isWritten || isArgument(operand.value))
        continue;
      if (!operand->isScalar())
        return op.emitOpError("is 'differentiated', but its '")
               << operand->name << "' is not an argument of the function";
      if (!matchPattern(operand.value, m_Constant()))
        return op.emitOpError("is 'differentiated', but its ")
               << operand->name
               << " is neither an argument of the function nor a constant";
    }
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

  /// What an operand of the gradients is made like: the operand of the
  /// attention that it is, or is the gradient of.
  Value getModel(const OperandInfo &info) {
    if (info.isOnDemand && !ofBiases)
      return Value();
    return op.getOperandValues()[info.gradientOf.value_or(info.kind)];
  }

  Value makeEmptyLike(Value model) {
    auto type = cast<RankedTensorType>(model.getType());
    return tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                   type.getElementType());
  }

  /// Whether an operand of the gradients is an argument of their function.
  bool becomesArgument(const OperandInfo &info) {
    Value model = getModel(info);
    if (!model)
      return false;
    if (info.isScalar())
      return isArgument(model);
    if (info.kind == OperandKind::LseGradient)
      return usesLse;
    // Destinations are, where those of the attention are.
    return !info.isWritten || isArgument(op.getOut());
  }

  LogicalResult addBackward() {
    SmallVector<const OperandInfo *> arguments;
    SmallVector<Type> types, results;
    for (const OperandInfo &info : AttentionBackwardOp::getOperandInfos()) {
      if (becomesArgument(info)) {
        arguments.push_back(&info);
        types.push_back(getModel(info).getType());
      }
      if (info.isWritten && getModel(info))
        results.push_back(getModel(info).getType());
    }

    rewriter.setInsertionPointAfter(function);
    auto type = rewriter.getFunctionType(types, results);
    auto backward =
        func::FuncOp::create(rewriter, function.getLoc(), name, type);
    backward.setVisibility(function.getVisibility());
    Block *body = backward.addEntryBlock();
    rewriter.setInsertionPointToStart(body);
    OperandValues operands;
    for (auto [info, argument] :
         llvm::zip_equal(arguments, body->getArguments())) {
      // Errors and tools call arguments by these.
      argument.setLoc(
          NameLoc::get(rewriter.getStringAttr(info->name), op.getLoc()));
      operands[info->kind] = argument;
    }
    // Where no argument is one. Others are made without being asked for.
    for (const OperandInfo &info : AttentionBackwardOp::getOperandInfos())
      if (info.isOnDemand && getModel(info) && !operands[info.kind])
        operands[info.kind] = makeEmptyLike(operands[*info.gradientOf]);
    for (const AttentionOperand &scalar : op.getScalarOperands())
      if (!isArgument(scalar.value))
        operands[scalar->kind] =
            rewriter.clone(*scalar.value.getDefiningOp())->getResult(0);
    auto gradients = buildGradients(rewriter, op, operands);
    func::ReturnOp::create(rewriter, op.getLoc(), gradients->getResults());
    // The tile shape may be one that only the attention can have.
    return verify(gradients, /*verifyRecursively=*/false);
  }

  AttentionOp op;
  std::string name;
  /// Whether there are gradients by slopes and biases, too.
  bool ofBiases;
  IRRewriter rewriter;
  func::FuncOp function;
  /// Whether a loss may depend on the log-sum-exp, which otherwise is there for
  /// the gradients only.
  bool usesLse = false;
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
        if (failed(Derivation(op, name, ofBiases).run()))
          return signalPassFailure();
        ++numDerived;
      }
  }
};

} // namespace
