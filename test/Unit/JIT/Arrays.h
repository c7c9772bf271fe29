//===- Arrays.h - The arrays of an attention for tests ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_JIT_ARRAYS_H
#define SPATTN_TEST_UNIT_JIT_ARRAYS_H

#include "spattn/Reference/Attention.h"
#include "spattn/Support/BufferView.h"

#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

namespace spattn::test {

/// A contiguous array: zeros, or, with a seed, normally distributed numbers
/// that f32 holds exactly, whatever `T` is.
template <class T>
struct Array {
  std::vector<int64_t> sizes;
  std::vector<T> data;

  explicit Array(std::vector<int64_t> sizes, unsigned seed = 0)
      : sizes(sizes), data(std::accumulate(sizes.begin(), sizes.end(),
                                           int64_t(1), std::multiplies<>())) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    if (seed)
      for (T &x : data)
        x = normal(generator);
  }

  /// `element` is the type of `T`.
  BufferView view(runtime::ElementType element) {
    return BufferView::contiguous(data.data(), element, sizes);
  }
};

struct AttentionShape {
  int64_t batch, heads, keyHeads, queries, keys, headDim, valueDim;
};

/// The arrays of an attention and of its gradients, in the layout "bhnd". What
/// an attention or its gradients compute is zero.
template <class T>
struct AttentionArrays {
  Array<T> q, k, v, o, lse, dout, dlse, dq, dk, dv;

  explicit AttentionArrays(const AttentionShape &s)
      : q({s.batch, s.heads, s.queries, s.headDim}, 1),
        k({s.batch, s.keyHeads, s.keys, s.headDim}, 2),
        v({s.batch, s.keyHeads, s.keys, s.valueDim}, 3),
        o({s.batch, s.heads, s.queries, s.valueDim}),
        lse({s.batch, s.heads, s.queries}), dout(o.sizes, 4),
        dlse(lse.sizes, 5), dq(q.sizes), dk(k.sizes), dv(v.sizes) {}

  /// All of them, as the oracle takes them; `element` is the type of `T`.
  OperandArrays views(runtime::ElementType element) {
    OperandArrays views;
    for (auto [kind, array] :
         {std::pair(OperandKind::Query, &q), std::pair(OperandKind::Key, &k),
          std::pair(OperandKind::Value, &v), std::pair(OperandKind::Out, &o),
          std::pair(OperandKind::Lse, &lse),
          std::pair(OperandKind::OutGradient, &dout),
          std::pair(OperandKind::LseGradient, &dlse),
          std::pair(OperandKind::QueryGradient, &dq),
          std::pair(OperandKind::KeyGradient, &dk),
          std::pair(OperandKind::ValueGradient, &dv)})
      views[kind] = array->view(element);
    return views;
  }
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_JIT_ARRAYS_H
