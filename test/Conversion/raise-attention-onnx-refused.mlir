// RUN: spattn-opt %s -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file -verify-diagnostics | FileCheck %s --implicit-check-not=spattn.attention --implicit-check-not=expand_shape

// CHECK-LABEL: func @past(
func.func @past(%q: tensor<1x2x1x8xf32>, %p: tensor<1x2x5x8xf32>) -> tensor<1x2x1x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' takes 'past_key'}}
  %r:3 = "onnx.Attention"(%q, %q, %q, %none, %p, %p)
      : (tensor<1x2x1x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2x1x8xf32>, none, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      -> (tensor<1x2x1x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>)
  return %r#0 : tensor<1x2x1x8xf32>
}

// -----

// CHECK-LABEL: func @padding(
func.func @padding(%q: tensor<1x2x4x8xf32>, %n: tensor<1xi64>) -> tensor<1x2x4x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' takes 'nonpad_kv_seqlen'}}
  %r = "onnx.Attention"(%q, %q, %q, %none, %none, %none, %n)
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, none, none, none, tensor<1xi64>) -> tensor<1x2x4x8xf32>
  return %r : tensor<1x2x4x8xf32>
}

// -----

// CHECK-LABEL: func @scores(
func.func @scores(%q: tensor<1x2x4x8xf32>) -> (tensor<1x2x4x8xf32>, tensor<1x2x4x4xf32>) {
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' gives more than its output}}
  %r:4 = "onnx.Attention"(%q, %q, %q)
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> (tensor<1x2x4x8xf32>, none, none, tensor<1x2x4x4xf32>)
  return %r#0, %r#3 : tensor<1x2x4x8xf32>, tensor<1x2x4x4xf32>
}

// -----

// CHECK-LABEL: func @no_heads(
func.func @no_heads(%q: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' has operands that are no tensors of three dimensions with a number of heads, or of four}}
  %r = "onnx.Attention"(%q, %q, %q) {q_num_heads = 3 : si64, kv_num_heads = 3 : si64}
      : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  return %r : tensor<1x4x16xf32>
}

// -----

// CHECK-LABEL: func @dynamic_heads(
func.func @dynamic_heads(%q: tensor<1x?x4x8xf32>) -> tensor<1x?x4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' has a dynamic number of heads, or a dynamic head dimension}}
  %r = "onnx.Attention"(%q, %q, %q) : (tensor<1x?x4x8xf32>, tensor<1x?x4x8xf32>, tensor<1x?x4x8xf32>) -> tensor<1x?x4x8xf32>
  return %r : tensor<1x?x4x8xf32>
}

// -----

// CHECK-LABEL: func @groups(
func.func @groups(%q: tensor<1x5x4x8xf32>, %k: tensor<1x2x4x8xf32>) -> tensor<1x5x4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' has operands whose sizes do not fit}}
  %r = "onnx.Attention"(%q, %k, %k) : (tensor<1x5x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x5x4x8xf32>
  return %r : tensor<1x5x4x8xf32>
}

// -----

// A mask of fewer keys than there are, and none of the others.
// CHECK-LABEL: func @short_mask(
func.func @short_mask(%q: tensor<1x4x16xf32>, %m: tensor<4x3xi1>) -> tensor<1x4x16xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' has a mask that is no tensor of the sizes of scores}}
  %r = "onnx.Attention"(%q, %q, %q, %m) {q_num_heads = 2 : si64, kv_num_heads = 2 : si64}
      : (tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<1x4x16xf32>, tensor<4x3xi1>) -> tensor<1x4x16xf32>
  return %r : tensor<1x4x16xf32>
}

// -----

