/* RUN: %build && %t
 */

#include "Check.h"

static SpattnStructure read(SpattnContext context, const char *text) {
  SpattnStructure structure;
  OK(spattnStructureParse(context, text, strlen(text), &structure));
  return structure;
}

static void compare(SpattnContext context) {
  SpattnStructure union1 =
      read(context, "#spattn.union<#spattn.sink<4>, #spattn.window<left = 7, "
                    "right = 0>>");
  SpattnStructure union2 =
      read(context, "#spattn.union<#spattn.window<left = 7, right = 0>, "
                    "#spattn.window<left = 3, right = 0>, #spattn.sink<4>>");
  SpattnStructure causal = read(context, "#spattn.causal");
  SpattnStructure same = read(context, "#spattn.distances<0 to inf>");
  SpattnStructure four = read(context, "#spattn.heads<4 x #spattn.causal>");
  CHECK(strcmp(spattnStructureGetText(causal), "#spattn.causal") == 0);
  CHECK(spattnStructureIsEqual(causal, same));
  CHECK(spattnStructureGetHash(causal) == spattnStructureGetHash(same));
  CHECK(!spattnStructureIsEqual(causal, union1));
  CHECK(spattnStructureIsEqual(union1, union1));
  CHECK(!spattnStructureIsEqual(union1, NULL));
  CHECK(spattnStructureIsEqual(NULL, NULL));
  /* What lies within another part is left out. */
  CHECK(strlen(spattnStructureGetCanonicalText(union2)) <
        strlen(spattnStructureGetText(union2)));
  /* How many heads it is for is part of it. */
  CHECK(spattnStructureGetNumHeads(causal) == 0);
  CHECK(spattnStructureGetNumHeads(four) == 4);
  CHECK(!spattnStructureIsEqual(causal, four));
  /* Canonical text reads as an equal structure. */
  SpattnStructure again = read(context, spattnStructureGetCanonicalText(four));
  CHECK(spattnStructureIsEqual(again, four));

  SpattnStructure all[] = {union1, union2, causal, same, four, again};
  for (int i = 0; i < 6; ++i)
    spattnStructureDestroy(all[i]);
}

static void simplify(SpattnContext context) {
  SpattnStructure window =
      read(context, "#spattn.window<left = 100, right = 0>");
  SpattnStructure known;
  OK(spattnStructureSimplify(window, 64, 64, SpattnAlignmentEnd, &known));
  CHECK(strcmp(spattnStructureGetText(known), "#spattn.causal") == 0);
  spattnStructureDestroy(known);
  OK(spattnStructureSimplify(window, SPATTN_UNKNOWN, SPATTN_UNKNOWN,
                             SpattnAlignmentEnd, &known));
  CHECK(spattnStructureIsEqual(known, window));
  spattnStructureDestroy(known);
  FAILS(InvalidArgument, "length",
        spattnStructureSimplify(window, -2, 4, SpattnAlignmentEnd, &known));
  spattnStructureDestroy(window);
}

/* Bands of 64 at any length. */
static void fix(SpattnContext context) {
  SpattnStructure bands = read(context, "#spattn.partition<local_band>"), fixed;
  OK(spattnStructureFixLength(bands, 4, 64, &fixed));
  CHECK(spattnStructureGetNumHeads(fixed) == 4);
  CHECK(!strstr(spattnStructureGetText(fixed), "partition"));
  SpattnPattern at64, as64, at256;
  OK(spattnPatternCreate(bands, 4, 64, 64, SpattnAlignmentEnd, &at64));
  OK(spattnPatternCreate(fixed, 0, 64, 64, SpattnAlignmentEnd, &as64));
  OK(spattnPatternCreate(fixed, 0, 256, 256, SpattnAlignmentEnd, &at256));
  for (int64_t head = 0; head < 4; ++head)
    for (int64_t query = 0; query < 64; ++query)
      for (int64_t key = 0; key < 64; ++key) {
        bool a, b, c;
        OK(spattnPatternIsAllowed(at64, head, query, key, &a));
        OK(spattnPatternIsAllowed(as64, head, query, key, &b));
        OK(spattnPatternIsAllowed(at256, head, query + 100, key + 100, &c));
        CHECK(a == b && b == c);
      }
  /* Distance 16 begins the band of head 1, distance 64 is nobody's. */
  bool allowed;
  OK(spattnPatternIsAllowed(at256, 1, 200, 184, &allowed));
  CHECK(allowed);
  OK(spattnPatternIsAllowed(at256, 3, 200, 136, &allowed));
  CHECK(!allowed);
  spattnStructureDestroy(fixed);
  SpattnStructure first = read(context, "#spattn.queries<0 to N floordiv 4>");
  OK(spattnStructureFixLength(first, 1, 64, &fixed));
  CHECK(strstr(spattnStructureGetText(fixed), "#spattn.queries<0 to 16>"));
  spattnStructureDestroy(first);
  spattnStructureDestroy(fixed);
  FAILS(InvalidArgument, "heads",
        spattnStructureFixLength(bands, 0, 64, &fixed));
  CHECK(!fixed);
  spattnPatternDestroy(at64);
  spattnPatternDestroy(as64);
  spattnPatternDestroy(at256);
  spattnStructureDestroy(bands);
}

