// RUN: spattn-opt %s -spattn-derive-backward -spattn-outline-kernels | FileCheck %s

// Gradients take the lists of tiles of their attention, and launches have them by the
// names of their buffers.

!t = tensor<1x2x?x64xbf16>
!c = tensor<1x2x?xi32>
!i = tensor<1x2x?x?xi32>

// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[C:[^ ]*]]: tensor<1x2x?xi32>, %[[I:[^ ]*]]: tensor<1x2x?x?xi32>
// CHECK: spattn.launch @f_attention
// CHECK-SAME: tcount = %[[C]] : tensor<1x2x?xi32>, tindex = %[[I]] : tensor<1x2x?x?xi32>
// CHECK-LABEL: func.func @f_backward(
// CHECK: spattn.launch @f_backward_gradients
// CHECK-SAME: tcount = %{{.*}} : tensor<1x2x?xi32>, tindex = %{{.*}} : tensor<1x2x?x?xi32>
// CHECK: gpu.module @f_attention
// CHECK: spattn.attention {{.*}} tile_indices({{.*}} {tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>
// CHECK: gpu.module @f_backward_gradients
// CHECK: spattn.attention_backward {{.*}} tile_indices({{.*}} {tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>
func.func @f(%q: !t, %c: !c, %i: !i, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.sink<0>) ins(%q, %q, %q : !t, !t, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o : !t)
      {differentiated, tile_lists = #spattn.tile_lists<64 x 64, #spattn.causal>}
  return %r : !t
}
