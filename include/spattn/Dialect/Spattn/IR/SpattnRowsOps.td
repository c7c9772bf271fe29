//===- SpattnRowsOps.td - Rows of arrays by number ----------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNROWSOPS_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNROWSOPS_TD

def Spattn_Rows : Spattn_Array<
    "ranked tensor or strided memref, B x H x N x D, elements f32, f16 or bf16">;
def Spattn_SourceRows : Spattn_Array<
    "ranked tensor or strided memref, B x H x M x D, elements f32, f16 or bf16">;
def Spattn_RowNumbers : Spattn_Array<
    "ranked tensor or strided memref, B x H x N, elements i32">;
def Spattn_RowNumbersOfTerms : Spattn_Array<
    "ranked tensor or strided memref, B x H x N x P, elements i32">;

def Spattn_HashVectors : Spattn_Array<
    "ranked tensor or strided memref, 1 x P x K x D, elements f32, f16 or bf16">;

/// An operation on arrays that have a row for each batch element, head and
/// position.
class Spattn_RowsBase<string mnemonic, dag operands,
                      list<Trait> traits = [AttrSizedOperandSegments]>
    : Spattn_Op<mnemonic, traits # [
    DeclareOpInterfaceMethods<Spattn_KernelOpInterface>,
    DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let arguments = !con(operands,
      (ins DefaultValuedAttr<StrAttr, "\"bhnd\"">:$layout));
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
}

def Spattn_GatherRowsOp : Spattn_RowsBase<"gather_rows", (ins
    Variadic<Spattn_SourceRows>:$sources,
    Spattn_RowNumbers:$rows,
    Variadic<Spattn_Rows>:$outs,
    OptionalAttr<DenseBoolArrayAttr>:$unit_rms,
    DefaultValuedAttr<F32Attr, "1e-24f">:$epsilon)> {
  let summary = "rows of arrays by number";
  let description = [{
    Sorted, permuted, routed or paged rows: for each batch element, head and
    position `i`, and each of the sources,

    ```
    outs[s][i] = sources[s][rows[i]]
    ```

    A number outside `[0, M)`, such as -1, stands for no row, and gathers zeros.
    Row numbers count within a batch element and head, and are the same for all
    sources; heads that share them may have a stride of 0.

    `unit_rms` is an array of a truth value for each source. The operation divides
    the rows of marked sources by the square root of the mean of their squares
    plus `epsilon`, in `f32`: this gives keys of norm 1, up to a factor.

    Operands are tensors, or buffers with any strides, in the order of
    dimensions that `layout` names, as for `spattn.attention`; row numbers lack
    the head dimension. An array that is written has the elements of its source.
    The operation is in destination style: the contents of `outs` are not read.

    ```mlir
    %q, %k = spattn.gather_rows
        ins(%x, %x : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xbf16>)
        rows(%order : tensor<?x8x?xi32>)
        outs(%q0, %k0 : tensor<?x8x?x64xbf16>, tensor<?x8x?x64xbf16>)
        {unit_rms = array<i1: false, true>}
    ```

    The constraints R1 to R8 are listed in the specification.
  }];
  let assemblyFormat = [{
    `ins` `(` $sources `:` type($sources) `)` `rows` `(` $rows `:` type($rows) `)`
    `outs` `(` $outs `:` type($outs) `)` attr-dict
  }];
}

def Spattn_SumRowsOp : Spattn_RowsBase<"sum_rows", (ins
    Spattn_SourceRows:$source,
    Spattn_RowNumbersOfTerms:$rows,
    Optional<Spattn_Rows>:$unit_rms_of,
    Optional<Spattn_Rows>:$add,
    Spattn_Rows:$out,
    DefaultValuedAttr<F32Attr, "1e-24f">:$epsilon)> {
  let summary = "sums of rows of an array by number";
  let description = [{
    The adjoint of `spattn.gather_rows`, which also combines the outputs of
    experts. For each batch element, head and position `i`, with its P numbers,

    ```
    out[i] = sum_p source[rows[i, p]]
    ```

    in `f32`, in the order of `p`, so that every run gives the same bits. A number
    outside `[0, M)`, such as -1, stands for no row, and adds nothing.

    With `unit_rms_of`, the sum is a gradient by rows of unit root mean square.
    The operation turns it into the gradient by the original rows `x`: with
    `r = 1 / sqrt(mean(x^2) + epsilon)`, the row becomes
    `r (sum - r^2 mean(x sum) x)`. Then it adds `add`.

    Operands are tensors, or buffers with any strides, in the order of
    dimensions that `layout` names, as for `spattn.attention`; the terms of row
    numbers take the place of the head dimension. `out` has the elements of
    `source`, or `f32`. The operation is in destination style: the contents of
    `outs` are not read.

    ```mlir
    %dx = spattn.sum_rows ins(%dk : tensor<?x8x?x64xbf16>)
        rows(%places : tensor<?x8x?x4xi32>)
        unit_rms_of(%x : tensor<?x8x?x64xbf16>) add(%dq : tensor<?x8x?x64xbf16>)
        outs(%out : tensor<?x8x?x64xbf16>)
    ```

    The constraints R1 to R9 are listed in the specification.
  }];
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `rows` `(` $rows `:` type($rows) `)`
    (`unit_rms_of` `(` $unit_rms_of^ `:` type($unit_rms_of) `)`)?
    (`add` `(` $add^ `:` type($add) `)`)?
    `outs` `(` $out `:` type($out) `)` attr-dict
  }];
}

def Spattn_HashRowsOp : Spattn_RowsBase<"hash_rows", (ins
    Spattn_Rows:$source,
    Spattn_HashVectors:$vectors,
    Spattn_RowNumbersOfTerms:$out), []> {
  let summary = "hashes of rows by the nearest of some vectors";
  let description = [{
    Hashes rows by cross-polytopes (arXiv 1509.02897), as Reformer's attention
    hashes tokens. For each row, and each of the P sets of K vectors, the result
    is the number of the vector, or of its negative, with the largest product
    with the row:

    ```
    out[i, p] = argmax_j y[j],  y = (vectors[p] source[i], -vectors[p] source[i])
    ```

    from 0 to below `2 K`. Of equal products, the first counts. Products are sums
    in `f32`. Products that are NaN are ignored; if all are, the result is 0. A
    GPU kernel compares products without the last `ceil(log2(2 K))` of the 23
    bits of the mantissa, and takes the first of equal ones.

    Operands are tensors, or buffers with any strides, in the order of
    dimensions that `layout` names, as for `spattn.attention`. The sets of
    vectors, which are the same for all heads, take the place of heads, and the
    numbers of a row take the place of the head dimension. The operation is in
    destination style: the contents of `outs` are not read.

    ```mlir
    %h = spattn.hash_rows ins(%x : tensor<?x8x?x64xbf16>)
        vectors(%w : tensor<1x4x?x64xbf16>) outs(%out : tensor<?x8x?x4xi32>)
    ```

    The constraints R1 and R3 to R10 are listed in the specification.
  }];
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `vectors` `(` $vectors `:` type($vectors) `)`
    `outs` `(` $out `:` type($out) `)` attr-dict
  }];
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNROWSOPS_TD
