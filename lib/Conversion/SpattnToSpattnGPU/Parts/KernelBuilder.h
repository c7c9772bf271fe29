//===- KernelBuilder.h - An op builder for kernels --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KERNELBUILDER_H
#define SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"

#include <limits>

namespace spattn {

inline constexpr float kNegInf = -std::numeric_limits<float>::infinity();
/// log2(e) and ln(2).
inline constexpr float kLog2E = 1.44269504f, kLn2 = 0.693147181f;

/// A builder of kernels in the spattn_gpu dialect: an op builder with short
/// forms of what all kernels and their parts emit. Positions, counts and thread
/// numbers are i32; only offsets in global memory are wider.
class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Type = mlir::Type;
  using Index = IndexOps::Value;
  template <class T>
  using SmallVector = llvm::SmallVector<T>;

  /// Tiles in shared memory hold elements of type `element`.
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc, Type element)
      : ImplicitLocOpBuilder(loc, builder), ops(*this, getI32Type()),
        element(element) {}
  KernelBuilder(const KernelBuilder &) = delete;

  //===--------------------------------------------------------------------===//
  // Numbers
  //===--------------------------------------------------------------------===//

  Value i32(int64_t value);
  /// A number as an operand of a spattn_gpu operation.
  Value asIndex(Value value);
  Value f32(float value);
  Value compare(mlir::arith::CmpIPredicate predicate, Value lhs, Value rhs);
  Value add(Value lhs, Value rhs);
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value fma(Value x, Value y, Value z);
  /// The address of element `elements` of an array.
  Value pointer(Value base, Value elements, Type type);
  /// A truth value as 0 or 1.
  Value asNumber(Value truth);

  //===--------------------------------------------------------------------===//
  // Control flow
  //===--------------------------------------------------------------------===//

  template <class Body>
  void in(mlir::Block *block, Body body) {
    mlir::OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(block);
    body();
  }
  template <class Body>
  void when(Value condition, Body body) {
    auto ifOp =
        mlir::scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
    in(ifOp.thenBlock(), body);
  }
  template <class Then, class Else>
  void when(Value condition, Then then, Else otherwise) {
    auto ifOp =
        mlir::scf::IfOp::create(*this, condition, /*withElseRegion=*/true);
    in(ifOp.thenBlock(), then);
    in(ifOp.elseBlock(), otherwise);
  }
  /// Runs `body` while `condition`; both get the carried values, and `body`
  /// returns the next ones. Returns the last.
  SmallVector<Value>
  emitWhile(ValueRange initial, llvm::function_ref<Value(ValueRange)> condition,
            llvm::function_ref<SmallVector<Value>(ValueRange)> body);
  /// A loop over the numbers from `first` to before `end`.
  mlir::scf::ForOp forLoop(int64_t first, Value end, ValueRange initial = {});
  /// Runs `body` in one warp of a warpgroup.
  template <class Body>
  void inWarp(int64_t number, Body body) {
    when(isWarp(number), body);
  }
  Value isWarp(int64_t number);
  /// The thread's number in its warp.
  Value lane();
  /// Whether this is thread 0 of the CTA.
  Value isFirstThread();

  //===--------------------------------------------------------------------===//
  // Fragments and MMA
  //===--------------------------------------------------------------------===//

  spattn_gpu::AccumulatorType accType(int64_t columns);
  Type rowsType() { return spattn_gpu::RowsType::get(getContext()); }
  Value fillRows(float value);
  Value fillAcc(int64_t columns, float value);
  /// Computes each element from those at its place.
  Value map(ValueRange operands, Type type,
            llvm::function_ref<Value(ValueRange)> body);
  Value scaleRows(Value acc, Value factors);
  /// The products of elements at the same place.
  Value multiply(Value lhs, Value rhs);
  /// Starts an MMA of `columns` columns; `lhs` is a tile, of which `lhsBlock`
  /// is the row block, or an operand in registers.
  Value mma(Value lhs, Value lhsBlock, Value rhs, Value acc, bool transposed,
            int64_t columns, bool lhsTransposed = false);
  void fence() { spattn_gpu::MmaFenceOp::create(*this); }
  void commit() { spattn_gpu::MmaCommitOp::create(*this); }
  /// Passes `values` on when at most `pending` MMA groups are under way, and
  /// `after` is known.
  ValueRange wait(int64_t pending, ValueRange values, Value after = Value());
  Value toOperand(Value acc);

  //===--------------------------------------------------------------------===//
  // Barriers and loads
  //===--------------------------------------------------------------------===//

  /// One lane of each warp arrives.
  void arrive(Value barrier);
  /// The same after all lanes have read shared memory themselves.
  void arriveAfterReads(Value barrier);
  void await(Value barrier, Value parity) {
    spattn_gpu::BarrierWaitOp::create(*this, barrier, parity);
  }
  using Eviction = std::optional<spattn_gpu::Eviction>;
  /// Starts a TMA load of rows of a head.
  void load(Value map, Value row, Value head, Value batch, Value tile,
            Value barrier, Eviction eviction = {});
  /// All threads of the CTA meet.
  void syncThreads(int64_t threads) {
    spattn_gpu::NamedBarrierSyncOp::create(*this, 0, Value(), threads);
  }

  /// The algebra's arithmetic, at the insertion point.
  IndexOps ops;
  const Type element;
  /// The thread's number in its CTA, the CTA's number, and how many there are.
  /// Set by KernelSignature::begin.
  Value thread, cta, ctas;
  /// Shared memory: set by SharedLayout::allocate.
  SmallVector<Value> allocations;
};

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_SPATTNTOSPATTNGPU_PARTS_KERNELBUILDER_H
