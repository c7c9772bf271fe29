// Artifacts: made, described, taken apart, and found to be damaged.

// RUN: spattn-translate --spattn-to-artifact --code=ptx %s -o %t.artifact
// RUN: spattn-translate --artifact-to-text %t.artifact | FileCheck %s
// RUN: spattn-translate --spattn-to-ptx %s -o %t.ptx
// RUN: spattn-translate --artifact-to-code %t.artifact | diff - %t.ptx

// CHECK:      artifact of format 3
// CHECK-NEXT: code: PTX for sm_90a, {{[0-9]+}} bytes
// CHECK-NEXT: operands:
// CHECK-NEXT:   q: bf16[b = batch, n = queryLength, h = 8, d = 128], multiples of 16 bytes
// CHECK-NEXT:   k: bf16[b = batch, n = keyLength, h = 2, d = 128], multiples of 16 bytes
// CHECK-NEXT:   v: bf16[b = batch, n = keyLength, h = 2, d = 64], multiples of 16 bytes
// CHECK-NEXT:   o: bf16[b = batch, n = queryLength, h = 8, d = 64], output, multiples of 16 bytes
// CHECK-NEXT:   lse: f32[b = batch, n = queryLength, h = 8], output, optional, multiples of 4 bytes
// CHECK-NEXT: tensor maps:
// CHECK-NEXT:   0: q[d = 64, n = 128, h = 1, b = 1], swizzle 128, L2 256, 0 out of bounds
// CHECK:      limits:
// CHECK-NEXT:   queryLength + keyLength <= 1073740800
// CHECK:        0 < scale < inf
// CHECK-NEXT: kernel f
// CHECK-NEXT:   threads: 384
// CHECK-NEXT:   shared memory: {{[0-9]+}} bytes
// CHECK-NEXT:   grid: persistent, 1 CTA per SM, at most 8 * batch * ceil(queryLength / 128)
// CHECK-NEXT:   arguments:
// CHECK-NEXT:     0: tensor map 0
// CHECK:          i32 batch
// CHECK:          f32 scale
// CHECK:          i64 stride:o:b
// CHECK:      metadata:
// CHECK-DAG:    structure: #spattn.causal
// CHECK-DAG:    scale: 0.0883883476
// CHECK-DAG:    compiler: spattn {{[0-9.]+}}, LLVM 22

// RUN: spattn-translate --spattn-to-artifact --chip=sm_86 --code=ptx %s | spattn-translate --artifact-to-text | FileCheck %s --check-prefix=SM86
// SM86: code: PTX for sm_86
// SM86: 0: q[d = 64, n = 128, h = 1, b = 1], software, swizzle 128, L2 none, 0 out of bounds

// RUN: head -c 100 %t.artifact > %t.short
// RUN: not spattn-translate --artifact-to-text %t.short 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: error: '{{.*}}.short': truncated artifact: it has 100 of {{[0-9]+}} bytes
// RUN: cp %t.artifact %t.damaged && printf x | dd of=%t.damaged bs=1 seek=500 conv=notrunc 2>/dev/null
// RUN: not spattn-translate --artifact-to-code %t.damaged 2>&1 | FileCheck %s --check-prefix=DAMAGED
// DAMAGED: error: '{{.*}}.damaged': damaged artifact: its checksum does not match
// RUN: not spattn-translate --artifact-to-text %t.ptx 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: '{{.*}}.ptx': not an artifact

// Kernels that are launched together take the same arguments.
// RUN: not spattn-translate --spattn-to-artifact --code=ptx %S/Inputs/two.mlir 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: two.mlir:9:8: error: kernels 'f' and 'g' take different arguments, so they cannot be launched together

!q = tensor<?x?x8x128xbf16>
!k = tensor<?x?x2x128xbf16>
!v = tensor<?x?x2x64xbf16>
!o = tensor<?x?x8x64xbf16>
func.func @f(%q: !q, %k: !k, %v: !v, %o: !o) -> !o {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, !k, !v) outs(%o : !o) {layout = "bnhd"}
  return %r : !o
}
