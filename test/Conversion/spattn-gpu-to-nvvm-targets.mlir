// RUN: not spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_75 2>&1 | FileCheck %s --check-prefix=OLD
// RUN: not spattn-opt %s -convert-spattn-gpu-to-nvvm=target=gfx90a 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_90b 2>&1 | FileCheck %s --check-prefix=SUFFIX
// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_90a | FileCheck %s --check-prefix=SM90
// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_90 | FileCheck %s --check-prefix=SM80
// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_120a | FileCheck %s --check-prefix=SM80
// RUN: spattn-opt %s -convert-spattn-gpu-to-nvvm=target=sm_103f | FileCheck %s --check-prefix=SM80

// OLD: error: expected 'target' to be sm_90a, or sm_80 or later, got 'sm_75'
// OTHER: error: expected 'target' to be sm_90a, or sm_80 or later, got 'gfx90a'
// SUFFIX: error: expected 'target' to be sm_90a, or sm_80 or later, got 'sm_90b'

// SM90: wgmma.mma_async
// NVVM's operation for mma.sync is an intrinsic that LLVM may move into a branch; assembly stays.
// SM80-NOT: nvvm.mma.sync
// SM80: llvm.inline_asm has_side_effects {{.*}}"mma.sync.aligned.m16n8k16
// SM80-NOT: nvvm.mma.sync
llvm.func @product(%x: f32, %f: !llvm.ptr, %stride: i64) {
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %p = spattn_gpu.to_operand %s : !spattn_gpu.acc<64x16xf32> to !spattn_gpu.operand<64x16xbf16>
  %n = arith.index_cast %stride : i64 to index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<2048, alignment = 1024>
  %v = spattn_gpu.shared %m : !spattn_gpu.memory<2048, alignment = 1024> -> !spattn_gpu.shared<16x64xbf16>
  %o = spattn_gpu.mma %p, %v : !spattn_gpu.operand<64x16xbf16>, !spattn_gpu.shared<16x64xbf16> -> !spattn_gpu.acc<64x64xf32>
  spattn_gpu.store %o to %f stride %n rows %n as f32 : !spattn_gpu.acc<64x64xf32>
  llvm.return
}

// What a thread adds at once it finds again at once: four elements, or one.
// SM90-LABEL: @sums
// SM90: llvm.load {{.*}} -> vector<4xf32>
// SM90: red.relaxed.gpu.global.add.v4.f32
// SM80-LABEL: @sums
// SM80-COUNT-4: llvm.load {{.*}} -> vector<1xf32>
// SM80-NOT: llvm.load
// SM80-COUNT-4: red.relaxed.gpu.global.add.f32 [$0], $1;
// SM80-NOT: red.
llvm.func @sums(%p: !llvm.ptr, %q: !llvm.ptr) {
  %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x8xf32>
  spattn_gpu.add_fragment %a to %q : !spattn_gpu.acc<64x8xf32>
  llvm.return
}

// Sums are added by TMA, or by the lanes of a warp.
// SM90-LABEL: @staged_sums
// SM90: llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<3>
// SM90: cp.reduce.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.add.f32 [$0], [$1], 2048, 0x14F0000000000000;
// SM80-LABEL: @staged_sums
// SM80-COUNT-4: llvm.store {{.*}} : vector<1xf32>, !llvm.ptr<3>
// SM80-NOT: cp.reduce
// SM80: scf.for
// SM80: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xf32>
// SM80-COUNT-4: red.relaxed.gpu.global.add.f32 [$0], $1;
// SM80-NOT: red.
llvm.func @staged_sums(%p: !llvm.ptr, %q: !llvm.ptr, %stage: i32) {
  %i = arith.index_cast %stage : i32 to index
  %sums = spattn_gpu.alloc : !spattn_gpu.memory<4096>
  %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x8xf32>
  spattn_gpu.write_fragment %a to %sums[%i] stride 2048 : !spattn_gpu.acc<64x8xf32>, !spattn_gpu.memory<4096>
  spattn_gpu.async_proxy_fence
  spattn_gpu.add_words 512 from %sums[%i] stride 2048 to %q : !spattn_gpu.memory<4096>
  llvm.return
}

