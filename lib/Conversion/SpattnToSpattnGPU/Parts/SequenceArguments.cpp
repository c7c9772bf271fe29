//===- SequenceArguments.cpp - Where kernels learn of sequences -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelSignature.h"

using namespace mlir;
using namespace spattn;

SequenceArguments::SequenceArguments(KernelSignature &signature,
                                     AttentionOpInterface op)
    : op(op), batches(signature.i32("batch")),
      queryLength(signature.i32("queryLength")),
      keyLength(signature.i32(op.hasPages() ? "tablePages" : "keyLength")) {
  if (op.hasPages())
    pages = signature.i32("poolPages");
  if (!op.hasSequences())
    return;
  count = signature.i32("sequences");
  for (const AttentionOperand &operand : op.getAttentionOperands()) {
    if (operand->getExtent(Dim::Length) != Extent::Sequences)
      continue;
    auto pointer = signature.buffer(operand->buffer);
    auto batchStride = signature.stride(operand->buffer, "b");
    auto stride = signature.stride(operand->buffer, "n");
    ends[operand->kind] = Ends{pointer, batchStride, stride};
  }
}

SequenceInfo SequenceArguments::get(KernelBuilder &b,
                                    const KernelSignature &signature) const {
  SequenceInfo sequence{signature.get(batches), signature.get(queryLength),
                        signature.get(keyLength), nullptr};
  if (pages) {
    // Through the tensor map of an empty pool nothing may be loaded.
    AttentionOpInterface attention = op;
    Value zero = b.i32(0), rows = b.i32(attention.getPageSize());
    Value isEmpty =
        b.compare(arith::CmpIPredicate::eq, signature.get(*pages), zero);
    Value length = b.mul(sequence.keyLength, rows);
    sequence.keyLength = arith::SelectOp::create(b, isEmpty, zero, length);
  }
  if (!count)
    return sequence;
  // Parts hold what they are made of: copies.
  auto load = [&b, signature, ends = ends](OperandKind kind, Value batch,
                                           Value s) -> Value {
    const Ends &array = *ends[kind];
    Value apart = b.asIndex(signature.get(array.stride));
    Value inBatch = b.mul(b.asIndex(s), apart);
    Value batchesApart = b.asIndex(signature.get(array.batchStride));
    Value toBatch = b.mul(b.asIndex(batch), batchesApart);
    Value address = b.pointer(signature.get(array.pointer),
                              b.add(toBatch, inBatch), b.getI32Type());
    return LLVM::LoadOp::create(b, b.getI32Type(), address);
  };
  sequence.sequences = std::make_shared<Sequences>(
      b, b.ops, op, b.ops.wrap(sequence.queryLength),
      b.ops.wrap(sequence.keyLength), b.ops.wrap(signature.get(*count)), load);
  return sequence;
}