/* Two heads that share keys, as queries [32, 48) of 64 see a band of 16 and one
   of distances [16, 32) of what is gathered of them. */
static void slice(SpattnContext context) {
  SpattnStructure bands = read(context, "#spattn.partition<exclusive>"), sliced;
  SpattnPattern whole, part;
  OK(spattnPatternCreate(bands, 4, 64, 64, SpattnAlignmentEnd, &whole));
  SpattnKeyInterval keys[2];
  size_t numKeys;
  OK(spattnPatternGetKeys(whole, 1, 32, 16, NULL, 0, &numKeys));
  CHECK(numKeys == 1);
  OK(spattnPatternGetKeys(whole, 1, 32, 16, keys, 2, &numKeys));
  CHECK(numKeys == 1 && keys[0].begin == 1 && keys[0].end == 32);
  OK(spattnPatternGetKeys(whole, 3, 0, 16, keys, 2, &numKeys));
  CHECK(numKeys == 0);
  OK(spattnPatternGetKeys(whole, 3, 8, 0, keys, 2, &numKeys));
  CHECK(numKeys == 0);
  FAILS(InvalidArgument, "no head 4",
        spattnPatternGetKeys(whole, 4, 0, 1, keys, 2, &numKeys));
  FAILS(InvalidArgument, "64 queries",
        spattnPatternGetKeys(whole, 0, 60, 5, keys, 2, &numKeys));
  FAILS(InvalidArgument, "'intervals' is null",
        spattnPatternGetKeys(whole, 0, 0, 1, NULL, 2, &numKeys));

  /* Keys [1, 20) are rows [2, 21), keys [24, 48) rows [21, 45). */
  SpattnKeyPiece pieces[] = {{0, 1, 20, 2}, {0, 24, 48, 21}};
  SpattnSlice own = {64, 4, 2, 0, 2, 32, 16, 46, pieces, 2};
  OK(spattnStructureSlice(bands, &own, &sliced));
  CHECK(spattnStructureGetNumHeads(sliced) == 2);
  OK(spattnPatternCreate(sliced, 0, 16, 46, SpattnAlignmentStart, &part));
  for (int64_t head = 0; head < 2; ++head)
    for (int64_t query = 0; query < 16; ++query)
      for (int64_t row = 0; row < 46; ++row) {
        bool found, expected = false;
        int64_t key = row < 21 ? row - 1 : row + 3;
        if (row >= 2 && row < 45)
          OK(spattnPatternIsAllowed(whole, head, query + 32, key, &expected));
        OK(spattnPatternIsAllowed(part, head, query, row, &found));
        CHECK(found == expected);
      }
  spattnStructureDestroy(sliced);
  spattnPatternDestroy(whole);
  spattnPatternDestroy(part);

  /* What is left out sees nothing. */
  own.numPieces = 0;
  OK(spattnStructureSlice(bands, &own, &sliced));
  CHECK(strstr(spattnStructureGetText(sliced), "2 x "));
  spattnStructureDestroy(sliced);
  own.numPieces = 2;
  const struct {
    SpattnSlice slice;
    const char *message;
  } wrong[] = {
      {{-1, 4, 2, 0, 2, 32, 16, 46, pieces, 2}, "lengths"},
      {{64, 4, 3, 0, 2, 32, 16, 46, pieces, 2}, "divides"},
      {{64, 4, 2, 3, 2, 32, 16, 46, pieces, 2}, "heads"},
      {{64, 4, 2, 0, 0, 32, 16, 46, pieces, 2}, "one head"},
      {{64, 4, 2, 0, 2, 60, 16, 46, pieces, 2}, "queries"},
      {{64, 4, 2, 0, 2, 32, 16, 44, pieces, 2}, "rows"},
      {{40, 4, 2, 0, 2, 20, 16, 46, pieces, 2}, "40 keys"},
      {{64, 4, 2, 0, 2, 32, 16, 46, NULL, 2}, "'pieces' is null"},
      {{64, 0, 2, 0, 2, 32, 16, 46, pieces, 2}, "heads"},
  };
  for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i)
    FAILS(InvalidArgument, wrong[i].message,
          spattnStructureSlice(bands, &wrong[i].slice, &sliced));
  pieces[1].begin = 19;
  pieces[1].end = 40;
  FAILS(InvalidArgument, "overlap", spattnStructureSlice(bands, &own, &sliced));
  pieces[1].begin = 24;
  pieces[1].keyHead = 2;
  FAILS(InvalidArgument, "key heads",
        spattnStructureSlice(bands, &own, &sliced));
  CHECK(!sliced);
  spattnStructureDestroy(bands);
}

