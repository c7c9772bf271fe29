//===- Lowering.h - What lowerings of spattn_gpu share ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A family of targets has patterns of its own for the operations that its
// instructions shape: barriers, copies, MMAs, and the register file. Those of
// the other operations are common to all: a fragment is the same registers
// everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNGPUTONVVM_LOWERING_H
#define SPATTN_LIB_CONVERSION_SPATTNGPUTONVVM_LOWERING_H

#include "Ptx.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Transforms/DialectConversion.h"
#include "spattn/Conversion/SpattnGPUToNVVM/SpattnGPUToNVVM.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

namespace spattn::spattn_gpu {

/// The symbol of the kernel's dynamic shared memory.
inline constexpr llvm::StringLiteral kSharedMemory = "spattn_shared_memory";
inline constexpr unsigned kSharedSpace = 3;

/// Which of the two families of lowerings makes a target's code.
inline bool isSm90a(const TargetCapabilities &target) {
  return target.chip == "sm_90a";
}

/// Patterns of all but the operations that a family shapes: those between
/// registers and memory, masks of residues, and all others.
void populateMemoryPatterns(const GPUTypeConverter &types,
                            mlir::RewritePatternSet &patterns);
void populateResidueMaskPatterns(const GPUTypeConverter &types,
                                 mlir::RewritePatternSet &patterns);
void populateCommonPatterns(const GPUTypeConverter &types,
                            mlir::RewritePatternSet &patterns);
/// sm_90a: TMA and WGMMA.
void populateSm90Patterns(const GPUTypeConverter &types,
                          mlir::RewritePatternSet &patterns);
/// sm_80 and later: cp.async, 16 bytes a lane, and mma.sync.
void populateSm80Patterns(const GPUTypeConverter &types,
                          mlir::RewritePatternSet &patterns);

/// What the patterns share: emission at an operation.
template <class Op>
struct GPUPattern : mlir::OpConversionPattern<Op> {
  using mlir::OpConversionPattern<Op>::OpConversionPattern;
  using Adaptor = typename mlir::OpConversionPattern<Op>::OneToNOpAdaptor;

  mlir::LogicalResult
  matchAndRewrite(Op op, Adaptor adaptor,
                  mlir::ConversionPatternRewriter &rewriter) const override {
    mlir::ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    llvm::SmallVector<llvm::SmallVector<mlir::Value>> results;
    if (mlir::failed(lower(op, adaptor, b, results)))
      return mlir::failure();
    if (op->getNumResults() == 0)
      rewriter.eraseOp(op);
    else
      rewriter.replaceOpWithMultiple(op, std::move(results));
    return mlir::success();
  }

  const GPUTypeConverter &types() const {
    return *this->template getTypeConverter<GPUTypeConverter>();
  }

  virtual mlir::LogicalResult lower(
      Op op, Adaptor adaptor, mlir::ImplicitLocOpBuilder &b,
      llvm::SmallVectorImpl<llvm::SmallVector<mlir::Value>> &results) const = 0;
};

/// Small helpers over an insertion point.
struct Emitter {
  explicit Emitter(mlir::ImplicitLocOpBuilder &b) : b(b) {}
  mlir::ImplicitLocOpBuilder &b;
  mlir::Value threadAgain;

