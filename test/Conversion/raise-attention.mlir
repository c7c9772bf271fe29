// RUN: spattn-opt %s -spattn-raise-attention=remarks -split-input-file | FileCheck %s --implicit-check-not=remark --implicit-check-not=linalg.softmax

// One dimension of batch and heads, and keys that are not transposed. What led
// to the attention is gone.
// CHECK-LABEL: func @batch_matmul(
// CHECK-SAME:    %[[Q:.*]]: tensor<8x64x32xf32>, %[[K:.*]]: tensor<8x48x32xf32>, %[[V:.*]]: tensor<8x48x16xf32>
// CHECK-DAG:     %[[Q4:.*]] = tensor.expand_shape %[[Q]] {{\[}}[0, 1], [2], [3]] output_shape [8, 1, 64, 32]
// CHECK-DAG:     %[[K4:.*]] = tensor.expand_shape %[[K]] {{\[}}[0, 1], [2], [3]]
// CHECK-DAG:     %[[V4:.*]] = tensor.expand_shape %[[V]] {{\[}}[0, 1], [2], [3]]
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[O:.*]] = tensor.empty() : tensor<8x1x64x16xf32>
// CHECK:         %[[A:.*]] = spattn.attention structure(#spattn.full) ins(%[[Q4]], %[[K4]], %[[V4]]
// CHECK-SAME:      scale(%[[ONE]]) outs(%[[O]] : tensor<8x1x64x16xf32>)
// CHECK:         %[[R:.*]] = tensor.collapse_shape %[[A]] {{\[}}[0, 1], [2], [3]] : tensor<8x1x64x16xf32> into tensor<8x64x16xf32>
// CHECK-NEXT:    return %[[R]]
func.func @batch_matmul(%q: tensor<8x64x32xf32>, %k: tensor<8x48x32xf32>, %v: tensor<8x48x16xf32>) -> tensor<8x64x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x64x48xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<8x64x48xf32>) -> tensor<8x64x48xf32>
  %s = linalg.batch_matmul indexing_maps = [
           affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, n, k)>,
           affine_map<(b, m, n, k) -> (b, m, n)>]
       ins(%q, %k : tensor<8x64x32xf32>, tensor<8x48x32xf32>) outs(%s0 : tensor<8x64x48xf32>) -> tensor<8x64x48xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<8x64x48xf32>) outs(%e : tensor<8x64x48xf32>) -> tensor<8x64x48xf32>
  %f = tensor.empty() : tensor<8x64x16xf32>
  %o0 = linalg.fill ins(%zero : f32) outs(%f : tensor<8x64x16xf32>) -> tensor<8x64x16xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<8x64x48xf32>, tensor<8x48x16xf32>) outs(%o0 : tensor<8x64x16xf32>) -> tensor<8x64x16xf32>
  return %o : tensor<8x64x16xf32>
}

// -----

// Four dimensions, lengths and batch that are dynamic, a scale before and one
// behind the product, and transposed keys. The layout is that of the program.
#q = affine_map<(b, h, i, j, c) -> (b, i, h, c)>
#k = affine_map<(b, h, i, j, c) -> (b, j, h, c)>
#s = affine_map<(b, h, i, j, c) -> (b, h, i, j)>
#p = affine_map<(b, h, i, c, j) -> (b, h, i, j)>
#v = affine_map<(b, h, i, c, j) -> (b, j, h, c)>
#o = affine_map<(b, h, i, c, j) -> (b, i, h, c)>
#id = affine_map<(a, b, c, d) -> (a, b, c, d)>
!t = tensor<?x?x4x32xf32>
!s = tensor<?x4x?x?xf32>
// CHECK-LABEL: func @generic(
// CHECK-SAME:    %[[Q:[a-z0-9]*]]: tensor<?x?x4x32xf32>, %[[K:[a-z0-9]*]]: tensor<?x?x4x32xf32>, %[[V:[a-z0-9]*]]: tensor<?x?x4x32xf32>
// CHECK-DAG:     %[[SCALE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[A:.*]] = spattn.attention structure(#spattn.causal) ins(%[[Q]], %[[K]], %[[V]] :
// CHECK-SAME:      scale(%[[SCALE]]) outs({{.*}}) {alignment = #spattn.alignment<start>, layout = "bnhd"}
// CHECK-NEXT:    return %[[A]]
func.func @generic(%q: !t, %k: !t, %v: !t, %e: !s, %f: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %four = arith.constant 4.0 : f32
  %quarter = arith.constant 0.25 : f32
  %masked = arith.constant 0xFF800000 : f32
  %scaled = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q : !t) outs(%f : !t) {
  ^bb0(%x: f32, %y: f32):
    %r = arith.mulf %x, %four : f32
    linalg.yield %r : f32
  } -> !t
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%scaled, %k : !t, !t) outs(%s0 : !s) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %r = arith.mulf %x, %y : f32
    %t = arith.addf %z, %r : f32
    linalg.yield %t : f32
  } -> !s
  %m = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : !s) outs(%e : !s) {
  ^bb0(%x: f32, %y: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %c = arith.cmpi sge, %i, %j : index
    %r = arith.mulf %x, %quarter : f32
    %t = arith.select %c, %r, %masked : f32
    linalg.yield %t : f32
  } -> !s
  %w = linalg.softmax dimension(3) ins(%m : !s) outs(%e : !s) -> !s
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%w, %v : !s, !t) outs(%o0 : !t) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %r = arith.mulf %x, %y : f32
    %t = arith.addf %r, %z : f32
    linalg.yield %t : f32
  } -> !t
  return %o : !t
}

