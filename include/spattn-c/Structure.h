/*===- spattn-c/Structure.h - Which pairs heads see ---------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_STRUCTURE_H
#define SPATTN_C_STRUCTURE_H

#include "spattn-c/Context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The structure of an attention's query heads. It does not change, and needs no
   context. */
typedef struct SpattnStructureImpl *SpattnStructure;

/* Reads an attribute, such as "#spattn.partition<exclusive>" or
   "#spattn.heads<2 x #spattn.causal, 2 x #spattn.window<left = 15>>". */
SPATTN_C_EXPORT SpattnStatus spattnStructureParse(SpattnContext context,
                                                  const char *text, size_t size,
                                                  SpattnStructure *structure);
SPATTN_C_EXPORT void spattnStructureDestroy(SpattnStructure structure);

/* The attribute as it prints, and of the same pairs in the shortest form that
   the algebra finds whatever the lengths are. */
SPATTN_C_EXPORT const char *spattnStructureGetText(SpattnStructure structure);
SPATTN_C_EXPORT const char *
spattnStructureGetCanonicalText(SpattnStructure structure);

/* The query heads that it says it is for; 0 if it is for any number. */
SPATTN_C_EXPORT int64_t spattnStructureGetNumHeads(SpattnStructure structure);

/* Whether the canonical forms are the same. Two nulls are equal. */
SPATTN_C_EXPORT bool spattnStructureIsEqual(SpattnStructure a,
                                            SpattnStructure b);
/* Equal structures have equal hashes, in every process. */
SPATTN_C_EXPORT uint64_t spattnStructureGetHash(SpattnStructure structure);

/* Which ends of queries and keys belong together. */
typedef enum SpattnAlignment {
  SpattnAlignmentEnd,
  SpattnAlignmentStart
} SpattnAlignment;

/* A length that is not known. */
#define SPATTN_UNKNOWN (-1)

/* The shortest form for lengths that are known, or not. */
SPATTN_C_EXPORT SpattnStatus spattnStructureSimplify(
    SpattnStructure structure, int64_t queries, int64_t keys,
    SpattnAlignment alignment, SpattnStructure *simplified);

/* A structure in which N, and the N of partitions, is `length` whatever the
   length of a call. Partitions become distances head by head, for `numHeads`
   heads. */
SPATTN_C_EXPORT SpattnStatus spattnStructureFixLength(SpattnStructure structure,
                                                      int64_t numHeads,
                                                      int64_t length,
                                                      SpattnStructure *fixed);

/*===-- At given lengths --------------------------------------------------===*/

/* What each of a number of heads sees at given lengths. */
typedef struct SpattnPatternImpl *SpattnPattern;

/* `numHeads` may be 0 where the structure says for how many it is. Lengths are
   less than 2^30. */
SPATTN_C_EXPORT SpattnStatus spattnPatternCreate(SpattnStructure structure,
                                                 int64_t numHeads,
                                                 int64_t queries, int64_t keys,
                                                 SpattnAlignment alignment,
                                                 SpattnPattern *pattern);
SPATTN_C_EXPORT void spattnPatternDestroy(SpattnPattern pattern);
SPATTN_C_EXPORT int64_t spattnPatternGetNumHeads(SpattnPattern pattern);

/* Whether a query of a head sees a key. */
SPATTN_C_EXPORT SpattnStatus spattnPatternIsAllowed(SpattnPattern pattern,
                                                    int64_t head, int64_t query,
                                                    int64_t key, bool *allowed);

/* The same for keys [firstKey, firstKey + numKeys) of queries [firstQuery,
   firstQuery + numQueries): a byte each, 1 or 0, row by row. */
SPATTN_C_EXPORT SpattnStatus spattnPatternGetMask(
    SpattnPattern pattern, int64_t head, int64_t firstQuery, int64_t numQueries,
    int64_t firstKey, int64_t numKeys, uint8_t *mask);

/* The pairs of a head, or of all for -1. */
SPATTN_C_EXPORT SpattnStatus spattnPatternCountPairs(SpattnPattern pattern,
                                                     int64_t head,
                                                     int64_t *pairs);

/* Queries by keys. */
typedef struct SpattnTileShape {
  int64_t queries, keys;
} SpattnTileShape;

/* Tiles of the dense grid: visited are full, which need no mask, or masked. */
typedef struct SpattnTileCounts {
  int64_t visited, full, masked, skipped;
} SpattnTileCounts;

/* The tiles of a head, or of all for -1. */
SPATTN_C_EXPORT SpattnStatus spattnPatternCountTiles(SpattnPattern pattern,
                                                     int64_t head,
                                                     SpattnTileShape tile,
                                                     SpattnTileCounts *counts);

/* Key tiles [begin, end) of a row of query tiles, all full or all masked. */
typedef struct SpattnTileInterval {
  int64_t row, begin, end;
  bool isFull;
} SpattnTileInterval;

/* The visited tiles of rows [firstRow, firstRow + numRows) of a head, row by
   row, ascending. Stores the first `capacity` of them, and how many there
   are. */
SPATTN_C_EXPORT SpattnStatus spattnPatternGetTiles(
    SpattnPattern pattern, int64_t head, SpattnTileShape tile, int64_t firstRow,
    int64_t numRows, SpattnTileInterval *intervals, size_t capacity,
    size_t *numIntervals);

/* What a batch element takes at the very least. */
typedef struct SpattnWork {
  int64_t pairs;
  int64_t flopsForward, flopsBackward;
  int64_t bytesForward, bytesBackward;
} SpattnWork;

/* Zeros: 128, as the head dimension, 2, as an element, as many as query
   heads. */
typedef struct SpattnWorkShape {
  int64_t headDim, valueDim, elementBytes, outputBytes, keyHeads;
} SpattnWorkShape;

/* `shape` may be null. */
SPATTN_C_EXPORT SpattnStatus spattnPatternGetWork(SpattnPattern pattern,
                                                  const SpattnWorkShape *shape,
                                                  SpattnWork *work);

#ifdef __cplusplus
}
#endif

#endif /* SPATTN_C_STRUCTURE_H */
