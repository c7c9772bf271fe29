//===- TileOps.td - How a kernel runs on a GPU -------------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_TILE_IR_TILEOPS_TD
#define SPATTN_DIALECT_TILE_IR_TILEOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::spattn::tile";
  let summary = "How an attention kernel runs on a GPU";
  let description = [{
    Fragments that a warpgroup of 128 threads holds in registers, tiles in
    shared memory, asynchronous copies and matrix products, and what waits for
    them. Values say what is ready: a product gives an accumulator that may be
    read only after a `tile.mma_wait` has passed it on.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttributes();
  }];
}

include "spattn/Dialect/Tile/IR/TileLaunch.td"

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class Tile_Type<string name, string typeMnemonic>
    : TypeDef<Tile_Dialect, name> {
  let mnemonic = typeMnemonic;
}

class Tile_MatrixType<string name, string typeMnemonic>
    : Tile_Type<name, typeMnemonic> {
  let parameters = (ins "int64_t":$rows, "int64_t":$columns,
                        "::mlir::Type":$elementType);
  let assemblyFormat = "`<` custom<Matrix>($rows, $columns, $elementType) `>`";
  let genVerifyDecl = 1;
}

def Tile_Accumulator : Tile_MatrixType<"Accumulator", "acc"> {
  let summary = "a matrix of f32 in the registers of a warpgroup";
  let description = [{
    64 rows; thread `t`, lane `l = t mod 32`, holds of row
    `16 * (t / 32) + l / 4` and the one 8 below it the columns
    `8 j + 2 (l mod 4)` and the one after, for every `j`. Columns are a multiple
    of 8, up to 256.

    ```mlir
    !tile.acc<64x128xf32>
    ```
  }];
}

def Tile_Operand : Tile_MatrixType<"Operand", "operand"> {
  let summary = "the left operand of a matrix product, in registers";
  let description = [{
    64 rows of f16 or bf16, columns a multiple of 16, in the accumulator's
    arrangement with two elements to a register.

    ```mlir
    !tile.operand<64x128xbf16>
    ```
  }];
}

def Tile_Rows : Tile_Type<"Rows", "rows"> {
  let summary = "an f32 for each of the 64 rows of a warpgroup's accumulator";
  let description = [{
    The four threads that share a row hold equal values, unless they are partial
    ones (see `tile.reduce`).

    ```mlir
    !tile.rows
    ```
  }];
}

def Tile_Columns : Tile_Type<"Columns", "columns"> {
  let summary = "an f32 for each column of a warpgroup's accumulator";
  let description = [{
    A thread holds those of its own columns; see `!tile.acc`.

    ```mlir
    !tile.columns<64>
    ```
  }];
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` $columns `>`";
  let genVerifyDecl = 1;
}

def Tile_Seen : Tile_Type<"Seen", "seen"> {
  let summary = "for each element of a warpgroup's accumulator, whether to keep it";
  let description = [{
    A thread holds a bit for each of its elements (see `!tile.acc`), in words of
    32 for each of its rows.

    ```mlir
    !tile.seen<128>
    ```
  }];
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` $columns `>`";
  let genVerifyDecl = 1;
}

def Tile_Shared : Tile_MatrixType<"Shared", "shared"> {
  let summary = "a matrix of f16 or bf16 in shared memory";
  let description = [{
    Chunks of 64 columns, one after the other; in a chunk, rows of 128 bytes
    with the 128-byte swizzle of the copy engine. The address is a multiple of
    1,024.

    ```mlir
    !tile.shared<128x128xbf16>
    ```
  }];
}