// Those that come first are copied or stored instead, and published behind that.
// SM90-LABEL: @published
// SM90: atom.acquire.gpu.inc.u32 $0, [$1], -1;\0Afence.proxy.async.global;
// SM90: ld.acquire.gpu.global.u32 number, [$0];\0Asetp.ge.u32 p, number, 1024;\0A@!p bra WAIT;\0Afence.proxy.async.global;
// SM90: @p cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [$0], [$1], 2048, 0x14F0000000000000;
// SM90: @p cp.async.bulk.wait_group 0;\0A@p fence.proxy.async.global;\0A@p red.release.gpu.global.add.u32 [$0], 1024;
// SM80-LABEL: @published
// SM80: atom.acquire.gpu.inc.u32 $0, [$1], -1;\0A}
// SM80: ld.acquire.gpu.global.u32 number, [$0];\0Asetp.ge.u32 p, number, 1024;\0A@!p bra WAIT;\0Abar.warp.sync
// SM80: scf.for
// SM80: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
// SM80-NOT: red.relaxed
// SM80: bar.warp.sync 0xffffffff;\0Asetp.eq.u32 p, $1, 0;\0A@p red.release.gpu.global.add.u32 [$0], 1024;
llvm.func @published(%flag: !llvm.ptr, %q: !llvm.ptr, %stage: i32) {
  %i = arith.index_cast %stage : i32 to index
  %sums = spattn_gpu.alloc : !spattn_gpu.memory<4096>
  %n = spattn_gpu.semaphore_arrive %flag
  spattn_gpu.semaphore_wait 1024 at %flag
  spattn_gpu.add_words 512 from %sums[%i] stride 2048 to %q overwriting : !spattn_gpu.memory<4096>
  spattn_gpu.semaphore_release 1024 to %flag
  llvm.return
}

// Rows are written 16 columns at a time, or two elements.
// SM90-LABEL: @rows_to_shared
// SM90-COUNT-4: stmatrix.sync.aligned.m8n8.x4.shared.b16
// SM90-NOT: llvm.store
// SM80-LABEL: @rows_to_shared
// SM80-COUNT-16: llvm.store {{.*}} {alignment = 4 : i64} : i32, !llvm.ptr<3>
// SM80-NOT: llvm.store
llvm.func @rows_to_shared(%p: !llvm.ptr) {
  %zero = arith.constant 0 : index
  %m = spattn_gpu.alloc : !spattn_gpu.memory<8192, alignment = 1024>
  %t = spattn_gpu.shared %m : !spattn_gpu.memory<8192, alignment = 1024> -> !spattn_gpu.shared<64x64xbf16>
  %a = spattn_gpu.load_fragment %p : !spattn_gpu.acc<64x64xf32>
  spattn_gpu.write %a to %t[%zero] : !spattn_gpu.acc<64x64xf32>, !spattn_gpu.shared<64x64xbf16>
  llvm.return
}

// Numbers come with one copy, or with 16 bytes of each lane.
// SM90-LABEL: @words
// SM90-NOT: nvvm.cp.async
// SM90: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes
// SM80-LABEL: @words
// SM80-NOT: cp.async.bulk
// SM80: scf.if
// SM80: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
// SM80: nvvm.cp.async.mbarrier.arrive
llvm.func @words(%p: !llvm.ptr, %stage: i32) {
  %i = arith.index_cast %stage : i32 to index
  %words = spattn_gpu.alloc : !spattn_gpu.memory<512>
  %barriers = spattn_gpu.alloc : !spattn_gpu.memory<8>
  %full = spattn_gpu.barrier %barriers : !spattn_gpu.memory<8>
  spattn_gpu.load_words 64 from %p to %words[%i] stride 256, %full : !spattn_gpu.memory<512>
  llvm.return
}

// Where registers are scarce, what depends on the thread alone is computed where
// it is used: if the kernel says so, or if threads cannot hand registers over.
// SM90-LABEL: @plenty
// SM90-NOT: mov.u32 $0, %tid.x;
// SM90-LABEL: @scarce
// SM90-NOT: scarce_registers
// SM90: mov.u32 $0, %tid.x;
// SM80-LABEL: @plenty
// SM80: mov.u32 $0, %tid.x;
llvm.func @plenty(%x: f32, %f: !llvm.ptr, %stride: i64) {
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %n = arith.index_cast %stride : i64 to index
  spattn_gpu.store %s to %f stride %n rows %n as f32 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}
llvm.func @scarce(%x: f32, %f: !llvm.ptr, %stride: i64) attributes {spattn_gpu.scarce_registers} {
  %s = spattn_gpu.fill %x : !spattn_gpu.acc<64x16xf32>
  %n = arith.index_cast %stride : i64 to index
  spattn_gpu.store %s to %f stride %n rows %n as f32 : !spattn_gpu.acc<64x16xf32>
  llvm.return
}
