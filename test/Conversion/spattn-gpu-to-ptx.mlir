// RUN: spattn-translate --spattn-to-ptx --chip=sm_80 --ptx-version=8.0 %s | FileCheck %s --check-prefixes=CHECK,SM80
// RUN: spattn-translate --spattn-to-ptx --ptx-version=8.0 %s | FileCheck %s --check-prefixes=CHECK,SM90

// A load of sm_80 arrives 32 times, once for each lane; and nothing there needs a fence.
// CHECK-LABEL: .entry barriers
// CHECK: mbarrier.init.shared::cta.b64 [%r{{[0-9]+}}], 8;
// SM80: mbarrier.init.shared::cta.b64 [%r{{[0-9]+}}], 64;
// SM90: mbarrier.init.shared::cta.b64 [%r{{[0-9]+}}], 2;
// SM90: fence.mbarrier_init.release.cluster;
// SM80-NOT: fence
// CHECK: mbarrier.arrive.shared::cta.b64 _, [%r{{[0-9]+}}];
// SM80: WAIT:
// SM80-NEXT: mbarrier.test_wait.parity.shared::cta.b64 p,
// SM80-NEXT: @!p bra WAIT;
// SM90: mbarrier.try_wait.parity.shared::cta.b64 p,
llvm.func @barriers(%stage: i32, %parity: i32) attributes {nvvm.kernel} {
  %i = arith.index_cast %stage : i32 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<64>
  %b = spattn_gpu.barrier %m[%i] offset 8 : !spattn_gpu.memory<64>
  spattn_gpu.barrier_init %b, 8
  spattn_gpu.barrier_init %b, 2 loads
  spattn_gpu.barrier_fence
  spattn_gpu.barrier_arrive %b
  spattn_gpu.barrier_wait %b parity %parity
  llvm.return
}

// On sm_80 eight lanes copy a row of 128 bytes, and a warp four rows at once. A row past the length
// or a column past the width has a size of 0. The pieces of a row are swizzled: in each second group of four rows the target
// differs in bit 6. The map is read where the argument is, and not copied to the stack.
// CHECK-LABEL: .entry load
// SM80-NOT: .local
// SM80-DAG: ld.param.v2.b64 {%[[BASE:rd[0-9]+]], %[[ROW:rd[0-9]+]]}, [load_param_0];
// SM80-DAG: ld.param.v2.b64 {%[[HEAD:rd[0-9]+]], %[[BATCH:rd[0-9]+]]}, [load_param_0+16];
// SM80-DAG: ld.param.b32 %[[LENGTH:r[0-9]+]], [load_param_0+48];
// SM80-DAG: ld.param.b32 %[[WIDTH:r[0-9]+]], [load_param_0+40];
// SM80: setp.lt.s32 %[[P:p[0-9]+]], %[[COLUMN:r[0-9]+]], %[[WIDTH]];
// SM80-NEXT: selp.b32 %[[LEFT:r[0-9]+]], %{{r[0-9]+}}, 0, %[[P]];
// SM80-NEXT: or.b32 %[[NEXT:r[0-9]+]], %[[COLUMN]], 64;
// SM80-NEXT: setp.lt.s32 %[[P:p[0-9]+]], %[[NEXT]], %[[WIDTH]];
// SM80-NEXT: selp.b32 %[[LEFT1:r[0-9]+]], %{{r[0-9]+}}, 0, %[[P]];
// SM80: xor.b32 %[[ODD:r[0-9]+]], %{{r[0-9]+}}, 64;
// SM80: setp.gt.s32 %[[P:p[0-9]+]], %[[LEFT]], 0;
// SM80-NEXT: selp.b32 %[[SIZE:r[0-9]+]], 16, 0, %[[P]];
// SM80-NEXT: cp.async.cg.shared.global [%[[T:r[0-9]+]]+1024], [%[[S:rd[0-9]+]]], 16, %[[SIZE]];
// SM80-NEXT: setp.gt.s32 %[[P:p[0-9]+]], %[[LEFT1]], 0;
// SM80-NEXT: selp.b32 %[[SIZE:r[0-9]+]], 16, 0, %[[P]];
// SM80-NEXT: cp.async.cg.shared.global [%[[T]]+2048], [%[[S]]+128], 16, %[[SIZE]];
// SM80: setp.gt.s32 %[[P:p[0-9]+]], %[[LEFT]], 4;
// SM80-NEXT: selp.b32 %[[SIZE:r[0-9]+]], 16, 0, %[[P]];
// SM80-NEXT: cp.async.cg.shared.global [%[[T:r[0-9]+]]+1536], [%[[S:rd[0-9]+]]], 16, %[[SIZE]];
// SM80: cp.async.cg.shared.global [%[[T]]+2560], [%[[S]]+128], 16,
// SM80-NEXT: cp.async.mbarrier.arrive.noinc.shared.b64 [spattn_shared_memory+65536];
// SM90: elect.sync _|p, 0xffffffff;
// SM90-NEXT: @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [%{{r[0-9]+}}], 2048;
// SM90: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes
// SM90: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes
llvm.func @load(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}, %n: i32, %h: i32, %b: i32) attributes {nvvm.kernel} {
  %row = arith.index_cast %n : i32 to index
  %head = arith.index_cast %h : i32 to index
  %batch = arith.index_cast %b : i32 to index
  %before = spattn_gpu.alloc : !spattn_gpu.memory<16>
  %tiles = spattn_gpu.alloc : !spattn_gpu.memory<64512, alignment = 1024>
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %t = spattn_gpu.shared %tiles : !spattn_gpu.memory<64512, alignment = 1024> -> !spattn_gpu.shared<8x128xbf16>
  %full = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.load %map[%row, %head, %batch] to %t, %full : !spattn_gpu.shared<8x128xbf16>
  llvm.return
}

