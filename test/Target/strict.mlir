// A kernel that needs more registers than there are.

// REQUIRES: ptxas
// RUN: spattn-translate --spattn-to-cubin --strict %s -o %t.cubin
// RUN: not spattn-translate --spattn-to-cubin --strict --gpu-options="mma-warpgroups=2 key-tile=256 stages=1" %s 2>&1 | FileCheck %s
// CHECK: error: {{kernel 'f' needs .* bytes of stack and spills registers|ptxas: .*C75}}

!t = tensor<?x8x?x64xf16>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
