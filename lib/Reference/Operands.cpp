//===- Operands.cpp - Operands of an attention in memory ------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

using namespace mlir;
using namespace spattn;
using llvm::Error;

Error spattn::checkOperand(const AttentionProblem &problem,
                           const OperandSizes &expected, bool hasWidth) {
  const BufferView &view = expected.view;
  size_t rank = hasWidth ? 4 : 3;
  if (view.sizes.size() != rank || view.strides.size() != rank)
    return llvm::createStringError("'" + expected.name + "' has rank " +
                                   Twine(view.sizes.size()) + ", expected " +
                                   Twine(rank));
  if (!view.elementType || !isFloatElement(view.elementType))
    return llvm::createStringError(
        "'" + expected.name +
        "' has an unsupported element type; supported are f16, bf16, f32 and "
        "f64");
  std::tuple<char, StringRef, int64_t> dims[] = {
      {'b', "batch size", expected.batch},
      {'h', "number of heads", expected.heads},
      {'n', "length", expected.length},
      {'d', "head dimension", expected.width}};
  for (auto [name, what, size] : dims) {
    if (name == 'd' && !hasWidth)
      continue;
    unsigned dim = hasWidth ? problem.getDim(name) : problem.getLseDim(name);
    if (view.sizes[dim] != size)
      return llvm::createStringError("'" + expected.name + "' has a " + what +
                                     " of " + Twine(view.sizes[dim]) +
                                     ", expected " + Twine(size));
  }
  if (!view.data && !llvm::is_contained(view.sizes, 0))
    return llvm::createStringError("'" + expected.name + "' has no data");
  return Error::success();
}

ElementRow spattn::getRow(const AttentionProblem &problem,
                          const BufferView &view, int64_t b, int64_t h,
                          int64_t n) {
  bool hasWidth = view.sizes.size() == 4;
  auto stride = [&](char name) {
    return view
        .strides[hasWidth ? problem.getDim(name) : problem.getLseDim(name)];
  };
  int64_t offset = b * stride('b') + h * stride('h') + n * stride('n');
  int64_t bytes = view.elementType.getIntOrFloatBitWidth() / 8;
  return {static_cast<char *>(view.data) + offset * bytes, view.elementType,
          hasWidth ? stride('d') : 0};
}
