//===- Tensors.h - Tensors of torch as operands of kernels ------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_TENSORS_H
#define SPATTN_LIB_TORCH_TENSORS_H

#include "spattn-c/Kernel.h"
#include "torch/csrc/stable/tensor.h"

#include <memory>

namespace spattn {
namespace torch_ops {

using torch::stable::Tensor;

/// A device, as torch numbers them.
struct Device {
  static Device of(const Tensor &tensor);

  bool isGpu() const { return type != aoti_torch_device_type_cpu(); }
  bool operator==(const Device &other) const {
    return type == other.type && index == other.index;
  }

  int32_t type = 0, index = 0;
};

/// Where a call's tensors are, and the stream that it goes into. Their device
/// is the current one as long as this lives.
class Place {
public:
  explicit Place(const Device &device);

  const Device device;
  /// A cudaStream_t; null on a CPU.
  void *stream = nullptr;

private:
  std::unique_ptr<torch::stable::accelerator::DeviceGuard> guard;
};

/// Which dimension of an operator's tensors is which.
enum class Layout { BHND, BNHD };

/// A tensor as kernels see it: batch, heads, length and, but for what is one
/// number a query, head dimension. Strides are in elements.
struct Operand {
  Tensor tensor;
  void *data = nullptr;
  SpattnElementType element = SpattnElementF32;
  /// Of `tensor`; sizes and strides are in the kernels' order.
  Layout layout = Layout::BHND;
  uint32_t rank = 0;
  int64_t sizes[4] = {}, strides[4] = {};

  /// A tensor of 4 dimensions in the layout. `name` is for messages.
  static Operand ofRows(const Tensor &tensor, Layout layout, const char *name);
  /// One of batch, heads, length, of f32.
  static Operand ofNumbers(const Tensor &tensor, const char *name);

  /// Whether the heads of a query lie beside each other, and not the queries of
  /// a head.
  bool hasInnerHeads() const { return strides[1] < strides[2]; }

  /// Copies the tensor if its strides or its address are some that kernels
  /// cannot read from: an innermost stride that is not 1, or on a GPU rows that
  /// TMA cannot load.
  void makeReadable(const Device &device);
};

/// A new tensor without gaps of the sizes of `like`, but for the head
/// dimension, in its layout and with its order of heads and queries in memory.
Operand makeRowsLike(const Operand &like, int64_t dim, const Device &device);
/// A new, contiguous tensor of f32: a number for each query of `like`.
Operand makeNumbersLike(const Operand &like, const Device &device);

/// Memory for `bytes` bytes at a multiple of `alignment`, as long as the tensor
/// lives.
Tensor makeScratch(size_t bytes, size_t alignment, const Device &device,
                   void *&address);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_TENSORS_H
