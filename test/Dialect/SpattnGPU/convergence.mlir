// What exchanges data between the lanes of a warp stays where its lanes are: it
// is not hoisted, sunk, or merged with one of another block. Operations beside
// it that are pure show that the pass does move what it may.

// RUN: spattn-opt --allow-unregistered-dialect --loop-invariant-code-motion %s | FileCheck %s --check-prefix=HOIST
// RUN: spattn-opt --allow-unregistered-dialect --control-flow-sink %s | FileCheck %s --check-prefix=SINK
// RUN: spattn-opt --allow-unregistered-dialect --cse %s | FileCheck %s --check-prefix=CSE
// RUN: spattn-opt --allow-unregistered-dialect --canonicalize %s | FileCheck %s --check-prefix=CANON

// A loop that lanes may leave at different times.
// HOIST-LABEL: @loop
// HOIST: spattn_gpu.reduce
// HOIST: scf.for
// HOIST-NOT: spattn_gpu.reduce
// HOIST: spattn_gpu.quad_reduce
// HOIST: spattn_gpu.any_greater
// HOIST: spattn_gpu.warp_broadcast
// HOIST: spattn_gpu.warpgroup
// HOIST: "test.use"
func.func @loop(%acc: !spattn_gpu.acc<64x16xf32>, %r: !spattn_gpu.rows, %x: i32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %p = spattn_gpu.reduce max %acc, %r : !spattn_gpu.acc<64x16xf32>
    %m = spattn_gpu.quad_reduce max %r
    %g = spattn_gpu.any_greater %r, %r
    %b = spattn_gpu.warp_broadcast %x
    %w = spattn_gpu.warpgroup
    "test.use"(%p, %m, %g, %b, %w) : (!spattn_gpu.rows, !spattn_gpu.rows, i1, i32, index) -> ()
  }
  return
}

// A branch that some lanes take, and values that only it uses.
// SINK-LABEL: @branch
// SINK-NOT: spattn_gpu.reduce
// SINK: spattn_gpu.quad_reduce
// SINK: spattn_gpu.any_greater
// SINK: spattn_gpu.warp_broadcast
// SINK: spattn_gpu.warpgroup
// SINK: scf.if
// SINK: spattn_gpu.reduce
func.func @branch(%acc: !spattn_gpu.acc<64x16xf32>, %r: !spattn_gpu.rows, %x: i32, %some: i1) {
  %p = spattn_gpu.reduce max %acc, %r : !spattn_gpu.acc<64x16xf32>
  %m = spattn_gpu.quad_reduce max %r
  %g = spattn_gpu.any_greater %r, %r
  %b = spattn_gpu.warp_broadcast %x
  %w = spattn_gpu.warpgroup
  scf.if %some {
    "test.use"(%p, %m, %g, %b, %w) : (!spattn_gpu.rows, !spattn_gpu.rows, i1, i32, index) -> ()
  }
  return
}

// Equal ones of one block are one; a branch has its own.
// CSE-LABEL: @equal
// CSE: %[[P:.*]] = spattn_gpu.reduce
// CSE-NEXT: %[[M:.*]] = spattn_gpu.quad_reduce
// CSE-NEXT: %[[W:.*]] = spattn_gpu.warpgroup
// CSE-NEXT: "test.use"(%[[P]], %[[M]], %[[M]], %[[W]], %[[W]])
// CSE: scf.if
// CSE-NEXT: %[[M2:.*]] = spattn_gpu.quad_reduce
// CSE-NEXT: %[[W2:.*]] = spattn_gpu.warpgroup
// CSE-NEXT: "test.use"(%[[P]], %[[M2]], %[[W2]])
func.func @equal(%acc: !spattn_gpu.acc<64x16xf32>, %r: !spattn_gpu.rows, %some: i1) {
  %p = spattn_gpu.reduce max %acc, %r : !spattn_gpu.acc<64x16xf32>
  %m0 = spattn_gpu.quad_reduce max %r
  %m1 = spattn_gpu.quad_reduce max %r
  %w0 = spattn_gpu.warpgroup
  %w1 = spattn_gpu.warpgroup
  "test.use"(%p, %m0, %m1, %w0, %w1) : (!spattn_gpu.rows, !spattn_gpu.rows, !spattn_gpu.rows, index, index) -> ()
  scf.if %some {
    %q = spattn_gpu.reduce max %acc, %r : !spattn_gpu.acc<64x16xf32>
    %m2 = spattn_gpu.quad_reduce max %r
    %w2 = spattn_gpu.warpgroup
    "test.use"(%q, %m2, %w2) : (!spattn_gpu.rows, !spattn_gpu.rows, index) -> ()
  }
  return
}

// One that nobody uses goes.
// CANON-LABEL: @unused
// CANON-NEXT: return
func.func @unused(%r: !spattn_gpu.rows, %x: i32) {
  %m = spattn_gpu.quad_reduce max %r
  %g = spattn_gpu.any_greater %r, %r
  %b = spattn_gpu.warp_broadcast %x
  %w = spattn_gpu.warpgroup
  return
}
