// What intervals of queries leave for kernels to do. With distances that decide,
// nothing: the code is that of the structure without them.

// RUN: split-file %s %t
// The order of a few instructions ahead of the loop is that of the description.
// RUN: spattn-translate --spattn-to-ptx --chip=sm_90a --gpu-options=tuning={heads-l2-bytes=0} %t/tokens.mlir -o %t/tokens.ptx
// RUN: spattn-translate --spattn-to-ptx --chip=sm_90a --gpu-options=tuning={heads-l2-bytes=0} %t/sink.mlir -o %t/sink.ptx
// RUN: diff %t/tokens.ptx %t/sink.ptx
// RUN: spattn-translate --spattn-to-ptx --chip=sm_80 %t/block.mlir -o %t/block.ptx
// RUN: spattn-translate --spattn-to-ptx --chip=sm_80 %t/prefix.mlir -o %t/prefix.ptx
// RUN: diff %t/block.ptx %t/prefix.ptx
// RUN: spattn-opt %t/rectangle.mlir -convert-spattn-to-loops | FileCheck %s

//--- tokens.mlir
!t = tensor<?x4x?x64xbf16>
func.func @g(%q: !t, %o: !t, %l: tensor<?x4x?xf32>, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.intersection<#spattn.causal,
           #spattn.union<#spattn.window<left = 511, right = 0>, #spattn.keys<0 to 64>, #spattn.queries<0 to 64>>>)
      ins(%q, %q, %q, %o, %l, %o : !t, !t, !t, !t, tensor<?x4x?xf32>, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

//--- sink.mlir
!t = tensor<?x4x?x64xbf16>
func.func @g(%q: !t, %o: !t, %l: tensor<?x4x?xf32>, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {
  %r:3 = spattn.attention_backward structure(#spattn.union<#spattn.sink<64>, #spattn.window<left = 511, right = 0>>)
      ins(%q, %q, %q, %o, %l, %o : !t, !t, !t, !t, tensor<?x4x?xf32>, !t) outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}

//--- block.mlir
!t = tensor<?x4x?x64xbf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.union<#spattn.causal,
           #spattn.intersection<#spattn.queries<0 to 100>, #spattn.keys<0 to 100>>>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

//--- prefix.mlir
!t = tensor<?x4x?x64xbf16>
func.func @f(%q: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.prefix<100>) ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// The mask of a rectangle is of keys and of queries, and no distance matters.
// CHECK-LABEL: @rectangle
// CHECK: spattn_cpu.online_step
// CHECK: spattn_cpu.online_step {{.*}} mask {
// CHECK: ^bb0(%[[I:.*]]: index, %[[J:.*]]: index):
// CHECK-DAG: %[[QUERY:.*]] = arith.addi %{{.*}}, %[[I]]
// CHECK-DAG: %[[KEY:.*]] = arith.addi %{{.*}}, %[[J]]
// CHECK-DAG: arith.cmpi slt, %[[KEY]], %{{.*}}
// CHECK-DAG: arith.cmpi slt, %[[QUERY]], %{{.*}}
// CHECK: spattn_cpu.yield
//--- rectangle.mlir
func.func @rectangle(%q: memref<1x1x?x16xf32>) {
  spattn.attention structure(#spattn.intersection<#spattn.queries<20 to 70>, #spattn.keys<10 to 90>>)
    ins(%q, %q, %q : memref<1x1x?x16xf32>, memref<1x1x?x16xf32>, memref<1x1x?x16xf32>)
    outs(%q : memref<1x1x?x16xf32>) {tile_shape = #spattn.tile_shape<query_tile = 16, key_tile = 32>}
  return
}
