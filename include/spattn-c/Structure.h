/*===- spattn-c/Structure.h - Which pairs heads see ---------------*- C -*-===*\
|*                                                                            *|
|* Part of the spattn project, under the Apache License v2.0 with LLVM        *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef SPATTN_C_STRUCTURE_H
#define SPATTN_C_STRUCTURE_H

#include "spattn-c/Module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The structure of an attention's query heads. Immutable, and independent of
   the context's lifetime. */
typedef struct SpattnStructureImpl *SpattnStructure;

/* Parses an attribute, such as "#spattn.partition<exclusive>" or
   "#spattn.heads<2 x #spattn.causal, 2 x #spattn.window<left = 15>>". */
SPATTN_C_EXPORT SpattnStatus spattnStructureParse(SpattnContext context,
                                                  const char *text, size_t size,
                                                  SpattnStructure *structure);
SPATTN_C_EXPORT void spattnStructureDestroy(SpattnStructure structure);

/* The attribute's text, and the text of its canonical form: the simplest
   attribute with the same pairs that the algebra finds for all lengths. */
SPATTN_C_EXPORT const char *spattnStructureGetText(SpattnStructure structure);
SPATTN_C_EXPORT const char *
spattnStructureGetCanonicalText(SpattnStructure structure);

/* The number of query heads of a mixture; 0 if it fits any number. */
SPATTN_C_EXPORT int64_t spattnStructureGetNumHeads(SpattnStructure structure);

/* Whether the canonical forms are the same. Two nulls are equal. */
SPATTN_C_EXPORT bool spattnStructureIsEqual(SpattnStructure a,
                                            SpattnStructure b);
/* Equal structures have equal hashes, in every process. */
SPATTN_C_EXPORT uint64_t spattnStructureGetHash(SpattnStructure structure);

/* Whether the last or the first query and key are aligned. */
typedef enum SpattnAlignment {
  SpattnAlignmentEnd,
  SpattnAlignmentStart
} SpattnAlignment;

/* A length that is unknown. */
#define SPATTN_UNKNOWN (-1)

/* The simplest form at the given lengths, which may be SPATTN_UNKNOWN. */
SPATTN_C_EXPORT SpattnStatus spattnStructureSimplify(
    SpattnStructure structure, int64_t queries, int64_t keys,
    SpattnAlignment alignment, SpattnStructure *simplified);

/* Replaces N by `length`, in bounds and in partitions, so that the structure no
   longer depends on the number of keys. Partitions become distances per head,
   for `numHeads` heads. */
SPATTN_C_EXPORT SpattnStatus spattnStructureFixLength(SpattnStructure structure,
                                                      int64_t numHeads,
                                                      int64_t length,
                                                      SpattnStructure *fixed);

/* Heads whose queries and keys see nothing but places of their own residue: an
   attention for each of `modulus` classes. Place y of a class, of the same
   residue for queries and keys, is place `modulus * y` plus the residue. */
typedef struct SpattnDividedHeads {
  int64_t numHeads;
  /* 1: there is one class, of all places. */
  int64_t modulus;
  /* The only residue whose places see any; SPATTN_UNKNOWN: all classes see the
     same. */
  int64_t remainder;
  /* What places of a class see, if both lengths are multiples of the modulus.
     The caller destroys it. */
  SpattnStructure structure;
  /* Other pairs that are seen, of all places; null: none. The caller destroys
     it. */
  SpattnStructure others;
} SpattnDividedHeads;

/* Divides the structure of `numHeads` heads, group by group. Stores at most
   `capacity` groups, and the total number of groups. */
SPATTN_C_EXPORT SpattnStatus spattnStructureDivide(
    SpattnStructure structure, int64_t numHeads, SpattnAlignment alignment,
    SpattnDividedHeads *groups, size_t capacity, size_t *numGroups);

/* Keys [begin, end) of the whole that a key head has in a slice: the rows from
   `row` on. */
typedef struct SpattnKeyPiece {
  int64_t keyHead, begin, end, row;
} SpattnKeyPiece;

/* Some of the heads, queries and keys of an attention of `length` queries and
   keys. Each key head has `keys` rows of keys, of which those of no piece are
   seen by no query. */
typedef struct SpattnSlice {
  int64_t length;
  /* Of all query heads; query head h uses key head h / (numHeads /
   * numKeyHeads).
   */
  int64_t numHeads, numKeyHeads;
  int64_t firstHead, heads;
  int64_t firstQuery, queries;
  int64_t keys;
  const SpattnKeyPiece *pieces;
  size_t numPieces;
} SpattnSlice;

/* What the heads of a slice see of it, in terms of its rows, with starts
   aligned. Fails with SpattnStatusInvalidArgument if no structure within the
   limits says that; fewer heads or queries may do. */
SPATTN_C_EXPORT SpattnStatus spattnStructureSlice(SpattnStructure structure,
                                                  const SpattnSlice *slice,
                                                  SpattnStructure *sliced);

/* Keys [begin, end). */
typedef struct SpattnKeyInterval {
  int64_t begin, end;
} SpattnKeyInterval;

/* Of the keys of the first `tokens` tokens, those that some later query sees,
   up to `maxLength` tokens, or however many come if that is SPATTN_UNKNOWN, in
   one of the query heads [firstHead, firstHead + heads): disjoint intervals
   that do not touch, in ascending order. All other keys may be dropped from a
   cache. Where what one of these heads sees depends on N, all keys count;
   spattnStructureFixLength says what N is. Residues do not count, so that there
   may be keys in between that none sees. Stores at most `capacity` intervals,
   and the total number of intervals. */
