// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm | FileCheck %s

// CHECK: llvm.mlir.global external @spattn_shared_memory() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

// Allocations lie one behind the other, each at a multiple of its alignment. What is allocated is
// named where it is allocated; a kernel's allocations do not depend on another's.
// CHECK-LABEL: @allocations
// CHECK: %[[A:.*]] = llvm.mlir.addressof @spattn_shared_memory : !llvm.ptr<3>
// CHECK: %[[B0:.*]] = llvm.mlir.addressof @spattn_shared_memory
// CHECK: %[[B:.*]] = llvm.getelementptr %[[B0]][32] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
// CHECK: %[[C0:.*]] = llvm.mlir.addressof @spattn_shared_memory
// CHECK: %[[C:.*]] = llvm.getelementptr %[[C0]][1024] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
// CHECK: llvm.ptrtoint %[[A]] : !llvm.ptr<3> to i32
// CHECK: %[[B1:.*]] = llvm.getelementptr %[[B]][8]
// CHECK: llvm.ptrtoint %[[B1]] : !llvm.ptr<3> to i32
// CHECK: %[[STAGE:.*]] = arith.muli %{{.*}}, %c8192_i32 : i32
// CHECK: %[[TILE:.*]] = llvm.getelementptr %[[C]][%[[STAGE]]] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
// CHECK: llvm.load
llvm.func @allocations(%stage: i32) {
  %a = spattn_gpu.alloc : !spattn_gpu.memory<24>
  %b = spattn_gpu.alloc : !spattn_gpu.memory<64>
  %c = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %i = arith.index_cast %stage : i32 to index
  %x = spattn_gpu.barrier %a : !spattn_gpu.memory<24>
  spattn_gpu.barrier_arrive %x
  %y = spattn_gpu.barrier %b offset 8 : !spattn_gpu.memory<64>
  spattn_gpu.barrier_arrive %y
  %t = spattn_gpu.shared %c[%i] : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  %r = spattn_gpu.read %t[%i] : !spattn_gpu.shared<64x64xbf16> to !spattn_gpu.acc<64x64xf32>
  llvm.return
}

