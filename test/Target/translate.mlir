// From attention, or from what it was lowered to, to LLVM IR and PTX.

// RUN: spattn-translate --spattn-to-llvmir %s | FileCheck %s --check-prefix=LLVM
// RUN: spattn-translate --spattn-to-ptx %s -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx
// RUN: grep -o "wgmma.wait_group.*" %t.ptx | sort | uniq -c | FileCheck %s --check-prefix=WAITS
// RUN: spattn-opt --spattn-gpu-kernels %s | spattn-translate --spattn-to-ptx | diff - %t.ptx
// RUN: spattn-opt --spattn-gpu %s | spattn-translate --spattn-to-ptx | diff - %t.ptx
// RUN: spattn-opt --spattn-gpu-kernels %s | spattn-opt --spattn-gpu-llvm | spattn-translate --spattn-to-ptx | diff - %t.ptx

// Addresses of shared memory have 32 bits.
// LLVM: target datalayout = "{{.*}}p3:32:32
// LLVM: target triple = "nvptx64-nvidia-cuda"
// LLVM: @spattn_shared_memory = external {{.*}}addrspace(3) global
// LLVM: define ptx_kernel void @causal(ptr {{.*}}byval([16 x i64]) align 64
// Threads of a warp get no barriers of their own.
// LLVM: asm sideeffect "bar.sync {{.*}} #[[BARRIER:[0-9]+]]
// LLVM: attributes #[[BARRIER]] = { convergent

// PTX: .version 9.0
// PTX: .target sm_90a
// Without it setmaxnreg is ignored.
// PTX: .visible .entry causal(
// PTX: .param .align 64 .b8 causal_param_0[128],
// PTX: .maxntid 384
// Base 2 exponentials are one instruction, roundings to bf16 are done in pairs.
// PTX-DAG: ex2.approx.ftz.f32
// PTX-DAG: cvt.rn.bf16x2.f32
// PTX-NOT: .local

// In a step scores and output are under way at once; LLVM adds or drops no wait.
// WAITS: 4 wgmma.wait_group.sync.aligned 0;
// WAITS: 3 wgmma.wait_group.sync.aligned 1;

// RUN: spattn-translate --spattn-to-ptx --ptx-version=8.4 --opt-level=2 %s | FileCheck %s --check-prefix=OLDER
// OLDER: .version 8.4
// RUN: spattn-translate --spattn-to-ptx --gpu-options="mma-warpgroups=1 ctas-per-sm=2 key-tile=64" %s | FileCheck %s --check-prefix=SMALL
// SMALL: .maxntid 256
// SMALL: .minnctapersm 2

// The family of the target is that of the chip, unless it is given.
// RUN: spattn-translate --spattn-to-ptx --chip=sm_80 %s | FileCheck %s --check-prefix=SM80
// RUN: spattn-translate --spattn-to-ptx --chip=sm_120 %s | FileCheck %s --check-prefix=SM80
// RUN: spattn-translate --spattn-to-ptx --gpu-options=target=sm_80 %s | FileCheck %s --check-prefix=SM80
// SM80: .target sm_{{80|90a|120}}
// SM80-NOT: wgmma
// SM80: mma.sync.aligned.m16n8k16
// SM80-NOT: wgmma

// What cannot be translated.
// RUN: not spattn-translate --spattn-to-ptx --chip=sm_75 %s 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not spattn-translate --spattn-to-llvmir --chip=sm_999 %s 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: unknown chip 'sm_{{75|999}}'; expected sm_80 or a later one, such as sm_90a
// RUN: not spattn-translate --spattn-to-ptx --ptx-version=7.8 %s 2>&1 | FileCheck %s --check-prefix=VERSION
// RUN: not spattn-translate --spattn-to-ptx --ptx-version=9.9 %s 2>&1 | FileCheck %s --check-prefix=VERSION
// VERSION: error: PTX {{7.8|9.9}} is not supported for sm_90a; expected 8.0 to 9.
// RUN: not spattn-translate --spattn-to-ptx --ptx-version=new %s 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: --ptx-version=new: expected a version such as 8.4
// RUN: not spattn-translate --spattn-to-ptx --opt-level=4 %s 2>&1 | FileCheck %s --check-prefix=LEVEL
// LEVEL: error: expected an optimization level from 0 to 3, got 4
// RUN: not spattn-translate --spattn-to-ptx --gpu-options=tile=3 %s 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: error: --gpu-options='tile=3': expected options of spattn-gpu
// RUN: not spattn-translate --spattn-to-ptx --gpu-options=key-tile=3 %s 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: expected 'key-tile' to be 0, or a multiple of 16
// RUN: echo 'func.func @f() { return }' | not spattn-translate --spattn-to-ptx 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: echo '' | not spattn-translate --spattn-to-artifact 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: there is no kernel in the module
// RUN: echo 'llvm.func @f() attributes {nvvm.kernel} { llvm.return }' | not spattn-translate --spattn-to-artifact 2>&1 | FileCheck %s --check-prefix=LAUNCH
// LAUNCH: error: kernel 'f' has no 'spattn_gpu.launch', which says how to launch it
// RUN: echo 'memref.global @g : memref<4xf32>' | not spattn-translate --spattn-to-artifact --code=ptx 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not spattn-translate --spattn-to-ptx %t.nothing 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: cannot open input file

!t = tensor<?x16x?x128xbf16>
func.func @causal(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