SPATTN_C_EXPORT SpattnStatus spattnStructureGetLiveKeys(
    SpattnStructure structure, int64_t numHeads, int64_t firstHead,
    int64_t heads, int64_t tokens, int64_t maxLength,
    SpattnKeyInterval *intervals, size_t capacity, size_t *numIntervals);

/* Keys [begin, end) of the first `tokens` that no later query of any head sees,
   and without which later queries see what they saw before, if they and the
   keys from `end` on are counted `end - begin` lower: the sequence without them
   is one of fewer tokens and of the same structure. Empty if there are none
   such, and where what a head sees depends on N. */
SPATTN_C_EXPORT SpattnStatus
spattnStructureGetRemovableKeys(SpattnStructure structure, int64_t numHeads,
                                int64_t tokens, SpattnKeyInterval *removable);

/* The structure of the mask that a function of one block returns, with starts
   aligned: a tensor of i1 of batch entries x heads x queries x keys, computed
   by operations of arith, linalg and tensor from indices and constants (docs/
   Raising.md). If lengths are dynamic, it is that of all lengths; if they are
   static, pairs may also be evaluated one by one. Fails with
   SpattnStatusCompileError and a diagnostic about the operation in the way,
   which is called as its location is, if that has a name. */
SPATTN_C_EXPORT SpattnStatus spattnModuleFindStructure(
    SpattnModule module, const char *function,
    const SpattnDiagnosticHandler *handler, SpattnStructure *structure);

/* The structure that allows exactly the pairs of a mask, at its lengths: for
   each head queries x keys, in row-major order, one byte per pair, 1 or 0. The
   opposite of spattnPatternGetMask. Fails with SpattnStatusCompileError if none
   is found. */
SPATTN_C_EXPORT SpattnStatus
spattnStructureFromMask(SpattnContext context, const uint8_t *mask,
                        int64_t numHeads, int64_t queries, int64_t keys,
                        SpattnAlignment alignment, SpattnStructure *structure);

/*===-- At given lengths --------------------------------------------------===*/

/* A structure at a given number of heads and given lengths. */
typedef struct SpattnPatternImpl *SpattnPattern;

/* `numHeads` may be 0 for a mixture, which determines it. Lengths must be less
   than 2^30. */
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

/* The mask of queries [firstQuery, firstQuery + numQueries) and keys [firstKey,
   firstKey + numKeys), in row-major order: one byte per pair, 1 or 0. */
SPATTN_C_EXPORT SpattnStatus spattnPatternGetMask(
    SpattnPattern pattern, int64_t head, int64_t firstQuery, int64_t numQueries,
    int64_t firstKey, int64_t numKeys, uint8_t *mask);

/* Counts the allowed pairs of a head, or of all heads for -1. */
SPATTN_C_EXPORT SpattnStatus spattnPatternCountPairs(SpattnPattern pattern,
                                                     int64_t head,
                                                     int64_t *pairs);

/* The keys that some query of [firstQuery, firstQuery + numQueries) of a head
   sees: disjoint intervals that do not touch, in ascending order. Residues do
   not count, so that there may be keys in between that none sees. Stores at
   most `capacity` intervals, and the total number of intervals. */
SPATTN_C_EXPORT SpattnStatus spattnPatternGetKeys(
    SpattnPattern pattern, int64_t head, int64_t firstQuery, int64_t numQueries,
    SpattnKeyInterval *intervals, size_t capacity, size_t *numIntervals);

/* Queries and keys per tile. */
typedef struct SpattnTileShape {
  int64_t queries, keys;
} SpattnTileShape;

/* Tiles of the dense grid. Visited tiles are full (need no mask) or masked. */
typedef struct SpattnTileCounts {
  int64_t visited, full, masked, skipped;
} SpattnTileCounts;

/* Counts the tiles of a head, or of all heads for -1. */
SPATTN_C_EXPORT SpattnStatus spattnPatternCountTiles(SpattnPattern pattern,
                                                     int64_t head,
                                                     SpattnTileShape tile,
                                                     SpattnTileCounts *counts);

/* Key tiles [begin, end) of one row of tiles, either all full or all masked. */
typedef struct SpattnTileInterval {
  int64_t row, begin, end;
  bool isFull;
} SpattnTileInterval;

/* Lists the visited tiles of rows [firstRow, firstRow + numRows) of a head, in
   ascending order. Stores at most `capacity` intervals, and the total number of
   intervals. */
SPATTN_C_EXPORT SpattnStatus spattnPatternGetTiles(
    SpattnPattern pattern, int64_t head, SpattnTileShape tile, int64_t firstRow,
    int64_t numRows, SpattnTileInterval *intervals, size_t capacity,
    size_t *numIntervals);

/* The minimum work of any implementation, per batch element. */
typedef struct SpattnWork {
  int64_t pairs;
  int64_t flopsForward, flopsBackward;
  int64_t bytesForward, bytesBackward;
} SpattnWork;

/* Zero-initialized fields select the defaults: a head dimension of 128, the
   same value dimension, 2-byte elements, outputs of the same size, and as many
   key heads as query heads. */
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
