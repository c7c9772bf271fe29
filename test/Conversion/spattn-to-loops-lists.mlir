// RUN: spattn-opt %s -convert-spattn-to-loops | FileCheck %s

!t = memref<2x4x?x8xf32>
!l = memref<2x4x?xf32>
!c = memref<1x2x?xi32>
!i = memref<1x2x?x5xi32>

// The list of the row follows the tiles of the structure: tiles that are none are left
// out, and what the structure has seen of one is masked off.
// CHECK-LABEL: @forward
// CHECK-SAME: %[[COUNTS:[a-z0-9]*]]: memref<1x2x?xi32>, %[[INDICES:[a-z0-9]*]]: memref<1x2x?x5xi32>
// CHECK: scf.forall
// CHECK:   memref.load %[[COUNTS]]
// CHECK:   spattn_cpu.load_query
// CHECK-COUNT-2: spattn_cpu.online_step
// CHECK:   memref.load %[[COUNTS]]
// CHECK:   scf.for
// CHECK:     memref.load %[[INDICES]]
// CHECK:     scf.if
// The parts of a listed tile.
// CHECK:       scf.for
// CHECK:         scf.if
// CHECK:           scf.if
// CHECK-NOT:         mask {
// CHECK:             spattn_cpu.online_step
// CHECK:           } else {
// CHECK:             spattn_cpu.online_step {{.*}} mask {
// CHECK:               arith.xori
// CHECK: spattn_cpu.online_finish
func.func @forward(%q: !t, %c: !c, %i: !i, %o: !t) {
  spattn.attention structure(#spattn.window<left = 9, right = 9>) ins(%q, %q, %q : !t, !t, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o : !t)
      {tile_lists = #spattn.tile_lists<64 x 128, #spattn.causal>}
  return
}

// A tile of keys is looked for in the lists of all rows.
// CHECK-LABEL: @backward
// CHECK: spattn_cpu.query_gradient_step
// CHECK: scf.forall
// CHECK:   spattn_cpu.key_gradient_step
// CHECK:   scf.for
// CHECK:     %[[FOUND:.*]] = scf.for {{.*}} -> (i1)
// CHECK:       arith.ori
// CHECK:     scf.if %[[FOUND]]
// CHECK:       spattn_cpu.key_gradient_step
func.func @backward(%q: !t, %n: !l, %c: !c, %i: !i, %o: !t) {
  spattn.attention_backward structure(#spattn.window<left = 9, right = 9>)
      ins(%q, %q, %q, %q, %n, %q : !t, !t, !t, !t, !l, !t)
      tile_counts(%c : !c) tile_indices(%i : !i) outs(%o, %o, %o : !t, !t, !t)
      {tile_lists = #spattn.tile_lists<64 x 128, #spattn.causal>}
  return
}
