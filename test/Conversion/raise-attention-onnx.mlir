// RUN: spattn-opt %s -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file | FileCheck %s --implicit-check-not=remark --implicit-check-not=onnx.

// ONNX's attention in generic form, as onnx-mlir imports it.

// Heads in front: grouped, causal, with a scale and a soft cap.
// CHECK-LABEL: func @heads(
// CHECK-SAME:      %[[Q:.*]]: tensor<2x6x16x8xf32>, %[[K:arg1]]: tensor<2x2x16x8xf32>, %[[V:arg2]]: tensor<2x2x16x4xf32>)
// CHECK-DAG:     %[[SCALE:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG:     %[[CAP:.*]] = arith.constant 3.000000e+01 : f32
// CHECK:         %[[R:.*]] = spattn.attention structure(#spattn.causal)
// CHECK-SAME:      ins(%[[Q]], %[[K]], %[[V]] :
// CHECK-SAME:      scale(%[[SCALE]]) soft_cap(%[[CAP]])
// CHECK:         return %[[R]] : tensor<2x6x16x4xf32>
func.func @heads(%q: tensor<2x6x16x8xf32>, %k: tensor<2x2x16x8xf32>, %v: tensor<2x2x16x4xf32>) -> tensor<2x6x16x4xf32> {
  %none = "onnx.NoValue"() : () -> none
  %r:4 = "onnx.Attention"(%q, %k, %v, %none, %none, %none) {is_causal = 1 : si64, qk_matmul_output_mode = 0 : si64, scale = 5.0e-01 : f32, softcap = 3.0e+01 : f32}
      : (tensor<2x6x16x8xf32>, tensor<2x2x16x8xf32>, tensor<2x2x16x4xf32>, none, none, none) -> (tensor<2x6x16x4xf32>, none, none, none)
  return %r#0 : tensor<2x6x16x4xf32>
}

// -----

// Heads in the last dimension, which come behind lengths: no transposes.
// CHECK-LABEL: func @hidden(
// CHECK-DAG:     %[[Q:.*]] = tensor.expand_shape %arg0 {{\[}}[0], [1], [2, 3]] {{.*}} into tensor<?x?x4x8xf16>
// CHECK-DAG:     %[[K:.*]] = tensor.expand_shape %arg1 {{\[}}[0], [1], [2, 3]] {{.*}} into tensor<?x?x2x8xf16>
// CHECK:         %[[R:.*]] = spattn.attention structure(#spattn.full)
// CHECK-SAME:      layout = "bnhd"
// CHECK:         %[[O:.*]] = tensor.collapse_shape %[[R]] {{\[}}[0], [1], [2, 3]]
// CHECK:         return %[[O]] : tensor<?x?x32xf16>
func.func @hidden(%q: tensor<?x?x32xf16>, %k: tensor<?x?x16xf16>, %v: tensor<?x?x16xf16>) -> tensor<?x?x32xf16> {
  %r = "onnx.Attention"(%q, %k, %v) {q_num_heads = 4 : si64, kv_num_heads = 2 : si64}
      : (tensor<?x?x32xf16>, tensor<?x?x16xf16>, tensor<?x?x16xf16>) -> tensor<?x?x32xf16>
  return %r : tensor<?x?x32xf16>
}

// -----

// Causal masks count from the start, of any lengths; windows, of opset 25, too.
// CHECK-LABEL: func @window(
// CHECK:         spattn.attention structure(#spattn.window<left = 3, right = 0>) {{.*}} {alignment = #spattn.alignment<start>}
func.func @window(%q: tensor<1x2x?x8xf32>, %k: tensor<1x2x?x8xf32>) -> tensor<1x2x?x8xf32> {
  %r = "onnx.Attention"(%q, %k, %k) {is_causal = 1 : si64, left_window_size = 3 : si64}
      : (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>) -> tensor<1x2x?x8xf32>
  return %r : tensor<1x2x?x8xf32>
}

// -----

// A mask of queries and keys.
// CHECK-LABEL: func @mask(
// CHECK:         spattn.attention structure(#spattn.keys<0 to 2>)
func.func @mask(%q: tensor<1x2x3x8xf32>) -> tensor<1x2x3x8xf32> {
  %m = arith.constant dense<[[true, true, false]]> : tensor<1x3xi1>
  %r = "onnx.Attention"(%q, %q, %q, %m)
      : (tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x3xi1>) -> tensor<1x2x3x8xf32>
  return %r : tensor<1x2x3x8xf32>
}

// -----

