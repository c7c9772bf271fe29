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
    scf.forall (%w) in (%workTiles) {
      // The batch element, head and query tile of the work tile; the bounds of
      // its key tiles.
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

    A `spattn.merge`, or `spattn.merge_backward`, becomes a `scf.forall` over
    blocks of 64 rows, with a loop over vectors of columns for each row.

    With the option `remarks`, a remark says how many tiles of each attention
    whose lengths are static are visited, full, masked and skipped, and they are
    added to the statistics. In C++ options are the fields of `LoopOptions`.
  }];
  let statistics = [
    Statistic<"numKernels", "kernels", "Attention operations lowered">,
    Statistic<"numVisited", "tiles visited", "Tiles visited, with remarks">,
    Statistic<"numMasked", "tiles masked", "Visited tiles with mask code, with remarks">,
    Statistic<"numSkipped", "tiles skipped", "Tiles never visited, with remarks">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::spattn::spattn_cpu::SpattnCPUDialect"];
}

def ConvertSpattnCPUToVector : Pass<"convert-spattn-cpu-to-vector"> {
  let summary = "Lowers the spattn_cpu dialect to register-tiled vector loops";
  let description = [{
    Matrix products become loops over blocks of `register-rows` x
    `register-vectors` vectors of accumulators held in registers; masks become
    vector comparisons; `exp2` is evaluated by a polynomial with a relative
    error below 3e-7, and `math.tanh` by a rational approximation. All arithmetic is in f32. Rounding differs from a scalar
    evaluation by the order of sums.

    Options are `vector-width`, `register-rows` and `register-vectors` of the CPU
    pipelines (docs/Pipelines.md), in C++ the fields of `RegisterOptions`.
  }];
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
    A `memref.alloca_scope` around the body becomes the task's own frame; any
    other one becomes operations that save and restore the stack. The index space
    of a loop with several dimensions is linearized. A nested loop is called from
    the task of the outer one.

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
    The last pass of the CPU pipelines. Conversions to the LLVM dialect leave
    operations that they do not convert, and casts around them. This pass reports
    an error at each operation of the upper levels that is left in the module or
    in one of its functions. It ignores operations of foreign dialects, and
    nested modules of other kinds, such as `gpu.module`.
  }];
}

