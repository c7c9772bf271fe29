// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --emit-bytecode %s | spattn-opt | FileCheck %s
// RUN: spattn-opt --mlir-print-op-generic %s | spattn-opt | FileCheck %s

// CHECK-LABEL: @tensors
// CHECK: %[[R:.*]] = spattn.attention structure(#spattn.causal)
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8x?x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xbf16>)
// CHECK-SAME: outs(%{{.*}} : tensor<?x8x?x32xbf16>)
// CHECK: return %[[R]]
func.func @tensors(%q: tensor<?x8x?x64xbf16>, %k: tensor<?x2x?x64xbf16>,
                   %v: tensor<?x2x?x32xbf16>, %o: tensor<?x8x?x32xbf16>)
    -> tensor<?x8x?x32xbf16> {
  %r = spattn.attention structure(#spattn.causal)
         ins(%q, %k, %v : tensor<?x8x?x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xbf16>)
         outs(%o : tensor<?x8x?x32xbf16>)
  return %r : tensor<?x8x?x32xbf16>
}

// CHECK-LABEL: @everything
// CHECK: spattn.attention structure(#spattn.partition<local_band>)
// CHECK-SAME: scale(%{{.*}}) outs(%{{.*}}, %{{.*}} : tensor<2x100x4x16xf32>, tensor<2x100x4xf32>)
// CHECK-SAME: {alignment = #spattn.alignment<start>, layout = "bnhd", tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
func.func @everything(%q: tensor<2x100x4x16xf16>, %s: f32,
                      %o: tensor<2x100x4x16xf32>, %l: tensor<2x100x4xf32>)
    -> (tensor<2x100x4x16xf32>, tensor<2x100x4xf32>) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
           ins(%q, %q, %q : tensor<2x100x4x16xf16>, tensor<2x100x4x16xf16>, tensor<2x100x4x16xf16>)
           scale(%s) outs(%o, %l : tensor<2x100x4x16xf32>, tensor<2x100x4xf32>)
           {alignment = #spattn.alignment<start>, layout = "bnhd",
            tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
  return %r#0, %r#1 : tensor<2x100x4x16xf32>, tensor<2x100x4xf32>
}

// CHECK-LABEL: @buffers
// CHECK-NOT: =
// CHECK: spattn.attention structure(#spattn.full)
func.func @buffers(%q: memref<1x1x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>,
                   %o: memref<1x1x8x4xf32>) {
  spattn.attention structure(#spattn.full)
    ins(%q, %q, %q : memref<1x1x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>,
        memref<1x1x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>,
        memref<1x1x8x4xf32, strided<[?, ?, ?, 1], offset: ?>>)
    outs(%o : memref<1x1x8x4xf32>)
  return
}

// CHECK-LABEL: @backward
// CHECK: %[[R:.*]]:3 = spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8x?x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xbf16>, tensor<?x8x?x32xf32>, tensor<?x8x?xf32>, tensor<?x8x?x32xf32>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8x?x64xf32>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xf32>)
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @backward(%q: tensor<?x8x?x64xbf16>, %k: tensor<?x2x?x64xbf16>, %v: tensor<?x2x?x32xbf16>,
                    %o: tensor<?x8x?x32xf32>, %l: tensor<?x8x?xf32>, %do: tensor<?x8x?x32xf32>,
                    %dq: tensor<?x8x?x64xf32>, %dk: tensor<?x2x?x64xbf16>, %dv: tensor<?x2x?x32xf32>)
    -> (tensor<?x8x?x64xf32>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xf32>) {
  %r:3 = spattn.attention_backward structure(#spattn.causal)
           ins(%q, %k, %v, %o, %l, %do : tensor<?x8x?x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xbf16>,
               tensor<?x8x?x32xf32>, tensor<?x8x?xf32>, tensor<?x8x?x32xf32>)
           outs(%dq, %dk, %dv : tensor<?x8x?x64xf32>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xf32>)
  return %r#0, %r#1, %r#2 : tensor<?x8x?x64xf32>, tensor<?x2x?x64xbf16>, tensor<?x2x?x32xf32>
}

// CHECK-LABEL: @backward_dlse
// CHECK: spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: tensor<1x2x8xf32>, tensor<1x2x8x4xf32>) dlse(%{{.*}} : tensor<1x2x8xf32>) outs(
// CHECK: spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: dlse(%{{.*}} : tensor<1x2x8xf32>) scale(%{{.*}}) outs(
func.func @backward_dlse(%x: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %dl: tensor<1x2x8xf32>, %s: f32) {
  %0:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%x, %x, %x, %x, %l, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x2x8xf32>)
    outs(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  %1:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%x, %x, %x, %x, %l, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%dl : tensor<1x2x8xf32>) scale(%s)
    outs(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// CHECK-LABEL: @sink_logits
// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-SAME: tensor<1x2x8x4xf32>) sink_logits(%{{.*}} : tensor<2xf32>) outs(
// CHECK: spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: dlse(%{{.*}} : tensor<1x2x8xf32>) sink_logits(%{{.*}} : tensor<2xf32>) scale(%{{.*}}) outs(
// CHECK-SAME: tensor<1x2x8x4xf32>, tensor<2xf32>)
// CHECK: spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: sink_logits(%{{.*}} : memref<2xf32, strided<[2]>>) outs(
func.func @sink_logits(%x: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %sink: tensor<2xf32>, %s: f32,
                       %m: memref<1x2x8x4xf32>, %n: memref<1x2x8xf32>, %t: memref<2xf32, strided<[2]>>) {
  %0 = spattn.attention structure(#spattn.causal)
    ins(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%sink : tensor<2xf32>) outs(%x : tensor<1x2x8x4xf32>)
  %1:4 = spattn.attention_backward structure(#spattn.causal)
    ins(%x, %x, %x, %x, %l, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    dlse(%l : tensor<1x2x8xf32>) sink_logits(%sink : tensor<2xf32>) scale(%s)
    outs(%x, %x, %x, %sink : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<2xf32>)
  spattn.attention_backward structure(#spattn.causal)
    ins(%m, %m, %m, %m, %n, %m : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8x4xf32>)
    sink_logits(%t : memref<2xf32, strided<[2]>>)
    outs(%m, %m, %m, %t : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<2xf32, strided<[2]>>)
  return
}

// CHECK-LABEL: @sequences
// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-SAME: query_starts(%{{.*}} : tensor<1x?xi32>) query_ends(%{{.*}} : tensor<1x?xi32>) key_starts(%{{.*}} : tensor<1x?xi32>) key_ends(%{{.*}} : tensor<1x?xi32>) scale(%{{.*}}) outs(
// CHECK-SAME: {bound_length = #spattn.bound_length<pack>}
// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-SAME: key_ends(%{{.*}} : tensor<1x1xi32>) outs(%{{.*}} : tensor<1x2x8x4xf32>){{$}}
// CHECK: spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: query_ends(%{{.*}} : memref<1x1xi32, strided<[?, ?]>>) key_ends(
func.func @sequences(%x: tensor<1x2x8x4xf32>, %starts: tensor<1x?xi32>, %ends: tensor<1x?xi32>,
                     %lengths: tensor<1x1xi32>, %s: f32, %m: memref<1x2x8x4xf32>,
                     %n: memref<1x2x8xf32>, %e: memref<1x1xi32, strided<[?, ?]>>) {
  %0 = spattn.attention structure(#spattn.causal)
    ins(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_starts(%starts : tensor<1x?xi32>) query_ends(%ends : tensor<1x?xi32>)
    key_starts(%starts : tensor<1x?xi32>) key_ends(%ends : tensor<1x?xi32>) scale(%s)
    outs(%x : tensor<1x2x8x4xf32>) {bound_length = #spattn.bound_length<pack>}
  %1 = spattn.attention structure(#spattn.causal)
    ins(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    key_ends(%lengths : tensor<1x1xi32>) outs(%x : tensor<1x2x8x4xf32>)
    {bound_length = #spattn.bound_length<sequence>}
  spattn.attention_backward structure(#spattn.causal)
    ins(%m, %m, %m, %m, %n, %m : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8x4xf32>)
    query_ends(%e : memref<1x1xi32, strided<[?, ?]>>) key_ends(%e : memref<1x1xi32, strided<[?, ?]>>)
    outs(%m, %m, %m : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
  return
}

// CHECK-LABEL: @score_modifiers
// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-SAME: sink_logits(%{{.*}} : tensor<2xf32>) alibi_slopes(%{{.*}} : tensor<2xf32>) distance_bias(%{{.*}} : tensor<2x33xf32>) scale(%{{.*}}) soft_cap(%{{.*}}) outs(
// CHECK: spattn.attention_backward structure(#spattn.causal)
// CHECK-SAME: alibi_slopes(%{{.*}} : tensor<2xf32>) distance_bias(%{{.*}} : tensor<2x33xf32>) soft_cap(%{{.*}}) outs(
func.func @score_modifiers(%x: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %h: tensor<2xf32>, %b: tensor<2x33xf32>, %s: f32) {
  %0 = spattn.attention structure(#spattn.causal)
    ins(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%h : tensor<2xf32>) alibi_slopes(%h : tensor<2xf32>) distance_bias(%b : tensor<2x33xf32>)
    scale(%s) soft_cap(%s) outs(%x : tensor<1x2x8x4xf32>)
  %1:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%x, %x, %x, %x, %l, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    alibi_slopes(%h : tensor<2xf32>) distance_bias(%b : tensor<2x33xf32>) soft_cap(%s)
    outs(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
  return
}

// CHECK-LABEL: @positions
// CHECK: spattn.attention structure(#spattn.full)
// CHECK-SAME: query_positions(%{{.*}} : tensor<1x2x8xi32>) key_positions(%{{.*}} : tensor<1x2x8xi32>) outs(
// CHECK-SAME: {causal_positions}
// CHECK: spattn.attention_backward structure(#spattn.full)
// CHECK-SAME: query_positions(%{{.*}} : tensor<1x2x8xi32>) key_positions(%{{.*}} : tensor<1x2x8xi32>) outs(
// CHECK-SAME: {causal_positions, self_score = -5.000000e+04 : f32}
func.func @positions(%x: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %p: tensor<1x2x8xi32>) {
  %0 = spattn.attention structure(#spattn.full)
    ins(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) key_positions(%p : tensor<1x2x8xi32>) outs(%x : tensor<1x2x8x4xf32>) {causal_positions}
  %1:3 = spattn.attention_backward structure(#spattn.full)
    ins(%x, %x, %x, %x, %l, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) key_positions(%p : tensor<1x2x8xi32>) 
    outs(%x, %x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) {causal_positions, self_score = -5.0e4 : f32}
  return
}

// CHECK-LABEL: @backward_buffers
// CHECK-NOT: =
// CHECK: spattn.attention_backward structure(#spattn.full)
// CHECK-SAME: scale(%{{.*}}) outs(
// CHECK-SAME: {alignment = #spattn.alignment<start>, layout = "bnhd", tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
func.func @backward_buffers(%q: memref<1x8x2x4xf16, strided<[?, ?, ?, 1], offset: ?>>, %s: f32,
                            %l: memref<1x8x2xf32>, %o: memref<1x8x2x4xf32>) {
  spattn.attention_backward structure(#spattn.full)
    ins(%q, %q, %q, %o, %l, %o : memref<1x8x2x4xf16, strided<[?, ?, ?, 1], offset: ?>>,
        memref<1x8x2x4xf16, strided<[?, ?, ?, 1], offset: ?>>,
        memref<1x8x2x4xf16, strided<[?, ?, ?, 1], offset: ?>>,
        memref<1x8x2x4xf32>, memref<1x8x2xf32>, memref<1x8x2x4xf32>)
    scale(%s) outs(%o, %o, %o : memref<1x8x2x4xf32>, memref<1x8x2x4xf32>, memref<1x8x2x4xf32>)
    {alignment = #spattn.alignment<start>, layout = "bnhd",
     tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
  return
}

// CHECK-LABEL: @tiles
// CHECK: spattn_cpu.load_query %{{.*}} scale(%{{.*}}) into %{{.*}} : memref<?x8xbf16>, memref<8x16xf32>
// CHECK: spattn_cpu.stage %{{.*}} into %{{.*}} : memref<?x8xbf16>, memref<4x8xf32>
// CHECK: spattn_cpu.online_init(%{{.*}}, %{{.*}}, %{{.*}}) : memref<16x8xf32>, memref<16xf32>, memref<16xf32>
// CHECK: spattn_cpu.online_init(%{{.*}}, %{{.*}}, %{{.*}}) sink(%{{.*}}) : memref<16x8xf32>, memref<16xf32>, memref<16xf32>
// CHECK: spattn_cpu.online_step ins(%{{.*}}, %{{.*}}, %{{.*}}) state(%{{.*}}, %{{.*}}, %{{.*}}) scratch(%{{.*}}, %{{.*}}) :
// CHECK: spattn_cpu.online_step ins(%{{.*}}, %{{.*}}, %{{.*}}) state(%{{.*}}, %{{.*}}, %{{.*}}) scratch(%{{.*}}, %{{.*}}) mask {
// CHECK: ^bb0(%[[M:.*]]: index, %[[N:.*]]: index):
// CHECK: spattn_cpu.yield
// CHECK: spattn_cpu.online_step {{.*}} score {
// CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK: spattn_cpu.yield_score %{{[^,]*$}}
// CHECK: } mask {
// CHECK: spattn_cpu.yield %
// CHECK: spattn_cpu.online_finish(%{{.*}}, %{{.*}}, %{{.*}}) into %{{.*}}, %{{.*}} : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<?x8xbf16>, memref<?xf32>
func.func @tiles(%src: memref<?x8xbf16>, %s: f32, %qt: memref<8x16xf32>,
                 %k: memref<4x8xf32>, %acc: memref<16x8xf32>,
                 %max: memref<16xf32>, %sum: memref<16xf32>,
                 %scores: memref<4x16xf32>, %c: memref<16xf32>,
                 %lse: memref<?xf32>) {
  spattn_cpu.load_query %src scale(%s) into %qt : memref<?x8xbf16>, memref<8x16xf32>
  spattn_cpu.stage %src into %k : memref<?x8xbf16>, memref<4x8xf32>
  spattn_cpu.online_init(%acc, %max, %sum) : memref<16x8xf32>, memref<16xf32>, memref<16xf32>
  spattn_cpu.online_init(%acc, %max, %sum) sink(%s) : memref<16x8xf32>, memref<16xf32>, memref<16xf32>
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c)
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) mask {
    ^bb0(%m: index, %n: index):
      %p = arith.cmpi sge, %m, %n : index
      spattn_cpu.yield %p
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  spattn_cpu.online_step ins(%qt, %k, %k) state(%acc, %max, %sum) scratch(%scores, %c) score {
    ^bb0(%x: f32, %m: index, %n: index):
      %t = math.tanh %x : f32
      spattn_cpu.yield_score %t
    } mask {
    ^bb0(%m: index, %n: index):
      %p = arith.cmpi sge, %m, %n : index
      spattn_cpu.yield %p
    }
    : memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16x8xf32>,
      memref<16xf32>, memref<16xf32>, memref<4x16xf32>, memref<16xf32>
  spattn_cpu.online_finish(%acc, %max, %sum) into %src, %lse
    : memref<16x8xf32>, memref<16xf32>, memref<16xf32>, memref<?x8xbf16>, memref<?xf32>
  return
}

// CHECK-LABEL: @gradient_tiles
// CHECK: spattn_cpu.stage %{{.*}} into %{{.*}} : memref<?x8xbf16>, memref<4x8xf32>
// CHECK: spattn_cpu.clear %{{.*}} : memref<16x8xf32>
// CHECK: spattn_cpu.load_statistics(%{{.*}}, %{{.*}}, %{{.*}}) into %{{.*}}, %{{.*}} : memref<?x8xbf16>, memref<?x8xbf16>, memref<?xf32>, memref<16xf32>, memref<16xf32>
// CHECK: spattn_cpu.load_statistics(%{{.*}}, %{{.*}}, %{{.*}}) dlse(%{{.*}} : memref<?xf32>) into %{{.*}}, %{{.*}} : memref<?x8xbf16>, memref<?x8xbf16>, memref<?xf32>, memref<16xf32>, memref<16xf32>
// CHECK: spattn_cpu.sink_gradient(%{{.*}}, %{{.*}}) sink(%{{.*}}) : memref<?xf32>, memref<16xf32>
// CHECK: spattn_cpu.query_gradient_step ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) statistics(%{{.*}}, %{{.*}}) acc(%{{.*}}) scratch(%{{.*}}, %{{.*}}) :
// CHECK: spattn_cpu.key_gradient_step ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) statistics(%{{.*}}, %{{.*}}) acc(%{{.*}}, %{{.*}}) scratch(%{{.*}}, %{{.*}}) mask {
// CHECK: ^bb0(%{{.*}}: index, %{{.*}}: index):
// CHECK: spattn_cpu.yield
// CHECK: spattn_cpu.store %{{.*}} scale(%{{.*}}) into %{{.*}} : memref<16x8xf32>, memref<?x8xbf16>
func.func @gradient_tiles(%src: memref<?x8xbf16>, %s: f32, %qt: memref<8x16xf32>, %k: memref<4x8xf32>,
                          %acc: memref<16x8xf32>, %shift: memref<16xf32>, %delta: memref<16xf32>,
                          %few: memref<4xf32>, %p: memref<4x16xf32>, %lse: memref<?xf32>) {
  spattn_cpu.stage %src into %k : memref<?x8xbf16>, memref<4x8xf32>
  spattn_cpu.clear %acc : memref<16x8xf32>
  spattn_cpu.load_statistics(%src, %src, %lse) into %shift, %delta
    : memref<?x8xbf16>, memref<?x8xbf16>, memref<?xf32>, memref<16xf32>, memref<16xf32>
  spattn_cpu.load_statistics(%src, %src, %lse) dlse(%lse : memref<?xf32>) into %shift, %delta
    : memref<?x8xbf16>, memref<?x8xbf16>, memref<?xf32>, memref<16xf32>, memref<16xf32>
  %sum = spattn_cpu.sink_gradient(%lse, %delta) sink(%s) : memref<?xf32>, memref<16xf32>
  spattn_cpu.query_gradient_step ins(%qt, %qt, %k, %k) statistics(%shift, %delta) acc(%acc) scratch(%p, %p)
    : memref<8x16xf32>, memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<16xf32>, memref<16xf32>,
      memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  spattn_cpu.key_gradient_step ins(%qt, %qt, %k, %k) statistics(%few, %few) acc(%acc, %acc) scratch(%p, %p) mask {
    ^bb0(%m: index, %n: index):
      %t = arith.cmpi sge, %m, %n : index
      spattn_cpu.yield %t
    }
    : memref<8x16xf32>, memref<8x16xf32>, memref<4x8xf32>, memref<4x8xf32>, memref<4xf32>, memref<4xf32>,
      memref<16x8xf32>, memref<16x8xf32>, memref<4x16xf32>, memref<4x16xf32>
  spattn_cpu.store %acc scale(%s) into %src : memref<16x8xf32>, memref<?x8xbf16>
  return
}

// CHECK-LABEL: @score_region
// CHECK: spattn.attention structure(#spattn.causal) ins({{.*}}) outs({{.*}}) score {
// CHECK: ^bb0(%[[S:.*]]: f32, %[[Q:.*]]: i32, %[[K:.*]]: i32, %{{.*}}: i32, %{{.*}}: i32):
// CHECK: arith.subi %[[Q]], %[[K]] : i32
// CHECK: spattn.yield %{{.*}} : f32
// CHECK: } {signed_scale}
func.func @score_region(%q: tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32> {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    %d = arith.subi %query, %key : i32
    %f = arith.sitofp %d : i32 to f32
    %r = arith.addf %score, %f : f32
    spattn.yield %r : f32
  } {signed_scale}
  return %r : tensor<1x2x8x4xf32>
}

// CHECK-LABEL: @bias_gradients
// CHECK: spattn.attention_backward {{.*}} outs({{.*}}) dalibi_slopes(%{{.*}} : tensor<2xf32>) ddistance_bias(%{{.*}} : tensor<2x5xf32>)
// CHECK: spattn.attention_backward {{.*}} outs({{.*}}) ddistance_bias(%{{.*}} : tensor<2x5xf32>)
func.func @bias_gradients(%q: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %s: tensor<2xf32>, %b: tensor<2x5xf32>) {
  %r:5 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    alibi_slopes(%s : tensor<2xf32>) distance_bias(%b : tensor<2x5xf32>)
    outs(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    dalibi_slopes(%s : tensor<2xf32>) ddistance_bias(%b : tensor<2x5xf32>)
  %t:4 = spattn.attention_backward structure(#spattn.causal)
    ins(%q, %q, %q, %q, %l, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%b : tensor<2x5xf32>)
    outs(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    ddistance_bias(%b : tensor<2x5xf32>)
  return
}
