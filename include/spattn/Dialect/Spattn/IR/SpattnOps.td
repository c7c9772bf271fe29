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
include "spattn/Dialect/Spattn/IR/SpattnInterfaces.td"

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

class Spattn_AttentionBase<string mnemonic, list<Trait> traits = []>
    : Spattn_Op<mnemonic, !listconcat(traits, [
        Spattn_AttentionOpInterface,
        DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
        DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
}

def Spattn_AttentionOp
    : Spattn_AttentionBase<"attention", [AttrSizedOperandSegments]> {
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
  let assemblyFormat = [{
    `structure` `(` $structure `)`
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
    type($value) `)`
    (`scale` `(` $scale^ `)`)?
    `outs` `(` $out (`,` $lse^)? `:` type($out) (`,` type($lse)^)? `)`
    attr-dict
  }];
}

def Spattn_AttentionBackwardOp : Spattn_AttentionBase<"attention_backward"> {
  let summary = "the gradients of attention";
  let description = [{
    Given `dout`, the gradient of a loss by the output of

    ```mlir
    %o, %lse = spattn.attention structure(#spattn.causal)
        ins(%q, %k, %v : tensor<?x8x?x64xf32>, tensor<?x2x?x64xf32>, tensor<?x2x?x64xf32>)
        outs(%o0, %lse0 : tensor<?x8x?x64xf32>, tensor<?x8x?xf32>)
    ```

    computes its gradients by query, key and value. For every batch element and
    the pairs `(i, j)` that the structure of query head `h` allows, with `g` the
    key-value head of `h`,

    ```
    p(i,j)  = exp(scale * q[h,i] . k[g,j] - lse[h,i])
    ds(i,j) = p(i,j) * (dout[h,i] . v[g,j] - delta(i))
    delta(i) = out[h,i] . dout[h,i]
    dquery[h,i] = scale * sum_j ds(i,j) * k[g,j]
    dkey[g,j]   = scale * sum_{h of g} sum_i ds(i,j) * q[h,i]
    dvalue[g,j] = sum_{h of g} sum_i p(i,j) * dout[h,i]
    ```

    The gradients of a query that sees no key, and of a key that no query sees,
    are exactly 0, whatever `out`, `lse` and `dout` hold there.

    `query`, `key`, `value`, `scale`, `structure`, `alignment` and `layout` are
    those of the attention, `out` and `lse` its results. `dout` has the type of
    `out`; each gradient has the shape of what it is the gradient of, and its
    elements or `f32`. Arithmetic is in `f32`.

    The operation is in destination style: the contents of `outs` are not read,
    and every element of them is written.

    ```mlir
    %dq, %dk, %dv = spattn.attention_backward structure(#spattn.causal)
        ins(%q, %k, %v, %o, %lse, %do : tensor<?x8x?x64xf32>, tensor<?x2x?x64xf32>, tensor<?x2x?x64xf32>,
            tensor<?x8x?x64xf32>, tensor<?x8x?xf32>, tensor<?x8x?x64xf32>)
        outs(%dq0, %dk0, %dv0 : tensor<?x8x?x64xf32>, tensor<?x2x?x64xf32>, tensor<?x2x?x64xf32>)
    ```

    The constraints are listed in the specification.
  }];
  let arguments = (ins
      Spattn_Shaped:$query, Spattn_Shaped:$key, Spattn_Shaped:$value,
      Spattn_Shaped:$out, Spattn_Shaped:$lse, Spattn_Shaped:$dout,
      Optional<F32>:$scale,
      Spattn_Shaped:$dquery, Spattn_Shaped:$dkey, Spattn_Shaped:$dvalue,
      AnyAttr:$structure,
      DefaultValuedAttr<Spattn_AlignmentAttr, "::spattn::AlignmentKind::End">:$alignment,
      DefaultValuedAttr<StrAttr, "\"bhnd\"">:$layout,
      OptionalAttr<Spattn_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `structure` `(` $structure `)`
    `ins` `(` $query `,` $key `,` $value `,` $out `,` $lse `,` $dout `:`
    type($query) `,` type($key) `,` type($value) `,` type($out) `,` type($lse)
    `,` type($dout) `)`
    (`scale` `(` $scale^ `)`)?
    `outs` `(` $dquery `,` $dkey `,` $dvalue `:` type($dquery) `,` type($dkey)
    `,` type($dvalue) `)`
    attr-dict
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
