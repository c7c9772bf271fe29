// What residues leave for kernels to do: conditions in masks, and no tile is
// full. Residues that all places have cost nothing.

// RUN: split-file %s %t
// RUN: spattn-opt %t/loops.mlir -convert-spattn-to-loops | FileCheck %t/loops.mlir
// RUN: spattn-opt %t/gpu.mlir -convert-spattn-to-spattn-gpu | FileCheck %t/gpu.mlir
// RUN: spattn-opt %t/gpu.mlir -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %t/gpu.mlir
// RUN: spattn-translate --spattn-to-ptx --chip=sm_90a %t/all.mlir -o %t/all.ptx
// RUN: spattn-translate --spattn-to-ptx --chip=sm_90a %t/none.mlir -o %t/none.ptx
// RUN: diff %t/all.ptx %t/none.ptx

//--- loops.mlir
// CHECK-LABEL: @dilated
// CHECK-NOT: spattn_cpu.online_step
// CHECK: spattn_cpu.online_step {{.*}} mask {
// CHECK: ^bb0(%[[I:.*]]: index, %[[J:.*]]: index):
// CHECK: %[[REST:.*]] = arith.andi %{{.*}}, %c3
// CHECK: arith.cmpi slt, %[[REST]], %c1
// CHECK: spattn_cpu.yield
// CHECK-NOT: spattn_cpu.online_step
func.func @dilated(%q: memref<1x1x?x16xf32>) {
  spattn.attention structure(#spattn.intersection<#spattn.window<left = 200, right = 0>, #spattn.residues<distances, 0 to 1 mod 4>>)
    ins(%q, %q, %q : memref<1x1x?x16xf32>, memref<1x1x?x16xf32>, memref<1x1x?x16xf32>)
    outs(%q : memref<1x1x?x16xf32>) {tile_shape = #spattn.tile_shape<query_tile = 16, key_tile = 32>}
  return
}

//--- gpu.mlir
// The window is a layer without conditions, the columns are another.
// CHECK-LABEL: @fixed
// CHECK: %[[WINDOW:.*]] = spattn_gpu.column_mask {
// CHECK: %[[CAUSAL:.*]] = spattn_gpu.column_mask {
// CHECK: spattn_gpu.residue_mask %[[CAUSAL]] with %[[WINDOW]] : {{.*}} {
// CHECK: spattn_gpu.yield %c128_i32{{.*}}, %{{.*}}, %c8_i32{{.*}} : i32, i32, i32
!t = tensor<?x4x?x64xbf16>
func.func @fixed(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.intersection<#spattn.causal,
           #spattn.union<#spattn.window<left = 127, right = 0>, #spattn.residues<keys, 120 to 128 mod 128>>>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

//--- all.mlir
!t = tensor<?x4x?x64xbf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.intersection<#spattn.causal,
           #spattn.residues<keys, 3 to 8 mod 5>>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

//--- none.mlir
!t = tensor<?x4x?x64xbf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
