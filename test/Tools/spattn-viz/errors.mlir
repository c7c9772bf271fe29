// Errors say where and what, with status 1; nothing is written.

// RUN: split-file %s %t
// RUN: rm -f %t/out.html
// RUN: not spattn-viz %t/none.mlir -o %t/out.html 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not test -e %t/out.html
// NONE: none.mlir:1:1: error: expected a spattn.attention or a spattn.attention_backward, found none
// RUN: not spattn-viz %t/syntax.mlir -o %t/out.html 2>&1 | FileCheck %s --check-prefix=SYNTAX
// RUN: not test -e %t/out.html
// SYNTAX: syntax.mlir:1:17: error: expected
// RUN: not spattn-viz %t/dynamic.mlir -o %t/out.html 2>&1 | FileCheck %s --check-prefix=DYNAMIC
// RUN: not test -e %t/out.html
// DYNAMIC: dynamic.mlir:3:8: error: 'spattn.attention' op has a number of queries that is not known; give it with --queries=<n> or --shape=<argument>:<shape>
// RUN: not spattn-viz %t/dynamic.mlir --queries=2000000000 2>&1 | FileCheck %s --check-prefix=LONG
// LONG: dynamic.mlir:3:8: error: 'spattn.attention' op has 2000000000 queries and 2000000000 keys; expected less than 2147483648 in all
// RUN: not spattn-viz %t/dynamic.mlir --shape=q:1x2x64 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: dynamic.mlir:2:17: error: --shape=q:1x2x64: expected a shape of 'tensor<?x2x?x64xbf16>'
// RUN: not spattn-viz %t/dynamic.mlir --shape=q:1x3x64x64 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: dynamic.mlir:2:17: error: --shape=q:1x3x64x64: expected a shape of
// RUN: not spattn-viz %t/dynamic.mlir --shape=p:1x2x64x64 2>&1 | FileCheck %s --check-prefix=ARGUMENT
// ARGUMENT: error: --shape=p:1x2x64x64: no function has such an argument
// RUN: not spattn-viz %t/f32.mlir --shape=q:1x2x64x64 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: f32.mlir:2:14: error: --shape=q:1x2x64x64: expected a shape of 'tensor<1x2x256x64xf32>'
// RUN: not spattn-viz %t/f32.mlir --queries=64 2>&1 | FileCheck %s --check-prefix=KNOWN
// KNOWN: error: --queries=64: the number of queries of every attention is known
// RUN: not spattn-viz %t/dynamic.mlir --shape=q 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: --shape=q: expected an argument's name or position, ':' and a shape
// RUN: not spattn-viz %t/dynamic.mlir --batch=-1 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: spattn-viz: error: --batch=-1: expected a number from 0 to 2147483647
// RUN: not spattn-viz %t/dynamic.mlir --card=h2000 2>&1 | FileCheck %s --check-prefix=CARD
// CARD: error: --card=h2000: expected one of h200, h100, a100
// RUN: not spattn-viz %t/dynamic.mlir --gpu-options=key-tile=17 2>&1 | FileCheck %s --check-prefix=OPTIONS
// OPTIONS: error: --gpu-options='key-tile=17': expected 'key-tile' to be
// RUN: not spattn-viz %t/dynamic.mlir --queries=64 -o %t/no/out.html 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: error: {{.*}}no
// RUN: not spattn-viz %t/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: cannot open input file

// Without queries, keys or batch elements there is a page.
// RUN: spattn-viz %t/dynamic.mlir --queries=0 --keys=0 --batch=0 | FileCheck %s --check-prefix=EMPTY
// EMPTY: "shape":{"batch":0,"queries":0,"keys":0,
// EMPTY-SAME: "total":{"visited":0,"full":0,"masked":0,"skipped":0,"pairs":0,"flops":0,"bytes":0}

// Where there is no kernel for a GPU, the page says why, and shows the tiles of
// a CPU.
// RUN: spattn-viz %t/f32.mlir | FileCheck %s --check-prefix=F32
// F32: "whyNoKernel":"'spattn.attention' op expected elements of type f16 or bf16 for a kernel on a GPU, got 'f32'"
// F32-SAME: "tile":{"queries":64,"keys":64}
// F32-SAME: "levels":[
// F32-SAME: {"name":"cpu-vector","title":"CPU: vector code","text":
// F32-SAME: {"name":"gpu-kernels","title":"GPU: kernels, in spattn_gpu","error":"f32.mlir:3:8: error: 'spattn.attention' op expected elements of type f16 or bf16
// F32-SAME: {"name":"ptx","title":"PTX","error":"f32.mlir:3:8: error: 'spattn.attention' op expected elements of type f16 or bf16

// Texts end no script, and bytes that are no UTF-8 are replaced.
// RUN: spattn-viz %t/tag.mlir | FileCheck %s --check-prefix=TAG --implicit-check-not='</script><b>'
// TAG: // \u003c/script>\u003cb>

//--- none.mlir
func.func @f() {
  return
}
//--- syntax.mlir
func.func @f(%q: ) {
//--- dynamic.mlir
!t = tensor<?x2x?x64xbf16>
func.func @long(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
//--- f32.mlir
!t = tensor<1x2x256x64xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
//--- tag.mlir
// </script><b>
!t = tensor<1x2x256x64xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
