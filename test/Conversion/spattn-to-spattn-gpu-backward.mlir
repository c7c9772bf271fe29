// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefix=LAUNCH
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=SM80
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=deterministic=true | FileCheck %s --check-prefix=SAME
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=tuning={skip-keys=0} | FileCheck %s --check-prefix=VISITED

!t = tensor<?x16x?x128xbf16>
!l = tensor<?x16x?xf32>

// Two kernels, in the order of their launches. Each knows all buffers, maps and scratch, so that
// whoever launches them lends the same to all.
// LAUNCH-LABEL: llvm.func @bands_preprocess
// LAUNCH-SAME: nvvm.maxntid = array<i32: 128, 1, 1>, nvvm.minctasm = 4 : i32
// LAUNCH-SAME: buffers = [<"q", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16>,
// LAUNCH-SAME: <"k", bf16, [b = batch, h = 16, n = keyLength, d = 128], alignment = 16>,
// LAUNCH-SAME: <"v", bf16, [b = batch, h = 16, n = keyLength, d = 128], alignment = 16>,
// LAUNCH-SAME: <"o", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16>,
// LAUNCH-SAME: <"lse", f32, [b = batch, h = 16, n = queryLength], alignment = 4>,
// LAUNCH-SAME: <"do", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16>,
// LAUNCH-SAME: <"dq", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16, output = true>,
// LAUNCH-SAME: <"dk", bf16, [b = batch, h = 16, n = keyLength, d = 128], alignment = 16, output = true>,
// LAUNCH-SAME: <"dv", bf16, [b = batch, h = 16, n = keyLength, d = 128], alignment = 16, output = true>]
// LAUNCH-SAME: maps = [<"o", [d = 64, n = 64, h = 1, b = 1], swizzle = 128, l2 = 256>, <"do", [d = 64, n = 64, h = 1, b = 1], {{[^>]*}}>,
// LAUNCH-SAME: <"q", [d = 64, n = 64, h = 1, b = 1], {{[^>]*}}>,
// LAUNCH-SAME: <"k", [d = 64, n = 128, h = 1, b = 1], {{[^>]*}}>, <"v", [d = 64, n = 128, h = 1, b = 1], {{[^>]*}}>,
// LAUNCH-SAME: <"dk", [d = 64, n = 128, h = 1, b = 1], {{[^>]*}}>, <"dv", [d = 64, n = 128, h = 1, b = 1], {{[^>]*}}>,
// LAUNCH-SAME: <"dq", [d = 64, n = 64, h = 1, b = 1], {{[^>]*}}>]
// A number for each query of a tile, and 128 for its gradients; and for each tile how many have come to
// add to those; and for each head how many of its key tiles are done. Nothing has to be zeroed: the first kernel does that where the others read.
// LAUNCH-SAME: scratch = [<"lse_start", bytes = <4096 * batch * ceil(queryLength / 64)>, alignment = 256>,
// LAUNCH-SAME: <"delta_start", bytes = <4096 * batch * ceil(queryLength / 64)>, alignment = 256>,
// LAUNCH-SAME: <"dq_sums", bytes = <524288 * batch * ceil(queryLength / 64)>, alignment = 256>,
// LAUNCH-SAME: <"counter", bytes = <4 + 64 * batch * ceil(queryLength / 64)>, alignment = 4>,
// LAUNCH-SAME: <"heads_done", bytes = <4 + 64 * batch>, alignment = 4>]
// LAUNCH-SAME: limits = [<<queryLength + keyLength>, 1073740800>, <<16 * batch * ceil(keyLength / 128)>, 1073741823>, <<16 * batch * ceil(queryLength / 64)>, 1073741823>]
// LAUNCH-SAME: positive = ["scale"]
// LAUNCH-SAME: arguments = [<map 0>, <map 1>, <buffer "lse">, <scratch "lse_start">, <scratch "delta_start">, <scratch "dq_sums">, <scratch "counter">, <scratch "heads_done">, <i32 "batch">, <i32 "queryLength">, <i32 "keyLength">, <i64 "stride:lse:b">, <i64 "stride:lse:h">, <i64 "stride:lse:n">]
// LAUNCH-SAME: tile = "64x128"
// LAUNCH-SAME: threads = 128, shared = 32776, grid = <1 + 16 * batch * ceil(queryLength / 64)>>
// LAUNCH-LABEL: llvm.func @bands(
// LAUNCH-SAME: nvvm.maxntid = array<i32: 384, 1, 1>, nvvm.minctasm = 1 : i32
// LAUNCH-SAME: scratch = [<"lse_start", bytes = <4096 * batch * ceil(queryLength / 64)>, alignment = 256>
// LAUNCH-SAME: arguments = [<map 2>, <map 3>, <map 4>, <map 1>, <map 5>, <map 6>, <buffer "dk">, <buffer "dv">, <scratch "lse_start">, <scratch "delta_start">, <scratch "dq_sums">, <scratch "counter">, <map 7>, <buffer "dq">, <scratch "heads_done">, <i32 "batch">, <i32 "queryLength">, <i32 "keyLength">, <f32 "scale">, <i64 "stride:dk:b">, <i64 "stride:dk:h">, <i64 "stride:dk:n">, <i64 "stride:dv:b">, <i64 "stride:dv:h">, <i64 "stride:dv:n">, <i64 "stride:dq:b">, <i64 "stride:dq:h">, <i64 "stride:dq:n">]
// LAUNCH-SAME: metadata = {alignment = "end", scale = "0.0883883476", structure = "#spattn.partition<local_band>", tile = "64x128"}
// LAUNCH-SAME: threads = 384, shared = 230912, grid = persistent 1 for <16 * batch * ceil(keyLength / 128) + 16 * batch * ceil(queryLength / 128)>>
// LAUNCH-NOT: llvm.func @bands_postprocess

