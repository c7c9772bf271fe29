//===- PostprocessKernel.cpp - The kernel after dK and dV -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QueryRows.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kThreads = spattn_gpu::kWarpgroupThreads;
static constexpr int64_t kCtasPerSm = 4;

PostprocessLayout::PostprocessLayout(const BackwardConfig &config) {
  gradientTile = shared.tiles(1, kRowsOfGroup, config.headDim);
}

void spattn::buildPostprocessKernel(OpBuilder &builder, AttentionBackwardOp op,
                                    StringRef name,
                                    const BackwardConfig &config,
                                    KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(),
                  cast<ShapedType>(op.getQuery().getType()).getElementType());
  PostprocessLayout layout(config);
  KernelSignature signature(program);
  auto dqMap = signature.tensorMap("dq", kRowsOfGroup);
  KernelSignature::Strided dq;
  dq.pointer = signature.buffer("dq");
  auto sums = signature.scratch("dq_sums");
  auto counter = signature.scratch("counter");
  SequenceArguments sequenceArguments(signature, op);
  auto scale = signature.f32("scale");
  dq.strides = signature.strides("dq");

  signature.begin(b, name, {kThreads, kCtasPerSm});
  layout.shared.allocate(b);
  ScoreModifier modifier(b, signature.get(scale));
  QueryRows rows(b, op, config, sequenceArguments.get(b, signature));
  rows.locateCta();
  Value any = rows.seesKeys();
  // If no CTA came to add to a query tile, there is nothing in it.
  if (config.claimsSums) {
    Value count = LLVM::LoadOp::create(b, b.getI32Type(),
                                       rows.semaphore(signature.get(counter)));
    any = arith::AndIOp::create(
        b, any, b.compare(arith::CmpIPredicate::ne, count, b.i32(0)));
  }
  b.when(
      any,
      [&] {
        Value zero = b.asIndex(b.i32(0));
        for (int64_t chunk = 0; chunk < config.headDim / kRowsOfGroup;
             ++chunk) {
          Value elements = b.i32(chunk * kSumsWords);
          Value sum = spattn_gpu::LoadFragmentOp::create(
              b, b.accType(kRowsOfGroup),
              b.pointer(rows.sums(signature.get(sums)), elements,
                        b.getF32Type()));
          Value number = b.i32(chunk);
          Value tile = layout.gradientTile.chunk(b, b.i32(0), number);
          spattn_gpu::WriteOp::create(b, modifier.chain(sum), tile, zero);
        }
        spattn_gpu::AsyncProxyFenceOp::create(b);
        b.syncThreads(kThreads);
        b.inWarp(0, [&] {
          Value batch = b.asIndex(rows.batch);
          Value head = b.asIndex(rows.head);
          Value first = b.asIndex(rows.first);
          rows.storeTile(layout.gradientTile, signature.get(b, dq), [&] {
            spattn_gpu::StoreTileOp::create(b, layout.gradientTile.at(b),
                                            signature.get(dqMap), first, head,
                                            batch);
            spattn_gpu::StoreWaitOp::create(b);
          });
        });
      },
      [&] { rows.emitEmptyRows(signature.get(b, dq), kThreads / 32); });
  signature.end(b, layout.shared.total(), /*persistent=*/-1,
                rowCtas(program, op, config));
}
