//===- Passes.td - Passes over the spattn dialect ----------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_TRANSFORMS_PASSES_TD
#define SPATTN_DIALECT_SPATTN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SpattnNormalize : Pass<"spattn-normalize"> {
  let summary = "Simplifies head structures, folding lengths that are static";
  let description = [{
    Rewrites the structure of each attention, or of its gradients, to an equal
    one:

    - bounds affine in `N` become constants where the key length is static, and
      intervals are clipped to the distances and keys that exist;
    - intervals whose bounds are in the same order for every `N` are sorted,
      merged in unions and cut down in intersections; empty ones are dropped;
    - unions in unions become one union, intersections likewise;
    - structures that have a name get it: `#spattn.full`, `#spattn.causal`,
      `#spattn.window`, `#spattn.sink`, `#spattn.prefix`;
    - neighbouring groups of heads with equal structures become one.

    Partitions keep their closed form. A structure that allows nothing becomes
    `#spattn.sink<0>`.

    With 64 keys,

    ```mlir
    #spattn.distances<0 to N floordiv 4, 8 to 64>
    ```

    becomes

    ```mlir
    #spattn.causal
    ```
  }];
  let statistics = [
    Statistic<"numSimplified", "simplified", "Structures rewritten">,
  ];
}

def SpattnSelectTileShape : Pass<"spattn-select-tile-shape"> {
  let summary = "Gives each attention a tile shape";
  let description = [{
    Sets the `tile_shape` of each attention, or of its gradients, that has none.
    Without options the tile shape is chosen for a CPU: 64 x 64, smaller where
    lengths are short or the head dimension is large.

    Options are `query-tile` and `key-tile` of the CPU pipelines
    (docs/Pipelines.md), in C++ the fields of `TileShapeOptions`.
  }];
}

def SpattnPrintTiles : Pass<"spattn-print-tiles"> {
  let summary = "Prints the tiles each attention visits, without running it";
  let description = [{
    For each attention, or its gradients, prints to standard error the numbers of tiles
    visited, full, masked and skipped, and of allowed pairs, in all and for each
    head of a batch element. Lengths that are dynamic come from the options; an
    attention whose lengths are unknown is reported as such.

    With `map`, a character for each tile follows the line of a head: `#` for
    full tiles, `+` for masked ones and `.` for skipped ones, a line for each
    tile of queries. The band of distances from 64 to 127 over 256 tokens, in
    tiles of 32 x 32:

    ```
    ........
    ........
    +.......
    #+......
    +#+.....
    .+#+....
    ..+#+...
    ...+#+..
    ```
  }];
  let options = [
    Option<"queryLength", "query-length", "int64_t", "-1",
           "The query length where it is dynamic.">,
    Option<"keyLength", "key-length", "int64_t", "-1",
           "The key length where it is dynamic; by default the query length.">,
    Option<"perHead", "per-head", "bool", "true", "Print a line for each head.">,
    Option<"map", "map", "bool", "false",
           "Print a character for each tile of each head, up to 1,024 tiles to a "
           "side.">,
  ];
}