// Maps are read where arguments are.
// CHECK-LABEL: llvm.func @bands_preprocess
// CHECK-SAME: (%{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}, %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}, %[[LSE:[a-z0-9]+]]: !llvm.ptr, %[[START:[a-z0-9]+]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %[[COUNTER:[a-z0-9]+]]: !llvm.ptr, %[[DONE:[a-z0-9]+]]: !llvm.ptr, %{{.*}}: i32,
// One thread of the grid starts the counter of key tiles.
// CHECK: scf.if
// CHECK:   llvm.store %{{.*}}, %[[COUNTER]] : i32, !llvm.ptr
// It starts that of the items of dQ as well; and of heads, no key tile is done: each starts its semaphore
// as far below 2^30.
// CHECK: scf.if
// CHECK:   llvm.store %{{.*}}, %[[DONE]] : i32, !llvm.ptr
// CHECK: scf.if
// CHECK:   arith.subi %c1073741824
// CHECK:   llvm.getelementptr %[[DONE]]
// CHECK:   llvm.store %{{.*}}, %{{.*}} : i32, !llvm.ptr
// Nobody has come to add to the gradients of the query tile.
// CHECK: scf.if
// CHECK:   llvm.getelementptr %[[COUNTER]]
// CHECK:   llvm.store %{{.*}}, %{{.*}} : i32, !llvm.ptr
// Of rows in a query tile that sees keys: negate the log-sum-exp, and multiply outputs and their
// gradients.
// CHECK: scf.if
// CHECK:   spattn_gpu.load {{.*}} : !spattn_gpu.shared<64x128xbf16>
// CHECK:   spattn_gpu.load {{.*}} : !spattn_gpu.shared<64x128xbf16>
// CHECK-NOT: spattn_gpu.store_fill
// CHECK:   spattn_gpu.load_rows
// CHECK:   spattn_gpu.map({{.*}}) {
// CHECK:     arith.cmpf oeq
// CHECK:     arith.select
// CHECK:   } : (!spattn_gpu.rows) -> !spattn_gpu.rows
// CHECK:   spattn_gpu.store_rows
// CHECK:   spattn_gpu.barrier_wait
// CHECK:   spattn_gpu.row_products {{.*}} : !spattn_gpu.shared<64x128xbf16>
// CHECK:   spattn_gpu.quad_reduce add
// CHECK:   spattn_gpu.store_rows
// The others read nothing.
// CHECK: } else {
// CHECK-NOT: spattn_gpu.load
// CHECK-NOT: spattn_gpu.read
// CHECK-COUNT-2: spattn_gpu.store_rows
// CHECK-NOT: spattn_gpu.store
// CHECK: llvm.return

