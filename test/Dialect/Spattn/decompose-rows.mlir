// RUN: spattn-opt %s -spattn-decompose | FileCheck %s

// Merges by row numbers, gathers and sums have no linalg operations: they are left as they are.

!p = tensor<?x2x?x64xbf16>
!l = tensor<?x2x?xf32>
!r = tensor<?x2x?x4xi32>

// CHECK-LABEL: func.func @rows
// CHECK-NEXT: spattn.merge
// CHECK-NEXT: spattn.sum_rows
// CHECK-NEXT: return
func.func @rows(%p: !p, %l: !l, %r: !r, %o: !p) -> !p {
  %0 = spattn.merge ins(%p : !p) lses(%l : !l) rows(%r : !r) outs(%o : !p)
  %1 = spattn.sum_rows ins(%0 : !p) rows(%r : !r) outs(%o : !p)
  return %1 : !p
}
