// RUN: spattn-opt %s -convert-spattn-to-tile | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-tile=load-warps=1 | FileCheck %s --check-prefix=WARP

// One warp to load: there are no registers to give away.
// WARP: nvvm.maxntid = array<i32: 288, 1, 1>
// WARP: tile.sync 0, 288
// WARP-NOT: tile.set_registers

// RUN: spattn-opt %s -convert-spattn-to-tile=overlap=false | FileCheck %s --check-prefix=ORDER

// One product at a time.
// ORDER: tile.load
// ORDER: scf.for
// ORDER:   scf.for
// ORDER:     tile.mma {{.*}}{transposed}
// ORDER-NEXT: tile.mma_commit
// ORDER-NEXT: tile.mma_wait 0
// ORDER:     tile.mask
// ORDER:     tile.mma {{.*}} acc
// ORDER-NEXT: tile.mma_commit
// ORDER-NEXT: tile.mma_wait 0
// ORDER-NOT: tile.mma{{ }}

!t = tensor<?x16x?x128xbf16>
!l = tensor<?x16x?xf32>

// A kernel: lengths, batch, strides and scale are arguments.
// CHECK-LABEL: llvm.func @bands
// CHECK-SAME: (%{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}
// CHECK-SAME: attributes {{.*}}nvvm.kernel{{.*}}nvvm.maxntid = array<i32: 384, 1, 1>
// CHECK: tile.barrier_init
// CHECK: tile.warpgroup
// The warpgroup that loads
// CHECK: tile.set_registers 40, false
// CHECK: scf.for
// CHECK:   tile.load
// CHECK:   scf.for
// CHECK:     tile.load
// CHECK:     tile.load
// and those that compute: a first step, then scores and output at once.
// CHECK: tile.set_registers 232, true
// CHECK: scf.for
// CHECK:   tile.mma {{.*}}{transposed}
// CHECK:   tile.mma_wait 0
// CHECK:   scf.if
// CHECK:     tile.mask
// CHECK:   scf.for
// CHECK:     tile.mma {{.*}}{transposed}
// CHECK:     tile.mma {{.*}} acc
// CHECK:     tile.mma_wait 1
// CHECK:     tile.mask
// CHECK:     tile.mma_wait 0
// CHECK:   tile.store
// CHECK:   tile.store_rows
func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t, %lse: !l) -> !t {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>) ins(%q, %k, %v : !t, !t, !t) outs(%o, %lse : !t, !l)
  return %r#0 : !t
}
