//===- TileShapeOptions.h - Options of tile shapes --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_TILESHAPEOPTIONS_H
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_TILESHAPEOPTIONS_H

#include "spattn/Support/OptionField.h"

#include <cstdint>

namespace spattn {

/// Options of spattn-select-tile-shape; `forEach` says what each is.
struct TileShapeOptions {
  int64_t queryTile = 0;
  int64_t keyTile = 0;

  /// Calls `visit(name, field, description, limits)` for each option.
  template <class Self, class Visitor>
  static void forEach(Self &options, Visitor &&visit) {
    visit("query-tile", options.queryTile,
          "Rows of queries in a tile, where an attention has no tile shape: 1 "
          "to 4096; 0 chooses",
          NumberRange{1, 4096});
    visit("key-tile", options.keyTile,
          "Rows of keys in a tile, where an attention has no tile shape: 1 to "
          "4096; 0 chooses",
          NumberRange{1, 4096});
  }
};

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_TILESHAPEOPTIONS_H
