//===- Text.cpp - What reports are made of --------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "common/Text.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace spattn::tool;

std::string spattn::tool::format(const char *style,
                                 std::optional<double> value) {
  if (!value)
    return "-";
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(style, *value);
  return text;
}

std::string spattn::tool::format(int64_t value) {
  return std::to_string(value);
}

std::string spattn::tool::getPlace(Location location) {
  auto place = dyn_cast<FileLineColLoc>(location);
  if (!place)
    return toText(location);
  StringRef file = place.getFilename().getValue();
  return (file.substr(file.find_last_of('/') + 1) + ":" +
          Twine(place.getLine()) + ":" + Twine(place.getColumn()))
      .str();
}

double spattn::tool::getMedian(std::vector<double> values) {
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

void Table::print(llvm::raw_ostream &stream) const {
  std::vector<size_t> widths(rows.front().size());
  for (const auto &row : rows)
    for (auto [width, cell] : llvm::zip(widths, row))
      width = std::max(width, cell.size());
  for (const auto &row : rows) {
    stream << "  " << llvm::left_justify(row.front(), widths.front());
    for (size_t i = 1; i < row.size(); ++i)
      stream << "  " << llvm::right_justify(row[i], widths[i]);
    stream << "\n";
  }
}
