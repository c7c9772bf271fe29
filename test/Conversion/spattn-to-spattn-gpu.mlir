// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=ORDER
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="intra-warpgroup-overlap=false key-tile=64" | FileCheck %s --check-prefixes=ORDER90

// On targets without asynchronous products they are made one at a time, and
// tensor maps are not for TMA.
// ORDER-LABEL: llvm.func @bands
// ORDER-SAME: maps = [<"q", [d = 64, n = 128, h = 1, b = 1], swizzle = 128, software = true>,
// ORDER-SAME: tile = "128x64"
// ORDER: spattn_gpu.write_words
// ORDER: spattn_gpu.load
// ORDER: spattn_gpu.store_tile
// ORDER: scf.while
// ORDER:   spattn_gpu.read_words {{.*}} uniform
// ORDER:   scf.for
// ORDER:     spattn_gpu.mma {{.*}}{transposed}
// ORDER-NEXT: spattn_gpu.mma_commit
// ORDER-NEXT: spattn_gpu.mma_wait 0
// ORDER:     scf.if
// ORDER:       spattn_gpu.mask
// ORDER:     spattn_gpu.mma {{.*}} acc
// ORDER-NEXT: spattn_gpu.mma_commit
// ORDER-NEXT: spattn_gpu.mma_wait 0
// ORDER-NOT: spattn_gpu.mma{{ }}
// ORDER:   spattn_gpu.write
// ORDER: llvm.func @layout

// ORDER90-LABEL: llvm.func @bands
// ORDER90-SAME: swizzle = 128, l2 = 256>
// ORDER90: spattn_gpu.mma {{.*}}{transposed}
// ORDER90-NEXT: spattn_gpu.mma_commit
// ORDER90-NEXT: spattn_gpu.mma_wait 0

!t = tensor<?x16x?x128xbf16>
!l = tensor<?x16x?xf32>

