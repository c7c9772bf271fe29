//===- LaunchToLLVM.cpp - Launches as calls of the runtime ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/LaunchToLLVM/LaunchToLLVM.h"

#include "KernelGlobals.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "spattn/Conversion/Passes.h"

namespace spattn {
#define GEN_PASS_DEF_CONVERTSPATTNLAUNCHTOLLVM
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn;

namespace {
/// A binary becomes a constant of its name.
struct ConvertBinary : ConvertOpToLLVMPattern<gpu::BinaryOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(gpu::BinaryOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    StringAttr artifact = getArtifact(op);
    if (!artifact)
      return rewriter.notifyMatchFailure(op, "holds no artifact");
    LLVM::GlobalOp::create(
        rewriter, op.getLoc(),
        LLVM::LLVMArrayType::get(rewriter.getI8Type(), artifact.size()),
        /*isConstant=*/true, LLVM::Linkage::Internal, op.getSymName(), artifact,
        /*alignment=*/8);
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertLaunch : ConvertOpToLLVMPattern<LaunchOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(LaunchOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op->getNumResults() != 0)
      return rewriter.notifyMatchFailure(op, "is on tensors");
    LLVM::GlobalOp kernels = getKernels(rewriter, op);
    if (!kernels)
      return rewriter.notifyMatchFailure(op, "kernels are not compiled");
    SmallVector<Value> descriptors(adaptor.getInputs());
    llvm::append_range(descriptors, adaptor.getOuts());
    for (Value descriptor : descriptors)
      if (!isa<LLVM::LLVMStructType>(descriptor.getType()))
        return rewriter.notifyMatchFailure(op, "a buffer has no descriptor");

    Location loc = op.getLoc();
    Type pointer = getPtrType();
    Operation *table = SymbolTable::getNearestSymbolTable(op);
    FailureOr<LLVM::LLVMFuncOp> launch = LLVM::lookupOrCreateFn(
        rewriter, table, "spattn_launch", {pointer, pointer, pointer},
        rewriter.getI32Type());
    if (failed(launch))
      return failure();
    Value buffers = storeBuffers(rewriter, op, descriptors);
    Value values = storeValues(rewriter, op, adaptor.getValues());
    Value address = LLVM::AddressOfOp::create(rewriter, loc, kernels);
    LLVM::CallOp::create(rewriter, loc, *launch,
                         ValueRange{address, buffers, values});
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// Room on the stack, once for a function: a launch may be in a loop.
  Value allocate(OpBuilder &b, Operation *op, Type type, int64_t count) const {
    OpBuilder::InsertionGuard guard(b);
    if (auto function = op->getParentOfType<FunctionOpInterface>())
      b.setInsertionPointToStart(&function.getFunctionBody().front());
    Value size =
        LLVM::ConstantOp::create(b, op->getLoc(), b.getI64IntegerAttr(count));
    return LLVM::AllocaOp::create(b, op->getLoc(), getPtrType(), type, size);
  }

  Value makeConstant(OpBuilder &b, Location loc, int64_t value) const {
    return LLVM::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  }

  /// An integer as 64 bits.
  Value widen(OpBuilder &b, Location loc, Value value) const {
    if (value.getType().isInteger(64))
      return value;
    return LLVM::SExtOp::create(b, loc, b.getI64Type(), value);
  }

  /// The address of entry `index` of an array, or of a field of it.
  Value getElement(OpBuilder &b, Location loc, Type type, Value array,
                   ArrayRef<LLVM::GEPArg> indices) const {
    return LLVM::GEPOp::create(b, loc, getPtrType(), type, array, indices);
  }

  Value storeBuffers(ConversionPatternRewriter &b, LaunchOp op,
                     ArrayRef<Value> descriptors) const {
    Location loc = op.getLoc();
    Type type = getBufferType(b.getContext());
    SmallVector<Value> buffers = op.getBuffers();
    int64_t numNumbers = 0;
    for (Value buffer : buffers)
      numNumbers += 2 * cast<MemRefType>(buffer.getType()).getRank();
    Value array = allocate(b, op, type, buffers.size());
    // Sizes and strides of one after the other.
    Value numbers =
        allocate(b, op, b.getI64Type(), std::max<int64_t>(numNumbers, 1));
    int32_t next = 0;
    for (auto [i, buffer, value] : llvm::enumerate(buffers, descriptors)) {
      auto memref = cast<MemRefType>(buffer.getType());
      MemRefDescriptor descriptor(value);
      int32_t rank = int32_t(memref.getRank());
      Value data = descriptor.bufferPtr(b, loc, *getTypeConverter(), memref);
      if (data.getType() != getPtrType())
        data = LLVM::AddrSpaceCastOp::create(b, loc, getPtrType(), data);
      Value fields[] = {
          data,
          makeConstant(b, loc, getElementTypeNumber(memref.getElementType())),
          makeConstant(b, loc, rank),
          getElement(b, loc, b.getI64Type(), numbers, {next}),
          getElement(b, loc, b.getI64Type(), numbers, {next + rank})};
      for (auto [field, content] : llvm::enumerate(fields))
        LLVM::StoreOp::create(
            b, loc, content,
            getElement(b, loc, type, array, {int32_t(i), int32_t(field)}));
      for (int32_t d = 0; d < rank; ++d) {
        Value size = getElement(b, loc, b.getI64Type(), numbers, {next + d});
        LLVM::StoreOp::create(b, loc, widen(b, loc, descriptor.size(b, loc, d)),
                              size);
        Value stride =
            getElement(b, loc, b.getI64Type(), numbers, {next + rank + d});
        LLVM::StoreOp::create(
            b, loc, widen(b, loc, descriptor.stride(b, loc, d)), stride);
      }
      next += 2 * rank;
    }
    return array;
  }

  Value storeValues(ConversionPatternRewriter &b, LaunchOp op,
                    ValueRange values) const {
    Location loc = op.getLoc();
    Type type = getValueType(b.getContext());
    if (values.empty())
      return LLVM::ZeroOp::create(b, loc, getPtrType());
    Value array = allocate(b, op, type, values.size());
    for (auto [i, value] : llvm::enumerate(values)) {
      bool isReal = isa<FloatType>(value.getType());
      Value bits = value;
      if (isReal) {
        if (!value.getType().isF64())
          bits = LLVM::FPExtOp::create(b, loc, b.getF64Type(), value);
        bits = LLVM::BitcastOp::create(b, loc, b.getI64Type(), bits);
      } else {
        bits = widen(b, loc, value);
      }
      Value field = getElement(b, loc, type, array, {int32_t(i), 0});
      LLVM::StoreOp::create(b, loc, makeConstant(b, loc, isReal), field);
      LLVM::StoreOp::create(b, loc, bits,
                            getElement(b, loc, type, array, {int32_t(i), 1}));
    }
    return array;
  }
};

struct LaunchToLLVMInterface : ConvertToLLVMPatternInterface {
  using ConvertToLLVMPatternInterface::ConvertToLLVMPatternInterface;

