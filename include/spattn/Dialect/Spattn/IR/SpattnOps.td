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
include "spattn/Dialect/Spattn/IR/SpattnOperands.td"

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

/// An operation whose operands are those of the table that one of the two
/// reads or writes.
class Spattn_AttentionBase<string mnemonic, bit isForward,
                           dag moreAttributes = (ins)>
    : Spattn_Op<mnemonic, Spattn_OperandsOf<isForward>.traits # [
        DeclareOpInterfaceMethods<Spattn_AttentionOpInterface,
            ["getOperandInfos", "getOperationsPerPair"]>,
        DeclareOpInterfaceMethods<Spattn_KernelOpInterface>,
        DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        IsolatedFromAbove, SingleBlock]> {
  defvar operands = Spattn_OperandsOf<isForward>;
  let arguments = !con(operands.arguments, (ins
      AnyAttr:$structure,
      DefaultValuedAttr<Spattn_AlignmentAttr, "::spattn::Alignment::End">:$alignment,
      DefaultValuedAttr<Spattn_BoundLengthAttr, "::spattn::BoundLength::Sequence">:$bound_length,
      DefaultValuedAttr<StrAttr, "\"bhnd\"">:$layout,
      OptionalAttr<Spattn_TileListsAttr>:$tile_lists,
      OptionalAttr<Spattn_TileShapeAttr>:$tile_shape,
      UnitAttr:$causal_positions, OptionalAttr<F32Attr>:$self_score,
      UnitAttr:$signed_scale), moreAttributes);
  let regions = (region MaxSizedRegion<1>:$score);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let builders = [
    // Operands that are not given are null. Structure, alignment, layout, tile
    // shape, what positions do and what scores become are those of another
    // operation.
    OpBuilder<(ins "const ::spattn::OperandValues &":$operands,
                   "::spattn::AttentionOpInterface":$like)>
  ];
  let assemblyFormat = "`structure` `(` $structure `)` " # operands.syntax #
                       "(`score` $score^)? attr-dict";
  let hasVerifier = 1;
  // By name: see Bytecode.cpp.
  let useCustomPropertiesEncoding = 1;
  let extraClassDeclaration = [{
    /// What getOperandInfos() returns, without an operation.
    static ::llvm::ArrayRef<::spattn::OperandInfo> getOperandTable();
  }];
  let extraClassDefinition =
      "::llvm::ArrayRef<::spattn::OperandInfo> $cppClass::getOperandTable() {\n"
      "  static constexpr ::spattn::OperandInfo infos[] = " # operands.table #
      ";\n  return infos;\n}\n"
      "::llvm::ArrayRef<::spattn::OperandInfo> $cppClass::getOperandInfos() {\n"
      "  return getOperandTable();\n}\n";
}

