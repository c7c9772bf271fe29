//===- Kernels.h - The caches of kernels and prepared calls -----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// There are two caches. The first maps a problem with sizes and strides to a
// prepared call (see spattnCallCreate); a hit costs one lookup and a launch. A
// miss prepares a call of the problem's kernel, which the second cache holds. A
// miss there calls back into Python, which compiles the kernel.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_KERNELS_H
#define SPATTN_LIB_TORCH_KERNELS_H

#include "Tensors.h"
#include "spattn-c/Launch.h"

#include <vector>

namespace spattn {
namespace torch_ops {

/// A request to Python for the kernel of a problem. spattn/torch/_launcher.py
/// mirrors this struct.
struct KernelRequest {
  /// The text of the attribute.
  const char *structure = "";
  const char *alignment = "";
  /// "sequence" or "pack".
  const char *boundLength = "sequence";
  int64_t heads = 0, keyHeads = 0, headDim = 0, valueDim = 0;
  /// The lengths to tune for. A kernel is correct for all lengths.
  int64_t queryLength = 0, keyLength = 0;
  /// A SpattnElementType.
  int32_t element = 0;
  /// The number of the GPU; -1 for the CPU.
  int32_t device = -1;
  int32_t gradients = 0, lseGradient = 0, deterministic = 0, sinks = 0;
  int32_t softCap = 0, slopes = 0;
  /// Bits of the operands of sequences that are there: starts and ends of
  /// queries, then of keys.
  int32_t sequences = 0;
  /// What positions do, if there are any: bits for an order that is causal, and
  /// for a score of equal ones.
  int32_t positions = 0;
  /// Distances that heads have a bias for; 0 if there are none.
  int64_t distances = 0;
  double selfScore = 0;
  /// The text of the attribute of lists of tiles; empty if there are none. The
  /// heads that have lists, and whether each batch entry has its own.
  const char *tileLists = "";
  int64_t listHeads = 0;
  int32_t listBatch = 0;
  /// The operations of a region that modifies scores; empty if there is none.
  const char *score = "";
  /// Whether the scale is 0 or negative, and which gradients by slopes (1) and
  /// biases (2) there are.
  int32_t signedScale = 0, biasGradients = 0;
  /// Of a merge, the SpattnElementTypes of its parts, a digit each; empty for
  /// others. `element` is that of the output then, and what is about queries is
  /// about all arrays.
  const char *parts = "";
  /// Of an operation on rows by number, its name in the dialect, a digit for
  /// each array that it may have or mark, and the row numbers of a row, as a
  /// merge may have, too.
  const char *rows = "", *marks = "";
  int64_t terms = 0;
  /// Rows of a page of keys and values; 0 if they are not in pages.
  int64_t pageSize = 0;
};

/// Throws the error of a call of the C API, if it has one.
void check(SpattnStatus status);

/// Returns the kernel, which lives until the process ends, or null. On failure,
/// Python keeps the exception and stores its text in `error`, which lives until
/// the thread's next request.
using KernelResolver = SpattnKernel (*)(const KernelRequest *request,
                                        const char **error);

/// The operands of a problem, in its order.
using Operands = const std::vector<const Operand *> &;

/// The numbers of a problem, in its order: of an attention the scale and, if it
/// has one, the soft cap; a merge has none.
using Scalars = const std::vector<double> &;

/// Runs the kernel of a problem. Throws std::runtime_error on failure.
void runKernel(const KernelRequest &request, Operands operands, Scalars scalars,
               const Place &place);

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_KERNELS_H
