//===- Operators.cpp - The operators of spattn.torch ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CPU and CUDA implementations. Schemas, autograd and other rules are in
// python/spattn/torch/_operators.py. This library uses only torch's stable ABI,
// so that it works with all releases from 2.10 on, and with any Python.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace spattn::torch_ops;

/// The same functions for CPUs and GPUs: tensors say where they are.
template <class Library>
static void implement(Library &library) {
  library.impl("attention", attention);
  library.impl("paged_attention", pagedAttention);
  library.impl("attention_backward", attentionBackward);
  library.impl("attention_backward.sinks", attentionBackwardSinks);
  library.impl("attention_backward.biases", attentionBackwardBiases);
  library.impl("merge", merge);
  library.impl("merge_backward", mergeBackward);
  library.impl("merge_rows", mergeRows);
  library.impl("gather_rows", gatherRows);
  library.impl("sum_rows", sumRows);
  library.impl("hash_rows", hashRows);
}

STABLE_TORCH_LIBRARY_IMPL(spattn, CPU, library) { implement(library); }

STABLE_TORCH_LIBRARY_IMPL(spattn, CUDA, library) { implement(library); }
