//===- SpattnGPUOps.td - How a kernel runs on a GPU -------------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPUOPS_TD
#define SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPUOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SpattnGPU_Dialect : Dialect {
  let name = "spattn_gpu";
  let cppNamespace = "::spattn::spattn_gpu";
  let summary = "How an attention kernel runs on a GPU";
  let description = [{
    The operations of a warp-specialized kernel: fragments that a warpgroup of
    128 threads holds in registers, tiles in shared memory, asynchronous copies
    (TMA or `cp.async`) and matrix multiply-accumulates (WGMMA or `mma.sync`),
    and the barriers between the warps of a CTA. Asynchrony is in the values: an
    accumulator of a `spattn_gpu.mma` may be read only after a
    `spattn_gpu.mma_wait` has passed it on.

    A kernel carries the description of its launch, `spattn_gpu.launch`, and, if
    its threads have few registers, the unit attribute
    `spattn_gpu.scarce_registers`: lowerings then compute what depends on the
    thread alone again at each use.

    Operations are independent of the architecture;
    `convert-spattn-gpu-to-nvvm` has a lowering of each for every family of
    targets.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttributes();
  }];
}

include "spattn/Dialect/SpattnGPU/IR/SpattnGPULaunch.td"
include "spattn/Dialect/SpattnGPU/IR/SpattnGPUTarget.td"

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class SpattnGPU_Type<string name, string typeMnemonic>
    : TypeDef<SpattnGPU_Dialect, name> {
  let mnemonic = typeMnemonic;
}

class SpattnGPU_MatrixType<string name, string typeMnemonic>
    : SpattnGPU_Type<name, typeMnemonic> {
  let parameters = (ins "int64_t":$rows, "int64_t":$columns,
                        "::mlir::Type":$elementType);
  let assemblyFormat = "`<` custom<Matrix>($rows, $columns, $elementType) `>`";
  let genVerifyDecl = 1;
}

def SpattnGPU_Accumulator : SpattnGPU_MatrixType<"Accumulator", "acc"> {
  let summary = "a matrix of f32 in the registers of a warpgroup";
  let description = [{
    64 rows; thread `t`, lane `l = t mod 32`, holds of row
    `16 * (t / 32) + l / 4` and the one 8 below it the columns
    `8 j + 2 (l mod 4)` and the one after, for every `j`. Columns are a multiple
    of 8, up to 256.

    ```mlir
    !spattn_gpu.acc<64x128xf32>
    ```
  }];
}

def SpattnGPU_Operand : SpattnGPU_MatrixType<"Operand", "operand"> {
  let summary = "the left operand of an MMA, in registers";
  let description = [{
    64 rows of f16 or bf16, columns a multiple of 16, in the accumulator's
    arrangement with two elements to a register.

    ```mlir
    !spattn_gpu.operand<64x128xbf16>
    ```
  }];
}

def SpattnGPU_Rows : SpattnGPU_Type<"Rows", "rows"> {
  let summary = "an f32 for each of the 64 rows of a warpgroup's accumulator";
  let description = [{
    The four threads that share a row hold equal values, unless the values are
    partial (see `spattn_gpu.reduce`).

    ```mlir
    !spattn_gpu.rows
    ```
  }];
}

def SpattnGPU_Columns : SpattnGPU_Type<"Columns", "columns"> {
  let summary = "an f32 for each column of a warpgroup's accumulator";
  let description = [{
    A thread holds those of its own columns; see `!spattn_gpu.acc`.

    ```mlir
    !spattn_gpu.columns<64>
    ```
  }];
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` $columns `>`";
  let genVerifyDecl = 1;
}

def SpattnGPU_ColumnMask : SpattnGPU_Type<"ColumnMask", "column_mask"> {
  let summary = "a bit for each element of a warpgroup's accumulator";
  let description = [{
    Whether to keep the element. A thread holds the bits of its own elements (see
    `!spattn_gpu.acc`), in words of 32 for each of its rows.

    ```mlir
    !spattn_gpu.column_mask<128>
    ```
  }];
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` $columns `>`";
  let genVerifyDecl = 1;
}

def SpattnGPU_Shared : SpattnGPU_MatrixType<"Shared", "shared"> {
  let summary = "a matrix of f16 or bf16 in shared memory";
  let description = [{
    Chunks of 64 columns, one after the other; in a chunk, rows of 128 bytes
    with TMA's 128-byte swizzle. The address is a multiple of 1,024.

    ```mlir
    !spattn_gpu.shared<128x128xbf16>
    ```
  }];
}

def SpattnGPU_Barrier : SpattnGPU_Type<"Barrier", "barrier"> {
  let summary = "an mbarrier in shared memory";
  let description = [{
    ```mlir
    !spattn_gpu.barrier
    ```
  }];
}

