// RUN: spattn-opt %s --allow-unregistered-dialect -spattn-outline-kernels="chip=sm_80 opt-level=2" | FileCheck %s
// Twice is no more than once.
// RUN: spattn-opt %s --allow-unregistered-dialect -spattn-outline-kernels="chip=sm_80 opt-level=2" -o %t.mlir
// RUN: spattn-opt %t.mlir --allow-unregistered-dialect -spattn-outline-kernels="chip=sm_80 opt-level=2" | diff - %t.mlir

!t = tensor<1x2x?x64xbf16>
!l = tensor<1x2x?xf32>
!m = memref<1x2x?x64xbf16, strided<[?, ?, ?, 1]>>

// Around it, everything stays as it is, also what nobody has registered.
// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %[[Q:.*]]: tensor<{{.*}}>, %[[K:.*]]: tensor<{{.*}}>, %[[V:.*]]: tensor<{{.*}}>, %[[O:.*]]: tensor<{{.*}}>)
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[Q]], %[[Q]]
// CHECK-NEXT: %[[SCALE:.*]] = arith.constant 1.250000e-01 : f32
// CHECK-NEXT: %[[R:.*]] = spattn.launch @layer_attention
// CHECK-SAME: ins(q = %[[S]] : tensor<1x2x?x64xbf16>, k = %[[K]] : tensor<1x2x?x64xbf16>, v = %[[V]] : tensor<1x2x?x64xbf16>)
// CHECK-SAME: values(scale = %[[SCALE]] : f32)
// CHECK-SAME: outs(o = %[[O]] : tensor<1x2x?x64xbf16>)
// CHECK-NEXT: %[[T:.*]] = arith.mulf %[[R]], %[[Q]]
// CHECK-NEXT: return %[[T]]
func.func @layer(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %s = arith.addf %q, %q : !t
  %r = spattn.attention structure(#spattn.causal) ins(%s, %k, %v : !t, !t, !t) outs(%o : !t)
  %t = arith.mulf %r, %q : !t
  return %t : !t
}

// The same attention, on buffers and in control flow, shares its module, as does
// one whose operands are one and the same.
// CHECK-LABEL: func.func @loop(
// CHECK: scf.for
// CHECK: scf.if
// CHECK: spattn.launch @layer_attention
// CHECK-SAME: q = %{{.*}} : memref<1x2x?x64xbf16, strided<[?, ?, ?, 1]>>
// CHECK: spattn.launch @layer_attention ins(q = %[[X:.*]] : {{.*}}, k = %[[X]] : {{.*}}, v = %[[X]] :
func.func @loop(%x: !m, %y: !m, %o: !m, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.if %c {
      spattn.attention structure(#spattn.causal) ins(%x, %y, %y : !m, !m, !m) outs(%o : !m)
    }
    spattn.attention structure(#spattn.causal) ins(%x, %x, %x : !m, !m, !m) outs(%o : !m)
  }
  return
}

// A scale that is not known is a value; one that is known is that and a part of
// the module.
// CHECK-LABEL: func.func @scales(
// CHECK-SAME: %[[DYNAMIC:[^:,]*]]: f32)
// CHECK: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: spattn.launch @scales_attention ins({{.*}}) values(scale = %[[DYNAMIC]] : f32)
// CHECK: spattn.launch @scales_attention_[[N:[0-9]+]] ins({{.*}}) values(scale = %[[HALF]] : f32)
// CHECK-SAME: outs(o = %{{.*}} : {{.*}}, lse = %{{.*}} : tensor<1x2x?xf32>)
// CHECK: spattn.launch @scales_attention_[[N]] ins(
func.func @scales(%q: !t, %o: !t, %l: !l, %s: f32) -> (!t, !t, !l, !t) {
  %half = arith.constant 5.000000e-01 : f32
  %a = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%s) outs(%o : !t)
  %b:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%half) outs(%o, %l : !t, !l)
  %c:2 = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) scale(%half) outs(%o, %l : !t, !l)
  return %a, %b#0, %b#1, %c#0 : !t, !t, !l, !t
}

// CHECK-LABEL: func.func @derivative(
// CHECK: %{{.*}}:3 = spattn.launch @derivative_gradients
// CHECK-SAME: ins(q = %[[Q:[^ ]*]] : {{.*}}, o = %[[Q]] : {{.*}}, lse = %{{[^ ]*}} : {{.*}}, do = %[[Q]] :
// CHECK-SAME: outs(dq = %[[Q]] : {{.*}}, dk = %[[Q]] : {{.*}}, dv = %[[Q]] :
func.func @derivative(%q: !t, %l: !l) -> (!t, !t, !t) {
  %d:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t) outs(%q, %q, %q : !t, !t, !t)
  return %d#0, %d#1, %d#2 : !t, !t, !t
}

// A module of its own has its own kernels, and there need be no function.
// CHECK-LABEL: module @inner
// CHECK-NEXT: "somebody.source"()
// CHECK: spattn.launch @attention
// CHECK: gpu.module @attention
// CHECK: spattn.attention {{.*}} {note}
module @inner {
  %q = "somebody.source"() : () -> !t
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) {note}
  "somebody.end"(%r) : (!t) -> ()
}

// What is for a GPU already, and names that are taken.
// CHECK-LABEL: gpu.module @taken_attention {
// CHECK-NEXT: func.func @mine
// CHECK-NEXT: spattn.attention
gpu.module @taken_attention {
  func.func @mine(%q: !t) -> !t {
    %r = spattn.attention structure(#spattn.full) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t)
    return %r : !t
  }
}
// CHECK: spattn.launch @taken_attention_{{[0-9]+}}
func.func @taken(%q: !t) -> !t {
  %r = spattn.attention structure(#spattn.full) ins(%q, %q, %q : !t, !t, !t) outs(%q : !t)
  return %r : !t
}

// CHECK-LABEL: gpu.module @layer_attention [#spattn_gpu.target<chip = "sm_80", opt = 2>] {
// CHECK-NEXT: func.func @layer_attention(%[[Q:[^:]*]]: tensor<1x2x?x64xbf16>, %[[K:[^:]*]]: {{.*}}, %[[V:[^:]*]]: {{.*}}, %[[O:[^:]*]]: {{.*}}) -> tensor<1x2x?x64xbf16> {
// CHECK-NEXT: %[[R:.*]] = spattn.attention structure(#spattn.causal) ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) outs(%[[O]] : {{.*}})
// CHECK-NEXT: return %[[R]]

// CHECK-LABEL: gpu.module @scales_attention [
// CHECK-NEXT: func.func @scales_attention(%{{.*}}, %{{.*}}, %{{.*}}, %[[S:[^:]*]]: f32, %{{.*}})
// CHECK-NEXT: scale(%[[S]])
// CHECK-LABEL: gpu.module @scales_attention_
// CHECK-NEXT: func.func
// CHECK-NEXT: arith.constant 5.000000e-01
// CHECK-NEXT: scale(
// CHECK-LABEL: gpu.module @derivative_gradients [
// CHECK-NEXT: func.func @derivative_gradients(
// CHECK-NEXT: spattn.attention_backward