// -----

// Heads in groups, which share keys and values: five dimensions.
#q = affine_map<(b, g, r, i, j, c) -> (b, g, r, i, c)>
#k = affine_map<(b, g, r, i, j, c) -> (b, g, j, c)>
#s = affine_map<(b, g, r, i, j, c) -> (b, g, r, i, j)>
#p = affine_map<(b, g, r, i, c, j) -> (b, g, r, i, j)>
#v = affine_map<(b, g, r, i, c, j) -> (b, g, j, c)>
#o = affine_map<(b, g, r, i, c, j) -> (b, g, r, i, c)>
!q = tensor<2x3x4x16x8xbf16>
!k = tensor<2x3x16x8xbf16>
!s = tensor<2x3x4x16x16xf32>
!o = tensor<2x3x4x16x8xf32>
// CHECK-LABEL: func @groups(
// CHECK-SAME:    %[[Q:[a-z0-9]*]]: tensor<2x3x4x16x8xbf16>, %[[K:[a-z0-9]*]]: tensor<2x3x16x8xbf16>, %[[V:[a-z0-9]*]]: tensor<2x3x16x8xbf16>
// CHECK:         %[[Q4:.*]] = tensor.collapse_shape %[[Q]] {{\[}}[0], [1, 2], [3], [4]]
// CHECK:         %[[A:.*]] = spattn.attention structure(#spattn.full) ins(%[[Q4]], %[[K]], %[[V]] : tensor<2x12x16x8xbf16>, tensor<2x3x16x8xbf16>, tensor<2x3x16x8xbf16>)
// CHECK-SAME:      outs({{.*}} : tensor<2x12x16x8xf32>)
// CHECK:         tensor.expand_shape %[[A]] {{\[}}[0], [1, 2], [3], [4]]
func.func @groups(%q: !q, %k: !k, %v: !k) -> !o {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : !q, !k) outs(%s0 : !s) {
  ^bb0(%x: bf16, %y: bf16, %z: f32):
    %a = arith.extf %x : bf16 to f32
    %b = arith.extf %y : bf16 to f32
    %r = arith.mulf %a, %b : f32
    %t = arith.addf %z, %r : f32
    linalg.yield %t : f32
  } -> !s
  %p = linalg.softmax dimension(4) ins(%s : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !o
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !o) -> !o
  %o = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : !s, !k) outs(%o0 : !o) {
  ^bb0(%x: f32, %y: bf16, %z: f32):
    %b = arith.extf %y : bf16 to f32
    %r = arith.mulf %x, %b : f32
    %t = arith.addf %z, %r : f32
    linalg.yield %t : f32
  } -> !o
  return %o : !o
}

// -----