/* A window and a sink for two heads, the bands of 64 distances for two more. */
static void liveKeys(SpattnContext context) {
  SpattnStructure structure = read(
      context, "#spattn.heads<2 x #spattn.union<#spattn.sink<4>, "
               "#spattn.window<left = 9, right = 0>>, 2 x "
               "#spattn.partition<exclusive, length = 64>>");
  const int64_t any = SPATTN_UNKNOWN;
  SpattnKeyInterval keys[2];
  size_t number;
  OK(spattnStructureGetLiveKeys(structure, 4, 0, 2, 100, any, NULL, 0,
                                &number));
  CHECK(number == 2);
  OK(spattnStructureGetLiveKeys(structure, 4, 0, 4, 100, any, keys, 2,
                                &number));
  CHECK(number == 2 && keys[0].begin == 0 && keys[0].end == 4);
  CHECK(keys[1].begin == 37 && keys[1].end == 100);
  OK(spattnStructureGetLiveKeys(structure, 0, 3, 1, 100, 110, keys, 2,
                                &number));
  CHECK(number == 1 && keys[0].begin == 37 && keys[0].end == 78);
  OK(spattnStructureGetRemovableKeys(structure, 4, 100, keys));
  CHECK(keys[0].begin == 4 && keys[0].end == 37);
  OK(spattnStructureGetRemovableKeys(structure, 4, 40, keys));
  CHECK(keys[0].begin == keys[0].end);
  FAILS(InvalidArgument, "4 heads, which does not hold [3, 3 + 2)",
        spattnStructureGetLiveKeys(structure, 4, 3, 2, 100, any, keys, 2,
                                   &number));
  FAILS(InvalidArgument, "for 4 heads, not 5",
        spattnStructureGetLiveKeys(structure, 5, 0, 1, 1, any, keys, 2,
                                   &number));
  FAILS(InvalidArgument, "from 100, the number of tokens, to 2^30 - 1, got 99",
        spattnStructureGetLiveKeys(structure, 4, 0, 1, 100, 99, keys, 2,
                                   &number));
  FAILS(InvalidArgument, "tokens, got -1",
        spattnStructureGetLiveKeys(structure, 4, 0, 1, -1, any, keys, 2,
                                   &number));
  FAILS(InvalidArgument, "'intervals' is null",
        spattnStructureGetLiveKeys(structure, 4, 0, 1, 1, any, NULL, 2,
                                   &number));
  FAILS(InvalidArgument, "tokens, got -1",
        spattnStructureGetRemovableKeys(structure, 4, -1, keys));
  spattnStructureDestroy(structure);

  /* Bands of all keys move with each of them. */
  structure = read(context, "#spattn.partition<exclusive>");
  OK(spattnStructureGetLiveKeys(structure, 4, 0, 1, 100, any, keys, 2,
                                &number));
  CHECK(number == 1 && keys[0].begin == 0 && keys[0].end == 100);
  OK(spattnStructureGetRemovableKeys(structure, 4, 100, keys));
  CHECK(keys[0].begin == keys[0].end);
  spattnStructureDestroy(structure);
}