// A store is a load the other way round: 16 bytes of a row from shared memory, stored if there are
// such a row and column. Whoever may overwrite the tile then waits for the whole warp.
// CHECK-LABEL: .entry store
// SM80: bar.warp.sync 0xffffffff;
// SM80: ld.shared.v4.b32 {%[[V:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, [%[[T:r[0-9]+]]+1024];
// SM80: @p st.global.v4.b32 [%[[S:rd[0-9]+]]], {%[[V]]};
// SM80: ld.shared.v4.b32 {%[[V1:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, [%[[T]]+2048];
// SM80: @p st.global.v4.b32 [%{{rd[0-9]+}}], {%[[V1]]};
// SM80-COUNT-2: ld.shared.v4.b32
// SM80: bar.warp.sync 0xffffffff;
// SM90: fence.proxy.async.shared::cta;
// SM90: @p cp.async.bulk.tensor.4d.global.shared::cta.bulk_group
// SM90: cp.async.bulk.wait_group.read 0;
llvm.func @store(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}, %n: i32, %h: i32, %b: i32) attributes {nvvm.kernel} {
  %row = arith.index_cast %n : i32 to index
  %head = arith.index_cast %h : i32 to index
  %batch = arith.index_cast %b : i32 to index
  %before = spattn_gpu.alloc : !spattn_gpu.memory<16>
  %tiles = spattn_gpu.alloc : !spattn_gpu.memory<2048, alignment = 1024>
  %t = spattn_gpu.shared %tiles : !spattn_gpu.memory<2048, alignment = 1024> -> !spattn_gpu.shared<8x128xbf16>
  spattn_gpu.async_proxy_fence
  spattn_gpu.store_tile %t to %map[%row, %head, %batch] : !spattn_gpu.shared<8x128xbf16>
  spattn_gpu.store_wait
  llvm.return
}