  void populateConvertToLLVMConversionPatterns(
      ConversionTarget &target, LLVMTypeConverter &converter,
      RewritePatternSet &patterns) const final {
    populateSpattnLaunchToLLVMPatterns(converter, patterns, target);
  }
};
} // namespace

void spattn::populateSpattnLaunchToLLVMPatterns(LLVMTypeConverter &converter,
                                                RewritePatternSet &patterns,
                                                ConversionTarget &target) {
  target.addIllegalOp<LaunchOp>();
  target.addDynamicallyLegalOp<gpu::BinaryOp>(
      [](gpu::BinaryOp op) { return !getArtifact(op); });
  patterns.add<ConvertBinary, ConvertLaunch>(converter);
}

void spattn::registerConvertSpattnLaunchToLLVMInterface(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SpattnDialect *dialect) {
    dialect->addInterfaces<LaunchToLLVMInterface>();
  });
}

/// What conversion would only say that it failed on.
static LogicalResult checkLaunch(LaunchOp op) {
  if (op->getNumResults() != 0 || llvm::any_of(op.getBuffers(), [](Value v) {
        return isa<TensorType>(v.getType());
      }))
    return op.emitOpError("is on tensors; run spattn-bufferize first");
  Operation *table = SymbolTable::getNearestSymbolTable(op);
  Operation *kernels = SymbolTable::lookupSymbolIn(table, op.getKernels());
  auto binary = dyn_cast_or_null<gpu::BinaryOp>(kernels);
  if (!binary)
    return op.emitOpError("refers to ")
           << op.getKernelsAttr()
           << ", which has not been compiled; run spattn-serialize-kernels "
              "first";
  if (!getArtifact(binary))
    return op.emitOpError("refers to ")
           << op.getKernelsAttr()
           << ", which holds no object of '#spattn_gpu.target'";
  return success();
}

namespace {
struct ConvertSpattnLaunchToLLVMPass
    : public spattn::impl::ConvertSpattnLaunchToLLVMBase<
          ConvertSpattnLaunchToLLVMPass> {
  using ConvertSpattnLaunchToLLVMBase::ConvertSpattnLaunchToLLVMBase;

  void runOnOperation() override {
    WalkResult checked = getOperation()->walk(
        [](LaunchOp op) { return WalkResult(checkLaunch(op)); });
    if (checked.wasInterrupted())
      return signalPassFailure();
    LLVMTypeConverter converter(&getContext());
    RewritePatternSet patterns(&getContext());
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    populateSpattnLaunchToLLVMPatterns(converter, patterns, target);
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