/* A window of each head, of every other distance for the second one. */
static void divide(SpattnContext context) {
  SpattnStructure structure = read(
      context, "#spattn.heads<1 x #spattn.window<left = 9, right = 0>, 2 x "
               "#spattn.intersection<#spattn.window<left = 9, right = 0>, "
               "#spattn.residues<distances, 0 to 1 mod 2>>, 1 x "
               "#spattn.intersection<#spattn.residues<queries, 1 to 2 mod 3>, "
               "#spattn.residues<keys, 1 to 2 mod 3>>>");
  SpattnDividedHeads groups[4];
  size_t numGroups;
  const SpattnAlignment end = SpattnAlignmentEnd;
  OK(spattnStructureDivide(structure, 4, end, NULL, 0, &numGroups));
  CHECK(numGroups == 3);
  OK(spattnStructureDivide(structure, 4, end, groups, 4, &numGroups));
  const int64_t expected[3][3] = {
      {1, 1, SPATTN_UNKNOWN}, {2, 2, SPATTN_UNKNOWN}, {1, 3, 1}};
  for (int i = 0; i < 3; ++i) {
    CHECK(groups[i].numHeads == expected[i][0]);
    CHECK(groups[i].modulus == expected[i][1]);
    CHECK(groups[i].remainder == expected[i][2]);
  }
  CHECK(strcmp(spattnStructureGetText(groups[0].structure),
               "#spattn.window<left = 9, right = 0>") == 0);
  CHECK(strcmp(spattnStructureGetText(groups[1].structure),
               "#spattn.window<left = 4, right = 0>") == 0);
  CHECK(strcmp(spattnStructureGetText(groups[2].structure), "#spattn.full") ==
        0);
  for (int i = 0; i < 3; ++i) {
    CHECK(!groups[i].others);
    spattnStructureDestroy(groups[i].structure);
  }
  SpattnStructure both =
      read(context, "#spattn.intersection<#spattn.causal, "
                    "#spattn.union<#spattn.window<left = 9, right = 0>, "
                    "#spattn.residues<distances, 0 to 1 mod 4>>>");
  OK(spattnStructureDivide(both, 2, end, groups, 4, &numGroups));
  CHECK(numGroups == 1 && groups[0].modulus == 4);
  CHECK(strcmp(spattnStructureGetText(groups[0].structure),
               "#spattn.distances<3 to inf>") == 0);
  CHECK(strcmp(spattnStructureGetText(groups[0].others),
               "#spattn.window<left = 9, right = 0>") == 0);
  spattnStructureDestroy(groups[0].structure);
  spattnStructureDestroy(groups[0].others);
  spattnStructureDestroy(both);
  FAILS(InvalidArgument, "heads",
        spattnStructureDivide(structure, 3, end, groups, 4, &numGroups));
  FAILS(InvalidArgument, "alignment 7",
        spattnStructureDivide(structure, 4, (SpattnAlignment)7, groups, 4,
                              &numGroups));
  FAILS(InvalidArgument, "room",
        spattnStructureDivide(structure, 4, end, NULL, 4, &numGroups));

  /* Masks and counts are exact. */
  SpattnPattern pattern;
  OK(spattnPatternCreate(structure, 0, 21, 30, SpattnAlignmentEnd, &pattern));
  for (int64_t head = 0; head < 4; ++head) {
    uint8_t mask[21 * 30];
    OK(spattnPatternGetMask(pattern, head, 0, 21, 0, 30, mask));
    int64_t pairs = 0, counted;
    for (int64_t i = 0; i < 21 * 30; ++i) {
      int64_t query = i / 30 + 9, key = i % 30, d = query - key;
      bool in = 0 <= d && d <= 9 && (head == 0 || d % 2 == 0);
      if (head == 3)
        in = query % 3 == 1 && key % 3 == 1;
      CHECK(mask[i] == in);
      pairs += mask[i];
    }
    OK(spattnPatternCountPairs(pattern, head, &counted));
    CHECK(counted == pairs);
  }
  spattnPatternDestroy(pattern);
  spattnStructureDestroy(structure);
}

enum { queries = 40, keys = 56, tileQueries = 16, tileKeys = 8 };

