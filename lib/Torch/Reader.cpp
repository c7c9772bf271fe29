//===- Reader.cpp - Arguments of operators --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reader.h"

using namespace spattn::torch_ops;
namespace stable = torch::stable::detail;

std::string ArgumentReader::takeString() {
  auto handle = stable::to<StringHandle>(*next++);
  size_t size = 0;
  const char *data = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(torch_string_length(handle, &size));
  STABLE_TORCH_ERROR_CODE_CHECK(torch_string_c_str(handle, &data));
  std::string text(data, size);
  STABLE_TORCH_ERROR_CODE_CHECK(torch_delete_string(handle));
  return text;
}

Layout spattn::torch_ops::getLayout(const std::string &name) {
  if (name == "bhnd")
    return Layout::BHND;
  if (name == "bnhd")
    return Layout::BNHD;
  fail("expected layout to be 'bhnd' or 'bnhd', got '", name, "'");
}
