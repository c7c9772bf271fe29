// RUN: spattn-opt %s -spattn-raise-attention=remarks -split-input-file | FileCheck %s --implicit-check-not=remark

// Of the maximum and the sum that the softmax takes. What uses it ahead of the
// product with values comes behind.
// CHECK-LABEL: func @of_softmax(
// CHECK:         %[[R:.*]]:2 = spattn.attention structure(#spattn.full)
// CHECK-SAME:      outs(%{{.*}}, %{{.*}} : tensor<8x1x16x4xf32>, tensor<8x1x16xf32>)
// CHECK-DAG:     %[[O:.*]] = tensor.collapse_shape %[[R]]#0 {{\[}}[0, 1], [2], [3]]
// CHECK-DAG:     %[[L:.*]] = tensor.collapse_shape %[[R]]#1 {{\[}}[0, 1], [2]]
// CHECK:         %[[NEG:.*]] = arith.negf %[[L]]
// CHECK-NOT:     math.
// CHECK:         return %[[O]], %[[NEG]]
!t = tensor<8x16x4xf32>
!s = tensor<8x16x16xf32>
!r = tensor<8x16xf32>
func.func @of_softmax(%q: !t, %k: !t, %v: !t) -> (!t, !r) {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.batch_matmul indexing_maps = [
           affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, n, k)>, affine_map<(b, m, n, k) -> (b, m, n)>]
       ins(%q, %k : !t, !t) outs(%s0 : !s) -> !s
  %re = tensor.empty() : !r
  %max0 = linalg.fill ins(%least : f32) outs(%re : !r) -> !r
  %max = linalg.reduce { arith.maximumf } ins(%s : !s) outs(%max0 : !r) dimensions = [2]
  %maxes = linalg.broadcast ins(%max : !r) outs(%e : !s) dimensions = [2]
  %d = arith.subf %s, %maxes : !s
  %w = math.exp %d : !s
  %sum0 = linalg.fill ins(%zero : f32) outs(%re : !r) -> !r
  %sum = linalg.reduce { arith.addf } ins(%w : !s) outs(%sum0 : !r) dimensions = [2]
  %sums = linalg.broadcast ins(%sum : !r) outs(%e : !s) dimensions = [2]
  %p = arith.divf %w, %sums : !s
  %log = math.log %sum : !r
  %lse = arith.addf %log, %max : !r
  %neg = arith.negf %lse : !r
  %oe = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : !t) -> !t
  %o = linalg.batch_matmul ins(%p, %v : !s, !t) outs(%o0 : !t) -> !t
  return %o, %neg : !t, !r
}

// -----

