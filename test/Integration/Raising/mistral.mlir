// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.window<left = 6, right = 0>)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
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
module {
  func.func @mistral(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<32x32xf32>, %arg3: tensor<16x32xf32>, %arg4: tensor<16x32xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<48x32xf32>, %arg7: tensor<48x32xf32>, %arg8: tensor<32x48xf32>, %arg9: tensor<32xf32>, %arg10: tensor<32xf32>, %arg11: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c7_i64 = arith.constant 7 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_3 = arith.constant dense<true> : tensor<i1>
    %cst_4 = arith.constant 0.35355339059327379 : f64
    %cst_5 = arith.constant 9.9999999999999995E-7 : f64
    %cst_6 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_7 = arith.constant dense<0.000000e+00> : tensor<f32>
    %true = arith.constant true
    %cst_8 = arith.constant 3.200000e+01 : f32
    %0 = tensor.empty() : tensor<24xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %109 = linalg.index 0 : index
      %110 = arith.index_cast %109 : index to i64
      linalg.yield %110 : i64
    } -> tensor<24xi64>
    %2 = tensor.empty() : tensor<1xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_9 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_10 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %4 = tensor.empty() : tensor<1x1x24x1xi64>
    %5 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_9 : tensor<1x1x24x1xi64>) outs(%4 : tensor<1x1x24x1xi64>) {
    ^bb0(%in: i64, %out: i64):
      %109 = arith.subi %in, %c7_i64 : i64
      linalg.yield %109 : i64
    } -> tensor<1x1x24x1xi64>
    %6 = tensor.empty() : tensor<1x1x24x24xi1>
    %7 = linalg.generic {indexing_maps = [#map2, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_10, %5 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%6 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_50: i64, %out: i1):
      %109 = arith.cmpi sgt, %in, %in_50 : i64
      linalg.yield %109 : i1
    } -> tensor<1x1x24x24xi1>
    %8 = linalg.generic {indexing_maps = [#map4, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_3, %7 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%6 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_50: i1, %out: i1):
      %109 = arith.andi %in, %in_50 : i1
      linalg.yield %109 : i1
    } -> tensor<1x1x24x24xi1>
    %9 = linalg.generic {indexing_maps = [#map2, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_10, %expanded_9 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%6 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_50: i64, %out: i1):
      %109 = arith.cmpi sle, %in, %in_50 : i64
      linalg.yield %109 : i1
    } -> tensor<1x1x24x24xi1>
    %10 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %9 : tensor<1x1x24x24xi1>, tensor<1x1x24x24xi1>) outs(%6 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_50: i1, %out: i1):
      %109 = arith.andi %in, %in_50 : i1
      linalg.yield %109 : i1
    } -> tensor<1x1x24x24xi1>
    %11 = linalg.generic {indexing_maps = [#map4, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_3, %10 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%6 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_50: i1, %out: i1):
      %109 = arith.andi %in, %in_50 : i1
      linalg.yield %109 : i1
    } -> tensor<1x1x24x24xi1>
    %12 = tensor.empty() : tensor<1x1x1x24xi1>
    %13 = linalg.generic {indexing_maps = [#map5, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_10 : tensor<1x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%12 : tensor<1x1x1x24xi1>) {
    ^bb0(%in: i64, %in_50: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<1x1x1x24xi1>
    %14 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11, %13 : tensor<1x1x24x24xi1>, tensor<1x1x1x24xi1>) outs(%6 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_50: i1, %out: i1):
      %109 = arith.andi %in, %in_50 : i1
      linalg.yield %109 : i1
    } -> tensor<1x1x24x24xi1>
    %15 = tensor.empty() : tensor<1x1x24x24xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map4, #map4, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %cst_7, %cst_2 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%15 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_50: f32, %in_51: f32, %out: f32):
      %109 = arith.select %in, %in_50, %in_51 : f32
      linalg.yield %109 : f32
    } -> tensor<1x1x24x24xf32>
    %expanded_11 = tensor.expand_shape %cst_6 [[0, 1, 2]] output_shape [1, 4, 1] : tensor<4xf32> into tensor<1x4x1xf32>
    %expanded_12 = tensor.expand_shape %1 [[0, 1, 2]] output_shape [1, 1, 24] : tensor<24xi64> into tensor<1x1x24xi64>
    %17 = tensor.empty() : tensor<1x1x24xf32>
    %18 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_12 : tensor<1x1x24xi64>) outs(%17 : tensor<1x1x24xf32>) {
    ^bb0(%in: i64, %out: f32):
      %109 = arith.sitofp %in : i64 to f32
      linalg.yield %109 : f32
    } -> tensor<1x1x24xf32>
    %19 = tensor.empty() : tensor<1x4x24xf32>
    %20 = linalg.fill ins(%cst : f32) outs(%19 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %21 = linalg.batch_matmul ins(%expanded_11, %18 : tensor<1x4x1xf32>, tensor<1x1x24xf32>) outs(%20 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %22 = tensor.empty() : tensor<1x24x4xf32>
    %transposed = linalg.transpose ins(%21 : tensor<1x4x24xf32>) outs(%22 : tensor<1x24x4xf32>) permutation = [0, 2, 1] 
    %concat = tensor.concat dim(2) %transposed, %transposed : (tensor<1x24x4xf32>, tensor<1x24x4xf32>) -> tensor<1x24x8xf32>
    %23 = tensor.empty() : tensor<1x24x8xf32>
    %24 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%23 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.cos %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x8xf32>
    %25 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%23 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.sin %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x8xf32>
    %26 = tensor.empty() : tensor<1x24x32xf32>
    %27 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %28 = tensor.empty() : tensor<1x24x1xf32>
    %29 = linalg.fill ins(%cst : f32) outs(%28 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %30 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%27 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.addf %in, %out : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %31 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.divf %in, %cst_8 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %32 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.truncf %cst_5 : f64 to f32
      %110 = arith.addf %in, %109 : f32
      linalg.yield %110 : f32
    } -> tensor<1x24x1xf32>
    %33 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.rsqrt %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %34 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %33 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %35 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg9, %34 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %36 = tensor.empty() : tensor<32x32xf32>
    %transposed_13 = linalg.transpose ins(%arg2 : tensor<32x32xf32>) outs(%36 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %35 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %37 = tensor.empty() : tensor<24x32xf32>
    %38 = linalg.fill ins(%cst : f32) outs(%37 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %39 = linalg.matmul ins(%collapsed, %transposed_13 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%38 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_14 = tensor.expand_shape %39 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %40 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed_15 = linalg.transpose ins(%expanded_14 : tensor<1x24x4x8xf32>) outs(%40 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %41 = tensor.empty() : tensor<32x16xf32>
    %transposed_16 = linalg.transpose ins(%arg3 : tensor<16x32xf32>) outs(%41 : tensor<32x16xf32>) permutation = [1, 0] 
    %42 = tensor.empty() : tensor<24x16xf32>
    %43 = linalg.fill ins(%cst : f32) outs(%42 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %44 = linalg.matmul ins(%collapsed, %transposed_16 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%43 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_17 = tensor.expand_shape %44 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %45 = tensor.empty() : tensor<1x2x24x8xf32>
    %transposed_18 = linalg.transpose ins(%expanded_17 : tensor<1x24x2x8xf32>) outs(%45 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_19 = linalg.transpose ins(%arg4 : tensor<16x32xf32>) outs(%41 : tensor<32x16xf32>) permutation = [1, 0] 
    %46 = linalg.matmul ins(%collapsed, %transposed_19 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%43 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_20 = tensor.expand_shape %46 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %transposed_21 = linalg.transpose ins(%expanded_20 : tensor<1x24x2x8xf32>) outs(%45 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_22 = tensor.expand_shape %24 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf32> into tensor<1x1x24x8xf32>
    %expanded_23 = tensor.expand_shape %25 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf32> into tensor<1x1x24x8xf32>
    %47 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_15, %expanded_22 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%40 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x8xf32>
    %extracted_slice = tensor.extract_slice %transposed_15[0, 0, 0, 0] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %extracted_slice_24 = tensor.extract_slice %transposed_15[0, 0, 0, 4] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %48 = tensor.empty() : tensor<1x4x24x4xf32>
    %49 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_24 : tensor<1x4x24x4xf32>) outs(%48 : tensor<1x4x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.negf %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x4xf32>
    %concat_25 = tensor.concat dim(3) %49, %extracted_slice : (tensor<1x4x24x4xf32>, tensor<1x4x24x4xf32>) -> tensor<1x4x24x8xf32>
    %50 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_25, %expanded_23 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%40 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x8xf32>
    %51 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%47, %50 : tensor<1x4x24x8xf32>, tensor<1x4x24x8xf32>) outs(%40 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.addf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x8xf32>
    %52 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_18, %expanded_22 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%45 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x2x24x8xf32>
    %extracted_slice_26 = tensor.extract_slice %transposed_18[0, 0, 0, 0] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %extracted_slice_27 = tensor.extract_slice %transposed_18[0, 0, 0, 4] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %53 = tensor.empty() : tensor<1x2x24x4xf32>
    %54 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_27 : tensor<1x2x24x4xf32>) outs(%53 : tensor<1x2x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.negf %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x2x24x4xf32>
    %concat_28 = tensor.concat dim(3) %54, %extracted_slice_26 : (tensor<1x2x24x4xf32>, tensor<1x2x24x4xf32>) -> tensor<1x2x24x8xf32>
    %55 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_28, %expanded_23 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%45 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x2x24x8xf32>
    %56 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%52, %55 : tensor<1x2x24x8xf32>, tensor<1x2x24x8xf32>) outs(%45 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.addf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x2x24x8xf32>
    %57 = tensor.empty() : tensor<1x2x2x24x8xf32>
    %58 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%56 : tensor<1x2x24x8xf32>) outs(%57 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %collapsed_29 = tensor.collapse_shape %58 [[0], [1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<1x4x24x8xf32>
    %59 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_21 : tensor<1x2x24x8xf32>) outs(%57 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %60 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_30 = linalg.transpose ins(%collapsed_29 : tensor<1x4x24x8xf32>) outs(%60 : tensor<1x4x8x24xf32>) permutation = [0, 1, 3, 2] 
    %collapsed_31 = tensor.collapse_shape %51 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_32 = tensor.collapse_shape %transposed_30 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %61 = tensor.empty() : tensor<4x24x24xf32>
    %62 = linalg.fill ins(%cst : f32) outs(%61 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %63 = linalg.batch_matmul ins(%collapsed_31, %collapsed_32 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%62 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_33 = tensor.expand_shape %63 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %64 = tensor.empty() : tensor<1x4x24x24xf32>
    %65 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_33 : tensor<1x4x24x24xf32>) outs(%64 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.truncf %cst_4 : f64 to f32
      %110 = arith.mulf %in, %109 : f32
      linalg.yield %110 : f32
    } -> tensor<1x4x24x24xf32>
    %66 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65, %16 : tensor<1x4x24x24xf32>, tensor<1x1x24x24xf32>) outs(%64 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.addf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x24xf32>
    %67 = tensor.empty() : tensor<1x4x24xi64>
    %68 = linalg.fill ins(%c0_i64 : i64) outs(%67 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %69 = linalg.fill ins(%cst_0 : f32) outs(%19 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %70:2 = linalg.generic {indexing_maps = [#map1, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%66 : tensor<1x4x24x24xf32>) outs(%69, %68 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_50: i64):
      %109 = linalg.index 3 : index
      %110 = arith.index_cast %109 : index to i64
      %111 = arith.maximumf %in, %out : f32
      %112 = arith.cmpf ogt, %in, %out : f32
      %113 = arith.select %112, %110, %out_50 : i64
      linalg.yield %111, %113 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_34 = tensor.expand_shape %70#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %71 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%66, %expanded_34 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%64 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.subf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x24xf32>
    %72 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71 : tensor<1x4x24x24xf32>) outs(%64 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.exp %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x24xf32>
    %73 = tensor.empty() : tensor<1x4x24x1xf32>
    %74 = linalg.fill ins(%cst : f32) outs(%73 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %75 = linalg.generic {indexing_maps = [#map1, #map3], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%72 : tensor<1x4x24x24xf32>) outs(%74 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.addf %in, %out : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x1xf32>
    %76 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%72, %75 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%64 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.divf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_35 = tensor.collapse_shape %76 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_36 = tensor.collapse_shape %59 [[0, 1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<4x24x8xf32>
    %77 = tensor.empty() : tensor<4x24x8xf32>
    %78 = linalg.fill ins(%cst : f32) outs(%77 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %79 = linalg.batch_matmul ins(%collapsed_35, %collapsed_36 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%78 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_37 = tensor.expand_shape %79 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %80 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_38 = linalg.transpose ins(%expanded_37 : tensor<1x4x24x8xf32>) outs(%80 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_39 = linalg.transpose ins(%arg5 : tensor<32x32xf32>) outs(%36 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_40 = tensor.collapse_shape %transposed_38 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %81 = linalg.matmul ins(%collapsed_40, %transposed_39 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%38 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_41 = tensor.expand_shape %81 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %82 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %expanded_41 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.addf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %83 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %84 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%83 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.addf %in, %out : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %85 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.divf %in, %cst_8 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %86 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.truncf %cst_5 : f64 to f32
      %110 = arith.addf %in, %109 : f32
      linalg.yield %110 : f32
    } -> tensor<1x24x1xf32>
    %87 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%86 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.rsqrt %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %88 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82, %87 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %89 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg10, %88 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %90 = tensor.empty() : tensor<32x48xf32>
    %transposed_42 = linalg.transpose ins(%arg6 : tensor<48x32xf32>) outs(%90 : tensor<32x48xf32>) permutation = [1, 0] 
    %collapsed_43 = tensor.collapse_shape %89 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %91 = tensor.empty() : tensor<24x48xf32>
    %92 = linalg.fill ins(%cst : f32) outs(%91 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %93 = linalg.matmul ins(%collapsed_43, %transposed_42 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%92 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_44 = tensor.expand_shape %93 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %94 = tensor.empty() : tensor<1x24x48xf32>
    %95 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_44 : tensor<1x24x48xf32>) outs(%94 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.negf %in : f32
      %110 = math.exp %109 : f32
      %111 = arith.addf %110, %cst_1 : f32
      %112 = arith.divf %cst_1, %111 : f32
      linalg.yield %112 : f32
    } -> tensor<1x24x48xf32>
    %96 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_44, %95 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%94 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x48xf32>
    %transposed_45 = linalg.transpose ins(%arg7 : tensor<48x32xf32>) outs(%90 : tensor<32x48xf32>) permutation = [1, 0] 
    %97 = linalg.matmul ins(%collapsed_43, %transposed_45 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%92 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_46 = tensor.expand_shape %97 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %98 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %expanded_46 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%94 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x48xf32>
    %99 = tensor.empty() : tensor<48x32xf32>
    %transposed_47 = linalg.transpose ins(%arg8 : tensor<32x48xf32>) outs(%99 : tensor<48x32xf32>) permutation = [1, 0] 
    %collapsed_48 = tensor.collapse_shape %98 [[0, 1], [2]] : tensor<1x24x48xf32> into tensor<24x48xf32>
    %100 = linalg.matmul ins(%collapsed_48, %transposed_47 : tensor<24x48xf32>, tensor<48x32xf32>) outs(%38 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_49 = tensor.expand_shape %100 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %101 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82, %expanded_49 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.addf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %102 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %103 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%102 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.addf %in, %out : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %104 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.divf %in, %cst_8 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %105 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = arith.truncf %cst_5 : f64 to f32
      %110 = arith.addf %in, %109 : f32
      linalg.yield %110 : f32
    } -> tensor<1x24x1xf32>
    %106 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x24x1xf32>) outs(%28 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %109 = math.rsqrt %in : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x1xf32>
    %107 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101, %106 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    %108 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg11, %107 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%26 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_50: f32, %out: f32):
      %109 = arith.mulf %in, %in_50 : f32
      linalg.yield %109 : f32
    } -> tensor<1x24x32xf32>
    return %108 : tensor<1x24x32xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x040000000000803FCDCCCC3D0AD7233C6F12833A"
    }
  }
#-}
