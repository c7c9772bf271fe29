//===- OptionField.h - What the fields of an options struct take *- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A struct of options declares its fields in a static member
//
//   template <class Self, class Visitor>
//   static void forEach(Self &options, Visitor &&visit);
//
// that calls `visit(name, field, description, limits)` for each, where the
// limits are one of the types below. Support/StructOptions.h makes options of
// passes and pipelines of them, and text.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_OPTIONFIELD_H
#define SPATTN_SUPPORT_OPTIONFIELD_H

#include <cstdint>
#include <vector>

namespace spattn {

/// Of a number: a multiple of `multiple` from `least` to `most`, or 0, which in
/// most places leaves the choice to the compiler.
struct NumberRange {
  int64_t least, most, multiple = 1;
  bool orZero = true;

  bool contains(int64_t value) const {
    return (value == 0 && orZero) ||
           (value >= least && value <= most && value % multiple == 0);
  }
};

/// Of a number: a power of two up to `most`, or 0, likewise.
struct PowerOfTwo {
  int64_t most;
  bool orZero = true;

  bool contains(int64_t value) const {
    return value == 0
               ? orZero
               : value > 0 && value <= most && (value & (value - 1)) == 0;
  }
};

/// Of an enumeration: its values, as they are written.
template <class Enum>
struct OptionValue {
  Enum value;
  const char *name, *description;
};
template <class Enum>
using OptionValues = std::vector<OptionValue<Enum>>;

struct AnyBool {};
struct AnyText {};

} // namespace spattn

#endif // SPATTN_SUPPORT_OPTIONFIELD_H
