//===- SpattnMergeOps.td - Merges of attentions -------------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNMERGEOPS_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNMERGEOPS_TD

def Spattn_MergeRows : Spattn_Array<
    "ranked tensor or strided memref, B x H x N x Dv, elements f32, f16 or bf16">;
def Spattn_MergeNumbers : Spattn_Array<
    "ranked tensor or strided memref, B x H x N, elements f32">;

def Spattn_MergeOp : Spattn_RowsBase<"merge", (ins
    Variadic<Spattn_MergeRows>:$parts,
    Variadic<Spattn_MergeNumbers>:$lses,
    Optional<Spattn_RowNumbersOfTerms>:$rows,
    Spattn_MergeRows:$out,
    Optional<Spattn_MergeNumbers>:$lse)> {
  let summary = "the attention that parts of one make up";
  let description = [{
    Each of the n parts is the output and the log-sum-exp of an attention of the
    same queries to some of the keys. The merge is the output and the log-sum-exp
    of the attention to the keys of all parts, in which each key counts as often
    as it occurs. For every row,

    ```
    lse  = log sum_p exp(lses[p])
    w(p) = exp(lses[p] - lse)
    out  = sum_p w(p) parts[p]
    ```

    A part whose log-sum-exp is `-inf` is empty: it has weight 0, and its output
    is ignored, whatever it holds. A row whose parts are all empty has `out = 0`,
    `lse = -inf`.

    Operands are tensors, or buffers with any strides, in the order of dimensions
    that `layout` names, as for `spattn.attention`. Parts, and `out`, have
    elements of `f32`, or of `f16` or `bf16`, the same of all that are not `f32`.
    Arithmetic is in `f32`. The operation is in destination style: the contents
    of `outs` are not read. `lse` may be left out of them.

    ```mlir
    %o, %l = spattn.merge
        ins(%o0, %o1 : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xbf16>)
        lses(%l0, %l1 : tensor<?x8x?xf32>, tensor<?x8x?xf32>)
        outs(%out, %lse : tensor<?x8x?x64xbf16>, tensor<?x8x?xf32>)
    ```

    With `rows`, `ins` and `lses` have one array each, with `M` rows of a head.
    The parts of row `i` of `out` are the rows `rows[i, p]` of this array, for the
    P numbers of the row. A number outside `[0, M)`, such as -1, stands for an
    empty part.

    ```mlir
    %o = spattn.merge ins(%os : tensor<?x8x?x64xbf16>) lses(%ls : tensor<?x8x?xf32>)
        rows(%places : tensor<?x8x?x4xi32>) outs(%out : tensor<?x8x?x64xbf16>)
    ```

    The constraints M1 to M7 and M9 are listed in the specification.
  }];
  let assemblyFormat = [{
    `ins` `(` $parts `:` type($parts) `)` `lses` `(` $lses `:` type($lses) `)`
    (`rows` `(` $rows^ `:` type($rows) `)`)?
    `outs` `(` $out (`,` $lse^)? `:` type($out) (`,` type($lse)^)? `)` attr-dict
  }];
}

def Spattn_MergeBackwardOp : Spattn_RowsBase<"merge_backward", (ins
    Variadic<Spattn_MergeRows>:$parts,
    Variadic<Spattn_MergeNumbers>:$lses,
    Spattn_MergeRows:$dout,
    Optional<Spattn_MergeNumbers>:$dlse,
    Variadic<Spattn_MergeRows>:$dparts,
    Variadic<Spattn_MergeNumbers>:$dlses)> {
  let summary = "the gradients of a merge";
  let description = [{
    Computes the gradients of a loss by the parts of a `spattn.merge` and by their
    log-sum-exps. `dout` is the gradient by the merge's output, and the optional
    `dlse` the gradient by its log-sum-exp, which defaults to 0. For every row,
    with `w(p)` and `out` of the merge,

    ```
    dparts[p] = w(p) dout
    dlses[p]  = w(p) (dout . (parts[p] - out) + dlse)
    ```

    Both are exactly 0 for a part whose log-sum-exp is `-inf`, whatever the other
    operands hold. `out` is the unrounded output of the merge, and no operand.

    `dout` has the sizes of `out`, and `dlse` those of a log-sum-exp. Each of
    `dparts` has the elements of its part, or `f32`.

    ```mlir
    %do0, %do1, %dl0, %dl1 = spattn.merge_backward
        ins(%o0, %o1 : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xbf16>)
        lses(%l0, %l1 : tensor<?x8x?xf32>, tensor<?x8x?xf32>)
        dout(%do : tensor<?x8x?x64xbf16>) dlse(%dl : tensor<?x8x?xf32>)
        outs(%e0, %e1 : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xbf16>)
        dlses(%f0, %f1 : tensor<?x8x?xf32>, tensor<?x8x?xf32>)
    ```

    The constraints M1 to M8 are listed in the specification.
  }];
  let assemblyFormat = [{
    `ins` `(` $parts `:` type($parts) `)` `lses` `(` $lses `:` type($lses) `)`
    `dout` `(` $dout `:` type($dout) `)` (`dlse` `(` $dlse^ `:` type($dlse) `)`)?
    `outs` `(` $dparts `:` type($dparts) `)`
    `dlses` `(` $dlses `:` type($dlses) `)` attr-dict
  }];
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNMERGEOPS_TD
