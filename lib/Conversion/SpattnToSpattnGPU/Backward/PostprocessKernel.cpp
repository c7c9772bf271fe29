//===- PostprocessKernel.cpp - The kernel after dK and dV -----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DqRounding.h"

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
  auto sums = signature.scratch("dq_sums");
  auto counter = signature.scratch("counter");
  DqRoundingArguments arguments(signature, config, sums, counter);
  SequenceArguments sequenceArguments(signature, op);
  auto scale = signature.f32("scale");
  arguments.addStrides(signature);

  signature.begin(b, name, {kThreads, kCtasPerSm});
  layout.shared.allocate(b);
  ScoreModifier modifier(b, signature.get(scale));
  DqRounding(b, op, config, signature, arguments,
             sequenceArguments.get(b, signature), modifier)
      .emitCta(layout.gradientTile);
  signature.end(b, layout.shared.total(), /*persistent=*/-1,
                rowCtas(program, op, config));
}
