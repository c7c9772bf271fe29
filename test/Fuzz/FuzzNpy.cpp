//===- FuzzNpy.cpp - Bytes as a .npy file ---------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Support/Npy.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>

using namespace llvm;
using namespace spattn;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  errs() << what << "\n";
  std::abort();
}

static Expected<NpyArray> parse(StringRef bytes) {
  // Of its own, so that a byte past the end is seen.
  return parseNpy(MemoryBuffer::getMemBufferCopy(bytes, "input"), "input");
}

/// Reads the first and the last byte of the first and the last element.
static void touch(const NpyArray &array) {
  int64_t last = 0;
  for (auto [size, stride] : zip(array.sizes, array.strides)) {
    if (size == 0)
      return;
    last += (size - 1) * stride;
  }
  auto *bytes = static_cast<const volatile char *>(array.data);
  unsigned width = getNpySize(array.type);
  (void)bytes[0];
  (void)bytes[last * int64_t(width) + width - 1];
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<NpyArray> array =
      parse(StringRef(reinterpret_cast<const char *>(data), size));
  if (!array) {
    require(!toString(array.takeError()).empty(), "an error says nothing");
    return 0;
  }
  touch(*array);
  std::string text;
  raw_string_ostream stream(text);
  printNpy(stream, *array);
  Expected<NpyArray> again = parse(text);
  require(bool(again), "what is written cannot be read");
  require(again->sizes == array->sizes && again->type == array->type,
          "an array changes when it is written");
  std::string same;
  raw_string_ostream second(same);
  printNpy(second, *again);
  require(same == text, "an array changes when it is written again");
  return 0;
}
