//===- LoopOptions.h - Options of loops over tiles --------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_SPATTNTOLOOPS_LOOPOPTIONS_H
#define SPATTN_CONVERSION_SPATTNTOLOOPS_LOOPOPTIONS_H

#include "spattn/Support/OptionField.h"

namespace spattn {

/// Options of convert-spattn-to-loops; `forEach` says what each is.
struct LoopOptions {
  bool remarks = false;

  /// Calls `visit(name, field, description, limits)` for each option.
  template <class Self, class Visitor>
  static void forEach(Self &options, Visitor &&visit) {
    visit("remarks", options.remarks,
          "Emit a remark with the tiles of each attention whose lengths are "
          "static, and count them in the statistics",
          AnyBool());
  }
};

} // namespace spattn

#endif // SPATTN_CONVERSION_SPATTNTOLOOPS_LOOPOPTIONS_H
