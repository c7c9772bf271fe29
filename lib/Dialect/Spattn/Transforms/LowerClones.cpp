//===- LowerClones.cpp - Copies of buffers --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"

namespace spattn {
#define GEN_PASS_DEF_SPATTNLOWERCLONES
#include "spattn/Dialect/Spattn/Transforms/Passes.h.inc"
} // namespace spattn

using namespace mlir;

/// A contiguous buffer of the sizes of another one.
static Value allocateContiguous(ImplicitLocOpBuilder &b, Value source,
                                MemRefType type) {
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(memref::DimOp::create(b, source, i));
  return memref::AllocOp::create(b, type, sizes);
}

/// A buffer with the strides and the offset of another one, as long as those
/// reach.
static Value allocateStrided(ImplicitLocOpBuilder &b, Value source,
                             MemRefType type) {
  auto metadata = memref::ExtractStridedMetadataOp::create(b, source);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value extent = arith::AddIOp::create(b, metadata.getOffset(), one);
  for (auto [size, stride] :
       llvm::zip(metadata.getSizes(), metadata.getStrides())) {
    Value last = arith::SubIOp::create(b, size, one);
    extent = arith::AddIOp::create(b, extent,
                                   arith::MulIOp::create(b, last, stride));
  }
  // It is negative where a size is 0.
  extent = arith::MaxSIOp::create(b, extent, zero);
  auto line =
      MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  Value buffer = memref::AllocOp::create(b, line, extent);
  // Constants of the type fold into static sizes and strides.
  SmallVector<int64_t> strides;
  int64_t offset;
  (void)type.getStridesAndOffset(strides, offset);
  auto mix = [&](ArrayRef<int64_t> constants, ValueRange values) {
    SmallVector<OpFoldResult> mixed = getAsOpFoldResult(values);
    for (auto [entry, constant] : llvm::zip(mixed, constants))
      if (!ShapedType::isDynamic(constant))
        entry = b.getIndexAttr(constant);
    return mixed;
  };
  return memref::ReinterpretCastOp::create(
      b, type, buffer, mix(offset, metadata.getOffset()).front(),
      mix(type.getShape(), metadata.getSizes()),
      mix(strides, metadata.getStrides()));
}

static void lower(bufferization::CloneOp clone) {
  auto type = dyn_cast<MemRefType>(clone.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  // Upstream's conversion does what it can with the others.
  if (!type || type.getLayout().isIdentity() ||
      failed(type.getStridesAndOffset(strides, offset)))
    return;
  ImplicitLocOpBuilder b(clone.getLoc(), clone);
  Value source = clone.getInput();
  if (source.getType() != type)
    source = memref::CastOp::create(b, type, source);
  auto contiguous =
      MemRefType::get(type.getShape(), type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  Value copy = memref::CastOp::areCastCompatible(contiguous, type)
                   ? allocateContiguous(b, source, contiguous)
                   : allocateStrided(b, source, type);
  memref::CopyOp::create(b, source, copy);
  if (copy.getType() != type)
    copy = memref::CastOp::create(b, type, copy);
  clone.replaceAllUsesWith(copy);
  clone.erase();
}

namespace {
struct SpattnLowerClonesPass
    : public spattn::impl::SpattnLowerClonesBase<SpattnLowerClonesPass> {
  void runOnOperation() override {
    SmallVector<bufferization::CloneOp> clones;
    getOperation()->walk(
        [&](bufferization::CloneOp clone) { clones.push_back(clone); });
    for (bufferization::CloneOp clone : clones)
      lower(clone);
  }
};
} // namespace
