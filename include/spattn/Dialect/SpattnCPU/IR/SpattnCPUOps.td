//===- SpattnCPUOps.td - Operations on tiles, for a CPU ----*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNCPU_IR_SPATTNCPUOPS_TD
#define SPATTN_DIALECT_SPATTNCPU_IR_SPATTNCPUOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SpattnCPU_Dialect : Dialect {
  let name = "spattn_cpu";
  let cppNamespace = "::spattn::spattn_cpu";
  let summary = "The steps of tiled attention on a CPU";
  let description = [{
    Operations on tiles in buffers, for the bodies of loops over tiles: the
    online softmax (`spattn_cpu.online_step` and others), the steps of gradients
    (`spattn_cpu.query_gradient_step`, `spattn_cpu.key_gradient_step` and
    others), and loads and stores of tiles. A step of a masked tile has the
    structure's predicate as a mask region; a step of a full tile has none. What
    happens to a score before the softmax is in its score region.
    `convert-spattn-cpu-to-vector` lowers them to vector code.
  }];
}

class SpattnCPU_Op<string mnemonic, list<Trait> traits = []>
    : Op<SpattnCPU_Dialect, mnemonic, traits>;

def SpattnCPU_TileElement : AnyTypeOf<[F32, F16, BF16]>;
def SpattnCPU_InputTile
    : MemRefRankOf<[SpattnCPU_TileElement], [2]>;
def SpattnCPU_Tile : MemRefRankOf<[F32], [2]>;
def SpattnCPU_RowVector : MemRefRankOf<[F32], [1]>;

//===----------------------------------------------------------------------===//
// Loading and storing
//===----------------------------------------------------------------------===//

