//===- Artifact.cpp - A compiled kernel and how to launch it --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Runtime/Artifact.h"

#include "Text.h"

#include <algorithm>

using namespace spattn::runtime;

std::string spattn::runtime::toString(const Formula &formula) {
  std::string text;
  for (const Term &term : formula.terms) {
    if (!text.empty())
      text += " + ";
    const char *separator = "";
    if (term.coefficient != 1 || term.factors.empty()) {
      text += std::to_string(term.coefficient);
      separator = " * ";
    }
    for (const Factor &factor : term.factors) {
      text += separator;
      text += factor.divisor == 1
                  ? factor.name
                  : concat("ceil(", factor.name, " / ", factor.divisor, ")");
      separator = " * ";
    }
  }
  return text.empty() ? "0" : text;
}

const std::string *Artifact::findMetadata(std::string_view name) const {
  auto it =
      std::find_if(metadata.begin(), metadata.end(),
                   [&](const auto &entry) { return entry.first == name; });
  return it == metadata.end() ? nullptr : &it->second;
}

Result<Architecture> Architecture::parse(std::string_view text) {
  std::string_view rest = text;
  auto invalid = [&] {
    return makeError("'", text,
                     "' is not an architecture; expected such as "
                     "sm_80 or sm_90a");
  };
  if (rest.substr(0, 3) != "sm_")
    return invalid();
  rest.remove_prefix(3);
  Architecture result;
  if (!rest.empty() && (rest.back() == 'a' || rest.back() == 'f')) {
    result.suffix = rest.back();
    rest.remove_suffix(1);
  }
  if (rest.size() < 2 || rest.size() > 4)
    return invalid();
  int number = 0;
  for (char digit : rest) {
    if (digit < '0' || digit > '9')
      return invalid();
    number = number * 10 + (digit - '0');
  }
  result.major = number / 10;
  result.minor = number % 10;
  return result;
}

bool Architecture::runsOn(int deviceMajor, int deviceMinor,
                          CodeKind kind) const {
  if (suffix == 'a')
    return deviceMajor == major && deviceMinor == minor;
  if (suffix == 'f' || kind == CodeKind::Cubin)
    return deviceMajor == major && deviceMinor >= minor;
  return deviceMajor > major || (deviceMajor == major && deviceMinor >= minor);
}
