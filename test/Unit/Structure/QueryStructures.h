//===- QueryStructures.h - Structures with intervals of queries -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_STRUCTURE_QUERYSTRUCTURES_H
#define SPATTN_TEST_UNIT_STRUCTURE_QUERYSTRUCTURES_H

#include "spattn/Structure/Structure.h"

namespace spattn::test {

/// Keys and queries [lo, hi).
inline Structure block(Bound lo, Bound hi) {
  return Structure::intersect(
      {Structure::queries(lo, hi), Structure::keys(lo, hi)});
}

/// Structures with intervals of queries, for lengths of about 12.
inline std::vector<Structure> structuresOfQueries() {
  using S = Structure;
  const Bound inf = Bound::posInf(), negInf = Bound::negInf();
  auto c = [](int64_t value) { return Bound::constant(value); };
  auto n = [](int64_t num, int64_t den, int64_t offset = 0) {
    return Bound::affine(num, den, offset);
  };
  std::vector<S> all = {
      S::queries(c(2), c(6)), S::queries(c(0), c(4)),
      S::queries(n(1, 2, -2), n(1, 1, -1)), S::queries(n(1, 1, -3), inf),
      S::queries(negInf, n(1, 1, -3)),
      // Ordered only at run time.
      S::unite({S::queries(c(0), c(4)), S::queries(n(1, 2), n(3, 4))}),
      S::intersect({S::queries(c(3), inf), S::queries(n(1, 3), n(1, 1, 2))}),
      // A rectangle, ordered or not.
      S::intersect({S::queries(c(1), c(5)), S::keys(c(3), c(9))}),
      S::intersect({S::queries(n(1, 2), inf), S::keys(n(1, 4), c(5))}),
      // Blocks on the diagonal, with gaps or without, and spans of images.
      S::unite({block(c(0), c(3)), block(c(3), c(8)), block(c(8), inf)}),
      S::unite({block(c(1), c(3)), block(c(5), c(6)), block(c(7), c(12))}),
      S::unite({block(c(0), n(1, 3)), block(n(1, 3), n(2, 3))}),
      S::unite({block(c(0), n(1, 3)), block(c(4), n(2, 3))}),
      S::unite({S::causal(), block(c(2), c(5)), block(c(7), c(11))}),
      S::intersect(
          {S::window(1, 1), S::unite({block(c(0), c(5)), block(c(5), inf)})}),
      // A prefix, and its complement.
      S::unite({S::causal(), block(c(0), c(5))}),
      S::unite({S::causal(), block(c(0), n(1, 2, 1))}),
      S::intersect({S::queries(c(5), inf), S::keys(c(0), c(5))}),
      // Several windows, one for each part of the queries.
      S::unite({S::intersect({S::queries(c(0), c(6)), S::window(2, 0)}),
                S::intersect({S::queries(c(6), inf), S::window(0, 3)})}),
      S::unite({S::intersect({S::queries(c(0), n(1, 2)), S::window(2, 0)}),
                S::intersect({S::queries(c(4), inf),
                              S::distances({{c(-2), c(0)}, {c(3), c(5)}})})})};
  for (int64_t count : {1, 3, 4, 20}) {
    S tokens = S::unite({S::keys(c(0), c(count)), S::queries(c(0), c(count))});
    all.push_back(tokens);
    all.push_back(S::unite({tokens, S::window(2, 2)}));
    all.push_back(S::intersect(
        {S::causal(), S::unite({tokens, S::window(2, std::nullopt)})}));
    all.push_back(S::unite({tokens, S::window(3, -1), S::window(-1, 3)}));
    all.push_back(S::intersect({tokens, S::window(3, 3)}));
  }
  // Tokens in the middle, and at the end.
  for (Interval tokens :
       {Interval{c(4), c(6)}, {n(1, 2), n(1, 2, 2)}, {n(1, 1, -2), inf}})
    all.push_back(
        S::unite({S::keys(tokens.lo, tokens.hi),
                  S::queries(tokens.lo, tokens.hi), S::window(1, 1)}));
  return all;
}

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_STRUCTURE_QUERYSTRUCTURES_H
