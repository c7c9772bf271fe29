//===- CheckLowered.cpp - What is not in the LLVM dialect -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/CheckLowered/CheckLowered.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/SpattnCPU/IR/SpattnCPU.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNCHECKLOWERED
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;

/// Whether an operation is one of the levels above the LLVM dialect.
static bool isOfUpperLevel(Operation *op) {
  return isa_and_nonnull<
      spattn::SpattnDialect, spattn::spattn_cpu::SpattnCPUDialect,
      affine::AffineDialect, arith::ArithDialect,
      bufferization::BufferizationDialect, cf::ControlFlowDialect,
      func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
      memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect,
      vector::VectorDialect>(op->getDialect());
}

LogicalResult spattn::checkLowered(Operation *root) {
  SmallVector<Operation *> casts;
  bool isLowered = true;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isOfUpperLevel(op)) {
      op->emitOpError("has no lowering to the LLVM dialect for a CPU");
      isLowered = false;
    } else if (isa<UnrealizedConversionCastOp>(op)) {
      casts.push_back(op);
    }
    // Modules for other devices are not compiled here.
    return op->hasTrait<OpTrait::SymbolTable>() && !isa<ModuleOp>(op)
               ? WalkResult::skip()
               : WalkResult::advance();
  });
  // What stands around casts says more than they do.
  if (isLowered)
    for (Operation *cast : casts) {
      cast->emitOpError("is left where a value of type ")
          << cast->getOperandTypes().front()
          << " meets an operation that has no lowering to the LLVM dialect "
             "for a CPU";
      isLowered = false;
    }
  return success(isLowered);
}

namespace {
struct SpattnCheckLoweredPass
    : public spattn::impl::SpattnCheckLoweredBase<SpattnCheckLoweredPass> {
  void runOnOperation() override {
    if (failed(spattn::checkLowered(getOperation())))
      signalPassFailure();
  }
};
} // namespace