// A kernel: lengths, batch, strides and scale are arguments.
// CHECK-LABEL: llvm.func @bands
// CHECK-SAME: (%{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}
// CHECK-SAME: attributes {{.*}}nvvm.kernel{{.*}}nvvm.maxntid = array<i32: 384, 1, 1>
// What a launch needs: it is in the IR.
// CHECK-SAME: spattn_gpu.launch = #spattn_gpu.launch<buffers = [<"q", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16>,
// CHECK-SAME: maps = [<"q", [d = 64, n = 128, h = 1, b = 1], swizzle = 128, l2 = 256>,
// CHECK-SAME: scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>],
// CHECK-SAME: limits = [<<queryLength + keyLength>, 1073740800>,
// CHECK-SAME: positive = ["scale"]
// CHECK-SAME: threads = 384, shared = 197040, grid = persistent 1 for <16 * batch * ceil(queryLength / 128)>>
// Queries, keys, values, barriers and posted items: as much as the launch has.
// CHECK-COUNT-3: spattn_gpu.alloc : !spattn_gpu.memory<65536, alignment = 1024>
// CHECK-NEXT: spattn_gpu.alloc : !spattn_gpu.memory<144>
// CHECK-NEXT: %[[ITEMS:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<288>
// CHECK-NOT: spattn_gpu.alloc
// CHECK: spattn_gpu.barrier_init
// CHECK: spattn_gpu.warpgroup
// Of the first warpgroup, one warp finds the items with tiles, and writes rows
// that see no key,
// CHECK: spattn_gpu.set_max_registers 40, false
// CHECK: spattn_gpu.atomic_inc
// CHECK: scf.while
// CHECK:   spattn_gpu.write_words %[[ITEMS]][%{{.*}}] stride 144,
// CHECK:   spattn_gpu.store_fill {{.*}} columns 128 : bf16
// CHECK:   spattn_gpu.store_fill {{.*}} columns 1 : f32
// CHECK:   spattn_gpu.warp_broadcast
// CHECK:   spattn_gpu.atomic_inc
// CHECK: spattn_gpu.write_words
// one loads queries and keys, one values,
// CHECK: spattn_gpu.read_words {{.*}} uniform
// CHECK:   spattn_gpu.load {{.*}} evict first
// CHECK:   scf.for
// CHECK:     spattn_gpu.load {{.*}} evict last
// CHECK: spattn_gpu.read_words {{.*}} uniform
// CHECK:   scf.for
// CHECK:     spattn_gpu.load {{.*}} evict last
// and one stores.
// CHECK: spattn_gpu.read_words {{.*}} uniform
// CHECK:   spattn_gpu.store_tile
// CHECK:   spattn_gpu.store_wait
// The others compute: a first step, which ends the item before, then steps with
// a mask, and steps without.
// CHECK: spattn_gpu.set_max_registers 232, true
// CHECK: scf.while
// CHECK:   spattn_gpu.read_words {{.*}} uniform
// CHECK:   spattn_gpu.column_mask
// CHECK:   spattn_gpu.mma {{.*}}{transposed}
// CHECK:   spattn_gpu.mma {{.*}} acc
// CHECK:   spattn_gpu.mma_wait 1
// CHECK:   spattn_gpu.mask
// CHECK:   spattn_gpu.mma_wait 0, {{.*}} after
// CHECK:   spattn_gpu.write
// CHECK:   spattn_gpu.async_proxy_fence
// CHECK:   spattn_gpu.store_rows
// CHECK:   scf.for
// CHECK:     spattn_gpu.column_mask
// CHECK:     spattn_gpu.mma {{.*}}{transposed}
// CHECK:     spattn_gpu.mma {{.*}} acc
// CHECK:     spattn_gpu.mma_wait 1
// CHECK:     spattn_gpu.mask
// CHECK-NOT: spattn_gpu.reduce max
// CHECK:     math.exp2
// CHECK:     spattn_gpu.reduce add
// CHECK:     spattn_gpu.to_operand
// CHECK:     spattn_gpu.any_greater
// CHECK:     scf.if
// CHECK:       spattn_gpu.reduce max
// CHECK:       spattn_gpu.quad_reduce max
// CHECK:       spattn_gpu.to_operand
// CHECK:     spattn_gpu.mma_wait 0, {{.*}} after
// CHECK:   scf.for
// CHECK:     spattn_gpu.mma {{.*}}{transposed}
// CHECK:     spattn_gpu.mma_wait 1
// CHECK-NOT: spattn_gpu.mask
// CHECK:     spattn_gpu.mma_wait 0, {{.*}} after
// The last item.
// CHECK: spattn_gpu.mma {{.*}} acc
// CHECK: spattn_gpu.write
func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t, %lse: !l) -> !t {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>) ins(%q, %k, %v : !t, !t, !t) outs(%o, %lse : !t, !l)
  return %r#0 : !t
}

// Dimensions in the order of the layout; without log-sum-exp its buffer can be
// left out; the scale is known where it is a constant.
// CHECK-LABEL: llvm.func @layout
// CHECK-SAME: <"k", f16, [b = batch, n = keyLength, h = 2, d = 64], alignment = 16>
// CHECK-SAME: <"o", f32, [b = batch, n = queryLength, h = 4, d = 64], alignment = 16, output = true>
// CHECK-SAME: <"lse", f32, [b = batch, n = queryLength, h = 4], alignment = 4, optional = true, output = true>
// CHECK-SAME: scale = "0.25"
!q = tensor<?x?x4x64xf16>
!k = tensor<?x?x2x64xf16>
!o = tensor<?x?x4x64xf32>
func.func @layout(%q: !q, %k: !k, %o: !o) -> !o {
  %s = arith.constant 0.25 : f32
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %k : !q, !k, !k) scale(%s) outs(%o : !o) {layout = "bnhd"}
  return %r : !o
}
