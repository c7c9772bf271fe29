// Attention as a frontend writes it: scores, a causal mask that is added to
// them, a softmax, and a product with the values. spattn-opt with
// --spattn-raise-attention makes one operation of it.

#row = affine_map<(b, i, j, d) -> (b, i, j)>
#query = affine_map<(b, i, j, d) -> (b, i, d)>
#key = affine_map<(b, i, j, d) -> (b, j, d)>
#score = affine_map<(b, i, j) -> (b, i, j)>
!t = tensor<8x64x32xf32>
!s = tensor<8x64x64xf32>

func.func @layer(%q: !t, %k: !t, %v: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %masked = arith.constant 0xFF800000 : f32
  %empty = tensor.empty() : !s
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : !s) -> !s
  %scores = linalg.batch_matmul indexing_maps = [#query, #key, #row]
      ins(%q, %k : !t, !t) outs(%zeros : !s) -> !s
  %causal = linalg.generic
      {indexing_maps = [#score, #score],
       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores : !s) outs(%empty : !s) {
  ^bb0(%score: f32, %unused: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %sees = arith.cmpi sge, %i, %j : index
    %mask = arith.select %sees, %zero, %masked : f32
    %sum = arith.addf %score, %mask : f32
    linalg.yield %sum : f32
  } -> !s
  %weights = linalg.softmax dimension(2) ins(%causal : !s) outs(%empty : !s) -> !s
  %rows = tensor.empty() : !t
  %start = linalg.fill ins(%zero : f32) outs(%rows : !t) -> !t
  %o = linalg.batch_matmul ins(%weights, %v : !s, !t) outs(%start : !t) -> !t
  return %o : !t
}