/* Pairs, masks and tiles say the same. */
static void count(SpattnContext context) {
  SpattnStructure structure =
      read(context, "#spattn.heads<2 x #spattn.partition<exclusive>, "
                    "1 x #spattn.union<#spattn.sink<3>, "
                    "#spattn.window<left = 9, right = 2>, "
                    "#spattn.queries<20 to 24>>>");
  SpattnPattern pattern;
  OK(spattnPatternCreate(structure, 0, queries, keys, SpattnAlignmentEnd,
                         &pattern));
  CHECK(spattnPatternGetNumHeads(pattern) == 3);
  SpattnTileShape tile = {tileQueries, tileKeys};
  const int64_t rows = 3, columns = 7;
  int64_t allPairs = 0;
  SpattnTileCounts all = {0};
  for (int64_t head = 0; head < 3; ++head) {
    uint8_t mask[queries * keys], corner[6];
    OK(spattnPatternGetMask(pattern, head, 0, queries, 0, keys, mask));
    OK(spattnPatternGetMask(pattern, head, 7, 2, 20, 3, corner));
    for (int i = 0; i < 6; ++i)
      CHECK(corner[i] == mask[(7 + i / 3) * keys + 20 + i % 3]);
    int64_t pairs = 0, counted;
    for (int64_t i = 0; i < queries * keys; ++i) {
      bool allowed;
      OK(spattnPatternIsAllowed(pattern, head, i / keys, i % keys, &allowed));
      CHECK(allowed == mask[i]);
      pairs += mask[i];
    }
    OK(spattnPatternCountPairs(pattern, head, &counted));
    CHECK(counted == pairs);
    allPairs += pairs;

    SpattnTileInterval intervals[64];
    size_t numIntervals, fewer;
    OK(spattnPatternGetTiles(pattern, head, tile, 0, rows, intervals, 64,
                             &numIntervals));
    OK(spattnPatternGetTiles(pattern, head, tile, 0, rows, NULL, 0, &fewer));
    CHECK(fewer == numIntervals && numIntervals <= 64);
    uint8_t found[21] = {0};
    SpattnTileCounts counts = {0}, own;
    for (size_t i = 0; i < numIntervals; ++i)
      for (int64_t key = intervals[i].begin; key < intervals[i].end; ++key) {
        found[intervals[i].row * columns + key] = 1 + intervals[i].isFull;
        ++counts.visited;
        counts.full += intervals[i].isFull;
      }
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        int some = 0, every = 1;
        for (int64_t i = row * tileQueries;
             i < (row + 1) * tileQueries && i < queries; ++i)
          for (int64_t j = column * tileKeys; j < (column + 1) * tileKeys;
               ++j) {
            some |= mask[i * keys + j];
            every &= mask[i * keys + j];
          }
        CHECK(found[row * columns + column] == some + every);
      }
    OK(spattnPatternCountTiles(pattern, head, tile, &own));
    CHECK(own.visited == counts.visited && own.full == counts.full);
    CHECK(own.masked == own.visited - own.full);
    CHECK(own.skipped == rows * columns - own.visited);
    all.visited += own.visited;
  }
  int64_t pairs;
  SpattnTileCounts counts;
  OK(spattnPatternCountPairs(pattern, -1, &pairs));
  OK(spattnPatternCountTiles(pattern, -1, tile, &counts));
  CHECK(pairs == allPairs && counts.visited == all.visited);

  SpattnWorkShape shape = {64, 0, 2, 0, 0};
  SpattnWork work;
  OK(spattnPatternGetWork(pattern, &shape, &work));
  CHECK(work.pairs == allPairs && work.flopsForward == 4 * 64 * allPairs);
  CHECK(work.flopsBackward == 10 * 64 * allPairs);
  CHECK(work.bytesForward > 0 && work.bytesBackward > work.bytesForward);
  OK(spattnPatternGetWork(pattern, NULL, &work));
  CHECK(work.flopsForward == 4 * 128 * allPairs);
  shape.keyHeads = 2;
  FAILS(InvalidArgument, "divides",
        spattnPatternGetWork(pattern, &shape, &work));

  bool allowed;
  FAILS(InvalidArgument, "no head 3",
        spattnPatternIsAllowed(pattern, 3, 0, 0, &allowed));
  FAILS(InvalidArgument, "40 queries",
        spattnPatternIsAllowed(pattern, 0, 40, 0, &allowed));
  FAILS(InvalidArgument, "56 keys",
        spattnPatternIsAllowed(pattern, 0, 0, -1, &allowed));
  FAILS(InvalidArgument, "rows of tiles",
        spattnPatternGetTiles(pattern, 0, tile, 2, 2, NULL, 0, &(size_t){0}));
  tile.keys = 0;
  FAILS(InvalidArgument, "tiles of",
        spattnPatternCountTiles(pattern, 0, tile, &counts));
  spattnPatternDestroy(pattern);
  FAILS(InvalidArgument, "for 3 heads, not 4",
        spattnPatternCreate(structure, 4, 8, 8, SpattnAlignmentEnd, &pattern));
  FAILS(InvalidArgument, "length",
        spattnPatternCreate(structure, 3, 8, INT64_MAX, SpattnAlignmentEnd,
                            &pattern));
  FAILS(InvalidArgument, "alignment 7",
        spattnPatternCreate(structure, 3, 8, 8, (SpattnAlignment)7, &pattern));
  spattnStructureDestroy(structure);
}

