//===- KernelCall.h - Calls that are laid out once --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_JIT_KERNELCALL_H
#define SPATTN_JIT_KERNELCALL_H

#include "spattn/JIT/KernelArgument.h"
#include "spattn/Runtime/CudaTypes.h"
#include "spattn/Runtime/Status.h"
#include "llvm/ADT/ArrayRef.h"

namespace spattn {

/// What a run of a call passes: the address of a buffer, a number for f32, or
/// one for i64 and index.
union ArgumentValue {
  void *data;
  double real;
  int64_t integer;
};

/// A kernel as calls in destination style see it: the arguments are those of
/// the function and, for each result that is none of them, a buffer that it is
/// copied to.
struct CallForm {
  struct Argument {
    ParameterType type;
    /// Whether it holds a result, or attention writes it.
    bool isDestination = false;
  };
  std::vector<Argument> arguments;
  /// The argument that holds each result.
  std::vector<unsigned> results;
};

/// A kernel with the types, sizes and strides of its arguments: checked and
/// laid out once, so that a run fills in addresses and numbers only. It keeps
/// what it needs of the kernel. Thread-safe.
class KernelCall {
public:
  virtual ~KernelCall();

  /// Bytes of device memory that a run needs besides its arguments, and what
  /// their address is a multiple of.
  virtual size_t getScratchBytes() const { return 0; }
  virtual size_t getScratchAlignment() const { return 1; }

  /// Runs the kernel with a value for each argument: on the CPU to its end, on
  /// a GPU in a stream. Scratch of nullptr is allocated and freed in the order
  /// of the stream.
  virtual runtime::Status run(llvm::ArrayRef<ArgumentValue> values,
                              void *scratch = nullptr,
                              runtime::cuda::Stream stream = nullptr) const = 0;
};

} // namespace spattn

#endif // SPATTN_JIT_KERNELCALL_H