def Tile_Barrier : Tile_Type<"Barrier", "barrier"> {
  let summary = "an mbarrier in shared memory";
  let description = [{
    ```mlir
    !tile.barrier
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_Pointer
    : Type<CPred<"$_self == ::mlir::LLVM::LLVMPointerType::get($_self.getContext())">,
           "generic pointer", "::mlir::LLVM::LLVMPointerType">,
      BuildableType<"::mlir::LLVM::LLVMPointerType::get($_builder.getContext())">;

def Tile_SharedOp : Tile_Op<"shared", [Pure]> {
  let summary = "a tile of the kernel's shared memory";
  let description = [{
    The tile at byte `offset`, or the `stage`-th after it.

    ```mlir
    // %stage: index
    %k = tile.shared[%stage] at 32768 : !tile.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins Optional<Index>:$stage, I64Attr:$offset);
  let results = (outs Tile_Shared:$result);
  let assemblyFormat = "(`[` $stage^ `]`)? `at` $offset attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_BarrierOp : Tile_Op<"barrier", [Pure]> {
  let summary = "a barrier of the kernel's shared memory";
  let description = [{
    The barrier at byte `offset`, or the `stage`-th after it.

    ```mlir
    // %stage: index
    %b = tile.barrier[%stage] at 163840
    ```
  }];
  let arguments = (ins Optional<Index>:$stage, I64Attr:$offset);
  let results = (outs Tile_Barrier:$result);
  let assemblyFormat = "(`[` $stage^ `]`)? `at` $offset attr-dict";
  let hasVerifier = 1;
}

def Tile_BarrierInitOp : Tile_Op<"barrier_init"> {
  let summary = "sets up a barrier for a number of arrivals or loads a phase";
  let description = [{
    By one thread, before `tile.barrier_fence` and a `tile.sync`. A phase ends
    after `count` times `tile.barrier_arrive`, or with `loads` when `count`
    times `tile.load` have arrived; how many arrivals a load makes is up to the
    target.

    ```mlir
    // %empty: !tile.barrier
    // %full: !tile.barrier
    tile.barrier_init %empty, 8
    tile.barrier_init %full, 1 loads
    ```
  }];
  let arguments = (ins Tile_Barrier:$barrier, I32Attr:$count,
                       UnitAttr:$loads);
  let assemblyFormat = "$barrier `,` $count (`loads` $loads^)? attr-dict";
  let hasVerifier = 1;
}

def Tile_BarrierFenceOp : Tile_Op<"barrier_fence"> {
  let summary = "makes barriers that were set up visible to the copy engine";
  let assemblyFormat = "attr-dict";
}

def Tile_BarrierArriveOp : Tile_Op<"barrier_arrive"> {
  let summary = "arrives at a barrier";
  let description = [{
    With `if`, only threads for which `condition` is true arrive. There is no
    branch then: compilers merge branches of one condition, and with them copy
    the waits in between, after which lanes of a warp take different ways.

    ```mlir
    // %barrier: !tile.barrier
    // %isFirstLane: i1
    tile.barrier_arrive %barrier
    tile.barrier_arrive %barrier if %isFirstLane
    ```
  }];
  let arguments = (ins Tile_Barrier:$barrier, Optional<I1>:$condition);
  let assemblyFormat = "$barrier (`if` $condition^)? attr-dict";
}

def Tile_BarrierWaitOp : Tile_Op<"barrier_wait"> {
  let summary = "waits until a barrier has left the phase of a parity";
  let arguments = (ins Tile_Barrier:$barrier, I32:$parity);
  let assemblyFormat = "$barrier `parity` $parity attr-dict";
}

def Tile_LoadOp : Tile_Op<"load"> {
  let summary = "starts a copy of rows of a head to shared memory";
  let description = [{
    By all lanes of one warp, with the same operands. `map` is a tensor map, of
    the form that the target asks for, over (head dimension, length, head,
    batch) with a box of 64 columns and as many rows as the tile has; columns
    past the head dimension and rows past the length arrive as zeros. The load arrives
    at `barrier`, which counts loads, once its bytes are there.

    ```mlir
    // %map: !llvm.ptr
    // %row: index
    // %head: index
    // %batch: index
    // %k: !tile.shared<128x128xbf16>
    // %full: !tile.barrier
    tile.load %map[%row, %head, %batch] to %k, %full : !tile.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins Tile_Pointer:$map, Index:$row, Index:$head,
                       Index:$batch, Tile_Shared:$tile, Tile_Barrier:$barrier);
  let assemblyFormat = [{
    $map `[` $row `,` $head `,` $batch `]` `to` $tile `,` $barrier attr-dict
    `:` qualified(type($tile))
  }];
}

def Tile_LoadWordsOp : Tile_Op<"load_words"> {
  let summary = "starts a copy of numbers to shared memory";
  let description = [{
    By all lanes of one warp, with the same operands: `count` words of 32 bits,
    a multiple of 4, from `pointer` to byte `offset + stage * stride`; all of
    these are multiples of 16 bytes. The copy arrives at `barrier` as one load.

    ```mlir
    // %p: !llvm.ptr
    // %stage: index
    // %full: !tile.barrier
    tile.load_words 64 from %p to 1024[%stage] stride 256, %full
    ```
  }];
  let arguments = (ins I64Attr:$count, Tile_Pointer:$pointer, I64Attr:$offset,
                       Index:$stage, I64Attr:$stride, Tile_Barrier:$barrier);
  let assemblyFormat = [{
    $count `from` $pointer `to` $offset `[` $stage `]` `stride` $stride `,`
    $barrier attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_ReadColumnsOp : Tile_Op<"read_columns"> {
  let summary = "reads a number for each column from shared memory";
  let description = [{
    Column `c` is the `c`-th f32 from byte `offset + stage * stride` on.

    ```mlir
    // %stage: index
    %c = tile.read_columns 1024[%stage] stride 256 : !tile.columns<64>
    ```
  }];
  let arguments = (ins I64Attr:$offset, Index:$stage, I64Attr:$stride);
  let results = (outs Tile_Columns:$result);
  let assemblyFormat = [{
    $offset `[` $stage `]` `stride` $stride attr-dict `:` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Tile_MmaFenceOp : Tile_Op<"mma_fence"> {
  let summary = "orders register writes before the products that follow";
  let assemblyFormat = "attr-dict";
}

def Tile_MmaOp : Tile_Op<"mma", [AttrSizedOperandSegments]> {
  let summary = "starts a matrix product";
  let description = [{
    `result = lhs * rhs^T (+ acc)`, or `lhs * rhs` without `transposed`. `lhs` is
    an operand in registers, or the 64 rows of a tile that belong to the
    warpgroup at `row_block`; with `lhs_transposed`, the transpose of 64 columns
    of a tile. `rhs` is a tile.

    ```mlir
    // %q: !tile.shared<128x128xbf16>
    // %k: !tile.shared<128x128xbf16>
    // %v: !tile.shared<128x128xbf16>
    // %wg: index
    // %p: !tile.operand<64x128xbf16>
    // %o: !tile.acc<64x128xf32>
    %s = tile.mma %q rows %wg, %k {transposed}
        : !tile.shared<128x128xbf16>, !tile.shared<128x128xbf16> -> !tile.acc<64x128xf32>
    %o1 = tile.mma %p, %v acc %o
        : !tile.operand<64x128xbf16>, !tile.shared<128x128xbf16>, !tile.acc<64x128xf32> -> !tile.acc<64x128xf32>
    %dq = tile.mma %q rows %wg, %k {lhs_transposed}
        : !tile.shared<128x128xbf16>, !tile.shared<128x128xbf16> -> !tile.acc<64x128xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Tile_Shared, Tile_Operand]>:$lhs,
                       Optional<Index>:$rowBlock, Tile_Shared:$rhs,
                       Optional<Tile_Accumulator>:$acc, UnitAttr:$transposed,
                       UnitAttr:$lhs_transposed);
  let results = (outs Tile_Accumulator:$result);
  let assemblyFormat = [{
    $lhs (`rows` $rowBlock^)? `,` $rhs (`acc` $acc^)? attr-dict `:` qualified(type($lhs))
    `,` qualified(type($rhs)) (`,` qualified(type($acc))^)? `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Tile_MmaCommitOp : Tile_Op<"mma_commit"> {
  let summary = "closes a group of products to wait for";
  let assemblyFormat = "attr-dict";
}

def Tile_MmaWaitOp : Tile_Op<"mma_wait", [AttrSizedOperandSegments, AllTypesMatch<["values", "results"]>]> {
  let summary = "waits until at most some groups of products are under way";
  let description = [{
    Passes on what is ready then: accumulators that may be read, and operands
    whose registers may be written again.

    With `after`, nothing waits before those rows, which must be sums of numbers
    that are not negative, have been computed. What runs beside a product has to
    be named so: assemblers are free to move a wait up, and do.

    ```mlir
    // %s: !tile.acc<64x128xf32>
    // %sum: !tile.rows
    %s1 = tile.mma_wait 1, %s : !tile.acc<64x128xf32>
    %s2 = tile.mma_wait 0, %s : !tile.acc<64x128xf32> after %sum
    ```
  }];
  let arguments = (ins I32Attr:$pending,
                       Variadic<AnyTypeOf<[Tile_Accumulator, Tile_Operand]>>:$values,
                       Optional<Tile_Rows>:$after);
  let results = (outs Variadic<AnyTypeOf<[Tile_Accumulator, Tile_Operand]>>:$results);
  let assemblyFormat = [{
    $pending (`,` $values^ `:` qualified(type($values)))? (`after` $after^)?
    attr-dict
  }];
}

def Tile_FillOp : Tile_Op<"fill", [Pure]> {
  let summary = "an accumulator or rows of one value";
  let arguments = (ins F32:$value);
  let results = (outs AnyTypeOf<[Tile_Accumulator, Tile_Rows]>:$result);
  let assemblyFormat = "$value attr-dict `:` qualified(type($result))";
}

def Tile_MapOp : Tile_Op<"map", [SingleBlock]> {
  let summary = "computes each element from those at its place";
  let description = [{
    The body is evaluated for every element that a thread holds. It gets the
    elements of accumulators, of rows those of the element's row, and of columns
    those of its column. From rows alone the result is rows, else an
    accumulator.

    ```mlir
    // %s: !tile.acc<64x128xf32>
    // %m: !tile.rows
    %p = tile.map (%s, %m) {
    ^bb0(%x: f32, %y: f32):
      %d = arith.subf %x, %y : f32
      tile.yield %d : f32
    } : (!tile.acc<64x128xf32>, !tile.rows) -> !tile.acc<64x128xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyTypeOf<[Tile_Accumulator, Tile_Rows, Tile_Columns]>>:$operands);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs AnyTypeOf<[Tile_Accumulator, Tile_Rows]>:$result);
  let assemblyFormat = [{
    `(` $operands `)` $body attr-dict `:` functional-type($operands, $result)
  }];
  let hasVerifier = 1;
}

def Tile_SpansOp : Tile_Op<"spans", [SingleBlock]> {
  let summary = "finds which elements are in some columns of their row";
  let description = [{
    Those at a column `c` of row `r`, if `lo <= c < hi` for one of the pairs
    `(lo, hi)` that the body yields for `r`, a row of the warpgroup's 64; and
    those of `others`, which has as many columns.

    ```mlir
    // %end: i32
    %m = tile.spans {
    ^bb0(%row: index):
      %begin = arith.index_cast %row : index to i32
      tile.yield %begin, %end : i32, i32
    } : !tile.seen<128>
    ```
  }];
  let arguments = (ins Optional<Tile_Seen>:$others);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Tile_Seen:$result);
  let assemblyFormat = [{
    (`with` $others^ `:` qualified(type($others)))? $body attr-dict `:`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Tile_MaskOp : Tile_Op<"mask", [Pure, AllTypesMatch<["source", "result"]>,
    TypesMatchWith<"as many columns to keep as there are", "result", "seen",
      "SeenType::get($_ctxt, ::llvm::cast<AccumulatorType>($_self).getColumns())">]> {
  let summary = "replaces elements by -inf";
  let description = [{
    Keeps those that `seen` says, and makes the others `-inf`.

    ```mlir
    // %s: !tile.acc<64x128xf32>
    // %m: !tile.seen<128>
    %t = tile.mask %s, %m : !tile.acc<64x128xf32>
    ```
  }];
  let arguments = (ins Tile_Accumulator:$source, Tile_Seen:$seen);
  let results = (outs Tile_Accumulator:$result);
  let assemblyFormat = "$source `,` $seen attr-dict `:` qualified(type($result))";
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator,
    ParentOneOf<["MapOp", "SpansOp"]>]> {
  let summary = "ends the body of a map or of spans";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` qualified(type($values)))? attr-dict";
}

def Tile_ReductionKind : I32EnumAttr<"ReductionKind", "what a reduction does", [
      I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Add", 1, "add">]> {
  let cppNamespace = "::spattn::tile";
  let genSpecializedAttr = 0;
}
def Tile_ReductionKindAttr
    : EnumAttr<Tile_Dialect, Tile_ReductionKind, "reduction">;

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "reduces the columns of each row, starting from given values";
  let description = [{
    Over the columns that a thread holds: the result is partial, and
    `tile.combine` makes it whole.

    ```mlir
    // %s: !tile.acc<64x128xf32>
    // %m: !tile.rows
    %m1 = tile.reduce max %s, %m : !tile.acc<64x128xf32>
    ```
  }];
  let arguments = (ins Tile_ReductionKindAttr:$kind, Tile_Accumulator:$source,
                       Tile_Rows:$init);
  let results = (outs Tile_Rows:$result);
  let assemblyFormat = "$kind $source `,` $init attr-dict `:` qualified(type($source))";
}

def Tile_CombineOp : Tile_Op<"combine", [Pure]> {
  let summary = "combines the partial values of the threads that share a row";
  let arguments = (ins Tile_ReductionKindAttr:$kind, Tile_Rows:$source);
  let results = (outs Tile_Rows:$result);
  let assemblyFormat = "$kind $source attr-dict";
}

def Tile_AnyGreaterOp : Tile_Op<"any_greater", [Pure]> {
  let summary = "whether a value of some row is greater than another one";
  let description = [{
    By all lanes of a warp, for the rows and the partial values that they hold.
    All get the same answer, and branches may depend on it.

    ```mlir
    // %m: !tile.rows
    // %limit: !tile.rows
    %grew = tile.any_greater %m, %limit
    ```
  }];
  let arguments = (ins Tile_Rows:$lhs, Tile_Rows:$rhs);
  let results = (outs I1:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict";
}

def Tile_ToOperandOp : Tile_Op<"to_operand", [Pure]> {
  let summary = "rounds an accumulator to the left operand of a product";
  let arguments = (ins Tile_Accumulator:$source);
  let results = (outs Tile_Operand:$result);
  let assemblyFormat = "$source attr-dict `:` qualified(type($source)) `to` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store"> {
  let summary = "rounds an accumulator and stores it to global memory";
  let description = [{
    Row `r` of the warpgroup's 64 goes to `pointer + r * stride` elements, for
    `r < rows`.
  }];
  let arguments = (ins Tile_Accumulator:$source, Tile_Pointer:$pointer,
                       Index:$stride, Index:$rows, TypeAttr:$elementType);
  let assemblyFormat = [{
    $source `to` $pointer `stride` $stride `rows` $rows `as` $elementType
    attr-dict `:` qualified(type($source))
  }];
  let hasVerifier = 1;
}

def Tile_StoreRowsOp : Tile_Op<"store_rows"> {
  let summary = "stores a value for each row to global memory";
  let arguments = (ins Tile_Rows:$source, Tile_Pointer:$pointer,
                       Index:$stride, Index:$rows);
  let assemblyFormat = [{
    $source `to` $pointer `stride` $stride `rows` $rows attr-dict
  }];
}

def Tile_LoadRowsOp : Tile_Op<"load_rows"> {
  let summary = "loads a value for each row from global memory";
  let description = [{
    Row `r` is at `pointer + r * stride` elements of f32, for `r < rows`; the
    others get `value`.

    ```mlir
    // %p: !llvm.ptr
    // %stride: index
    // %rows: index
    // %inf: f32
    %r = tile.load_rows %p stride %stride rows %rows else %inf
    ```
  }];
  let arguments = (ins Tile_Pointer:$pointer, Index:$stride, Index:$rows,
                       F32:$value);
  let results = (outs Tile_Rows:$result);
  let assemblyFormat = [{
    $pointer `stride` $stride `rows` $rows `else` $value attr-dict
  }];
}

def Tile_AddFragmentOp : Tile_Op<"add_fragment"> {
  let summary = "adds an accumulator to global memory, as it is in registers";
  let description = [{
    Each element atomically, in an order that is not said, to
    `64 * columns` elements of f32 from `pointer` on, a multiple of 16 bytes;
    where each of them is, only `tile.load_fragment` knows.

    ```mlir
    // %a: !tile.acc<64x64xf32>
    // %p: !llvm.ptr
    tile.add_fragment %a to %p : !tile.acc<64x64xf32>
    ```
  }];
  let arguments = (ins Tile_Accumulator:$source, Tile_Pointer:$pointer);
  let assemblyFormat = [{
    $source `to` $pointer attr-dict `:` qualified(type($source))
  }];
}

def Tile_WriteFragmentOp : Tile_Op<"write_fragment"> {
  let summary = "writes an accumulator to shared memory, as it is in registers";
  let description = [{
    `64 * columns` elements of f32 from byte `offset + stage * stride` on, in the
    order in which `tile.add_fragment` adds them, for `tile.add_words`.

    ```mlir
    // %a: !tile.acc<64x64xf32>
    // %stage: index
    tile.write_fragment %a to 1024[%stage] stride 16384 : !tile.acc<64x64xf32>
    ```
  }];
  let arguments = (ins Tile_Accumulator:$source, I64Attr:$offset, Index:$stage,
                       I64Attr:$stride);
  let assemblyFormat = [{
    $source `to` $offset `[` $stage `]` `stride` $stride attr-dict `:`
    qualified(type($source))
  }];
  let hasVerifier = 1;
}

def Tile_AddWordsOp : Tile_Op<"add_words"> {
  let summary = "starts an addition of numbers in shared memory to global memory";
  let description = [{
    By all lanes of one warp, with the same operands: `count` elements of f32, a
    multiple of 4, from byte `offset + stage * stride` on, each added atomically to
    its place from `pointer` on; all of these are multiples of 16 bytes. What was
    written is ready after `tile.copy_fence`, and may be overwritten after
    `tile.store_wait`. With `overwriting`, elements replace what was there.

    ```mlir
    // %p: !llvm.ptr
    // %stage: index
    tile.add_words 4096 from 1024[%stage] stride 16384 to %p
    tile.add_words 4096 from 1024[%stage] stride 16384 to %p overwriting
    ```
  }];
  let arguments = (ins I64Attr:$count, I64Attr:$offset, Index:$stage,
                       I64Attr:$stride, Tile_Pointer:$pointer,
                       UnitAttr:$overwriting);
  let assemblyFormat = [{
    $count `from` $offset `[` $stage `]` `stride` $stride `to` $pointer
    (`overwriting` $overwriting^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_ClaimOp : Tile_Op<"claim"> {
  let summary = "adds 1 to a number of the grid, and tells what it was";
  let description = [{
    By all lanes of one warp, to a 32-bit number in global memory; the first lane
    gets what it was, as of `tile.fetch`. If that has what a `tile.publish` added,
    what was published may be added to.

    ```mlir
    // %flag: !llvm.ptr
    %before = tile.claim %flag
    ```
  }];
  let arguments = (ins Tile_Pointer:$flag);
  let results = (outs I32:$before);
  let assemblyFormat = "$flag attr-dict";
}

def Tile_PublishOp : Tile_Op<"publish"> {
  let summary = "says that what a warp wrote with `tile.add_words` is there";
  let description = [{
    Waits for it, as `tile.store_wait` does and until others may see it, and then
    adds `value` to the number that they look at.

    ```mlir
    // %flag: !llvm.ptr
    tile.publish 1073741824 to %flag
    ```
  }];
  let arguments = (ins I32Attr:$value, Tile_Pointer:$flag);
  let assemblyFormat = "$value `to` $flag attr-dict";
}

def Tile_AwaitPublishedOp : Tile_Op<"await_published"> {
  let summary = "waits until a number is at least as large as a published one";
  let description = [{
    By all lanes of one warp. Whoever publishes has to be running.

    ```mlir
    // %flag: !llvm.ptr
    tile.await_published 1073741824 at %flag
    ```
  }];
  let arguments = (ins I32Attr:$value, Tile_Pointer:$flag);
  let assemblyFormat = "$value `at` $flag attr-dict";
}

def Tile_LoadFragmentOp : Tile_Op<"load_fragment"> {
  let summary = "loads an accumulator that `tile.add_fragment` added up";
  let description = [{
    ```mlir
    // %p: !llvm.ptr
    %a = tile.load_fragment %p : !tile.acc<64x64xf32>
    ```
  }];
  let arguments = (ins Tile_Pointer:$pointer);
  let results = (outs Tile_Accumulator:$result);
  let assemblyFormat = "$pointer attr-dict `:` qualified(type($result))";
}

def Tile_ReadOp : Tile_Op<"read"> {
  let summary = "reads 64 rows of a tile in shared memory as an accumulator";
  let description = [{
    Those that belong to the warpgroup at `row_block`.

    ```mlir
    // %wg: index
    // %t: !tile.shared<128x128xbf16>
    %o = tile.read %t[%wg] : !tile.shared<128x128xbf16> to !tile.acc<64x128xf32>
    ```
  }];
  let arguments = (ins Tile_Shared:$tile, Index:$row_block);
  let results = (outs Tile_Accumulator:$result);
  let assemblyFormat = [{
    $tile `[` $row_block `]` attr-dict `:` qualified(type($tile)) `to`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Tile_RowProductsOp : Tile_Op<"row_products", [AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "sums the products of two tiles in shared memory for each row";
  let description = [{
    Row `r` of the result is the sum over `c` of `lhs[r][c] * rhs[r][c]` in f32, of
    the 64 rows that belong to the warpgroup at `row_block`. It is partial, as
    that of `tile.reduce`: each thread reads columns of its rows, and
    `tile.combine` makes it whole.

    ```mlir
    // %wg: index
    // %o: !tile.shared<64x128xbf16>
    // %g: !tile.shared<64x128xbf16>
    %d = tile.row_products %o, %g[%wg] : !tile.shared<64x128xbf16>
    ```
  }];
  let arguments = (ins Tile_Shared:$lhs, Tile_Shared:$rhs, Index:$row_block);
  let results = (outs Tile_Rows:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `[` $row_block `]` attr-dict `:` qualified(type($lhs))
  }];
  let hasVerifier = 1;
}

def Tile_WriteOp : Tile_Op<"write"> {
  let summary = "rounds an accumulator and writes it to shared memory";
  let description = [{
    To the 64 rows of the tile that belong to the warpgroup at `row_block`; the
    tile has the accumulator's columns. An operand is written as it is. See
    `tile.copy_fence`.

    ```mlir
    // %o: !tile.acc<64x128xf32>
    // %wg: index
    // %t: !tile.shared<128x128xbf16>
    tile.write %o to %t[%wg] : !tile.acc<64x128xf32>, !tile.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Tile_Accumulator, Tile_Operand]>:$source,
                       Tile_Shared:$tile, Index:$row_block);
  let assemblyFormat = [{
    $source `to` $tile `[` $row_block `]` attr-dict
    `:` qualified(type($source)) `,` qualified(type($tile))
  }];
  let hasVerifier = 1;
}

def Tile_CopyFenceOp : Tile_Op<"copy_fence"> {
  let summary = "lets copies see what a warp has written to shared memory";
  let description = [{
    By all lanes of a warp, after `tile.write`. A lane of it then arrives at the
    barrier that whoever starts the copy waits for.
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_StoreTileOp : Tile_Op<"store_tile"> {
  let summary = "starts a copy from shared memory to rows of a head";
  let description = [{
    By all lanes of one warp, with the same operands; `map` as for `tile.load`.
    Columns past the head dimension and rows past the length are left out.

    ```mlir
    // %map: !llvm.ptr
    // %row: index
    // %head: index
    // %batch: index
    // %o: !tile.shared<128x128xbf16>
    tile.store_tile %o to %map[%row, %head, %batch] : !tile.shared<128x128xbf16>
    ```
  }];
  let arguments = (ins Tile_Shared:$tile, Tile_Pointer:$map, Index:$row,
                       Index:$head, Index:$batch);
  let assemblyFormat = [{
    $tile `to` $map `[` $row `,` $head `,` $batch `]` attr-dict
    `:` qualified(type($tile))
  }];
}

def Tile_StoreWaitOp : Tile_Op<"store_wait"> {
  let summary = "waits until started stores have read shared memory";
  let description = [{
    All stores that the warp started with `tile.store_tile`, by all its lanes.
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_StoreFillOp : Tile_Op<"store_fill"> {
  let summary = "stores one value to rows in global memory";
  let description = [{
    By all lanes of one warp. Row `r` is at `pointer + r * stride` elements, for
    `r < rows`, and has `columns` elements. Rows of a multiple of 16 bytes have
    to start at such a multiple.

    ```mlir
    // %zero: bf16
    // %p: !llvm.ptr
    // %stride: index
    // %rows: index
    tile.store_fill %zero to %p stride %stride rows %rows columns 128 : bf16
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, F16, BF16]>:$value,
                       Tile_Pointer:$pointer, Index:$stride, Index:$rows,
                       I64Attr:$columns);
  let assemblyFormat = [{
    $value `to` $pointer `stride` $stride `rows` $rows `columns` $columns
    attr-dict `:` type($value)
  }];
  let hasVerifier = 1;
}

def Tile_PostOp : Tile_Op<"post"> {
  let summary = "writes numbers to shared memory";
  let description = [{
    By all lanes of one warp, with the same operands: to consecutive words from
    byte `offset + stage * stride`. Lane 0 then arrives at the barrier that
    readers wait for.

    ```mlir
    // %stage: index
    // %a: i32
    // %b: i32
    tile.post 1024[%stage] stride 256, %a, %b
    ```
  }];
  let arguments = (ins I64Attr:$offset, Index:$stage, I64Attr:$stride,
                       Variadic<I32>:$values);
  let assemblyFormat = [{
    $offset `[` $stage `]` `stride` $stride `,` $values attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_ReceiveOp : Tile_Op<"receive"> {
  let summary = "reads the numbers of a `tile.post`, or the first of them";
  let description = [{
    By all lanes of a warp. With `uniform` branches may depend on the numbers:
    the assembler then knows that all lanes have equal ones.

    ```mlir
    // %stage: index
    %a, %b = tile.receive 1024[%stage] stride 256 uniform : i32, i32
    ```
  }];
  let arguments = (ins I64Attr:$offset, Index:$stage, I64Attr:$stride,
                       UnitAttr:$uniform);
  let results = (outs Variadic<I32>:$values);
  let assemblyFormat = [{
    $offset `[` $stage `]` `stride` $stride (`uniform` $uniform^)? attr-dict
    `:` type($values)
  }];
  let hasVerifier = 1;
}

def Tile_LookupOp : Tile_Op<"lookup"> {
  let summary = "looks a number up in a table in shared memory";
  let description = [{
    By all lanes of one warp, with the same operands. From byte `offset + stage *
    stride` on there are `count` keys, signed and ascending, and then as many
    values. The result is the value of the last key that is at most `number`; if
    there is none, that of the first key.

    ```mlir
    // %stage: index
    // %n: i32
    %v = tile.lookup %n in 24 of 1024[%stage] stride 256
    ```
  }];
  let arguments = (ins I64Attr:$count, I64Attr:$offset, Index:$stage,
                       I64Attr:$stride, I32:$number);
  let results = (outs I32:$value);
  let assemblyFormat = [{
    $number `in` $count `of` $offset `[` $stage `]` `stride` $stride attr-dict
  }];
  let hasVerifier = 1;
}

def Tile_FetchOp : Tile_Op<"fetch"> {
  let summary = "takes a number from a counter in global memory";
  let description = [{
    By all lanes of one warp, with the same pointer to an i32. Lane 0 gets the
    counter's value, which grows by one: nobody else in the grid gets that
    number. The value of other lanes has no meaning. The number takes its time
    to arrive; nothing waits for it before `tile.broadcast`.

    ```mlir
    // %counter: !llvm.ptr
    %ticket = tile.fetch %counter
    %n = tile.broadcast %ticket
    ```
  }];
  let arguments = (ins Tile_Pointer:$counter);
  let results = (outs I32:$ticket);
  let assemblyFormat = "$counter attr-dict";
}

def Tile_BroadcastOp : Tile_Op<"broadcast"> {
  let summary = "gives all lanes of a warp the number that lane 0 has";
  let description = [{
    By all lanes of one warp. Branches may depend on the number: the assembler
    knows that all lanes have the same.

    ```mlir
    // %x: i32
    %n = tile.broadcast %x
    ```
  }];
  let arguments = (ins I32:$source);
  let results = (outs I32:$result);
  let assemblyFormat = "$source attr-dict";
}

def Tile_SyncOp : Tile_Op<"sync"> {
  let summary = "arrives at a named barrier, and waits for a number of threads";
  let description = [{
    Barrier `id`, or the `offset`-th after it; there are 16.

    ```mlir
    // %wg: index
    tile.sync 1[%wg], 256
    ```
  }];
  let arguments = (ins I32Attr:$id, Optional<Index>:$offset, I32Attr:$threads);
  let assemblyFormat = "$id (`[` $offset^ `]`)? `,` $threads attr-dict";
  let hasVerifier = 1;
}

def Tile_ArriveOp : Tile_Op<"arrive"> {
  let summary = "arrives at a named barrier without waiting";
  let description = [{
    As `tile.sync`, for threads that only let others go on.

    ```mlir
    // %wg: index
    tile.arrive 1[%wg], 256
    ```
  }];
  let arguments = (ins I32Attr:$id, Optional<Index>:$offset, I32Attr:$threads);
  let assemblyFormat = "$id (`[` $offset^ `]`)? `,` $threads attr-dict";
  let hasVerifier = 1;
}

def Tile_WarpgroupOp : Tile_Op<"warpgroup", [Pure]> {
  let summary = "the index of the thread's warpgroup, known to be uniform";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_SetRegistersOp : Tile_Op<"set_registers"> {
  let summary = "sets the number of registers of the warpgroup's threads";
  let arguments = (ins I32Attr:$count, BoolAttr:$increase);
  let assemblyFormat = "$count `,` $increase attr-dict";
  let hasVerifier = 1;
}

#endif // SPATTN_DIALECT_TILE_IR_TILEOPS_TD
