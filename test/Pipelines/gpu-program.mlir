// A program with attention in it: each stage, and all of them.

// RUN: spattn-opt %s --spattn-gpu-outline="chip=sm_80 key-tile=64" | FileCheck %s --check-prefix=OUTLINE
// RUN: spattn-opt %s --spattn-gpu-program="chip=sm_80 format=ptx opt-level=1" | sed -e 's/"SPATTNAR.*"/"ARTIFACT"/' \
// RUN:   | FileCheck %s --check-prefix=WHOLE --implicit-check-not=unrealized_conversion_cast --implicit-check-not=gpu. --implicit-check-not=parallel_for
// The stages in a row are the same.
// RUN: spattn-opt %s --spattn-gpu-program="chip=sm_80 format=ptx opt-level=1" -o %t.whole
// RUN: spattn-opt %s --spattn-gpu-outline="chip=sm_80 opt-level=1" --spattn-gpu-serialize=format=ptx --spattn-gpu-host | diff - %t.whole
// It is LLVM IR for any translator.
// RUN: mlir-translate --mlir-to-llvmir %t.whole | FileCheck %s --check-prefix=LLVM
// Kernels are those of the attention alone.
// RUN: spattn-translate --spattn-to-ptx --chip=sm_80 --opt-level=1 %S/Inputs/alone.mlir -o %t.ptx
// RUN: spattn-opt %s --spattn-gpu-outline="chip=sm_80 opt-level=1" --spattn-gpu-serialize=format=ptx \
// RUN:   | %python %S/Inputs/extract.py | diff - %t.ptx
// Modules for other GPUs, and launches of them, are left alone.
// RUN: spattn-opt %S/Inputs/foreign.mlir --spattn-gpu-outline --spattn-gpu-serialize=format=ptx | FileCheck %s --check-prefix=FOREIGN
// The CPU's pipeline takes the same program.
// RUN: spattn-opt %s --spattn-cpu | FileCheck %s --check-prefix=CPU
// RUN: not spattn-opt %s --spattn-gpu-program=chip=sm_12 2>&1 | FileCheck %s --check-prefix=CHIP

// OUTLINE-LABEL: func.func @program(
// OUTLINE: arith.addf
// OUTLINE: scf.for
// OUTLINE: spattn.launch @program_attention
// OUTLINE: func.call @helper
// OUTLINE-LABEL: func.func private @helper(
// OUTLINE: linalg.fill
// OUTLINE-LABEL: gpu.module @program_attention [#spattn_gpu.target<chip = "sm_80">] {
// OUTLINE: llvm.func @program_attention(
// OUTLINE-SAME: nvvm.kernel
// OUTLINE-SAME: tile = "{{[0-9]+}}x64"

// WHOLE: llvm.func @program(
// WHOLE: llvm.call @spattn_launch(
// WHOLE: llvm.func @helper(
// WHOLE: llvm.mlir.global internal constant @program_attention("ARTIFACT")
// WHOLE: llvm.mlir.global internal @program_attention_launch()

// LLVM: @program_attention = internal constant
// LLVM: @program_attention_launch = internal global { ptr, ptr, i64, i64, ptr, i64, ptr } { ptr @program_attention_names, ptr getelementptr {{.*}}(i8, ptr @program_attention_names, i{{32|64}} 18), i64 4, i64 1, ptr @program_attention, i64 {{[0-9]+}}, ptr null }
// LLVM: call i32 @spattn_launch(ptr @program_attention_launch,

// FOREIGN: gpu.launch_func
// FOREIGN: gpu.module @theirs {
// FOREIGN-NEXT: gpu.func @kernel() kernel {
// FOREIGN-NEXT: arith.constant 1
// FOREIGN-NEXT: arith.constant 1
// FOREIGN: gpu.binary @f_attention

// CPU: llvm.func @program(
// CPU-NOT: spattn_launch

// CHIP: error: expected 'target' to be sm_90a, or sm_80 or later, got 'sm_12'

!t = tensor<1x2x?x64xbf16>

func.func @program(%q: !t, %k: !t, %n: index, %out: !t) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = arith.addf %q, %k : !t
  %x = scf.for %i = %c0 to %n step %c1 iter_args(%a = %s) -> !t {
    %r = spattn.attention structure(#spattn.causal) ins(%a, %k, %k : !t, !t, !t) outs(%out : !t)
    %h = func.call @helper(%r) : (!t) -> !t
    scf.yield %h : !t
  }
  return %x : !t
}
func.func private @helper(%x: !t) -> !t {
  %f = arith.constant 1.0 : bf16
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c2 : !t
  %e = tensor.empty(%n) : !t
  %y = linalg.fill ins(%f : bf16) outs(%e : !t) -> !t
  %z = arith.mulf %x, %y : !t
  return %z : !t
}