def SpattnCPU_LoadQueryOp : SpattnCPU_Op<"load_query"> {
  let summary = "loads, scales and transposes a tile of queries";
  let description = [{
    `out[c, m] = scale * source[min(m, rows - 1), c]` for all `m` of the tile:
    rows past the end of a shorter `source` repeat its last one, so that every
    lane holds finite data. `source` has at least one row.

    ```mlir
    spattn_cpu.load_query %q scale(%s) into %qt
        : memref<?x128xbf16, strided<[?, 1], offset: ?>>, memref<128x64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_InputTile, "", [MemRead]>:$source,
                       F32:$scale,
                       Arg<SpattnCPU_Tile, "", [MemWrite]>:$out);
  let assemblyFormat = [{
    $source `scale` `(` $scale `)` `into` $out attr-dict `:` type($source) `,`
    type($out)
  }];
  let hasVerifier = 1;
}

def SpattnCPU_StageOp : SpattnCPU_Op<"stage"> {
  let summary = "copies a tile to f32 scratch";
  let description = [{
    `out[n, c] = source[n, c]` for the rows that `source` has; other rows of
    `out` keep what they hold.

    ```mlir
    spattn_cpu.stage %k into %buffer
        : memref<?x128xbf16, strided<[?, 1], offset: ?>>, memref<64x128xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_InputTile, "", [MemRead]>:$source,
                       Arg<SpattnCPU_Tile, "", [MemWrite]>:$out);
  let assemblyFormat = [{
    $source `into` $out attr-dict `:` type($source) `,` type($out)
  }];
  let hasVerifier = 1;
}

def SpattnCPU_StoreOp : SpattnCPU_Op<"store"> {
  let summary = "scales an accumulator and stores it";
  let description = [{
    `out[m, c] = scale * acc[m, c]` for the rows that `out` has, rounded to its
    elements.

    ```mlir
    spattn_cpu.store %acc scale(%s) into %dq
        : memref<64x128xf32>, memref<?x128xbf16, strided<[?, 1], offset: ?>>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemRead]>:$acc, F32:$scale,
                       Arg<SpattnCPU_InputTile, "", [MemWrite]>:$out);
  let assemblyFormat = [{
    $acc `scale` `(` $scale `)` `into` $out attr-dict `:` type($acc) `,`
    type($out)
  }];
  let hasVerifier = 1;
}

def SpattnCPU_ClearOp : SpattnCPU_Op<"clear"> {
  let summary = "sets an accumulator to 0";
  let description = [{
    ```mlir
    spattn_cpu.clear %acc : memref<64x128xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemWrite]>:$acc);
  let assemblyFormat = "$acc attr-dict `:` type($acc)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Masks and scores
//===----------------------------------------------------------------------===//

def SpattnCPU_YieldOp : SpattnCPU_Op<"yield", [Pure, Terminator,
    ParentOneOf<["OnlineStepOp", "QueryGradientStepOp", "KeyGradientStepOp"]>]> {
  let summary = "ends a mask region: whether the pair is allowed";
  let arguments = (ins I1:$allowed);
  let assemblyFormat = "$allowed attr-dict";
}

def SpattnCPU_YieldScoreOp : SpattnCPU_Op<"yield_score", [Pure, Terminator,
    ParentOneOf<["OnlineStepOp", "QueryGradientStepOp", "KeyGradientStepOp"]>]> {
  let summary = "ends a score region: the base-2 logit of a pair";
  let description = [{
    In a step of gradients also its derivative by the product of query and key,
    relative to that without a score region.
  }];
  let arguments = (ins F32:$score, Optional<F32>:$derivative);
  let assemblyFormat = "$score (`,` $derivative^)? attr-dict";
}

//===----------------------------------------------------------------------===//
// The online softmax
//===----------------------------------------------------------------------===//

def SpattnCPU_OnlineInitOp : SpattnCPU_Op<"online_init"> {
  let summary = "starts the online softmax of a tile of queries";
  let description = [{
    `acc = 0`, `max = -inf`, `sum = 0`. With a sink logit `sink` above `-inf`,
    which has weight but no value, `max = log2(e) * sink` and `sum = 1`.

    ```mlir
    // %acc: memref<64x128xf32>
    // %max: memref<64xf32>
    // %sum: memref<64xf32>
    // %s: f32
    spattn_cpu.online_init(%acc, %max, %sum) sink(%s)
        : memref<64x128xf32>, memref<64xf32>, memref<64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemWrite]>:$acc,
                       Arg<SpattnCPU_RowVector, "", [MemWrite]>:$max,
                       Arg<SpattnCPU_RowVector, "", [MemWrite]>:$sum,
                       Optional<F32>:$sink);
  let assemblyFormat = [{
    `(` $acc `,` $max `,` $sum `)` (`sink` `(` $sink^ `)`)? attr-dict `:` type($acc) `,` type($max) `,`
    type($sum)
  }];
  let hasVerifier = 1;
}

def SpattnCPU_OnlineStepOp : SpattnCPU_Op<"online_step", [SingleBlock]> {
  let summary = "one step of the online softmax over a tile of keys";
  let description = [{
    With `s[n, m] = sum_c key[n, c] * query[c, m]` over the rows `n` that `key`
    has (base-2 logits: the query carries `scale * log2(e)`), or what a score
    region makes of that:

    ```
    max'[m] = max(max[m], max_n s[n, m])
    p[n, m] = exp2(s[n, m] - max'[m])
    c[m]    = exp2(max[m] - max'[m])
    sum[m]  = sum[m] * c[m] + sum_n p[n, m]
    acc[m]  = acc[m] * c[m] + sum_n p[n, m] * value[n]
    ```

    A step with a mask region takes only the pairs for which the region yields
    true; it gets the row `m` of the query and `n` of the key within their
    tiles. Others add nothing, whatever their keys and values hold. A step
    without one takes all, and costs no mask code. A score region gets the
    product of query and key, and `m` and `n`. Until some `s[n, m]` is above
    `-inf`, 0 is subtracted in place of `max[m]`. `scores` and `correction` are
    scratch.

    ```mlir
    spattn_cpu.online_step ins(%qt, %k, %v) state(%acc, %max, %sum) scratch(%s, %c)
        mask {
        ^bb0(%m: index, %n: index):
          %p = arith.cmpi sge, %m, %n : index
          spattn_cpu.yield %p
        }
        : memref<128x64xf32>, memref<64x128xf32>, memref<64x128xf32>,
          memref<64x128xf32>, memref<64xf32>, memref<64xf32>,
          memref<64x64xf32>, memref<64xf32>
    ```

    ```mlir
    // %qt: memref<128x64xf32>
    // %k: memref<64x128xf32>
    // %acc: memref<64x128xf32>
    // %max: memref<64xf32>
    // %sum: memref<64xf32>
    // %s: memref<64x64xf32>
    // %c: memref<64xf32>
    // %cap: f32
    spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%s, %c)
        score {
        ^bb0(%x: f32, %m: index, %n: index):
          %t = math.tanh %x : f32
          %l = arith.mulf %t, %cap : f32
          spattn_cpu.yield_score %l
        }
        : memref<128x64xf32>, memref<64x128xf32>, memref<64x128xf32>,
          memref<64x128xf32>, memref<64xf32>, memref<64xf32>,
          memref<64x64xf32>, memref<64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemRead]>:$query,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$key,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$value,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$acc,
                       Arg<SpattnCPU_RowVector, "", [MemRead, MemWrite]>:$max,
                       Arg<SpattnCPU_RowVector, "", [MemRead, MemWrite]>:$sum,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$scores,
                       Arg<SpattnCPU_RowVector, "", [MemRead, MemWrite]>:$correction);
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask);
  let hasVerifier = 1;
  let hasCustomAssemblyFormat = 1;
}

def SpattnCPU_OnlineFinishOp : SpattnCPU_Op<"online_finish"> {
  let summary = "normalizes a tile and stores it";
  let description = [{
    For the rows that `out` has: `out[m] = acc[m] / sum[m]`, or 0 where
    `sum[m] = 0`; `lse[m] = ln(2) * max[m] + ln(sum[m])`, or `-inf`.

    ```mlir
    spattn_cpu.online_finish(%acc, %max, %sum) into %o, %lse
        : memref<64x128xf32>, memref<64xf32>, memref<64xf32>,
          memref<?x128xbf16, strided<[?, 1], offset: ?>>, memref<?xf32, strided<[?], offset: ?>>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemRead]>:$acc,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$max,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$sum,
                       Arg<SpattnCPU_InputTile, "", [MemWrite]>:$out,
                       Arg<Optional<SpattnCPU_RowVector>, "", [MemWrite]>:$lse);
  let assemblyFormat = [{
    `(` $acc `,` $max `,` $sum `)` `into` $out (`,` $lse^)? attr-dict `:`
    type($acc) `,` type($max) `,` type($sum) `,` type($out)
    (`,` type($lse)^)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

def SpattnCPU_LoadStatisticsOp : SpattnCPU_Op<"load_statistics"> {
  let summary = "computes the statistics that gradients need of each query of a tile";
  let description = [{
    `shift[m] = log2(e) * lse[m]` and
    `delta[m] = sum_c out[m, c] * dout[m, c] - dlse[m]` for all `m` of the tile;
    `dlse` is 0 where it is not given. Where `lse[m] = -inf`, `shift[m] = inf`, so
    that all probabilities are 0, and `dlse[m]` is ignored. As in `spattn_cpu.load_query`, rows past the end of a
    shorter `out` repeat its last one, and there is at least one row.

    ```mlir
    // %o: memref<?x128xbf16>
    // %do: memref<?x128xbf16>
    // %lse: memref<?xf32>
    // %dlse: memref<?xf32>
    // %shift: memref<64xf32>
    // %delta: memref<64xf32>
    spattn_cpu.load_statistics(%o, %do, %lse) dlse(%dlse : memref<?xf32>) into %shift, %delta
        : memref<?x128xbf16>, memref<?x128xbf16>, memref<?xf32>, memref<64xf32>, memref<64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_InputTile, "", [MemRead]>:$out,
                       Arg<SpattnCPU_InputTile, "", [MemRead]>:$dout,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$lse,
                       Arg<Optional<SpattnCPU_RowVector>, "", [MemRead]>:$dlse,
                       Arg<SpattnCPU_RowVector, "", [MemWrite]>:$shift,
                       Arg<SpattnCPU_RowVector, "", [MemWrite]>:$delta);
  let assemblyFormat = [{
    `(` $out `,` $dout `,` $lse `)` (`dlse` `(` $dlse^ `:` type($dlse) `)`)?
    `into` $shift `,` $delta attr-dict `:`
    type($out) `,` type($dout) `,` type($lse) `,` type($shift) `,` type($delta)
  }];
  let hasVerifier = 1;
}

def SpattnCPU_SinkGradientOp : SpattnCPU_Op<"sink_gradient"> {
  let summary = "sums the contribution of a tile of queries to the gradient by a sink logit";
  let description = [{
    `result = sum_m exp(sink - lse[m]) * delta[m]` over the rows `m` that `lse`
    has, but for those where `lse[m] = -inf`. That is the gradient with the
    opposite sign.

    ```mlir
    // %lse: memref<?xf32, strided<[?], offset: ?>>
    // %delta: memref<64xf32>
    // %s: f32
    %sum = spattn_cpu.sink_gradient(%lse, %delta) sink(%s)
        : memref<?xf32, strided<[?], offset: ?>>, memref<64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_RowVector, "", [MemRead]>:$lse,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$delta,
                       F32:$sink);
  let results = (outs F32:$result);
  let assemblyFormat = [{
    `(` $lse `,` $delta `)` `sink` `(` $sink `)` attr-dict `:` type($lse) `,`
    type($delta)
  }];
  let hasVerifier = 1;
}

def SpattnCPU_QueryGradientStepOp : SpattnCPU_Op<"query_gradient_step",
                                           [SingleBlock]> {
  let summary = "adds the contribution of a tile of keys to dQ";
  let description = [{
    Over the rows `n` that `key` and `value` have:

    ```
    p[n, m]    = exp2(sum_c key[n, c] * query[c, m] - shift[m])
    ds[n, m]   = p[n, m] * (sum_c value[n, c] * dout[c, m] - delta[m])
    dquery[m] += sum_n ds[n, m] * key[n]
    ```

    `query` and `dout` are transposed; the query carries `scale * log2(e)`, and
    `scale` is left for the end. As in `spattn_cpu.online_step`, a step with a mask
    region takes only the pairs for which it yields true, and one with a score
    region puts what it yields in the place of the product of query and key; `ds`
    is multiplied by the derivative. `p` and `ds` hold what they are called at the
    end: 0 for pairs that are not taken.

    ```mlir
    spattn_cpu.query_gradient_step ins(%qt, %dot, %k, %v) statistics(%shift, %delta)
        acc(%dq) scratch(%p, %ds)
        : memref<128x64xf32>, memref<128x64xf32>, memref<32x128xf32>,
          memref<32x128xf32>, memref<64xf32>, memref<64xf32>,
          memref<64x128xf32>, memref<32x64xf32>, memref<32x64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemRead]>:$query,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$dout,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$key,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$value,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$shift,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$delta,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$dquery,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$p,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$ds);
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask);
  let hasVerifier = 1;
  let hasCustomAssemblyFormat = 1;
}

def SpattnCPU_KeyGradientStepOp : SpattnCPU_Op<"key_gradient_step", [SingleBlock]> {
  let summary = "adds the contribution of a tile of queries to dK and dV";
  let description = [{
    Over the rows `m` that `query` and `dout` have:

    ```
    p[m, n]    = exp2(sum_c query[m, c] * key[c, n] - shift[m])
    ds[m, n]   = p[m, n] * (sum_c dout[m, c] * value[c, n] - delta[m])
    dkey[n]   += sum_m ds[m, n] * query[m]
    dvalue[n] += sum_m p[m, n] * dout[m]
    ```

    `key` and `value` are transposed; the key carries `scale * log2(e)`, and
    `scale` is left for the end. Mask and score regions are those of
    `spattn_cpu.query_gradient_step`; they get `m` first. `p` and `ds` are scratch.

    ```mlir
    spattn_cpu.key_gradient_step ins(%kt, %vt, %q, %do) statistics(%shift, %delta)
        acc(%dk, %dv) scratch(%p, %ds)
        : memref<128x64xf32>, memref<128x64xf32>, memref<32x128xf32>,
          memref<32x128xf32>, memref<32xf32>, memref<32xf32>,
          memref<64x128xf32>, memref<64x128xf32>, memref<32x64xf32>,
          memref<32x64xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnCPU_Tile, "", [MemRead]>:$key,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$value,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$query,
                       Arg<SpattnCPU_Tile, "", [MemRead]>:$dout,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$shift,
                       Arg<SpattnCPU_RowVector, "", [MemRead]>:$delta,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$dkey,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$dvalue,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$p,
                       Arg<SpattnCPU_Tile, "", [MemRead, MemWrite]>:$ds);
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask);
  let hasVerifier = 1;
  let hasCustomAssemblyFormat = 1;
}

#endif // SPATTN_DIALECT_SPATTNCPU_IR_SPATTNCPUOPS_TD
