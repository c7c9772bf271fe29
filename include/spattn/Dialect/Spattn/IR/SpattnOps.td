//===- SpattnOps.td - Operations of the spattn dialect -----*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNOPS_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNOPS_TD

include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "spattn/Dialect/Spattn/IR/SpattnAttrs.td"

class Spattn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Spattn_Dialect, mnemonic, traits>;

def Spattn_Shaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef],
                              "ranked tensor or strided memref">;
def Spattn_TileElement : AnyTypeOf<[F32, F16, BF16]>;
def Spattn_InputTile
    : MemRefRankOf<[Spattn_TileElement], [2]>;
def Spattn_Tile : MemRefRankOf<[F32], [2]>;
def Spattn_RowVector : MemRefRankOf<[F32], [1]>;

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

def Spattn_AttentionOp : Spattn_Op<"attention", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "scaled dot-product attention with a structure per head";
  let description = [{
    For every batch element `b`, query head `h` and query `i`, over the keys `j`
    that the structure of `h` allows:

    ```
    s(j)   = scale * sum_c q[b,h,i,c] * k[b,g,j,c]
    out    = sum_j exp(s(j)) * v[b,g,j,:] / sum_j exp(s(j))
    lse    = log sum_j exp(s(j))
    ```

    where `g = h floordiv (Hq / Hkv)` is the key-value head of the group that
    `h` belongs to. A row without allowed keys has `out = 0`, `lse = -inf`.

    Operands are tensors, or buffers with any strides. `layout` names the order
    of their dimensions: `b` batch, `h` head, `n` length, `d` head dimension;
    `lse` has the same order without `d`. Batch and lengths may be dynamic, the
    numbers of heads and the head dimensions are static. Elements of `query`,
    `key` and `value` are `f32`, `f16` or `bf16`; arithmetic is in `f32`. `out`
    has the elements of `value`, or `f32`; `lse` is `f32`, by natural logarithm.

    `scale` is `1/sqrt(D)` where it is not given.

    The operation is in destination style: the contents of `outs` are not read.

    ```mlir
    %r, %l = spattn.attention structure(#spattn.partition<exclusive>)
        ins(%q, %k, %v : tensor<?x16x?x128xbf16>, tensor<?x16x?x128xbf16>, tensor<?x16x?x128xbf16>)
        outs(%o, %lse : tensor<?x16x?x128xbf16>, tensor<?x16x?xf32>)
    ```

    The constraints C1 to C16 are listed in the specification.
  }];
  let arguments = (ins
      Spattn_Shaped:$query, Spattn_Shaped:$key, Spattn_Shaped:$value,
      Optional<F32>:$scale,
      Spattn_Shaped:$out, Optional<Spattn_Shaped>:$lse,
      AnyAttr:$structure,
      DefaultValuedAttr<Spattn_AlignmentAttr, "::spattn::AlignmentKind::End">:$alignment,
      DefaultValuedAttr<StrAttr, "\"bhnd\"">:$layout,
      OptionalAttr<Spattn_ScheduleAttr>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `structure` `(` $structure `)`
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
    type($value) `)`
    (`scale` `(` $scale^ `)`)?
    `outs` `(` $out (`,` $lse^)? `:` type($out) (`,` type($lse)^)? `)`
    attr-dict
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The position of dimension `b`, `h`, `n` or `d` in the operands' shapes.
    unsigned getDim(char name);
    /// As above for `lse`, which has no `d`.
    unsigned getLseDim(char name);

    int64_t getNumQueryHeads();
    int64_t getNumKeyHeads();
    /// Query heads that share one key-value head.
    int64_t getGroupSize() { return getNumQueryHeads() / getNumKeyHeads(); }
    /// The head dimension of `query` and `key`, and that of `value`.
    int64_t getHeadDim();
    int64_t getValueDim();
    /// Static lengths and batch size, or ShapedType::kDynamic.
    int64_t getStaticQueryLength();
    int64_t getStaticKeyLength();
    int64_t getStaticBatch();

    /// The structures of all query heads, in order.
    ::spattn::HeadStructures getHeadStructures();
    ::spattn::Alignment getAlgebraAlignment();
  }];
}

//===----------------------------------------------------------------------===//
// Online-softmax tile operations (CPU)
//===----------------------------------------------------------------------===//

class Spattn_TileOp<string mnemonic, list<Trait> traits = []>
    : Spattn_Op<mnemonic, traits>;

def Spattn_LoadQueryOp : Spattn_TileOp<"load_query"> {
  let summary = "loads, scales and transposes a tile of queries";
  let description = [{
    `out[c, m] = scale * source[min(m, rows - 1), c]` for all `m` of the tile:
    rows past the end of a shorter `source` repeat its last one, so that every
    lane holds finite data. `source` has at least one row.

    ```mlir
    spattn.load_query %q scale(%s) into %qt
        : memref<?x128xbf16, strided<[?, 1], offset: ?>>, memref<128x64xf32>
    ```
  }];
  let arguments = (ins Arg<Spattn_InputTile, "", [MemRead]>:$source,
                       F32:$scale,
                       Arg<Spattn_Tile, "", [MemWrite]>:$out);
  let assemblyFormat = [{
    $source `scale` `(` $scale `)` `into` $out attr-dict `:` type($source) `,`
    type($out)
  }];
  let hasVerifier = 1;
}

