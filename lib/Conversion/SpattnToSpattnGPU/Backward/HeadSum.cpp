//===- HeadSum.cpp - Sums over the rows of a head -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadSum.h"

using namespace mlir;
using namespace spattn;

spattn_gpu::FormulaAttr HeadSum::bytes(KernelProgram &program,
                                       AttentionBackwardOp op) {
  return program.constant(4 * kThreads * op.getNumQueryHeads());
}

Value HeadSum::part(Value part) {
  Value ofHead = b.mul(b.cta, b.i32(kThreads));
  return b.pointer(scratch, b.asIndex(b.add(ofHead, part)), b.getF32Type());
}

Value HeadSum::sum(Value first, Value end, Value step,
                   llvm::function_ref<Value(Value)> value) {
  auto loop = scf::ForOp::create(b, first, end, step, ValueRange{b.f32(0)});
  b.in(loop.getBody(), [&] {
    Value term = value(loop.getInductionVar());
    Value next = arith::AddFOp::create(b, loop.getRegionIterArg(0), term);
    scf::YieldOp::create(b, ValueRange{next});
  });
  return loop.getResult(0);
}

void HeadSum::emit(
    Value rows, llvm::function_ref<Value(Value)> term,
    llvm::function_ref<void(llvm::function_ref<Value()>)> store) {
  Value own = sum(b.thread, rows, b.i32(kThreads), term);
  LLVM::StoreOp::create(b, own, part(b.thread));
  b.syncThreads(kThreads);

  // The thread's number is also that of its share of the parts.
  Value share = b.i32(kParts), one = b.i32(1);
  auto isBelow = [&](int64_t end) {
    return b.compare(arith::CmpIPredicate::ult, b.thread, b.i32(end));
  };
  auto loadPart = [&](Value number) -> Value {
    return LLVM::LoadOp::create(b, b.getF32Type(), part(number));
  };
  Value first = b.mul(b.thread, share);
  auto shares = scf::IfOp::create(b, TypeRange{b.getF32Type()}, isBelow(kParts),
                                  /*withElseRegion=*/true);
  b.in(shares.thenBlock(), [&] {
    Value found = sum(first, b.add(first, share), one, loadPart);
    scf::YieldOp::create(b, ValueRange{found});
  });
  b.in(shares.elseBlock(),
       [&] { scf::YieldOp::create(b, ValueRange{b.f32(0)}); });
  b.syncThreads(kThreads);
  b.when(isBelow(kParts), [&] {
    LLVM::StoreOp::create(b, shares.getResult(0), part(b.thread));
  });
  b.syncThreads(kThreads);
  b.when(b.isFirstThread(),
         [&] { store([&] { return sum(b.i32(0), share, one, loadPart); }); });
}
