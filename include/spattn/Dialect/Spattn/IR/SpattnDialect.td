//===- SpattnDialect.td - The spattn dialect ---------------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNDIALECT_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNDIALECT_TD

include "mlir/IR/OpBase.td"

def Spattn_Dialect : Dialect {
  let name = "spattn";
  let cppNamespace = "::spattn";
  let summary = "Attention whose heads each see a structured part of the sequence";
  let description = [{
    `spattn` says *what* an attention computes: which (query, key) pairs each
    head may use, as attributes with a closed form. The set of allowed pairs of
    a head is its *structure*.

    All structures are written in terms of

    - `i`, `j`: the query and the key index, from 0;
    - `Nq`, `Nk`: the query and the key length, both known only at run time;
    - `d = i + off - j`: the distance of a pair, positive towards the past. With
      `alignment = end` (the default) `off = Nk - Nq`, so that the last query is
      at distance 0 from the last key; with `alignment = start` `off = 0`;
    - `N = Nk`: the sequence length in affine bounds and partitions.

    Where a batch entry holds sequences, all of these are those of one sequence;
    with `bound_length = #spattn.bound_length<pack>`, `N` is the length of all keys.

    A pair outside `[0, Nq) x [0, Nk)` is never allowed. A query row without
    allowed keys is ordinary: its output is 0 and its log-sum-exp `-inf`.

    `spattn.attention` and `spattn.attention_backward` take tensors or buffers.
    Conversions lower them to tiled loops over operations of the `spattn_cpu`
    dialect, or to kernels in the `spattn_gpu` dialect.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

class Spattn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Spattn_Dialect, mnemonic, traits>;

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNDIALECT_TD
