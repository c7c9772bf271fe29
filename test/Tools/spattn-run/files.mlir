// Arrays in files: conversions on the way in, types on the way out.

// RUN: rm -rf %t && mkdir %t && %python %S/Inputs/npy.py %t

// The same numbers, however they are stored, give the same results.
// RUN: spattn-run %s --entry=f32 --input=%t/f4.npy --input=%t/f8.npy --input=%t/f2.npy \
// RUN:   --output=%t/a.npy > /dev/null
// RUN: spattn-run %s --entry=f32 --input=%t/fortran.npy --input=%t/opaque.npy --input=%t/f4.npy \
// RUN:   --output=%t/b.npy > /dev/null
// RUN: cmp %t/a.npy %t/b.npy
// RUN: spattn-run %s --entry=bf16 --input=%t/bits.npy --input=%t/opaque.npy --input=%t/f4.npy \
// RUN:   --output=%t/c.npy --output=%t/lse.npy > /dev/null
// RUN: spattn-run %s --entry=bf16 --input=%t/f8.npy --input=%t/f2.npy --input=%t/fortran.npy \
// RUN:   --output=%t/d.npy --output=%t/lse2.npy > /dev/null
// RUN: cmp %t/c.npy %t/d.npy && cmp %t/lse.npy %t/lse2.npy
// RUN: spattn-run %s --entry=f16 --input=%t/f2.npy --input=%t/f2.npy --input=%t/f2.npy \
// RUN:   --output=%t/e.npy > /dev/null

// Nothing is left besides what was asked for.
// RUN: ls %t | not grep tmp

// RUN: %python -c "import numpy as np, sys; [print(a.dtype.str, a.shape) for a in map(np.load, sys.argv[1:])]" \
// RUN:   %t/a.npy %t/c.npy %t/lse.npy %t/e.npy | FileCheck %s
// CHECK:      <f4 (1, 2, 8, 4)
// CHECK-NEXT: <u2 (1, 2, 8, 4)
// CHECK-NEXT: <f4 (1, 2, 8)
// CHECK-NEXT: <f2 (1, 2, 8, 4)

// Several functions take the same inputs, and fill outputs one after the other.
// RUN: spattn-run %s --entry=f32 --entry=again --input=%t/f4.npy --input=%t/f4.npy --input=%t/f4.npy \
// RUN:   --output=%t/f.npy --output=%t/g.npy > /dev/null
// RUN: cmp %t/f.npy %t/g.npy

// Integers and scalars pass through functions without attention.
// RUN: %python -c "import numpy as np; np.save('%t/i.npy', np.arange(6, dtype=np.int32).reshape(2, 3))"
// RUN: spattn-run %s --entry=integers --input=%t/i.npy --output=%t/j.npy > /dev/null
// RUN: cmp %t/i.npy %t/j.npy

!f32 = tensor<1x2x8x4xf32>
func.func @f32(%q: !f32, %k: !f32, %v: !f32, %o: !f32) -> !f32 {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !f32, !f32, !f32) outs(%o : !f32)
  return %r : !f32
}

func.func @again(%q: !f32, %k: !f32, %v: !f32) -> !f32 {
  %o = tensor.empty() : !f32
  %r = spattn.attention structure(#spattn.window<right = 0>)
      ins(%q, %k, %v : !f32, !f32, !f32) outs(%o : !f32)
  return %r : !f32
}

!bf16 = tensor<1x2x8x4xbf16>
!lse = tensor<1x2x8xf32>
func.func @bf16(%q: !bf16, %k: !bf16, %v: !bf16, %o: !bf16, %l: !lse) -> (!bf16, !lse) {
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !bf16, !bf16, !bf16) outs(%o, %l : !bf16, !lse)
  return %r#0, %r#1 : !bf16, !lse
}

!f16 = tensor<1x2x8x4xf16>
func.func @f16(%q: !f16, %k: !f16, %v: !f16, %o: !f16) -> !f16 {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !f16, !f16, !f16) outs(%o : !f16)
  return %r : !f16
}

func.func @integers(%x: tensor<2x3xi32>) -> tensor<2x3xi32> {
  return %x : tensor<2x3xi32>
}
