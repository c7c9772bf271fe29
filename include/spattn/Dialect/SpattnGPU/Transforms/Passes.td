//===- Passes.td - Kernels out of and beside a program -----*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNGPU_TRANSFORMS_PASSES_TD
#define SPATTN_DIALECT_SPATTNGPU_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SpattnOutlineKernels : Pass<"spattn-outline-kernels"> {
  let summary = "Moves each attention of a program into a module for the GPU";
  let description = [{
    Each `spattn.attention` and `spattn.merge`, and the gradients of each, on
    tensors or buffers and wherever it stands, is moved into a function of a `gpu.module`, and a
    `spattn.launch` takes its place. Nothing else changes, whatever its dialect.

    ```mlir
    func.func @layer(%q: tensor<2x8x?x64xbf16>, %k: tensor<2x8x?x64xbf16>, %v: tensor<2x8x?x64xbf16>,
                     %o: tensor<2x8x?x64xbf16>) -> tensor<2x8x?x64xbf16> {
      %s = arith.addf %q, %q : tensor<2x8x?x64xbf16>
      %r = spattn.attention structure(#spattn.causal)
          ins(%s, %k, %v : tensor<2x8x?x64xbf16>, tensor<2x8x?x64xbf16>, tensor<2x8x?x64xbf16>)
          outs(%o : tensor<2x8x?x64xbf16>)
      return %r : tensor<2x8x?x64xbf16>
    }
    ```

    becomes

    ```mlir
    func.func @layer(%q: tensor<2x8x?x64xbf16>, %k: tensor<2x8x?x64xbf16>, %v: tensor<2x8x?x64xbf16>,
                     %o: tensor<2x8x?x64xbf16>) -> tensor<2x8x?x64xbf16> {
      %s = arith.addf %q, %q : tensor<2x8x?x64xbf16>
      %scale = arith.constant 1.250000e-01 : f32
      %r = spattn.launch @layer_attention
          ins(q = %s : tensor<2x8x?x64xbf16>, k = %k : tensor<2x8x?x64xbf16>, v = %v : tensor<2x8x?x64xbf16>)
          values(scale = %scale : f32)
          outs(o = %o : tensor<2x8x?x64xbf16>)
      return %r : tensor<2x8x?x64xbf16>
    }
    gpu.module @layer_attention [#spattn_gpu.target] {
      func.func @layer_attention(%q: tensor<2x8x?x64xbf16>, %k: tensor<2x8x?x64xbf16>, %v: tensor<2x8x?x64xbf16>,
                                 %o: tensor<2x8x?x64xbf16>) -> tensor<2x8x?x64xbf16> {
        %r = spattn.attention structure(#spattn.causal)
            ins(%q, %k, %v : tensor<2x8x?x64xbf16>, tensor<2x8x?x64xbf16>, tensor<2x8x?x64xbf16>)
            outs(%o : tensor<2x8x?x64xbf16>)
        return %r : tensor<2x8x?x64xbf16>
      }
    }
    ```

    The module is put into the nearest symbol table, and named after the function
    that the attention was in. In it, operands are tensors even where they were
    buffers: kernels take any strides and memory. Attentions that differ in
    nothing else share a module; `spattn-normalize` brings structures into one
    form first. A scale that is constant is part of it, since what kernels take
    is checked there, and is a value of the launch like any other.

    What is in a `gpu.module` already stays there.
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_90a\"",
           "The GPU that code is made for.">,
    Option<"optLevel", "opt-level", "int64_t", "3",
           "Optimization by LLVM and ptxas, 0 to 3.">,
    Option<"ptxVersion", "ptx-version", "int64_t", "0",
           "The version of PTX, 84 being 8.4; 0 chooses.">,
    Option<"strict", "strict", "bool", "false",
           "Make spills, stacks and warnings of ptxas errors.">,
  ];
  let statistics = [
    Statistic<"numLaunches", "launches", "Attention operations outlined">,
    Statistic<"numModules", "modules", "Modules they share">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::gpu::GPUDialect", "::spattn::SpattnDialect",
    "::spattn::spattn_gpu::SpattnGPUDialect"];
}

def SpattnSerializeKernels : Pass<"spattn-serialize-kernels"> {
  let summary = "Compiles modules for the GPU in place";
  let description = [{
    Each `gpu.module` whose target is a `#spattn_gpu.target`, and whose kernels have
    been lowered to the LLVM dialect, becomes a `gpu.binary` of the same name. Its
    object is an artifact: code, and the description of its launch.

    Upstream's `gpu-module-to-binary` does the same to all modules for GPUs, and
    refuses those without a target. This pass leaves modules of others alone, and
    finds those in nested modules too. Compilation is what `#spattn_gpu.target`
    does; programs register it by `spattn::registerTargetInterface` of
    `spattn/Target/TargetInterface.h`, which `registerAllDialects` includes.
  }];
  let options = [
    Option<"format", "format", "::spattn::CodeFormat", "::spattn::CodeFormat::Auto",
           "What an artifact holds.",
           [{::llvm::cl::values(
             clEnumValN(::spattn::CodeFormat::Auto, "auto",
                        "a cubin if there is a ptxas, else PTX"),
             clEnumValN(::spattn::CodeFormat::Cubin, "cubin", "a cubin"),
             clEnumValN(::spattn::CodeFormat::Ptx, "ptx",
                        "PTX, which the driver compiles"))}]>,
    Option<"toolkit", "toolkit", "std::string", "",
           "The folder of the CUDA toolkit, whose bin/ptxas is run; if empty, a "
           "ptxas is looked for.">,
  ];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
}

#endif // SPATTN_DIALECT_SPATTNGPU_TRANSFORMS_PASSES_TD