// 24 columns are a pair of 8 and one alone; the first step adds to zeros.
// CHECK-LABEL: .entry scores
// SM80: mov.u32 %{{r[0-9]+}}, %tid.x;
// SM80-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%[[A:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, [%[[Q:r[0-9]+]]];
// SM80-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%[[B0:r[0-9]+, %r[0-9]+]], %[[B1:r[0-9]+, %r[0-9]+]]}, [%[[K:r[0-9]+]]+16384];
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%[[C0:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, {%[[A]]}, {%[[B0]]}, {%[[Z:r[0-9]+]], %[[Z]], %[[Z]], %[[Z]]};
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%{{.*}}}, {%[[A]]}, {%[[B1]]}, {%[[Z]], %[[Z]], %[[Z]], %[[Z]]};
// SM80: ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%[[B2:r[0-9]+, %r[0-9]+]]}, [%[[K]]+18432];
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%{{.*}}}, {%[[A]]}, {%[[B2]]}, {%[[Z]], %[[Z]], %[[Z]], %[[Z]]};
// The next 16 of the depth, to the same sums.
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%{{.*}}}, {%{{.*}}}, {%{{.*}}}, {%[[C0]]};
// SM80-COUNT-8: mma.sync
// SM80-NOT: mma.sync
// SM90: wgmma.fence.sync.aligned;
// SM90-COUNT-4: wgmma.mma_async.sync.aligned.m64n24k16.f32.f16.f16
// SM90: wgmma.commit_group.sync.aligned;
// SM90: wgmma.wait_group.sync.aligned 0;
// Only rows that exist are stored, and products are whole warps': LLVM must not move them there.
// CHECK: @%p{{[0-9]+}} bra
// SM80-NOT: mma.sync
// CHECK: st.global
llvm.func @scores(%group: i32, %p: !llvm.ptr, %stride: i64) attributes {nvvm.kernel} {
  %g = arith.index_cast %group : i32 to index
  %n = arith.index_cast %stride : i64 to index
  %queries = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %keys = spattn_gpu.alloc : !spattn_gpu.memory<3072, alignment = 1024>
  %q = spattn_gpu.shared %queries : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x64xf16>
  %k = spattn_gpu.shared %keys : !spattn_gpu.memory<3072, alignment = 1024> -> !spattn_gpu.shared<24x64xf16>
  spattn_gpu.mma_fence
  %s = spattn_gpu.mma %q rows %g, %k {transposed} : !spattn_gpu.shared<64x64xf16>, !spattn_gpu.shared<24x64xf16> -> !spattn_gpu.acc<64x24xf32>
  spattn_gpu.mma_commit
  %w = spattn_gpu.mma_wait 0, %s : !spattn_gpu.acc<64x24xf32>
  spattn_gpu.store %w to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x24xf32>
  llvm.return
}

// The left operand in registers: four for each 16 of the depth, which are rows of the right one,
// whose matrices are transposed. 16 rows are 2048 bytes, and the second 64 columns 4096 further.
// CHECK-LABEL: .entry output
// CHECK: cvt.rn.bf16x2.f32 %[[A0:r[0-9]+]],
// CHECK: cvt.rn.bf16x2.f32 %[[A1:r[0-9]+]],
// CHECK: cvt.rn.bf16x2.f32 %[[A2:r[0-9]+]],
// CHECK: cvt.rn.bf16x2.f32 %[[A3:r[0-9]+]],
// CHECK: cvt.rn.bf16x2.f32 %[[A4:r[0-9]+]],
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%[[B0:r[0-9]+, %r[0-9]+]], %[[B1:r[0-9]+, %r[0-9]+]]}, [%[[V:r[0-9]+]]];
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%{{.*}}}, {%[[A0]], %[[A1]], %[[A2]], %[[A3]]}, {%[[B0]]},
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%{{.*}}}, {%[[A0]], %[[A1]], %[[A2]], %[[A3]]}, {%[[B1]]},
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%{{.*}}}, [%[[V]]+4096];
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%{{.*}}}, [%[[V]]+2048];
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%{{.*}}}, {%[[A4]],
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%{{.*}}}, [%[[V]]+6144];
// SM90-COUNT-2: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: st.global
llvm.func @output(%p: !llvm.ptr, %stride: i64, %x: f32) attributes {nvvm.kernel} {
  %n = arith.index_cast %stride : i64 to index
  %values = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %v = spattn_gpu.shared %values : !spattn_gpu.memory<8192, alignment = 1024> -> !spattn_gpu.shared<32x128xbf16>
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x32xf32>
  %a = spattn_gpu.to_operand %s : !spattn_gpu.acc<64x32xf32> to !spattn_gpu.operand<64x32xbf16>
  %o = spattn_gpu.fill %x : !spattn_gpu.acc<64x128xf32>
  spattn_gpu.mma_fence
  %r = spattn_gpu.mma %a, %v acc %o : !spattn_gpu.operand<64x32xbf16>, !spattn_gpu.shared<32x128xbf16>, !spattn_gpu.acc<64x128xf32> -> !spattn_gpu.acc<64x128xf32>
  spattn_gpu.mma_commit
  %w:2 = spattn_gpu.mma_wait 0, %r, %a : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.operand<64x32xbf16>
  spattn_gpu.store %w#0 to %p stride %n rows %n as bf16 : !spattn_gpu.acc<64x128xf32>
  llvm.return
}

