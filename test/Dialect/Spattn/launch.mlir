// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt %s --mlir-print-op-generic | spattn-opt | FileCheck %s
// A launch without effects that nobody needs goes.
// RUN: spattn-opt %s --canonicalize | FileCheck %s --check-prefix=DEAD

!t = tensor<?x2x?x64xbf16>
!l = tensor<?x2x?xf32>
!m = memref<?x2x?x64xbf16, strided<[?, ?, ?, 1], offset: ?>, 1>

gpu.module @kernels {
}
gpu.binary @binary [#gpu.object<#spattn_gpu.target, "bytes">]

// CHECK-LABEL: func.func @tensors(
// CHECK: %[[R:.*]]:2 = spattn.launch @kernels
// CHECK-SAME: ins(q = %{{.*}} : tensor<?x2x?x64xbf16>, k = %{{.*}} : tensor<?x2x?x64xbf16>, v = %{{.*}} : tensor<?x2x?x64xbf16>)
// CHECK-SAME: values(scale = %{{.*}} : f32, window = %{{.*}} : index)
// CHECK-SAME: outs(o = %{{.*}} : tensor<?x2x?x64xbf16>, "log-sum-exp" = %{{.*}} : tensor<?x2x?xf32>)
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @tensors(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l, %s: f32, %w: index) -> (!t, !l) {
  %r:2 = spattn.launch @kernels ins(q = %q : !t, k = %k : !t, v = %v : !t)
      values(scale = %s : f32, window = %w : index) outs(o = %o : !t, "log-sum-exp" = %l : !l)
  return %r#0, %r#1 : !t, !l
}

// CHECK-LABEL: func.func @buffers(
// CHECK: spattn.launch @binary ins() values() outs(o = %{{.*}} : memref<{{.*}}>) {note}
// DEAD-LABEL: func.func @buffers(
// DEAD: spattn.launch
func.func @buffers(%o: !m) {
  spattn.launch @binary ins() values() outs(o = %o : !m) {note}
  return
}

// DEAD-LABEL: func.func @dead(
// DEAD-NEXT: return
func.func @dead(%o: !t) {
  %r = spattn.launch @kernels ins() values() outs(o = %o : !t)
  return
}
