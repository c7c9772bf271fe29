//===- SpattnAttrs.td - Head structures as attributes ------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNATTRS_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "spattn/Dialect/Spattn/IR/SpattnDialect.td"

//===----------------------------------------------------------------------===//
// Alignment
//===----------------------------------------------------------------------===//

// Enumerations are those of the algebra (Structure.h), which knows no MLIR;
// SpattnAttrs.cpp parses them.
def Spattn_AlignmentAttr : AttrDef<Spattn_Dialect, "Alignment"> {
  let mnemonic = "alignment";
  let summary = "how unequal query and key lengths line up";
  let description = [{
    `end`: the last query is at distance 0 from the last key. `start`: the first
    query is at distance 0 from the first key.

    ```mlir
    #spattn.alignment<start>
    ```
  }];
  let parameters = (ins "::spattn::Alignment":$value);
  let assemblyFormat = "`<` $value `>`";
  // As of an operation: the value.
  let returnType = "::spattn::Alignment";
  let convertFromStorage = "$_self.getValue()";
  let constBuilderCall =
      "::spattn::AlignmentAttr::get($_builder.getContext(), $0)";
}

//===----------------------------------------------------------------------===//
// Bound lengths
//===----------------------------------------------------------------------===//

def Spattn_BoundLengthAttr : AttrDef<Spattn_Dialect, "BoundLength"> {
  let mnemonic = "bound_length";
  let summary = "which length bounds and partitions depend on";
  let description = [{
    Where batch entries hold sequences. `sequence`: `N` is the number of keys of
    the sequence, so that bands move with it. `pack`: `N` is the length of the
    keys, so that all sequences have the same bands. Queries and keys are counted
    from the start of their sequence in either case.

    ```mlir
    #spattn.bound_length<pack>
    ```
  }];
  let parameters = (ins "::spattn::BoundLength":$value);
  let assemblyFormat = "`<` $value `>`";
  // As of an operation: the value.
  let returnType = "::spattn::BoundLength";
  let convertFromStorage = "$_self.getValue()";
  let constBuilderCall =
      "::spattn::BoundLengthAttr::get($_builder.getContext(), $0)";
}

//===----------------------------------------------------------------------===//
// Structures
//===----------------------------------------------------------------------===//

def Spattn_StructureAttrInterface : AttrInterface<"StructureAttrInterface"> {
  let cppNamespace = "::spattn";
  let description = [{
    An attribute that says which (query, key) pairs a head may use.

    Attributes of other dialects may implement it, too: the compiler asks them
    only for their structure, and `spattn-normalize` expresses that in attributes
    of this dialect. The oracle, which has a definition of its own for every
    attribute, refuses attributes that it does not know.
  }];
  let methods = [
    InterfaceMethod<[{
      The structure as the algebra knows it.
    }], "::spattn::Structure", "getStructure">,
  ];
}

class Spattn_StructureAttr<string name, string attrMnemonic>
    : AttrDef<Spattn_Dialect, name,
              [DeclareAttrInterfaceMethods<Spattn_StructureAttrInterface>]> {
  let mnemonic = attrMnemonic;
}

def Spattn_FullAttr : Spattn_StructureAttr<"Full", "full"> {
  let summary = "every key";
  let description = [{
    Every pair is allowed.

    ```mlir
    #spattn.full
    ```
  }];
}

def Spattn_CausalAttr : Spattn_StructureAttr<"Causal", "causal"> {
  let summary = "the present and the past: `d >= 0`";
  let description = [{
    ```mlir
    #spattn.causal
    ```
  }];
}

// The default parser of an optional integer takes a missing one for none.
def Spattn_OptionalInt : OptionalParameter<"std::optional<int64_t>"> {
  let parser = "::mlir::FieldParser<int64_t>::parse($_parser)";
}

