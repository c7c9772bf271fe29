// RUN: spattn-opt %s -spattn-outline-kernels | FileCheck %s
// RUN: spattn-opt %s -spattn-gpu-program="format=ptx" -o %t

// Attentions to two ranges of keys, and their merge: three launches in a program.

!t = tensor<?x8x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!l = tensor<?x8x?xf32>

// CHECK-LABEL: func.func @split(
// CHECK: %[[A:.*]]:2 = spattn.launch @split_attention ins
// CHECK: %[[B:.*]]:2 = spattn.launch @split_attention_0 ins
// CHECK: %[[R:.*]] = spattn.launch @split_merge ins(o0 = %[[A]]#0 : {{.*}}, o1 = %[[B]]#0 : {{.*}}, lse0 = %[[A]]#1 : {{.*}}, lse1 = %[[B]]#1 : {{.*}}) values() outs(o = %
// CHECK: return %[[R]]
func.func @split(%q: !t, %k: !k, %v: !k, %o0: !t, %o1: !t, %l0: !l, %l1: !l, %o: !t) -> !t {
  %a:2 = spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.keys<0 to 100>>)
    ins(%q, %k, %v : !t, !k, !k) outs(%o0, %l0 : !t, !l)
  %b:2 = spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.keys<100 to inf>>)
    ins(%q, %k, %v : !t, !k, !k) outs(%o1, %l1 : !t, !l)
  %r = spattn.merge ins(%a#0, %b#0 : !t, !t) lses(%a#1, %b#1 : !l, !l) outs(%o : !t)
  return %r : !t
}

// Equal merges share a module; the gradients of one have another.
// CHECK-LABEL: func.func @twice(
// CHECK-COUNT-2: spattn.launch @twice_merge ins
// CHECK: spattn.launch @twice_merge_gradients ins(o0 = %{{.*}}, lse0 = %{{.*}}, do = %{{.*}}) values() outs(do0 = %{{.*}}, dlse0 = %{{.*}})
func.func @twice(%p: memref<?x2x?x64xf16>, %l: memref<?x2x?xf32>, %o: memref<?x2x?x64xf16>, %d: memref<?x2x?x64xf16>,
                 %e: memref<?x2x?xf32>) {
  spattn.merge ins(%p : memref<?x2x?x64xf16>) lses(%l : memref<?x2x?xf32>) outs(%o : memref<?x2x?x64xf16>)
  spattn.merge ins(%p : memref<?x2x?x64xf16>) lses(%l : memref<?x2x?xf32>) outs(%o : memref<?x2x?x64xf16>)
  spattn.merge_backward ins(%p : memref<?x2x?x64xf16>) lses(%l : memref<?x2x?xf32>) dout(%o : memref<?x2x?x64xf16>)
    outs(%d : memref<?x2x?x64xf16>) dlses(%e : memref<?x2x?xf32>)
  return
}

// CHECK: gpu.module @split_attention [
// CHECK: gpu.module @split_attention_0 [
// CHECK: gpu.module @split_merge [
// CHECK-NEXT: func.func @split_merge(
// CHECK-NEXT: spattn.merge ins(
// CHECK: gpu.module @twice_merge [
// CHECK: gpu.module @twice_merge_gradients [
// CHECK-NEXT: func.func @twice_merge_gradients(
// CHECK-NEXT: spattn.merge_backward ins(
// CHECK-NOT: gpu.module
