// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.causal) {{.*}} alibi_slopes(%{{.*}} : tensor<4xf32>)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> ()>
#map6 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, 0)>
#map7 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map9 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map10 = affine_map<(d0, d1, d2) -> (d2)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d1, 0, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @mpt(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<96x32xf32>, %arg4: tensor<32x32xf32>, %arg5: tensor<32xf32>, %arg6: tensor<128x32xf32>, %arg7: tensor<32x128xf32>, %arg8: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c1_i64 = arith.constant 1 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant 0.000000e+00 : f64
    %cst_2 = arith.constant 0xFF800000 : f32
    %c3_i64 = arith.constant 3 : i64
    %cst_3 = arith.constant 4.471500e-02 : f32
    %cst_4 = arith.constant 7.977240e-01 : f32
    %cst_5 = arith.constant 5.000000e-01 : f32
    %cst_6 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_7 = arith.constant dense<true> : tensor<i1>
    %cst_8 = arith.constant 0.35355339059327373 : f64
    %cst_9 = arith.constant 1.000000e-05 : f64
    %cst_10 = arith.constant dense<0.000000e+00> : tensor<f32>
    %c-23_i32 = arith.constant -23 : i32
    %cst_11 = arith.constant 2.000000e+00 : f32
    %true = arith.constant true
    %cst_12 = arith.constant 3.200000e+01 : f64
    %cst_13 = arith.constant 3.200000e+01 : f32
    %0 = tensor.empty() : tensor<24xi32>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<24xi32>) {
    ^bb0(%out: i32):
      %117 = linalg.index 0 : index
      %118 = arith.index_cast %117 : index to i64
      %119 = arith.trunci %118 : i64 to i32
      %120 = arith.addi %119, %c-23_i32 : i32
      linalg.yield %120 : i32
    } -> tensor<24xi32>
    %expanded = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi32> into tensor<1x1x1x24xi32>
    %2 = tensor.empty() : tensor<4xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<4xi64>) {
    ^bb0(%out: i64):
      %117 = linalg.index 0 : index
      %118 = arith.index_cast %117 : index to i64
      %119 = arith.addi %118, %c1_i64 : i64
      linalg.yield %119 : i64
    } -> tensor<4xi64>
    %4 = tensor.empty() : tensor<4xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%3 : tensor<4xi64>) outs(%4 : tensor<4xf32>) {
    ^bb0(%in: i64, %out: f32):
      %117 = arith.sitofp %in : i64 to f32
      linalg.yield %117 : f32
    } -> tensor<4xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%5 : tensor<4xf32>) outs(%4 : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.mulf %in, %cst_11 : f32
      linalg.yield %117 : f32
    } -> tensor<4xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%6 : tensor<4xf32>) outs(%4 : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = math.powf %cst_11, %in : f32
      linalg.yield %117 : f32
    } -> tensor<4xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%7 : tensor<4xf32>) outs(%4 : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.cmpf one, %in, %cst : f32
      cf.assert %117, "unimplemented: tensor with zero element"
      %118 = arith.divf %cst_0, %in : f32
      linalg.yield %118 : f32
    } -> tensor<4xf32>
    %expanded_14 = tensor.expand_shape %8 [[0, 1, 2, 3]] output_shape [1, 4, 1, 1] : tensor<4xf32> into tensor<1x4x1x1xf32>
    %9 = tensor.empty() : tensor<1x4x1x24xf32>
    %10 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_14 : tensor<1x1x1x24xi32>, tensor<1x4x1x1xf32>) outs(%9 : tensor<1x4x1x24xf32>) {
    ^bb0(%in: i32, %in_45: f32, %out: f32):
      %117 = arith.sitofp %in : i32 to f32
      %118 = arith.mulf %117, %in_45 : f32
      linalg.yield %118 : f32
    } -> tensor<1x4x1x24xf32>
    %collapsed = tensor.collapse_shape %10 [[0, 1], [2], [3]] : tensor<1x4x1x24xf32> into tensor<4x1x24xf32>
    %11 = tensor.empty() : tensor<1xi64>
    %12 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%11 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %13 = tensor.empty() : tensor<24xi64>
    %14 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%13 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %117 = linalg.index 0 : index
      %118 = arith.index_cast %117 : index to i64
      linalg.yield %118 : i64
    } -> tensor<24xi64>
    %expanded_15 = tensor.expand_shape %12 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_16 = tensor.expand_shape %14 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_17 = tensor.expand_shape %14 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %15 = tensor.empty() : tensor<1x1x24x24xi1>
    %16 = linalg.generic {indexing_maps = [#map4, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_17, %expanded_16 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%15 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_45: i64, %out: i1):
      %117 = arith.cmpi sle, %in, %in_45 : i64
      linalg.yield %117 : i1
    } -> tensor<1x1x24x24xi1>
    %17 = linalg.generic {indexing_maps = [#map5, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_7, %16 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%15 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_45: i1, %out: i1):
      %117 = arith.andi %in, %in_45 : i1
      linalg.yield %117 : i1
    } -> tensor<1x1x24x24xi1>
    %18 = tensor.empty() : tensor<1x1x1x24xi1>
    %19 = linalg.generic {indexing_maps = [#map6, #map7, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_15, %expanded_17 : tensor<1x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%18 : tensor<1x1x1x24xi1>) {
    ^bb0(%in: i64, %in_45: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<1x1x1x24xi1>
    %20 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%17, %19 : tensor<1x1x24x24xi1>, tensor<1x1x1x24xi1>) outs(%15 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_45: i1, %out: i1):
      %117 = arith.andi %in, %in_45 : i1
      linalg.yield %117 : i1
    } -> tensor<1x1x24x24xi1>
    %21 = tensor.empty() : tensor<1x1x24x24xf32>
    %22 = linalg.generic {indexing_maps = [#map3, #map5, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%20, %cst_10, %cst_6 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%21 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_45: f32, %in_46: f32, %out: f32):
      %117 = arith.select %in, %in_45, %in_46 : f32
      linalg.yield %117 : f32
    } -> tensor<1x1x24x24xf32>
    %23 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%22 : tensor<1x1x24x24xf32>) outs(%15 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: f32, %out: i1):
      %117 = arith.cmpf une, %in, %cst : f32
      linalg.yield %117 : i1
    } -> tensor<1x1x24x24xi1>
    %24 = tensor.empty() : tensor<1x24x32xf64>
    %25 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %117 = arith.extf %in : f32 to f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %26 = tensor.empty() : tensor<1x24x1xf64>
    %27 = linalg.fill ins(%cst_1 : f64) outs(%26 : tensor<1x24x1xf64>) -> tensor<1x24x1xf64>
    %28 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%25 : tensor<1x24x32xf64>) outs(%27 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.addf %in, %out : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %29 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x24x1xf64>) outs(%26 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.divf %in, %cst_12 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %30 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25, %29 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %117 = arith.subf %in, %in_45 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %31 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %30 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %117 = arith.mulf %in, %in_45 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %32 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%31 : tensor<1x24x32xf64>) outs(%27 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.addf %in, %out : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %33 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x24x1xf64>) outs(%26 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.divf %in, %cst_12 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %34 = tensor.empty() : tensor<1x24x1xf32>
    %35 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33 : tensor<1x24x1xf64>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %117 = arith.truncf %in : f64 to f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %36 = linalg.fill ins(%cst : f32) outs(%34 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %37 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0 : tensor<1x24x32xf32>) outs(%36 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.addf %in, %out : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %38 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.divf %in, %cst_13 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %39 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.truncf %cst_9 : f64 to f32
      %118 = arith.addf %in, %117 : f32
      linalg.yield %118 : f32
    } -> tensor<1x24x1xf32>
    %40 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = math.rsqrt %in : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %41 = tensor.empty() : tensor<1x24x32xf32>
    %42 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %38 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.subf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %43 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%42, %40 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.mulf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %44 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43, %arg2 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.mulf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %45 = tensor.empty() : tensor<32x96xf32>
    %transposed = linalg.transpose ins(%arg3 : tensor<96x32xf32>) outs(%45 : tensor<32x96xf32>) permutation = [1, 0] 
    %collapsed_18 = tensor.collapse_shape %44 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %46 = tensor.empty() : tensor<24x96xf32>
    %47 = linalg.fill ins(%cst : f32) outs(%46 : tensor<24x96xf32>) -> tensor<24x96xf32>
    %48 = linalg.matmul ins(%collapsed_18, %transposed : tensor<24x32xf32>, tensor<32x96xf32>) outs(%47 : tensor<24x96xf32>) -> tensor<24x96xf32>
    %expanded_19 = tensor.expand_shape %48 [[0, 1], [2]] output_shape [1, 24, 96] : tensor<24x96xf32> into tensor<1x24x96xf32>
    %extracted_slice = tensor.extract_slice %expanded_19[0, 0, 0] [1, 24, 32] [1, 1, 1] : tensor<1x24x96xf32> to tensor<1x24x32xf32>
    %extracted_slice_20 = tensor.extract_slice %expanded_19[0, 0, 32] [1, 24, 32] [1, 1, 1] : tensor<1x24x96xf32> to tensor<1x24x32xf32>
    %extracted_slice_21 = tensor.extract_slice %expanded_19[0, 0, 64] [1, 24, 32] [1, 1, 1] : tensor<1x24x96xf32> to tensor<1x24x32xf32>
    %expanded_22 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %49 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed_23 = linalg.transpose ins(%expanded_22 : tensor<1x24x4x8xf32>) outs(%49 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_24 = tensor.expand_shape %extracted_slice_20 [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %expanded_25 = tensor.expand_shape %extracted_slice_21 [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_26 = linalg.transpose ins(%expanded_25 : tensor<1x24x4x8xf32>) outs(%49 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %50 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_27 = linalg.transpose ins(%expanded_24 : tensor<1x24x4x8xf32>) outs(%50 : tensor<1x4x8x24xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_28 = tensor.collapse_shape %transposed_23 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_29 = tensor.collapse_shape %transposed_27 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %51 = tensor.empty() : tensor<4x24x24xf32>
    %52 = linalg.fill ins(%cst : f32) outs(%51 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %53 = linalg.batch_matmul ins(%collapsed_28, %collapsed_29 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%52 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_30 = tensor.expand_shape %53 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %54 = tensor.empty() : tensor<1x4x24x24xf32>
    %55 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_30 : tensor<1x4x24x24xf32>) outs(%54 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.truncf %cst_8 : f64 to f32
      %118 = arith.mulf %in, %117 : f32
      linalg.yield %118 : f32
    } -> tensor<1x4x24x24xf32>
    %56 = linalg.generic {indexing_maps = [#map3, #map11, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%55, %collapsed : tensor<1x4x24x24xf32>, tensor<4x1x24xf32>) outs(%54 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.addf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x24xf32>
    %57 = linalg.generic {indexing_maps = [#map1, #map5, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%23, %cst_6, %56 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<1x4x24x24xf32>) outs(%54 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: i1, %in_45: f32, %in_46: f32, %out: f32):
      %117 = arith.select %in, %in_45, %in_46 : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x24xf32>
    %58 = tensor.empty() : tensor<1x4x24xi64>
    %59 = linalg.fill ins(%c0_i64 : i64) outs(%58 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %60 = tensor.empty() : tensor<1x4x24xf32>
    %61 = linalg.fill ins(%cst_2 : f32) outs(%60 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %62:2 = linalg.generic {indexing_maps = [#map3, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%57 : tensor<1x4x24x24xf32>) outs(%61, %59 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_45: i64):
      %117 = linalg.index 3 : index
      %118 = arith.index_cast %117 : index to i64
      %119 = arith.maximumf %in, %out : f32
      %120 = arith.cmpf ogt, %in, %out : f32
      %121 = arith.select %120, %118, %out_45 : i64
      linalg.yield %119, %121 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_31 = tensor.expand_shape %62#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %63 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%57, %expanded_31 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%54 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.subf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x24xf32>
    %64 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63 : tensor<1x4x24x24xf32>) outs(%54 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = math.exp %in : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x24xf32>
    %65 = tensor.empty() : tensor<1x4x24x1xf32>
    %66 = linalg.fill ins(%cst : f32) outs(%65 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %67 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%64 : tensor<1x4x24x24xf32>) outs(%66 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.addf %in, %out : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x1xf32>
    %68 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%64, %67 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%54 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.divf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_32 = tensor.collapse_shape %68 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_33 = tensor.collapse_shape %transposed_26 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %69 = tensor.empty() : tensor<4x24x8xf32>
    %70 = linalg.fill ins(%cst : f32) outs(%69 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %71 = linalg.batch_matmul ins(%collapsed_32, %collapsed_33 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%70 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_34 = tensor.expand_shape %71 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %72 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_35 = linalg.transpose ins(%expanded_34 : tensor<1x4x24x8xf32>) outs(%72 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %73 = tensor.empty() : tensor<32x32xf32>
    %transposed_36 = linalg.transpose ins(%arg4 : tensor<32x32xf32>) outs(%73 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_37 = tensor.collapse_shape %transposed_35 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %74 = tensor.empty() : tensor<24x32xf32>
    %75 = linalg.fill ins(%cst : f32) outs(%74 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %76 = linalg.matmul ins(%collapsed_37, %transposed_36 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%75 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_38 = tensor.expand_shape %76 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %77 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_38, %arg0 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.addf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %78 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%77 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %117 = arith.extf %in : f32 to f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %79 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%78 : tensor<1x24x32xf64>) outs(%27 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.addf %in, %out : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %80 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79 : tensor<1x24x1xf64>) outs(%26 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.divf %in, %cst_12 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %81 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %80 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %117 = arith.subf %in, %in_45 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %82 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81, %81 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %117 = arith.mulf %in, %in_45 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %83 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%82 : tensor<1x24x32xf64>) outs(%27 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.addf %in, %out : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %84 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83 : tensor<1x24x1xf64>) outs(%26 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.divf %in, %cst_12 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %85 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84 : tensor<1x24x1xf64>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %117 = arith.truncf %in : f64 to f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %86 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%77 : tensor<1x24x32xf32>) outs(%36 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.addf %in, %out : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %87 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%86 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.divf %in, %cst_13 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %88 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.truncf %cst_9 : f64 to f32
      %118 = arith.addf %in, %117 : f32
      linalg.yield %118 : f32
    } -> tensor<1x24x1xf32>
    %89 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = math.rsqrt %in : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %90 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%77, %87 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.subf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %91 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90, %89 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.mulf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %92 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91, %arg5 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.mulf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %93 = tensor.empty() : tensor<32x128xf32>
    %transposed_39 = linalg.transpose ins(%arg6 : tensor<128x32xf32>) outs(%93 : tensor<32x128xf32>) permutation = [1, 0] 
    %collapsed_40 = tensor.collapse_shape %92 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %94 = tensor.empty() : tensor<24x128xf32>
    %95 = linalg.fill ins(%cst : f32) outs(%94 : tensor<24x128xf32>) -> tensor<24x128xf32>
    %96 = linalg.matmul ins(%collapsed_40, %transposed_39 : tensor<24x32xf32>, tensor<32x128xf32>) outs(%95 : tensor<24x128xf32>) -> tensor<24x128xf32>
    %expanded_41 = tensor.expand_shape %96 [[0, 1], [2]] output_shape [1, 24, 128] : tensor<24x128xf32> into tensor<1x24x128xf32>
    %97 = tensor.empty() : tensor<1x24x128xf32>
    %98 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_41 : tensor<1x24x128xf32>) outs(%97 : tensor<1x24x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = math.fpowi %in, %c3_i64 : f32, i64
      %118 = arith.mulf %117, %cst_3 : f32
      %119 = arith.addf %in, %118 : f32
      %120 = arith.mulf %119, %cst_4 : f32
      %121 = math.tanh %120 : f32
      %122 = arith.addf %121, %cst_0 : f32
      %123 = arith.mulf %122, %cst_5 : f32
      %124 = arith.mulf %in, %123 : f32
      linalg.yield %124 : f32
    } -> tensor<1x24x128xf32>
    %99 = tensor.empty() : tensor<128x32xf32>
    %transposed_42 = linalg.transpose ins(%arg7 : tensor<32x128xf32>) outs(%99 : tensor<128x32xf32>) permutation = [1, 0] 
    %collapsed_43 = tensor.collapse_shape %98 [[0, 1], [2]] : tensor<1x24x128xf32> into tensor<24x128xf32>
    %100 = linalg.matmul ins(%collapsed_43, %transposed_42 : tensor<24x128xf32>, tensor<128x32xf32>) outs(%75 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_44 = tensor.expand_shape %100 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %101 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_44, %77 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.addf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %102 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %117 = arith.extf %in : f32 to f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %103 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%102 : tensor<1x24x32xf64>) outs(%27 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.addf %in, %out : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %104 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x24x1xf64>) outs(%26 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.divf %in, %cst_12 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %105 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102, %104 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %117 = arith.subf %in, %in_45 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %106 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105, %105 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%24 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_45: f64, %out: f64):
      %117 = arith.mulf %in, %in_45 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x32xf64>
    %107 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%106 : tensor<1x24x32xf64>) outs(%27 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.addf %in, %out : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %108 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x24x1xf64>) outs(%26 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %117 = arith.divf %in, %cst_12 : f64
      linalg.yield %117 : f64
    } -> tensor<1x24x1xf64>
    %109 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<1x24x1xf64>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %117 = arith.truncf %in : f64 to f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %110 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%101 : tensor<1x24x32xf32>) outs(%36 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.addf %in, %out : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %111 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.divf %in, %cst_13 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %112 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = arith.truncf %cst_9 : f64 to f32
      %118 = arith.addf %in, %117 : f32
      linalg.yield %118 : f32
    } -> tensor<1x24x1xf32>
    %113 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<1x24x1xf32>) outs(%34 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %117 = math.rsqrt %in : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x1xf32>
    %114 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101, %111 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.subf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %115 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %113 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.mulf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    %116 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %arg8 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%41 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_45: f32, %out: f32):
      %117 = arith.mulf %in, %in_45 : f32
      linalg.yield %117 : f32
    } -> tensor<1x24x32xf32>
    return %116 : tensor<1x24x32xf32>
  }
}