// One that is added, of each head: here, a bias.
// CHECK-LABEL: func @bias(
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}} distance_bias(%{{.*}} : tensor<2x3xf32>)
func.func @bias(%q: tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32> {
  %m = arith.constant dense<[[[0.5, 0.0], [0.25, 0.5]], [[0.0, 0.0], [1.0, 0.0]]]> : tensor<2x2x2xf32>
  %r = "onnx.Attention"(%q, %q, %q, %m) {is_causal = 1 : si64}
      : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<2x2x2xf32>) -> tensor<1x2x2x8xf32>
  return %r : tensor<1x2x2x8xf32>
}

// -----

// ONNX Runtime's.
// CHECK-LABEL: func @custom(
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}} tensor<2x16x4x8xf32>
// CHECK-SAME:      layout = "bnhd"
func.func @custom(%q: tensor<2x16x32xf32>) -> tensor<2x16x32xf32> {
  %r = "onnx.Custom"(%q, %q, %q) {domain_name = "com.microsoft", function_name = "MultiHeadAttention", num_heads = 4 : si64, unidirectional = 1 : si64}
      : (tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
  return %r : tensor<2x16x32xf32>
}

// -----

// ONNX Runtime's of grouped heads is causal. Lengths that are given for padding
// on the right, a cache without keys, and what rotations need do not matter.
// CHECK-LABEL: func @grouped(
// CHECK-DAG:     %[[SCALE:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG:     %[[CAP:.*]] = arith.constant 3.000000e+01 : f32
// CHECK-DAG:     %[[Q:.*]] = tensor.expand_shape %arg0 {{\[}}[0], [1], [2, 3]] {{.*}} into tensor<2x16x4x8xf16>
// CHECK-DAG:     %[[K:.*]] = tensor.expand_shape %arg1 {{\[}}[0], [1], [2, 3]] {{.*}} into tensor<2x16x2x8xf16>
// CHECK:         spattn.attention structure(#spattn.window<left = 4, right = 0>)
// CHECK-SAME:      ins(%[[Q]], %[[K]], %{{[a-z_0-9]+}} :
// CHECK-SAME:      scale(%[[SCALE]]) soft_cap(%[[CAP]])
// CHECK-SAME:      layout = "bnhd"
func.func @grouped(%q: tensor<2x16x32xf16>, %k: tensor<2x16x16xf16>, %none_yet: tensor<2x2x0x8xf16>, %last: tensor<2xi32>, %total: tensor<i32>,
                   %cos: tensor<16x4xf16>) -> tensor<2x16x32xf16> {
  %r:3 = "onnx.Custom"(%q, %k, %k, %none_yet, %none_yet, %last, %total, %cos, %cos)
      {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 2 : si64, scale = 5.0e-01 : f32,
       softcap = 3.0e+01 : f32, local_window_size = 5 : si64, do_rotary = 0 : si64, smooth_softmax = -1 : si64, k_quant_type = "NONE"}
      : (tensor<2x16x32xf16>, tensor<2x16x16xf16>, tensor<2x16x16xf16>, tensor<2x2x0x8xf16>, tensor<2x2x0x8xf16>, tensor<2xi32>, tensor<i32>,
         tensor<16x4xf16>, tensor<16x4xf16>) -> (tensor<2x16x32xf16>, tensor<2x2x16x8xf16>, tensor<2x2x16x8xf16>)
  return %r#0 : tensor<2x16x32xf16>
}

// -----

// No window, the default scale, any lengths, and a bias.
// CHECK-LABEL: func @grouped_bias(
// CHECK:         spattn.attention structure(#spattn.causal)
// CHECK-SAME:      tensor<1x4x2x8xf32>) distance_bias(
// CHECK-LABEL: func @grouped_dynamic(
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}} tensor<?x?x4x8xf32>
// CHECK-SAME:      alignment = #spattn.alignment<start>
func.func @grouped_bias(%q: tensor<1x2x32xf32>, %last: tensor<1xi32>, %total: tensor<i32>) -> tensor<1x2x32xf32> {
  %none = "onnx.NoValue"() : () -> none
  %b = arith.constant dense<[[[[0.5, 0.0], [0.25, 0.5]]]]> : tensor<1x1x2x2xf32>
  %r:3 = "onnx.Custom"(%q, %q, %q, %none, %none, %last, %total, %none, %none, %none, %b)
      {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64, scale = 0.0 : f32}
      : (tensor<1x2x32xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>, none, none, tensor<1xi32>, tensor<i32>, none, none, none, tensor<1x1x2x2xf32>)
      -> (tensor<1x2x32xf32>, none, none)
  return %r#0 : tensor<1x2x32xf32>
}
func.func @grouped_dynamic(%q: tensor<?x?x32xf32>, %k: tensor<?x?x16xf32>) -> tensor<?x?x32xf32> {
  %r = "onnx.Custom"(%q, %k, %k) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 2 : si64}
      : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x32xf32>
  return %r : tensor<?x?x32xf32>
}