// CHECK-LABEL: func @operands(
func.func @operands(%q: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Attention' has operands that are not query, key and value}}
  %r = "onnx.Attention"(%q) : (tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %r : tensor<1x2x4x8xf32>
}

// -----

// CHECK-LABEL: func @custom_bias(
func.func @custom_bias(%q: tensor<1x16x32xf32>, %b: tensor<96xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' takes 'bias'}}
  %r = "onnx.Custom"(%q, %q, %q, %b) {domain_name = "com.microsoft", function_name = "MultiHeadAttention", num_heads = 4 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<96xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @custom_packed(
func.func @custom_packed(%q: tensor<1x16x4x3x8xf32>) -> tensor<1x16x32xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has operands that are not query, key and value}}
  %r = "onnx.Custom"(%q, %none, %none) {domain_name = "com.microsoft", function_name = "MultiHeadAttention", num_heads = 4 : si64}
      : (tensor<1x16x4x3x8xf32>, none, none) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @grouped_past(
func.func @grouped_past(%q: tensor<1x16x32xf32>, %p: tensor<1x4x5x8xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' takes 'past_key'}}
  %r = "onnx.Custom"(%q, %q, %q, %p, %p) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// There may be none, but nobody says so.
// CHECK-LABEL: func @grouped_any_past(
func.func @grouped_any_past(%q: tensor<1x16x32xf32>, %p: tensor<1x4x?x8xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' takes 'past_key'}}
  %r = "onnx.Custom"(%q, %q, %q, %p, %p) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @grouped_present(
func.func @grouped_present(%q: tensor<1x16x32xf32>) -> (tensor<1x16x32xf32>, tensor<1x4x16x8xf32>) {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' gives more than its output}}
  %r:2 = "onnx.Custom"(%q, %q, %q) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> (tensor<1x16x32xf32>, tensor<1x4x16x8xf32>)
  return %r#0, %r#1 : tensor<1x16x32xf32>, tensor<1x4x16x8xf32>
}

// -----

// CHECK-LABEL: func @grouped_rotary(
func.func @grouped_rotary(%q: tensor<1x16x32xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has 'do_rotary'}}
  %r = "onnx.Custom"(%q, %q, %q) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64, do_rotary = 1 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @grouped_smooth(
func.func @grouped_smooth(%q: tensor<1x16x32xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has 'smooth_softmax'}}
  %r = "onnx.Custom"(%q, %q, %q) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64, smooth_softmax = 1 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @grouped_quantized(
func.func @grouped_quantized(%q: tensor<1x16x32xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has 'v_quant_type'}}
  %r = "onnx.Custom"(%q, %q, %q) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64, v_quant_type = "PER_TENSOR"}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @grouped_no_window(
func.func @grouped_no_window(%q: tensor<1x16x32xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has a window of no keys}}
  %r = "onnx.Custom"(%q, %q, %q) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64, local_window_size = 0 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// CHECK-LABEL: func @grouped_sink(
func.func @grouped_sink(%q: tensor<1x16x32xf32>, %s: tensor<4xf32>) -> tensor<1x16x32xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' takes 'head_sink'}}
  %r = "onnx.Custom"(%q, %q, %q, %none, %none, %none, %none, %none, %none, %none, %none, %s) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x16x32xf32>, tensor<1x16x32xf32>, tensor<1x16x32xf32>, none, none, none, none, none, none, none, none, tensor<4xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// Queries, keys and values in one.
// CHECK-LABEL: func @grouped_packed(
func.func @grouped_packed(%q: tensor<1x16x32xf32>, %p: tensor<1x16x96xf32>) -> tensor<1x16x32xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has operands that are not query, key and value}}
  %r = "onnx.Custom"(%p, %none, %none) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x16x96xf32>, none, none) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// Other keys than those of the queries.
// CHECK-LABEL: func @grouped_lengths(
func.func @grouped_lengths(%q: tensor<1x16x32xf32>, %k: tensor<1x12x32xf32>) -> tensor<1x16x32xf32> {
  // expected-remark@+1 {{attention is not raised: 'onnx.Custom' has operands whose sizes do not fit}}
  %r = "onnx.Custom"(%q, %k, %k) {domain_name = "com.microsoft", function_name = "GroupQueryAttention", num_heads = 4 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x16x32xf32>, tensor<1x12x32xf32>, tensor<1x12x32xf32>) -> tensor<1x16x32xf32>
  return %r : tensor<1x16x32xf32>
}

// -----

// Something else.
// CHECK-LABEL: func @other(
func.func @other(%q: tensor<4xf32>) -> tensor<4xf32> {
  %r = "onnx.Custom"(%q) {function_name = "Gelu"} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
