//===- LineCounts.cpp - Pairs and lines where residues count --------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LineCounts.h"

#include "spattn/Structure/Algebra.h"

#include <algorithm>
#include <numeric>

using namespace spattn;

namespace {
using Form = NormalForm<int64_t>;

/// Places `x` of a line with `(x - lo) mod modulus < width`.
struct Residue {
  int64_t modulus, lo, width;

  bool has(int64_t x) const { return IntOps().mod(x - lo, modulus) < width; }
  /// How many there are below x, counted from some place on.
  int64_t below(int64_t x) const {
    IntOps ops;
    return ops.floorDiv(x - lo, modulus) * width +
           std::min(ops.mod(x - lo, modulus), width);
  }
};

/// What a layer has of a line: places of spans with all residues.
struct LinePart {
  Span<int64_t> span;
  std::vector<Residue> residues;

  bool has(int64_t x) const {
    return std::all_of(residues.begin(), residues.end(),
                       [&](const Residue &residue) { return residue.has(x); });
  }
};

/// Counts the places of lines: the keys of a query, or the queries of a key.
class LineCounter {
public:
  LineCounter(const Form &form, Lines lines)
      : form(form), lines(lines), layers(layersOf(form)) {
    for (const Layer<int64_t> &layer : layers)
      forms.push_back(withSegments(form, layer.segments));
  }

  int64_t count(int64_t line) {
    std::vector<LinePart> parts = partsOf(line);
    std::vector<int64_t> cuts;
    for (const LinePart &part : parts)
      cuts.insert(cuts.end(), {part.span.lo, part.span.hi});
    std::sort(cuts.begin(), cuts.end());
    int64_t sum = 0;
    for (size_t k = 0; k + 1 < cuts.size(); ++k) {
      std::vector<const LinePart *> covering;
      for (const LinePart &part : parts)
        if (part.span.lo <= cuts[k] && cuts[k + 1] <= part.span.hi)
          covering.push_back(&part);
      if (cuts[k] < cuts[k + 1] && !covering.empty())
        sum += count(covering, cuts[k], cuts[k + 1]);
    }
    return sum;
  }

private:
  /// What each layer has of a line, if the line meets its conditions.
  std::vector<LinePart> partsOf(int64_t line) {
    IntOps ops;
    bool isQuery = lines == Lines::Queries;
    std::vector<LinePart> parts;
    for (size_t k = 0; k < layers.size(); ++k) {
      LinePart part;
      bool isMet = true;
      for (const auto &[of, modulus, lo, width] : layers[k].conditions) {
        // The fixed place of a query or a key.
        Residues::Of own = isQuery ? Residues::Of::Queries : Residues::Of::Keys;
        int64_t place = isQuery ? line + form.offset : line;
        if (of == own)
          isMet &= Residue{modulus, lo, width}.has(place);
        else if (of != Residues::Of::Distances)
          part.residues.push_back(
              {modulus, isQuery ? lo : lo - form.offset, width});
        else if (isQuery)
          part.residues.push_back({modulus, place - lo - width + 1, width});
        else
          part.residues.push_back({modulus, lo + line - form.offset, width});
      }
      if (!isMet)
        continue;
      for (const Span<int64_t> &span : isQuery
                                           ? keysOfQuery(ops, forms[k], line)
                                           : queriesOfKey(ops, forms[k], line))
        if (span.lo < span.hi) {
          part.span = span;
          parts.push_back(part);
        }
    }
    return parts;
  }

  /// How many places of [begin, end) one of the parts has, which all cover it.
  static int64_t count(const std::vector<const LinePart *> &parts,
                       int64_t begin, int64_t end) {
    int64_t period = 1;
    for (const LinePart *part : parts) {
      if (part->residues.empty())
        return end - begin;
      for (const Residue &residue : part->residues)
        period = std::min(std::lcm(period, residue.modulus), end - begin);
    }
    if (parts.size() == 1 && parts.front()->residues.size() == 1) {
      const Residue &residue = parts.front()->residues.front();
      return residue.below(end) - residue.below(begin);
    }
    auto countSome = [&](int64_t from, int64_t to) {
      int64_t places = 0;
      for (int64_t x = from; x < to; ++x)
        places +=
            std::any_of(parts.begin(), parts.end(),
                        [&](const LinePart *part) { return part->has(x); });
      return places;
    };
    int64_t periods = (end - begin) / period;
    return periods * countSome(begin, begin + period) +
           countSome(begin + periods * period, end);
  }

  const Form &form;
  Lines lines;
  std::vector<Layer<int64_t>> layers;
  std::vector<Form> forms;
};

int64_t lengthOf(const Form &form, Lines lines) {
  return lines == Lines::Queries ? form.lengths.queries : form.lengths.keys;
}
} // namespace

int64_t spattn::countPairs(const Form &form) {
  IntOps ops;
  if (form.layers.empty())
    return unmaskedPairs(ops, form, int64_t(0), form.lengths.queries);
  // The shorter side has fewer lines.
  Lines lines =
      form.lengths.keys < form.lengths.queries ? Lines::Keys : Lines::Queries;
  LineCounter counter(form, lines);
  int64_t pairs = 0;
  for (int64_t line = 0; line < lengthOf(form, lines); ++line)
    pairs += counter.count(line);
  return pairs;
}

std::vector<Span<int64_t>> spattn::findLines(const Form &form, Lines lines) {
  LineCounter counter(form, lines);
  std::vector<Span<int64_t>> spans;
  for (int64_t line = 0; line < lengthOf(form, lines); ++line) {
    if (counter.count(line) == 0)
      continue;
    if (!spans.empty() && spans.back().hi == line)
      ++spans.back().hi;
    else
      spans.push_back({line, line + 1});
  }
  return spans;
}

int64_t spattn::countLines(const Form &form, Lines lines) {
  int64_t count = 0;
  for (const Span<int64_t> &span : findLines(form, lines))
    count += span.hi - span.lo;
  return count;
}
