//===- Tensors.cpp - torch tensors as kernel operands ---------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"

#include "Errors.h"
#include "torch/csrc/stable/ops.h"

#include <algorithm>
#include <dlfcn.h>

using namespace spattn::torch_ops;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// torch's current stream of a GPU. Only CUDA builds of torch export the
/// function, so it is looked up at run time.
static void *getCudaStream(int32_t device) {
  using Function = AOTITorchError (*)(int32_t, void **);
  static const Function function = [] {
    void *library = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
    return reinterpret_cast<Function>(
        library ? dlsym(library, "aoti_torch_get_current_cuda_stream")
                : nullptr);
  }();
  if (!function)
    fail("this torch was built without CUDA, but got a tensor on a GPU");
  void *stream = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(function(device, &stream));
  return stream;
}

Device Device::of(const Tensor &tensor) {
  Device device;
  STABLE_TORCH_ERROR_CODE_CHECK(
      aoti_torch_get_device_type(tensor.get(), &device.type));
  STABLE_TORCH_ERROR_CODE_CHECK(
      aoti_torch_get_device_index(tensor.get(), &device.index));
  return device;
}

Place::Place(const Device &device) : device(device) {
  if (!device.isGpu())
    return;
  using namespace torch::stable::accelerator;
  if (getCurrentDeviceIndex() != device.index)
    guard = std::make_unique<DeviceGuard>(device.index);
  stream = getCudaStream(device.index);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static Operand read(const Tensor &tensor, uint32_t rank, const char *name) {
  int32_t type = 0;
  STABLE_TORCH_ERROR_CODE_CHECK(aoti_torch_get_dtype(tensor.get(), &type));
  Operand operand;
  operand.tensor = tensor;
  // Kernels do not write to inputs.
  operand.data = const_cast<void *>(tensor.const_data_ptr());
  operand.rank = rank;
  if (type == aoti_torch_dtype_float32())
    operand.element = SpattnElementF32;
  else if (type == aoti_torch_dtype_float16())
    operand.element = SpattnElementF16;
  else if (type == aoti_torch_dtype_bfloat16())
    operand.element = SpattnElementBF16;
  else if (type == aoti_torch_dtype_int32())
    operand.element = SpattnElementI32;
  else
    fail(name, ": expected float32, float16 or bfloat16");
  if (tensor.dim() != rank)
    fail(name, ": expected ", rank, " dimensions, got ", tensor.dim());
  auto sizes = tensor.sizes(), strides = tensor.strides();
  std::copy(sizes.begin(), sizes.end(), operand.sizes);
  std::copy(strides.begin(), strides.end(), operand.strides);
  return operand;
}

static void swapHeads(Operand &operand) {
  std::swap(operand.sizes[1], operand.sizes[2]);
  std::swap(operand.strides[1], operand.strides[2]);
}

Operand Operand::ofRows(const Tensor &tensor, Layout layout, const char *name) {
  Operand operand = read(tensor, 4, name);
  if (operand.element == SpattnElementI32)
    fail(name, ": expected float32, float16 or bfloat16");
  operand.layout = layout;
  if (layout == Layout::BNHD)
    swapHeads(operand);
  return operand;
}

static Operand readOf(SpattnElementType element, const Tensor &tensor,
                      uint32_t rank, const char *name) {
  Operand operand = read(tensor, rank, name);
  if (operand.element != element)
    fail(name, element == SpattnElementF32 ? ": expected float32"
                                           : ": expected int32");
  return operand;
}

Operand Operand::ofNumbers(const Tensor &tensor, const char *name) {
  return readOf(SpattnElementF32, tensor, 3, name);
}

Operand Operand::ofSequences(const Tensor &tensor, const char *name) {
  return readOf(SpattnElementI32, tensor, 2, name);
}

Operand Operand::ofPositions(const Tensor &tensor, const char *name) {
  return readOf(SpattnElementI32, tensor, 3, name);
}

Operand Operand::ofLists(const Tensor &tensor, uint32_t rank,
                         const char *name) {
  return readOf(SpattnElementI32, tensor, rank, name);
}

Operand Operand::ofHeads(const Tensor &tensor, uint32_t rank,
                         const char *name) {
  return readOf(SpattnElementF32, tensor, rank, name);
}

/// TMA's limits, in bytes: addresses and strides are multiples of the first,
/// and strides are less than the second.
static constexpr int64_t kRowAlignment = 16, kStrideLimit = int64_t(1) << 40;

static bool isReadable(const Operand &operand, const Device &device) {
  uint32_t last = operand.rank - 1;
  if (operand.sizes[last] > 1 && operand.strides[last] != 1)
    return false;
  // Lists are not loaded by TMA.
  bool isLoadedByTma = operand.rank == 4 && operand.element != SpattnElementI32;
  if (!device.isGpu() || !isLoadedByTma)
    return true;
  if (reinterpret_cast<uintptr_t>(operand.data) % kRowAlignment != 0)
    return false;
  int64_t bytes = operand.element == SpattnElementF32 ? 4 : 2;
  for (uint32_t i = 0; i < last; ++i) {
    int64_t stride = operand.strides[i] * bytes;
    if (operand.sizes[i] > 1 &&
        (stride % kRowAlignment != 0 || stride >= kStrideLimit))
      return false;
  }
  return true;
}

static int32_t getType(SpattnElementType element) {
  switch (element) {
  case SpattnElementF16:
    return aoti_torch_dtype_float16();
  case SpattnElementBF16:
    return aoti_torch_dtype_bfloat16();
  case SpattnElementI32:
    return aoti_torch_dtype_int32();
  default:
    return aoti_torch_dtype_float32();
  }
}

static Tensor makeTensor(uint32_t rank, const int64_t *sizes,
                         const int64_t *strides, int32_t type,
                         const Device &device) {
  AtenTensorHandle handle = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(aoti_torch_empty_strided(
      rank, sizes, strides, type, device.type, device.index, &handle));
  return Tensor(handle);
}

/// Allocates a tensor with the operand's sizes and strides.
static void allocate(Operand &operand, const Device &device) {
  Operand own = operand;
  if (operand.layout == Layout::BNHD)
    swapHeads(own);
  operand.tensor = makeTensor(own.rank, own.sizes, own.strides,
                              getType(own.element), device);
  operand.data = operand.tensor.mutable_data_ptr();
}

/// Sets dense strides, with heads inside or outside of the length.
static void setStrides(Operand &operand, bool innerHeads) {
  if (operand.rank < 3) {
    operand.strides[operand.rank - 1] = 1;
    operand.strides[0] = operand.rank == 2 ? operand.sizes[1] : 1;
    return;
  }
  int64_t *sizes = operand.sizes, *strides = operand.strides;
  int64_t dim = std::max<int64_t>(operand.rank == 4 ? sizes[3] : 1, 1);
  int64_t heads = std::max<int64_t>(sizes[1], 1);
  int64_t length = std::max<int64_t>(sizes[2], 1);
  strides[3] = 1;
  strides[2] = innerHeads ? heads * dim : dim;
  strides[1] = innerHeads ? dim : length * dim;
  strides[0] = heads * length * dim;
}

void Operand::makeReadable(const Device &device) {
  if (isReadable(*this, device))
    return;
  Operand copy = *this;
  setStrides(copy, rank == 4 && hasInnerHeads());
  allocate(copy, device);
  copyTensor(copy.tensor, tensor);
  *this = copy;
}

Operand spattn::torch_ops::makeRowsLike(const Operand &like, int64_t dim,
                                        const Device &device) {
  Operand operand = like;
  operand.sizes[3] = dim;
  setStrides(operand, like.hasInnerHeads());
  allocate(operand, device);
  return operand;
}

Operand spattn::torch_ops::makeRows(const Operand &like, int64_t length,
                                    const Device &device) {
  Operand operand = like;
  operand.layout = Layout::BHND;
  operand.sizes[2] = length;
  setStrides(operand, /*innerHeads=*/false);
  allocate(operand, device);
  return operand;
}

Operand spattn::torch_ops::makeIntegers(const Operand &like, int64_t count,
                                        const Device &device) {
  Operand operand = like;
  operand.element = SpattnElementI32;
  operand.sizes[3] = count;
  return makeRows(operand, operand.sizes[2], device);
}

Operand spattn::torch_ops::makeNumbersLike(const Operand &like,
                                           const Device &device) {
  Operand operand = like;
  operand.element = SpattnElementF32;
  operand.layout = Layout::BHND;
  operand.rank = 3;
  setStrides(operand, /*innerHeads=*/false);
  allocate(operand, device);
  return operand;
}

Operand spattn::torch_ops::makeHeads(int64_t heads, const Device &device) {
  Operand operand;
  operand.rank = 1;
  operand.sizes[0] = heads;
  setStrides(operand, /*innerHeads=*/false);
  allocate(operand, device);
  return operand;
}

Tensor spattn::torch_ops::viewOf(const Tensor &tensor, uint32_t rank,
                                 const int64_t *sizes, const int64_t *strides,
                                 int64_t offset) {
  AtenTensorHandle handle = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(aoti_torch__reinterpret_tensor(
      tensor.get(), rank, sizes, strides, offset, &handle));
  return Tensor(handle);
}

void spattn::torch_ops::copyTensor(const Tensor &to, const Tensor &from) {
  STABLE_TORCH_ERROR_CODE_CHECK(
      aoti_torch_copy_(to.get(), from.get(), /*non_blocking=*/0));
}

void spattn::torch_ops::addTensor(const Tensor &to, const Tensor &summand) {
  copyTensor(to, torch::stable::subtract(to, summand, /*alpha=*/-1));
}

void spattn::torch_ops::fillTensor(const Tensor &tensor, double value) {
  torch::stable::fill_(tensor, value);
}

Operand spattn::torch_ops::makeHeads(int64_t heads, int64_t width,
                                     const Device &device) {
  Operand operand;
  operand.rank = 2;
  operand.sizes[0] = heads;
  operand.sizes[1] = width;
  setStrides(operand, /*innerHeads=*/false);
  allocate(operand, device);
  return operand;
}

Tensor spattn::torch_ops::makeScratch(size_t bytes, size_t alignment,
                                      const Device &device, void *&address) {
  int64_t size = int64_t(bytes + alignment - 1), stride = 1;
  Tensor tensor =
      makeTensor(1, &size, &stride, aoti_torch_dtype_uint8(), device);
  auto first = reinterpret_cast<uintptr_t>(tensor.mutable_data_ptr());
  address =
      reinterpret_cast<void *>((first + alignment - 1) / alignment * alignment);
  return tensor;
}
