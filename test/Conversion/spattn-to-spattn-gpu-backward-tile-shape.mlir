// The tile shape of gradients: from the target, the head dimension, the operation, or options.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s --check-prefixes=CHECK,OWN
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_80 | FileCheck %s --check-prefix=SM80
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=target=sm_86 | FileCheck %s --check-prefix=SM86
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="key-tile=64 ctas-per-sm=1 stages=1 query-stages=3" | FileCheck %s --check-prefix=OPTION
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="mma-warpgroups=1 stages=1 query-stages=2 ctas-per-sm=2" | FileCheck %s --check-prefix=BLOCKS

!l = tensor<?x2x?xf32>

// A tile shape of the operation's own.
// OWN: llvm.func @own(
// OWN-SAME: tile = "64x64"
// OWN-SAME: threads = 256, shared = 91584
// OWN: set_max_registers 240, false
!t64 = tensor<?x2x?x64xbf16>
func.func @own(%q: !t64, %k: !t64, %v: !t64, %o: !t64, %l: !l, %g: !t64, %dq: !t64, %dk: !t64, %dv: !t64) -> (!t64, !t64, !t64) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t64, !t64, !t64, !t64, !l, !t64) outs(%dq, %dk, %dv : !t64, !t64, !t64)
      {tile_shape = #spattn.tile_shape<query_tile = 64, key_tile = 64>}
  return %r#0, %r#1, %r#2 : !t64, !t64, !t64
}

// The other head dimensions of up to 128 are rounded up to 64 or 128.
// CHECK: llvm.func @dim40(
// CHECK-SAME: nvvm.minctasm = 1 : i32
// CHECK-SAME: d = 40]
// CHECK-SAME: tile = "64x192"
// CHECK-SAME: threads = 512, shared = 206304, grid = persistent 1 for
// CHECK: !spattn_gpu.shared<64x64xf16>
// SM80: llvm.func @dim40(
// SM80-SAME: tile = "64x64"
// SM80-SAME: threads = 256, shared = 83360
// SM86: llvm.func @dim40(
// SM86-SAME: tile = "64x64"
// SM86-SAME: threads = 256, shared = 83360
// OPTION: llvm.func @dim40(
// OPTION-SAME: nvvm.minctasm = 1 : i32
// OPTION-SAME: tile = "64x64"
// OPTION-SAME: threads = 256, shared = 100288, grid = persistent 1 for
// BLOCKS: llvm.func @dim40(
// BLOCKS-SAME: nvvm.minctasm = 2 : i32
// BLOCKS-SAME: tile = "64x64"
// BLOCKS-SAME: threads = 256, shared = 83360, grid = persistent 2 for
!t40 = tensor<?x2x?x40xf16>
func.func @dim40(%q: !t40, %k: !t40, %v: !t40, %o: !t40, %l: !l, %g: !t40, %dq: !t40, %dk: !t40, %dv: !t40) -> (!t40, !t40, !t40) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t40, !t40, !t40, !t40, !l, !t40) outs(%dq, %dk, %dv : !t40, !t40, !t40)
  return %r#0, %r#1, %r#2 : !t40, !t40, !t40
}

// The wider one of queries and values counts. Where there is less shared memory there is one stage.
// CHECK: llvm.func @values(
// CHECK-SAME: tile = "64x128"
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x128xbf16>
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x64xbf16>
// SM80: llvm.func @values(
// SM80-SAME: tile = "64x64"
// SM80-SAME: threads = 256, shared = 116128
// SM86: llvm.func @values(
// SM86-SAME: tile = "64x64"
// SM86-SAME: threads = 256, shared = 66384
!t96 = tensor<?x2x?x96xbf16>
func.func @values(%q: !t64, %k: !t64, %v: !t96, %o: !t96, %l: !l, %g: !t96, %dq: !t64, %dk: !t64, %dv: !t96) -> (!t64, !t64, !t96) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t64, !t64, !t96, !t96, !l, !t96) outs(%dq, %dk, %dv : !t64, !t64, !t96)
  return %r#0, %r#1, %r#2 : !t64, !t64, !t96
}

// CHECK: llvm.func @queries(
// CHECK-SAME: tile = "64x128"
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x64xbf16>
// CHECK: spattn_gpu.store_tile {{.*}} : !spattn_gpu.shared<128x128xbf16>
func.func @queries(%q: !t96, %k: !t96, %v: !t64, %o: !t64, %l: !l, %g: !t64, %dq: !t96, %dk: !t96, %dv: !t64) -> (!t96, !t96, !t64) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %v, %o, %l, %g : !t96, !t96, !t64, !t64, !l, !t64) outs(%dq, %dk, %dv : !t96, !t96, !t64)
  return %r#0, %r#1, %r#2 : !t96, !t96, !t64
}
