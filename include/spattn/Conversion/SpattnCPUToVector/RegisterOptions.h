//===- RegisterOptions.h - Options of vector code ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNCPUTOVECTOR_REGISTEROPTIONS_H
#define SPATTN_CONVERSION_SPATTNCPUTOVECTOR_REGISTEROPTIONS_H

#include "spattn/Support/OptionField.h"

#include <cstdint>

namespace spattn {

/// How accumulators are laid out in registers.
struct RegisterBlock {
  /// Elements of f32 in a vector: a power of two up to 64.
  int64_t width;
  /// Rows of a block, 1 to 16, and vectors in a row of it, 1 to 8.
  int64_t rows, vectors;
};

/// Options of convert-spattn-cpu-to-vector; `forEach` says what each is.
struct RegisterOptions {
  int64_t vectorWidth = 0;
  int64_t registerRows = 0;
  int64_t registerVectors = 0;

  /// The block that they ask for: what is not said fills the register file, 16
  /// + 4 + 1 of 32 registers with AVX-512, 8 + 2 + 1 of 16 with AVX2.
  RegisterBlock getBlock() const {
    int64_t width = vectorWidth ? vectorWidth : 16;
    return {width, registerRows ? registerRows : 4,
            registerVectors ? registerVectors
            : width >= 16   ? 4
                            : 2};
  }

  /// Calls `visit(name, field, description, limits)` for each option.
  template <class Self, class Visitor>
  static void forEach(Self &options, Visitor &&visit) {
    visit("vector-width", options.vectorWidth,
          "Elements of f32 in a vector register, a power of two up to 64; 0: "
          "what the CPU has that code is compiled and run on, else 16",
          PowerOfTwo{64});
    visit("register-rows", options.registerRows,
          "Rows of a block of accumulators, 1 to 16; 0 chooses",
          NumberRange{1, 16});
    visit("register-vectors", options.registerVectors,
          "Vectors in a row of a block of accumulators, 1 to 8; 0 chooses",
          NumberRange{1, 8});
  }
};

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNCPUTOVECTOR_REGISTEROPTIONS_H
