//===- Passes.td - Conversions between levels --------------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_CONVERSION_PASSES_TD
#define SPATTN_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertSpattnToLoops : Pass<"convert-spattn-to-loops"> {
  let summary = "Tiles attention on buffers into loops that visit no empty tile";
  let description = [{
    Turns each `spattn.attention` on buffers into an `scf.forall` over (query
    tile, head, batch element), most expensive first, with two loops inside: one
    over the full key tiles of the head's structure, without mask code, and one
    over the partial ones, whose steps carry the predicate as a mask region.
    Empty tiles have no iteration. The loop bounds are arithmetic on the
    lengths; no mask and no list of tiles exists. Beyond buffers of a fixed size
    for each iteration, memory is two words for a tile row: the order of work.

    ```mlir
    spattn.attention structure(#spattn.causal)
        ins(%q, %k, %v : memref<1x8x?x64xf32>, memref<1x8x?x64xf32>, memref<1x8x?x64xf32>)
        outs(%o : memref<1x8x?x64xf32>)
    ```

    becomes, in outline,

    ```
    scf.forall (%w) in (%items) {
      // The batch element, head and query tile of the item; the bounds of its
      // key tiles.
      spattn_cpu.online_init(%acc, %max, %sum)
      spattn_cpu.load_query %queries scale(%s) into %qt
      scf.for %t = %c0 to %full step %c1 {
        spattn_cpu.online_step ins(%qt, %kt, %vt) state(%acc, %max, %sum)
            scratch(%scores, %correction)
      }
      scf.for %t = %c0 to %masked step %c1 {
        spattn_cpu.online_step ins(%qt, %kt, %vt) state(%acc, %max, %sum)
            scratch(%scores, %correction) mask { the structure's predicate }
      }
      spattn_cpu.online_finish(%acc, %max, %sum) into %out
    }
    ```

    Each `spattn.attention_backward` becomes two such `scf.forall`, one after
    the other: over (query tile, head, batch element), with loops over key
    tiles, which sums up and stores the gradient by the queries, and over (key
    tile, key-value head, batch element), with loops over the query heads of the
    group and the query tiles of each, for those by keys and values. Every
    element is written once, by one iteration: the result does not depend on how
    iterations are run.

    The tile shape is the operation's `tile_shape`, or that of
    `spattn-select-tile-shape` for the default target. Attention on tensors is an
    error: run `spattn-bufferize` first.
  }];
  let options = [
    Option<"remarks", "remarks", "bool", "false",
           "Count the tiles of each attention whose lengths are static: a remark "
           "says how many are visited, full, masked and skipped, and they are "
           "added to the statistics.">,
  ];
  let statistics = [
    Statistic<"numKernels", "kernels", "Attention operations lowered">,
    Statistic<"numVisited", "tiles visited", "Tiles visited, with remarks">,
    Statistic<"numMasked", "tiles masked", "Visited tiles with mask code, with remarks">,
    Statistic<"numSkipped", "tiles skipped", "Tiles never visited, with remarks">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::spattn::spattn_cpu::SpattnCPUDialect"];
}

