//===- Cards.cpp - What cards can do --------------------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cards.h"

using namespace spattn::viz;

static constexpr Card kCards[] = {
    {"NVIDIA H200", "h200", /*sms=*/132, /*tflops=*/800, /*tbs=*/4.3,
     /*ghz=*/1.98,
     "an 8192^3 product in bf16 and a copy within memory, as measured "
     "(docs/Hopper.md); the highest clock rate of the card"},
    {"NVIDIA H100 SXM", "h100", /*sms=*/132, /*tflops=*/800, /*tbs=*/3.35,
     /*ghz=*/1.98,
     "products as measured on an H200 (docs/Hopper.md), memory and the highest "
     "clock rate by the data sheet"},
    {"NVIDIA A100 SXM 80GB", "a100", /*sms=*/108, /*tflops=*/312,
     /*tbs=*/2.04, /*ghz=*/1.41, "the data sheet; nothing was measured"},
};

llvm::ArrayRef<Card> spattn::viz::getCards() { return kCards; }

const Card *spattn::viz::findCard(llvm::StringRef option) {
  for (const Card &card : kCards)
    if (card.option == option)
      return &card;
  return nullptr;
}
