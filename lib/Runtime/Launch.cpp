//===- Launch.cpp - What a caller passes to a kernel ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Launch.h"

#include <algorithm>

using namespace spattn::runtime;

// A rank beyond kMaxRank is kept, to be refused by the check of the rank.
OperandView::OperandView(cuda::DevicePtr address,
                         std::initializer_list<int64_t> sizes,
                         std::initializer_list<int64_t> strides)
    : address(address), rank(unsigned(sizes.size())) {
  std::copy_n(sizes.begin(), std::min<size_t>(rank, kMaxRank), this->sizes);
  std::copy_n(strides.begin(), std::min<size_t>(strides.size(), kMaxRank),
              this->strides);
}

OperandView::OperandView(cuda::DevicePtr address,
                         std::initializer_list<int64_t> sizes)
    : OperandView(address, sizes, {}) {
  uint64_t stride = 1;
  for (unsigned i = std::min(rank, kMaxRank); i-- > 0;) {
    strides[i] = int64_t(stride);
    stride *= uint64_t(this->sizes[i]);
  }
}
