// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, 0)>
#map8 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map9 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map10 = affine_map<(d0, d1, d2) -> (d2)>
#map11 = affine_map<(d0, d1) -> (d0, d1)>
#map12 = affine_map<(d0, d1) -> (d1)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @gpt2(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<24x32xf32>, %arg3: tensor<32xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32x96xf32>, %arg6: tensor<96xf32>, %arg7: tensor<32x32xf32>, %arg8: tensor<32xf32>, %arg9: tensor<32xf32>, %arg10: tensor<32xf32>, %arg11: tensor<32x128xf32>, %arg12: tensor<128xf32>, %arg13: tensor<128x32xf32>, %arg14: tensor<32xf32>, %arg15: tensor<32xf32>, %arg16: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c3_i64 = arith.constant 3 : i64
    %c0_i64 = arith.constant 0 : i64
    %c24 = arith.constant 24 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_3 = arith.constant dense<true> : tensor<i1>
    %cst_4 = arith.constant 0.79788456080286541 : f64
    %cst_5 = arith.constant 4.471500e-02 : f64
    %cst_6 = arith.constant 0.35355339059327379 : f64
    %cst_7 = arith.constant 1.000000e-05 : f64
    %cst_8 = arith.constant dense<0.000000e+00> : tensor<f32>
    %true = arith.constant true
    %cst_9 = arith.constant 3.200000e+01 : f64
    %cst_10 = arith.constant 3.200000e+01 : f32
    %cst_11 = arith.constant 5.000000e-01 : f32
    %cst_12 = arith.constant 1.000000e+00 : f32
    %0 = tensor.empty() : tensor<24xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %116 = linalg.index 0 : index
      %117 = arith.index_cast %116 : index to i64
      linalg.yield %117 : i64
    } -> tensor<24xi64>
    %expanded = tensor.expand_shape %1 [[0, 1]] output_shape [1, 24] : tensor<24xi64> into tensor<1x24xi64>
    %2 = tensor.empty() : tensor<1x24x32xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x24xi64>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: i64, %out: f32):
      %116 = arith.index_cast %in : i64 to index
      %117 = linalg.index 2 : index
      %118 = arith.cmpi slt, %116, %c24 : index
      cf.assert %118, "index must be smaller than dim size"
      %119 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %119, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg2[%116, %117] : tensor<24x32xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x24x32xf32>
    %4 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %3 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %5 = tensor.empty() : tensor<1xi64>
    %6 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%5 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %expanded_13 = tensor.expand_shape %6 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_14 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_15 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %7 = tensor.empty() : tensor<1x1x24x24xi1>
    %8 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_15, %expanded_14 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%7 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_38: i64, %out: i1):
      %116 = arith.cmpi sle, %in, %in_38 : i64
      linalg.yield %116 : i1
    } -> tensor<1x1x24x24xi1>
    %9 = linalg.generic {indexing_maps = [#map6, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_3, %8 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%7 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_38: i1, %out: i1):
      %116 = arith.andi %in, %in_38 : i1
      linalg.yield %116 : i1
    } -> tensor<1x1x24x24xi1>
    %10 = tensor.empty() : tensor<1x1x1x24xi1>
    %11 = linalg.generic {indexing_maps = [#map7, #map8, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_13, %expanded_15 : tensor<1x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%10 : tensor<1x1x1x24xi1>) {
    ^bb0(%in: i64, %in_38: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<1x1x1x24xi1>
    %12 = linalg.generic {indexing_maps = [#map5, #map3, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %11 : tensor<1x1x24x24xi1>, tensor<1x1x1x24xi1>) outs(%7 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_38: i1, %out: i1):
      %116 = arith.andi %in, %in_38 : i1
      linalg.yield %116 : i1
    } -> tensor<1x1x24x24xi1>
    %13 = tensor.empty() : tensor<1x1x24x24xf32>
    %14 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %cst_8, %cst_2 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%13 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_38: f32, %in_39: f32, %out: f32):
      %116 = arith.select %in, %in_38, %in_39 : f32
      linalg.yield %116 : f32
    } -> tensor<1x1x24x24xf32>
    %15 = tensor.empty() : tensor<1x24x32xf64>
    %16 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<1x24x32xf32>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %116 = arith.extf %in : f32 to f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %17 = tensor.empty() : tensor<1x24x1xf64>
    %18 = linalg.fill ins(%cst : f64) outs(%17 : tensor<1x24x1xf64>) -> tensor<1x24x1xf64>
    %19 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%16 : tensor<1x24x32xf64>) outs(%18 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.addf %in, %out : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %20 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x24x1xf64>) outs(%17 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.divf %in, %cst_9 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %21 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %20 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_38: f64, %out: f64):
      %116 = arith.subf %in, %in_38 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %22 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %21 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_38: f64, %out: f64):
      %116 = arith.mulf %in, %in_38 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %23 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<1x24x32xf64>) outs(%18 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.addf %in, %out : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x24x1xf64>) outs(%17 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.divf %in, %cst_9 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %25 = tensor.empty() : tensor<1x24x1xf32>
    %26 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x24x1xf64>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %116 = arith.truncf %in : f64 to f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %27 = linalg.fill ins(%cst_0 : f32) outs(%25 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %28 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%4 : tensor<1x24x32xf32>) outs(%27 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.divf %in, %cst_10 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_7 : f64 to f32
      %117 = arith.addf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %31 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.rsqrt %in : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %32 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4, %29 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.subf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %33 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %31 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %34 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33, %arg3 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %35 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34, %arg4 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %collapsed = tensor.collapse_shape %35 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %36 = tensor.empty() : tensor<24x96xf32>
    %37 = linalg.fill ins(%cst_0 : f32) outs(%36 : tensor<24x96xf32>) -> tensor<24x96xf32>
    %38 = linalg.matmul ins(%collapsed, %arg5 : tensor<24x32xf32>, tensor<32x96xf32>) outs(%37 : tensor<24x96xf32>) -> tensor<24x96xf32>
    %39 = linalg.generic {indexing_maps = [#map11, #map12, #map11], iterator_types = ["parallel", "parallel"]} ins(%38, %arg6 : tensor<24x96xf32>, tensor<96xf32>) outs(%36 : tensor<24x96xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<24x96xf32>
    %expanded_16 = tensor.expand_shape %39 [[0, 1], [2]] output_shape [1, 24, 96] : tensor<24x96xf32> into tensor<1x24x96xf32>
    %extracted_slice = tensor.extract_slice %expanded_16[0, 0, 0] [1, 24, 32] [1, 1, 1] : tensor<1x24x96xf32> to tensor<1x24x32xf32>
    %extracted_slice_17 = tensor.extract_slice %expanded_16[0, 0, 32] [1, 24, 32] [1, 1, 1] : tensor<1x24x96xf32> to tensor<1x24x32xf32>
    %extracted_slice_18 = tensor.extract_slice %expanded_16[0, 0, 64] [1, 24, 32] [1, 1, 1] : tensor<1x24x96xf32> to tensor<1x24x32xf32>
    %expanded_19 = tensor.expand_shape %extracted_slice_17 [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %expanded_20 = tensor.expand_shape %extracted_slice_18 [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %40 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed = linalg.transpose ins(%expanded_20 : tensor<1x24x4x8xf32>) outs(%40 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_21 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_22 = linalg.transpose ins(%expanded_21 : tensor<1x24x4x8xf32>) outs(%40 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %41 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_23 = linalg.transpose ins(%expanded_19 : tensor<1x24x4x8xf32>) outs(%41 : tensor<1x4x8x24xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_24 = tensor.collapse_shape %transposed_22 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_25 = tensor.collapse_shape %transposed_23 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %42 = tensor.empty() : tensor<4x24x24xf32>
    %43 = linalg.fill ins(%cst_0 : f32) outs(%42 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %44 = linalg.batch_matmul ins(%collapsed_24, %collapsed_25 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%43 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_26 = tensor.expand_shape %44 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %45 = tensor.empty() : tensor<1x4x24x24xf32>
    %46 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_26 : tensor<1x4x24x24xf32>) outs(%45 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_6 : f64 to f32
      %117 = arith.mulf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x24xf32>
    %47 = linalg.generic {indexing_maps = [#map5, #map13, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%46, %14 : tensor<1x4x24x24xf32>, tensor<1x1x24x24xf32>) outs(%45 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x4x24x24xf32>
    %48 = tensor.empty() : tensor<1x4x24xi64>
    %49 = linalg.fill ins(%c0_i64 : i64) outs(%48 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %50 = tensor.empty() : tensor<1x4x24xf32>
    %51 = linalg.fill ins(%cst_1 : f32) outs(%50 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %52:2 = linalg.generic {indexing_maps = [#map5, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%47 : tensor<1x4x24x24xf32>) outs(%51, %49 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_38: i64):
      %116 = linalg.index 3 : index
      %117 = arith.index_cast %116 : index to i64
      %118 = arith.maximumf %in, %out : f32
      %119 = arith.cmpf ogt, %in, %out : f32
      %120 = arith.select %119, %117, %out_38 : i64
      linalg.yield %118, %120 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_27 = tensor.expand_shape %52#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %53 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%47, %expanded_27 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%45 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.subf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x4x24x24xf32>
    %54 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%53 : tensor<1x4x24x24xf32>) outs(%45 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.exp %in : f32
      linalg.yield %116 : f32
    } -> tensor<1x4x24x24xf32>
    %55 = tensor.empty() : tensor<1x4x24x1xf32>
    %56 = linalg.fill ins(%cst_0 : f32) outs(%55 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %57 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%54 : tensor<1x4x24x24xf32>) outs(%56 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<1x4x24x1xf32>
    %58 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%54, %57 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%45 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.divf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_28 = tensor.collapse_shape %58 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_29 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %59 = tensor.empty() : tensor<4x24x8xf32>
    %60 = linalg.fill ins(%cst_0 : f32) outs(%59 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %61 = linalg.batch_matmul ins(%collapsed_28, %collapsed_29 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%60 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_30 = tensor.expand_shape %61 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %62 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_31 = linalg.transpose ins(%expanded_30 : tensor<1x4x24x8xf32>) outs(%62 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_32 = tensor.collapse_shape %transposed_31 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %63 = tensor.empty() : tensor<24x32xf32>
    %64 = linalg.fill ins(%cst_0 : f32) outs(%63 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %65 = linalg.matmul ins(%collapsed_32, %arg7 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%64 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %66 = linalg.generic {indexing_maps = [#map11, #map12, #map11], iterator_types = ["parallel", "parallel"]} ins(%65, %arg8 : tensor<24x32xf32>, tensor<32xf32>) outs(%63 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<24x32xf32>
    %expanded_33 = tensor.expand_shape %66 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %67 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_33, %4 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %68 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67 : tensor<1x24x32xf32>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %116 = arith.extf %in : f32 to f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %69 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%68 : tensor<1x24x32xf64>) outs(%18 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.addf %in, %out : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %70 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69 : tensor<1x24x1xf64>) outs(%17 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.divf %in, %cst_9 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %71 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%68, %70 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_38: f64, %out: f64):
      %116 = arith.subf %in, %in_38 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %72 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%71, %71 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_38: f64, %out: f64):
      %116 = arith.mulf %in, %in_38 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %73 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%72 : tensor<1x24x32xf64>) outs(%18 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.addf %in, %out : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %74 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%73 : tensor<1x24x1xf64>) outs(%17 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.divf %in, %cst_9 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %75 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74 : tensor<1x24x1xf64>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %116 = arith.truncf %in : f64 to f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %76 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%67 : tensor<1x24x32xf32>) outs(%27 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %77 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.divf %in, %cst_10 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %78 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%75 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_7 : f64 to f32
      %117 = arith.addf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %79 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.rsqrt %in : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %80 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67, %77 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.subf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %81 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80, %79 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %82 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81, %arg9 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %83 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82, %arg10 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %collapsed_34 = tensor.collapse_shape %83 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %84 = tensor.empty() : tensor<24x128xf32>
    %85 = linalg.fill ins(%cst_0 : f32) outs(%84 : tensor<24x128xf32>) -> tensor<24x128xf32>
    %86 = linalg.matmul ins(%collapsed_34, %arg11 : tensor<24x32xf32>, tensor<32x128xf32>) outs(%85 : tensor<24x128xf32>) -> tensor<24x128xf32>
    %87 = linalg.generic {indexing_maps = [#map11, #map12, #map11], iterator_types = ["parallel", "parallel"]} ins(%86, %arg12 : tensor<24x128xf32>, tensor<128xf32>) outs(%84 : tensor<24x128xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<24x128xf32>
    %expanded_35 = tensor.expand_shape %87 [[0, 1], [2]] output_shape [1, 24, 128] : tensor<24x128xf32> into tensor<1x24x128xf32>
    %88 = tensor.empty() : tensor<1x24x128xf32>
    %89 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_35 : tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.mulf %in, %cst_11 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x128xf32>
    %90 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_35 : tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %116 : f32
    } -> tensor<1x24x128xf32>
    %91 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90 : tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_5 : f64 to f32
      %117 = arith.mulf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x128xf32>
    %92 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_35, %91 : tensor<1x24x128xf32>, tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x128xf32>
    %93 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_4 : f64 to f32
      %117 = arith.mulf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x128xf32>
    %94 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.tanh %in : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x128xf32>
    %95 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %cst_12 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x128xf32>
    %96 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %95 : tensor<1x24x128xf32>, tensor<1x24x128xf32>) outs(%88 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x128xf32>
    %collapsed_36 = tensor.collapse_shape %96 [[0, 1], [2]] : tensor<1x24x128xf32> into tensor<24x128xf32>
    %97 = linalg.matmul ins(%collapsed_36, %arg13 : tensor<24x128xf32>, tensor<128x32xf32>) outs(%64 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %98 = linalg.generic {indexing_maps = [#map11, #map12, #map11], iterator_types = ["parallel", "parallel"]} ins(%97, %arg14 : tensor<24x32xf32>, tensor<32xf32>) outs(%63 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<24x32xf32>
    %expanded_37 = tensor.expand_shape %98 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %99 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67, %expanded_37 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %100 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<1x24x32xf32>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %116 = arith.extf %in : f32 to f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %101 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%100 : tensor<1x24x32xf64>) outs(%18 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.addf %in, %out : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %102 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x24x1xf64>) outs(%17 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.divf %in, %cst_9 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %103 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100, %102 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_38: f64, %out: f64):
      %116 = arith.subf %in, %in_38 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %104 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %103 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%15 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_38: f64, %out: f64):
      %116 = arith.mulf %in, %in_38 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x32xf64>
    %105 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<1x24x32xf64>) outs(%18 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.addf %in, %out : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %106 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x24x1xf64>) outs(%17 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %116 = arith.divf %in, %cst_9 : f64
      linalg.yield %116 : f64
    } -> tensor<1x24x1xf64>
    %107 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<1x24x1xf64>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %116 = arith.truncf %in : f64 to f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %108 = linalg.generic {indexing_maps = [#map2, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%99 : tensor<1x24x32xf32>) outs(%27 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.addf %in, %out : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %109 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.divf %in, %cst_10 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %110 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = arith.truncf %cst_7 : f64 to f32
      %117 = arith.addf %in, %116 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %111 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<1x24x1xf32>) outs(%25 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %116 = math.rsqrt %in : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x1xf32>
    %112 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99, %109 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.subf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %113 = linalg.generic {indexing_maps = [#map2, #map9, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %111 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %114 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113, %arg15 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.mulf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    %115 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %arg16 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%2 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_38: f32, %out: f32):
      %116 = arith.addf %in, %in_38 : f32
      linalg.yield %116 : f32
    } -> tensor<1x24x32xf32>
    return %115 : tensor<1x24x32xf32>
  }
}