  mlir::Value i32(int64_t value) {
    return mlir::arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  mlir::Value toI32(mlir::Value index) {
    return mlir::arith::IndexCastOp::create(b, b.getI32Type(), index);
  }
  mlir::Value toIndex(mlir::Value value) {
    return mlir::arith::IndexCastOp::create(b, b.getIndexType(), value);
  }
  mlir::Value add(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::AddIOp::create(b, lhs, rhs);
  }
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MulIOp::create(b, lhs, rhs);
  }
  /// An index times a number, as i32.
  mlir::Value scaled(mlir::Value index, int64_t factor) {
    mlir::Value number = i32(factor);
    return mul(toI32(index), number);
  }
  mlir::Value thread() {
    if (threadAgain)
      return threadAgain;
    return mlir::NVVM::ThreadIdXOp::create(b, b.getI32Type());
  }
  /// Reads the thread's number here and now. LLVM computes ahead of a kernel's
  /// loops whatever depends on the number alone, and where registers are few,
  /// ptxas spills that: computing it again is cheaper.
  void readThreadAgain() {
    threadAgain =
        spattn::ptx::emit(b, "mov.u32 $0, %tid.x;", "=r", {}, b.getI32Type())
            .front();
  }
  /// The thread's lane of its warp, and its warp of its warpgroup.
  mlir::Value lane() {
    mlir::Value mask = i32(31);
    return mlir::arith::AndIOp::create(b, thread(), mask);
  }
  mlir::Value warp() {
    mlir::Value mask = i32(3);
    mlir::Value shift = i32(5);
    return mlir::arith::AndIOp::create(
        b, mlir::arith::ShRUIOp::create(b, thread(), shift), mask);
  }
  /// The first of the thread's rows; the second is 8 below.
  mlir::Value firstRow() {
    mlir::Value shift = i32(2);
    mlir::Value inWarp = mlir::arith::ShRUIOp::create(b, lane(), shift);
    mlir::Value rowsOfWarp = i32(16);
    return add(mul(warp(), rowsOfWarp), inWarp);
  }
  /// The first of the thread's columns of every 8.
  mlir::Value firstColumn() {
    mlir::Value width = i32(2);
    mlir::Value mask = i32(3);
    return mul(mlir::arith::AndIOp::create(b, lane(), mask), width);
  }
  mlir::Value address(mlir::Value pointer) {
    return mlir::LLVM::PtrToIntOp::create(b, b.getI32Type(), pointer);
  }
  mlir::Value offset(mlir::Value pointer, mlir::Value bytes) {
    return mlir::LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(),
                                     pointer,
                                     mlir::ArrayRef<mlir::LLVM::GEPArg>{bytes});
  }
  mlir::Value offset(mlir::Value pointer, int64_t bytes) {
    if (bytes == 0)
      return pointer;
    return mlir::LLVM::GEPOp::create(
        b, pointer.getType(), b.getI8Type(), pointer,
        mlir::ArrayRef<mlir::LLVM::GEPArg>{int32_t(bytes)});
  }
  /// A memory at a byte offset, and then that of a stage, if there is one.
  mlir::Value inMemory(mlir::ValueRange memory, mlir::ValueRange stage,
                       int64_t stageBytes, int64_t offsetBytes) {
    mlir::Value base = offset(memory.front(), offsetBytes);
    if (stage.empty())
      return base;
    return offset(base, scaled(stage.front(), stageBytes));
  }
  /// The words that an operation reads or writes.
  template <class Op, class Adaptor>
  mlir::Value words(Op op, Adaptor adaptor) {
    return inMemory(adaptor.getMemory(), adaptor.getStage(), op.getStride(),
                    op.getOffset());
  }
};

/// Bits of a word that tells which elements to keep, and words of each row of a
/// thread, which has a quarter of the row's elements.
inline constexpr int64_t kWordBits = 32;
int64_t wordsOfRow(ColumnMaskType type);

/// Clones a body's operations for given arguments; returns what it yields.
mlir::SmallVector<mlir::Value> inlineBody(mlir::ImplicitLocOpBuilder &b,
                                          mlir::Block &body,
                                          mlir::ValueRange arguments);

/// Two elements of 16 bits in a register.
mlir::Value pack(mlir::ImplicitLocOpBuilder &b, mlir::Type element,
                 mlir::Value low, mlir::Value high);

/// Where a thread's elements of a row block are in a tile: the pointer to two
/// elements, in the first of its rows or in the second, for every 8 columns.
void forPairs(Emitter &e, SharedType type, mlir::Value tile,
              mlir::Value rowBlock,
              llvm::function_ref<void(size_t pair, mlir::Value pointer)> body);

/// Where a row's `piece`-th 16 bytes are in a tile.
mlir::Value pieceInTile(Emitter &e, SharedType type, mlir::Value tile,
                        mlir::Value row, mlir::Value piece);
/// Sets the rows of a tile from `rows` on, which is not negative, to zero, by
/// the lanes of a warp.
void zeroRows(Emitter &e, SharedType type, mlir::Value tile, mlir::Value rows);

inline int64_t bytesOf(SharedType type) {
  return type.getRows() * type.getColumns() * 2;
}
/// Bytes of a row of a chunk of 64 columns, and of the chunk.
inline constexpr int64_t kRowBytes = 128;
inline int64_t chunkBytes(SharedType type) {
  return type.getRows() * kRowBytes;
}

/// Defines a pattern; the body that follows emits at `b`, and appends the
/// values of each result.
#define SPATTN_LOWER(Op)                                                       \
  struct Op##Lowering : GPUPattern<Op> {                                       \
    using GPUPattern::GPUPattern;                                              \
    mlir::LogicalResult                                                        \
    lower(Op op, Adaptor adaptor, mlir::ImplicitLocOpBuilder &b,               \
          llvm::SmallVectorImpl<llvm::SmallVector<mlir::Value>> &results)      \
        const override;                                                        \
  };                                                                           \
  mlir::LogicalResult Op##Lowering::lower(                                     \
      Op op, Adaptor adaptor, mlir::ImplicitLocOpBuilder &b,                   \
      llvm::SmallVectorImpl<llvm::SmallVector<mlir::Value>> &results) const

} // namespace spattn::spattn_gpu

#endif // SPATTN_LIB_CONVERSION_SPATTNGPUTONVVM_LOWERING_H
