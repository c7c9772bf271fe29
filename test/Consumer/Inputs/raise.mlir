func.func @attention(%q: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %r = "tm_tensor.attention"(%q, %q, %q, %q)
      : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

func.func @masked(%q: tensor<16x8xf32>, %m: tensor<16x16xi1>) -> tensor<16x8xf32> {
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q)
      : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}