def SpattnGPU_Memory : SpattnGPU_Type<"Memory", "memory"> {
  let summary = "an allocation of the kernel's shared memory";
  let description = [{
    A number of bytes at a multiple of `alignment`, which is a power of two from
    16, the default, to 1,024, which tiles need.

    ```mlir
    !spattn_gpu.memory<512>
    ```

    ```mlir
    !spattn_gpu.memory<65536, alignment = 1024>
    ```
  }];
  let parameters = (ins "int64_t":$bytes,
                        DefaultValuedParameter<"int64_t", "16">:$alignment);
  let assemblyFormat = "`<` $bytes (`,` `alignment` `=` $alignment^)? `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

class SpattnGPU_Op<string mnemonic, list<Trait> traits = []>
    : Op<SpattnGPU_Dialect, mnemonic, traits>;

/// Bytes from the start of a memory on.
defvar SpattnGPU_Offset = DefaultValuedAttr<I64Attr, "0">;

def SpattnGPU_WarpConvergence : Resource<"::spattn::spattn_gpu::WarpConvergence">;

/// Where rows are those of several heads, one beside the other: how many, and
/// how far apart these are in memory.
defvar SpattnGPU_Heads = DefaultValuedAttr<I64Attr, "1">;
defvar SpattnGPU_HeadStride = Optional<Index>;

/// Exchanges data between the lanes of a warp, all of which execute it
/// together. Reading convergence keeps it from being hoisted or sunk, and from
/// being merged with one of another block; an unused one may be removed.
class SpattnGPU_WarpCollectiveOp<string mnemonic>
    : SpattnGPU_Op<mnemonic, [
        MemoryEffects<[MemRead<SpattnGPU_WarpConvergence, 0, FullEffect>]>]>;

def SpattnGPU_Pointer
    : Type<CPred<"$_self == ::mlir::LLVM::LLVMPointerType::get($_self.getContext())">,
           "generic pointer", "::mlir::LLVM::LLVMPointerType">,
      BuildableType<"::mlir::LLVM::LLVMPointerType::get($_builder.getContext())">;

def SpattnGPU_AllocOp : SpattnGPU_Op<"alloc"> {
  let summary = "allocates shared memory of the kernel";
  let description = [{
    The memory lives as long as the kernel. Allocations are in the entry block of
    a function and lie one behind the other in program order, each at the next
    multiple of its alignment. An `overlaid` one is at the beginning again, for
    CTAs that use it and those behind it instead of those ahead of it. The
    `#spattn_gpu.launch` of the function must provide as much shared memory as
    all of them take.

    ```mlir
    // %stage: index
    %keys = spattn_gpu.alloc : !spattn_gpu.memory<65536, alignment = 1024>
    %k = spattn_gpu.shared %keys[%stage] : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins UnitAttr:$overlaid);
  let results = (outs Res<SpattnGPU_Memory, "", [MemAlloc]>:$memory);
  let assemblyFormat = [{
    (`overlaid` $overlaid^)? attr-dict `:` qualified(type($memory))
  }];
  let builders = [OpBuilder<(ins "int64_t":$bytes,
                                 CArg<"int64_t", "16">:$alignment,
                                 CArg<"bool", "false">:$overlaid)>];
  let extraClassDeclaration = [{
    /// Calls `visit` for each allocation of a kernel with its offset in the
    /// kernel's shared memory. Returns the bytes that all of them take.
    static int64_t layOut(
        ::mlir::FunctionOpInterface kernel,
        ::llvm::function_ref<void(AllocOp alloc, int64_t offset)> visit);
  }];
  let hasVerifier = 1;
}

def SpattnGPU_SharedOp : SpattnGPU_Op<"shared", [Pure]> {
  let summary = "a tile of the kernel's shared memory";
  let description = [{
    The first of the tiles in `memory`, which is aligned to 1,024 bytes, or the
    `stage`-th after it. Tiles are as far apart as they are large, or `stride`
    bytes: those of other widths may share a memory.

    ```mlir
    // %keys: !spattn_gpu.memory<65536, alignment = 1024>
    // %stage: index
    %k = spattn_gpu.shared %keys[%stage] : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
    %o = spattn_gpu.shared %keys[%stage] stride 32768 : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x64xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Memory:$memory, Optional<Index>:$stage,
                       OptionalAttr<I64Attr>:$stride);
  let results = (outs SpattnGPU_Shared:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$memory,
                                 "::mlir::Value":$stage), [{
    build($_builder, $_state, result, memory, stage, ::mlir::IntegerAttr());
  }]>];
  let extraClassDeclaration = [{
    /// How far apart the tiles of stages are.
    int64_t getStageBytes();
  }];
  let assemblyFormat = [{
    $memory (`[` $stage^ `]`)? (`stride` $stride^)? attr-dict `:` qualified(type($memory)) `->`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_BarrierOp : SpattnGPU_Op<"barrier", [Pure]> {
  let summary = "a barrier of the kernel's shared memory";
  let description = [{
    The barrier at byte `offset` of `memory`, or the `stage`-th after it.

    ```mlir
    // %barriers: !spattn_gpu.memory<64>
    // %stage: index
    %full = spattn_gpu.barrier %barriers[%stage] : !spattn_gpu.memory<64>
    %empty = spattn_gpu.barrier %barriers[%stage] offset 16 : !spattn_gpu.memory<64>
    ```
  }];
  let arguments = (ins SpattnGPU_Memory:$memory, Optional<Index>:$stage,
                       SpattnGPU_Offset:$offset);
  let results = (outs SpattnGPU_Barrier:$result);
  let assemblyFormat = [{
    $memory (`[` $stage^ `]`)? (`offset` $offset^)? attr-dict `:`
    qualified(type($memory))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_BarrierInitOp : SpattnGPU_Op<"barrier_init"> {
  let summary = "initializes an mbarrier with the arrivals, or loads, of a phase";
  let description = [{
    Executed by one thread, before `spattn_gpu.barrier_fence` and a
    `spattn_gpu.named_barrier_sync`. A phase ends after `count` executions of
    `spattn_gpu.barrier_arrive` or, with `loads`, after `count` loads; how many
    arrivals a load makes depends on the target.

    ```mlir
    // %empty: !spattn_gpu.barrier
    // %full: !spattn_gpu.barrier
    spattn_gpu.barrier_init %empty, 8
    spattn_gpu.barrier_init %full, 1 loads
    ```
  }];
  let arguments = (ins SpattnGPU_Barrier:$barrier, I32Attr:$count,
                       UnitAttr:$loads);
  let assemblyFormat = "$barrier `,` $count (`loads` $loads^)? attr-dict";
  let hasVerifier = 1;
}

def SpattnGPU_BarrierFenceOp : SpattnGPU_Op<"barrier_fence"> {
  let summary = "makes initialized barriers visible to TMA";
  let assemblyFormat = "attr-dict";
}

def SpattnGPU_BarrierArriveOp : SpattnGPU_Op<"barrier_arrive"> {
  let summary = "arrives at an mbarrier";
  let description = [{
    With `if`, only threads for which `condition` is true arrive. That is a
    predicated instruction rather than a branch: compilers merge branches of one
    condition and duplicate the waits between them, after which the lanes of a
    warp diverge.

    ```mlir
    // %barrier: !spattn_gpu.barrier
    // %isFirstLane: i1
    spattn_gpu.barrier_arrive %barrier
    spattn_gpu.barrier_arrive %barrier if %isFirstLane
    ```
  }];
  let arguments = (ins SpattnGPU_Barrier:$barrier, Optional<I1>:$condition);
  let assemblyFormat = "$barrier (`if` $condition^)? attr-dict";
}

def SpattnGPU_BarrierWaitOp : SpattnGPU_Op<"barrier_wait"> {
  let summary = "waits until an mbarrier has left the phase of a parity";
  let arguments = (ins SpattnGPU_Barrier:$barrier, I32:$parity);
  let assemblyFormat = "$barrier `parity` $parity attr-dict";
}

def SpattnGPU_Eviction : I32EnumAttr<"Eviction", "what leaves a cache when", [
      I32EnumAttrCase<"First", 0, "first">, I32EnumAttrCase<"Last", 1, "last">]> {
  let cppNamespace = "::spattn::spattn_gpu";
  let genSpecializedAttr = 0;
}
def SpattnGPU_EvictionAttr : EnumAttr<SpattnGPU_Dialect, SpattnGPU_Eviction, "eviction"> {
  let summary = "whether lines leave the L2 cache ahead of others or behind them";
}

def SpattnGPU_LoadOp : SpattnGPU_Op<"load"> {
  let summary = "starts an asynchronous copy of rows of a head to shared memory";
  let description = [{
    A TMA load where the target has TMA. Executed by all lanes of one warp, with
    the same operands. `map` is a tensor map, in the form that the target needs,
    over (head dimension, length, head, batch) with a box of 64 columns and as
    many rows as the tile has; columns past the head dimension and rows past the
    length are filled with zeros. Where the map is over (head dimension, head,
    length, batch), with a box of several heads, rows are those of heads one beside
    the other, and `row` and `head` change places: coordinates come in the order of
    the map. The load arrives at `barrier`, which counts
    loads, once its bytes are there. With `evict`, its lines leave the L2 cache
    `first`, as nobody reads them again, or `last`; a hint that targets without
    TMA ignore.

    ```mlir
    // %map: !llvm.ptr
    // %row: index
    // %head: index
    // %batch: index
    // %k: !spattn_gpu.shared<128x128xbf16>
    // %full: !spattn_gpu.barrier
    spattn_gpu.load %map[%row, %head, %batch] to %k, %full : !spattn_gpu.shared<128x128xbf16>
    spattn_gpu.load %map[%row, %head, %batch] to %k, %full evict first : !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Pointer:$map, Index:$row, Index:$head,
                       Index:$batch, SpattnGPU_Shared:$tile, SpattnGPU_Barrier:$barrier,
                       OptionalAttr<SpattnGPU_EvictionAttr>:$eviction);
  let assemblyFormat = [{
    $map `[` $row `,` $head `,` $batch `]` `to` $tile `,` $barrier
    (`evict` $eviction^)? attr-dict `:` qualified(type($tile))
  }];
}

def SpattnGPU_LoadPagesOp : SpattnGPU_Op<"load_pages"> {
  let summary = "starts an asynchronous copy of rows of pages to shared memory";
  let description = [{
    As `load`, of rows that are in pages: `map` is over (head dimension, length,
    head, page), with a box of 64 columns and as many rows as each page has of the
    tile, which are those from `row` on. Rows of a page that there is not, such as
    -1, are filled with zeros, and nothing is read for it. The load arrives at
    `barrier` once, for the bytes of all pages.

    ```mlir
    // %map: !llvm.ptr
    // %row: index
    // %head: index
    // %a: i32
    // %b: i32
    // %k: !spattn_gpu.shared<128x128xbf16>
    // %full: !spattn_gpu.barrier
    spattn_gpu.load_pages %map[%row, %head] pages %a, %b to %k, %full : !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Pointer:$map, Index:$row, Index:$head,
                       Variadic<I32>:$pages, SpattnGPU_Shared:$tile,
                       SpattnGPU_Barrier:$barrier);
  let assemblyFormat = [{
    $map `[` $row `,` $head `]` `pages` $pages `to` $tile `,` $barrier attr-dict
    `:` qualified(type($tile))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The rows of the tile that each page has.
    int64_t getRowsOfPage() {
      return getTile().getType().getRows() / int64_t(getPages().size());
    }
  }];
}

def SpattnGPU_FinishLoadOp : SpattnGPU_Op<"finish_load"> {
  let summary = "zero-fills rows of a loaded tile, and arrives as its load does";
  let description = [{
    Executed by all lanes of one warp, which has waited for a load of `tile`. Sets
    the rows from `rows` on to zero, whatever has been loaded there, and then
    arrives at `barrier`, which counts loads: those who wait for it see the tile
    without the rows of others.

    ```mlir
    // %k: !spattn_gpu.shared<128x128xbf16>
    // %rows: index
    // %full: !spattn_gpu.barrier
    spattn_gpu.finish_load %k rows %rows, %full : !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Shared:$tile, Index:$rows,
                       SpattnGPU_Barrier:$barrier);
  let assemblyFormat = [{
    $tile `rows` $rows `,` $barrier attr-dict `:` qualified(type($tile))
  }];
}

def SpattnGPU_ClearTileOp : SpattnGPU_Op<"clear_tile"> {
  let summary = "zero-fills a tile in shared memory";
  let description = [{
    Executed by all lanes of one warp, whose later `spattn_gpu.store_tile` see
    the zeros.

    ```mlir
    // %zeros: !spattn_gpu.shared<128x128xbf16>
    spattn_gpu.clear_tile %zeros : !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Shared:$tile);
  let assemblyFormat = "$tile attr-dict `:` qualified(type($tile))";
}

def SpattnGPU_LoadWordsOp : SpattnGPU_Op<"load_words"> {
  let summary = "starts an asynchronous copy of words to shared memory";
  let description = [{
    Executed by all lanes of one warp, with the same operands: copies `count`
    words of 32 bits, a multiple of 4, from `pointer` to byte
    `offset + stage * stride` of `memory`; all of these are multiples of 16
    bytes. The copy arrives at `barrier` as one load.

    ```mlir
    // %p: !llvm.ptr
    // %words: !spattn_gpu.memory<512>
    // %stage: index
    // %full: !spattn_gpu.barrier
    spattn_gpu.load_words 64 from %p to %words[%stage] stride 256, %full : !spattn_gpu.memory<512>
    ```
  }];
  let arguments = (ins I64Attr:$count, SpattnGPU_Pointer:$pointer,
                       SpattnGPU_Memory:$memory, Index:$stage, I64Attr:$stride,
                       SpattnGPU_Barrier:$barrier, SpattnGPU_Offset:$offset);
  let assemblyFormat = [{
    $count `from` $pointer `to` $memory `[` $stage `]` `stride` $stride
    (`offset` $offset^)? `,` $barrier attr-dict `:` qualified(type($memory))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_ReadColumnsOp : SpattnGPU_Op<"read_columns"> {
  let summary = "reads an f32 for each column from shared memory";
  let description = [{
    Column `c` is the `c`-th f32 from byte `offset + stage * stride` of `memory`
    on.

    ```mlir
    // %words: !spattn_gpu.memory<512>
    // %stage: index
    %c = spattn_gpu.read_columns %words[%stage] stride 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<64>
    ```
  }];
  let arguments = (ins SpattnGPU_Memory:$memory, Index:$stage, I64Attr:$stride,
                       SpattnGPU_Offset:$offset);
  let results = (outs SpattnGPU_Columns:$result);
  let assemblyFormat = [{
    $memory `[` $stage `]` `stride` $stride (`offset` $offset^)? attr-dict `:`
    qualified(type($memory)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_MmaFenceOp : SpattnGPU_Op<"mma_fence"> {
  let summary = "orders register writes before the MMAs that follow";
  let assemblyFormat = "attr-dict";
}

def SpattnGPU_MmaOp : SpattnGPU_Op<"mma", [AttrSizedOperandSegments]> {
  let summary = "starts a matrix multiply-accumulate";
  let description = [{
    `result = lhs * rhs^T (+ acc)`, or `lhs * rhs` without `transposed`. `lhs` is
    an operand in registers, or the 64 rows of a tile that belong to the
    warpgroup at `row_block`; with `lhs_transposed`, the transpose of 64 columns
    of a tile. `rhs` is a tile.

    ```mlir
    // %q: !spattn_gpu.shared<128x128xbf16>
    // %k: !spattn_gpu.shared<128x128xbf16>
    // %v: !spattn_gpu.shared<128x128xbf16>
    // %wg: index
    // %p: !spattn_gpu.operand<64x128xbf16>
    // %o: !spattn_gpu.acc<64x128xf32>
    %s = spattn_gpu.mma %q rows %wg, %k {transposed}
        : !spattn_gpu.shared<128x128xbf16>, !spattn_gpu.shared<128x128xbf16> -> !spattn_gpu.acc<64x128xf32>
    %o1 = spattn_gpu.mma %p, %v acc %o
        : !spattn_gpu.operand<64x128xbf16>, !spattn_gpu.shared<128x128xbf16>, !spattn_gpu.acc<64x128xf32> -> !spattn_gpu.acc<64x128xf32>
    %dq = spattn_gpu.mma %q rows %wg, %k {lhs_transposed}
        : !spattn_gpu.shared<128x128xbf16>, !spattn_gpu.shared<128x128xbf16> -> !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[SpattnGPU_Shared, SpattnGPU_Operand]>:$lhs,
                       Optional<Index>:$rowBlock, SpattnGPU_Shared:$rhs,
                       Optional<SpattnGPU_Accumulator>:$acc, UnitAttr:$transposed,
                       UnitAttr:$lhs_transposed);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = [{
    $lhs (`rows` $rowBlock^)? `,` $rhs (`acc` $acc^)? attr-dict `:` qualified(type($lhs))
    `,` qualified(type($rhs)) (`,` qualified(type($acc))^)? `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_MmaCommitOp : SpattnGPU_Op<"mma_commit"> {
  let summary = "commits the MMAs since the last commit as a group";
  let assemblyFormat = "attr-dict";
}

def SpattnGPU_MmaWaitOp : SpattnGPU_Op<"mma_wait", [AttrSizedOperandSegments, AllTypesMatch<["values", "results"]>]> {
  let summary = "waits until at most `pending` groups of MMAs are in flight";
  let description = [{
    Passes on what is ready then: accumulators that may be read, and operands
    whose registers may be overwritten.

    With `after`, the wait does not start before those rows, which must be sums
    of nonnegative numbers, have been computed. Arithmetic that is to overlap an
    MMA needs this: ptxas is free to move a wait up, and does.

    ```mlir
    // %s: !spattn_gpu.acc<64x128xf32>
    // %sum: !spattn_gpu.rows
    %s1 = spattn_gpu.mma_wait 1, %s : !spattn_gpu.acc<64x128xf32>
    %s2 = spattn_gpu.mma_wait 0, %s : !spattn_gpu.acc<64x128xf32> after %sum
    ```
  }];
  let arguments = (ins I32Attr:$pending,
                       Variadic<AnyTypeOf<[SpattnGPU_Accumulator, SpattnGPU_Operand]>>:$values,
                       Optional<SpattnGPU_Rows>:$after);
  let results = (outs Variadic<AnyTypeOf<[SpattnGPU_Accumulator, SpattnGPU_Operand]>>:$results);
  let assemblyFormat = [{
    $pending (`,` $values^ `:` qualified(type($values)))? (`after` $after^)?
    attr-dict
  }];
}

def SpattnGPU_FillOp : SpattnGPU_Op<"fill", [Pure]> {
  let summary = "an accumulator or rows of one value";
  let arguments = (ins F32:$value);
  let results = (outs AnyTypeOf<[SpattnGPU_Accumulator, SpattnGPU_Rows]>:$result);
  let assemblyFormat = "$value attr-dict `:` qualified(type($result))";
}

def SpattnGPU_DistancesOp : SpattnGPU_Op<"distances", [Pure]> {
  let summary = "how far each row is from each column";
  let description = [{
    The element at row `r` of the warpgroup's 64 and column `c` is `first + r - c`,
    or, with `transposed`, `first + c - r`, as an f32. With `heads`, a power of two
    up to 64, the number of row `r` is `r / heads`: that many rows, one after the
    other, are those of one query.

    ```mlir
    // %first: i32
    %d = spattn_gpu.distances %first : !spattn_gpu.acc<64x128xf32>
    %g = spattn_gpu.distances %first heads 8 : !spattn_gpu.acc<64x128xf32>
    %t = spattn_gpu.distances %first {transposed} : !spattn_gpu.acc<64x64xf32>
    ```
  }];
  let arguments = (ins I32:$first, UnitAttr:$transposed, SpattnGPU_Heads:$heads);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = "$first (`heads` $heads^)? attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def SpattnGPU_GatherOp : SpattnGPU_Op<"gather", [AllTypesMatch<["entries", "result"]>]> {
  let summary = "loads an f32 from global memory for each element";
  let description = [{
    The element is the `e`-th f32 from `pointer` on, for the whole part `e` of the
    element of `entries` at its place, which is not negative.

    ```mlir
    // %p: !llvm.ptr
    // %e: !spattn_gpu.acc<64x128xf32>
    %b = spattn_gpu.gather %p[%e] : !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins Arg<SpattnGPU_Pointer, "", [MemRead]>:$pointer,
                       SpattnGPU_Accumulator:$entries);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = "$pointer `[` $entries `]` attr-dict `:` qualified(type($result))";
}

def SpattnGPU_ScatterAddOp : SpattnGPU_Op<"scatter_add", [AllTypesMatch<["values", "entries"]>]> {
  let summary = "adds each element to an f32 in global memory";
  let description = [{
    Each element of `values` that is not 0 is added, atomically, to the `e`-th f32
    from `pointer` on, for the whole part `e` of the element of `entries` at its
    place, which is not negative. Sums have no order.

    ```mlir
    // %p: !llvm.ptr
    // %v: !spattn_gpu.acc<64x64xf32>
    // %e: !spattn_gpu.acc<64x64xf32>
    spattn_gpu.scatter_add %v to %p[%e] : !spattn_gpu.acc<64x64xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Accumulator:$values,
                       Arg<SpattnGPU_Pointer, "", [MemRead, MemWrite]>:$pointer,
                       SpattnGPU_Accumulator:$entries);
  let assemblyFormat = "$values `to` $pointer `[` $entries `]` attr-dict `:` qualified(type($entries))";
}

def SpattnGPU_PositionsOp : SpattnGPU_Op<"positions", [Pure]> {
  let summary = "the number of each row, or of each column";
  let description = [{
    Row `r` of the warpgroup's 64, or column `c`, has the number `first + r`, or
    `first + c`, as an f32. With `heads`, row `r` has the number `first + r / heads`,
    as in `spattn_gpu.distances`.

    ```mlir
    // %first: i32
    %r = spattn_gpu.positions %first : !spattn_gpu.rows
    %q = spattn_gpu.positions %first heads 8 : !spattn_gpu.rows
    %c = spattn_gpu.positions %first : !spattn_gpu.columns<64>
    ```
  }];
  let arguments = (ins I32:$first, SpattnGPU_Heads:$heads);
  let results = (outs AnyTypeOf<[SpattnGPU_Rows, SpattnGPU_Columns]>:$result);
  let assemblyFormat = "$first (`heads` $heads^)? attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def SpattnGPU_MapOp : SpattnGPU_Op<"map", [SingleBlock]> {
  let summary = "computes each element from the operands' elements at its place";
  let description = [{
    The body is evaluated for every element that a thread holds. Its arguments
    are the element of an accumulator, the value of the element's row of rows,
    and that of its column of columns. If all operands are rows, so is the
    result; else it is an accumulator.

    ```mlir
    // %s: !spattn_gpu.acc<64x128xf32>
    // %m: !spattn_gpu.rows
    %p = spattn_gpu.map (%s, %m) {
    ^bb0(%x: f32, %y: f32):
      %d = arith.subf %x, %y : f32
      spattn_gpu.yield %d : f32
    } : (!spattn_gpu.acc<64x128xf32>, !spattn_gpu.rows) -> !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyTypeOf<[SpattnGPU_Accumulator, SpattnGPU_Rows, SpattnGPU_Columns]>>:$operands);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs AnyTypeOf<[SpattnGPU_Accumulator, SpattnGPU_Rows]>:$result);
  let assemblyFormat = [{
    `(` $operands `)` $body attr-dict `:` functional-type($operands, $result)
  }];
  let hasVerifier = 1;
}

def SpattnGPU_ColumnMaskOp : SpattnGPU_Op<"column_mask", [SingleBlock]> {
  let summary = "computes which elements are in given spans of columns";
  let description = [{
    The element at row `r` and column `c` is in the mask if `lo <= c < hi` for
    one of the pairs `(lo, hi)` that the body yields for `r`, a row of the
    warpgroup's 64, or if it is in `others`, which has as many columns.

    ```mlir
    // %end: i32
    %m = spattn_gpu.column_mask {
    ^bb0(%row: index):
      %begin = arith.index_cast %row : index to i32
      spattn_gpu.yield %begin, %end : i32, i32
    } : !spattn_gpu.column_mask<128>
    ```
  }];
  let arguments = (ins Optional<SpattnGPU_ColumnMask>:$others);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs SpattnGPU_ColumnMask:$result);
  let assemblyFormat = [{
    (`with` $others^ `:` qualified(type($others)))? $body attr-dict `:`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_ResidueMaskOp : SpattnGPU_Op<"residue_mask", [SingleBlock,
    AllTypesMatch<["source", "result"]>]> {
  let summary = "leaves elements in a mask whose columns have given residues";
  let description = [{
    The element at row `r` and column `c` is in the mask if it is in `source` and
    `(c - start) mod modulus < width` for all triples `(modulus, start, width)`
    that the body yields for `r`, a row of the warpgroup's 64; or if it is in
    `others`, which has as many columns. `mod` is never negative, and moduli and
    widths are positive.

    ```mlir
    // %width: i32, %m: !spattn_gpu.column_mask<128>
    %n = spattn_gpu.residue_mask %m {
    ^bb0(%row: index):
      %modulus = arith.constant 4 : i32
      %start = arith.index_cast %row : index to i32
      spattn_gpu.yield %modulus, %start, %width : i32, i32, i32
    } : !spattn_gpu.column_mask<128>
    ```
  }];
  let arguments = (ins SpattnGPU_ColumnMask:$source,
                       Optional<SpattnGPU_ColumnMask>:$others);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs SpattnGPU_ColumnMask:$result);
  let assemblyFormat = [{
    $source (`with` $others^ `:` qualified(type($others)))? $body attr-dict `:`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_ColumnMaskDifferenceOp
    : SpattnGPU_Op<"column_mask_difference", [Pure, SameOperandsAndResultType]> {
  let summary = "the elements of one mask that are not in another";
  let description = [{
    ```mlir
    // %a: !spattn_gpu.column_mask<128>, %b: !spattn_gpu.column_mask<128>
    %m = spattn_gpu.column_mask_difference %a, %b : !spattn_gpu.column_mask<128>
    ```
  }];
  let arguments = (ins SpattnGPU_ColumnMask:$lhs, SpattnGPU_ColumnMask:$rhs);
  let results = (outs SpattnGPU_ColumnMask:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` qualified(type($result))";
}

def SpattnGPU_MaskOp : SpattnGPU_Op<"mask", [Pure, AllTypesMatch<["source", "result"]>,
    TypesMatchWith<"as many columns to keep as there are", "result", "seen",
      "ColumnMaskType::get($_ctxt, ::llvm::cast<AccumulatorType>($_self).getColumns())">]> {
  let summary = "replaces elements outside of a mask by -inf";
  let description = [{
    ```mlir
    // %s: !spattn_gpu.acc<64x128xf32>
    // %m: !spattn_gpu.column_mask<128>
    %t = spattn_gpu.mask %s, %m : !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Accumulator:$source, SpattnGPU_ColumnMask:$seen);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = "$source `,` $seen attr-dict `:` qualified(type($result))";
}

def SpattnGPU_YieldOp : SpattnGPU_Op<"yield", [Pure, Terminator,
    ParentOneOf<["MapOp", "ColumnMaskOp", "ResidueMaskOp"]>]> {
  let summary = "ends the body of a map or of a mask";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` qualified(type($values)))? attr-dict";
}

def SpattnGPU_ReductionKind : I32EnumAttr<"ReductionKind", "what a reduction does", [
      I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Add", 1, "add">]> {
  let cppNamespace = "::spattn::spattn_gpu";
  let genSpecializedAttr = 0;
}
def SpattnGPU_ReductionKindAttr
    : EnumAttr<SpattnGPU_Dialect, SpattnGPU_ReductionKind, "reduction">;

def SpattnGPU_ReduceOp : SpattnGPU_Op<"reduce", [Pure]> {
  let summary = "reduces the columns of each row, starting from given values";
  let description = [{
    Over the columns that a thread holds: the result is partial, and
    `spattn_gpu.quad_reduce` completes it.

    ```mlir
    // %s: !spattn_gpu.acc<64x128xf32>
    // %m: !spattn_gpu.rows
    %m1 = spattn_gpu.reduce max %s, %m : !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_ReductionKindAttr:$kind, SpattnGPU_Accumulator:$source,
                       SpattnGPU_Rows:$init);
  let results = (outs SpattnGPU_Rows:$result);
  let assemblyFormat = "$kind $source `,` $init attr-dict `:` qualified(type($source))";
}

def SpattnGPU_QuadReduceOp : SpattnGPU_WarpCollectiveOp<"quad_reduce"> {
  let summary = "combines the partial values of the four threads that share a row";
  let arguments = (ins SpattnGPU_ReductionKindAttr:$kind, SpattnGPU_Rows:$source);
  let results = (outs SpattnGPU_Rows:$result);
  let assemblyFormat = "$kind $source attr-dict";
}

def SpattnGPU_AnyGreaterOp : SpattnGPU_WarpCollectiveOp<"any_greater"> {
  let summary = "whether `lhs` is greater than `rhs` in some row of the warp";
  let description = [{
    Compares the rows, or partial values, that the lanes of a warp hold, which
    execute it together. The result is uniform in the warp, and branches may
    depend on it.

    ```mlir
    // %m: !spattn_gpu.rows
    // %limit: !spattn_gpu.rows
    %grew = spattn_gpu.any_greater %m, %limit
    ```
  }];
  let arguments = (ins SpattnGPU_Rows:$lhs, SpattnGPU_Rows:$rhs);
  let results = (outs I1:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict";
}

def SpattnGPU_ToOperandOp : SpattnGPU_Op<"to_operand", [Pure]> {
  let summary = "rounds an accumulator to the left operand of an MMA";
  let arguments = (ins SpattnGPU_Accumulator:$source);
  let results = (outs SpattnGPU_Operand:$result);
  let assemblyFormat = "$source attr-dict `:` qualified(type($source)) `to` qualified(type($result))";
  let hasVerifier = 1;
}

def SpattnGPU_StoreOp : SpattnGPU_Op<"store"> {
  let summary = "rounds an accumulator and stores it to global memory";
  let description = [{
    Row `r` of the warpgroup's 64 goes to `pointer + r * stride` elements, for
    `r < rows`.
    With `heads`, a power of two up to 64, row `r` is that of query `r / heads` and
    head `r mod heads`: at `(r / heads) * stride + (r mod heads) * head_stride`.

    ```mlir
    // %o: !spattn_gpu.acc<64x128xf32>
    // %p: !llvm.ptr
    // %stride: index
    // %apart: index
    // %rows: index
    spattn_gpu.store %o to %p stride %stride rows %rows as f32 : !spattn_gpu.acc<64x128xf32>
    spattn_gpu.store %o to %p stride %stride heads 8 apart %apart rows %rows as f32 : !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Accumulator:$source, SpattnGPU_Pointer:$pointer,
                       Index:$stride, Index:$rows, TypeAttr:$elementType,
                       SpattnGPU_HeadStride:$head_stride, SpattnGPU_Heads:$heads);
  let builders = [OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$pointer,
      "::mlir::Value":$stride, "::mlir::Value":$rows, "::mlir::Type":$elementType), [{
    build($_builder, $_state, source, pointer, stride, rows, elementType,
          ::mlir::Value(), 1);
  }]>];
  let assemblyFormat = [{
    $source `to` $pointer `stride` $stride (`heads` $heads `apart` $head_stride^)?
    `rows` $rows `as` $elementType attr-dict `:` qualified(type($source))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_StoreRowsOp : SpattnGPU_Op<"store_rows"> {
  let summary = "stores rows to global memory";
  let description = [{
    As `spattn_gpu.load_rows` loads them.

    ```mlir
    // %r: !spattn_gpu.rows
    // %p: !llvm.ptr
    // %stride: index
    // %apart: index
    // %rows: index
    spattn_gpu.store_rows %r to %p stride %stride rows %rows
    spattn_gpu.store_rows %r to %p stride %stride heads 8 apart %apart rows %rows
    ```
  }];
  let arguments = (ins SpattnGPU_Rows:$source, SpattnGPU_Pointer:$pointer,
                       Index:$stride, Index:$rows, SpattnGPU_HeadStride:$head_stride,
                       SpattnGPU_Heads:$heads);
  let builders = [OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$pointer,
      "::mlir::Value":$stride, "::mlir::Value":$rows), [{
    build($_builder, $_state, source, pointer, stride, rows, ::mlir::Value(), 1);
  }]>];
  let assemblyFormat = [{
    $source `to` $pointer `stride` $stride (`heads` $heads `apart` $head_stride^)?
    `rows` $rows attr-dict
  }];
  let hasVerifier = 1;
}

def SpattnGPU_LoadRowsOp : SpattnGPU_Op<"load_rows"> {
  let summary = "loads rows from global memory";
  let description = [{
    Row `r` is at `pointer + r * stride` elements of f32, for `r < rows`; other
    rows are `value`.
    With `heads`, a power of two up to 64, row `r` is that of query `r / heads` and
    head `r mod heads`: at `(r / heads) * stride + (r mod heads) * head_stride`.

    ```mlir
    // %p: !llvm.ptr
    // %stride: index
    // %apart: index
    // %rows: index
    // %inf: f32
    %r = spattn_gpu.load_rows %p stride %stride rows %rows else %inf
    %g = spattn_gpu.load_rows %p stride %stride heads 8 apart %apart rows %rows else %inf
    ```
  }];
  let arguments = (ins SpattnGPU_Pointer:$pointer, Index:$stride, Index:$rows,
                       F32:$value, SpattnGPU_HeadStride:$head_stride,
                       SpattnGPU_Heads:$heads);
  let results = (outs SpattnGPU_Rows:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$pointer, "::mlir::Value":$stride,
      "::mlir::Value":$rows, "::mlir::Value":$value), [{
    build($_builder, $_state, RowsType::get($_builder.getContext()), pointer,
          stride, rows, value, ::mlir::Value(), 1);
  }]>];
  let assemblyFormat = [{
    $pointer `stride` $stride (`heads` $heads `apart` $head_stride^)? `rows` $rows
    `else` $value attr-dict
  }];
  let hasVerifier = 1;
}

def SpattnGPU_LoadColumnsOp : SpattnGPU_Op<"load_columns"> {
  let summary = "loads columns from global memory";
  let description = [{
    Column `c` is the word of 32 bits at `pointer + c * stride` words, for
    `c < count`; others are that of the last one. There is one at least.

    ```mlir
    // %p: !llvm.ptr
    // %stride: index
    // %count: index
    %c = spattn_gpu.load_columns %p stride %stride count %count : !spattn_gpu.columns<64>
    ```
  }];
  let arguments = (ins Arg<SpattnGPU_Pointer, "", [MemRead]>:$pointer,
                       Index:$stride, Index:$count);
  let results = (outs SpattnGPU_Columns:$result);
  let assemblyFormat = [{
    $pointer `stride` $stride `count` $count attr-dict `:`
    qualified(type($result))
  }];
}

def SpattnGPU_AddFragmentOp : SpattnGPU_Op<"add_fragment"> {
  let summary = "adds an accumulator to global memory atomically, in register order";
  let description = [{
    Adds each element, in no particular order, to one of the `64 * columns`
    elements of f32 from `pointer` on, a multiple of 16 bytes. Their arrangement
    is that of `spattn_gpu.load_fragment`.

    ```mlir
    // %a: !spattn_gpu.acc<64x64xf32>
    // %p: !llvm.ptr
    spattn_gpu.add_fragment %a to %p : !spattn_gpu.acc<64x64xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Accumulator:$source, SpattnGPU_Pointer:$pointer);
  let assemblyFormat = [{
    $source `to` $pointer attr-dict `:` qualified(type($source))
  }];
}

def SpattnGPU_WriteFragmentOp : SpattnGPU_Op<"write_fragment"> {
  let summary = "writes an accumulator to shared memory, in register order";
  let description = [{
    `64 * columns` elements of f32 from byte `offset + stage * stride` of `memory`
    on, in the order in which `spattn_gpu.add_fragment` adds them, for
    `spattn_gpu.add_words`. An accumulator of 128 columns is as two of 64, one
    behind the other.

    ```mlir
    // %a: !spattn_gpu.acc<64x64xf32>
    // %sums: !spattn_gpu.memory<32768>
    // %stage: index
    spattn_gpu.write_fragment %a to %sums[%stage] stride 16384 : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.memory<32768>
    ```
  }];
  let arguments = (ins SpattnGPU_Accumulator:$source, SpattnGPU_Memory:$memory,
                       Index:$stage, I64Attr:$stride, SpattnGPU_Offset:$offset);
  let assemblyFormat = [{
    $source `to` $memory `[` $stage `]` `stride` $stride (`offset` $offset^)?
    attr-dict `:` qualified(type($source)) `,` qualified(type($memory))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_ReadFragmentOp : SpattnGPU_Op<"read_fragment"> {
  let summary = "reads an accumulator of `spattn_gpu.write_fragment`";
  let description = [{
    Of 64 rows and 64 or 128 columns, from byte `offset + stage * stride` of
    `memory` on.

    ```mlir
    // %sums: !spattn_gpu.memory<32768>
    // %stage: index
    %a = spattn_gpu.read_fragment %sums[%stage] stride 16384 : !spattn_gpu.memory<32768> to !spattn_gpu.acc<64x64xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Memory:$memory, Index:$stage,
                       I64Attr:$stride, SpattnGPU_Offset:$offset);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = [{
    $memory `[` $stage `]` `stride` $stride (`offset` $offset^)? attr-dict `:`
    qualified(type($memory)) `to` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_AddWordsOp : SpattnGPU_Op<"add_words"> {
  let summary = "starts a bulk reduction of words in shared memory into global memory";
  let description = [{
    Executed by all lanes of one warp, with the same operands: adds `count`
    elements of f32, a multiple of 4, from byte `offset + stage * stride` of
    `memory` on, atomically to those from `pointer` on; all of these are multiples of 16
    bytes. It sees what was written before a `spattn_gpu.async_proxy_fence`; the
    source may be overwritten after a `spattn_gpu.store_wait`. With
    `overwriting`, elements are stored instead of added. As others add to them
    too, they leave the L2 cache last.

    ```mlir
    // %p: !llvm.ptr
    // %sums: !spattn_gpu.memory<32768>
    // %stage: index
    spattn_gpu.add_words 4096 from %sums[%stage] stride 16384 to %p : !spattn_gpu.memory<32768>
    spattn_gpu.add_words 4096 from %sums[%stage] stride 16384 to %p overwriting : !spattn_gpu.memory<32768>
    ```
  }];
  let arguments = (ins I64Attr:$count, SpattnGPU_Memory:$memory, Index:$stage,
                       I64Attr:$stride, SpattnGPU_Pointer:$pointer,
                       UnitAttr:$overwriting, SpattnGPU_Offset:$offset);
  let assemblyFormat = [{
    $count `from` $memory `[` $stage `]` `stride` $stride (`offset` $offset^)?
    `to` $pointer (`overwriting` $overwriting^)? attr-dict `:`
    qualified(type($memory))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_SemaphoreArriveOp : SpattnGPU_Op<"semaphore_arrive"> {
  let summary = "adds 1 to a semaphore, and returns its value before";
  let description = [{
    Executed by all lanes of one warp; the semaphore is a 32-bit integer in
    global memory. Lane 0 gets the value, as from `spattn_gpu.atomic_inc`. If it
    is at least what a `spattn_gpu.semaphore_release` added, what was released
    may be added to.

    ```mlir
    // %flag: !llvm.ptr
    %before = spattn_gpu.semaphore_arrive %flag
    ```
  }];
  let arguments = (ins SpattnGPU_Pointer:$flag);
  let results = (outs I32:$before);
  let assemblyFormat = "$flag attr-dict";
}

def SpattnGPU_SemaphoreReleaseOp : SpattnGPU_Op<"semaphore_release"> {
  let summary = "releases what a warp wrote with `spattn_gpu.add_words`";
  let description = [{
    Waits, as `spattn_gpu.store_wait` does, until the writes are visible to other
    CTAs, and then adds `value` to the semaphore.

    ```mlir
    // %flag: !llvm.ptr
    spattn_gpu.semaphore_release 1073741824 to %flag
    ```
  }];
  let arguments = (ins I32Attr:$value, SpattnGPU_Pointer:$flag);
  let assemblyFormat = "$value `to` $flag attr-dict";
}

def SpattnGPU_SemaphoreWaitOp : SpattnGPU_Op<"semaphore_wait"> {
  let summary = "waits until a semaphore is at least `value`";
  let description = [{
    Executed by all lanes of one warp. The CTA that releases has to be running.

    ```mlir
    // %flag: !llvm.ptr
    spattn_gpu.semaphore_wait 1073741824 at %flag
    ```
  }];
  let arguments = (ins I32Attr:$value, SpattnGPU_Pointer:$flag);
  let assemblyFormat = "$value `at` $flag attr-dict";
}

def SpattnGPU_LoadFragmentOp : SpattnGPU_Op<"load_fragment"> {
  let summary = "loads an accumulator that `spattn_gpu.add_fragment` added up";
  let description = [{
    ```mlir
    // %p: !llvm.ptr
    %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x64xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Pointer:$pointer);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = "$pointer attr-dict `:` qualified(type($result))";
}

def SpattnGPU_ReadOp : SpattnGPU_Op<"read"> {
  let summary = "reads 64 rows of a tile in shared memory as an accumulator";
  let description = [{
    The rows are those of the warpgroup at `row_block`.

    ```mlir
    // %wg: index
    // %t: !spattn_gpu.shared<128x128xbf16>
    %o = spattn_gpu.read %t[%wg] : !spattn_gpu.shared<128x128xbf16> to !spattn_gpu.acc<64x128xf32>
    ```
  }];
  let arguments = (ins SpattnGPU_Shared:$tile, Index:$row_block);
  let results = (outs SpattnGPU_Accumulator:$result);
  let assemblyFormat = [{
    $tile `[` $row_block `]` attr-dict `:` qualified(type($tile)) `to`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_RowProductsOp : SpattnGPU_Op<"row_products", [AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "computes the dot product of each row of two tiles in shared memory";
  let description = [{
    Row `r` of the result is the sum over `c` of `lhs[r][c] * rhs[r][c]` in f32,
    for the 64 rows of the warpgroup at `row_block`. It is partial, like that of
    `spattn_gpu.reduce`: each thread reads some columns of its rows, and
    `spattn_gpu.quad_reduce` completes it.

    ```mlir
    // %wg: index
    // %o: !spattn_gpu.shared<64x128xbf16>
    // %g: !spattn_gpu.shared<64x128xbf16>
    %d = spattn_gpu.row_products %o, %g[%wg] : !spattn_gpu.shared<64x128xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Shared:$lhs, SpattnGPU_Shared:$rhs, Index:$row_block);
  let results = (outs SpattnGPU_Rows:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `[` $row_block `]` attr-dict `:` qualified(type($lhs))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_WriteOp : SpattnGPU_Op<"write"> {
  let summary = "rounds an accumulator and writes it to shared memory";
  let description = [{
    Writes the 64 rows of the warpgroup at `row_block`; the tile has the
    accumulator's columns. An operand, which is rounded already, is written as it
    is. See `spattn_gpu.async_proxy_fence`.

    ```mlir
    // %o: !spattn_gpu.acc<64x128xf32>
    // %wg: index
    // %t: !spattn_gpu.shared<128x128xbf16>
    spattn_gpu.write %o to %t[%wg] : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins AnyTypeOf<[SpattnGPU_Accumulator, SpattnGPU_Operand]>:$source,
                       SpattnGPU_Shared:$tile, Index:$row_block);
  let assemblyFormat = [{
    $source `to` $tile `[` $row_block `]` attr-dict
    `:` qualified(type($source)) `,` qualified(type($tile))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_AsyncProxyFenceOp : SpattnGPU_Op<"async_proxy_fence"> {
  let summary = "orders a warp's writes to shared memory before asynchronous copies";
  let description = [{
    Executed by all lanes of a warp, after `spattn_gpu.write`. One of its lanes
    then arrives at the barrier for which the warp that starts the copy waits.
  }];
  let assemblyFormat = "attr-dict";
}

def SpattnGPU_StoreTileOp : SpattnGPU_Op<"store_tile"> {
  let summary = "starts an asynchronous copy from shared memory to rows of a head";
  let description = [{
    A TMA store where the target has TMA. Executed by all lanes of one warp, with
    the same operands; `map` is as for `spattn_gpu.load`. Columns past the head
    dimension and rows past the length are not stored. The tile's first column
    is column `column` of the rows, a multiple of 8.

    ```mlir
    // %map: !llvm.ptr
    // %row: index
    // %head: index
    // %batch: index
    // %o: !spattn_gpu.shared<128x128xbf16>
    // %half: !spattn_gpu.shared<128x64xbf16>
    spattn_gpu.store_tile %o to %map[%row, %head, %batch] : !spattn_gpu.shared<128x128xbf16>
    spattn_gpu.store_tile %half to %map[%row, %head, %batch] column 64 : !spattn_gpu.shared<128x64xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Shared:$tile, SpattnGPU_Pointer:$map, Index:$row,
                       Index:$head, Index:$batch,
                       DefaultValuedAttr<I64Attr, "0">:$column);
  let assemblyFormat = [{
    $tile `to` $map `[` $row `,` $head `,` $batch `]` (`column` $column^)? attr-dict
    `:` qualified(type($tile))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_StoreTileRowsOp : SpattnGPU_Op<"store_tile_rows"> {
  let summary = "stores the first rows of a tile in shared memory";
  let description = [{
    Executed by all lanes of one warp, which may release the tile then. Row `r` is
    stored at `pointer + r * stride` elements, for `r < rows`, without the columns
    from `columns` on. Rows in memory are aligned to 16 bytes.
    With `heads`, a power of two up to 64, row `r` is that of query `r / heads` and
    head `r mod heads`: at `(r / heads) * stride + (r mod heads) * head_stride`.

    ```mlir
    // %o: !spattn_gpu.shared<128x128xbf16>
    // %p: !llvm.ptr
    // %stride: index
    // %rows: index
    // %apart: index
    spattn_gpu.store_tile_rows %o to %p stride %stride rows %rows columns 128 : !spattn_gpu.shared<128x128xbf16>
    spattn_gpu.store_tile_rows %o to %p stride %stride heads 8 apart %apart rows %rows columns 128 : !spattn_gpu.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins SpattnGPU_Shared:$tile, SpattnGPU_Pointer:$pointer,
                       Index:$stride, Index:$rows, I64Attr:$columns,
                       SpattnGPU_HeadStride:$head_stride, SpattnGPU_Heads:$heads);
  let builders = [OpBuilder<(ins "::mlir::Value":$tile, "::mlir::Value":$pointer,
      "::mlir::Value":$stride, "::mlir::Value":$rows, "int64_t":$columns), [{
    build($_builder, $_state, tile, pointer, stride, rows, columns, ::mlir::Value(),
          1);
  }]>];
  let assemblyFormat = [{
    $tile `to` $pointer `stride` $stride (`heads` $heads `apart` $head_stride^)?
    `rows` $rows `columns` $columns attr-dict `:` qualified(type($tile))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_StoreWaitOp : SpattnGPU_Op<"store_wait"> {
  let summary = "waits until the warp's stores have read shared memory";
  let description = [{
    Executed by all lanes of the warp that started them with
    `spattn_gpu.store_tile` or `spattn_gpu.add_words`.
  }];
  let assemblyFormat = "attr-dict";
}

def SpattnGPU_StoreFillOp : SpattnGPU_Op<"store_fill"> {
  let summary = "stores one value to rows in global memory";
  let description = [{
    Executed by all lanes of one warp. Row `r` is at `pointer + r * stride`
    elements, for `r < rows`, and has `columns` elements. Rows whose size is a
    multiple of 16 bytes have to be aligned to 16 bytes.

    ```mlir
    // %zero: bf16
    // %p: !llvm.ptr
    // %stride: index
    // %rows: index
    spattn_gpu.store_fill %zero to %p stride %stride rows %rows columns 128 : bf16
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, F16, BF16]>:$value,
                       SpattnGPU_Pointer:$pointer, Index:$stride, Index:$rows,
                       I64Attr:$columns);
  let assemblyFormat = [{
    $value `to` $pointer `stride` $stride `rows` $rows `columns` $columns
    attr-dict `:` type($value)
  }];
  let hasVerifier = 1;
}

def SpattnGPU_WriteWordsOp : SpattnGPU_Op<"write_words"> {
  let summary = "writes words to shared memory";
  let description = [{
    Executed by all lanes of one warp, with the same operands: writes
    consecutive words from byte `offset + stage * stride` of `memory` on. Lane 0
    then arrives at the barrier for which readers wait.

    ```mlir
    // %words: !spattn_gpu.memory<512>
    // %stage: index
    // %a: i32
    // %b: i32
    spattn_gpu.write_words %words[%stage] stride 256, %a, %b : !spattn_gpu.memory<512>
    ```
  }];
  let arguments = (ins SpattnGPU_Memory:$memory, Index:$stage, I64Attr:$stride,
                       Variadic<I32>:$values, SpattnGPU_Offset:$offset);
  let assemblyFormat = [{
    $memory `[` $stage `]` `stride` $stride (`offset` $offset^)? `,` $values
    attr-dict `:` qualified(type($memory))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_ReadWordsOp : SpattnGPU_Op<"read_words"> {
  let summary = "reads the words of a `spattn_gpu.write_words`, or the first of them";
  let description = [{
    Executed by all lanes of a warp. With `uniform`, branches may depend on the
    words: ptxas then knows that they are equal in all lanes.

    ```mlir
    // %words: !spattn_gpu.memory<512>
    // %stage: index
    %a, %b = spattn_gpu.read_words %words[%stage] stride 256 uniform : !spattn_gpu.memory<512> -> i32, i32
    ```
  }];
  let arguments = (ins SpattnGPU_Memory:$memory, Index:$stage, I64Attr:$stride,
                       UnitAttr:$uniform, SpattnGPU_Offset:$offset);
  let results = (outs Variadic<I32>:$values);
  let assemblyFormat = [{
    $memory `[` $stage `]` `stride` $stride (`offset` $offset^)?
    (`uniform` $uniform^)? attr-dict `:` qualified(type($memory)) `->`
    type($values)
  }];
  let hasVerifier = 1;
}

def SpattnGPU_LookupOp : SpattnGPU_Op<"lookup"> {
  let summary = "looks up an integer in a table in shared memory";
  let description = [{
    Executed by all lanes of one warp, with the same operands. From byte
    `offset + stage * stride` of `memory` on there are `count` keys, signed and ascending,
    and then as many values. The result is the value of the last key that is at
    most `number`, or of the first key if there is none.

    ```mlir
    // %words: !spattn_gpu.memory<512>
    // %stage: index
    // %n: i32
    %v = spattn_gpu.lookup %n in 24 of %words[%stage] stride 256 offset 64 : !spattn_gpu.memory<512>
    ```
  }];
  let arguments = (ins I64Attr:$count, SpattnGPU_Memory:$memory, Index:$stage,
                       I64Attr:$stride, I32:$number, SpattnGPU_Offset:$offset);
  let results = (outs I32:$value);
  let assemblyFormat = [{
    $number `in` $count `of` $memory `[` $stage `]` `stride` $stride
    (`offset` $offset^)? attr-dict `:` qualified(type($memory))
  }];
  let hasVerifier = 1;
}

def SpattnGPU_AtomicIncOp : SpattnGPU_Op<"atomic_inc"> {
  let summary = "takes a ticket from a counter in global memory";
  let description = [{
    Executed by all lanes of one warp, with the same pointer to an i32. Lane 0
    gets the counter's value, which is incremented, so that no other warp of the
    grid gets the same one; the result of other lanes is undefined. The atomic
    has high latency; nothing waits for it before `spattn_gpu.warp_broadcast`.

    ```mlir
    // %counter: !llvm.ptr
    %ticket = spattn_gpu.atomic_inc %counter
    %n = spattn_gpu.warp_broadcast %ticket
    ```
  }];
  let arguments = (ins SpattnGPU_Pointer:$counter);
  let results = (outs I32:$ticket);
  let assemblyFormat = "$counter attr-dict";
}

def SpattnGPU_WarpBroadcastOp : SpattnGPU_WarpCollectiveOp<"warp_broadcast"> {
  let summary = "broadcasts the value of lane 0 to all lanes of a warp";
  let description = [{
    Executed by all lanes of one warp. Branches may depend on the result: ptxas
    knows that it is uniform.

    ```mlir
    // %x: i32
    %n = spattn_gpu.warp_broadcast %x
    ```
  }];
  let arguments = (ins I32:$source);
  let results = (outs I32:$result);
  let assemblyFormat = "$source attr-dict";
}

def SpattnGPU_NamedBarrierSyncOp : SpattnGPU_Op<"named_barrier_sync"> {
  let summary = "arrives at a named barrier and waits until `threads` have arrived";
  let description = [{
    Barrier `id`, or the `offset`-th after it; there are 16.

    ```mlir
    // %wg: index
    spattn_gpu.named_barrier_sync 1[%wg], 256
    ```
  }];
  let arguments = (ins I32Attr:$id, Optional<Index>:$offset, I32Attr:$threads);
  let assemblyFormat = "$id (`[` $offset^ `]`)? `,` $threads attr-dict";
  let hasVerifier = 1;
}

def SpattnGPU_NamedBarrierArriveOp : SpattnGPU_Op<"named_barrier_arrive"> {
  let summary = "arrives at a named barrier without waiting";
  let description = [{
    Like `spattn_gpu.named_barrier_sync`, for threads that only release others.

    ```mlir
    // %wg: index
    spattn_gpu.named_barrier_arrive 1[%wg], 256
    ```
  }];
  let arguments = (ins I32Attr:$id, Optional<Index>:$offset, I32Attr:$threads);
  let assemblyFormat = "$id (`[` $offset^ `]`)? `,` $threads attr-dict";
  let hasVerifier = 1;
}

def SpattnGPU_WarpgroupOp : SpattnGPU_WarpCollectiveOp<"warpgroup"> {
  let summary = "the index of the thread's warpgroup, uniform in a warp";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def SpattnGPU_SetMaxRegistersOp : SpattnGPU_Op<"set_max_registers"> {
  let summary = "sets the maximum number of registers of the warpgroup's threads";
  let arguments = (ins I32Attr:$count, BoolAttr:$increase);
  let assemblyFormat = "$count `,` $increase attr-dict";
  let hasVerifier = 1;
}

#endif // SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPUOPS_TD
