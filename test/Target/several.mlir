// Kernels that are launched together: in the order of the module, with the
// same operands and the same scratch.

// RUN: spattn-translate --spattn-to-artifact --code=ptx --chip=sm_80 %s -o %t.artifact
// RUN: spattn-translate --artifact-to-text %t.artifact | FileCheck %s
// RUN: spattn-translate --artifact-to-code %t.artifact | FileCheck %s --check-prefix=CODE

// CHECK:      operands:
// CHECK-NEXT:   x: f32[n = length], multiples of 4 bytes
// CHECK-NEXT:   y: f32[n = length], output, multiples of 4 bytes
// CHECK-NEXT: scratch:
// CHECK-NEXT:   counter: 4 bytes, at a multiple of 4, zeroed
// CHECK-NEXT:   partial: 4 * length + 256 bytes, at a multiple of 256
// CHECK:      kernel second_by_name
// CHECK:        grid: ceil(length / 128)
// CHECK:          0: address of x
// CHECK-NEXT:     1: scratch partial
// CHECK-NEXT:     2: scratch counter
// CHECK:      kernel first_by_name
// CHECK:        grid: persistent, 2 CTAs per SM, at most ceil(length / 256)
// CHECK:          0: scratch partial
// CHECK-NEXT:     1: address of y
// CHECK-NEXT:     2: i32 length
// CHECK-NOT:  kernel

// CODE-DAG: .visible .entry second_by_name(
// CODE-DAG: .visible .entry first_by_name(

llvm.func @second_by_name(%x: !llvm.ptr, %partial: !llvm.ptr, %counter: !llvm.ptr) attributes {
  nvvm.kernel,
  spattn_gpu.launch = #spattn_gpu.launch<
    buffers = [<"x", f32, [n = length], alignment = 4>,
               <"y", f32, [n = length], alignment = 4, output = true>],
    scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>,
               <"partial", bytes = <4 * length + 256>, alignment = 256>],
    threads = 128, grid = <ceil(length / 128)>,
    arguments = [<buffer "x">, <scratch "partial">, <scratch "counter">]>} {
  %0 = llvm.load %x : !llvm.ptr -> f32
  llvm.store %0, %partial : f32, !llvm.ptr
  llvm.return
}

llvm.func @helper(%x: i32) -> i32 {
  llvm.return %x : i32
}

llvm.func @first_by_name(%partial: !llvm.ptr, %y: !llvm.ptr, %length: i32) attributes {
  nvvm.kernel,
  spattn_gpu.launch = #spattn_gpu.launch<
    buffers = [<"x", f32, [n = length], alignment = 4>,
               <"y", f32, [n = length], alignment = 4, output = true>],
    scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>,
               <"partial", bytes = <4 * length + 256>, alignment = 256>],
    threads = 256, grid = persistent 2 for <ceil(length / 256)>,
    arguments = [<scratch "partial">, <buffer "y">, <i32 "length">]>} {
  %0 = llvm.load %partial : !llvm.ptr -> f32
  llvm.store %0, %y : f32, !llvm.ptr
  llvm.return
}
