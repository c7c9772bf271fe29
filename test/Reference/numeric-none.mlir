// A structure without pairs: outputs and gradients are 0, log-sum-exps -inf.

// RUN: sed -e s/TYPE/f32/ -e s/DIM/24/ %s > %t.mlir
// RUN: spattn-run %t.mlir --check=100000 --max-error=2e-6 --shape=q:2x4x70x24 --shape=k:2x2x95x24 | FileCheck %s
// CHECK: @none
// CHECK: tiles {{.*}}: 0 visited
// CHECK: error       0.00e+00 relative, 0.00e+00 max abs, 0.00e+00 of lse (560 rows)
// CHECK: @none_backward
// CHECK: tiles {{.*}}: 0 visited
// CHECK: error       0.00e+00 relative, 0.00e+00 max abs (1320 rows)
// CHECK: summary
// CHECK: @mixture {{.*}}e-07
// RUN: spattn-run %t.mlir --entry=none --shape=q:2x4x70x24 --shape=k:2x2x95x24 --output=%t.o.npy --output=%t.l.npy > /dev/null
// RUN: %python -c "import numpy as np; assert (np.load('%t.o.npy') == 0).all() and (np.load('%t.l.npy') == -np.inf).all()"

// As kernels for GPUs.
// RUN: sed -e s/TYPE/bf16/ -e s/DIM/64/ %s > %t.gpu.mlir
// RUN: spattn-translate --spattn-to-ptx --gpu-options=deterministic=true %t.gpu.mlir | FileCheck %s --check-prefix=PTX
// RUN: spattn-translate --spattn-to-ptx --gpu-options=deterministic=false %t.gpu.mlir | FileCheck %s --check-prefix=PTX
// RUN: spattn-translate --spattn-to-ptx --chip=sm_80 %t.gpu.mlir | FileCheck %s --check-prefix=PTX
// PTX: .visible .entry none(
// PTX: .visible .entry mixture_backward(

!q = tensor<?x4x?xDIMxTYPE>
!k = tensor<?x2x?xDIMxTYPE>
!l = tensor<?x4x?xf32>
func.func @none(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l) -> (!q, !l) {
  %r:2 = spattn.attention structure(#spattn.sink<0>)
      ins(%q, %k, %v : !q, !k, !k) outs(%o, %l : !q, !l)
  return %r#0, %r#1 : !q, !l
}
func.func @none_backward(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l, %do: !q, %dq: !q, %dk: !k, %dv: !k) -> (!q, !k, !k) {
  %r:3 = spattn.attention_backward structure(#spattn.sink<0>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !k, !q, !l, !q) outs(%dq, %dk, %dv : !q, !k, !k)
  return %r#0, %r#1, %r#2 : !q, !k, !k
}
func.func @mixture(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l) -> (!q, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<1 x #spattn.sink<0>, 2 x #spattn.prefix<0>, 1 x #spattn.sink<0>>)
      ins(%q, %k, %v : !q, !k, !k) outs(%o, %l : !q, !l)
  return %r#0, %r#1 : !q, !l
}
func.func @mixture_backward(%q: !q, %k: !k, %v: !k, %o: !q, %l: !l, %do: !q, %dq: !q, %dk: !k, %dv: !k) -> (!q, !k, !k) {
  %r:3 = spattn.attention_backward structure(#spattn.heads<1 x #spattn.sink<0>, 2 x #spattn.prefix<0>, 1 x #spattn.sink<0>>)
      ins(%q, %k, %v, %o, %l, %do : !q, !k, !k, !q, !l, !q) outs(%dq, %dk, %dv : !q, !k, !k)
  return %r#0, %r#1, %r#2 : !q, !k, !k
}
