//===- BufferView.cpp - A strided array in memory -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/BufferView.h"

using namespace spattn;

BufferView BufferView::contiguous(void *data, runtime::ElementType elementType,
                                  llvm::ArrayRef<int64_t> sizes) {
  BufferView view{data, elementType, {}, {}};
  view.sizes.assign(sizes.begin(), sizes.end());
  view.strides.resize(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    view.strides[i] = stride;
    stride *= sizes[i];
  }
  return view;
}

int64_t BufferView::getNumElements() const {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}
