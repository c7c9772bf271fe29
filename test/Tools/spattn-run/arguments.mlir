// Shapes of dynamic arguments, scalars, and destinations.

// RUN: spattn-run %s --entry=dynamic --shape=q:2x4x20x8 --shape=k:2x2x30x8 --max-error=1e-5 \
// RUN:   --per-head=false | FileCheck %s --check-prefix=DYNAMIC
// RUN: spattn-run %s --entry=dynamic --shape=%%q:2x4x20x8 --shape=1:2x2x30x8 --scalar=s:2 --max-error=1e-5 \
// RUN:   --per-head=false | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: shapes      q: 2x4x20x8xf32, k: 2x2x30x8xf32, v: 2x2x30x16xf32, o: 2x4x20x16xf32, s: f32
// DYNAMIC: tiles       64 x 64: 8 visited (0 full, 8 masked), 0 skipped
// DYNAMIC: pairs       3280 unmasked
// DYNAMIC: error       {{[0-9.]+}}e-0{{[6-9]}} relative, {{.*}} (64 rows)

// The scale is not left out.
// RUN: rm -rf %t && mkdir %t
// RUN: spattn-run %s --entry=dynamic --shape=q:1x4x9x8 --shape=k:1x2x9x8 --output=%t/a.npy > /dev/null
// RUN: spattn-run %s --entry=dynamic --shape=q:1x4x9x8 --shape=k:1x2x9x8 --output=%t/b.npy \
// RUN:   --scalar=s:0.35355339059 > /dev/null
// RUN: spattn-run %s --entry=dynamic --shape=q:1x4x9x8 --shape=k:1x2x9x8 --output=%t/c.npy \
// RUN:   --scalar=4:2 > /dev/null
// RUN: cmp %t/a.npy %t/b.npy && not cmp %t/a.npy %t/c.npy

// Buffers: the destination is the output.
// RUN: spattn-run %s --entry=buffers --max-error=1e-5 --output=%t/o.npy | FileCheck %s --check-prefix=BUFFERS
// RUN: spattn-run %s --entry=buffers --max-error=1e-5 --device=reference --output=%t/p.npy > /dev/null
// BUFFERS: error       {{[0-9.]+}}e-0{{[6-9]}} relative
// RUN: %python -c "import numpy as np; a, b = map(np.load, ('%t/o.npy', '%t/p.npy')); np.testing.assert_allclose(a, b, atol=1e-5)"

// Names are also taken from locations, as in bytecode.
// RUN: spattn-opt %s --emit-bytecode -o %t/a.mlirbc
// RUN: not spattn-run %t/a.mlirbc --entry=located 2>&1 | FileCheck %s --check-prefix=LOCATED
// LOCATED: error: {{.*}}argument 0 ('query') of type 'tensor<?xf32>' has dimensions that are not known; give its shape with --shape=query:<size>

!q = tensor<?x4x?x8xf32>
!k = tensor<?x2x?x8xf32>
!v = tensor<?x2x?x16xf32>
!o = tensor<?x4x?x16xf32>
func.func @dynamic(%q: !q, %k: !k, %v: !v, %o: !o, %s: f32) -> !o {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !q, !k, !v) scale(%s) outs(%o : !o)
  return %r : !o
}

!m = memref<1x2x16x8xf32>
func.func @buffers(%q: !m, %k: !m, %v: !m, %o: !m) {
  spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !m, !m, !m) outs(%o : !m)
  return
}

func.func @located(%x: tensor<?xf32> loc("query")) { return }
