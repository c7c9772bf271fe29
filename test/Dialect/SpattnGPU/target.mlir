// RUN: spattn-opt %s | spattn-opt | FileCheck %s

// CHECK: gpu.module @default [#spattn_gpu.target]
gpu.module @default [#spattn_gpu.target<chip = "sm_90a", opt = 3>] {
}

// CHECK: gpu.module @all [#spattn_gpu.target<chip = "sm_80", opt = 0, ptx = 84, strict = true>]
gpu.module @all [#spattn_gpu.target<strict = true, chip = "sm_80", opt = 0, ptx = 84>] {
}

// Beside a target of upstream's.
// CHECK: gpu.module @two [#nvvm.target<chip = "sm_90">, #spattn_gpu.target<chip = "sm_90">]
gpu.module @two [#nvvm.target<chip = "sm_90">, #spattn_gpu.target<chip = "sm_90">] {
}
