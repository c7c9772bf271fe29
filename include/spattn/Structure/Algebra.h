//===- Algebra.h - Everything derived from a structure ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The algebra of structures, written once for integers and for IR:
//
//   Ops.h         what it is written over
//   Evaluate.h    normalForm: what one head sees at given lengths; of which
//                 Boxes.h expands descriptions, Cuts.h cuts keys and
//                 QuerySegments.h the queries of each segment of them, and
//                 Edges.h does the arithmetic of their ends
//   Spans.h       allowed, keysOfQuery, queriesOfKey; SpanLists.h has sets of
//                 spans
//   TileRanges.h  keyTiles, queryTiles; of which SegmentSlots.h finds the keys
//                 of queries in several segments, and TileSlots.h makes ranges
//                 of tiles of spans
//   Counts.h      tile counts, the n-th masked or full tile, pairs, rows, keys
//   Widths.h      how many distances heads see
//
// Host.h wraps it for integers, and FormNumbers.h is for those who store a
// normal form.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_STRUCTURE_ALGEBRA_H
#define SPATTN_STRUCTURE_ALGEBRA_H

#include "spattn/Structure/Allowed.h"
#include "spattn/Structure/Counts.h"
#include "spattn/Structure/Evaluate.h"
#include "spattn/Structure/NormalForm.h"
#include "spattn/Structure/Ops.h"
#include "spattn/Structure/Spans.h"
#include "spattn/Structure/TileRanges.h"
#include "spattn/Structure/Widths.h"

#endif // SPATTN_STRUCTURE_ALGEBRA_H
