// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.full)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0, d1, d2) -> (d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d1, d2)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map8 = affine_map<(d0, d1, d2) -> (d2)>
#map9 = affine_map<(d0, d1) -> (d0, d1)>
#map10 = affine_map<(d0, d1) -> (d1)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @vit(%arg0: tensor<2x3x16x16xf32>, %arg1: tensor<1x1x32xf32>, %arg2: tensor<1x17x32xf32>, %arg3: tensor<32x3x4x4xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<32x32xf32>, %arg8: tensor<32xf32>, %arg9: tensor<32x32xf32>, %arg10: tensor<32xf32>, %arg11: tensor<32x32xf32>, %arg12: tensor<32xf32>, %arg13: tensor<32xf32>, %arg14: tensor<32xf32>, %arg15: tensor<32xf32>, %arg16: tensor<32xf32>, %arg17: tensor<48x32xf32>, %arg18: tensor<48xf32>, %arg19: tensor<32x48xf32>, %arg20: tensor<32xf32>, %arg21: tensor<32xf32>, %arg22: tensor<32xf32>) -> tensor<2x17x32xf32> {
    %c3_i64 = arith.constant 3 : i64
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0.000000e+00 : f64
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_3 = arith.constant 0.79788456080286541 : f64
    %cst_4 = arith.constant 4.471500e-02 : f64
    %cst_5 = arith.constant 0.35355339059327379 : f64
    %cst_6 = arith.constant 9.9999999999999998E-13 : f64
    %cst_7 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_8 = arith.constant 3.200000e+01 : f64
    %cst_9 = arith.constant 3.200000e+01 : f32
    %cst_10 = arith.constant 5.000000e-01 : f32
    %cst_11 = arith.constant 1.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x32x4x4xf32>
    %broadcasted = linalg.broadcast ins(%arg4 : tensor<32xf32>) outs(%0 : tensor<2x32x4x4xf32>) dimensions = [0, 2, 3] 
    %1 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<4> : vector<2xi64>} ins(%arg0, %arg3 : tensor<2x3x16x16xf32>, tensor<32x3x4x4xf32>) outs(%broadcasted : tensor<2x32x4x4xf32>) -> tensor<2x32x4x4xf32>
    %collapsed = tensor.collapse_shape %1 [[0], [1], [2, 3]] : tensor<2x32x4x4xf32> into tensor<2x32x16xf32>
    %2 = tensor.empty() : tensor<2x16x32xf32>
    %transposed = linalg.transpose ins(%collapsed : tensor<2x32x16xf32>) outs(%2 : tensor<2x16x32xf32>) permutation = [0, 2, 1] 
    %3 = tensor.empty() : tensor<2x1x32xf32>
    %collapsed_12 = tensor.collapse_shape %arg1 [[0, 1], [2]] : tensor<1x1x32xf32> into tensor<1x32xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_12 : tensor<1x32xf32>) outs(%3 : tensor<2x1x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x1x32xf32>
    %concat = tensor.concat dim(1) %4, %transposed : (tensor<2x1x32xf32>, tensor<2x16x32xf32>) -> tensor<2x17x32xf32>
    %5 = tensor.empty() : tensor<2x17x32xf32>
    %6 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat, %arg2 : tensor<2x17x32xf32>, tensor<1x17x32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %7 = tensor.empty() : tensor<17xi64>
    %8 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%7 : tensor<17xi64>) {
    ^bb0(%out: i64):
      %121 = linalg.index 0 : index
      %122 = arith.index_cast %121 : index to i64
      linalg.yield %122 : i64
    } -> tensor<17xi64>
    %expanded = tensor.expand_shape %8 [[0, 1, 2, 3]] output_shape [1, 1, 17, 1] : tensor<17xi64> into tensor<1x1x17x1xi64>
    %9 = tensor.empty() : tensor<1x1x17x1xi1>
    %10 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x1x17x1xi64>) outs(%9 : tensor<1x1x17x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %121 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %121 : i1
    } -> tensor<1x1x17x1xi1>
    %11 = tensor.empty() : tensor<2x1x17x17xi1>
    %collapsed_13 = tensor.collapse_shape %10 [[0, 1], [2, 3]] : tensor<1x1x17x1xi1> into tensor<1x17xi1>
    %12 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_13 : tensor<1x17xi1>) outs(%11 : tensor<2x1x17x17xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x1x17x17xi1>
    %13 = tensor.empty() : tensor<2x1x17x17xf32>
    %14 = linalg.generic {indexing_maps = [#map4, #map6, #map6, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%12, %cst_7, %cst_2 : tensor<2x1x17x17xi1>, tensor<f32>, tensor<f32>) outs(%13 : tensor<2x1x17x17xf32>) {
    ^bb0(%in: i1, %in_41: f32, %in_42: f32, %out: f32):
      %121 = arith.select %in, %in_41, %in_42 : f32
      linalg.yield %121 : f32
    } -> tensor<2x1x17x17xf32>
    %15 = tensor.empty() : tensor<2x17x32xf64>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<2x17x32xf32>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %121 = arith.extf %in : f32 to f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %17 = tensor.empty() : tensor<2x17x1xf64>
    %18 = linalg.fill ins(%cst_0 : f64) outs(%17 : tensor<2x17x1xf64>) -> tensor<2x17x1xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%16 : tensor<2x17x32xf64>) outs(%18 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.addf %in, %out : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<2x17x1xf64>) outs(%17 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.divf %in, %cst_8 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %20 : tensor<2x17x32xf64>, tensor<2x17x1xf64>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f64, %in_41: f64, %out: f64):
      %121 = arith.subf %in, %in_41 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %22 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %21 : tensor<2x17x32xf64>, tensor<2x17x32xf64>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f64, %in_41: f64, %out: f64):
      %121 = arith.mulf %in, %in_41 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %23 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<2x17x32xf64>) outs(%18 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.addf %in, %out : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<2x17x1xf64>) outs(%17 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.divf %in, %cst_8 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %25 = tensor.empty() : tensor<2x17x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<2x17x1xf64>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %121 = arith.truncf %in : f64 to f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %27 = linalg.fill ins(%cst : f32) outs(%25 : tensor<2x17x1xf32>) -> tensor<2x17x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%6 : tensor<2x17x32xf32>) outs(%27 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.addf %in, %out : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.divf %in, %cst_9 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.truncf %cst_6 : f64 to f32
      %122 = arith.addf %in, %121 : f32
      linalg.yield %122 : f32
    } -> tensor<2x17x1xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = math.rsqrt %in : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %29 : tensor<2x17x32xf32>, tensor<2x17x1xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.subf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %31 : tensor<2x17x32xf32>, tensor<2x17x1xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33, %arg13 : tensor<2x17x32xf32>, tensor<32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34, %arg14 : tensor<2x17x32xf32>, tensor<32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %collapsed_14 = tensor.collapse_shape %35 [[0, 1], [2]] : tensor<2x17x32xf32> into tensor<34x32xf32>
    %36 = tensor.empty() : tensor<32x32xf32>
    %transposed_15 = linalg.transpose ins(%arg5 : tensor<32x32xf32>) outs(%36 : tensor<32x32xf32>) permutation = [1, 0] 
    %37 = tensor.empty() : tensor<34x32xf32>
    %38 = linalg.fill ins(%cst : f32) outs(%37 : tensor<34x32xf32>) -> tensor<34x32xf32>
    %39 = linalg.matmul ins(%collapsed_14, %transposed_15 : tensor<34x32xf32>, tensor<32x32xf32>) outs(%38 : tensor<34x32xf32>) -> tensor<34x32xf32>
    %40 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%39, %arg6 : tensor<34x32xf32>, tensor<32xf32>) outs(%37 : tensor<34x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<34x32xf32>
    %expanded_16 = tensor.expand_shape %40 [[0, 1], [2, 3]] output_shape [2, 17, 4, 8] : tensor<34x32xf32> into tensor<2x17x4x8xf32>
    %41 = tensor.empty() : tensor<2x4x17x8xf32>
    %transposed_17 = linalg.transpose ins(%expanded_16 : tensor<2x17x4x8xf32>) outs(%41 : tensor<2x4x17x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_18 = linalg.transpose ins(%arg7 : tensor<32x32xf32>) outs(%36 : tensor<32x32xf32>) permutation = [1, 0] 
    %42 = linalg.matmul ins(%collapsed_14, %transposed_18 : tensor<34x32xf32>, tensor<32x32xf32>) outs(%38 : tensor<34x32xf32>) -> tensor<34x32xf32>
    %43 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%42, %arg8 : tensor<34x32xf32>, tensor<32xf32>) outs(%37 : tensor<34x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<34x32xf32>
    %expanded_19 = tensor.expand_shape %43 [[0, 1], [2, 3]] output_shape [2, 17, 4, 8] : tensor<34x32xf32> into tensor<2x17x4x8xf32>
    %transposed_20 = linalg.transpose ins(%arg9 : tensor<32x32xf32>) outs(%36 : tensor<32x32xf32>) permutation = [1, 0] 
    %44 = linalg.matmul ins(%collapsed_14, %transposed_20 : tensor<34x32xf32>, tensor<32x32xf32>) outs(%38 : tensor<34x32xf32>) -> tensor<34x32xf32>
    %45 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%44, %arg10 : tensor<34x32xf32>, tensor<32xf32>) outs(%37 : tensor<34x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<34x32xf32>
    %expanded_21 = tensor.expand_shape %45 [[0, 1], [2, 3]] output_shape [2, 17, 4, 8] : tensor<34x32xf32> into tensor<2x17x4x8xf32>
    %transposed_22 = linalg.transpose ins(%expanded_21 : tensor<2x17x4x8xf32>) outs(%41 : tensor<2x4x17x8xf32>) permutation = [0, 2, 1, 3] 
    %46 = tensor.empty() : tensor<2x4x8x17xf32>
    %transposed_23 = linalg.transpose ins(%expanded_19 : tensor<2x17x4x8xf32>) outs(%46 : tensor<2x4x8x17xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_24 = tensor.collapse_shape %transposed_17 [[0, 1], [2], [3]] : tensor<2x4x17x8xf32> into tensor<8x17x8xf32>
    %collapsed_25 = tensor.collapse_shape %transposed_23 [[0, 1], [2], [3]] : tensor<2x4x8x17xf32> into tensor<8x8x17xf32>
    %47 = tensor.empty() : tensor<8x17x17xf32>
    %48 = linalg.fill ins(%cst : f32) outs(%47 : tensor<8x17x17xf32>) -> tensor<8x17x17xf32>
    %49 = linalg.batch_matmul ins(%collapsed_24, %collapsed_25 : tensor<8x17x8xf32>, tensor<8x8x17xf32>) outs(%48 : tensor<8x17x17xf32>) -> tensor<8x17x17xf32>
    %expanded_26 = tensor.expand_shape %49 [[0, 1], [2], [3]] output_shape [2, 4, 17, 17] : tensor<8x17x17xf32> into tensor<2x4x17x17xf32>
    %50 = tensor.empty() : tensor<2x4x17x17xf32>
    %51 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_26 : tensor<2x4x17x17xf32>) outs(%50 : tensor<2x4x17x17xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.truncf %cst_5 : f64 to f32
      %122 = arith.mulf %in, %121 : f32
      linalg.yield %122 : f32
    } -> tensor<2x4x17x17xf32>
    %52 = linalg.generic {indexing_maps = [#map4, #map11, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%51, %14 : tensor<2x4x17x17xf32>, tensor<2x1x17x17xf32>) outs(%50 : tensor<2x4x17x17xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x4x17x17xf32>
    %53 = tensor.empty() : tensor<2x4x17xi64>
    %54 = linalg.fill ins(%c0_i64 : i64) outs(%53 : tensor<2x4x17xi64>) -> tensor<2x4x17xi64>
    %55 = tensor.empty() : tensor<2x4x17xf32>
    %56 = linalg.fill ins(%cst_1 : f32) outs(%55 : tensor<2x4x17xf32>) -> tensor<2x4x17xf32>
    %57:2 = linalg.generic {indexing_maps = [#map4, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%52 : tensor<2x4x17x17xf32>) outs(%56, %54 : tensor<2x4x17xf32>, tensor<2x4x17xi64>) {
    ^bb0(%in: f32, %out: f32, %out_41: i64):
      %121 = linalg.index 3 : index
      %122 = arith.index_cast %121 : index to i64
      %123 = arith.maximumf %in, %out : f32
      %124 = arith.cmpf ogt, %in, %out : f32
      %125 = arith.select %124, %122, %out_41 : i64
      linalg.yield %123, %125 : f32, i64
    } -> (tensor<2x4x17xf32>, tensor<2x4x17xi64>)
    %expanded_27 = tensor.expand_shape %57#0 [[0], [1], [2, 3]] output_shape [2, 4, 17, 1] : tensor<2x4x17xf32> into tensor<2x4x17x1xf32>
    %58 = linalg.generic {indexing_maps = [#map4, #map13, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%52, %expanded_27 : tensor<2x4x17x17xf32>, tensor<2x4x17x1xf32>) outs(%50 : tensor<2x4x17x17xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.subf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x4x17x17xf32>
    %59 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%58 : tensor<2x4x17x17xf32>) outs(%50 : tensor<2x4x17x17xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = math.exp %in : f32
      linalg.yield %121 : f32
    } -> tensor<2x4x17x17xf32>
    %60 = tensor.empty() : tensor<2x4x17x1xf32>
    %61 = linalg.fill ins(%cst : f32) outs(%60 : tensor<2x4x17x1xf32>) -> tensor<2x4x17x1xf32>
    %62 = linalg.generic {indexing_maps = [#map4, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%59 : tensor<2x4x17x17xf32>) outs(%61 : tensor<2x4x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.addf %in, %out : f32
      linalg.yield %121 : f32
    } -> tensor<2x4x17x1xf32>
    %63 = linalg.generic {indexing_maps = [#map4, #map13, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59, %62 : tensor<2x4x17x17xf32>, tensor<2x4x17x1xf32>) outs(%50 : tensor<2x4x17x17xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.divf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x4x17x17xf32>
    %collapsed_28 = tensor.collapse_shape %63 [[0, 1], [2], [3]] : tensor<2x4x17x17xf32> into tensor<8x17x17xf32>
    %collapsed_29 = tensor.collapse_shape %transposed_22 [[0, 1], [2], [3]] : tensor<2x4x17x8xf32> into tensor<8x17x8xf32>
    %64 = tensor.empty() : tensor<8x17x8xf32>
    %65 = linalg.fill ins(%cst : f32) outs(%64 : tensor<8x17x8xf32>) -> tensor<8x17x8xf32>
    %66 = linalg.batch_matmul ins(%collapsed_28, %collapsed_29 : tensor<8x17x17xf32>, tensor<8x17x8xf32>) outs(%65 : tensor<8x17x8xf32>) -> tensor<8x17x8xf32>
    %expanded_30 = tensor.expand_shape %66 [[0, 1], [2], [3]] output_shape [2, 4, 17, 8] : tensor<8x17x8xf32> into tensor<2x4x17x8xf32>
    %67 = tensor.empty() : tensor<2x17x4x8xf32>
    %transposed_31 = linalg.transpose ins(%expanded_30 : tensor<2x4x17x8xf32>) outs(%67 : tensor<2x17x4x8xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_32 = tensor.collapse_shape %transposed_31 [[0, 1], [2, 3]] : tensor<2x17x4x8xf32> into tensor<34x32xf32>
    %transposed_33 = linalg.transpose ins(%arg11 : tensor<32x32xf32>) outs(%36 : tensor<32x32xf32>) permutation = [1, 0] 
    %68 = linalg.matmul ins(%collapsed_32, %transposed_33 : tensor<34x32xf32>, tensor<32x32xf32>) outs(%38 : tensor<34x32xf32>) -> tensor<34x32xf32>
    %69 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%68, %arg12 : tensor<34x32xf32>, tensor<32xf32>) outs(%37 : tensor<34x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<34x32xf32>
    %expanded_34 = tensor.expand_shape %69 [[0, 1], [2]] output_shape [2, 17, 32] : tensor<34x32xf32> into tensor<2x17x32xf32>
    %70 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_34, %6 : tensor<2x17x32xf32>, tensor<2x17x32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %71 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70 : tensor<2x17x32xf32>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %121 = arith.extf %in : f32 to f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %72 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%71 : tensor<2x17x32xf64>) outs(%18 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.addf %in, %out : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %73 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%72 : tensor<2x17x1xf64>) outs(%17 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.divf %in, %cst_8 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %74 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%71, %73 : tensor<2x17x32xf64>, tensor<2x17x1xf64>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f64, %in_41: f64, %out: f64):
      %121 = arith.subf %in, %in_41 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %75 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %74 : tensor<2x17x32xf64>, tensor<2x17x32xf64>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f64, %in_41: f64, %out: f64):
      %121 = arith.mulf %in, %in_41 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %76 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%75 : tensor<2x17x32xf64>) outs(%18 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.addf %in, %out : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %77 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<2x17x1xf64>) outs(%17 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.divf %in, %cst_8 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %78 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%77 : tensor<2x17x1xf64>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %121 = arith.truncf %in : f64 to f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %79 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%70 : tensor<2x17x32xf32>) outs(%27 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.addf %in, %out : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %80 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.divf %in, %cst_9 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %81 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.truncf %cst_6 : f64 to f32
      %122 = arith.addf %in, %121 : f32
      linalg.yield %122 : f32
    } -> tensor<2x17x1xf32>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = math.rsqrt %in : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70, %80 : tensor<2x17x32xf32>, tensor<2x17x1xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.subf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %84 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83, %82 : tensor<2x17x32xf32>, tensor<2x17x1xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %85 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84, %arg15 : tensor<2x17x32xf32>, tensor<32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85, %arg16 : tensor<2x17x32xf32>, tensor<32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %collapsed_35 = tensor.collapse_shape %86 [[0, 1], [2]] : tensor<2x17x32xf32> into tensor<34x32xf32>
    %87 = tensor.empty() : tensor<32x48xf32>
    %transposed_36 = linalg.transpose ins(%arg17 : tensor<48x32xf32>) outs(%87 : tensor<32x48xf32>) permutation = [1, 0] 
    %88 = tensor.empty() : tensor<34x48xf32>
    %89 = linalg.fill ins(%cst : f32) outs(%88 : tensor<34x48xf32>) -> tensor<34x48xf32>
    %90 = linalg.matmul ins(%collapsed_35, %transposed_36 : tensor<34x32xf32>, tensor<32x48xf32>) outs(%89 : tensor<34x48xf32>) -> tensor<34x48xf32>
    %91 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%90, %arg18 : tensor<34x48xf32>, tensor<48xf32>) outs(%88 : tensor<34x48xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<34x48xf32>
    %expanded_37 = tensor.expand_shape %91 [[0, 1], [2]] output_shape [2, 17, 48] : tensor<34x48xf32> into tensor<2x17x48xf32>
    %92 = tensor.empty() : tensor<2x17x48xf32>
    %93 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_37 : tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.mulf %in, %cst_10 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x48xf32>
    %94 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_37 : tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %121 : f32
    } -> tensor<2x17x48xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.truncf %cst_4 : f64 to f32
      %122 = arith.mulf %in, %121 : f32
      linalg.yield %122 : f32
    } -> tensor<2x17x48xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_37, %95 : tensor<2x17x48xf32>, tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x48xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.truncf %cst_3 : f64 to f32
      %122 = arith.mulf %in, %121 : f32
      linalg.yield %122 : f32
    } -> tensor<2x17x48xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = math.tanh %in : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x48xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.addf %in, %cst_11 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x48xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93, %99 : tensor<2x17x48xf32>, tensor<2x17x48xf32>) outs(%92 : tensor<2x17x48xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x48xf32>
    %collapsed_38 = tensor.collapse_shape %100 [[0, 1], [2]] : tensor<2x17x48xf32> into tensor<34x48xf32>
    %101 = tensor.empty() : tensor<48x32xf32>
    %transposed_39 = linalg.transpose ins(%arg19 : tensor<32x48xf32>) outs(%101 : tensor<48x32xf32>) permutation = [1, 0] 
    %102 = linalg.matmul ins(%collapsed_38, %transposed_39 : tensor<34x48xf32>, tensor<48x32xf32>) outs(%38 : tensor<34x32xf32>) -> tensor<34x32xf32>
    %103 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%102, %arg20 : tensor<34x32xf32>, tensor<32xf32>) outs(%37 : tensor<34x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<34x32xf32>
    %expanded_40 = tensor.expand_shape %103 [[0, 1], [2]] output_shape [2, 17, 32] : tensor<34x32xf32> into tensor<2x17x32xf32>
    %104 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_40, %70 : tensor<2x17x32xf32>, tensor<2x17x32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %105 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<2x17x32xf32>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %121 = arith.extf %in : f32 to f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %106 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%105 : tensor<2x17x32xf64>) outs(%18 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.addf %in, %out : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %107 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<2x17x1xf64>) outs(%17 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.divf %in, %cst_8 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %108 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105, %107 : tensor<2x17x32xf64>, tensor<2x17x1xf64>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f64, %in_41: f64, %out: f64):
      %121 = arith.subf %in, %in_41 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %109 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108, %108 : tensor<2x17x32xf64>, tensor<2x17x32xf64>) outs(%15 : tensor<2x17x32xf64>) {
    ^bb0(%in: f64, %in_41: f64, %out: f64):
      %121 = arith.mulf %in, %in_41 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x32xf64>
    %110 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%109 : tensor<2x17x32xf64>) outs(%18 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.addf %in, %out : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<2x17x1xf64>) outs(%17 : tensor<2x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %121 = arith.divf %in, %cst_8 : f64
      linalg.yield %121 : f64
    } -> tensor<2x17x1xf64>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<2x17x1xf64>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %121 = arith.truncf %in : f64 to f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<2x17x32xf32>) outs(%27 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.addf %in, %out : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.divf %in, %cst_9 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %115 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = arith.truncf %cst_6 : f64 to f32
      %122 = arith.addf %in, %121 : f32
      linalg.yield %122 : f32
    } -> tensor<2x17x1xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115 : tensor<2x17x1xf32>) outs(%25 : tensor<2x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %121 = math.rsqrt %in : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x1xf32>
    %117 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104, %114 : tensor<2x17x32xf32>, tensor<2x17x1xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.subf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %118 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117, %116 : tensor<2x17x32xf32>, tensor<2x17x1xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %119 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118, %arg21 : tensor<2x17x32xf32>, tensor<32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.mulf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    %120 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119, %arg22 : tensor<2x17x32xf32>, tensor<32xf32>) outs(%5 : tensor<2x17x32xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %121 = arith.addf %in, %in_41 : f32
      linalg.yield %121 : f32
    } -> tensor<2x17x32xf32>
    return %120 : tensor<2x17x32xf32>
  }
}
