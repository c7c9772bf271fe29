// RUN: spattn-opt %s -split-input-file -convert-spattn-to-spattn-gpu -verify-diagnostics

func.func @columns(%p: tensor<?x2x?x20xf16>, %l: tensor<?x2x?xf32>, %o: tensor<?x2x?x20xf16>) -> tensor<?x2x?x20xf16> {
  // expected-error @below {{expected a head dimension that is a multiple of 8 up to 512 for a kernel on a GPU, got 20}}
  %r = spattn.merge ins(%p : tensor<?x2x?x20xf16>) lses(%l : tensor<?x2x?xf32>) outs(%o : tensor<?x2x?x20xf16>)
  return %r : tensor<?x2x?x20xf16>
}

// -----

func.func @wide(%p: tensor<?x2x?x520xf16>, %l: tensor<?x2x?xf32>, %o: tensor<?x2x?x520xf16>) -> tensor<?x2x?x520xf16> {
  // expected-error @below {{expected a head dimension that is a multiple of 8 up to 512 for a kernel on a GPU, got 520}}
  %r = spattn.merge ins(%p : tensor<?x2x?x520xf16>) lses(%l : tensor<?x2x?xf32>) outs(%o : tensor<?x2x?x520xf16>)
  return %r : tensor<?x2x?x520xf16>
}

// -----

!t = tensor<?x2x?x8xf16>
!l = tensor<?x2x?xf32>

func.func @parts(%p: !t, %l: !l, %o: !t) -> !t {
  // expected-error @below {{expected at most 16 parts for a kernel on a GPU; merge them in groups, got 17}}
  %r = spattn.merge ins(%p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p, %p : !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t)
    lses(%l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l, %l : !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l, !l) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<?x2x?x8xf16>
!l = tensor<?x2x?xf32>

func.func @in_place(%p: !t, %l: !l) -> !t {
  // expected-error @below {{argument 0 is a destination and another operand, too; a kernel for a GPU writes while it reads}}
  %r = spattn.merge ins(%p : !t) lses(%l : !l) outs(%p : !t)
  return %r : !t
}

// -----

!t = tensor<?x2x?x8xf16>
!l = tensor<?x2x?xf32>

func.func @two(%p: !t, %l: !l, %o: !t) -> (!t, !t) {
  %r = spattn.attention structure(#spattn.causal) ins(%p, %p, %p : !t, !t, !t) outs(%o : !t)
  // expected-error @below {{a function for a GPU has one attention or merge; this is its second}}
  %s = spattn.merge ins(%p : !t) lses(%l : !l) outs(%o : !t)
  return %r, %s : !t, !t
}