def SpattnDeriveBackward : Pass<"spattn-derive-backward", "::mlir::ModuleOp"> {
  let summary = "Adds the functions that compute gradients of attention";
  let description = [{
    For each `spattn.attention` that is marked `differentiated`, the pass makes
    its function return the log-sum-exp, as its last result. It adds a function
    with the `spattn.attention_backward` of the same structure, alignment, layout
    and tile shape, and removes the mark.

    ```mlir
    !t = tensor<?x8x?x64xf32>

    func.func @f(%q: !t, %k: !t, %v: !t) -> !t {
      %d0 = arith.constant 0 : index
      %d2 = arith.constant 2 : index
      %batch = tensor.dim %q, %d0 : !t
      %length = tensor.dim %q, %d2 : !t
      %o = tensor.empty(%batch, %length) : !t
      %r = spattn.attention structure(#spattn.causal)
          ins(%q, %k, %v : !t, !t, !t) outs(%o : !t) {differentiated}
      return %r : !t
    }
    ```

    becomes `@f(%q, %k, %v) -> (%out, %lse)` and

    ```
    @f_backward(%query, %key, %value, %out, %lse, %dout) -> (%dquery, %dkey, %dvalue)
    ```

    whose arguments are the operands and results of `@f` and the gradient by its
    output. A scale that is an argument follows these; a constant scale is copied.

    The new destinations are made as that of `out` is. If `out`'s is an argument,
    as in functions for a GPU, then so are that of the log-sum-exp, which becomes
    the last argument, and those of the gradients, which follow all others:

    ```
    @f(%q, %k, %v, %o, %lse) -> (%out, %lse)
    @f_backward(%query, %key, %value, %out, %lse, %dout, %dq, %dk, %dv) -> (%dquery, %dkey, %dvalue)
    ```

    An attention that computes its log-sum-exp keeps it, and a function that
    returns it keeps its results. Where something uses it, if only the function's
    return, a loss may depend on it, and the gradient by it follows `%dout`:

    ```
    @f(%q, %k, %v) -> (%out, %lse)
    @f_backward(%query, %key, %value, %out, %lse, %dout, %dlse) -> (%dquery, %dkey, %dvalue)
    ```

    Sink logits follow, ahead of the scale, and the gradient by them is the last
    result. With `of-biases`, so are those by `alibi_slopes` and `distance_bias`.

    Of several marked attentions in one function
    the n-th one, from 0, gets `@f_backward_n`.

    The operands of a marked attention have to be tensors that are arguments of
    its function, its output a result. The function has one block and, unless
    its type stays as it is, no callers. Everything else is an error. A compiler
    that differentiates programs itself has no need of functions: it emits
    gradients where it wants them with
    [`Transforms/Gradients.h`](../../include/spattn/Dialect/Spattn/Transforms/Gradients.h).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"ofBiases", "of-biases", "bool", "false",
           "Also derive the gradients by 'alibi_slopes' and 'distance_bias'">,
  ];
  let statistics = [
    Statistic<"numDerived", "derived", "Functions of gradients added">,
  ];
}

def SpattnDecompose : Pass<"spattn-decompose"> {
  let summary = "Replaces attention on tensors by linalg operations";
  let description = [{
    For compilers with their own tiling and fusion, each `spattn.attention` on
    tensors becomes `linalg.generic` operations for the structure, the scores,
    their maximum, the weights, their sum, the output and the log-sum-exp. The
    operation of the structure has no operands: it computes which pairs are
    allowed, as arithmetic on their indices. Tiled and fused with its users, it
    costs no memory. A `spattn.merge` on tensors becomes operations for the
    largest log-sum-exp, the weights of parts and their sum, the output and the
    log-sum-exp.

    ```mlir
    func.func @f(%q: tensor<1x8x?x64xf32>, %k: tensor<1x2x?x64xf32>, %v: tensor<1x2x?x64xf32>,
                 %o: tensor<1x8x?x64xf32>) -> tensor<1x8x?x64xf32> {
      %r = spattn.attention structure(#spattn.causal)
          ins(%q, %k, %v : tensor<1x8x?x64xf32>, tensor<1x2x?x64xf32>, tensor<1x2x?x64xf32>)
          outs(%o : tensor<1x8x?x64xf32>)
      return %r : tensor<1x8x?x64xf32>
    }
    ```

    The result is that of the operation, also for rows without keys and for NaN
    and infinities (N1 to N6 of the specification), up to the order of sums.
    Unlike the pipelines, it visits all pairs, and has all scores in memory
    unless it is tiled. Operations on buffers, and gradients, stay as they are. A
    scale that is a constant has to be finite.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def SpattnBufferize : Pass<"spattn-bufferize", "::mlir::ModuleOp"> {
  let summary = "Turns tensors into buffers, also at function boundaries";
  let description = [{
    One-Shot Bufferize over the module. Function arguments become buffers with
    any strides and a unit innermost one, so that callers may pass slices and
    transposed views. Results that are arguments disappear; functions return other
    results as buffers of any strides, which the caller frees. If a function has
    the attribute `spattn.result_arguments`, the pass sets it to a number for each
    former result: that of the argument whose buffer it is, or -1.

    ```mlir
    func.func @f(%q: tensor<1x8x?x64xf32>, %o: tensor<1x8x?x64xf32>)
        -> tensor<1x8x?x64xf32> {
      %r = spattn.attention structure(#spattn.causal)
          ins(%q, %q, %q : tensor<1x8x?x64xf32>, tensor<1x8x?x64xf32>, tensor<1x8x?x64xf32>)
          outs(%o : tensor<1x8x?x64xf32>)
      return %r : tensor<1x8x?x64xf32>
    }
    ```

    becomes

    ```mlir
    !buffer = memref<1x8x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>

    func.func @f(%q: !buffer, %o: !buffer) {
      spattn.attention structure(#spattn.causal)
          ins(%q, %q, %q : !buffer, !buffer, !buffer) outs(%o : !buffer)
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect"];
}

def SpattnLowerClones : Pass<"spattn-lower-clones"> {
  let summary = "Copies buffers of any strides where a copy is asked for";
  let description = [{
    Deallocation makes a `bufferization.clone` where a function returns, or a loop
    yields, a buffer that is not its own. Upstream's conversion lowers those of
    contiguous buffers. This pass lowers those of strided ones: to a contiguous
    copy where the type leaves the strides open, to one with the same strides
    where it does not.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif // SPATTN_DIALECT_SPATTN_TRANSFORMS_PASSES_TD