// What a thread does with its elements is the same for both.
// CHECK-LABEL: .entry fragments
// CHECK: bmsk.clamp.b32 %[[SEEN:r[0-9]+]], %{{r[0-9]+}}, %{{r[0-9]+}};
// CHECK: and.b32 %[[BIT:r[0-9]+]], %[[SEEN]], 1;
// CHECK-NEXT: setp.{{eq|ne}}.b32 %p{{[0-9]+}}, %[[BIT]], 0;
// CHECK-NEXT: selp.f32
// CHECK: max{{.*}}.f32
// CHECK: shfl.sync.bfly.b32 %{{r[0-9]+}}, %{{r[0-9]+}}, 1, 0x1f, 0xffffffff;
// CHECK: shfl.sync.bfly.b32 %{{r[0-9]+}}, %{{r[0-9]+}}, 2, 0x1f, 0xffffffff;
// CHECK: vote.sync.any.pred %p{{[0-9]+}}, %p{{[0-9]+}}, -1;
// CHECK: ex2.approx
// CHECK: cvt.rn.f16x2.f32
// CHECK: st.global.b32
llvm.func @fragments(%x: f32, %p: !llvm.ptr, %stride: i64, %end: i32) attributes {nvvm.kernel} {
  %n = arith.index_cast %stride : i64 to index
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %r = spattn_gpu.fill %x : !spattn_gpu.rows
  %seen = spattn_gpu.column_mask {
  ^bb0(%row: index):
    %lo = arith.index_cast %row : index to i32
    spattn_gpu.yield %lo, %end : i32, i32
  } : !spattn_gpu.column_mask<16>
  %t = spattn_gpu.mask %s, %seen : !spattn_gpu.acc<64x16xf32>
  %m0 = spattn_gpu.reduce max %t, %r : !spattn_gpu.acc<64x16xf32>
  %m = spattn_gpu.quad_reduce max %m0
  %any = spattn_gpu.any_greater %m0, %r
  llvm.cond_br %any, ^some, ^none
^some:
  %e = spattn_gpu.map (%t, %m) {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %f = math.exp2 %d : f32
    spattn_gpu.yield %f : f32
  } : (!spattn_gpu.acc<64x16xf32>, !spattn_gpu.rows) -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %e to %p stride %n rows %n as f16 : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store_rows %m to %p stride %n rows %n
  llvm.br ^none
^none:
  llvm.return
}

// Lane 0 takes a number, and the others wait for it only when they are told.
// CHECK-LABEL: .entry counter
// CHECK: and.b32 [[LANE:%r[0-9]+]], %{{r[0-9]+}}, 31;
// CHECK: setp.eq.u32 p, [[LANE]], 0;
// CHECK: @p atom.relaxed.gpu.inc.u32 [[TICKET:%r[0-9]+]], [%rd{{[0-9]+}}], -1;
// CHECK: shfl.sync.idx.b32 [[NUMBER:%r[0-9]+]], [[TICKET]], 0, 0x1f, 0xffffffff;
// CHECK: st.global.b32 [%rd{{[0-9]+}}], [[NUMBER]];
llvm.func @counter(%p: !llvm.ptr, %out: !llvm.ptr) attributes {nvvm.kernel} {
  %t = spattn_gpu.atomic_inc %p
  %n = spattn_gpu.warp_broadcast %t
  llvm.store %n, %out : i32, !llvm.ptr
  llvm.return
}

// Registers move between warps on sm_90a only.
// CHECK-LABEL: .entry threads
// CHECK: shfl.sync.idx.b32 %{{r[0-9]+}}, %{{r[0-9]+}}, 0, 0x1f, 0xffffffff;
// CHECK: bar.sync 1, 256;
// CHECK: bar.arrive %{{r[0-9]+}}, 256;
// SM90: setmaxnreg.inc.sync.aligned.u32 232;
// SM80-NOT: setmaxnreg
// CHECK: ret;
llvm.func @threads() attributes {nvvm.kernel} {
  %g = spattn_gpu.warpgroup
  spattn_gpu.named_barrier_sync 1, 256
  spattn_gpu.named_barrier_arrive 1[%g], 256
  spattn_gpu.set_max_registers 232, true
  llvm.return
}