def Spattn_AttentionOp
    : Spattn_AttentionBase<"attention", /*isForward=*/1,
                           (ins UnitAttr:$differentiated)> {
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

    Scores may be modified, in this order, with `d` the distance of the pair and
    `Nd` the distances that `distance_bias` has numbers for:

    ```
    s = soft_cap * tanh(s / soft_cap)
    s = s - alibi_slopes[h] * |d|
    s = s + distance_bias[h, min(max(d + Nd floordiv 2, 0), Nd - 1)]
    ```

    Last, the `score` region says what else happens to a score. It gets the score, the
    numbers of query and key, each counted from the start of its sequence, of the
    query head and of the batch entry, and computes from these, and from constants,
    with the operations of `arith` and `math` that the specification lists:

    ```mlir
    // %q: tensor<?x8x?x64xf32>
    // A penalty for keys that are far away, which heads weigh by their numbers.
    %r = spattn.attention structure(#spattn.causal)
        ins(%q, %q, %q : tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>)
        outs(%q : tensor<?x8x?x64xf32>) score {
    ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
      %distance = arith.subi %query, %key : i32
      %weighed = arith.muli %distance, %head : i32
      %penalty = arith.sitofp %weighed : i32 to f32
      %result = arith.subf %score, %penalty : f32
      spattn.yield %result : f32
    }
    ```

    Kernels for GPUs take a `scale` that is positive, unless it is a constant that is
    not, scores are modified, or `signed_scale` says that it may be anything.

    `sink_logits` gives each query head one more logit, which `scale` does not
    multiply: it has a weight, but no value. `exp(sink_logits[h])` is a term of
    the sums of `out` and `lse` that are over exponentials alone. A row without
    allowed keys then has `out = 0`, `lse = sink_logits[h]`.

    `query_starts`, `query_ends`, `key_starts` and `key_ends` say which rows the
    sequences of each batch entry are: documents of a pack, or the one sequence
    that is padded. Sequence `s` of `b` has the queries from
    `query_starts[b,s]` to before `query_ends[b,s]`, and keys likewise. Each is
    an attention of its own, whose queries and keys are counted from 0; `N` is
    the number of its keys, or with `bound_length = #spattn.bound_length<pack>`
    the length of `key`. What is not given is 0, or the length. A row of no
    sequence has `out = 0`, `lse = -inf`.

    `query_positions` and `key_positions` give each query and each key of each
    head an integer: where it was before it was sorted, for example. With
    `causal_positions`, a pair is allowed only if
    `query_positions[b,h,i] >= key_positions[b,g,j]` besides. With `self_score`,
    that is the score of a pair whose positions are equal, whatever else would
    modify it. Distances, structures and sequences count rows of the operands.

    `tile_counts`, `tile_indices` and `tile_lists` list tiles that are seen besides
    what the structure allows: for each batch entry, or all, for each query head, or
    several together, and for each tile of queries, ascending key tiles. Of a listed
    tile, pairs that the mask of `tile_lists` allows are allowed.

    ```mlir
    %r = spattn.attention structure(#spattn.sink<0>)
        ins(%q, %k, %v : tensor<?x16x?x128xbf16>, tensor<?x16x?x128xbf16>, tensor<?x16x?x128xbf16>)
        tile_counts(%counts : tensor<?x16x?xi32>) tile_indices(%indices : tensor<?x16x?x8xi32>)
        outs(%o : tensor<?x16x?x128xbf16>)
        {tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>}
    ```

    With `page_table`, keys and values are in pages, as in a cache that sequences
    share: the batch dimension of `key` and `value` counts pages, and their length is
    the rows of a page. Key `j` of batch entry `b` is row `j mod R` of page
    `page_table[b, j floordiv R]`, and there are as many keys as the table has room
    for, unless `key_ends` says how many each entry has. Pages past those are not read.

    ```mlir
    // A pool of any number of pages of 16 rows.
    %r = spattn.attention structure(#spattn.causal)
        ins(%q, %k, %v : tensor<?x32x?x128xbf16>, tensor<?x8x16x128xbf16>, tensor<?x8x16x128xbf16>)
        key_ends(%lengths : tensor<?x1xi32>) page_table(%pages : tensor<?x?xi32>)
        outs(%o : tensor<?x32x?x128xbf16>)
    ```

    The operation is in destination style: the contents of `outs` are not read.

    `differentiated` asks `spattn-derive-backward` for the gradients; nothing
    else looks at it.

    ```mlir
    %r, %l = spattn.attention structure(#spattn.partition<exclusive>)
        ins(%q, %k, %v : tensor<?x16x?x128xbf16>, tensor<?x16x?x128xbf16>, tensor<?x16x?x128xbf16>)
        outs(%o, %lse : tensor<?x16x?x128xbf16>, tensor<?x16x?xf32>)
    ```

    The constraints C1 to C16, C21 to C30 and C32 to C36 are listed in the
    specification.
  }];
}

