//===- Cards.h - What cards can do ------------------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TOOLS_SPATTN_VIZ_CARDS_H
#define SPATTN_TOOLS_SPATTN_VIZ_CARDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace spattn::viz {

/// The rates that floors, rooflines and schedules are of.
struct Card {
  /// For people, and on the command line.
  llvm::StringRef name, option;
  int64_t sms;
  /// 1e12 operations in bf16, and bytes of memory, a second.
  double tflops, tbs;
  /// 1e9 clocks of an SM a second.
  double ghz;
  /// Where these are from.
  llvm::StringRef source;
};

llvm::ArrayRef<Card> getCards();

/// The card with this option, if there is one.
const Card *findCard(llvm::StringRef option);

} // namespace spattn::viz

#endif // SPATTN_TOOLS_SPATTN_VIZ_CARDS_H
