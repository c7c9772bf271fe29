//===- ForallToTasks.cpp - Parallel loops to tasks ------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/ForallToTasks/ForallToTasks.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTFORALLTOTASKS
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;

static constexpr StringLiteral kParallelFor = "spattn_parallel_for";

/// The type of the runtime's function.
static FunctionType getParallelForType(MLIRContext *context) {
  Builder b(context);
  auto pointer = LLVM::LLVMPointerType::get(context);
  return b.getFunctionType({b.getI64Type(), pointer, pointer}, {});
}

/// Makes a loop one over a single index from 0, in steps of 1.
static scf::ForallOp flatten(scf::ForallOp loop) {
  if (loop.getRank() == 1 && loop.isNormalized())
    return loop;
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  auto values = [&](ArrayRef<OpFoldResult> mixed) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), mixed);
  };
  SmallVector<Value> lower = values(loop.getMixedLowerBound()),
                     upper = values(loop.getMixedUpperBound()),
                     steps = values(loop.getMixedStep()), sizes;
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value count = arith::ConstantIndexOp::create(b, 1);
  for (auto [first, end, step] : llvm::zip(lower, upper, steps)) {
    Value range = arith::SubIOp::create(b, end, first);
    Value size = arith::CeilDivSIOp::create(b, range, step);
    // Two negative ones are no iterations, either.
    sizes.push_back(arith::MaxSIOp::create(b, size, zero));
    count = arith::MulIOp::create(b, count, sizes.back());
  }
  auto flat = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{count},
                                    ValueRange(), std::nullopt);
  b.setInsertionPointToStart(flat.getBody());
  SmallVector<Value> indices(loop.getRank());
  Value rest = flat.getInductionVar(0);
  for (size_t i = indices.size(); i-- > 0;) {
    Value number = arith::RemUIOp::create(b, rest, sizes[i]);
    rest = arith::DivUIOp::create(b, rest, sizes[i]);
    indices[i] = arith::AddIOp::create(
        b, lower[i], arith::MulIOp::create(b, number, steps[i]));
  }
  IRRewriter rewriter(loop.getContext());
  loop.getTerminator()->erase();
  rewriter.inlineBlockBefore(loop.getBody(), flat.getTerminator(), indices);
  rewriter.eraseOp(loop);
  return flat;
}

/// Puts the body of a scope in its place, between operations that save and
/// restore the stack: the loops in it become several blocks, which a scope
/// cannot have.
static void inlineScope(memref::AllocaScopeOp scope) {
  IRRewriter rewriter(scope);
  auto pointer = LLVM::LLVMPointerType::get(scope.getContext());
  Value stack = LLVM::StackSaveOp::create(rewriter, scope.getLoc(), pointer);
  Block &body = scope.getBodyRegion().front();
  Operation *end = body.getTerminator();
  SmallVector<Value> results(end->getOperands());
  rewriter.eraseOp(end);
  rewriter.inlineBlockBefore(&body, scope);
  LLVM::StackRestoreOp::create(rewriter, scope.getLoc(), stack);
  rewriter.replaceOp(scope, results);
}

namespace {
/// Outlines one loop.
class ForallOutliner {
public:
  ForallOutliner(scf::ForallOp loop, func::FuncOp parent, unsigned number,
                 const LLVMTypeConverter &types, bool sequential)
      : loop(loop), parent(parent), number(number), types(types),
        sequential(sequential) {}

