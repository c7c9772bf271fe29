//===- SmallBuffer.h - Arrays that are mostly small -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_SMALLBUFFER_H
#define SPATTN_RUNTIME_SMALLBUFFER_H

#include <cstddef>
#include <memory>

namespace spattn {
namespace runtime {

/// An array of a size that is known when it is made, without an allocation for
/// up to N elements. Elements of simple types have no value at first.
template <class T, size_t N>
class SmallBuffer {
public:
  explicit SmallBuffer(size_t size) {
    if (size > N) {
      heap.reset(new T[size]);
      first = heap.get();
    }
  }
  SmallBuffer(const SmallBuffer &) = delete;
  SmallBuffer &operator=(const SmallBuffer &) = delete;

  T *data() { return first; }
  T &operator[](size_t i) { return first[i]; }

private:
  T own[N];
  std::unique_ptr<T[]> heap;
  T *first = own;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_SMALLBUFFER_H