// A transposed left operand: the 8x8 matrices of four are transposed as they are read, 16 rows
// (2,048 bytes) to a step; the lanes' rows are 8 further on from lane 16 on, and the column is that of
// the warp and, from lane 8 to 15 and 24 to 31, 8 more. sm_90a is told that both are transposed.
// CHECK-LABEL: .entry lhs_transposed
// SM80-DAG: shl.b32 %{{r[0-9]+}}, %[[BLOCK:r[0-9]+]], 12;
// SM80-DAG: bfe.u32 %[[FARTHER:r[0-9]+]], %[[THREAD:r[0-9]+]], 4, 1;
// SM80-DAG: bfe.u32 %[[RIGHT:r[0-9]+]], %[[THREAD]], 3, 1;
// SM80-DAG: and.b32 %[[WARP:r[0-9]+]], %{{r[0-9]+}}, 6;
// SM80-DAG: or.b32 %[[PIECE:r[0-9]+]], %[[WARP]], %[[RIGHT]];
// SM80-DAG: shl.b32 %{{r[0-9]+}}, %[[FARTHER]], 10;
// SM80-DAG: xor.b32 %{{r[0-9]+}}, %[[PIECE]], %{{r[0-9]+}};
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%[[A:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, [%[[S:r[0-9]+]]];
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%[[B0:r[0-9]+, %r[0-9]+]], %[[B1:r[0-9]+, %r[0-9]+]]}, [%[[K:r[0-9]+]]+8192];
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%[[C0:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, {%[[A]]}, {%[[B0]]},
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%{{.*}}}, {%[[A]]}, {%[[B1]]},
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%[[A1:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, [%[[S]]+2048];
// SM80: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%{{.*}}}, [%[[K]]+10240];
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%{{.*}}}, {%[[A1]]}, {%{{.*}}}, {%[[C0]]};
// SM90: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, da, db, p, 1, 1, 1, 1;
// SM90: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{.*}}, da, db, p, 1, 1, 1, 1;
// SM90-NOT: wgmma.mma_async
// CHECK: ret;
llvm.func @lhs_transposed(%block: i32, %p: !llvm.ptr, %stride: i64) attributes {nvvm.kernel} {
  %i = arith.index_cast %block : i32 to index
  %n = arith.index_cast %stride : i64 to index
  %scores = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %keys = spattn_gpu.alloc : !spattn_gpu.memory<4096, alignment = 1024>
  %s = spattn_gpu.shared %scores : !spattn_gpu.memory<8192, alignment = 1024> -> !spattn_gpu.shared<32x128xbf16>
  %k = spattn_gpu.shared %keys : !spattn_gpu.memory<4096, alignment = 1024> -> !spattn_gpu.shared<32x64xbf16>
  spattn_gpu.mma_fence
  %d = spattn_gpu.mma %s rows %i, %k {lhs_transposed} : !spattn_gpu.shared<32x128xbf16>, !spattn_gpu.shared<32x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  spattn_gpu.mma_commit
  %w = spattn_gpu.mma_wait 0, %d : !spattn_gpu.acc<64x64xf32>
  spattn_gpu.store %w to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x64xf32>
  llvm.return
}

// 192 numbers are 48 pieces of 16 bytes: one of each lane, then one of each lane before the 16th. The
// TMA takes them at once. Either arrives as one load.
// CHECK-LABEL: .entry words
// SM80: mbarrier.init.shared::cta.b64 [%r{{[0-9]+}}], 32;
// SM80: mad.lo.s32 %{{r[0-9]+}}, %{{r[0-9]+}}, 768, %{{r[0-9]+}};
// SM80: cp.async.cg.shared.global [%[[T:r[0-9]+]]+1024], [%[[S:rd[0-9]+]]], 16;
// SM80: setp.gt.u32 %[[P:p[0-9]+]], %{{r[0-9]+}}, 15;
// SM80: @%[[P]] bra
// SM80: add.s32 %[[T1:r[0-9]+]], %[[T]], 1536;
// SM80: add.s64 %[[S1:rd[0-9]+]], %[[S]], 512;
// SM80: cp.async.cg.shared.global [%[[T1]]], [%[[S1]]], 16;
// SM80-NOT: cp.async.cg
// SM80: cp.async.mbarrier.arrive.noinc.shared.b64 [spattn_shared_memory+65536];
// SM90: mbarrier.init.shared::cta.b64 [%r{{[0-9]+}}], 1;
// SM90: elect.sync _|p, 0xffffffff;
// SM90-NEXT: @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [%[[FULL:r[0-9]+]]], 768;
// SM90-NEXT: @p cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r{{[0-9]+}}], [%rd{{[0-9]+}}], 768, [%[[FULL]]];
// A thread's columns: two numbers side by side, 32 bytes further on for each 8 columns.
// CHECK: ld.shared.v2.b32 {%[[A:r[0-9]+]], %[[B:r[0-9]+]]}, [%[[OWN:r[0-9]+]]+1024];
// CHECK-NEXT: ld.shared.v2.b32 {%[[C:r[0-9]+]], %[[D:r[0-9]+]]}, [%[[OWN]]+1056];
// Both rows get them.
// CHECK: st.global.b32 [%[[ROW:rd[0-9]+]]], %[[A]];
// CHECK-NEXT: st.global.b32 [%[[ROW]]+4], %[[B]];
// CHECK-NEXT: st.global.b32 [%[[ROW]]+32], %[[C]];
// CHECK-NEXT: st.global.b32 [%[[ROW]]+36], %[[D]];
// CHECK: st.global.b32 [%[[ROW8:rd[0-9]+]]], %[[A]];
// CHECK-NEXT: st.global.b32 [%[[ROW8]]+4], %[[B]];
llvm.func @words(%p: !llvm.ptr, %out: !llvm.ptr, %st: i32, %stride: i64) attributes {nvvm.kernel} {
  %i = arith.index_cast %st : i32 to index
  %n = arith.index_cast %stride : i64 to index
  %words = spattn_gpu.alloc : !spattn_gpu.memory<65536>
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %full = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.barrier_init %full, 1 loads
  spattn_gpu.load_words 192 from %p to %words[%i] stride 768 offset 1024, %full : !spattn_gpu.memory<65536>
  %c = spattn_gpu.read_columns %words[%i] stride 768 offset 1024 : !spattn_gpu.memory<65536> -> !spattn_gpu.columns<16>
  %m = spattn_gpu.map(%c) {
  ^bb0(%x: f32):
    spattn_gpu.yield %x : f32
  } : (!spattn_gpu.columns<16>) -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %m to %out stride %n rows %n as f32 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// What a thread adds with one instruction lies side by side, thread by thread.
// CHECK-LABEL: .entry sums
// SM80: shl.b32 %[[T:r[0-9]+]], %{{r[0-9]+}}, 2;
// SM80: and.b32 %{{r[0-9]+}}, %[[T]], 508;
// SM80: ld.global.b32 %[[A:r[0-9]+]], [%[[P:rd[0-9]+]]];
// SM80: ld.global.b32 %[[B:r[0-9]+]], [%[[P]]+512];
// SM80: ld.global.b32 %[[C:r[0-9]+]], [%[[P]]+1024];
// SM80: ld.global.b32 %[[D:r[0-9]+]], [%[[P]]+1536];
// SM80: red.relaxed.gpu.global.add.f32 [%[[Q:rd[0-9]+]]], %[[A]];
// SM80: add.s64 %[[Q1:rd[0-9]+]], %[[Q]], 512;
// SM80: red.relaxed.gpu.global.add.f32 [%[[Q1]]], %[[B]];
// SM80: add.s64 %[[Q2:rd[0-9]+]], %[[Q]], 1024;
// SM80: red.relaxed.gpu.global.add.f32 [%[[Q2]]], %[[C]];
// SM80: add.s64 %[[Q3:rd[0-9]+]], %[[Q]], 1536;
// SM80: red.relaxed.gpu.global.add.f32 [%[[Q3]]], %[[D]];
// SM80-NOT: red.
// SM90: shl.b32 %[[T:r[0-9]+]], %{{r[0-9]+}}, 4;
// SM90: and.b32 %{{r[0-9]+}}, %[[T]], 2032;
// SM90: ld.global.v4.b32 {%[[V:r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, [%rd{{[0-9]+}}];
// SM90: red.relaxed.gpu.global.add.v4.f32 [%rd{{[0-9]+}}], {%[[V]]};
// SM90-NOT: red.
llvm.func @sums(%p: !llvm.ptr, %q: !llvm.ptr) attributes {nvvm.kernel} {
  %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x8xf32>
  spattn_gpu.add_fragment %a to %q : !spattn_gpu.acc<64x8xf32>
  llvm.return
}

// A row is read only if there is one: a branch each, and the value of the others before it.
// CHECK-LABEL: .entry load_rows
// CHECK: ld.param.b32 %[[X:r[0-9]+]], [load_rows_param_3];
// CHECK: setp.le.s64 %[[P:p[0-9]+]],
// CHECK: mov.b32 %[[R:r[0-9]+]], %[[X]];
// CHECK-NEXT: @%[[P]] bra
// CHECK: ld.global.b32 %[[R]], [%rd{{[0-9]+}}];
// CHECK: setp.le.s64 %[[P1:p[0-9]+]],
// CHECK: @%[[P1]] bra
// CHECK: ld.global.b32 %[[X]], [%rd{{[0-9]+}}];
// CHECK: st.global.b32 [%rd{{[0-9]+}}], %[[R]];
// CHECK: st.global.b32 [%rd{{[0-9]+}}], %[[X]];
llvm.func @load_rows(%p: !llvm.ptr, %stride: i64, %rows: i64, %x: f32) attributes {nvvm.kernel} {
  %n = arith.index_cast %stride : i64 to index
  %r = arith.index_cast %rows : i64 to index
  %v = spattn_gpu.load_rows %p stride %n rows %r else %x
  spattn_gpu.store_rows %v to %p stride %n rows %r
  llvm.return
}

// A row block is 8,192 bytes, and 8 rows 1,024. The pieces of 8 columns are where the swizzle put
// them: xor of the row. An operand is written there as it is.
// CHECK-LABEL: .entry read_and_write
// CHECK: shl.b32 %{{r[0-9]+}}, %{{r[0-9]+}}, 13;
// CHECK: shl.b32 %[[SWAP:r[0-9]+]], %{{r[0-9]+}}, 4;
// CHECK: ld.shared.b32 %[[BOTH:r[0-9]+]], [%[[OWN:r[0-9]+]]];
// CHECK-NEXT: shl.b32 %[[L:r[0-9]+]], %[[BOTH]], 16;
// CHECK-NEXT: and.b32 %[[H:r[0-9]+]], %[[BOTH]], -65536;
// CHECK-NEXT: ld.shared.b32 {{.*}}, [%[[OWN]]+1024];
// CHECK: xor.b32 %[[NEXT:r[0-9]+]], %[[SWAP]], 16;
// CHECK-NEXT: add.s32 %[[OWN1:r[0-9]+]], %{{r[0-9]+}}, %[[NEXT]];
// CHECK-NEXT: ld.shared.b32 {{.*}}, [%[[OWN1]]];
// CHECK: cvt.rn.bf16x2.f32 %[[PAIR:r[0-9]+]], %[[H]], %[[L]];
// SM80: st.shared.b32 [%{{r[0-9]+}}+16384], %[[PAIR]];
// SM80-COUNT-15: st.shared.b32
// SM80-NOT: st.shared
// A lane gives the address of a row of one of four matrices: the lower 16 lanes of the first 8 columns.
// SM90: xor.b32 %[[ROWS:r[0-9]+]], %{{r[0-9]+}}, %{{r[0-9]+}};
// SM90: stmatrix.sync.aligned.m8n8.x4.shared.b16 [%{{r[0-9]+}}], {%[[PAIR]],
// SM90-COUNT-3: stmatrix
// SM90-NOT: stmatrix
llvm.func @read_and_write(%block: i32) attributes {nvvm.kernel} {
  %i = arith.index_cast %block : i32 to index
  %zero = arith.constant 0 : index
  %read = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %written = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %t = spattn_gpu.shared %read : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<128x64xbf16>
  %u = spattn_gpu.shared %written : !spattn_gpu.memory<8192, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  %a = spattn_gpu.read %t[%i] : !spattn_gpu.shared<128x64xbf16> to !spattn_gpu.acc<64x64xf32>
  %o = spattn_gpu.to_operand %a : !spattn_gpu.acc<64x64xf32> to !spattn_gpu.operand<64x64xbf16>
  spattn_gpu.write %o to %u[%zero] : !spattn_gpu.operand<64x64xbf16>, !spattn_gpu.shared<64x64xbf16>
  llvm.return
}
