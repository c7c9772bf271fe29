//===- ClassOperand.cpp - Operands of residue classes ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ClassOperand.h"

using namespace spattn::torch_ops;

ClassOperand spattn::torch_ops::getPart(const Operand &x, const Heads &heads,
                                        int64_t modulus, Form form,
                                        int64_t entry, int64_t residue) {
  ClassOperand part;
  part.operand = x;
  part.offset = heads.first * x.strides[1];
  auto set = [&](int dim, int64_t size, int64_t stride) {
    part.sizes[dim] = size, part.strides[dim] = stride;
  };
  set(1, 1, 0);
  set(2, heads.count, x.strides[1]);
  set(3, x.sizes[2] / modulus, x.strides[2] * modulus);
  switch (form) {
  case Form::BatchIsHeads:
    set(0, modulus, x.strides[2]);
    set(1, x.sizes[0], x.strides[0]);
    break;
  case Form::ClassIsHeads:
    set(0, x.sizes[0], x.strides[0]);
    set(1, modulus, x.strides[2]);
    break;
  case Form::OneEntry:
    set(0, modulus, x.strides[2]);
    part.offset += entry * x.strides[0];
    break;
  case Form::OneClass:
    set(0, x.sizes[0], x.strides[0]);
    part.offset += residue * x.strides[2];
    break;
  }
  return part;
}