def ConvertSpattnCPUToVector : Pass<"convert-spattn-cpu-to-vector"> {
  let summary = "Lowers tile operations to register-tiled vector loops";
  let description = [{
    Matrix products become loops over blocks of `register-rows` x
    `register-vectors` vectors of accumulators held in registers; masks become
    vector comparisons; `exp2` is evaluated by a polynomial with a relative
    error below 3e-7. All arithmetic is in f32. Rounding differs from a scalar
    evaluation by the order of sums.
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "16",
           "Elements of f32 in a vector register, a power of two up to 64.">,
    Option<"registerRows", "register-rows", "int64_t", "4",
           "Rows of a block of accumulators, 1 to 16.">,
    Option<"registerVectors", "register-vectors", "int64_t", "4",
           "Vectors in a row of a block of accumulators, 1 to 8.">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def ConvertForallToTasks
    : Pass<"convert-spattn-forall-to-tasks", "::mlir::ModuleOp"> {
  let summary = "Outlines parallel loops into tasks for a thread pool";
  let description = [{
    Each `scf.forall` without results becomes a private function
    `@<parent>_task_<n>(context, index)` that runs one iteration, and a call of
    the runtime:

    ```mlir
    func.func private @spattn_parallel_for(i64, !llvm.ptr, !llvm.ptr)
    func.func @f(%count: i64, %task: !llvm.ptr, %context: !llvm.ptr) {
      func.call @spattn_parallel_for(%count, %task, %context)
          : (i64, !llvm.ptr, !llvm.ptr) -> ()
      return
    }
    ```

    The runtime calls the task for every index in `[0, count)`, from any
    threads, in ascending order of start, and returns when all have returned.
    Values that the body uses are passed through a struct on the caller's stack.
    A `memref.alloca_scope` around the body becomes the task's own frame, any
    other one operations that save and restore the stack. Several indices are
    numbered in one, and a loop inside of another is called from the task of that
    one.

    With `sequential`, a loop calls the task for one index after the other, and
    no runtime is needed.
  }];
  let options = [
    Option<"sequential", "sequential", "bool", "false",
           "Call the tasks from a loop instead of the runtime.">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect"];
}

def SpattnCheckLowered : Pass<"spattn-check-lowered", "::mlir::ModuleOp"> {
  let summary = "Reports what is not in the LLVM dialect";
  let description = [{
    The last pass of the CPU pipelines. Conversions to the LLVM dialect leave what
    they do not know, and casts around it. This pass makes an error of each
    operation of the upper levels that is left in the module or in a function of
    it, at the operation's location. Operations of other dialects it leaves to
    whoever brought them, and modules of other kinds, such as `gpu.module`, too.
  }];
}

def ConvertSpattnToSpattnGPU : Pass<"convert-spattn-to-spattn-gpu", "::mlir::ModuleOp"> {
  let summary = "Turns attention into GPU kernels in tile form";
  let description = [{
    Each function with attention becomes the kernel of the one `spattn.attention`
    in it, as an LLVM function of the same name. Whatever else it does, beside
    constants, is an error; functions without attention stay as they are. Lengths, batch size, strides and scale are
    arguments: tensor maps of query, key, value and output; pointers to the
    output and to its log-sum-exp; batch size and lengths (`i32`); the scale (`f32`); the
    strides of output and log-sum-exp for batch, head and row, in elements
    (`i64`); and, with the dynamic scheduler, a counter. Head dimensions are
    multiples of 8 up to 256, elements f16 or bf16.

    The one `spattn.attention_backward` of a function becomes kernels that are
    launched together in the module's order: `NAME_prepare`, the function's
    `NAME`, and `NAME_finish` or, with `deterministic`, `NAME_queries` and the
    function's `NAME`. Head dimensions are multiples of 8 up to 128, and all arrays but the log-sum-exp
    have one element type. docs/Gradients.md says what each does.

    The tile shape is the one of the operation's `tile_shape`, else one chosen from
    target, head dimension, structure and length; options override both. It is
    printed in the description of the launch.
  }];
  let options = [
    Option<"targetName", "target", "std::string", "\"sm_90a\"",
           "The GPU: sm_90a, or sm_80 or later.">,
    Option<"keyTile", "key-tile", "int64_t", "0",
           "Keys in a tile; 0 chooses.">,
    Option<"expectedLength", "expected-length", "int64_t", "0",
           "Length that tile shapes are chosen for where it is not known; 0 "
           "stands for a long one.">,
    Option<"stages", "stages", "int64_t", "0",
           "Tiles of keys, and of values, that are under way; 0 chooses.">,
    Option<"intraWarpgroupOverlap", "intra-warpgroup-overlap", "::spattn::Choice",
           "::spattn::Choice::Auto",
           "Have the scores of a key tile and the output of the one before under "
           "way at once: where products are asynchronous (auto), or not.",
           [{::llvm::cl::values(
             clEnumValN(::spattn::Choice::Auto, "auto", "as the target can"),
             clEnumValN(::spattn::Choice::Yes, "true", "at once"),
             clEnumValN(::spattn::Choice::No, "false", "one at a time"))}]>,
    Option<"pingpong", "pingpong", "bool", "true",
           "With intra-warpgroup-overlap, let the warpgroups of a CTA start their "
           "products in turn.">,
    Option<"scheduler", "scheduler", "::spattn::Scheduler",
           "::spattn::Scheduler::Auto",
           "How CTAs get their work tiles: one by one from a counter in memory, "
           "where few tiles of rows see no key (auto), or in rounds.",
           [{::llvm::cl::values(
             clEnumValN(::spattn::Scheduler::Auto, "auto", "as the structure asks for"),
             clEnumValN(::spattn::Scheduler::Static, "static", "in rounds"),
             clEnumValN(::spattn::Scheduler::Dynamic, "dynamic", "one by one"))}]>,
    Option<"mmaWarpgroups", "mma-warpgroups", "int64_t", "0",
           "Warpgroups of a CTA that compute, 64 queries each: 1 to 4; 0 "
           "chooses.">,
    Option<"ctasPerSM", "ctas-per-sm", "int64_t", "0",
           "CTAs that an SM holds at once: 1 to 4; 0 chooses.">,
    Option<"queryStages", "query-stages", "int64_t", "0",
           "Tiles of queries that are under way, at least 2 with "
           "intra-warpgroup-overlap; 0 chooses.">,
    Option<"deterministic", "deterministic", "::spattn::Choice", "::spattn::Choice::Auto",
           "Gradients have the same bits in every run: those of queries are "
           "computed by a kernel of their own, seven products for a pair instead "
           "of five. Where queries are known to see few keys that is also faster "
           "(auto).",
           [{::llvm::cl::values(
             clEnumValN(::spattn::Choice::Auto, "auto", "where that is faster"),
             clEnumValN(::spattn::Choice::Yes, "true", "the same bits"),
             clEnumValN(::spattn::Choice::No, "false", "five products"))}]>,
    Option<"sharedMemory", "shared-memory", "int64_t", "0",
           "Bytes of shared memory that the CTAs of an SM may use; 0: what the "
           "target has.">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::spattn::spattn_gpu::SpattnGPUDialect"];
}

def ConvertSpattnGPUToNVVM : Pass<"convert-spattn-gpu-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "Lowers tile operations to NVVM and inline PTX";
  let description = [{
    Fragments become the registers of a thread, one value each. Dynamic shared
    memory is the symbol `spattn_shared_memory`, in which allocations lie one
    behind the other. There are two families of targets:

    | target | copies | products | tensor maps |
    |---|---|---|---|
    | `sm_90a` | by the copy engine (TMA) | wgmma | the driver's |
    | `sm_80` or later | cp.async, 16 bytes a lane | mma.sync | software ones: address, strides and sizes |

    The code for `sm_80` or later uses nothing that a later target lacks.
  }];
  let options = [
    Option<"targetName", "target", "std::string", "\"sm_90a\"",
           "The GPU: sm_90a, or sm_80 or later.">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect"];
}

#endif // SPATTN_CONVERSION_PASSES_TD