static void refuse(SpattnContext context) {
  SpattnStructure structure;
  const char *bad[] = {"",
                       "causal",
                       "#spattn.nonsense",
                       "#spattn.causal and more",
                       "#spattn.heads<0 x #spattn.causal>",
                       "#spattn.window<left = -3, right = 0>",
                       "42 : i32",
                       "#spattn.distances<0 to"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); ++i)
    FAILS(InvalidInput, "",
          spattnStructureParse(context, bad[i], strlen(bad[i]), &structure));
  CHECK(!structure);
}

#define MASK "tensor<?x2x?x?xi1>"

/* A mask of two heads, whose condition is %c; %h, %i and %j are indices. */
static SpattnModule makeMask(SpattnContext context, const char *condition) {
  char source[2048];
  snprintf(source, sizeof(source),
           "func.func @mask(%%all: " MASK ") -> " MASK " {\n"
           "  %%m = linalg.generic {indexing_maps = "
           "[affine_map<(b, h, i, j) -> (b, h, i, j)>], iterator_types = "
           "[\"parallel\", \"parallel\", \"parallel\", \"parallel\"]} "
           "outs(%%all : " MASK ") {\n"
           "  ^bb0(%%old: i1):\n"
           "    %%b = linalg.index 0 : index loc(\"batch\")\n"
           "    %%h = linalg.index 1 : index\n"
           "    %%i = linalg.index 2 : index\n"
           "    %%j = linalg.index 3 : index\n"
           "    %%two = arith.constant 2 : index\n"
           "    %s\n"
           "    linalg.yield %%c : i1\n"
           "  } -> " MASK "\n"
           "  return %%m : " MASK "\n"
           "}\n"
           "func.func @nothing() { return }\n"
           "func.func @number(%%x: i1) -> i1 { return %%x : i1 }\n"
           "func.func @heads(%%x: tensor<1x?x8x8xi1>) -> tensor<1x?x8x8xi1> "
           "{ return %%x : tensor<1x?x8x8xi1> }\n",
           condition);
  return parse(context, source);
}

static void find(SpattnContext context) {
  SpattnStructure structure;
  SpattnModule module =
      makeMask(context, "%c = arith.cmpi sge, %i, %j : index");
  OK(spattnModuleFindStructure(module, "mask", NULL, &structure));
  CHECK(strcmp(spattnStructureGetText(structure), "#spattn.causal") == 0);
  CHECK(spattnStructureGetNumHeads(structure) == 0);
  spattnStructureDestroy(structure);
  FAILS(InvalidArgument, "there is no function 'none'",
        spattnModuleFindStructure(module, "none", NULL, &structure));
  FAILS(InvalidArgument, "one block with one result, got 'nothing'",
        spattnModuleFindStructure(module, "nothing", NULL, &structure));
  FAILS(CompileError, "'func.func' is no mask of batch entries, heads",
        spattnModuleFindStructure(module, "number", NULL, &structure));
  FAILS(CompileError, "heads that is not from 1 to",
        spattnModuleFindStructure(module, "heads", NULL, &structure));
  FAILS(InvalidArgument, "'function' is null",
        spattnModuleFindStructure(module, NULL, NULL, &structure));
  CHECK(!structure);
  spattnModuleDestroy(module);

  module = makeMask(context, "%x = arith.muli %h, %two : index\n"
                             "%d = arith.subi %i, %j : index\n"
                             "%c = arith.cmpi sgt, %d, %x : index");
  OK(spattnModuleFindStructure(module, "mask", NULL, &structure));
  CHECK(strcmp(spattnStructureGetText(structure),
               "#spattn.heads<1 x #spattn.distances<1 to inf>, "
               "1 x #spattn.distances<3 to inf>>") == 0);
  spattnStructureDestroy(structure);
  spattnModuleDestroy(module);

  /* Operations are called as their locations are. */
  module = makeMask(context, "%c = arith.cmpi slt, %b, %i : index");
  FAILS(CompileError, "'batch' makes the mask depend on the batch entry",
        spattnModuleFindStructure(module, "mask", NULL, &structure));
  spattnModuleDestroy(module);
  module = makeMask(context, "%x = arith.addi %i, %j : index\n"
                             "%c = arith.cmpi slt, %x, %two : index "
                             "loc(\"<\"(\"mask.py\":7:9))");
  FAILS(CompileError, "mask.py:7:9: '<' compares a sum of query and key",
        spattnModuleFindStructure(module, "mask", NULL, &structure));
  spattnModuleDestroy(module);
}

