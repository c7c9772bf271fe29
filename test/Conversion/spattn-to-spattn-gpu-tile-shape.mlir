// The tile shape: from head dimension, structure and length, from the operation,
// or from options.

// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu | FileCheck %s
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu=expected-length=4096 | FileCheck %s --check-prefix=SHORT
// RUN: spattn-opt %s -convert-spattn-to-spattn-gpu="key-tile=32 mma-warpgroups=1 ctas-per-sm=1" | FileCheck %s --check-prefix=OPTION

// Bands of 256 are narrow for tiles of 128 queries.
// CHECK: llvm.func @exclusive64
// CHECK-SAME: tile = "192x128"
// SHORT: llvm.func @exclusive64
// SHORT-SAME: tile = "64x64"
// OPTION: llvm.func @exclusive64
// OPTION-SAME: tile = "64x32"
!t64 = tensor<?x16x?x64xbf16>
func.func @exclusive64(%q: !t64, %k: !t64, %v: !t64, %o: !t64) -> !t64 {
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %k, %v : !t64, !t64, !t64) outs(%o : !t64)
  return %r : !t64
}

// One span of keys a row leaves registers for three warpgroups.
// CHECK: llvm.func @causal64
// CHECK-SAME: tile = "192x128"
// SHORT: llvm.func @causal64
// SHORT-SAME: tile = "192x128"
func.func @causal64(%q: !t64, %k: !t64, %v: !t64, %o: !t64) -> !t64 {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t64, !t64, !t64) outs(%o : !t64)
  return %r : !t64
}

// Static lengths need no expectation.
// CHECK: llvm.func @static
// CHECK-SAME: tile = "64x64"
!s = tensor<2x16x4096x64xbf16>
func.func @static(%q: !s, %k: !s, %v: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %k, %v : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// CHECK: llvm.func @own
// CHECK-SAME: tile = "192x32"
func.func @own(%q: !t64, %k: !t64, %v: !t64, %o: !t64) -> !t64 {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t64, !t64, !t64) outs(%o : !t64) {tile_shape = #spattn.tile_shape<query_tile = 192, key_tile = 32>}
  return %r : !t64
}

// Other head dimensions are rounded up to chunks of 64 columns in shared memory.
// CHECK: llvm.func @dim96
// CHECK-SAME: d = 96]
// CHECK-SAME: tile = "128x128"
// CHECK: !spattn_gpu.shared<128x128xf16>
!t96 = tensor<?x2x?x96xf16>
func.func @dim96(%q: !t96, %k: !t96, %v: !t96, %o: !t96) -> !t96 {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t96, !t96, !t96) outs(%o : !t96)
  return %r : !t96
}

// CHECK: llvm.func @dim192
// CHECK-SAME: tile = "128x80"
!t192 = tensor<?x2x?x192xf16>
func.func @dim192(%q: !t192, %k: !t192, %v: !t192, %o: !t192) -> !t192 {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t192, !t192, !t192) outs(%o : !t192)
  return %r : !t192
}

// CHECK: llvm.func @dim256
// CHECK-SAME: tile = "128x80"
!t256 = tensor<?x2x?x256xf16>
func.func @dim256(%q: !t256, %k: !t256, %v: !t256, %o: !t256) -> !t256 {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t256, !t256, !t256) outs(%o : !t256)
  return %r : !t256
}

// Two spans of keys take registers.
// CHECK: llvm.func @dim256_spans
// CHECK-SAME: tile = "128x64"
!t256x16 = tensor<?x16x?x256xf16>
func.func @dim256_spans(%q: !t256x16, %k: !t256x16, %v: !t256x16, %o: !t256x16) -> !t256x16 {
  %r = spattn.attention structure(#spattn.partition<local_band>) ins(%q, %k, %v : !t256x16, !t256x16, !t256x16) outs(%o : !t256x16)
  return %r : !t256x16
}
