//===- PreprocessKernel.cpp - The kernel before dK and dV -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DqRounding.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kThreads = spattn_gpu::kWarpgroupThreads;
static constexpr int64_t kWarps = kThreads / 32;
static constexpr int64_t kCtasPerSm = 4;

PreprocessLayout::PreprocessLayout(const BackwardConfig &config) {
  outTile = shared.tiles(1, kRowsOfGroup, config.valueDim);
  doTile = shared.tiles(1, kRowsOfGroup, config.valueDim);
  loaded = shared.barriers(1, /*arrivals=*/2, /*loads=*/true);
}

/// Each warp clears its share of the rows' dQ.
static void clearSums(KernelBuilder &b, const BackwardConfig &config,
                      QueryRows &rows, Value sums) {
  int64_t share = kRowsOfGroup * config.headDim / kWarps, lines = 2;
  Value ofWarp = b.i32(share);
  Value before = b.mul(rows.warp(), ofWarp);
  Value start = b.pointer(rows.sums(sums), before, b.getF32Type());
  Value count = b.asIndex(b.i32(lines));
  Value stride = b.asIndex(b.i32(share / lines));
  spattn_gpu::StoreFillOp::create(b, b.f32(0), start, stride, count,
                                  share / lines);
}

void spattn::buildPreprocessKernel(OpBuilder &builder, AttentionBackwardOp op,
                                   StringRef name, const BackwardConfig &config,
                                   KernelProgram &program) {
  KernelBuilder b(builder, op.getLoc(),
                  cast<ShapedType>(op.getQuery().getType()).getElementType());
  PreprocessLayout layout(config);
  KernelSignature signature(program);
  auto outMap = signature.tensorMap("o", kRowsOfGroup);
  auto doMap = signature.tensorMap("do", kRowsOfGroup);
  LseArguments callerLse(signature, op);
  auto lse = signature.scratch("lse_start");
  auto delta = signature.scratch("delta_start");
  auto sums = signature.scratch("dq_sums");
  auto counter = signature.scratch("counter");
  std::optional<KernelSignature::Argument> headsDone;
  if (config.roundsDq)
    headsDone = signature.scratch("heads_done");
  SequenceArguments sequenceArguments(signature, op);
  callerLse.addStrides(signature);

  signature.begin(b, name, {kThreads, kCtasPerSm});
  layout.shared.allocate(b);
  startCounter(b, signature.get(counter));
  SequenceInfo sequence = sequenceArguments.get(b, signature);
  if (headsDone)
    DqRounding::emitStart(b, op, config, sequence, signature.get(*headsDone));
  QueryRows rows(b, op, config, sequence);
  b.when(rows.hasCta(), [&] {
    rows.locateCta();
    if (config.claimsSums)
      b.when(b.isFirstThread(), [&] {
        Value semaphore = rows.semaphore(signature.get(counter));
        LLVM::StoreOp::create(b, b.i32(0), semaphore);
      });
    b.when(
        rows.seesKeys(),
        [&] {
          initBarriers(b, layout.loaded, kThreads);
          Value outTile = layout.outTile.at(b), doTile = layout.doTile.at(b);
          Value loaded = layout.loaded.at(b);
          b.inWarp(0, [&] {
            b.load(signature.get(outMap), rows.first, rows.head, rows.batch,
                   outTile, loaded, spattn_gpu::Eviction::First);
            b.load(signature.get(doMap), rows.first, rows.head, rows.batch,
                   doTile, loaded);
          });
          if (!config.claimsSums)
            clearSums(b, config, rows, signature.get(sums));
          LseArrays caller = callerLse.get(b, signature);
          Value negatedLse = rows.negatedLse(caller.lse);
          rows.storeStart(signature.get(lse), negatedLse);
          b.await(loaded, b.i32(0));
          rows.storeStart(
              signature.get(delta),
              rows.deltaStart(outTile, doTile, caller.dlse, negatedLse));
        },
        [&] {
          // No probability is above 0.
          rows.storeStart(signature.get(lse), b.fillRows(kNegInf));
          rows.storeStart(signature.get(delta), b.fillRows(0));
        });
  });
  signature.end(b, layout.shared.total(), /*persistent=*/-1,
                startingCtas(program, op, config));
}