// CHECK-LABEL: llvm.func @bands(
// Keys and values, queries and gradients of outputs, gradients of scores; sums of warpgroups; numbers
// of queries, barriers, and posted items.
// CHECK: spattn_gpu.alloc : !spattn_gpu.memory<65536, alignment = 1024>
// CHECK-COUNT-4: spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
// CHECK-NEXT: %[[SUMS:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<32768>
// CHECK-NEXT: %[[LSE:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<512>
// CHECK-NEXT: %[[DELTA:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<512>
// CHECK-NEXT: spattn_gpu.alloc : !spattn_gpu.memory<216>
// CHECK-NEXT: %[[ITEMS:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<288>
// When CTAs round dQ: two tiles for each of two warpgroups, and two stages of sums, numbers and barriers.
// CHECK-NEXT: spattn_gpu.alloc overlaid : !spattn_gpu.memory<65536, alignment = 1024>
// CHECK-NEXT: %[[STAGES:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<131072>
// CHECK-NEXT: %[[WORDS:.*]] = spattn_gpu.alloc : !spattn_gpu.memory<64>
// CHECK-NEXT: spattn_gpu.alloc : !spattn_gpu.memory<64>
// CHECK-NOT: spattn_gpu.alloc
// CHECK: spattn_gpu.barrier_init
// CHECK: spattn_gpu.named_barrier_sync 0, 384
// CHECK: spattn_gpu.warpgroup
// Of the first warpgroup, one warp finds the items with tiles, writes gradients of keys that no query
// sees, and takes the number of the next key tile when there is room for it,
// CHECK: spattn_gpu.set_max_registers 40, false
// CHECK: scf.while
// CHECK:   scf.if
// CHECK:     spattn_gpu.barrier_wait
// CHECK:     spattn_gpu.write_words
// CHECK:     spattn_gpu.barrier_arrive
// CHECK:   } else {
// CHECK:     spattn_gpu.semaphore_arrive
// CHECK-COUNT-2: spattn_gpu.store_fill {{.*}} columns 128 : bf16
// CHECK:   }
// CHECK:   spattn_gpu.atomic_inc
// CHECK-NEXT: spattn_gpu.warp_broadcast
// CHECK: spattn_gpu.write_words
// one loads keys, which nobody reads again, and queries with the numbers that their scores start from,
// CHECK: spattn_gpu.read_words {{.*}} uniform
// CHECK:   spattn_gpu.load {{.*}} evict first : !spattn_gpu.shared<128x128xbf16>
// CHECK:   scf.for
// CHECK:     spattn_gpu.load_words 64 from %{{.*}} to %[[LSE]][
// CHECK:     spattn_gpu.load {{.*}} evict last : !spattn_gpu.shared<64x128xbf16>
// one values, and gradients of outputs likewise,
// CHECK: spattn_gpu.read_words {{.*}} uniform
// CHECK:   spattn_gpu.load {{.*}} : !spattn_gpu.shared<128x128xbf16>
// CHECK:   scf.for
// CHECK:     spattn_gpu.load_words 64 from %{{.*}} to %[[DELTA]][
// CHECK:     spattn_gpu.load {{.*}} : !spattn_gpu.shared<64x128xbf16>
// and one writes the sums of each query tile, if it comes first, or adds to what whoever did has written,
// and stores: dV ahead of the last sums.
// CHECK: spattn_gpu.read_words {{.*}} uniform
// CHECK:   scf.for
// CHECK:     scf.if
// CHECK:       spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x128xbf16>
// CHECK:       spattn_gpu.store_wait
// CHECK:     %[[CLAIMED:.*]] = spattn_gpu.semaphore_arrive %[[FLAG:.*]]
// CHECK-NEXT: %[[BEFORE:.*]] = spattn_gpu.warp_broadcast %[[CLAIMED]]
// CHECK:     %[[FIRST:.*]] = arith.cmpi eq, %[[BEFORE]], %c0
// CHECK:     %[[THERE:.*]] = arith.cmpi uge, %[[BEFORE]], %c1073741824
// CHECK:     %[[KNOWN:.*]] = arith.ori %[[FIRST]], %[[THERE]]
// CHECK:     scf.if %[[KNOWN]]
// CHECK-NEXT: } else {
// CHECK:       spattn_gpu.semaphore_wait 1073741824 at %[[FLAG]]
// CHECK:     scf.if %[[FIRST]] {
// CHECK:       spattn_gpu.barrier_wait
// CHECK:       spattn_gpu.add_words 8192 {{.*}} overwriting
// CHECK:       spattn_gpu.semaphore_release 1073741824 to
// CHECK:       spattn_gpu.barrier_arrive
// CHECK:     } else {
// CHECK:       spattn_gpu.barrier_wait
// CHECK:       spattn_gpu.add_words 8192
// CHECK-NOT:   overwriting
// CHECK:       spattn_gpu.store_wait
// CHECK:       spattn_gpu.barrier_arrive
// CHECK:   spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x128xbf16>
// CHECK:   spattn_gpu.store_wait
// When its sums are visible, the key tile is done.
// CHECK:   spattn_gpu.semaphore_release 1 to
// CHECK: spattn_gpu.named_barrier_sync 0, 384
// CHECK: spattn_gpu.set_max_registers 168, true
// The others compute: scores of the first query tile; then masked tiles, full ones, and the last one.
// CHECK: spattn_gpu.set_max_registers 232, true
// CHECK: scf.while
// CHECK:   spattn_gpu.read_words {{.*}} uniform
// CHECK:   spattn_gpu.read_columns {{.*}} -> !spattn_gpu.columns<64>
// CHECK:   spattn_gpu.mma {{.*}} acc {{.*}} {transposed} : !spattn_gpu.shared<128x128xbf16>, !spattn_gpu.shared<64x128xbf16>, !spattn_gpu.acc<64x64xf32>
// CHECK:   spattn_gpu.mma_wait 0
// CHECK:   scf.while
// Warpgroups take turns with the gradients of queries.
// CHECK:     %[[TURN:.*]] = arith.remui %{{.*}}, %c2
// CHECK:     %[[OWN:.*]] = arith.cmpi eq, %{{.*}}, %[[TURN]]
// CHECK:     scf.if %[[OWN]]
// Scores are masked before the next product has its registers; the gradients of probabilities start
// from -delta.
// CHECK:     spattn_gpu.mask
// CHECK:     spattn_gpu.read_columns {{.*}} -> !spattn_gpu.columns<64>
// CHECK:     spattn_gpu.mma {{.*}} acc {{.*}} {transposed}
// CHECK:     spattn_gpu.mma_commit
// CHECK:     math.exp2
// CHECK:     spattn_gpu.mma {{.*}} acc {{.*}} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<64x128xbf16>, !spattn_gpu.acc<64x128xf32>
// CHECK:     spattn_gpu.mma {{.*}} acc {{.*}} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<64x128xbf16>, !spattn_gpu.acc<64x128xf32>
// All write gradients of scores, and one multiplies the keys with all of them, beside nothing else.
// CHECK:     spattn_gpu.write {{.*}} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16>
// CHECK:     spattn_gpu.async_proxy_fence
// CHECK:     spattn_gpu.barrier_arrive
// CHECK:     spattn_gpu.mma_wait 0
// CHECK:     spattn_gpu.barrier_wait
// CHECK:     spattn_gpu.mma {{.*}} {lhs_transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<128x128xbf16> -> !spattn_gpu.acc<64x128xf32>
// CHECK:     spattn_gpu.mma_wait 0
// CHECK:     spattn_gpu.write_fragment %{{.*}} to %[[SUMS]][
// CHECK-NEXT: spattn_gpu.async_proxy_fence
// CHECK:     scf.yield
// CHECK:   } else {
// CHECK:     spattn_gpu.write {{.*}} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16>
// CHECK-NOT: lhs_transposed
// CHECK-NOT: spattn_gpu.write_fragment
// CHECK:     scf.yield
// A tile that is skipped: no gradients of scores, and perhaps a turn.
// CHECK:   scf.for
// CHECK:     spattn_gpu.write {{.*}} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<128x64xbf16>
// CHECK:     scf.if
// CHECK:       spattn_gpu.mma {{.*}} {lhs_transposed}
// CHECK:       spattn_gpu.write_fragment
// The scores of the next tile.
// CHECK:     spattn_gpu.read_columns
// CHECK:     spattn_gpu.mma {{.*}} acc {{.*}} {transposed}
// CHECK:     spattn_gpu.mma_wait 0
// CHECK:     scf.yield
// Full tiles have no mask, and scores start in turn.
// CHECK:   scf.for
// CHECK-NOT: spattn_gpu.mask
// CHECK:     spattn_gpu.write_fragment
// CHECK-NOT: spattn_gpu.mask
// CHECK:     spattn_gpu.mma {{.*}} acc {{.*}} {transposed}
// CHECK-NOT: spattn_gpu.mask
// CHECK:     scf.yield
// The last tile may have, and starts no other; dV is written while the rest is computed.
// CHECK:   scf.if {{.*}} -> (!spattn_gpu.acc<64x64xf32>) {
// CHECK:     spattn_gpu.mask
// CHECK:   } else {
// CHECK-NEXT: scf.yield
// CHECK:   spattn_gpu.mma_wait 1
// CHECK:   spattn_gpu.mma_wait 1
// CHECK:   spattn_gpu.write {{.*}} : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.shared<128x128xbf16>
// CHECK:   spattn_gpu.mma {{.*}} {lhs_transposed}
// CHECK-NOT: spattn_gpu.mma{{ }}
// CHECK:   spattn_gpu.write_fragment
// CHECK:   spattn_gpu.named_barrier_sync 1, 256
// CHECK:   spattn_gpu.write {{.*}} : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.shared<128x128xbf16>
// CHECK-NOT: spattn_gpu.mma
// When all are done, they have the registers of the launch again, and round dQ. One warp takes items of
// rows, waits until their head's key tiles are done, and loads sums,
// CHECK: spattn_gpu.named_barrier_sync 0, 384
// CHECK: spattn_gpu.set_max_registers 168, false
// CHECK: spattn_gpu.barrier_init
// CHECK: spattn_gpu.named_barrier_sync 0, 384
// CHECK: %[[ITEM:.*]] = spattn_gpu.atomic_inc
// CHECK: spattn_gpu.warp_broadcast %[[ITEM]]
// CHECK: scf.while
// CHECK:   %[[NEXT:.*]] = spattn_gpu.atomic_inc
// CHECK:   spattn_gpu.semaphore_wait 1073741824 at
// CHECK:   scf.for
// CHECK:     spattn_gpu.barrier_wait
// CHECK:     spattn_gpu.write_words %[[WORDS]]
// CHECK:     spattn_gpu.barrier_arrive
// CHECK:     scf.if
// CHECK:       spattn_gpu.load_words 8192 from %{{.*}} to %[[STAGES]][
// CHECK:     } else {
// CHECK:       spattn_gpu.barrier_arrive
// CHECK:   spattn_gpu.warp_broadcast %[[NEXT]]
// and an end for each warpgroup.
// CHECK: scf.for
// CHECK:   spattn_gpu.write_words %[[WORDS]]
// CHECK-COUNT-2: spattn_gpu.barrier_arrive
// Warpgroups round two chunks of 64 columns; of tiles that nobody has added to there are no sums.
// CHECK: scf.while
// CHECK:   %[[COUNT:.*]] = llvm.load {{.*}} : !llvm.ptr -> i32
// CHECK:   %[[SOME:.*]] = arith.cmpi ne, %[[COUNT]], %c0
// CHECK:   %[[ANY:.*]] = arith.andi {{.*}}, %[[SOME]]
// CHECK:   spattn_gpu.read_fragment %[[STAGES]]{{.*}} stride 32768 :
// CHECK:   arith.select %[[ANY]]
// CHECK:   spattn_gpu.write
// CHECK:   spattn_gpu.read_fragment %[[STAGES]]{{.*}} stride 32768 offset 16384 :
// CHECK:   arith.select %[[ANY]]
// CHECK:   spattn_gpu.write
// CHECK-NOT: spattn_gpu.read_fragment
// The stage is free; and when all have met, the tile before has been stored, so that it can be written.
// CHECK:   spattn_gpu.barrier_arrive
// CHECK:   spattn_gpu.store_wait
// CHECK:   spattn_gpu.named_barrier_sync 1[%{{.*}}], 128
// CHECK:   spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<64x128xbf16>
// CHECK: llvm.return