// CHECK-LABEL: @barriers
// CHECK: llvm.mlir.addressof @spattn_shared_memory : !llvm.ptr<3>
// CHECK: mbarrier.init.shared::cta.b64 [$0], 8;
// A load arrives once.
// CHECK: mbarrier.init.shared::cta.b64 [$0], 2;
// CHECK: fence.mbarrier_init.release.cluster;
// CHECK: mbarrier.arrive.shared::cta.b64 _, [$0];
// CHECK: mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1;
llvm.func @barriers(%stage: i32, %parity: i32) {
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

// One lane of the warp copies, a chunk of 64 columns at a time. The barrier expects all bytes
// before any arrive.
// CHECK-LABEL: @load
// CHECK-DAG: arith.constant 0 : i32
// CHECK-DAG: arith.constant 64 : i32
// CHECK: elect.sync _|p, 0xffffffff;
// CHECK-SAME: @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 16384;
// CHECK-SAME: add.s32 target, $5, 0;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [target], [$1, {$6, $2, $3, $4}], [$0];
// CHECK-SAME: add.s32 target, $5, 8192;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [target], [$1, {$7, $2, $3, $4}], [$0];
// CHECK-NOT: cp.async.bulk
llvm.func @load(%map: !llvm.ptr, %n: i32) {
  %i = arith.index_cast %n : i32 to index
  %tiles = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %t = spattn_gpu.shared %tiles : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x128xbf16>
  %b = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.load %map[%i, %i, %i] to %t, %b : !spattn_gpu.shared<64x128xbf16>
  llvm.return
}

// Cache policies, which stay what they are.
// CHECK-LABEL: @load_with_hint
// CHECK: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [target], [$1, {$6, $2, $3, $4}], [$0], 0x12F0000000000000;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [target], [$1, {$7, $2, $3, $4}], [$0], 0x12F0000000000000;
// CHECK: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [target], [$1, {$6, $2, $3, $4}], [$0], 0x14F0000000000000;
llvm.func @load_with_hint(%map: !llvm.ptr, %n: i32) {
  %i = arith.index_cast %n : i32 to index
  %tiles = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %t = spattn_gpu.shared %tiles : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x128xbf16>
  %b = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.load %map[%i, %i, %i] to %t, %b evict first : !spattn_gpu.shared<64x128xbf16>
  spattn_gpu.load %map[%i, %i, %i] to %t, %b evict last : !spattn_gpu.shared<64x128xbf16>
  llvm.return
}

// A box for each page and chunk, to where the rows of the page are in the tile.
// CHECK-LABEL: @load_pages
// CHECK: llvm.inline_asm
// CHECK-SAME: elect.sync _|p, 0xffffffff;
// CHECK-SAME: @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 16384;
// CHECK-SAME: add.s32 target, $4, 0;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [target], [$1, {$7, $2, $3, $5}], [$0];
// CHECK-SAME: add.s32 target, $4, 4096;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [target], [$1, {$7, $2, $3, $6}], [$0];
// CHECK-SAME: add.s32 target, $4, 8192;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [target], [$1, {$8, $2, $3, $5}], [$0];
// CHECK-SAME: add.s32 target, $4, 12288;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [target], [$1, {$8, $2, $3, $6}], [$0];
// CHECK-NOT: cp.async.bulk
llvm.func @load_pages(%map: !llvm.ptr, %n: i32, %page: i32, %other: i32) {
  %i = arith.index_cast %n : i32 to index
  %tiles = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %t = spattn_gpu.shared %tiles : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x128xbf16>
  %b = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.load_pages %map[%i, %i] pages %page, %other to %t, %b : !spattn_gpu.shared<64x128xbf16>
  llvm.return
}

// Scores: both operands in shared memory, 64 deep is four steps of 32 bytes, and the first one
// overwrites. The operands of the assembly: 8 results, two descriptors, 8 ties.
// CHECK-LABEL: @scores
// CHECK: wgmma.fence.sync.aligned;
// CHECK: llvm.mlir.poison : f32
// CHECK: setp.ne.b32 p, 0, 0;
// CHECK-SAME: add.s64 db, $9, 0;
// CHECK-SAME: add.s64 da, $8, 0;
// CHECK-SAME: wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {$0, $1, $2, $3, $4, $5, $6, $7}, da, db, p, 1, 1, 0, 0;
// CHECK-SAME: setp.ne.b32 p, 1, 0;
// CHECK-SAME: add.s64 db, $9, 2;
// CHECK-SAME: add.s64 db, $9, 6;
// CHECK-SAME: "=f,=f,=f,=f,=f,=f,=f,=f,l,l,0,1,2,3,4,5,6,7"
// CHECK: wgmma.commit_group.sync.aligned;
// The wait passes on what it guards.
// CHECK: wgmma.wait_group.sync.aligned 0;{{.*}} "=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7,~{memory}"
llvm.func @scores(%group: i32, %p: !llvm.ptr, %stride: i64) {
  %g = arith.index_cast %group : i32 to index
  %n = arith.index_cast %stride : i64 to index
  %queries = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %keys = spattn_gpu.alloc : !spattn_gpu.memory<2048, alignment = 1024>
  %q = spattn_gpu.shared %queries : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<128x64xbf16>
  %k = spattn_gpu.shared %keys : !spattn_gpu.memory<2048, alignment = 1024> -> !spattn_gpu.shared<16x64xbf16>
  spattn_gpu.mma_fence
  %s = spattn_gpu.mma %q rows %g, %k {transposed} : !spattn_gpu.shared<128x64xbf16>, !spattn_gpu.shared<16x64xbf16> -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.mma_commit
  %w = spattn_gpu.mma_wait 0, %s : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %w to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// Output: the left operand in registers, 16 rows of 128 bytes to a step, the right one transposed.
// CHECK-LABEL: @output
// CHECK-COUNT-8: cvt.rn.bf16x2.f32 $0, $1, $2;
// CHECK: add.s64 db, $40, 0;
// CHECK-SAME: {$32, $33, $34, $35}, db, p, 1, 1, 1;
// CHECK-SAME: add.s64 db, $40, 128;
// CHECK-SAME: {$36, $37, $38, $39}, db, p, 1, 1, 1;
llvm.func @output(%p: !llvm.ptr, %stride: i64, %x: f32) {
  %n = arith.index_cast %stride : i64 to index
  %values = spattn_gpu.alloc : !spattn_gpu.memory<4096, alignment = 1024>
  %v = spattn_gpu.shared %values : !spattn_gpu.memory<4096, alignment = 1024> -> !spattn_gpu.shared<32x64xbf16>
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x32xf32>
  %a = spattn_gpu.to_operand %s : !spattn_gpu.acc<64x32xf32> to !spattn_gpu.operand<64x32xbf16>
  %o = spattn_gpu.fill %x : !spattn_gpu.acc<64x64xf32>
  %r = spattn_gpu.mma %a, %v acc %o : !spattn_gpu.operand<64x32xbf16>, !spattn_gpu.shared<32x64xbf16>, !spattn_gpu.acc<64x64xf32> -> !spattn_gpu.acc<64x64xf32>
  spattn_gpu.mma_commit
  %w:2 = spattn_gpu.mma_wait 0, %r, %a : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.operand<64x32xbf16>
  spattn_gpu.store %w#0 to %p stride %n rows %n as bf16 : !spattn_gpu.acc<64x64xf32>
  llvm.return
}

// A fragment carried by a loop is one value for each register; rows are two.
// CHECK-LABEL: @loop
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (f32, f32, f32, f32, f32, f32)
// CHECK-COUNT-4: arith.mulf
// CHECK: arith.maxnumf
// CHECK: shfl.sync.bfly.b32 $0, $1, 1, 0x1f, 0xffffffff;
// CHECK: shfl.sync.bfly.b32 $0, $1, 2, 0x1f, 0xffffffff;
llvm.func @loop(%x: f32, %count: i32, %p: !llvm.ptr, %stride: i64) {
  %n = arith.index_cast %stride : i64 to index
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %a0 = spattn_gpu.fill %x : !spattn_gpu.acc<64x8xf32>
  %r0 = spattn_gpu.fill %x : !spattn_gpu.rows
  %a, %r = scf.for %i = %c0 to %count step %c1 iter_args(%a1 = %a0, %r1 = %r0) -> (!spattn_gpu.acc<64x8xf32>, !spattn_gpu.rows) : i32 {
    %a2 = spattn_gpu.map(%a1, %r1) {
    ^bb0(%e: f32, %f: f32):
      %g = arith.mulf %e, %f : f32
      spattn_gpu.yield %g : f32
    } : (!spattn_gpu.acc<64x8xf32>, !spattn_gpu.rows) -> !spattn_gpu.acc<64x8xf32>
    %r2 = spattn_gpu.reduce max %a2, %r1 : !spattn_gpu.acc<64x8xf32>
    %r3 = spattn_gpu.quad_reduce max %r2
    scf.yield %a2, %r3 : !spattn_gpu.acc<64x8xf32>, !spattn_gpu.rows
  }
  spattn_gpu.store %a to %p stride %n rows %n as f16 : !spattn_gpu.acc<64x8xf32>
  spattn_gpu.store_rows %r to %p stride %n rows %n
  llvm.return
}

// Limits are evaluated for the thread's two rows, and become bits; a register
// takes one test.
// CHECK-LABEL: @mask
// CHECK-COUNT-2: "bmsk.clamp.b32 $0, $1, $2;"
// CHECK: %[[C:.*]] = arith.constant 1 : i32
// CHECK: %[[BIT:.*]] = arith.andi %{{.*}}, %[[C]]
// CHECK: arith.cmpi ne, %[[BIT]]
// CHECK-COUNT-8: arith.select
llvm.func @mask(%x: f32, %p: !llvm.ptr, %stride: i64) {
  %n = arith.index_cast %stride : i64 to index
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %seen = spattn_gpu.column_mask {
  ^bb0(%row: index):
    %lo = arith.constant 3 : i32
    %hi = arith.index_cast %row : index to i32
    spattn_gpu.yield %lo, %hi : i32, i32
  } : !spattn_gpu.column_mask<16>
  %m = spattn_gpu.mask %s, %seen : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %m to %p stride %n rows %n as bf16 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// A pair of columns is 8 after the last; its bits repeat every two pairs, and
// are copied to the others of a word. Other moduli go through all pairs.
// CHECK-LABEL: @residues
// CHECK: arith.constant 15 : i32
// CHECK: arith.andi
// CHECK-COUNT-4: arith.select
// CHECK: arith.constant 4 : i32
// CHECK-NEXT: arith.shli
// CHECK-LABEL: @other_residues
// CHECK: arith.remsi
// CHECK-COUNT-4: arith.select
// CHECK-NOT: arith.shli %{{.*}}, %{{.*}} : i32
// CHECK: llvm.return
llvm.func @residues(%x: f32, %p: !llvm.ptr, %stride: i64) {
  %n = arith.index_cast %stride : i64 to index
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %seen = spattn_gpu.column_mask {
  ^bb0(%row: index):
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<16>
  %some = spattn_gpu.residue_mask %seen {
  ^bb0(%row: index):
    %modulus = arith.constant 16 : i32
    %width = arith.constant 1 : i32
    %start = arith.index_cast %row : index to i32
    spattn_gpu.yield %modulus, %start, %width : i32, i32, i32
  } : !spattn_gpu.column_mask<16>
  %m = spattn_gpu.mask %s, %some : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %m to %p stride %n rows %n as bf16 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}
llvm.func @other_residues(%x: f32, %p: !llvm.ptr, %stride: i64, %modulus: i32) {
  %n = arith.index_cast %stride : i64 to index
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %seen = spattn_gpu.column_mask {
  ^bb0(%row: index):
    spattn_gpu.yield
  } : !spattn_gpu.column_mask<16>
  %some = spattn_gpu.residue_mask %seen {
  ^bb0(%row: index):
    %width = arith.constant 1 : i32
    %start = arith.index_cast %row : index to i32
    spattn_gpu.yield %modulus, %start, %width : i32, i32, i32
  } : !spattn_gpu.column_mask<16>
  %m = spattn_gpu.mask %s, %some : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %m to %p stride %n rows %n as bf16 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// The bits of one mask without those of another.
// CHECK-LABEL: @mask_difference
// CHECK: %[[OTHERS:.*]] = arith.xori %{{.*}}, %{{.*}} : i32
// CHECK: arith.andi %{{.*}}, %[[OTHERS]] : i32
llvm.func @mask_difference(%x: f32, %p: !llvm.ptr, %stride: i64) {
  %n = arith.index_cast %stride : i64 to index
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %seen = spattn_gpu.column_mask {
  ^bb0(%row: index):
    %lo = arith.constant 3 : i32
    %hi = arith.index_cast %row : index to i32
    spattn_gpu.yield %lo, %hi : i32, i32
  } : !spattn_gpu.column_mask<16>
  %all = spattn_gpu.column_mask with %seen : !spattn_gpu.column_mask<16> {
  ^bb0(%row: index):
    %lo = arith.constant 9 : i32
    %hi = arith.constant 16 : i32
    spattn_gpu.yield %lo, %hi : i32, i32
  } : !spattn_gpu.column_mask<16>
  %rest = spattn_gpu.column_mask_difference %all, %seen : !spattn_gpu.column_mask<16>
  %m = spattn_gpu.mask %s, %rest : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %m to %p stride %n rows %n as bf16 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// A lane asks, and the others are told.
// CHECK-LABEL: @counter
// CHECK: llvm.inline_asm has_side_effects {{.*}}@p atom.relaxed.gpu.inc.u32 $0, [$1], -1;
// CHECK: shfl.sync.idx.b32 $0, $1, 0, 0x1f, 0xffffffff;
llvm.func @counter(%p: !llvm.ptr) -> i32 {
  %t = spattn_gpu.atomic_inc %p
  %n = spattn_gpu.warp_broadcast %t
  llvm.return %n : i32
}

// CHECK-LABEL: @threads
// CHECK: shfl.sync.idx.b32 $0, $1, 0, 0x1f, 0xffffffff;
// CHECK: bar.sync 1, 256;
// CHECK: bar.sync $0, 256;
// CHECK: bar.arrive $0, 256;
// CHECK: setmaxnreg.dec.sync.aligned.u32 40;
// CHECK: setmaxnreg.inc.sync.aligned.u32 232;
llvm.func @threads() {
  %g = spattn_gpu.warpgroup
  spattn_gpu.named_barrier_sync 1, 256
  spattn_gpu.named_barrier_sync 1[%g], 256
  spattn_gpu.named_barrier_arrive 1[%g], 256
  spattn_gpu.set_max_registers 40, false
  spattn_gpu.set_max_registers 232, true
  llvm.return
}

// A wait that comes after a computation is behind a branch that needs it:
// ptxas moves waits up.
// CHECK-LABEL: @wait_after
// CHECK: setp.lt.f32 p, sum, 0f00000000;
// CHECK-SAME: @!p bra READY;
// CHECK-SAME: wgmma.wait_group.sync.aligned 0;
llvm.func @wait_after(%x: f32, %p: !llvm.ptr, %stride: i64) {
  %n = arith.index_cast %stride : i64 to index
  %o = spattn_gpu.fill %x : !spattn_gpu.acc<64x8xf32>
  %sum = spattn_gpu.fill %x : !spattn_gpu.rows
  %w = spattn_gpu.mma_wait 0, %o : !spattn_gpu.acc<64x8xf32> after %sum
  spattn_gpu.store %w to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x8xf32>
  llvm.return
}

// CHECK-LABEL: @stores
// CHECK-COUNT-8: stmatrix
// CHECK: fence.proxy.async.shared::cta;
// CHECK: elect.sync _|p, 0xffffffff;
// CHECK-SAME: @p cp.async.bulk.tensor.4d.global.shared::cta.bulk_group
// CHECK-SAME: @p cp.async.bulk.commit_group;
// CHECK: cp.async.bulk.wait_group.read 0;
// Rows of 64 bytes, 16 at a time.
// CHECK: scf.for
// CHECK: llvm.store {{.*}} {alignment = 16 : i64} : vector<8xbf16>, !llvm.ptr
llvm.func @stores(%x: f32, %p: !llvm.ptr, %stride: i64, %zero: bf16) {
  %n = arith.index_cast %stride : i64 to index
  %o = spattn_gpu.fill %x : !spattn_gpu.acc<64x128xf32>
  %m = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.write %o to %t[%n] : !spattn_gpu.acc<64x128xf32>, !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.async_proxy_fence
  spattn_gpu.store_tile %t to %p[%n, %n, %n] : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.store_wait
  spattn_gpu.store_fill %zero to %p stride %n rows %n columns 32 : bf16
  llvm.return
}

// A tile of zeros, which the TMA stores from a column on.
// CHECK-LABEL: @zero_fill
// CHECK: scf.for
// CHECK: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
// CHECK: fence.proxy.async.shared::cta;
// CHECK-SAME: bar.warp.sync 0xffffffff;
// CHECK: %[[COLUMN:.*]] = arith.constant 64 : i32
// CHECK: cp.async.bulk.tensor.4d.global.shared::cta.bulk_group
// CHECK-SAME: %[[COLUMN]]
llvm.func @zero_fill(%p: !llvm.ptr, %row: i64) {
  %n = arith.index_cast %row : i64 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<128x64xbf16>
  spattn_gpu.clear_tile %t : !spattn_gpu.shared<128x64xbf16>
  spattn_gpu.store_tile %t to %p[%n, %n, %n] column 64 : !spattn_gpu.shared<128x64xbf16>
  llvm.return
}

// Rows from a number on, 16 bytes a lane, before all lanes' fence and one's arrival.
// CHECK-LABEL: @ragged
// CHECK: scf.for
// CHECK: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
// CHECK: fence.proxy.async.shared::cta;
// CHECK-SAME: bar.warp.sync 0xffffffff;
// CHECK-SAME: @p mbarrier.arrive.shared::cta.b64 _, [$0];
// CHECK: arith.minsi
// CHECK: scf.for
// CHECK: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xi32>
// CHECK: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr
// CHECK: bar.warp.sync 0xffffffff;
llvm.func @ragged(%p: !llvm.ptr, %stride: i64) {
  %n = arith.index_cast %stride : i64 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  %bm = spattn_gpu.alloc : !spattn_gpu.memory<16>
  %full = spattn_gpu.barrier %bm : !spattn_gpu.memory<16>
  spattn_gpu.finish_load %t rows %n, %full : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.store_tile_rows %t to %p stride %n rows %n columns 72 : !spattn_gpu.shared<128x128xbf16>
  llvm.return
}

// CHECK-LABEL: @words
// CHECK: scf.if
// CHECK-COUNT-2: llvm.store {{.*}} : i32, !llvm.ptr<3>
// CHECK-COUNT-2: shfl.sync.idx.b32 $0, $1, 0, 0x1f, 0xffffffff;
llvm.func @words(%stage: i32, %a: i32, %b: i32, %p: !llvm.ptr) {
  %n = arith.index_cast %stage : i32 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<512>
  spattn_gpu.write_words %m[%n] stride 256, %a, %b : !spattn_gpu.memory<512>
  %c, %d = spattn_gpu.read_words %m[%n] stride 256 uniform : !spattn_gpu.memory<512> -> i32, i32
  llvm.store %c, %p : i32, !llvm.ptr
  llvm.store %d, %p : i32, !llvm.ptr
  llvm.return
}

// A lane for each key, up to 32 at a time; as many values come behind them.
// CHECK-LABEL: @lookup
// CHECK: arith.minui %{{.*}}, %{{.*}}
// CHECK: %[[KEY:.*]] = llvm.load {{.*}} : !llvm.ptr<3> -> i32
// CHECK: arith.cmpi sle, %[[KEY]], %arg1
// CHECK: nvvm.vote.sync ballot
// CHECK: math.ctpop
// CHECK: nvvm.vote.sync ballot
// CHECK: %[[VALID:.*]] = arith.constant 255 : i32
// CHECK: arith.andi %{{.*}}, %[[VALID]]
// CHECK: math.ctpop
// CHECK: llvm.load {{.*}} : !llvm.ptr<3> -> i32
// CHECK-NOT: llvm.load
llvm.func @lookup(%stage: i32, %n: i32, %p: !llvm.ptr) {
  %i = arith.index_cast %stage : i32 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<2048>
  %v = spattn_gpu.lookup %n in 40 of %m[%i] stride 512 offset 1024 : !spattn_gpu.memory<2048>
  llvm.store %v, %p : i32, !llvm.ptr
  llvm.return
}

// A transposed left operand: 16 rows of 128 bytes to a step for both, a chunk of 64 columns to a row
// block, and both transposed. The descriptors, 128-byte swizzle and 1,024 bytes from 8 rows to the
// next, have the size of a chunk: 4,096 bytes.
// CHECK-LABEL: @lhs_transposed
// CHECK: llvm.mlir.constant(4611686293322072064 : i64)
// CHECK: %[[CHUNK:.*]] = arith.constant 4096 : i32
// CHECK: arith.muli %{{.*}}, %[[CHUNK]] : i32
// CHECK: llvm.mlir.constant(4611686293322072064 : i64)
// CHECK: add.s64 db, $33, 0;
// CHECK-SAME: add.s64 da, $32, 0;
// CHECK-SAME: {{[}]}}, da, db, p, 1, 1, 1, 1;
// CHECK-SAME: add.s64 db, $33, 128;
// CHECK-SAME: add.s64 da, $32, 128;
// CHECK-SAME: {{[}]}}, da, db, p, 1, 1, 1, 1;
// The same with the right one transposed in memory: 16 columns are 32 bytes.
// CHECK: add.s64 db, $9, 0;
// CHECK-SAME: add.s64 da, $8, 0;
// CHECK-SAME: {{[}]}}, da, db, p, 1, 1, 1, 0;
// CHECK-SAME: add.s64 db, $9, 2;
// CHECK-SAME: add.s64 da, $8, 128;
llvm.func @lhs_transposed(%block: i32, %p: !llvm.ptr, %stride: i64) {
  %i = arith.index_cast %block : i32 to index
  %n = arith.index_cast %stride : i64 to index
  %ms = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %mk = spattn_gpu.alloc : !spattn_gpu.memory<4096, alignment = 1024>
  %mt = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %mu = spattn_gpu.alloc : !spattn_gpu.memory<2048, alignment = 1024>
  %s = spattn_gpu.shared %ms : !spattn_gpu.memory<8192, alignment = 1024> -> !spattn_gpu.shared<32x128xbf16>
  %k = spattn_gpu.shared %mk : !spattn_gpu.memory<4096, alignment = 1024> -> !spattn_gpu.shared<32x64xbf16>
  %d = spattn_gpu.mma %s rows %i, %k {lhs_transposed} : !spattn_gpu.shared<32x128xbf16>, !spattn_gpu.shared<32x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  spattn_gpu.mma_commit
  %w = spattn_gpu.mma_wait 0, %d : !spattn_gpu.acc<64x64xf32>
  spattn_gpu.store %w to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x64xf32>
  %t = spattn_gpu.shared %mt : !spattn_gpu.memory<8192, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  %u = spattn_gpu.shared %mu : !spattn_gpu.memory<2048, alignment = 1024> -> !spattn_gpu.shared<16x64xbf16>
  %e = spattn_gpu.mma %t rows %i, %u {lhs_transposed, transposed} : !spattn_gpu.shared<64x64xbf16>, !spattn_gpu.shared<16x64xbf16> -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.mma_commit
  %v = spattn_gpu.mma_wait 0, %e : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %v to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// One lane copies; the barrier expects the bytes first.
// CHECK-LABEL: @load_words
// CHECK: llvm.getelementptr %{{.*}}[1024]
// CHECK: arith.muli %{{.*}}, %c256_i32
// CHECK: elect.sync _|p, 0xffffffff;
// CHECK-SAME: @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 256;
// CHECK-SAME: @p cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [$1], [$2], 256, [$0];
// CHECK-NOT: cp.async
llvm.func @load_words(%p: !llvm.ptr, %stage: i32) {
  %i = arith.index_cast %stage : i32 to index
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %words = spattn_gpu.alloc : !spattn_gpu.memory<2048>
  %full = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.load_words 64 from %p to %words[%i] stride 256 offset 1024, %full : !spattn_gpu.memory<2048>
  llvm.return
}

// Of columns a thread has two in eight, which are those of both its rows. Of rows it has two: the
// registers of 8 columns are (row, column), (row, column + 1), and the same 8 rows below.
// CHECK-LABEL: @columns
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: %[[COLUMN:.*]] = arith.muli %{{.*}}, %c2_i32 : i32
// CHECK: %[[BYTES:.*]] = arith.muli %[[COLUMN]], %c4_i32 : i32
// CHECK: %[[OWN:.*]] = llvm.getelementptr %{{.*}}[%[[BYTES]]] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
// CHECK: %[[AB:.*]] = llvm.load %[[OWN]] {alignment = 8 : i64} : !llvm.ptr<3> -> vector<2xf32>
// CHECK: %[[A:.*]] = llvm.extractelement %[[AB]][%c0
// CHECK: %[[B:.*]] = llvm.extractelement %[[AB]][%c1
// CHECK: llvm.getelementptr %[[OWN]][32]
// CHECK: %[[CD:.*]] = llvm.load
// CHECK: %[[C:.*]] = llvm.extractelement %[[CD]][%c0
// CHECK: %[[D:.*]] = llvm.extractelement %[[CD]][%c1
// CHECK: arith.divf %[[A]], %[[X:.*]] : f32
// CHECK: arith.divf %[[B]], %[[X]] : f32
// CHECK: arith.divf %[[A]], %[[Y:.*]] : f32
// CHECK: arith.divf %[[B]], %[[Y]] : f32
// CHECK: arith.divf %[[C]], %[[X]] : f32
// CHECK: arith.divf %[[D]], %[[X]] : f32
// CHECK: arith.divf %[[C]], %[[Y]] : f32
// CHECK: arith.divf %[[D]], %[[Y]] : f32
// CHECK-NOT: arith.divf
llvm.func @columns(%p: !llvm.ptr, %stage: i32, %stride: i64, %x: f32) {
  %i = arith.index_cast %stage : i32 to index
  %n = arith.index_cast %stride : i64 to index
  %words = spattn_gpu.alloc : !spattn_gpu.memory<512>
  %c = spattn_gpu.read_columns %words[%i] stride 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<16>
  %r = spattn_gpu.load_rows %p stride %n rows %n else %x
  %m = spattn_gpu.map(%c, %r) {
  ^bb0(%y: f32, %z: f32):
    %q = arith.divf %y, %z : f32
    spattn_gpu.yield %q : f32
  } : (!spattn_gpu.columns<16>, !spattn_gpu.rows) -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.store %m to %p stride %n rows %n as f32 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// Columns are carried by loops as other fragments are.
// CHECK-LABEL: @carried
// CHECK: scf.for {{.*}} -> (f32, f32, f32, f32)
llvm.func @carried(%x: f32, %count: i32, %p: !llvm.ptr) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %i = arith.constant 0 : index
  %words = spattn_gpu.alloc : !spattn_gpu.memory<512>
  %c = spattn_gpu.read_columns %words[%i] stride 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<16>
  %d = scf.for %n = %c0 to %count step %c1 iter_args(%e = %c) -> (!spattn_gpu.columns<16>) : i32 {
    %f = spattn_gpu.read_columns %words[%i] stride 256 offset 256 : !spattn_gpu.memory<512> -> !spattn_gpu.columns<16>
    scf.yield %f : !spattn_gpu.columns<16>
  }
  %m = spattn_gpu.map(%d) {
  ^bb0(%y: f32):
    spattn_gpu.yield %y : f32
  } : (!spattn_gpu.columns<16>) -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.add_fragment %m to %p : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// Rows past the end are not read.
// CHECK-LABEL: @load_rows
// CHECK-SAME: %[[ELSE:[a-z0-9]+]]: f32
// CHECK-COUNT-2: scf.if {{.*}} -> (f32)
// CHECK: } else {
// CHECK-NEXT: scf.yield %[[ELSE]] : f32
llvm.func @load_rows(%p: !llvm.ptr, %stride: i64, %rows: i64, %x: f32) {
  %n = arith.index_cast %stride : i64 to index
  %r = arith.index_cast %rows : i64 to index
  %v = spattn_gpu.load_rows %p stride %n rows %r else %x
  spattn_gpu.store_rows %v to %p stride %n rows %r
  llvm.return
}

// A word for each of a thread's columns, of which those past the end are the last one.
// CHECK-LABEL: @load_columns
// CHECK: %[[LAST:.*]] = arith.subi %{{.*}}, %{{.*}} : i32
// CHECK-COUNT-4: arith.minsi %{{.*}}, %[[LAST]] : i32
// CHECK-NOT: arith.minsi
llvm.func @load_columns(%p: !llvm.ptr, %stride: i64, %count: i64) {
  %n = arith.index_cast %stride : i64 to index
  %r = arith.index_cast %count : i64 to index
  %v = spattn_gpu.load_columns %p stride %n count %r : !spattn_gpu.columns<16>
  %m = spattn_gpu.map(%v) {
  ^bb0(%y: f32):
    spattn_gpu.yield %y : f32
  } : (!spattn_gpu.columns<16>) -> !spattn_gpu.acc<64x16xf32>
  spattn_gpu.add_fragment %m to %p : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// Four elements of a thread, then those of the others: 2,048 bytes for 128 threads.
// CHECK-LABEL: @fragments_in_memory
// CHECK: llvm.load %[[OWN:.*]] {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: llvm.getelementptr %[[OWN]]{{.*}}[2048]
// CHECK: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK-COUNT-2: red.relaxed.gpu.global.add.v4.f32 [$0], {$1, $2, $3, $4};
// CHECK-NOT: red.
llvm.func @fragments_in_memory(%p: !llvm.ptr, %q: !llvm.ptr) {
  %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.add_fragment %a to %q : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// From shared memory as from global memory. An overlaid allocation is at the beginning again.
// CHECK-LABEL: @fragments_in_shared_memory
// CHECK-NOT: llvm.getelementptr %{{.*}}[1024]
// CHECK: arith.muli %{{.*}}, %c4096_i32
// CHECK: llvm.load %[[OWN:.*]] {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xf32>
// CHECK: llvm.getelementptr %[[OWN]]{{.*}}[2048]
// CHECK: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xf32>
// CHECK-NOT: llvm.load
llvm.func @fragments_in_shared_memory(%q: !llvm.ptr, %stage: i32) {
  %i = arith.index_cast %stage : i32 to index
  %before = spattn_gpu.alloc : !spattn_gpu.memory<1024>
  %sums = spattn_gpu.alloc overlaid : !spattn_gpu.memory<8192>
  %a = spattn_gpu.read_fragment %sums[%i] stride 4096 : !spattn_gpu.memory<8192> to !spattn_gpu.acc<64x16xf32>
  spattn_gpu.add_fragment %a to %q : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// In shared memory they lie as they would be added up; one lane starts the addition.
// CHECK-LABEL: @staged_sums
// CHECK: llvm.getelementptr %{{.*}}[1024]
// CHECK: arith.muli %{{.*}}, %c4096_i32
// CHECK: llvm.store %{{.*}}, %[[OWN:.*]] {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK: llvm.getelementptr %{{.*}}[2048]
// CHECK: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK-NOT: llvm.store
// CHECK: elect.sync _|p, 0xffffffff;
// CHECK-SAME: @p cp.reduce.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.add.f32 [$0], [$1], 4096, 0x14F0000000000000;
// CHECK-SAME: @p cp.async.bulk.commit_group;
llvm.func @staged_sums(%p: !llvm.ptr, %q: !llvm.ptr, %stage: i32) {
  %i = arith.index_cast %stage : i32 to index
  %before = spattn_gpu.alloc : !spattn_gpu.memory<1024>
  %sums = spattn_gpu.alloc : !spattn_gpu.memory<8192>
  %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.write_fragment %a to %sums[%i] stride 4096 : !spattn_gpu.acc<64x16xf32>, !spattn_gpu.memory<8192>
  spattn_gpu.async_proxy_fence
  spattn_gpu.add_words 1024 from %sums[%i] stride 4096 to %q : !spattn_gpu.memory<8192>
  llvm.return
}

// A thread reads 16 bytes at a time of its two rows, the second 1,024 bytes on, and of the chunk 16
// KiB on; then those of the other half of a chunk. A bf16 is half of an f32, and needs no conversion.
// CHECK-LABEL: @row_products
// CHECK: %[[PLACE:.*]] = arith.xori %{{.*}}, %c0_i32
// CHECK: llvm.load %[[X:.*]] {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xi32>
// CHECK: %[[WORD:.*]] = llvm.extractelement
// CHECK-DAG: arith.shli %[[WORD]], %c16_i32
// CHECK-DAG: arith.andi %[[WORD]], %c-65536_i32
// CHECK: arith.bitcast %{{.*}} : i32 to f32
// CHECK: llvm.load %[[Y:.*]] {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xi32>
// CHECK-COUNT-8: llvm.intr.fma
// CHECK: llvm.getelementptr %[[X]][1024]
// CHECK: llvm.getelementptr %[[Y]][1024]
// CHECK: llvm.getelementptr %[[X]][16384]
// CHECK: arith.xori %{{.*}}, %c64_i32
// CHECK-COUNT-8: llvm.load
// CHECK-NOT: llvm.load
llvm.func @row_products(%p: !llvm.ptr, %block: i32) {
  %i = arith.index_cast %block : i32 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<65536, alignment = 1024>
  %first = arith.constant 0 : index
  %second = arith.constant 1 : index
  %t = spattn_gpu.shared %m[%first] : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  %u = spattn_gpu.shared %m[%second] : !spattn_gpu.memory<65536, alignment = 1024> -> !spattn_gpu.shared<128x128xbf16>
  %d = spattn_gpu.row_products %t, %u[%i] : !spattn_gpu.shared<128x128xbf16>
  spattn_gpu.store_rows %d to %p stride %i rows %i
  llvm.return
}

// CHECK-LABEL: @row_products_f16
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<8xf16>
// CHECK: arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
llvm.func @row_products_f16(%p: !llvm.ptr, %block: i32) {
  %i = arith.index_cast %block : i32 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<16384, alignment = 1024>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<16384, alignment = 1024> -> !spattn_gpu.shared<64x128xf16>
  %d = spattn_gpu.row_products %t, %t[%i] : !spattn_gpu.shared<64x128xf16>
  spattn_gpu.store_rows %d to %p stride %i rows %i
  llvm.return
}

// An operand is written as it is, four 8x8 matrices of 16 rows and columns at once.
// CHECK-LABEL: @read_and_write
// CHECK-COUNT-32: llvm.load {{.*}} {alignment = 4 : i64} : !llvm.ptr<3> -> vector<2xf16>
// CHECK-NOT: llvm.load
// CHECK-COUNT-32: cvt.rn.f16x2.f32 $0, $1, $2;
// CHECK-NOT: cvt
// CHECK-COUNT-8: stmatrix.sync.aligned.m8n8.x4.shared.b16 [$0], {$1, $2, $3, $4};
// CHECK-NOT: stmatrix
// CHECK-NOT: llvm.store
llvm.func @read_and_write(%block: i32) {
  %i = arith.index_cast %block : i32 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  %n = spattn_gpu.alloc : !spattn_gpu.memory<32768, alignment = 1024>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<128x128xf16>
  %u = spattn_gpu.shared %n : !spattn_gpu.memory<32768, alignment = 1024> -> !spattn_gpu.shared<128x128xf16>
  %a = spattn_gpu.read %t[%i] : !spattn_gpu.shared<128x128xf16> to !spattn_gpu.acc<64x128xf32>
  %o = spattn_gpu.to_operand %a : !spattn_gpu.acc<64x128xf32> to !spattn_gpu.operand<64x128xf16>
  spattn_gpu.write %o to %u[%i] : !spattn_gpu.operand<64x128xf16>, !spattn_gpu.shared<128x128xf16>
  llvm.return
}

// The first of a thread's rows is 16 times the warp's number and a quarter of the lane's, and its
// first column twice the lane's in the quad. Elements are constants apart.
// CHECK-LABEL: @distances
// CHECK: %[[ROW:.*]] = arith.addi %{{.*}}, %{{.*}} : i32
// CHECK: %[[COLUMN:.*]] = arith.muli %{{.*}}, %c2_i32{{.*}} : i32
// CHECK: %[[APART:.*]] = arith.subi %[[ROW]], %[[COLUMN]] : i32
// CHECK: %[[FIRST:.*]] = arith.addi %{{.*}}, %[[APART]] : i32
// CHECK: %[[UPPER:.*]] = arith.sitofp %{{.*}} : i32 to f32
// CHECK: arith.addi %[[FIRST]], %c8_i32{{.*}} : i32
// CHECK: %[[LOWER:.*]] = arith.sitofp %{{.*}} : i32 to f32
// CHECK: arith.addf %[[UPPER]], %{{.*}} : f32
// CHECK: arith.constant -1.000000e+00 : f32
// CHECK: arith.addf %[[UPPER]], %{{.*}} : f32
// CHECK: arith.addf %[[LOWER]], %{{.*}} : f32
// CHECK: arith.addf %[[LOWER]], %{{.*}} : f32
// CHECK: arith.constant -8.000000e+00 : f32
// Of the transpose, in the other direction.
// CHECK: %[[BACK:.*]] = arith.subi %{{.*}}, %{{.*}} : i32
// CHECK: arith.addi %{{.*}}, %c-8_i32{{.*}} : i32
// CHECK: arith.constant 9.000000e+00 : f32
llvm.func @distances(%first: i32, %zero: f32) {
  %d = spattn_gpu.distances %first : !spattn_gpu.acc<64x16xf32>
  %t = spattn_gpu.distances %first {transposed} : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// CHECK-LABEL: @tanh
// CHECK: llvm.inline_asm {{.*}}"tanh.approx.f32 $0, $1;", "=f,f" %{{.*}} : (f32) -> f32
llvm.func @tanh(%x: f32) -> f32 {
  %t = math.tanh %x : f32
  llvm.return %t : f32
}

// CHECK-LABEL: @gather
// CHECK: %[[E:.*]] = arith.fptosi %{{.*}} : f32 to i32
// CHECK: %[[A:.*]] = llvm.getelementptr %{{.*}}[%[[E]]] : (!llvm.ptr, i32) -> !llvm.ptr, f32
// CHECK: llvm.load %[[A]] : !llvm.ptr -> f32
// CHECK-COUNT-7: llvm.load
// CHECK-NOT: llvm.load
llvm.func @gather(%p: !llvm.ptr, %entry: f32) {
  %e = spattn_gpu.fill %entry : !spattn_gpu.acc<64x16xf32>
  %b = spattn_gpu.gather %p[%e] : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// What is 0 is not added.
// CHECK-LABEL: @scatter_add
// CHECK: %[[E:.*]] = arith.fptosi %{{.*}} : f32 to i32
// CHECK: %[[A:.*]] = llvm.getelementptr %{{.*}}[%[[E]]] : (!llvm.ptr, i32) -> !llvm.ptr, f32
// CHECK: llvm.inline_asm {{.*}}"{\0A.reg .pred p;\0Asetp.neu.f32 p, $1, 0f00000000;\0A@p red.relaxed.gpu.global.add.f32 [$0], $1;\0A}", "l,f,~{memory}" %[[A]], %{{.*}}
// CHECK-COUNT-7: red.relaxed
// CHECK-NOT: red.relaxed
llvm.func @scatter_add(%p: !llvm.ptr, %x: f32, %entry: f32) {
  %v = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %e = spattn_gpu.fill %entry : !spattn_gpu.acc<64x16xf32>
  spattn_gpu.scatter_add %v to %p[%e] : !spattn_gpu.acc<64x16xf32>
  llvm.return
}

// A thread has two rows, 8 apart, and two of every 8 columns.
// CHECK-LABEL: @positions
// CHECK: %[[R:.*]] = arith.addi %arg0, %{{.*}} : i32
// CHECK: arith.sitofp %[[R]] : i32 to f32
// CHECK: arith.addi %[[R]], %c8_i32{{.*}} : i32
// CHECK: arith.sitofp
// CHECK: %[[C:.*]] = arith.addi %arg0, %{{.*}} : i32
// CHECK: arith.sitofp %[[C]] : i32 to f32
// CHECK: arith.addi %[[C]], %c1_i32{{.*}} : i32
// CHECK: arith.addi %[[C]], %c8_i32{{.*}} : i32
// CHECK: arith.addi %[[C]], %c9_i32{{.*}} : i32
// CHECK: arith.sitofp
// CHECK-NOT: arith.sitofp
// CHECK-LABEL: @exp
// CHECK: %[[X:.*]] = arith.mulf %arg0, %{{.*}} : f32
// CHECK: math.exp2 %[[X]] : f32
// CHECK: %[[L:.*]] = llvm.call_intrinsic "llvm.nvvm.lg2.approx.f"
// CHECK: arith.mulf %[[L]], %{{.*}} : f32
llvm.func @positions(%first: i32) {
  %r = spattn_gpu.positions %first : !spattn_gpu.rows
  %c = spattn_gpu.positions %first : !spattn_gpu.columns<16>
  llvm.return
}
llvm.func @exp(%x: f32) -> f32 {
  %e = math.exp %x : f32
  %l = math.log %x : f32
  %s = arith.addf %e, %l : f32
  llvm.return %s : f32
}
