//===- GpuProgramPipeline.h - Programs with attention on a GPU -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For programs of which attention is a part: it runs on a GPU, and all else
// where it ran before.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_PIPELINES_GPUPROGRAMPIPELINE_H
#define SPATTN_PIPELINES_GPUPROGRAMPIPELINE_H

#include "spattn/Dialect/SpattnGPU/Transforms/Passes.h"
#include "spattn/Pipelines/GpuPipeline.h"

namespace spattn {

/// Options of the pipelines for whole programs: those of kernels, and how code
/// is made of them.
struct GpuProgramOptions {
  /// How kernels are built; for `chip` unless they name a target.
  GpuOptions kernels;
  std::string chip = "sm_90a";
  int64_t optLevel = 3;
  int64_t ptxVersion = 0;
  bool strict = false;
  CodeFormat format = CodeFormat::Auto;
  std::string toolkit;
  bool parallel = false;

  /// Calls `visit(name, field, description, limits)` for each option.
  template <class Self, class Visitor>
  static void forEach(Self &options, Visitor &&visit) {
    GpuOptions::forEach(options.kernels, visit);
    visit("chip", options.chip,
          "The GPU that code is made for: sm_90a, or sm_80 or later; 'target' "
          "is the same unless it is given",
          AnyText());
    visit("opt-level", options.optLevel,
          "Optimization of kernels by LLVM and ptxas, 0 to 3",
          NumberRange{0, 3});
    visit("ptx-version", options.ptxVersion,
          "The version of PTX, 84 being 8.4; 0 chooses",
          NumberRange{1, INT64_MAX});
    visit("strict", options.strict,
          "Make spills, stacks and warnings of ptxas errors", AnyBool());
    visit(
        "format", options.format, "What artifacts hold",
        OptionValues<CodeFormat>{
            {CodeFormat::Auto, "auto", "a cubin if there is a ptxas, else PTX"},
            {CodeFormat::Cubin, "cubin", "a cubin"},
            {CodeFormat::Ptx, "ptx", "PTX, which the driver compiles"}});
    visit("toolkit", options.toolkit,
          "The folder of the CUDA toolkit, whose bin/ptxas is run; if empty, a "
          "ptxas is looked for",
          AnyText());
    visit("parallel", options.parallel,
          "Run parallel loops of the program as tasks of a thread pool, which "
          "whoever links it provides; otherwise in turn",
          AnyBool());
  }
};

/// A program with attention -> the same with launches, and with the kernels in
/// modules for the GPU, in the LLVM and NVVM dialects. Everything else is left
/// alone.
void buildGpuOutlinePipeline(mlir::OpPassManager &pm,
                             const GpuProgramOptions &options);

/// Modules for the GPU -> artifacts in `gpu.binary`.
void buildGpuSerializePipeline(mlir::OpPassManager &pm,
                               const GpuProgramOptions &options);

/// A program with launches, on tensors or buffers -> the LLVM dialect, with
/// calls of the runtime.
void buildGpuHostPipeline(mlir::OpPassManager &pm,
                          const GpuProgramOptions &options);

/// All of it.
void buildGpuProgramPipeline(mlir::OpPassManager &pm,
                             const GpuProgramOptions &options);

/// Registers the above as `spattn-gpu-outline`, `spattn-gpu-serialize`,
/// `spattn-gpu-host` and `spattn-gpu-program`.
void registerGpuProgramPipelines();

} // namespace spattn

#endif // SPATTN_PIPELINES_GPUPROGRAMPIPELINE_H