// Apart from the softmax, as JAX and PyTorch write it: a maximum that is
// infinite is 0. In another order of dimensions, and rounded.
// CHECK-LABEL: func @apart(
// CHECK:         %[[R:.*]]:2 = spattn.attention structure(#spattn.full)
// CHECK-SAME:      tensor<2x3x16xf32>)
// CHECK:         %[[T:.*]] = linalg.transpose ins(%[[R]]#1 : tensor<2x3x16xf32>) outs(%{{.*}} : tensor<2x16x3xf32>) permutation = [0, 2, 1]
// CHECK:         %[[X:.*]] = tensor.expand_shape
// CHECK-NOT:     math.
// CHECK:         return
!t = tensor<2x3x16x4xf32>
!s = tensor<2x3x16x16xf32>
!r = tensor<2x3x16x1xf32>
#pairs = affine_map<(b, h, i, j) -> (b, h, i, j)>
#rows = affine_map<(b, h, i, j) -> (b, h, i, 0)>
func.func @apart(%q: !t, %k: !t, %v: !t) -> (!t, tensor<2x16x3x1xf32>) {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %inf = arith.constant 0x7F800000 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.generic {indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>, affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : !t, !t) outs(%s0 : !s) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %z, %m : f32
    linalg.yield %a : f32
  } -> !s
  %p = linalg.softmax dimension(3) ins(%s : !s) outs(%e : !s) -> !s
  %re = tensor.empty() : !r
  %max0 = linalg.fill ins(%least : f32) outs(%re : !r) -> !r
  %max = linalg.generic {indexing_maps = [#pairs, affine_map<(b, h, i, j) -> (b, h, i, 0)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : !s) outs(%max0 : !r) {
  ^bb0(%x: f32, %y: f32):
    %a = arith.maximumf %x, %y : f32
    linalg.yield %a : f32
  } -> !r
  %finite = linalg.generic {indexing_maps = [#pairs, #pairs], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%max : !r) outs(%re : !r) {
  ^bb0(%x: f32, %y: f32):
    %a = math.absf %x : f32
    %c = arith.cmpf one, %a, %inf : f32
    %b = arith.select %c, %x, %zero : f32
    linalg.yield %b : f32
  } -> !r
  %w = linalg.generic {indexing_maps = [#pairs, #rows, #pairs], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %finite : !s, !r) outs(%e : !s) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %a = arith.subf %x, %y : f32
    %b = math.exp %a : f32
    linalg.yield %b : f32
  } -> !s
  %sum0 = linalg.fill ins(%zero : f32) outs(%re : !r) -> !r
  %sum = linalg.generic {indexing_maps = [#pairs, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : !s) outs(%sum0 : !r) {
  ^bb0(%x: f32, %y: f32):
    %a = arith.addf %x, %y : f32
    linalg.yield %a : f32
  } -> !r
  %te = tensor.empty() : tensor<2x16x3x1xf32>
  %lse = linalg.generic {indexing_maps = [#pairs, #pairs, affine_map<(b, h, i, j) -> (b, i, h, j)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%sum, %finite : !r, !r) outs(%te : tensor<2x16x3x1xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %a = math.log %x : f32
    %b = arith.addf %a, %y : f32
    linalg.yield %b : f32
  } -> tensor<2x16x3x1xf32>
  %oe = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : !t) -> !t
  %o = linalg.generic {indexing_maps = [affine_map<(b, h, i, d, j) -> (b, h, i, j)>, affine_map<(b, h, i, d, j) -> (b, h, j, d)>, affine_map<(b, h, i, d, j) -> (b, h, i, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%p, %v : !s, !t) outs(%o0 : !t) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %x, %y : f32
    %a = arith.addf %z, %m : f32
    linalg.yield %a : f32
  } -> !t
  return %o, %lse : !t, tensor<2x16x3x1xf32>
}

// -----

// A sum of something else, and a shift that is not the one of the sum, are no
// log-sum-exps of the scores.
// CHECK-LABEL: func @another(
// CHECK:         %[[LOG:.*]] = math.log
// CHECK:         %[[L:.*]] = arith.addf %[[LOG]]
// CHECK:         %[[R:.*]] = spattn.attention
// CHECK:         return %{{.*}}, %[[L]]
!t = tensor<16x4xf32>
!s = tensor<16x16xf32>
!r = tensor<16xf32>
func.func @another(%q: !t, %shift: !r) -> (!t, !r) {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %re = tensor.empty() : !r
  %max0 = linalg.fill ins(%least : f32) outs(%re : !r) -> !r
  %max = linalg.reduce { arith.maximumf } ins(%s : !s) outs(%max0 : !r) dimensions = [1]
  %maxes = linalg.broadcast ins(%max : !r) outs(%e : !s) dimensions = [1]
  %d = arith.subf %s, %maxes : !s
  %w = math.exp %d : !s
  %sum0 = linalg.fill ins(%zero : f32) outs(%re : !r) -> !r
  %sum = linalg.reduce { arith.addf } ins(%w : !s) outs(%sum0 : !r) dimensions = [1]
  %sums = linalg.broadcast ins(%sum : !r) outs(%e : !s) dimensions = [1]
  %p = arith.divf %w, %sums : !s
  %log = math.log %sum : !r
  %lse = arith.addf %log, %shift : !r
  %oe = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%oe : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o, %lse : !t, !r
}