// Without skipping, dQ is multiplied in masked tiles, full ones and the last one only.
// VISITED-LABEL: llvm.func @bands(
// VISITED-COUNT-3: {lhs_transposed}
// VISITED-NOT: {lhs_transposed}
// VISITED-LABEL: llvm.func @grouped_preprocess

func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %g: !t, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.partition<local_band>)
      ins(%q, %k, %v, %o, %l, %g : !t, !t, !t, !t, !l, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

// Key heads that 4 query heads share: the heads are searched for those with work, each of which is
// an item, and the gradients of keys and values go from one item to the next. Three warpgroups leave
// the warps that load fewer registers. Dimensions in the
// order of the layout; the head dimension is rounded up to 64 in shared memory.
// LAUNCH-LABEL: llvm.func @grouped(
// LAUNCH-SAME: <"k", f16, [b = batch, n = keyLength, h = 4, d = 40], alignment = 16>
// LAUNCH-SAME: <"lse", f32, [b = batch, n = queryLength, h = 16], alignment = 4>
// LAUNCH-SAME: <"dk", f16, [b = batch, n = keyLength, h = 4, d = 40], alignment = 16, output = true>
// LAUNCH-SAME: <"dq_sums", bytes = <262144 * batch * ceil(queryLength / 64)>
// LAUNCH-SAME: scale = "0.25"
// LAUNCH-SAME: grid = persistent 1 for <4 * batch * ceil(keyLength / 192) + 16 * batch * ceil(queryLength / 256)>>

// CHECK-LABEL: llvm.func @grouped(
// CHECK: spattn_gpu.set_max_registers 32, false
// CHECK: scf.while
// CHECK:   scf.for %{{.*}} = %{{.*}} to %[[GROUP:.*]] step
// CHECK-NOT: spattn_gpu.write_words
// CHECK:   scf.for %{{.*}} = %{{.*}} to %[[GROUP]] step {{.*}} -> (i32, i32)
// CHECK:     scf.if
// CHECK:       spattn_gpu.write_words
// CHECK:   scf.if
// CHECK-COUNT-2: spattn_gpu.store_fill {{.*}} columns 40 : f16
// CHECK:   spattn_gpu.atomic_inc
// CHECK: spattn_gpu.set_max_registers 160, true
// CHECK: scf.while {{.*}}!spattn_gpu.acc<64x64xf32>, !spattn_gpu.acc<64x64xf32>
// CHECK:   scf.if {{.*}} -> (!spattn_gpu.acc<64x64xf32>, !spattn_gpu.acc<64x64xf32>) {
// CHECK-COUNT-2: spattn_gpu.fill
// CHECK:   } else {
// CHECK-NEXT: scf.yield
// CHECK:   spattn_gpu.mma {{.*}}{transposed} : !spattn_gpu.shared<192x64xf16>, !spattn_gpu.shared<64x64xf16>, !spattn_gpu.acc<64x64xf32>
!kt = tensor<?x?x4x40xf16>
!qt = tensor<?x?x16x40xf16>
!lt = tensor<?x?x16xf32>
func.func @grouped(%q: !qt, %k: !kt, %v: !kt, %o: !qt, %l: !lt, %g: !qt, %dq: !qt, %dk: !kt, %dv: !kt) -> (!qt, !kt, !kt) {
  %s = arith.constant 0.25 : f32
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !qt, !kt, !kt, !qt, !lt, !qt) scale(%s) outs(%dq, %dk, %dv : !qt, !kt, !kt) {layout = "bnhd"}
  return %r#0, %r#1, %r#2 : !qt, !kt, !kt
}

