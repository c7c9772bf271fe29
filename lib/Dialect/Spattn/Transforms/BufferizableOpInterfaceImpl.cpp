//===- BufferizableOpInterfaceImpl.cpp - Bufferization of attention -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "spattn/Dialect/Spattn/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace spattn;

namespace {
template <class AttentionLikeOp>
struct AttentionBufferization
    : public DstBufferizableOpInterfaceExternalModel<
          AttentionBufferization<AttentionLikeOp>, AttentionLikeOp> {
  // Destinations are overwritten, never read.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto attention = cast<AttentionLikeOp>(op);
    SmallVector<Value> buffers;
    SmallVector<Value> results;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType())) {
        buffers.push_back(operand.get());
        continue;
      }
      FailureOr<Value> buffer =
          getBuffer(rewriter, operand.get(), options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
      if (attention.isDpsInit(&operand))
        results.push_back(*buffer);
    }
    rewriter.setInsertionPoint(op);
    OperationState newOp(op->getLoc(), op->getName());
    newOp.addOperands(buffers);
    newOp.addAttributes(op->getAttrs());
    newOp.propertiesAttr = op->getPropertiesAsAttribute();
    for (Region &region : op->getRegions())
      newOp.addRegion()->takeBody(region);
    rewriter.create(newOp);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};
} // namespace

void spattn::registerBufferizableOpInterfaceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SpattnDialect *) {
    AttentionOp::attachInterface<AttentionBufferization<AttentionOp>>(*context);
    AttentionBackwardOp::attachInterface<
        AttentionBufferization<AttentionBackwardOp>>(*context);
    GatherRowsOp::attachInterface<AttentionBufferization<GatherRowsOp>>(
        *context);
    HashRowsOp::attachInterface<AttentionBufferization<HashRowsOp>>(*context);
    SumRowsOp::attachInterface<AttentionBufferization<SumRowsOp>>(*context);
    MergeOp::attachInterface<AttentionBufferization<MergeOp>>(*context);
    MergeBackwardOp::attachInterface<AttentionBufferization<MergeBackwardOp>>(
        *context);
    LaunchOp::attachInterface<AttentionBufferization<LaunchOp>>(*context);
  });
}