def Spattn_WindowAttr : Spattn_StructureAttr<"Window", "window"> {
  let summary = "a sliding window: `-right <= d <= left`";
  let description = [{
    Both ends are inclusive, as in FlashAttention's `window_size`. A missing side
    is unbounded. This is a causal window of 1,024 keys, with the query's own
    position:

    ```mlir
    #spattn.window<left = 1023, right = 0>
    ```
  }];
  let parameters = (ins Spattn_OptionalInt:$left, Spattn_OptionalInt:$right);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Spattn_SinkAttr : Spattn_StructureAttr<"Sink", "sink"> {
  let summary = "the first keys of the sequence, causally: `j < count` and `d >= 0`";
  let description = [{
    Attention sinks are used in a union with a window:

    ```mlir
    #spattn.union<#spattn.sink<4>, #spattn.window<left = 511, right = 0>>
    ```

    `#spattn.sink<0>` allows no pair.
  }];
  let parameters = (ins "int64_t":$count);
  let assemblyFormat = "`<` $count `>`";
  let genVerifyDecl = 1;
}

def Spattn_PrefixAttr : Spattn_StructureAttr<"Prefix", "prefix"> {
  let summary = "a prefix that everyone sees, causal behind it: `j < count` or `d >= 0`";
  let description = [{
    ```mlir
    #spattn.prefix<128>
    ```

    `#spattn.prefix<0>` is causal.
  }];
  let parameters = (ins "int64_t":$count);
  let assemblyFormat = "`<` $count `>`";
  let genVerifyDecl = 1;
}

def Spattn_KeysAttr : Spattn_StructureAttr<"Keys", "keys"> {
  let summary = "keys of an interval, at any distance: `lo <= j < hi`";
  let description = [{
    Bounds are `inf`, `-inf`, or affine in the sequence length:
    `[p *] N [floordiv q] [+ c]`. The prefix that is a quarter of the sequence:

    ```mlir
    #spattn.keys<0 to N floordiv 4>
    ```
  }];
  let parameters = (ins "::spattn::Interval":$interval);
  let assemblyFormat = "`<` custom<Interval>($interval) `>`";
  let genVerifyDecl = 1;
}

def Spattn_QueriesAttr : Spattn_StructureAttr<"Queries", "queries"> {
  let summary = "queries of an interval, whatever they look at: `lo <= max(i + off, 0) < hi`";
  let description = [{
    `i + off` is the place of a query among the keys, as in distances
    `i + off - j`; queries ahead of the first key count as at place 0. So a query
    has the same place in a prefill and when it is decoded from a cache. Bounds
    are as in `#spattn.keys`. These are tokens that see all keys, and that all
    queries see:

    ```mlir
    #spattn.union<#spattn.window<left = 256, right = 256>,
                  #spattn.keys<0 to 64>, #spattn.queries<0 to 64>>
    ```
  }];
  let parameters = (ins "::spattn::Interval":$interval);
  let assemblyFormat = "`<` custom<Interval>($interval) `>`";
  let genVerifyDecl = 1;
}

def Spattn_ResiduesAttr : Spattn_StructureAttr<"Residues", "residues"> {
  let summary = "places of an interval of residues: `(x - lo) mod m < hi - lo`";
  let description = [{
    `x` is the distance of `distances`, the key of `keys`, or `i + off` of
    `queries`; `mod` is never negative, so queries ahead of the first key have
    residues, too. `hi` may exceed the modulus, since residues wrap around. Unions
    and intersections with other structures make dilated windows

    ```mlir
    #spattn.intersection<#spattn.window<left = 2047, right = 0>,
                         #spattn.residues<distances, 0 to 1 mod 4>>
    ```

    and the last 8 keys of every 128

    ```mlir
    #spattn.intersection<#spattn.causal, #spattn.residues<keys, 120 to 128 mod 128>>
    ```

    Kernels visit tiles as if all residues were allowed. The modulus is at most
    2^20, and a head has at most 8 different intervals of residues.
  }];
  let parameters = (ins "::spattn::Residues":$residues);
  let assemblyFormat = "`<` custom<Residues>($residues) `>`";
  let genVerifyDecl = 1;
}

def Spattn_DistancesAttr : Spattn_StructureAttr<"Distances", "distances"> {
  let summary = "a union of half-open intervals of distances";
  let description = [{
    `lo <= d < hi` for one of the intervals. Bounds are as in `#spattn.keys`.
    Constant intervals ascend and do not overlap; those whose order depends on
    `N` may do so, and are merged at run time.

    ```mlir
    #spattn.distances<0 to 128, N floordiv 2 to N floordiv 2 + 256>
    ```
  }];
  let parameters = (ins
      ArrayRefParameter<"::spattn::Interval">:$intervals);
  let assemblyFormat = "`<` custom<Intervals>($intervals) `>`";
  let genVerifyDecl = 1;
}

def Spattn_PartitionAttr : Spattn_StructureAttr<"Partition", "partition"> {
  let summary = "the head's band of a partition of the distances over all heads";
  let description = [{
    SPAttention's partition of the causal distances `[0, N)` over `H` heads
    (arXiv 2511.09596), `H` being the number of heads the attribute applies to,
    `x` the head's position among them:

    ```
    base = N floordiv H,  r = N mod H
    w(x) = base + (x < r ? 1 : 0)            the remainder goes to the first heads
    s(x) = x * base + min(x, r)
    ```

    - `exclusive`: `s <= d < s + w`;
    - `local_band`: `0 <= d <= w` or `s <= d < s + w` (the released default);
    - `gapped`: `s <= d < s + w floordiv 2`;
    - `local`: `0 <= d <= w`.

    With `N < H` the last heads have `w = 0`.

    ```mlir
    #spattn.partition<exclusive>
    ```

    A `length` replaces `N`, so that the bands of a model stay where they were in
    training, whatever the length of a call. Distances from `length` on belong to
    no head.

    ```mlir
    #spattn.partition<exclusive, length = 4096>
    ```
  }];
  let parameters = (ins "::spattn::Partition":$kind, Spattn_OptionalInt:$length);
  let assemblyFormat = "`<` $kind (`,` `length` `=` $length^)? `>`";
  let builders = [AttrBuilder<(ins "::spattn::Partition":$kind), [{
    return $_get($_ctxt, kind, std::nullopt);
  }]>];
  let genVerifyDecl = 1;
}

def Spattn_BandAttr : Spattn_StructureAttr<"Band", "band"> {
  let summary = "one given band of a partition of the distances";
  let description = [{
    As `#spattn.partition`, with the number of bands and the band's index given
    instead of taken from the head.

    ```mlir
    #spattn.band<exclusive, 3 of 16>
    ```

    ```mlir
    #spattn.band<exclusive, 3 of 16, length = 4096>
    ```
  }];
  let parameters = (ins "::spattn::Partition":$kind, "int64_t":$index,
                        "int64_t":$count, Spattn_OptionalInt:$length);
  let assemblyFormat =
      "`<` $kind `,` $index `of` $count (`,` `length` `=` $length^)? `>`";
  let builders = [AttrBuilder<(ins "::spattn::Partition":$kind,
                                   "int64_t":$index, "int64_t":$count), [{
    return $_get($_ctxt, kind, index, count, std::nullopt);
  }]>];
  let genVerifyDecl = 1;
}

def Spattn_UnionAttr : Spattn_StructureAttr<"Union", "union"> {
  let summary = "pairs that one of the structures allows";
  let description = [{
    ```mlir
    #spattn.union<#spattn.partition<exclusive>, #spattn.sink<4>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$structures);
  let assemblyFormat = "`<` $structures `>`";
  let genVerifyDecl = 1;
}

def Spattn_IntersectionAttr
    : Spattn_StructureAttr<"Intersection", "intersection"> {
  let summary = "pairs that all of the structures allow";
  let description = [{
    ```mlir
    #spattn.intersection<#spattn.causal, #spattn.keys<0 to 64>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$structures);
  let assemblyFormat = "`<` $structures `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

def Spattn_HeadsAttr : AttrDef<Spattn_Dialect, "Heads"> {
  let mnemonic = "heads";
  let summary = "a mixture: groups of consecutive query heads, a structure each";
  let description = [{
    `count x structure`, in the order of the query heads. A partition within a
    group is a partition over the heads of that group.

    ```mlir
    #spattn.heads<8 x #spattn.partition<exclusive>, 8 x #spattn.causal>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$counts,
                        ArrayRefParameter<"::mlir::Attribute">:$structures);
  let assemblyFormat = "`<` custom<HeadGroups>($counts, $structures) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The number of query heads the groups hold together.
    int64_t getNumHeads();
  }];
}

//===----------------------------------------------------------------------===//
// Lists of tiles
//===----------------------------------------------------------------------===//

def Spattn_TileListsAttr : AttrDef<Spattn_Dialect, "TileLists"> {
  let mnemonic = "tile_lists";
  let summary = "the tiles that the lists of an attention are of, and what masks them";
  let description = [{
    Tile `(a, b)` is of the queries `[a * query_tile, (a + 1) * query_tile)` and
    the keys `[b * key_tile, (b + 1) * key_tile)`; both sizes are multiples of
    16. `tile_counts` and `tile_indices` say which tiles `b` tile row `a` lists.
    Of a listed tile, those pairs are allowed that `mask` allows, which is a
    head structure or `#spattn.heads`.

    ```mlir
    #spattn.tile_lists<64 x 64, #spattn.full>
    ```

    ```mlir
    #spattn.tile_lists<128 x 64, #spattn.causal>
    ```
  }];
  let parameters = (ins "int64_t":$query_tile, "int64_t":$key_tile,
                        "::mlir::Attribute":$mask);
  let assemblyFormat = [{
    `<` $query_tile `x` $key_tile `,` $mask `>`
  }];
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Tile shapes
//===----------------------------------------------------------------------===//

def Spattn_TileShapeAttr : AttrDef<Spattn_Dialect, "TileShape"> {
  let mnemonic = "tile_shape";
  let summary = "the tile shape of an attention";
  let description = [{
    Rows of queries and of keys in one tile. Set by `spattn-select-tile-shape`
    where the IR gives none.

    ```mlir
    #spattn.tile_shape<query_tile = 64, key_tile = 64>
    ```
  }];
  let parameters = (ins "int64_t":$query_tile, "int64_t":$key_tile);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNATTRS_TD
