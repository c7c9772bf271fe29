//===- BiasKernel.cpp - The kernel of gradients by slopes and biases ------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// It adds up what the query kernel has left for the rows of each head
// (BiasSums.h), and writes what there is for each distance. It reads up to
// three numbers a row, so that one CTA a head is fast enough.
//
//===----------------------------------------------------------------------===//

#include "BiasSums.h"
#include "HeadSum.h"

using namespace mlir;
using namespace spattn;

static constexpr int64_t kThreads = HeadSum::kThreads;

namespace {
class BiasKernel {
public:
  BiasKernel(OpBuilder &builder, AttentionBackwardOp op,
             const BackwardConfig &config, KernelProgram &program)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getQuery().getType()).getElementType()),
        op(op), config(config), program(program), signature(program),
        scratch(signature, op), parts(signature.scratch("dbias_parts")),
        sequenceArguments(signature, op) {
    if (op.getDalibiSlopes())
      slopes.emplace(signature, "dslopes");
    if (op.getDdistanceBias())
      biases.emplace(signature, "dbias");
  }

  void build(StringRef name);

private:
  /// Calls `store` in one thread with the sum over the rows of the head.
  void emitSum(KernelSignature::Argument numbers,
               llvm::function_ref<void(llvm::function_ref<Value()> sum)> store);
  /// Writes the sums of the head's biases.
  void copySums();
  /// Adds to the head's bias of an entry.
  void addTo(int64_t entry, Value number);
  Value bias(Value entry) {
    Value first = biases->address(b, b.cta);
    return b.pointer(first, b.asIndex(entry), b.getF32Type());
  }

  KernelBuilder b;
  AttentionBackwardOp op;
  const BackwardConfig &config;
  KernelProgram &program;
  KernelSignature signature;
  BiasScratch scratch;
  KernelSignature::Argument parts;
  SequenceArguments sequenceArguments;
  std::optional<HeadNumbers> slopes, biases;
  SequenceInfo sequence;
};
} // namespace

void BiasKernel::emitSum(
    KernelSignature::Argument numbers,
    llvm::function_ref<void(llvm::function_ref<Value()>)> store) {
  Value rows = b.mul(sequence.batches, sequence.queryLength);
  HeadSum(b, signature.get(parts))
      .emit(
          rows,
          [&](Value row) -> Value {
            Value batch = arith::DivUIOp::create(b, row, sequence.queryLength);
            Value query = arith::RemUIOp::create(b, row, sequence.queryLength);
            QueryRows place(b, op, config, sequence);
            place.locate(batch, b.cta, query);
            return LLVM::LoadOp::create(b, b.getF32Type(),
                                        place.scratch(signature.get(numbers)));
          },
          store);
  // The next one has its parts in the same place.
  b.syncThreads(kThreads);
}

void BiasKernel::copySums() {
  int64_t count = op.getNumDistances();
  Value end = b.i32(count);
  auto loop = scf::ForOp::create(b, b.thread, end, b.i32(kThreads));
  b.in(loop.getBody(), [&] {
    Value entry = loop.getInductionVar();
    Value ofHead = b.mul(b.cta, b.i32(count));
    Value source = b.pointer(signature.get(*scratch.sums),
                             b.asIndex(b.add(ofHead, entry)), b.getF32Type());
    Value sum = LLVM::LoadOp::create(b, b.getF32Type(), source);
    LLVM::StoreOp::create(b, sum, bias(entry));
  });
  b.syncThreads(kThreads);
}

void BiasKernel::addTo(int64_t entry, Value number) {
  Value address = bias(b.i32(entry));
  Value before = LLVM::LoadOp::create(b, b.getF32Type(), address);
  Value after = arith::AddFOp::create(b, before, number);
  LLVM::StoreOp::create(b, after, address);
}

void BiasKernel::build(StringRef name) {
  signature.begin(b, name, {kThreads, 1});
  sequence = sequenceArguments.get(b, signature);
  if (slopes)
    emitSum(*scratch.slopes, [&](llvm::function_ref<Value()> sum) {
      Value gradient = arith::NegFOp::create(b, sum());
      slopes->store(b, gradient, b.cta);
    });
  if (biases) {
    copySums();
    emitSum(*scratch.first,
            [&](llvm::function_ref<Value()> sum) { addTo(0, sum()); });
    emitSum(*scratch.last, [&](llvm::function_ref<Value()> sum) {
      addTo(op.getNumDistances() - 1, sum());
    });
  }
  signature.end(b, /*shared=*/0, /*persistent=*/-1,
                program.constant(op.getNumQueryHeads()));
}

void spattn::buildBiasKernel(OpBuilder &builder, AttentionBackwardOp op,
                             StringRef name, const BackwardConfig &config,
                             KernelProgram &program) {
  BiasKernel(builder, op, config, program).build(name);
}
