//===- Tensors.h - torch tensors as kernel operands -------------*- C++ -*-===//
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

/// A device: torch's device type and index.
struct Device {
  static Device of(const Tensor &tensor);

  bool isGpu() const { return type != aoti_torch_device_type_cpu(); }
  bool operator==(const Device &other) const {
    return type == other.type && index == other.index;
  }

  int32_t type = 0, index = 0;
};

/// The device of a call's tensors, and its current stream. Makes the device
/// current during its lifetime.
class Place {
public:
  explicit Place(const Device &device);

  const Device device;
  /// A cudaStream_t; null on a CPU.
  void *stream = nullptr;

private:
  std::unique_ptr<torch::stable::accelerator::DeviceGuard> guard;
};

/// The order of the dimensions of an operator's tensors.
enum class Layout { BHND, BNHD };

/// A tensor in the order of kernels: batch, heads, length and, except for the
/// log-sum-exp and its gradient, head dimension. Strides are in elements.
struct Operand {
  Tensor tensor;
  void *data = nullptr;
  SpattnElementType element = SpattnElementF32;
  /// The layout of `tensor`. `sizes` and `strides` are in the kernels' order.
  Layout layout = Layout::BHND;
  uint32_t rank = 0;
  int64_t sizes[4] = {}, strides[4] = {};

  /// An operand of 4 dimensions in `layout`. `name` is for error messages.
  static Operand ofRows(const Tensor &tensor, Layout layout, const char *name);
  /// An operand of (batch, heads, length) in f32.
  static Operand ofNumbers(const Tensor &tensor, const char *name);
  /// Numbers of heads in f32: one for each, or with a rank of 2 a row.
  static Operand ofHeads(const Tensor &tensor, uint32_t rank, const char *name);
  /// One of (batch, sequences), of i32.
  static Operand ofSequences(const Tensor &tensor, const char *name);
  /// One of (batch, heads, length), of i32.
  static Operand ofPositions(const Tensor &tensor, const char *name);
  /// Lists of tiles, of i32: (batch, heads, query tiles), and with a rank of 4
  /// the entries of each.
  static Operand ofLists(const Tensor &tensor, uint32_t rank, const char *name);

  /// Whether the heads of a query are adjacent in memory, and not the queries
  /// of a head.
  bool hasInnerHeads() const { return strides[1] < strides[2]; }

  /// Copies the tensor if kernels cannot read it: if its innermost stride is
  /// not 1 or, on a GPU, if TMA does not support its address or strides.
  void makeReadable(const Device &device);
};

/// Allocates a dense tensor with the sizes of `like` except for the head
/// dimension `dim`, in the same layout and memory order.
Operand makeRowsLike(const Operand &like, int64_t dim, const Device &device);
/// Allocates a contiguous tensor with so many rows of a head of `like`.
Operand makeRows(const Operand &like, int64_t length, const Device &device);
/// The same of so many i32 a row.
Operand makeIntegers(const Operand &like, int64_t count, const Device &device);
/// Allocates a contiguous f32 tensor with one number per query of `like`.
Operand makeNumbersLike(const Operand &like, const Device &device);
/// A new tensor of f32 with a number for each of so many heads.
Operand makeHeads(int64_t heads, const Device &device);
/// The same with `width` numbers for each.
Operand makeHeads(int64_t heads, int64_t width, const Device &device);

/// The same memory with other sizes and strides, `offset` elements on.
Tensor viewOf(const Tensor &tensor, uint32_t rank, const int64_t *sizes,
              const int64_t *strides, int64_t offset);
/// In the order of the device's stream.
void copyTensor(const Tensor &to, const Tensor &from);
void addTensor(const Tensor &to, const Tensor &summand);
void fillTensor(const Tensor &tensor, double value);

/// Allocates a scratch buffer, which the returned tensor owns. `address` is its
/// aligned start.
Tensor makeScratch(size_t bytes, size_t alignment, const Device &device,
                   void *&address);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_TENSORS_H