// A soft cap, in plain arithmetic on tensors, and values on the left.
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
!v = tensor<8x16xf32>
// CHECK-LABEL: func @soft_cap(
// CHECK-DAG:     %[[SCALE:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG:     %[[CAP:.*]] = arith.constant 2.000000e+01 : f32
// CHECK:         spattn.attention structure(#spattn.full) ins({{.*}} : tensor<1x1x16x8xf32>, tensor<1x1x16x8xf32>, tensor<1x1x16x8xf32>)
// CHECK-SAME:      scale(%[[SCALE]]) soft_cap(%[[CAP]])
func.func @soft_cap(%q: !t, %k: !t, %v: !v) -> !v {
  %zero = arith.constant 0.0 : f32
  %cap = arith.constant dense<20.0> : !s
  %scale = arith.constant dense<0.025> : !s
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %k : !t, !t) outs(%s0 : !s) -> !s
  %small = arith.mulf %s, %scale : !s
  %tanh = math.tanh %small : !s
  %capped = arith.mulf %tanh, %cap : !s
  %p = linalg.softmax dimension(1) ins(%capped : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !v
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !v) -> !v
  %o = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%v, %p : !v, !s) outs(%o0 : !v) -> !v
  return %o : !v
}

// -----

// What a program computes is a scale, too, which may be negative.
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
// CHECK-LABEL: func @scale_argument(
// CHECK-SAME:    %[[SCALE:[a-z0-9]*]]: f32)
// CHECK:         spattn.attention {{.*}} scale(%[[SCALE]]) {{.*}} {signed_scale}
func.func @scale_argument(%q: !t, %scale: f32) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %splat = tensor.splat %scale : !s
  %scaled = arith.mulf %s, %splat : !s
  %p = linalg.softmax dimension(1) ins(%scaled : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}

// -----

// Products of f16 are f32, and rounded behind, with another shape: attention
// rounds by itself.
!q = tensor<6x16x8xf16>
!s = tensor<6x16x16xf32>
!o = tensor<6x16x8xf32>
#rows = affine_map<(b, m, n, k) -> (b, m, n)>
#lhs = affine_map<(b, m, n, k) -> (b, m, k)>
#rhs = affine_map<(b, m, n, k) -> (b, n, k)>
#id = affine_map<(a, b, c, d) -> (a, b, c, d)>
// CHECK-LABEL: func @rounded(
// CHECK-NOT:     truncf
// CHECK:         %[[A:.*]] = spattn.attention {{.*}} outs({{.*}} : tensor<6x1x16x8xf16>)
// CHECK:         %[[C:.*]] = tensor.collapse_shape %[[A]] {{.*}} into tensor<6x16x8xf16>
// CHECK-NEXT:    %[[R:.*]] = tensor.expand_shape %[[C]] {{.*}} into tensor<2x3x16x8xf16>
// CHECK-NEXT:    return %[[R]]
func.func @rounded(%q: !q, %e: !s, %f: !o) -> tensor<2x3x16x8xf16> {
  %zero = arith.constant 0.0 : f32
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.batch_matmul indexing_maps = [#lhs, #rhs, #rows] ins(%q, %q : !q, !q) outs(%s0 : !s) -> !s
  %p = linalg.softmax dimension(2) ins(%s : !s) outs(%e : !s) -> !s
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !o) -> !o
  %o = linalg.batch_matmul ins(%p, %q : !s, !q) outs(%o0 : !o) -> !o
  %x = tensor.expand_shape %o [[0, 1], [2], [3]] output_shape [2, 3, 16, 8] : !o into tensor<2x3x16x8xf32>
  %re = tensor.empty() : tensor<2x3x16x8xf16>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x16x8xf32>) outs(%re : tensor<2x3x16x8xf16>) {
  ^bb0(%a: f32, %b: f16):
    %c = arith.truncf %a : f32 to f16
    linalg.yield %c : f16
  } -> tensor<2x3x16x8xf16>
  return %r : tensor<2x3x16x8xf16>
}

// -----

// A result that is used in f32, too, stays f32.
!q = tensor<16x8xf16>
!s = tensor<16x16xf32>
!o = tensor<16x8xf32>
// CHECK-LABEL: func @not_rounded(
// CHECK:         spattn.attention {{.*}} outs({{.*}} : tensor<1x1x16x8xf32>)
// CHECK:         arith.truncf
func.func @not_rounded(%q: !q, %e: !s, %f: !o) -> (!q, !o) {
  %zero = arith.constant 0.0 : f32
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !q, !q) outs(%s0 : !s) -> !s
  %p = linalg.softmax dimension(1) ins(%s : !s) outs(%e : !s) -> !s
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !o) -> !o
  %o = linalg.matmul ins(%p, %q : !s, !q) outs(%o0 : !o) -> !o
  %r = arith.truncf %o : !o to !q
  return %r, %o : !q, !o
}
