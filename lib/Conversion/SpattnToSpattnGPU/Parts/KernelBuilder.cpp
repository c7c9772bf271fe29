//===- KernelBuilder.cpp - An op builder for kernels ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value KernelBuilder::i32(int64_t value) {
  return arith::ConstantOp::create(*this, getI32IntegerAttr(value));
}

Value KernelBuilder::asIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  return arith::IndexCastOp::create(*this, getIndexType(), value);
}

Value KernelBuilder::f32(float value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}

Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value lhs,
                             Value rhs) {
  return arith::CmpIOp::create(*this, predicate, lhs, rhs);
}

Value KernelBuilder::add(Value lhs, Value rhs) {
  return arith::AddIOp::create(*this, lhs, rhs);
}

Value KernelBuilder::sub(Value lhs, Value rhs) {
  return arith::SubIOp::create(*this, lhs, rhs);
}

Value KernelBuilder::mul(Value lhs, Value rhs) {
  return arith::MulIOp::create(*this, lhs, rhs);
}

Value KernelBuilder::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(*this, x, y, z);
}

Value KernelBuilder::pointer(Value base, Value elements, Type type) {
  Value position =
      arith::IndexCastOp::create(*this, getI64Type(), asIndex(elements));
  return LLVM::GEPOp::create(*this, base.getType(), type, base,
                             ArrayRef<LLVM::GEPArg>{position});
}

Value KernelBuilder::asNumber(Value truth) {
  return arith::ExtUIOp::create(*this, getI32Type(), truth);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

llvm::SmallVector<Value> KernelBuilder::emitWhile(
    ValueRange initial, function_ref<Value(ValueRange)> condition,
    function_ref<llvm::SmallVector<Value>(ValueRange)> body) {
  llvm::SmallVector<Type> types(initial.getTypes());
  llvm::SmallVector<Location> locs(types.size(), getLoc());
  auto loop = scf::WhileOp::create(*this, types, initial);
  OpBuilder::InsertionGuard guard(*this);
  Block *before = createBlock(&loop.getBefore(), {}, types, locs);
  scf::ConditionOp::create(*this, condition(before->getArguments()),
                           before->getArguments());
  Block *after = createBlock(&loop.getAfter(), {}, types, locs);
  scf::YieldOp::create(*this, body(after->getArguments()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

scf::ForOp KernelBuilder::forLoop(int64_t first, Value end,
                                  ValueRange initial) {
  Value step = i32(1);
  return scf::ForOp::create(*this, i32(first), end, step, initial);
}

Value KernelBuilder::isWarp(int64_t number) {
  Value warp = arith::DivUIOp::create(*this, thread, i32(32));
  return compare(arith::CmpIPredicate::eq, warp, i32(number));
}

Value KernelBuilder::lane() {
  return arith::AndIOp::create(*this, thread, i32(31));
}

Value KernelBuilder::isFirstThread() {
  return compare(arith::CmpIPredicate::eq, thread, i32(0));
}

//===----------------------------------------------------------------------===//
// Fragments and MMA
//===----------------------------------------------------------------------===//

spattn_gpu::AccumulatorType KernelBuilder::accType(int64_t columns) {
  return spattn_gpu::AccumulatorType::get(
      getContext(), spattn_gpu::kFragmentRows, columns, getF32Type());
}

Value KernelBuilder::fillRows(float value) {
  return spattn_gpu::FillOp::create(*this, rowsType(), f32(value));
}

Value KernelBuilder::fillAcc(int64_t columns, float value) {
  return spattn_gpu::FillOp::create(*this, accType(columns), f32(value));
}

Value KernelBuilder::map(ValueRange operands, Type type,
                         function_ref<Value(ValueRange)> body) {
  auto mapOp = spattn_gpu::MapOp::create(*this, type, operands);
  llvm::SmallVector<Type> types(operands.size(), getF32Type());
  llvm::SmallVector<Location> locs(operands.size(), getLoc());
  OpBuilder::InsertionGuard guard(*this);
  Block *block = createBlock(&mapOp.getBody(), {}, types, locs);
  Value result = body(block->getArguments());
  spattn_gpu::YieldOp::create(*this, ValueRange{result});
  return mapOp.getResult();
}

Value KernelBuilder::scaleRows(Value acc, Value factors) {
  return map({acc, factors}, acc.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(*this, x[0], x[1]);
  });
}

Value KernelBuilder::multiply(Value lhs, Value rhs) {
  return map({lhs, rhs}, lhs.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(*this, x[0], x[1]);
  });
}

Value KernelBuilder::mma(Value lhs, Value lhsBlock, Value rhs, Value acc,
                         bool transposed, int64_t columns, bool lhsTransposed) {
  return spattn_gpu::MmaOp::create(*this, accType(columns), lhs,
                                   lhsBlock ? asIndex(lhsBlock) : Value(), rhs,
                                   acc, transposed, lhsTransposed);
}

ValueRange KernelBuilder::wait(int64_t pending, ValueRange values,
                               Value after) {
  return spattn_gpu::MmaWaitOp::create(*this, values.getTypes(), pending,
                                       values, after)
      .getResults();
}

Value KernelBuilder::toOperand(Value acc) {
  auto type = spattn_gpu::OperandType::get(
      getContext(), spattn_gpu::kFragmentRows,
      cast<spattn_gpu::AccumulatorType>(acc.getType()).getColumns(), element);
  return spattn_gpu::ToOperandOp::create(*this, type, acc);
}

//===----------------------------------------------------------------------===//
// Barriers and loads
//===----------------------------------------------------------------------===//

void KernelBuilder::arrive(Value barrier) {
  Value zero = i32(0);
  Value isFirstLane = compare(arith::CmpIPredicate::eq, lane(), zero);
  spattn_gpu::BarrierArriveOp::create(*this, barrier, isFirstLane);
}

void KernelBuilder::arriveAfterReads(Value barrier) {
  Value all = arith::ConstantOp::create(*this, getI32IntegerAttr(-1));
  NVVM::SyncWarpOp::create(*this, all);
  arrive(barrier);
}

void KernelBuilder::load(Value map, Value row, Value head, Value batch,
                         Value tile, Value barrier, Eviction eviction) {
  Value batchIndex = asIndex(batch);
  Value headIndex = asIndex(head);
  Value rowIndex = asIndex(row);
  spattn_gpu::EvictionAttr evict;
  if (eviction)
    evict = spattn_gpu::EvictionAttr::get(getContext(), *eviction);
  spattn_gpu::LoadOp::create(*this, map, rowIndex, headIndex, batchIndex, tile,
                             barrier, evict);
}