// Without TMA, maps are not for it.
// SM80-LABEL: llvm.func @bands(
// SM80-SAME: maps = [<"o", [d = 64, n = 64, h = 1, b = 1], swizzle = 128, software = true>
// SM80-SAME: tile = "64x64"
// SM80-SAME: threads = 256
// Those that compute add the sums themselves.
// SM80-NOT: spattn_gpu.add_words
// SM80: spattn_gpu.named_barrier_sync 1, 128
// SM80: spattn_gpu.add_fragment
// A kernel of its own rounds dQ.
// SM80-LABEL: llvm.func @bands_postprocess
// SM80: scf.if
// SM80:   spattn_gpu.load_fragment {{.*}} : !spattn_gpu.acc<64x64xf32>
// SM80:   arith.mulf
// SM80:   spattn_gpu.write
// SM80:   spattn_gpu.load_fragment {{.*}} : !spattn_gpu.acc<64x64xf32>
// SM80:   spattn_gpu.write
// SM80-NOT: spattn_gpu.load_fragment
// SM80:   spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<64x128xbf16>
// SM80: } else {
// SM80:   spattn_gpu.store_fill {{.*}} columns 128 : bf16
// SM80: llvm.return

// The same bits every time: nothing is cleared or added up. The first of two kernels computes the
// gradients of queries, from all key tiles in order, and leaves what its scores and the gradients of
// its probabilities start from to the other.
// SAME-NOT: @bands_preprocess
// SAME-LABEL: llvm.func @bands_queries(
// SAME-SAME: <"lse_start", bytes = <4096 * batch * ceil(queryLength / 64)>, alignment = 256>,
// SAME-SAME: <"delta_start", bytes = <4096 * batch * ceil(queryLength / 64)>, alignment = 256>,
// SAME-SAME: <"counter", bytes = <4>, alignment = 4>]
// SAME-SAME: arguments = [<map 0>, <map 1>, <map 2>, <map 3>, <map 4>, <map 5>, <buffer "dq">, <buffer "lse">, <scratch "lse_start">, <scratch "delta_start">, <scratch "counter">, <i32 "batch">, <i32 "queryLength">, <i32 "keyLength">, <f32 "scale">, <i64 "stride:dq:b">, <i64 "stride:dq:h">, <i64 "stride:dq:n">, <i64 "stride:lse:b">, <i64 "stride:lse:h">, <i64 "stride:lse:n">]
// SAME-NOT: spattn_gpu.add_fragment
// Its blocks go from item to item: one warp posts them, and writes what the rows without keys get.
// SAME: scf.if
// SAME:   spattn_gpu.write_words
// SAME: spattn_gpu.store_fill {{.*}} columns 128 : bf16
// SAME-COUNT-2: spattn_gpu.store_fill {{.*}} columns 64 : f32
// One loads queries and keys; one output gradients, the output as the first of the values, and values;
// one stores.
// SAME: spattn_gpu.load {{.*}} : !spattn_gpu.shared<64x128xbf16>
// SAME: scf.for
// SAME:   spattn_gpu.load
// SAME: spattn_gpu.load
// SAME: scf.for
// SAME:   scf.if
// SAME:     spattn_gpu.load
// SAME:   } else {
// SAME:     spattn_gpu.load
// SAME: spattn_gpu.store_tile
// Those that compute start the first scores, and multiply the output with its gradient beside them; what
// comes of it is stored before the output's stage is let go.
// SAME: spattn_gpu.load_rows
// SAME: spattn_gpu.mma {{.*}} {transposed}
// SAME: spattn_gpu.row_products
// SAME: spattn_gpu.quad_reduce add
// SAME-COUNT-2: spattn_gpu.store_rows
// SAME: nvvm.bar.warp.sync
// SAME: scf.for
// SAME:   spattn_gpu.mask
// SAME:   math.exp2
// The next scores start behind the last product.
// SAME:   spattn_gpu.mma {{.*}} : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<64x128xbf16>, !spattn_gpu.acc<64x128xf32>
// SAME:   spattn_gpu.mma {{.*}} {transposed}
// SAME:   spattn_gpu.mma_wait 1
// SAME:   spattn_gpu.mma_wait 0
// SAME-LABEL: llvm.func @bands(
// SAME-NOT: tile.add_
// SAME-NOT: lhs_transposed
// SAME-NOT: @bands_postprocess
