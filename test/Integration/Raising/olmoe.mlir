// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=24x24xf32
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> ()>
#map5 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map9 = affine_map<(d0, d1, d2) -> (d2)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map11 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map12 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map14 = affine_map<(d0, d1) -> (d0, d1)>
#map15 = affine_map<(d0, d1) -> (d0)>
#map16 = affine_map<(d0, d1) -> (d0, 0)>
#map17 = affine_map<(d0, d1) -> (d1)>
#map18 = affine_map<(d0, d1) -> ()>
#map19 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map20 = affine_map<(d0, d1, d2) -> (d0)>
module {
  func.func @olmoe(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<32x32xf32>, %arg3: tensor<16x32xf32>, %arg4: tensor<16x32xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<16xf32>, %arg8: tensor<4x32xf32>, %arg9: tensor<4x96x32xf32>, %arg10: tensor<4x32x48xf32>, %arg11: tensor<32xf32>, %arg12: tensor<32xf32>, %arg13: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c3_i64 = arith.constant 3 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c4_i64 = arith.constant 4 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_3 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_4 = arith.constant dense<true> : tensor<i1>
    %cst_5 = arith.constant 0.35355339059327379 : f64
    %cst_6 = arith.constant 1.000000e-05 : f64
    %cst_7 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_8 = arith.constant dense<0.000000e+00> : tensor<f32>
    %true = arith.constant true
    %cst_9 = arith.constant 3.200000e+01 : f32
    %cst_10 = arith.constant 1.600000e+01 : f32
    %0 = tensor.empty() : tensor<24xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %150 = linalg.index 0 : index
      %151 = arith.index_cast %150 : index to i64
      linalg.yield %151 : i64
    } -> tensor<24xi64>
    %2 = tensor.empty() : tensor<1xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_11 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_12 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %4 = tensor.empty() : tensor<1x1x24x24xi1>
    %5 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_12, %expanded_11 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_67: i64, %out: i1):
      %150 = arith.cmpi sle, %in, %in_67 : i64
      linalg.yield %150 : i1
    } -> tensor<1x1x24x24xi1>
    %6 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4, %5 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_67: i1, %out: i1):
      %150 = arith.andi %in, %in_67 : i1
      linalg.yield %150 : i1
    } -> tensor<1x1x24x24xi1>
    %7 = tensor.empty() : tensor<1x1x1x24xi1>
    %8 = linalg.generic {indexing_maps = [#map5, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_12 : tensor<1x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%7 : tensor<1x1x1x24xi1>) {
    ^bb0(%in: i64, %in_67: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<1x1x1x24xi1>
    %9 = linalg.generic {indexing_maps = [#map3, #map1, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %8 : tensor<1x1x24x24xi1>, tensor<1x1x1x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_67: i1, %out: i1):
      %150 = arith.andi %in, %in_67 : i1
      linalg.yield %150 : i1
    } -> tensor<1x1x24x24xi1>
    %10 = tensor.empty() : tensor<1x1x24x24xf32>
    %11 = linalg.generic {indexing_maps = [#map3, #map4, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %cst_8, %cst_3 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%10 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_67: f32, %in_68: f32, %out: f32):
      %150 = arith.select %in, %in_67, %in_68 : f32
      linalg.yield %150 : f32
    } -> tensor<1x1x24x24xf32>
    %expanded_13 = tensor.expand_shape %cst_7 [[0, 1, 2]] output_shape [1, 4, 1] : tensor<4xf32> into tensor<1x4x1xf32>
    %expanded_14 = tensor.expand_shape %1 [[0, 1, 2]] output_shape [1, 1, 24] : tensor<24xi64> into tensor<1x1x24xi64>
    %12 = tensor.empty() : tensor<1x1x24xf32>
    %13 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_14 : tensor<1x1x24xi64>) outs(%12 : tensor<1x1x24xf32>) {
    ^bb0(%in: i64, %out: f32):
      %150 = arith.sitofp %in : i64 to f32
      linalg.yield %150 : f32
    } -> tensor<1x1x24xf32>
    %14 = tensor.empty() : tensor<1x4x24xf32>
    %15 = linalg.fill ins(%cst : f32) outs(%14 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %16 = linalg.batch_matmul ins(%expanded_13, %13 : tensor<1x4x1xf32>, tensor<1x1x24xf32>) outs(%15 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %17 = tensor.empty() : tensor<1x24x4xf32>
    %transposed = linalg.transpose ins(%16 : tensor<1x4x24xf32>) outs(%17 : tensor<1x24x4xf32>) permutation = [0, 2, 1] 
    %concat = tensor.concat dim(2) %transposed, %transposed : (tensor<1x24x4xf32>, tensor<1x24x4xf32>) -> tensor<1x24x8xf32>
    %18 = tensor.empty() : tensor<1x24x8xf32>
    %19 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%18 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.cos %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x8xf32>
    %20 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%18 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.sin %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x8xf32>
    %21 = tensor.empty() : tensor<1x24x32xf32>
    %22 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %23 = tensor.empty() : tensor<1x24x1xf32>
    %24 = linalg.fill ins(%cst : f32) outs(%23 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %25 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %26 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_9 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %27 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_6 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x24x1xf32>
    %28 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %29 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %28 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %30 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg11, %29 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %31 = tensor.empty() : tensor<32x32xf32>
    %transposed_15 = linalg.transpose ins(%arg2 : tensor<32x32xf32>) outs(%31 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %30 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %32 = tensor.empty() : tensor<24x32xf32>
    %33 = linalg.fill ins(%cst : f32) outs(%32 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %34 = linalg.matmul ins(%collapsed, %transposed_15 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%33 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_16 = tensor.expand_shape %34 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %35 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_16 : tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %36 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%35 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %37 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_9 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %38 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_6 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x24x1xf32>
    %39 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%38 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %40 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_16, %39 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %41 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg6, %40 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %42 = tensor.empty() : tensor<32x16xf32>
    %transposed_17 = linalg.transpose ins(%arg3 : tensor<16x32xf32>) outs(%42 : tensor<32x16xf32>) permutation = [1, 0] 
    %43 = tensor.empty() : tensor<24x16xf32>
    %44 = linalg.fill ins(%cst : f32) outs(%43 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %45 = linalg.matmul ins(%collapsed, %transposed_17 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%44 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_18 = tensor.expand_shape %45 [[0, 1], [2]] output_shape [1, 24, 16] : tensor<24x16xf32> into tensor<1x24x16xf32>
    %46 = tensor.empty() : tensor<1x24x16xf32>
    %47 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_18 : tensor<1x24x16xf32>) outs(%46 : tensor<1x24x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x24x16xf32>
    %48 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%47 : tensor<1x24x16xf32>) outs(%24 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %49 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%48 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_10 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %50 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%49 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_6 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x24x1xf32>
    %51 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%50 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %52 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_18, %51 : tensor<1x24x16xf32>, tensor<1x24x1xf32>) outs(%46 : tensor<1x24x16xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x16xf32>
    %53 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg7, %52 : tensor<16xf32>, tensor<1x24x16xf32>) outs(%46 : tensor<1x24x16xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x16xf32>
    %transposed_19 = linalg.transpose ins(%arg4 : tensor<16x32xf32>) outs(%42 : tensor<32x16xf32>) permutation = [1, 0] 
    %54 = linalg.matmul ins(%collapsed, %transposed_19 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%44 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_20 = tensor.expand_shape %41 [[0], [1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<1x24x32xf32> into tensor<1x24x4x8xf32>
    %55 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed_21 = linalg.transpose ins(%expanded_20 : tensor<1x24x4x8xf32>) outs(%55 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_22 = tensor.expand_shape %53 [[0], [1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<1x24x16xf32> into tensor<1x24x2x8xf32>
    %56 = tensor.empty() : tensor<1x2x24x8xf32>
    %transposed_23 = linalg.transpose ins(%expanded_22 : tensor<1x24x2x8xf32>) outs(%56 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_24 = tensor.expand_shape %54 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %transposed_25 = linalg.transpose ins(%expanded_24 : tensor<1x24x2x8xf32>) outs(%56 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_26 = tensor.expand_shape %19 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf32> into tensor<1x1x24x8xf32>
    %expanded_27 = tensor.expand_shape %20 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf32> into tensor<1x1x24x8xf32>
    %57 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_21, %expanded_26 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%55 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x8xf32>
    %extracted_slice = tensor.extract_slice %transposed_21[0, 0, 0, 0] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %extracted_slice_28 = tensor.extract_slice %transposed_21[0, 0, 0, 4] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %58 = tensor.empty() : tensor<1x4x24x4xf32>
    %59 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_28 : tensor<1x4x24x4xf32>) outs(%58 : tensor<1x4x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.negf %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x4xf32>
    %concat_29 = tensor.concat dim(3) %59, %extracted_slice : (tensor<1x4x24x4xf32>, tensor<1x4x24x4xf32>) -> tensor<1x4x24x8xf32>
    %60 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_29, %expanded_27 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%55 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x8xf32>
    %61 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%57, %60 : tensor<1x4x24x8xf32>, tensor<1x4x24x8xf32>) outs(%55 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.addf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x8xf32>
    %62 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_23, %expanded_26 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%56 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x2x24x8xf32>
    %extracted_slice_30 = tensor.extract_slice %transposed_23[0, 0, 0, 0] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %extracted_slice_31 = tensor.extract_slice %transposed_23[0, 0, 0, 4] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %63 = tensor.empty() : tensor<1x2x24x4xf32>
    %64 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_31 : tensor<1x2x24x4xf32>) outs(%63 : tensor<1x2x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.negf %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x2x24x4xf32>
    %concat_32 = tensor.concat dim(3) %64, %extracted_slice_30 : (tensor<1x2x24x4xf32>, tensor<1x2x24x4xf32>) -> tensor<1x2x24x8xf32>
    %65 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_32, %expanded_27 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%56 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x2x24x8xf32>
    %66 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%62, %65 : tensor<1x2x24x8xf32>, tensor<1x2x24x8xf32>) outs(%56 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.addf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x2x24x8xf32>
    %67 = tensor.empty() : tensor<1x2x2x24x8xf32>
    %68 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%66 : tensor<1x2x24x8xf32>) outs(%67 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %collapsed_33 = tensor.collapse_shape %68 [[0], [1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<1x4x24x8xf32>
    %69 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_25 : tensor<1x2x24x8xf32>) outs(%67 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %70 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_34 = linalg.transpose ins(%collapsed_33 : tensor<1x4x24x8xf32>) outs(%70 : tensor<1x4x8x24xf32>) permutation = [0, 1, 3, 2] 
    %collapsed_35 = tensor.collapse_shape %61 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_36 = tensor.collapse_shape %transposed_34 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %71 = tensor.empty() : tensor<4x24x24xf32>
    %72 = linalg.fill ins(%cst : f32) outs(%71 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %73 = linalg.batch_matmul ins(%collapsed_35, %collapsed_36 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%72 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_37 = tensor.expand_shape %73 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %74 = tensor.empty() : tensor<1x4x24x24xf32>
    %75 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_37 : tensor<1x4x24x24xf32>) outs(%74 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_5 : f64 to f32
      %151 = arith.mulf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x4x24x24xf32>
    %76 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75, %11 : tensor<1x4x24x24xf32>, tensor<1x1x24x24xf32>) outs(%74 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.addf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x24xf32>
    %77 = tensor.empty() : tensor<1x4x24xi64>
    %78 = linalg.fill ins(%c0_i64 : i64) outs(%77 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %79 = linalg.fill ins(%cst_0 : f32) outs(%14 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %80:2 = linalg.generic {indexing_maps = [#map3, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%76 : tensor<1x4x24x24xf32>) outs(%79, %78 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_67: i64):
      %150 = linalg.index 3 : index
      %151 = arith.index_cast %150 : index to i64
      %152 = arith.maximumf %in, %out : f32
      %153 = arith.cmpf ogt, %in, %out : f32
      %154 = arith.select %153, %151, %out_67 : i64
      linalg.yield %152, %154 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_38 = tensor.expand_shape %80#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %81 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%76, %expanded_38 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%74 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.subf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x24xf32>
    %82 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%81 : tensor<1x4x24x24xf32>) outs(%74 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.exp %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x24xf32>
    %83 = tensor.empty() : tensor<1x4x24x1xf32>
    %84 = linalg.fill ins(%cst : f32) outs(%83 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %85 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%82 : tensor<1x4x24x24xf32>) outs(%84 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x1xf32>
    %86 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82, %85 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%74 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.divf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_39 = tensor.collapse_shape %86 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_40 = tensor.collapse_shape %69 [[0, 1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<4x24x8xf32>
    %87 = tensor.empty() : tensor<4x24x8xf32>
    %88 = linalg.fill ins(%cst : f32) outs(%87 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %89 = linalg.batch_matmul ins(%collapsed_39, %collapsed_40 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%88 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_41 = tensor.expand_shape %89 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %90 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_42 = linalg.transpose ins(%expanded_41 : tensor<1x4x24x8xf32>) outs(%90 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_43 = linalg.transpose ins(%arg5 : tensor<32x32xf32>) outs(%31 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_44 = tensor.collapse_shape %transposed_42 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %91 = linalg.matmul ins(%collapsed_44, %transposed_43 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%33 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_45 = tensor.expand_shape %91 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %92 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %expanded_45 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.addf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %93 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %94 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%93 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %95 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_9 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %96 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_6 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x24x1xf32>
    %97 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %98 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92, %97 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %99 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg12, %98 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %collapsed_46 = tensor.collapse_shape %99 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %100 = tensor.empty() : tensor<32x4xf32>
    %transposed_47 = linalg.transpose ins(%arg8 : tensor<4x32xf32>) outs(%100 : tensor<32x4xf32>) permutation = [1, 0] 
    %101 = tensor.empty() : tensor<24x4xf32>
    %102 = linalg.fill ins(%cst : f32) outs(%101 : tensor<24x4xf32>) -> tensor<24x4xf32>
    %103 = linalg.matmul ins(%collapsed_46, %transposed_47 : tensor<24x32xf32>, tensor<32x4xf32>) outs(%102 : tensor<24x4xf32>) -> tensor<24x4xf32>
    %104 = linalg.fill ins(%c0_i64 : i64) outs(%0 : tensor<24xi64>) -> tensor<24xi64>
    %105 = tensor.empty() : tensor<24xf32>
    %106 = linalg.fill ins(%cst_0 : f32) outs(%105 : tensor<24xf32>) -> tensor<24xf32>
    %107:2 = linalg.generic {indexing_maps = [#map14, #map15, #map15], iterator_types = ["parallel", "reduction"]} ins(%103 : tensor<24x4xf32>) outs(%106, %104 : tensor<24xf32>, tensor<24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_67: i64):
      %150 = linalg.index 1 : index
      %151 = arith.index_cast %150 : index to i64
      %152 = arith.maximumf %in, %out : f32
      %153 = arith.cmpf ogt, %in, %out : f32
      %154 = arith.select %153, %151, %out_67 : i64
      linalg.yield %152, %154 : f32, i64
    } -> (tensor<24xf32>, tensor<24xi64>)
    %expanded_48 = tensor.expand_shape %107#0 [[0, 1]] output_shape [24, 1] : tensor<24xf32> into tensor<24x1xf32>
    %108 = linalg.generic {indexing_maps = [#map14, #map16, #map14], iterator_types = ["parallel", "parallel"]} ins(%103, %expanded_48 : tensor<24x4xf32>, tensor<24x1xf32>) outs(%101 : tensor<24x4xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.subf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<24x4xf32>
    %109 = linalg.generic {indexing_maps = [#map14, #map14], iterator_types = ["parallel", "parallel"]} ins(%108 : tensor<24x4xf32>) outs(%101 : tensor<24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.exp %in : f32
      linalg.yield %150 : f32
    } -> tensor<24x4xf32>
    %110 = tensor.empty() : tensor<24x1xf32>
    %111 = linalg.fill ins(%cst : f32) outs(%110 : tensor<24x1xf32>) -> tensor<24x1xf32>
    %112 = linalg.generic {indexing_maps = [#map14, #map16], iterator_types = ["parallel", "reduction"]} ins(%109 : tensor<24x4xf32>) outs(%111 : tensor<24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<24x1xf32>
    %113 = linalg.generic {indexing_maps = [#map14, #map16, #map14], iterator_types = ["parallel", "parallel"]} ins(%109, %112 : tensor<24x4xf32>, tensor<24x1xf32>) outs(%101 : tensor<24x4xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.divf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<24x4xf32>
    %114 = tensor.empty() : tensor<4xi64>
    %115 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%114 : tensor<4xi64>) {
    ^bb0(%out: i64):
      %150 = linalg.index 0 : index
      %151 = arith.index_cast %150 : index to i64
      linalg.yield %151 : i64
    } -> tensor<4xi64>
    %116:2 = linalg.generic {indexing_maps = [#map14, #map15, #map15], iterator_types = ["parallel", "reduction"]} ins(%113 : tensor<24x4xf32>) outs(%106, %104 : tensor<24xf32>, tensor<24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_67: i64):
      %150 = linalg.index 1 : index
      %151 = arith.index_cast %150 : index to i64
      %152 = arith.maximumf %in, %out : f32
      %153 = arith.cmpf ogt, %in, %out : f32
      %154 = arith.select %153, %151, %out_67 : i64
      linalg.yield %152, %154 : f32, i64
    } -> (tensor<24xf32>, tensor<24xi64>)
    %expanded_49 = tensor.expand_shape %116#0 [[0, 1]] output_shape [24, 1] : tensor<24xf32> into tensor<24x1xf32>
    %expanded_50 = tensor.expand_shape %116#1 [[0, 1]] output_shape [24, 1] : tensor<24xi64> into tensor<24x1xi64>
    %117 = tensor.empty() : tensor<24x4xi1>
    %118 = linalg.generic {indexing_maps = [#map17, #map16, #map14], iterator_types = ["parallel", "parallel"]} ins(%115, %expanded_50 : tensor<4xi64>, tensor<24x1xi64>) outs(%117 : tensor<24x4xi1>) {
    ^bb0(%in: i64, %in_67: i64, %out: i1):
      %150 = arith.cmpi eq, %in, %in_67 : i64
      linalg.yield %150 : i1
    } -> tensor<24x4xi1>
    %119 = linalg.generic {indexing_maps = [#map14, #map18, #map14, #map14], iterator_types = ["parallel", "parallel"]} ins(%118, %cst_2, %113 : tensor<24x4xi1>, tensor<f32>, tensor<24x4xf32>) outs(%101 : tensor<24x4xf32>) {
    ^bb0(%in: i1, %in_67: f32, %in_68: f32, %out: f32):
      %150 = arith.select %in, %in_67, %in_68 : f32
      linalg.yield %150 : f32
    } -> tensor<24x4xf32>
    %120:2 = linalg.generic {indexing_maps = [#map14, #map15, #map15], iterator_types = ["parallel", "reduction"]} ins(%119 : tensor<24x4xf32>) outs(%106, %104 : tensor<24xf32>, tensor<24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_67: i64):
      %150 = linalg.index 1 : index
      %151 = arith.index_cast %150 : index to i64
      %152 = arith.maximumf %in, %out : f32
      %153 = arith.cmpf ogt, %in, %out : f32
      %154 = arith.select %153, %151, %out_67 : i64
      linalg.yield %152, %154 : f32, i64
    } -> (tensor<24xf32>, tensor<24xi64>)
    %expanded_51 = tensor.expand_shape %120#0 [[0, 1]] output_shape [24, 1] : tensor<24xf32> into tensor<24x1xf32>
    %expanded_52 = tensor.expand_shape %120#1 [[0, 1]] output_shape [24, 1] : tensor<24xi64> into tensor<24x1xi64>
    %concat_53 = tensor.concat dim(1) %expanded_49, %expanded_51 : (tensor<24x1xf32>, tensor<24x1xf32>) -> tensor<24x2xf32>
    %concat_54 = tensor.concat dim(1) %expanded_50, %expanded_52 : (tensor<24x1xi64>, tensor<24x1xi64>) -> tensor<24x2xi64>
    %121 = tensor.empty() : tensor<24x2x32xf32>
    %122 = linalg.generic {indexing_maps = [#map19, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_46 : tensor<24x32xf32>) outs(%121 : tensor<24x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<24x2x32xf32>
    %collapsed_55 = tensor.collapse_shape %122 [[0, 1], [2]] : tensor<24x2x32xf32> into tensor<48x32xf32>
    %collapsed_56 = tensor.collapse_shape %concat_53 [[0, 1]] : tensor<24x2xf32> into tensor<48xf32>
    %collapsed_57 = tensor.collapse_shape %concat_54 [[0, 1]] : tensor<24x2xi64> into tensor<48xi64>
    %123 = tensor.empty() : tensor<48xi64>
    %124 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%collapsed_57 : tensor<48xi64>) outs(%123 : tensor<48xi64>) {
    ^bb0(%in: i64, %out: i64):
      %150 = arith.maxsi %in, %c0_i64 : i64
      %151 = arith.minsi %150, %c3_i64 : i64
      linalg.yield %151 : i64
    } -> tensor<48xi64>
    %125 = tensor.empty() : tensor<48x96x32xf32>
    %126 = linalg.generic {indexing_maps = [#map20, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<48xi64>) outs(%125 : tensor<48x96x32xf32>) {
    ^bb0(%in: i64, %out: f32):
      %150 = arith.cmpi slt, %in, %c0_i64 : i64
      %151 = arith.addi %in, %c4_i64 : i64
      %152 = arith.select %150, %151, %in : i64
      %153 = arith.index_cast %152 : i64 to index
      %154 = linalg.index 1 : index
      %155 = linalg.index 2 : index
      %extracted = tensor.extract %arg9[%153, %154, %155] : tensor<4x96x32xf32>
      linalg.yield %extracted : f32
    } -> tensor<48x96x32xf32>
    %expanded_58 = tensor.expand_shape %collapsed_55 [[0], [1, 2]] output_shape [48, 32, 1] : tensor<48x32xf32> into tensor<48x32x1xf32>
    %127 = tensor.empty() : tensor<48x96x1xf32>
    %128 = linalg.fill ins(%cst : f32) outs(%127 : tensor<48x96x1xf32>) -> tensor<48x96x1xf32>
    %129 = linalg.batch_matmul ins(%126, %expanded_58 : tensor<48x96x32xf32>, tensor<48x32x1xf32>) outs(%128 : tensor<48x96x1xf32>) -> tensor<48x96x1xf32>
    %collapsed_59 = tensor.collapse_shape %129 [[0], [1, 2]] : tensor<48x96x1xf32> into tensor<48x96xf32>
    %extracted_slice_60 = tensor.extract_slice %collapsed_59[0, 0] [48, 48] [1, 1] : tensor<48x96xf32> to tensor<48x48xf32>
    %extracted_slice_61 = tensor.extract_slice %collapsed_59[0, 48] [48, 48] [1, 1] : tensor<48x96xf32> to tensor<48x48xf32>
    %130 = tensor.empty() : tensor<48x48xf32>
    %131 = linalg.generic {indexing_maps = [#map14, #map14], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_60 : tensor<48x48xf32>) outs(%130 : tensor<48x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.negf %in : f32
      %151 = math.exp %150 : f32
      %152 = arith.addf %151, %cst_1 : f32
      %153 = arith.divf %cst_1, %152 : f32
      linalg.yield %153 : f32
    } -> tensor<48x48xf32>
    %132 = linalg.generic {indexing_maps = [#map14, #map14, #map14], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_60, %131 : tensor<48x48xf32>, tensor<48x48xf32>) outs(%130 : tensor<48x48xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<48x48xf32>
    %133 = linalg.generic {indexing_maps = [#map14, #map14, #map14], iterator_types = ["parallel", "parallel"]} ins(%132, %extracted_slice_61 : tensor<48x48xf32>, tensor<48x48xf32>) outs(%130 : tensor<48x48xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<48x48xf32>
    %134 = tensor.empty() : tensor<48x32x48xf32>
    %135 = linalg.generic {indexing_maps = [#map20, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<48xi64>) outs(%134 : tensor<48x32x48xf32>) {
    ^bb0(%in: i64, %out: f32):
      %150 = arith.cmpi slt, %in, %c0_i64 : i64
      %151 = arith.addi %in, %c4_i64 : i64
      %152 = arith.select %150, %151, %in : i64
      %153 = arith.index_cast %152 : i64 to index
      %154 = linalg.index 1 : index
      %155 = linalg.index 2 : index
      %extracted = tensor.extract %arg10[%153, %154, %155] : tensor<4x32x48xf32>
      linalg.yield %extracted : f32
    } -> tensor<48x32x48xf32>
    %expanded_62 = tensor.expand_shape %133 [[0], [1, 2]] output_shape [48, 48, 1] : tensor<48x48xf32> into tensor<48x48x1xf32>
    %136 = tensor.empty() : tensor<48x32x1xf32>
    %137 = linalg.fill ins(%cst : f32) outs(%136 : tensor<48x32x1xf32>) -> tensor<48x32x1xf32>
    %138 = linalg.batch_matmul ins(%135, %expanded_62 : tensor<48x32x48xf32>, tensor<48x48x1xf32>) outs(%137 : tensor<48x32x1xf32>) -> tensor<48x32x1xf32>
    %collapsed_63 = tensor.collapse_shape %138 [[0], [1, 2]] : tensor<48x32x1xf32> into tensor<48x32xf32>
    %expanded_64 = tensor.expand_shape %collapsed_56 [[0, 1]] output_shape [48, 1] : tensor<48xf32> into tensor<48x1xf32>
    %139 = tensor.empty() : tensor<48x32xf32>
    %140 = linalg.generic {indexing_maps = [#map14, #map16, #map14], iterator_types = ["parallel", "parallel"]} ins(%collapsed_63, %expanded_64 : tensor<48x32xf32>, tensor<48x1xf32>) outs(%139 : tensor<48x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<48x32xf32>
    %expanded_65 = tensor.expand_shape %140 [[0, 1], [2]] output_shape [24, 2, 32] : tensor<48x32xf32> into tensor<24x2x32xf32>
    %141 = linalg.generic {indexing_maps = [#map7, #map19], iterator_types = ["parallel", "reduction", "parallel"]} ins(%expanded_65 : tensor<24x2x32xf32>) outs(%33 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<24x32xf32>
    %expanded_66 = tensor.expand_shape %141 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %142 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92, %expanded_66 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.addf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %143 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142 : tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %144 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%143 : tensor<1x24x32xf32>) outs(%24 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %145 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%144 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_9 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %146 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_6 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x24x1xf32>
    %147 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146 : tensor<1x24x1xf32>) outs(%23 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x1xf32>
    %148 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142, %147 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    %149 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg13, %148 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%21 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_67: f32, %out: f32):
      %150 = arith.mulf %in, %in_67 : f32
      linalg.yield %150 : f32
    } -> tensor<1x24x32xf32>
    return %149 : tensor<1x24x32xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x040000000000803FCDCCCC3D0AD7233C6F12833A"
    }
  }
#-}
