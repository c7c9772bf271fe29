// Of all functions, and all that compute with tensors in one of them, what a
// script asks for is left. What it takes away may be read elsewhere.

// RUN: spattn-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/sees-sink.sh" | FileCheck %s
// RUN: not spattn-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/sees-sink.sh" --spattn-tile 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: Unknown command line argument '--spattn-tile'
// RUN: spattn-reduce --help | FileCheck %s --check-prefix=HELP
// HELP: --reduction-tree
// HELP: --spattn-normalize

!t = tensor<1x2x64x32xf32>

// CHECK-NOT: func.func @first
func.func @first(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[Q:.*]]: tensor{{.*}}, %[[K:.*]]: tensor{{.*}}, %[[V:.*]]: tensor{{.*}}, %[[O:[a-z0-9]*]]: tensor
// CHECK-NEXT: spattn.attention structure(#spattn.sink<3>)
// CHECK-SAME: ins(%[[O]], %[[K]], %[[V]] :
// CHECK-NEXT: return
func.func @chain(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %0 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  %1 = spattn.attention structure(#spattn.sink<3>)
    ins(%0, %k, %v : !t, !t, !t) outs(%o : !t)
  %2 = spattn.attention structure(#spattn.causal)
    ins(%1, %k, %v : !t, !t, !t) outs(%o : !t)
  return %2 : !t
}

// CHECK-NOT: func.func @last
func.func @last(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.full)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