  /// The task that the loop now calls.
  FailureOr<func::FuncOp> run(SymbolTable &symbols) {
    if (loop.getNumResults() != 0)
      return loop.emitOpError("expected a loop without results, on buffers");
    loop = flatten(loop);
    collectCaptures();
    SmallVector<Type> fields;
    for (Value capture : captures) {
      Type type = types.convertType(capture.getType());
      if (!type)
        return loop.emitOpError("cannot pass a value of type ")
               << capture.getType() << " to a task";
      fields.push_back(type);
    }
    contextType = LLVM::LLVMStructType::getLiteral(loop.getContext(), fields);
    func::FuncOp task = outline();
    symbols.insert(task);
    call(task);
    loop.erase();
    return task;
  }

private:
  /// Values from outside that the body uses. Constants are cloned into it.
  void collectCaptures() {
    SetVector<Value> used;
    getUsedValuesDefinedAbove(loop.getRegion(), used);
    for (Value value : used) {
      Operation *def = value.getDefiningOp();
      if (def && def->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(def);
      else
        captures.push_back(value);
    }
  }

  /// The task: unpacks its context, and runs the body for its index.
  func::FuncOp outline() {
    ImplicitLocOpBuilder b(loop.getLoc(), loop.getContext());
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    auto type = b.getFunctionType({pointer, b.getI64Type()}, {});
    auto task = func::FuncOp::create(
        b, (parent.getName() + "_task_" + Twine(number)).str(), type);
    task.setPrivate();
    b.setInsertionPointToStart(task.addEntryBlock());

    IRMapping mapping;
    for (Operation *constant : constants)
      b.clone(*constant, mapping);
    for (auto [i, capture] : llvm::enumerate(captures)) {
      Value address = fieldAddress(b, task.getArgument(0), i);
      Value field = LLVM::LoadOp::create(b, contextType.getBody()[i], address);
      mapping.map(capture, cast(b, field, capture.getType()));
    }
    Value index =
        arith::IndexCastOp::create(b, b.getIndexType(), task.getArgument(1));
    mapping.map(loop.getInductionVar(0), index);
    cloneBody(b, *loop.getBody(), mapping);
    func::ReturnOp::create(b);
    return task;
  }

  /// What a scope allocates lives in the task's frame.
  static void cloneBody(ImplicitLocOpBuilder &b, Block &block,
                        IRMapping &mapping) {
    for (Operation &op : block.without_terminator()) {
      auto scope = dyn_cast<memref::AllocaScopeOp>(op);
      if (scope && scope.getNumResults() == 0)
        cloneBody(b, scope.getBodyRegion().front(), mapping);
      else
        b.clone(op, mapping);
    }
  }

  /// Packs the context, and calls the runtime in place of the loop.
  void call(func::FuncOp task) {
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value context = allocateContext(b, pointer);
    for (auto [i, capture] : llvm::enumerate(captures)) {
      Value field = fieldAddress(b, context, i);
      LLVM::StoreOp::create(b, cast(b, capture, contextType.getBody()[i]),
                            field);
    }
    Value bound = getValueOrCreateConstantIndexOp(
        b, b.getLoc(), loop.getMixedUpperBound().front());
    if (sequential) {
      Value zero = arith::ConstantIndexOp::create(b, 0);
      Value one = arith::ConstantIndexOp::create(b, 1);
      auto calls = scf::ForOp::create(b, zero, bound, one);
      b.setInsertionPointToStart(calls.getBody());
      Value index = arith::IndexCastOp::create(b, b.getI64Type(),
                                               calls.getInductionVar());
      func::CallOp::create(b, task, ValueRange{context, index});
      return;
    }
    Value count = arith::IndexCastOp::create(b, b.getI64Type(), bound);
    Value function =
        func::ConstantOp::create(b, task.getFunctionType(), task.getSymName());
    Value entry = cast(b, function, pointer);
    func::CallOp::create(b, kParallelFor, TypeRange(),
                         ValueRange{count, entry, context});
  }

  /// The context lives in the entry block, so that a loop around it does not
  /// grow the stack.
  Value allocateContext(ImplicitLocOpBuilder &b, Type pointer) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&parent.getBody().front());
    Value one =
        LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(1));
    return LLVM::AllocaOp::create(b, pointer, contextType, one);
  }

  Value fieldAddress(ImplicitLocOpBuilder &b, Value context, size_t i) {
    return LLVM::GEPOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), contextType, context,
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
  }

  /// Between a value and its LLVM form; reconciled at the end of the lowering.
  static Value cast(ImplicitLocOpBuilder &b, Value value, Type type) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(b, type, value).getResult(0);
  }

  scf::ForallOp loop;
  func::FuncOp parent;
  unsigned number;
  const LLVMTypeConverter &types;
  bool sequential;
  SmallVector<Operation *> constants;
  SmallVector<Value> captures;
  LLVM::LLVMStructType contextType;
};

struct ConvertForallToTasksPass
    : public spattn::impl::ConvertForallToTasksBase<ConvertForallToTasksPass> {
  using ConvertForallToTasksBase::ConvertForallToTasksBase;

  void runOnOperation() override {
    // Modules inside of others have functions of their own.
    WalkResult result = getOperation()->walk<WalkOrder::PostOrder>(
        [&](ModuleOp module) { return WalkResult(convert(module)); });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult convert(ModuleOp module) {
    LLVMTypeConverter types(&getContext());
    SymbolTable symbols(module);
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    bool any = false;
    // Tasks have loops, too: those that were inside of another. The context of
    // such a loop is in the frame of the task that runs it.
    for (size_t next = 0; next < functions.size(); ++next) {
      func::FuncOp function = functions[next];
      SmallVector<scf::ForallOp> loops;
      function.walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
        loops.push_back(loop);
        return WalkResult::skip();
      });
      any |= !loops.empty();
      for (auto [number, loop] : llvm::enumerate(loops)) {
        FailureOr<func::FuncOp> task =
            ForallOutliner(loop, function, number, types, sequential)
                .run(symbols);
        if (failed(task))
          return failure();
        functions.push_back(*task);
      }
      SmallVector<memref::AllocaScopeOp> scopes;
      function.walk(
          [&](memref::AllocaScopeOp scope) { scopes.push_back(scope); });
      llvm::for_each(scopes, inlineScope);
    }
    if (!any || sequential)
      return success();
    return declareRuntime(module, symbols);
  }

  static LogicalResult declareRuntime(ModuleOp module, SymbolTable &symbols) {
    FunctionType type = getParallelForType(module.getContext());
    if (Operation *found = symbols.lookup(kParallelFor)) {
      auto function = dyn_cast<func::FuncOp>(found);
      if (function && function.getFunctionType() == type)
        return success();
      return found->emitOpError("has the name of the runtime's function '")
             << kParallelFor << "', which is a func.func of type " << type;
    }
    ImplicitLocOpBuilder b(module.getLoc(), module.getBodyRegion());
    func::FuncOp::create(b, kParallelFor, type).setPrivate();
    return success();
  }
};
} // namespace