def Spattn_StageOp : Spattn_TileOp<"stage"> {
  let summary = "copies a tile of keys or values to f32 scratch";
  let description = [{
    `out[n, c] = source[n, c]` for the rows that `source` has; other rows of
    `out` keep what they hold.

    ```mlir
    spattn.stage %k into %buffer
        : memref<?x128xbf16, strided<[?, 1], offset: ?>>, memref<64x128xf32>
    ```
  }];
  let arguments = (ins Arg<Spattn_InputTile, "", [MemRead]>:$source,
                       Arg<Spattn_Tile, "", [MemWrite]>:$out);
  let assemblyFormat = [{
    $source `into` $out attr-dict `:` type($source) `,` type($out)
  }];
  let hasVerifier = 1;
}

def Spattn_OnlineInitOp : Spattn_TileOp<"online_init"> {
  let summary = "starts the online softmax of a tile of queries";
  let description = [{
    `acc = 0`, `max = -inf`, `sum = 0`.

    ```mlir
    spattn.online_init(%acc, %max, %sum)
        : memref<64x128xf32>, memref<64xf32>, memref<64xf32>
    ```
  }];
  let arguments = (ins Arg<Spattn_Tile, "", [MemWrite]>:$acc,
                       Arg<Spattn_RowVector, "", [MemWrite]>:$max,
                       Arg<Spattn_RowVector, "", [MemWrite]>:$sum);
  let assemblyFormat = [{
    `(` $acc `,` $max `,` $sum `)` attr-dict `:` type($acc) `,` type($max) `,`
    type($sum)
  }];
  let hasVerifier = 1;
}

def Spattn_OnlineStepOp : Spattn_TileOp<"online_step", [SingleBlock]> {
  let summary = "one step of the online softmax over a tile of keys";
  let description = [{
    With `s[n, m] = sum_c key[n, c] * query[c, m]` over the rows `n` that `key`
    has (base-2 logits: the query carries `scale * log2(e)`):

    ```
    max'[m] = max(max[m], max_n s[n, m])
    p[n, m] = exp2(s[n, m] - max'[m])
    c[m]    = exp2(max[m] - max'[m])
    sum[m]  = sum[m] * c[m] + sum_n p[n, m]
    acc[m]  = acc[m] * c[m] + sum_n p[n, m] * value[n]
    ```

    A step with a mask region takes only the pairs for which the region yields
    true; it gets the row `m` of the query and `n` of the key within their
    tiles. A step without one takes all, and costs no mask code. `scores` and
    `correction` are scratch.

    ```mlir
    spattn.online_step ins(%qt, %k, %v) state(%acc, %max, %sum) scratch(%s, %c)
        mask {
        ^bb0(%m: index, %n: index):
          %p = arith.cmpi sge, %m, %n : index
          spattn.yield %p
        }
        : memref<128x64xf32>, memref<64x128xf32>, memref<64x128xf32>,
          memref<64x128xf32>, memref<64xf32>, memref<64xf32>,
          memref<64x64xf32>, memref<64xf32>
    ```
  }];
  let arguments = (ins Arg<Spattn_Tile, "", [MemRead]>:$query,
                       Arg<Spattn_Tile, "", [MemRead]>:$key,
                       Arg<Spattn_Tile, "", [MemRead]>:$value,
                       Arg<Spattn_Tile, "", [MemRead, MemWrite]>:$acc,
                       Arg<Spattn_RowVector, "", [MemRead, MemWrite]>:$max,
                       Arg<Spattn_RowVector, "", [MemRead, MemWrite]>:$sum,
                       Arg<Spattn_Tile, "", [MemRead, MemWrite]>:$scores,
                       Arg<Spattn_RowVector, "", [MemRead, MemWrite]>:$correction);
  let regions = (region MaxSizedRegion<1>:$mask);
  let hasVerifier = 1;
  let hasCustomAssemblyFormat = 1;
}

def Spattn_YieldOp : Spattn_Op<"yield", [Pure, Terminator,
    HasParent<"OnlineStepOp">]> {
  let summary = "says whether a pair is allowed";
  let arguments = (ins I1:$allowed);
  let assemblyFormat = "$allowed attr-dict";
}

def Spattn_OnlineFinishOp : Spattn_TileOp<"online_finish"> {
  let summary = "normalizes a tile and stores it";
  let description = [{
    For the rows that `out` has: `out[m] = acc[m] / sum[m]`, or 0 where
    `sum[m] = 0`; `lse[m] = ln(2) * max[m] + ln(sum[m])`, or `-inf`.

    ```mlir
    spattn.online_finish(%acc, %max, %sum) into %o, %lse
        : memref<64x128xf32>, memref<64xf32>, memref<64xf32>,
          memref<?x128xbf16, strided<[?, 1], offset: ?>>, memref<?xf32, strided<[?], offset: ?>>
    ```
  }];
  let arguments = (ins Arg<Spattn_Tile, "", [MemRead]>:$acc,
                       Arg<Spattn_RowVector, "", [MemRead]>:$max,
                       Arg<Spattn_RowVector, "", [MemRead]>:$sum,
                       Arg<Spattn_InputTile, "", [MemWrite]>:$out,
                       Arg<Optional<Spattn_RowVector>, "", [MemWrite]>:$lse);
  let assemblyFormat = [{
    `(` $acc `,` $max `,` $sum `)` `into` $out (`,` $lse^)? attr-dict `:`
    type($acc) `,` type($max) `,` type($sum) `,` type($out)
    (`,` type($lse)^)?
  }];
  let hasVerifier = 1;
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNOPS_TD