def Spattn_AttentionBackwardOp
    : Spattn_AttentionBase<"attention_backward", /*isForward=*/0> {
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
    p(i,j)  = exp(s(i,j) - lse[h,i])
    ds(i,j) = p(i,j) * (dout[h,i] . v[g,j] - delta(i)) * c(i,j)
    delta(i) = out[h,i] . dout[h,i] - dlse[h,i]
    dquery[h,i] = scale * sum_j ds(i,j) * k[g,j]
    dkey[g,j]   = scale * sum_{h of g} sum_i ds(i,j) * q[h,i]
    dvalue[g,j] = sum_{h of g} sum_i p(i,j) * dout[h,i]
    ```

    where `s(i,j)` is the score of the attention, and `c(i,j)` its derivative by
    the scaled product: `1 - tanh(x / soft_cap)^2` of a scaled product `x` with
    `soft_cap` and 1 without, times the derivative of the `score` region, and 0 where
    the score is `self_score`.

    The gradients of a query that sees no key, and of a key that no query sees,
    are exactly 0 if operands are finite. The `lse` of such a query must be what
    the attention gives it: `-inf`, or its sink logit.

    `dlse` is the gradient of the loss by `lse`, or 0 where it is not given. Where
    `lse` is `-inf`, `dlse` is ignored, whatever it holds.

    Where the attention has `sink_logits`, `outs` end with their gradient:

    ```
    dsink_logits[h] = - sum_{b,i} exp(sink_logits[h] - lse[b,h,i]) * delta(b,i)
    ```

    Queries whose `lse` is `-inf` add nothing to it.

    Gradients by `alibi_slopes` and `distance_bias` are computed where they are asked
    for, behind `outs`. With `e(i,j)` as `ds(i,j)`, but for the derivative of the soft
    cap, which comes before,

    ```
    dalibi_slopes[h] = - sum_{b,i,j} e(i,j) * |d|
    ddistance_bias[h,x] = sum of e(i,j) over the pairs that take number x
    ```

    ```mlir
    // %t: tensor<?x8x?x64xf32>
    // %l: tensor<?x8x?xf32>
    // %s: tensor<8xf32>
    %dq, %dk, %dv, %ds = spattn.attention_backward structure(#spattn.causal)
        ins(%t, %t, %t, %t, %l, %t : tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>,
            tensor<?x8x?x64xf32>, tensor<?x8x?xf32>, tensor<?x8x?x64xf32>)
        alibi_slopes(%s : tensor<8xf32>)
        outs(%t, %t, %t : tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>)
        dalibi_slopes(%s : tensor<8xf32>)
    ```

    `query`, `key`, `value`, `sink_logits`, `alibi_slopes`, `distance_bias`,
    `scale`, `soft_cap`, positions and what they do, the operands of sequences,
    those of tile lists, `score`, `structure`, `alignment`, `bound_length` and `layout`
    are those of the attention, `out` and `lse` its results. `dout` has the type of
    `out`, and `dlse` that of `lse`; each gradient has the shape of what it is the gradient of, and its
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
}

//===----------------------------------------------------------------------===//
// yield
//===----------------------------------------------------------------------===//

def Spattn_YieldOp
    : Spattn_Op<"yield", [Pure, Terminator,
                          ParentOneOf<["::spattn::AttentionOp",
                                       "::spattn::AttentionBackwardOp"]>]> {
  let summary = "what a score becomes";
  let description = [{
    Ends the region of an attention that modifies scores: the softmax is over
    what it yields.

    ```mlir
    %r = spattn.attention structure(#spattn.causal)
        ins(%q, %k, %v : tensor<1x4x?x64xf32>, tensor<1x4x?x64xf32>, tensor<1x4x?x64xf32>)
        outs(%o : tensor<1x4x?x64xf32>) score {
    ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
      %two = arith.constant 2.0 : f32
      %result = arith.mulf %score, %two : f32
      spattn.yield %result : f32
    }
    ```
  }];
  let arguments = (ins AnyType:$score);
  let assemblyFormat = "$score attr-dict `:` type($score)";
}

include "spattn/Dialect/Spattn/IR/SpattnRowsOps.td"
include "spattn/Dialect/Spattn/IR/SpattnMergeOps.td"
include "spattn/Dialect/Spattn/IR/SpattnLaunchOp.td"

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNOPS_TD
