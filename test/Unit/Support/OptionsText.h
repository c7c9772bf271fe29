//===- OptionsText.h - Structs of options from text -------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_SUPPORT_OPTIONSTEXT_H
#define SPATTN_TEST_UNIT_SUPPORT_OPTIONSTEXT_H

#include "llvm/Support/Error.h"
#include "gtest/gtest.h"

namespace spattn::test {

/// What a text says, which has to be right.
template <class Options>
Options parseOptions(llvm::StringRef text) {
  llvm::Expected<Options> options = Options::parse(text);
  EXPECT_TRUE(bool(options)) << text.str();
  if (options)
    return *options;
  llvm::consumeError(options.takeError());
  return {};
}

/// What is wrong with the values of a text; empty if nothing is.
template <class Options>
std::string problemOf(llvm::StringRef text) {
  return llvm::toString(parseOptions<Options>(text).check());
}

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_SUPPORT_OPTIONSTEXT_H