static void findByPairs(SpattnContext context) {
  /* A window of two keys, of three queries and four keys: what starts and what
     ends that are aligned make of it. */
  const uint8_t window[] = {1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0};
  SpattnStructure structure;
  OK(spattnStructureFromMask(context, window, 1, 3, 4, SpattnAlignmentStart,
                             &structure));
  CHECK(strcmp(spattnStructureGetText(structure),
               "#spattn.window<left = 1, right = 0>") == 0);
  SpattnPattern pattern;
  OK(spattnPatternCreate(structure, 1, 3, 4, SpattnAlignmentStart, &pattern));
  uint8_t again[12];
  OK(spattnPatternGetMask(pattern, 0, 0, 3, 0, 4, again));
  CHECK(memcmp(window, again, sizeof(again)) == 0);
  spattnPatternDestroy(pattern);
  spattnStructureDestroy(structure);
  OK(spattnStructureFromMask(context, window, 1, 3, 4, SpattnAlignmentEnd,
                             &structure));
  CHECK(strcmp(spattnStructureGetText(structure),
               "#spattn.distances<1 to 3>") == 0);
  spattnStructureDestroy(structure);

  const uint8_t heads[] = {1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1};
  OK(spattnStructureFromMask(context, heads, 3, 2, 2, SpattnAlignmentStart,
                             &structure));
  CHECK(strcmp(spattnStructureGetText(structure),
               "#spattn.heads<2 x #spattn.causal, "
               "1 x #spattn.window<left = 0, right = 0>>") == 0);
  spattnStructureDestroy(structure);

  uint8_t noise[40 * 40];
  uint32_t state = 1;
  for (size_t i = 0; i < sizeof(noise); ++i)
    noise[i] = ((state = state * 1664525 + 1013904223) >> 16) & 1;
  FAILS(CompileError, "no structure was found for the mask of head 0",
        spattnStructureFromMask(context, noise, 1, 40, 40, SpattnAlignmentEnd,
                                &structure));
  FAILS(InvalidArgument, "expected a mask of 1 to 2^24 pairs, got 0 x 4",
        spattnStructureFromMask(context, window, 1, 0, 4, SpattnAlignmentEnd,
                                &structure));
  FAILS(InvalidArgument, "got 8192 x 8192",
        spattnStructureFromMask(context, window, 1, 8192, 8192,
                                SpattnAlignmentEnd, &structure));
  FAILS(InvalidArgument, "heads, got 0",
        spattnStructureFromMask(context, window, 0, 3, 4, SpattnAlignmentEnd,
                                &structure));
  FAILS(InvalidArgument, "'mask' is null",
        spattnStructureFromMask(context, NULL, 1, 3, 4, SpattnAlignmentEnd,
                                &structure));
  CHECK(!structure);
}

int main(void) {
  SpattnContext context = makeContext();
  compare(context);
  simplify(context);
  fix(context);
  slice(context);
  liveKeys(context);
  divide(context);
  find(context);
  findByPairs(context);
  count(context);
  refuse(context);
  /* A structure needs no context's handle. */
  SpattnStructure structure = read(context, "#spattn.partition<exclusive>");
  spattnContextDestroy(context);
  SpattnStructure fixed;
  OK(spattnStructureFixLength(structure, 2, 8, &fixed));
  CHECK(strcmp(spattnStructureGetText(fixed),
               "#spattn.heads<1 x #spattn.window<left = 3, right = 0>, "
               "1 x #spattn.distances<4 to 8>>") == 0);
  spattnStructureDestroy(structure);
  spattnStructureDestroy(fixed);
  return 0;
}
