//===- Bytes.h - Checked reading and writing of bytes -----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers are little-endian. Reading never trusts what it reads: after the
// first error it gives zeros and empty texts, and no length is taken for
// granted.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_RUNTIME_BYTES_H
#define SPATTN_RUNTIME_BYTES_H

#include <cstdint>
#include <string>
#include <string_view>

namespace spattn {
namespace runtime {

/// FNV-1a. A changed byte always changes it: each step maps states one to one.
inline uint64_t hashBytes(std::string_view bytes,
                          uint64_t state = 0xcbf29ce484222325) {
  for (char byte : bytes)
    state = (state ^ uint8_t(byte)) * 0x100000001b3;
  return state;
}

class ByteWriter {
public:
  void number(uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      bytes.push_back(char(value >> (8 * i)));
  }
  void raw(std::string_view text) { bytes.append(text); }
  void text(std::string_view value) {
    number(value.size(), 8);
    raw(value);
  }

  std::string bytes;
};

class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : bytes(bytes) {}

  uint64_t number(unsigned size) {
    std::string_view field = raw(size);
    uint64_t value = 0;
    for (size_t i = 0; i < field.size(); ++i)
      value |= uint64_t(uint8_t(field[i])) << (8 * i);
    return value;
  }

  std::string_view raw(uint64_t size) {
    if (failed || size > bytes.size()) {
      failed = true;
      return {};
    }
    std::string_view result = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return result;
  }

  std::string_view text() { return raw(number(8)); }

  size_t remaining() const { return bytes.size(); }
  bool ok() const { return !failed; }
  void fail() { failed = true; }

private:
  std::string_view bytes;
  bool failed = false;
};

} // namespace runtime
} // namespace spattn

#endif // SPATTN_RUNTIME_BYTES_H
