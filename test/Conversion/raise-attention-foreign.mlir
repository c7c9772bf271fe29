// RUN: spattn-opt %s -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file | FileCheck %s --implicit-check-not=remark

// Attention of dialects that are not linked, in generic form.

// As torch-mlir writes it; scores are divided by the root of the head dimension.
// CHECK-LABEL: func @tm_tensor(
// CHECK-SAME:    %[[Q:[a-z0-9]*]]: tensor<5x2x3x4xf32>, %[[K:[a-z0-9]*]]: tensor<5x2x?x4xf32>, %[[V:[a-z0-9]*]]: tensor<5x2x?x6xf32>
// CHECK:         %[[O:.*]] = tensor.empty() : tensor<5x2x3x6xf32>
// CHECK:         %[[A:.*]] = spattn.attention structure(#spattn.full) ins(%[[Q]], %[[K]], %[[V]] :
// CHECK-SAME:      tensor<5x2x?x6xf32>) outs(%[[O]]
// CHECK:         return %[[A]]
func.func @tm_tensor(%q: tensor<5x2x3x4xf32>, %k: tensor<5x2x?x4xf32>, %v: tensor<5x2x?x6xf32>, %o: tensor<5x2x3x6xf32>) -> tensor<5x2x3x6xf32> {
  %0 = "tm_tensor.attention"(%q, %k, %v, %o) <{operandSegmentSizes = array<i32: 3, 1>}>
      : (tensor<5x2x3x4xf32>, tensor<5x2x?x4xf32>, tensor<5x2x?x6xf32>, tensor<5x2x3x6xf32>) -> tensor<5x2x3x6xf32>
  return %0 : tensor<5x2x3x6xf32>
}

// -----

// As IREE writes it: indexing maps, here of transposed values and of grouped
// heads, and a scale of the program, in f16.
#q = affine_map<(b, h, m, n, k1, k2) -> (b, h, m, k1)>
#k = affine_map<(b, h, m, n, k1, k2) -> (b, k2, k1)>
#v = affine_map<(b, h, m, n, k1, k2) -> (b, n, k2)>
#s = affine_map<(b, h, m, n, k1, k2) -> ()>
#m = affine_map<(b, h, m, n, k1, k2) -> (m, k2)>
#o = affine_map<(b, h, m, n, k1, k2) -> (b, h, m, n)>
#map = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: func @linalg_ext(
// CHECK-SAME:    %[[Q:[a-z0-9]*]]: tensor<2x4x16x8xf16>, %[[K:[a-z0-9]*]]: tensor<2x16x8xf16>, %[[V:[a-z0-9]*]]: tensor<2x8x16xf16>, %[[S:[a-z0-9]*]]: f16
// CHECK-DAG:     %[[K4:.*]] = tensor.expand_shape %[[K]] {{\[}}[0, 1], [2], [3]] output_shape [2, 1, 16, 8]
// CHECK-DAG:     %[[V4:.*]] = tensor.expand_shape %[[V]] {{\[}}[0, 1], [2], [3]] output_shape [2, 1, 8, 16]
// CHECK:         %[[VT:.*]] = linalg.transpose ins(%[[V4]] : {{.*}}) outs({{.*}}) permutation = [0, 1, 3, 2]
// CHECK:         %[[SCALE:.*]] = arith.extf %[[S]] : f16 to f32
// CHECK:         spattn.attention structure(#spattn.causal) ins(%[[Q]], %[[K4]], %[[VT]] : tensor<2x4x16x8xf16>, tensor<2x1x16x8xf16>, tensor<2x1x16x8xf16>)
// CHECK-SAME:      scale(%[[SCALE]]) outs({{.*}} : tensor<2x4x16x8xf16>) {signed_scale}
func.func @linalg_ext(%q: tensor<2x4x16x8xf16>, %k: tensor<2x16x8xf16>, %v: tensor<2x8x16xf16>, %scale: f16) -> tensor<2x4x16x8xf16> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sle, %j, %i : index
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %o = tensor.empty() : tensor<2x4x16x8xf16>
  %0 = "iree_linalg_ext.attention"(%q, %k, %v, %scale, %m, %o) <{indexing_maps = [#q, #k, #v, #s, #m, #o]}> ({
  ^bb0(%score: f32):
    "iree_linalg_ext.yield"(%score) : (f32) -> ()
  }) : (tensor<2x4x16x8xf16>, tensor<2x16x8xf16>, tensor<2x8x16xf16>, f16, tensor<16x16xi1>, tensor<2x4x16x8xf16>) -> tensor<2x4x16x8xf16>
  return %0 : tensor<2x4x16x8xf16>
}

// -----

// A scale that is a constant.
#q = affine_map<(m, n, k, l) -> (m, k)>
#k = affine_map<(m, n, k, l) -> (l, k)>
#v = affine_map<(m, n, k, l) -> (l, n)>
#s = affine_map<(m, n, k, l) -> ()>
#o = affine_map<(m, n, k, l) -> (m, n)>
// CHECK-LABEL: func @constant_scale(
// CHECK:         %[[S:.*]] = arith.constant 2.000000e+00 : f32
// CHECK:         spattn.attention {{.*}} scale(%[[S]]) {{[^{]*$}}
func.func @constant_scale(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %s = arith.constant 2.0 : f32
  %r = "iree_linalg_ext.attention"(%q, %q, %q, %s, %q) {indexing_maps = [#q, #k, #v, #s, #o]} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, f32, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}
