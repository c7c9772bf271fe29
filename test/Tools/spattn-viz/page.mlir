// The data of the page, one object for each attention, and a text for each
// level.

// RUN: spattn-viz %s --queries=512 --keys=640 --shape=k2:3x2x256x64 -o %t.html
// RUN: FileCheck %s --input-file=%t.html
// RUN: spattn-viz %s --queries=512 --shape=k2:3x2x256x64 \
// RUN:   --gpu-options="key-tile=64 mma-warpgroups=1 scheduler=dynamic" | FileCheck %s --check-prefix=OPTIONS
// RUN: spattn-viz %s --queries=512 --gpu-options=target=sm_80 | FileCheck %s --check-prefix=A100
// RUN: spattn-viz - --queries=512 < %s | FileCheck %s --check-prefix=STDIN
// RUN: spattn-opt %s --emit-bytecode -o %t.bc
// RUN: spattn-viz %t.bc --queries=512 | FileCheck %s --check-prefix=BYTECODE

// CHECK: <!doctype html>
// CHECK: <title>spattn-viz</title>
// CHECK: <script type="application/json" id="data">{"file":"page.mlir","options":"",
// CHECK-SAME: "card":{"name":"NVIDIA H200","sms":132,"tflops":800,"tbs":4.29{{[0-9]*}},"ghz":1.98

!t = tensor<?x4x?x128xbf16>

// Sizes come from options where they are not known.
// CHECK-SAME: "attentions":[{"kind":"attention","function":"dynamic","location":"page.mlir:[[@LINE+7]]:8",
// CHECK-SAME: "structure":"#spattn.causal",
// CHECK-SAME: "shape":{"batch":1,"queries":512,"keys":640,"heads":4,"keyHeads":4,"headDim":128,"valueDim":128,"elements":"bf16"}
// CHECK-SAME: "notes":["The kernel serves all lengths.
// CHECK-SAME: "kernel":{"measuredOn":"NVIDIA H200","target":"sm_90a","packedHeads":1,"mmaWarpgroups":2,"ctasPerSM":1,"keyStages":2,"queryStages":2,"scheduler":"dynamic","sectionBytes":67108864,"workTileClocks":6320,"keyTileClocks":2670}
// CHECK-SAME: "tile":{"queries":128,"keys":128},"drawn":{"queries":128,"keys":128}
func.func @dynamic(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
// All heads see the same: there is one picture, of a row of tiles each, of which
// all but the last are full.
// CHECK-SAME: "pictures":{{\[\[\[}}0,1,0,0,0,1,2],[1,1,0,0,0,2,3],[2,1,0,0,0,3,4],[3,1,0,0,0,4,5]]],
// CHECK-SAME: "heads":[{"picture":0,"visited":14,"full":10,"masked":4,"skipped":6,"pairs":196864,"flops":100794368,"bytes":589824},
// CHECK-SAME: "total":{"visited":56,"full":40,"masked":16,"skipped":24,"pairs":787456,"flops":403177472,"bytes":2359296}
// Each of 16 work tiles has an SM of its own; the longest visits five key tiles.
// CHECK-SAME: "schedule":{"scheduler":"dynamic","tile":"key tile","unit":"clocks","sms":132,"ctasPerSM":1,"rows":4,"rowHeads":4,"packedHeads":1,"workTile":6320,"keyTile":2670,"workTiles":16,"busiest":19670,
// CHECK-SAME: "visited":[2,3,4,5,2,3,4,5,2,3,4,5,2,3,4,5]
// CHECK-SAME: "ctas":{{\[\[}}3],[7],[11],[15],[2],

// OPTIONS: "options":"mma-warpgroups=1 key-tile=64 scheduler=dynamic"
// OPTIONS-SAME: "tile":{"queries":64,"keys":64}
// No clocks were measured for these tiles with one CTA on an SM.
// OPTIONS-SAME: "unit":"key tiles"

// A100: "card":{"name":"NVIDIA A100 SXM 80GB","sms":108
// A100-SAME: "target":"sm_80"

// STDIN: {"file":"-",
// BYTECODE: "levels":[{"name":"normalized"

!m = tensor<3x2x256x64xf16>
!d = tensor<3x2x?x64xf16>
!l = tensor<3x2x256xf32>

// Gradients, whose keys an option gives. No clocks were measured for them.
// CHECK-SAME: {"kind":"gradients","function":"gradients","location":"page.mlir:[[@LINE+7]]:10"
// CHECK-SAME: "shape":{"batch":3,"queries":256,"keys":256,"heads":2,"keyHeads":2,"headDim":64,"valueDim":64,"elements":"f16"}
// CHECK-SAME: "tile":{"queries":64,"keys":64}
// CHECK-SAME: "schedule":{"scheduler":"dynamic","tile":"query tile","unit":"query tiles","sms":132,"ctasPerSM":2,"rows":4,"rowHeads":2,"packedHeads":1,"workTile":2,"keyTile":1,"workTiles":24,"busiest":4,
// CHECK-SAME: "visited":[2,2,2,1,2,2,2,1]
func.func @gradients(%q: !m, %k2: !d, %v: !d, %out: !m, %dout: !m, %lse: !l,
                     %dq: !m, %dk: !d, %dv: !d) -> (!m, !d, !d) {
  %r:3 = spattn.attention_backward structure(#spattn.window<left = 31, right = 0>)
    ins(%q, %k2, %v, %out, %lse, %dout : !m, !d, !d, !m, !l, !m)
    outs(%dq, %dk, %dv : !m, !d, !d)
  return %r#0, %r#1, %r#2 : !m, !d, !d
}

// A level is a text, in which no letter ends the script.
// CHECK: "levels":[{"name":"input","title":"Input, as written","text":"// The data of the page
// CHECK-SAME: tensor\u003c?x4x?x128xbf16>
// CHECK-SAME: {"name":"normalized","title":"After normalization","text":"module {
// CHECK-SAME: {"name":"cpu-loops","title":"CPU: loops over tiles","text":"module {
// CHECK-SAME: scf.forall
// CHECK-SAME: {"name":"cpu-vector","title":"CPU: vector code","text":"module {
// CHECK-SAME: vector.fma
// CHECK-SAME: {"name":"gpu-kernels","title":"GPU: kernels, in spattn_gpu","text":"module {
// CHECK-SAME: spattn_gpu.mma
// CHECK-SAME: {"name":"gpu-llvm","title":"GPU: the LLVM dialect, with NVVM","text":"module {
// CHECK-SAME: llvm.func
// CHECK-SAME: {"name":"llvm","title":"LLVM IR","text":"
// CHECK-SAME: ptx_kernel
// CHECK-SAME: {"name":"ptx","title":"PTX","text":"
// CHECK-SAME: .visible .entry
// CHECK-SAME: </script>
// CHECK: </html>
