// Operations on rows by number, launched on a GPU that is a library of the tests: it records launches, but computes
// nothing. A source may have no rows, and a set no vectors.

// DEFINE: %{gpu} = env SPATTN_CACHE_DIR= SPATTN_CUDA_DRIVER=%fake_cuda FAKE_CUDA_KERNEL=gather,sum,merge,hash FAKE_CUDA_LOG=
// DEFINE: %{run} = spattn-run %s --device=cuda --check=0 --entry
// RUN: rm -rf %t && mkdir %t
// RUN: %{gpu}%t/1 %{run}=gather --shape=x:2x4x50x64 --shape=r:2x4x70
// RUN: %{gpu}%t/2 %{run}=gather --shape=x:2x4x0x64 --shape=r:2x4x70
// RUN: %{gpu}%t/3 %{run}=sum --shape=x:2x4x50x64 --shape=y:2x4x70x64
// RUN: %{gpu}%t/4 %{run}=merge --shape=x:2x4x50x64 --shape=r:2x4x70x5
// RUN: %{gpu}%t/5 %{run}=hash --shape=x:2x4x300x64 --shape=w:1x3x24x64
// RUN: %{gpu}%t/6 %{run}=hash --shape=x:2x4x300x64 --shape=w:1x3x0x64
// RUN: cat %t/1 %t/2 %t/3 %t/4 %t/5 %t/6 | FileCheck %s

// 64 rows a CTA, of 4 lanes each: 2 x 4 x ceil(70 / 64).
// CHECK: launch gather: grid 16 1 1, block 256 1 1
// CHECK: launch gather: grid 16 1 1, block 256 1 1
// CHECK: launch sum: grid 16 1 1, block 256 1 1
// CHECK: launch merge: grid 16 1 1, block 256 1 1
// 128 rows a CTA.
// CHECK: tensor map: type 9, sizes 64 300 4 2
// CHECK: tensor map: type 9, sizes 64 24 3 1
// CHECK: launch hash: grid 24 1 1, block 256 1 1
// CHECK: launch hash: grid 24 1 1, block 256 1 1

!t = tensor<?x4x?x64xbf16>
!r = tensor<?x4x?xi32>
!p = tensor<?x4x?x5xi32>
!l = tensor<?x4x?xf32>

func.func @gather(%x: !t, %y: !t, %r: !r, %o: !t, %p: !t) -> (!t, !t) {
  %0:2 = spattn.gather_rows ins(%x, %y : !t, !t) rows(%r : !r) outs(%o, %p : !t, !t) {unit_rms = array<i1: false, true>}
  return %0#0, %0#1 : !t, !t
}

func.func @sum(%x: !t, %r: !p, %y: !t, %o: !t) -> !t {
  %0 = spattn.sum_rows ins(%x : !t) rows(%r : !p) unit_rms_of(%y : !t) outs(%o : !t)
  return %0 : !t
}

func.func @merge(%x: !t, %l: !l, %r: !p, %o: !t) -> !t {
  %0 = spattn.merge ins(%x : !t) lses(%l : !l) rows(%r : !p) outs(%o : !t)
  return %0 : !t
}

func.func @hash(%x: !t, %w: tensor<1x3x?x64xbf16>, %o: tensor<?x4x?x3xi32>) -> tensor<?x4x?x3xi32> {
  %0 = spattn.hash_rows ins(%x : !t) vectors(%w : tensor<1x3x?x64xbf16>) outs(%o : tensor<?x4x?x3xi32>)
  return %0 : tensor<?x4x?x3xi32>
}