def ConvertSpattnToSpattnGPU : Pass<"convert-spattn-to-spattn-gpu"> {
  let summary = "Turns attention into GPU kernels in the spattn_gpu dialect";
  let description = [{
    Each function with a `spattn.attention`, which has to be its only operation
    besides constants, becomes a kernel: an LLVM function of the same name.
    Functions without attention stay as they are. The pass runs on a module, or on
    a `gpu.module` such as `spattn-outline-kernels` makes. Lengths, batch size, strides
    and scale are arguments: tensor maps of query, key, value and output;
    pointers to the output and to its log-sum-exp; batch size and lengths
    (`i32`); the scale (`f32`); the strides of output and log-sum-exp for batch,
    head and row, in elements (`i64`); and, with the dynamic scheduler, a
    counter. Head dimensions are multiples of 8 up to 256, elements f16 or bf16.

    Where keys are split over CTAs (docs/Hopper.md), there are two kernels, which
    are launched one after the other: `NAME` leaves the results of parts in
    scratch memory instead of output and log-sum-exp, and `NAME_combine` merges
    them.

    A function's `spattn.attention_backward` becomes several kernels, which are
    launched together in the module's order: `NAME_preprocess` (the preprocess)
    and `NAME` or, with `deterministic`, `NAME_queries` and `NAME`. On targets
    without bulk reductions, `NAME_postprocess` (the postprocess) rounds dQ.
    Above head dimension 128, targets whose MMAs are synchronous have a kernel
    `NAME_values` for dV ahead of `NAME`. Head dimensions are multiples of 8 up
    to 256, or 128 where an SM has less than 163 KiB of shared memory, and all
    arrays but the log-sum-exp have one element type. docs/Gradients.md describes each kernel.

    A `spattn.merge`, or `spattn.merge_backward`, becomes one kernel of the
    function's name, whose arguments are the addresses of all arrays, the length
    and all strides.

    The tile shape is that of the operation's `tile_shape`, or else chosen from
    target, head dimension, structure and length; options override both. It is
    printed in the description of the launch. Options are those of the GPU
    pipelines (docs/Pipelines.md), in C++ the fields of `GpuOptions`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::spattn::spattn_gpu::SpattnGPUDialect"];
}

def ConvertSpattnGPUToNVVM : Pass<"convert-spattn-gpu-to-nvvm"> {
  let summary = "Lowers the spattn_gpu dialect to NVVM and inline PTX";
  let description = [{
    A fragment becomes the registers of a thread, one value each. Dynamic shared
    memory is the symbol `spattn_shared_memory`. There are two families of targets:

    | target | copies | MMAs | tensor maps |
    |---|---|---|---|
    | `sm_90a` | TMA | WGMMA | the driver's |
    | `sm_80` or later | `cp.async`, 16 bytes a lane | `mma.sync` | software ones: address, strides and sizes |

    The code for `sm_80` or later uses no instruction that a later target lacks.

    The pass runs on a module or on a `gpu.module`.
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

def ConvertSpattnLaunchToLLVM
    : Pass<"convert-spattn-launch-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turns launches of kernels into calls of the runtime";
  let description = [{
    Each `spattn.launch` on buffers becomes a call of `spattn_launch`, the C
    function of the runtime that `spattn/Runtime/CompiledProgram.h` declares. Each
    `gpu.binary` with an object of `#spattn_gpu.target` becomes a constant that
    holds the object, an artifact. A second global for each is what the call gets:
    the artifact, the names of what is passed, and room for the runtime to keep
    what it has loaded.

    ```
    llvm.mlir.global internal constant @k("...")
    llvm.mlir.global internal @k_launch() : !llvm.struct<...>
    llvm.func @spattn_launch(!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
    ```

    Other operations, also other objects, stay as they are. Buffers in LLVM's form
    are connected by `builtin.unrealized_conversion_cast`, which
    `reconcile-unrealized-casts` removes when what stands around is converted too.
    The same patterns are part of upstream's `convert-to-llvm` where spattn's
    dialects are registered; `populateSpattnLaunchToLLVMPatterns` adds them to
    another conversion.

    A launch on tensors, or of a `gpu.module`, is an error: bufferize, or run
    `spattn-serialize-kernels`, first.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def SpattnRaiseAttention : Pass<"spattn-raise-attention"> {
  let summary = "Finds attention in the IR of other frontends";
  let description = [{
    Replaces attention on tensors that is written in other operations by
    `spattn.attention`, with its mask as a structure: a contraction of values
    with a softmax of scaled and masked products, in operations of `linalg` or
    as `linalg.softmax`, and, in generic form and without their dialects,
    `tm_tensor.attention`, `iree_linalg_ext.attention`, `onnx.Attention` and
    `onnx.Custom` with the functions `MultiHeadAttention` and
    `GroupQueryAttention`. docs/Raising.md lists the forms. Biases by distance
    and head, other functions of scores, and log-sum-exps are raised with it.
    What is in between is looked through: transposes, reshapes, broadcasts of
    grouped heads, conversions between float types.

    ```mlir
    func.func @layer(%q: tensor<8x64x64xf32>, %zero: tensor<8x64x64xf32>) -> tensor<8x64x64xf32> {
      %cst = arith.constant 0.0 : f32
      %s0 = linalg.fill ins(%cst : f32) outs(%zero : tensor<8x64x64xf32>) -> tensor<8x64x64xf32>
      %s = linalg.batch_matmul indexing_maps = [
               affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, n, k)>,
               affine_map<(b, m, n, k) -> (b, m, n)>]
           ins(%q, %q : tensor<8x64x64xf32>, tensor<8x64x64xf32>)
           outs(%s0 : tensor<8x64x64xf32>) -> tensor<8x64x64xf32>
      %p = linalg.softmax dimension(2) ins(%s : tensor<8x64x64xf32>)
           outs(%s0 : tensor<8x64x64xf32>) -> tensor<8x64x64xf32>
      %o = linalg.batch_matmul ins(%p, %q : tensor<8x64x64xf32>, tensor<8x64x64xf32>)
           outs(%s0 : tensor<8x64x64xf32>) -> tensor<8x64x64xf32>
      return %o : tensor<8x64x64xf32>
    }
    ```

    A mask is either comparisons of indices and their combinations, which are
    read as conditions on distances, keys and queries, or anything that is known
    at compile time, constants included: that is evaluated pair by pair, and the
    structure found is compared with every pair. Products are rounded less often
    than before, and a query that sees no key gets 0, where a softmax of -inf
    alone is NaN.

    Attention that is not raised stays as it is. With `remarks`, a remark names
    the operation in the way.
  }];
  let options = [
    Option<"remarks", "remarks", "bool", "false",
           "Emit a remark for each attention that stays as it is">,
  ];
  let statistics = [
    Statistic<"numRaised", "attentions raised", "Attentions found">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::spattn::SpattnDialect"];
}

def SpattnLegalizeStableHLO : Pass<"spattn-legalize-stablehlo"> {
  let summary = "Lowers the StableHLO that attention is made of";
  let description = [{
    Replaces operations of StableHLO, in generic form and without its dialect,
    by those of `linalg`, `arith`, `math` and `tensor`, where
    `spattn-raise-attention` finds attention: `dot_general`,
    `broadcast_in_dim`, `transpose`, `reshape`, `iota`, `constant`, `reduce`,
    `select`, `compare`, `convert`, `is_finite` and arithmetic on elements.

    Shapes are static; elements are floats, or integers that are not unsigned.
    All else stays as it is: programs that have more in them are lowered by
    StableHLO's own passes.

    ```mlir
    func.func @sum(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %two = "stablehlo.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
      %all = "stablehlo.broadcast_in_dim"(%two) {broadcast_dimensions = array<i64>} : (tensor<f32>) -> tensor<4x8xf32>
      %r = "stablehlo.multiply"(%x, %all) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      return %r : tensor<4x8xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

#endif // SPATTN_CONVERSION_PASSES_TD
