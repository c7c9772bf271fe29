// RUN: spattn-opt %s -convert-spattn-launch-to-llvm | FileCheck %s
// The same patterns are part of upstream's conversion.
// RUN: spattn-opt %s --convert-scf-to-cf --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s --check-prefix=WHOLE --implicit-check-not=unrealized

// CHECK: llvm.func @spattn_launch(!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
// Other binaries stay.
// CHECK: gpu.binary @other
gpu.binary @other [#gpu.object<#nvvm.target, "code">]

// CHECK: llvm.mlir.global internal constant @kernels("artifact") {addr_space = 0 : i32, alignment = 8 : i64}
gpu.binary @kernels [#gpu.object<#spattn_gpu.target, "artifact">]

// CHECK-LABEL: func.func @launch(
// CHECK-SAME: %[[Q:.*]]: memref<{{.*}}>, %[[O:.*]]: memref<{{.*}}>, %[[S:.*]]: f32, %[[N:.*]]: index
// Room is made once, wherever the launch is.
// CHECK: llvm.alloca %{{.*}} x !llvm.struct<(ptr, i64, i64, ptr, ptr)>
// CHECK: scf.for
// CHECK-NOT: alloca
// The query: address with its offset, the type bf16, the rank, sizes and strides.
// CHECK: %[[D:.*]] = llvm.extractvalue %[[QD:.*]][1]
// CHECK: %[[OFFSET:.*]] = llvm.extractvalue %[[QD]][2]
// CHECK: %[[DATA:.*]] = llvm.getelementptr %[[D]][%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, bf16
// CHECK: %[[TYPE:.*]] = llvm.mlir.constant(5 : i64)
// CHECK: %[[RANK:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: %[[SIZES:.*]] = llvm.getelementptr %[[NUMBERS:.*]][0]
// CHECK: %[[STRIDES:.*]] = llvm.getelementptr %[[NUMBERS]][2]
// CHECK: llvm.store %[[DATA]], %
// CHECK: llvm.store %[[TYPE]], %
// CHECK: llvm.store %[[RANK]], %
// CHECK: llvm.store %[[SIZES]], %
// CHECK: llvm.store %[[STRIDES]], %
// CHECK: llvm.extractvalue %[[QD]][3, 0]
// CHECK: llvm.extractvalue %[[QD]][4, 0]
// The output, in memory of another space.
// CHECK: llvm.addrspacecast %{{.*}} : !llvm.ptr<1> to !llvm.ptr
// The values: a real number, and an integer.
// CHECK: %[[REAL:.*]] = llvm.fpext %[[S]] : f32 to f64
// CHECK: llvm.bitcast %[[REAL]] : f64 to i64
// CHECK: %[[KERNELS:.*]] = llvm.mlir.addressof @kernels_launch : !llvm.ptr
// CHECK: llvm.call @spattn_launch(%[[KERNELS]], %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
!q = memref<?x64xbf16, strided<[?, 1], offset: ?>>
!o = memref<?x64xbf16, 1>
func.func @launch(%q: !q, %o: !o, %s: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    spattn.launch @kernels ins(q = %q : !q) values(scale = %s : f32, size = %i : index) outs(o = %o : !o)
  }
  return
}

// The same names share what the runtime keeps; other names do not.
// CHECK-LABEL: func.func @again(
// CHECK: llvm.mlir.addressof @kernels_launch :
// CHECK: llvm.mlir.addressof @kernels_launch_0 :
// WHOLE-LABEL: llvm.func @again(
// WHOLE: llvm.call @spattn_launch(
func.func @again(%q: !q, %o: !o, %s: f32, %n: index) {
  spattn.launch @kernels ins(q = %q : !q) values(scale = %s : f32, size = %n : index) outs(o = %o : !o)
  spattn.launch @kernels ins() values() outs(o = %o : !o)
  return
}

// CHECK: llvm.mlir.global internal constant @kernels_names("kernels\00q\00o\00scale\00size\00")
// CHECK: llvm.mlir.global internal @kernels_launch() {addr_space = 0 : i32} : !llvm.struct<(ptr, ptr, i64, i64, ptr, i64, ptr)> {
// CHECK-NEXT: %[[Z:.*]] = llvm.mlir.zero
// CHECK-NEXT: %[[NAMES:.*]] = llvm.mlir.addressof @kernels_names
// CHECK-NEXT: llvm.insertvalue %[[NAMES]], %[[Z]][0]
// CHECK-NEXT: llvm.getelementptr %[[NAMES]][8]
// CHECK: llvm.mlir.constant(2 : i64)
// CHECK: llvm.mlir.constant(2 : i64)
// CHECK: llvm.mlir.addressof @kernels :
// CHECK: llvm.mlir.constant(8 : i64)
// CHECK: llvm.return
// CHECK: llvm.mlir.global internal constant @kernels_names_0("kernels\00o\00")
