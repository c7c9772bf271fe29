//===- Text.h - What reports are made of ------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_COMMON_TEXT_H
#define SPATTN_TOOLS_COMMON_TEXT_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spattn::tool {

/// A number in the style of printf, or "-".
std::string format(const char *style, std::optional<double> value);

std::string format(int64_t value);

/// What prints as a text.
template <class T>
std::string toText(T value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

/// `file.mlir:8:8`, without folders; other locations as they print.
std::string getPlace(mlir::Location location);

/// The middle of some numbers, or the mean of both in the middle.
double getMedian(std::vector<double> values);

/// Rows of cells: the first column to the left, the others to the right.
class Table {
public:
  explicit Table(std::vector<std::string> header) { add(std::move(header)); }

  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }

  void print(llvm::raw_ostream &stream) const;

private:
  std::vector<std::vector<std::string>> rows;
};

} // namespace spattn::tool

#endif // SPATTN_TOOLS_COMMON_TEXT_H
