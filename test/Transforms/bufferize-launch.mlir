// Launches become buffers as attention does.
// RUN: spattn-opt %s -spattn-bufferize | FileCheck %s

!t = tensor<1x2x?x64xbf16>
gpu.module @kernels {}

// Destinations are written in place.
// CHECK-LABEL: func.func @in_place(
// CHECK-NOT: memref.alloc
// CHECK: spattn.launch @kernels ins(q = %arg0 : memref<{{.*}}>) values() outs(o = %arg1 : memref<{{.*}}>) {note}
// CHECK-NEXT: return
func.func @in_place(%q: !t, %o: !t) -> !t {
  %r = spattn.launch @kernels ins(q = %q : !t) values() outs(o = %o : !t) {note}
  return %r : !t
}

// What is read, too, is not overwritten, and what was there is not copied.
// CHECK-LABEL: func.func @read_too(
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK-NOT: memref.copy
// CHECK: spattn.launch @kernels ins(q = %arg0 : memref<{{.*}}>) values() outs(o = %[[NEW]] : memref<{{.*}}>)
func.func @read_too(%q: !t) -> !t {
  %r = spattn.launch @kernels ins(q = %q : !t) values() outs(o = %q : !t)
  return %r : !t
}
