// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.window<left = 6, right = 0>) {{.*}} soft_cap(
// CHECK: spattn.attention structure(#spattn.causal) {{.*}} soft_cap(
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
module {
  func.func @gemma2(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<32x32xf32>, %arg3: tensor<16x32xf32>, %arg4: tensor<16x32xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<48x32xf32>, %arg7: tensor<48x32xf32>, %arg8: tensor<32x48xf32>, %arg9: tensor<32xf32>, %arg10: tensor<32xf32>, %arg11: tensor<32xf32>, %arg12: tensor<32xf32>, %arg13: tensor<32x32xf32>, %arg14: tensor<16x32xf32>, %arg15: tensor<16x32xf32>, %arg16: tensor<32x32xf32>, %arg17: tensor<48x32xf32>, %arg18: tensor<48x32xf32>, %arg19: tensor<32x48xf32>, %arg20: tensor<32xf32>, %arg21: tensor<32xf32>, %arg22: tensor<32xf32>, %arg23: tensor<32xf32>, %arg24: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c7_i64 = arith.constant 7 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %c3_i64 = arith.constant 3 : i64
    %cst_1 = arith.constant 4.471500e-02 : f32
    %cst_2 = arith.constant 7.977240e-01 : f32
    %cst_3 = arith.constant 1.000000e+00 : f32
    %cst_4 = arith.constant 5.000000e-01 : f32
    %cst_5 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_6 = arith.constant dense<true> : tensor<i1>
    %cst_7 = arith.constant 0.35355339059327379 : f64
    %cst_8 = arith.constant 9.9999999999999995E-7 : f64
    %cst_9 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_10 = arith.constant dense<0.000000e+00> : tensor<f32>
    %true = arith.constant true
    %cst_11 = arith.constant 3.200000e+01 : f32
    %cst_12 = arith.constant 5.000000e+00 : f32
    %0 = tensor.empty() : tensor<24xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %199 = linalg.index 0 : index
      %200 = arith.index_cast %199 : index to i64
      linalg.yield %200 : i64
    } -> tensor<24xi64>
    %2 = tensor.empty() : tensor<1xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_13 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_14 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %4 = tensor.empty() : tensor<1x1x24x24xi1>
    %5 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_14, %expanded_13 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_91: i64, %out: i1):
      %199 = arith.cmpi sle, %in, %in_91 : i64
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %6 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_6, %5 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %199 = arith.andi %in, %in_91 : i1
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %7 = tensor.empty() : tensor<1x1x1x24xi1>
    %8 = linalg.generic {indexing_maps = [#map5, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_14 : tensor<1x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%7 : tensor<1x1x1x24xi1>) {
    ^bb0(%in: i64, %in_91: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<1x1x1x24xi1>
    %9 = linalg.generic {indexing_maps = [#map3, #map1, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %8 : tensor<1x1x24x24xi1>, tensor<1x1x1x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %199 = arith.andi %in, %in_91 : i1
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %10 = tensor.empty() : tensor<1x1x24x24xf32>
    %11 = linalg.generic {indexing_maps = [#map3, #map4, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %cst_10, %cst_5 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%10 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_91: f32, %in_92: f32, %out: f32):
      %199 = arith.select %in, %in_91, %in_92 : f32
      linalg.yield %199 : f32
    } -> tensor<1x1x24x24xf32>
    %12 = tensor.empty() : tensor<1x1x24x1xi64>
    %13 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_13 : tensor<1x1x24x1xi64>) outs(%12 : tensor<1x1x24x1xi64>) {
    ^bb0(%in: i64, %out: i64):
      %199 = arith.subi %in, %c7_i64 : i64
      linalg.yield %199 : i64
    } -> tensor<1x1x24x1xi64>
    %14 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_14, %13 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_91: i64, %out: i1):
      %199 = arith.cmpi sgt, %in, %in_91 : i64
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %15 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_6, %14 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %199 = arith.andi %in, %in_91 : i1
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %16 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%15, %5 : tensor<1x1x24x24xi1>, tensor<1x1x24x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %199 = arith.andi %in, %in_91 : i1
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %17 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_6, %16 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %199 = arith.andi %in, %in_91 : i1
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %18 = linalg.generic {indexing_maps = [#map3, #map1, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%17, %8 : tensor<1x1x24x24xi1>, tensor<1x1x1x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %199 = arith.andi %in, %in_91 : i1
      linalg.yield %199 : i1
    } -> tensor<1x1x24x24xi1>
    %19 = linalg.generic {indexing_maps = [#map3, #map4, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%18, %cst_10, %cst_5 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%10 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_91: f32, %in_92: f32, %out: f32):
      %199 = arith.select %in, %in_91, %in_92 : f32
      linalg.yield %199 : f32
    } -> tensor<1x1x24x24xf32>
    %expanded_15 = tensor.expand_shape %cst_9 [[0, 1, 2]] output_shape [1, 4, 1] : tensor<4xf32> into tensor<1x4x1xf32>
    %expanded_16 = tensor.expand_shape %1 [[0, 1, 2]] output_shape [1, 1, 24] : tensor<24xi64> into tensor<1x1x24xi64>
    %20 = tensor.empty() : tensor<1x1x24xf32>
    %21 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_16 : tensor<1x1x24xi64>) outs(%20 : tensor<1x1x24xf32>) {
    ^bb0(%in: i64, %out: f32):
      %199 = arith.sitofp %in : i64 to f32
      linalg.yield %199 : f32
    } -> tensor<1x1x24xf32>
    %22 = tensor.empty() : tensor<1x4x24xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%22 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %24 = linalg.batch_matmul ins(%expanded_15, %21 : tensor<1x4x1xf32>, tensor<1x1x24xf32>) outs(%23 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %25 = tensor.empty() : tensor<1x24x4xf32>
    %transposed = linalg.transpose ins(%24 : tensor<1x4x24xf32>) outs(%25 : tensor<1x24x4xf32>) permutation = [0, 2, 1] 
    %concat = tensor.concat dim(2) %transposed, %transposed : (tensor<1x24x4xf32>, tensor<1x24x4xf32>) -> tensor<1x24x8xf32>
    %26 = tensor.empty() : tensor<1x24x8xf32>
    %27 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%26 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.cos %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x8xf32>
    %28 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%26 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.sin %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x8xf32>
    %29 = tensor.empty() : tensor<1x24x32xf32>
    %30 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %31 = tensor.empty() : tensor<1x24x1xf32>
    %32 = linalg.fill ins(%cst : f32) outs(%31 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %33 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%30 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %34 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %35 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %36 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %37 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %36 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %38 = tensor.empty() : tensor<32xf32>
    %39 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg9 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %40 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37, %39 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %41 = tensor.empty() : tensor<32x32xf32>
    %transposed_17 = linalg.transpose ins(%arg2 : tensor<32x32xf32>) outs(%41 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %40 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %42 = tensor.empty() : tensor<24x32xf32>
    %43 = linalg.fill ins(%cst : f32) outs(%42 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %44 = linalg.matmul ins(%collapsed, %transposed_17 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_18 = tensor.expand_shape %44 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %45 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed_19 = linalg.transpose ins(%expanded_18 : tensor<1x24x4x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %46 = tensor.empty() : tensor<32x16xf32>
    %transposed_20 = linalg.transpose ins(%arg3 : tensor<16x32xf32>) outs(%46 : tensor<32x16xf32>) permutation = [1, 0] 
    %47 = tensor.empty() : tensor<24x16xf32>
    %48 = linalg.fill ins(%cst : f32) outs(%47 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %49 = linalg.matmul ins(%collapsed, %transposed_20 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%48 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_21 = tensor.expand_shape %49 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %50 = tensor.empty() : tensor<1x2x24x8xf32>
    %transposed_22 = linalg.transpose ins(%expanded_21 : tensor<1x24x2x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_23 = linalg.transpose ins(%arg4 : tensor<16x32xf32>) outs(%46 : tensor<32x16xf32>) permutation = [1, 0] 
    %51 = linalg.matmul ins(%collapsed, %transposed_23 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%48 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_24 = tensor.expand_shape %51 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %transposed_25 = linalg.transpose ins(%expanded_24 : tensor<1x24x2x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_26 = tensor.expand_shape %27 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf32> into tensor<1x1x24x8xf32>
    %expanded_27 = tensor.expand_shape %28 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf32> into tensor<1x1x24x8xf32>
    %52 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_19, %expanded_26 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x8xf32>
    %extracted_slice = tensor.extract_slice %transposed_19[0, 0, 0, 0] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %extracted_slice_28 = tensor.extract_slice %transposed_19[0, 0, 0, 4] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %53 = tensor.empty() : tensor<1x4x24x4xf32>
    %54 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_28 : tensor<1x4x24x4xf32>) outs(%53 : tensor<1x4x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.negf %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x4xf32>
    %concat_29 = tensor.concat dim(3) %54, %extracted_slice : (tensor<1x4x24x4xf32>, tensor<1x4x24x4xf32>) -> tensor<1x4x24x8xf32>
    %55 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_29, %expanded_27 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x8xf32>
    %56 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%52, %55 : tensor<1x4x24x8xf32>, tensor<1x4x24x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x8xf32>
    %57 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_22, %expanded_26 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x8xf32>
    %extracted_slice_30 = tensor.extract_slice %transposed_22[0, 0, 0, 0] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %extracted_slice_31 = tensor.extract_slice %transposed_22[0, 0, 0, 4] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %58 = tensor.empty() : tensor<1x2x24x4xf32>
    %59 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_31 : tensor<1x2x24x4xf32>) outs(%58 : tensor<1x2x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.negf %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x4xf32>
    %concat_32 = tensor.concat dim(3) %59, %extracted_slice_30 : (tensor<1x2x24x4xf32>, tensor<1x2x24x4xf32>) -> tensor<1x2x24x8xf32>
    %60 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_32, %expanded_27 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x8xf32>
    %61 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%57, %60 : tensor<1x2x24x8xf32>, tensor<1x2x24x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x8xf32>
    %62 = tensor.empty() : tensor<1x2x2x24x8xf32>
    %63 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%61 : tensor<1x2x24x8xf32>) outs(%62 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %collapsed_33 = tensor.collapse_shape %63 [[0], [1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<1x4x24x8xf32>
    %64 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_25 : tensor<1x2x24x8xf32>) outs(%62 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %65 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_34 = linalg.transpose ins(%collapsed_33 : tensor<1x4x24x8xf32>) outs(%65 : tensor<1x4x8x24xf32>) permutation = [0, 1, 3, 2] 
    %collapsed_35 = tensor.collapse_shape %56 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_36 = tensor.collapse_shape %transposed_34 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %66 = tensor.empty() : tensor<4x24x24xf32>
    %67 = linalg.fill ins(%cst : f32) outs(%66 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %68 = linalg.batch_matmul ins(%collapsed_35, %collapsed_36 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%67 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_37 = tensor.expand_shape %68 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %69 = tensor.empty() : tensor<1x4x24x24xf32>
    %70 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_37 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_7 : f64 to f32
      %200 = arith.mulf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x4x24x24xf32>
    %71 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_12 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %72 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.tanh %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %73 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%72 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.mulf %in, %cst_12 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %74 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73, %19 : tensor<1x4x24x24xf32>, tensor<1x1x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %75 = tensor.empty() : tensor<1x4x24xi64>
    %76 = linalg.fill ins(%c0_i64 : i64) outs(%75 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %77 = linalg.fill ins(%cst_0 : f32) outs(%22 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %78:2 = linalg.generic {indexing_maps = [#map3, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%74 : tensor<1x4x24x24xf32>) outs(%77, %76 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_91: i64):
      %199 = linalg.index 3 : index
      %200 = arith.index_cast %199 : index to i64
      %201 = arith.maximumf %in, %out : f32
      %202 = arith.cmpf ogt, %in, %out : f32
      %203 = arith.select %202, %200, %out_91 : i64
      linalg.yield %201, %203 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_38 = tensor.expand_shape %78#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %79 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74, %expanded_38 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.subf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %80 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%79 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.exp %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %81 = tensor.empty() : tensor<1x4x24x1xf32>
    %82 = linalg.fill ins(%cst : f32) outs(%81 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %83 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%80 : tensor<1x4x24x24xf32>) outs(%82 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x1xf32>
    %84 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80, %83 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.divf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_39 = tensor.collapse_shape %84 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_40 = tensor.collapse_shape %64 [[0, 1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<4x24x8xf32>
    %85 = tensor.empty() : tensor<4x24x8xf32>
    %86 = linalg.fill ins(%cst : f32) outs(%85 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %87 = linalg.batch_matmul ins(%collapsed_39, %collapsed_40 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%86 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_41 = tensor.expand_shape %87 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %88 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_42 = linalg.transpose ins(%expanded_41 : tensor<1x4x24x8xf32>) outs(%88 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_43 = linalg.transpose ins(%arg5 : tensor<32x32xf32>) outs(%41 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_44 = tensor.collapse_shape %transposed_42 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %89 = linalg.matmul ins(%collapsed_44, %transposed_43 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_45 = tensor.expand_shape %89 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %90 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_45 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %91 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%90 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %92 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %93 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %94 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %95 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_45, %94 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %96 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg10 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %97 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95, %96 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %98 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %97 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %99 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %100 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%99 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %101 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %102 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %103 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %104 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %103 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %105 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg11 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %106 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104, %105 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %107 = tensor.empty() : tensor<32x48xf32>
    %transposed_46 = linalg.transpose ins(%arg6 : tensor<48x32xf32>) outs(%107 : tensor<32x48xf32>) permutation = [1, 0] 
    %collapsed_47 = tensor.collapse_shape %106 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %108 = tensor.empty() : tensor<24x48xf32>
    %109 = linalg.fill ins(%cst : f32) outs(%108 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %110 = linalg.matmul ins(%collapsed_47, %transposed_46 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%109 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_48 = tensor.expand_shape %110 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %111 = tensor.empty() : tensor<1x24x48xf32>
    %112 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_48 : tensor<1x24x48xf32>) outs(%111 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c3_i64 : f32, i64
      %200 = arith.mulf %199, %cst_1 : f32
      %201 = arith.addf %in, %200 : f32
      %202 = arith.mulf %201, %cst_2 : f32
      %203 = math.tanh %202 : f32
      %204 = arith.addf %203, %cst_3 : f32
      %205 = arith.mulf %204, %cst_4 : f32
      %206 = arith.mulf %in, %205 : f32
      linalg.yield %206 : f32
    } -> tensor<1x24x48xf32>
    %transposed_49 = linalg.transpose ins(%arg7 : tensor<48x32xf32>) outs(%107 : tensor<32x48xf32>) permutation = [1, 0] 
    %113 = linalg.matmul ins(%collapsed_47, %transposed_49 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%109 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_50 = tensor.expand_shape %113 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %114 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %expanded_50 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%111 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x48xf32>
    %115 = tensor.empty() : tensor<48x32xf32>
    %transposed_51 = linalg.transpose ins(%arg8 : tensor<32x48xf32>) outs(%115 : tensor<48x32xf32>) permutation = [1, 0] 
    %collapsed_52 = tensor.collapse_shape %114 [[0, 1], [2]] : tensor<1x24x48xf32> into tensor<24x48xf32>
    %116 = linalg.matmul ins(%collapsed_52, %transposed_51 : tensor<24x48xf32>, tensor<48x32xf32>) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_53 = tensor.expand_shape %116 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %117 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_53 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %118 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%117 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %119 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %120 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %121 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %122 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_53, %121 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %123 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg12 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %124 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122, %123 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %125 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %124 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %126 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %127 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%126 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %128 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %129 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %130 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %131 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125, %130 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %132 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg20 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %133 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131, %132 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %transposed_54 = linalg.transpose ins(%arg13 : tensor<32x32xf32>) outs(%41 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_55 = tensor.collapse_shape %133 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %134 = linalg.matmul ins(%collapsed_55, %transposed_54 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_56 = tensor.expand_shape %134 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_57 = linalg.transpose ins(%expanded_56 : tensor<1x24x4x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_58 = linalg.transpose ins(%arg14 : tensor<16x32xf32>) outs(%46 : tensor<32x16xf32>) permutation = [1, 0] 
    %135 = linalg.matmul ins(%collapsed_55, %transposed_58 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%48 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_59 = tensor.expand_shape %135 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %transposed_60 = linalg.transpose ins(%expanded_59 : tensor<1x24x2x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_61 = linalg.transpose ins(%arg15 : tensor<16x32xf32>) outs(%46 : tensor<32x16xf32>) permutation = [1, 0] 
    %136 = linalg.matmul ins(%collapsed_55, %transposed_61 : tensor<24x32xf32>, tensor<32x16xf32>) outs(%48 : tensor<24x16xf32>) -> tensor<24x16xf32>
    %expanded_62 = tensor.expand_shape %136 [[0, 1], [2, 3]] output_shape [1, 24, 2, 8] : tensor<24x16xf32> into tensor<1x24x2x8xf32>
    %transposed_63 = linalg.transpose ins(%expanded_62 : tensor<1x24x2x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) permutation = [0, 2, 1, 3] 
    %137 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_57, %expanded_26 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x8xf32>
    %extracted_slice_64 = tensor.extract_slice %transposed_57[0, 0, 0, 0] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %extracted_slice_65 = tensor.extract_slice %transposed_57[0, 0, 0, 4] [1, 4, 24, 4] [1, 1, 1, 1] : tensor<1x4x24x8xf32> to tensor<1x4x24x4xf32>
    %138 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_65 : tensor<1x4x24x4xf32>) outs(%53 : tensor<1x4x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.negf %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x4xf32>
    %concat_66 = tensor.concat dim(3) %138, %extracted_slice_64 : (tensor<1x4x24x4xf32>, tensor<1x4x24x4xf32>) -> tensor<1x4x24x8xf32>
    %139 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_66, %expanded_27 : tensor<1x4x24x8xf32>, tensor<1x1x24x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x8xf32>
    %140 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%137, %139 : tensor<1x4x24x8xf32>, tensor<1x4x24x8xf32>) outs(%45 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x8xf32>
    %141 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_60, %expanded_26 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x8xf32>
    %extracted_slice_67 = tensor.extract_slice %transposed_60[0, 0, 0, 0] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %extracted_slice_68 = tensor.extract_slice %transposed_60[0, 0, 0, 4] [1, 2, 24, 4] [1, 1, 1, 1] : tensor<1x2x24x8xf32> to tensor<1x2x24x4xf32>
    %142 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_68 : tensor<1x2x24x4xf32>) outs(%58 : tensor<1x2x24x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.negf %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x4xf32>
    %concat_69 = tensor.concat dim(3) %142, %extracted_slice_67 : (tensor<1x2x24x4xf32>, tensor<1x2x24x4xf32>) -> tensor<1x2x24x8xf32>
    %143 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_69, %expanded_27 : tensor<1x2x24x8xf32>, tensor<1x1x24x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x8xf32>
    %144 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%141, %143 : tensor<1x2x24x8xf32>, tensor<1x2x24x8xf32>) outs(%50 : tensor<1x2x24x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x2x24x8xf32>
    %145 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%144 : tensor<1x2x24x8xf32>) outs(%62 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %collapsed_70 = tensor.collapse_shape %145 [[0], [1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<1x4x24x8xf32>
    %146 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_63 : tensor<1x2x24x8xf32>) outs(%62 : tensor<1x2x2x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x2x2x24x8xf32>
    %transposed_71 = linalg.transpose ins(%collapsed_70 : tensor<1x4x24x8xf32>) outs(%65 : tensor<1x4x8x24xf32>) permutation = [0, 1, 3, 2] 
    %collapsed_72 = tensor.collapse_shape %140 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_73 = tensor.collapse_shape %transposed_71 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %147 = linalg.batch_matmul ins(%collapsed_72, %collapsed_73 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%67 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_74 = tensor.expand_shape %147 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %148 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_74 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_7 : f64 to f32
      %200 = arith.mulf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x4x24x24xf32>
    %149 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%148 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_12 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %150 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%149 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.tanh %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %151 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%150 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.mulf %in, %cst_12 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %152 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%151, %11 : tensor<1x4x24x24xf32>, tensor<1x1x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %153:2 = linalg.generic {indexing_maps = [#map3, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%152 : tensor<1x4x24x24xf32>) outs(%77, %76 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_91: i64):
      %199 = linalg.index 3 : index
      %200 = arith.index_cast %199 : index to i64
      %201 = arith.maximumf %in, %out : f32
      %202 = arith.cmpf ogt, %in, %out : f32
      %203 = arith.select %202, %200, %out_91 : i64
      linalg.yield %201, %203 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_75 = tensor.expand_shape %153#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %154 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%152, %expanded_75 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.subf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %155 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%154 : tensor<1x4x24x24xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.exp %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %156 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%155 : tensor<1x4x24x24xf32>) outs(%82 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x1xf32>
    %157 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%155, %156 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%69 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.divf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_76 = tensor.collapse_shape %157 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_77 = tensor.collapse_shape %146 [[0, 1, 2], [3], [4]] : tensor<1x2x2x24x8xf32> into tensor<4x24x8xf32>
    %158 = linalg.batch_matmul ins(%collapsed_76, %collapsed_77 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%86 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_78 = tensor.expand_shape %158 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %transposed_79 = linalg.transpose ins(%expanded_78 : tensor<1x4x24x8xf32>) outs(%88 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_80 = linalg.transpose ins(%arg16 : tensor<32x32xf32>) outs(%41 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_81 = tensor.collapse_shape %transposed_79 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %159 = linalg.matmul ins(%collapsed_81, %transposed_80 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_82 = tensor.expand_shape %159 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %160 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_82 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %161 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%160 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %162 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%161 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %163 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%162 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %164 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%163 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %165 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_82, %164 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %166 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg21 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %167 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%165, %166 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %168 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125, %167 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %169 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%168 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %170 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%169 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %171 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%170 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %172 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%171 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %173 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%172 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %174 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%168, %173 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %175 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg22 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %176 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%174, %175 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %transposed_83 = linalg.transpose ins(%arg17 : tensor<48x32xf32>) outs(%107 : tensor<32x48xf32>) permutation = [1, 0] 
    %collapsed_84 = tensor.collapse_shape %176 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %177 = linalg.matmul ins(%collapsed_84, %transposed_83 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%109 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_85 = tensor.expand_shape %177 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %178 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_85 : tensor<1x24x48xf32>) outs(%111 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c3_i64 : f32, i64
      %200 = arith.mulf %199, %cst_1 : f32
      %201 = arith.addf %in, %200 : f32
      %202 = arith.mulf %201, %cst_2 : f32
      %203 = math.tanh %202 : f32
      %204 = arith.addf %203, %cst_3 : f32
      %205 = arith.mulf %204, %cst_4 : f32
      %206 = arith.mulf %in, %205 : f32
      linalg.yield %206 : f32
    } -> tensor<1x24x48xf32>
    %transposed_86 = linalg.transpose ins(%arg18 : tensor<48x32xf32>) outs(%107 : tensor<32x48xf32>) permutation = [1, 0] 
    %179 = linalg.matmul ins(%collapsed_84, %transposed_86 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%109 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_87 = tensor.expand_shape %179 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %180 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%178, %expanded_87 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%111 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x48xf32>
    %transposed_88 = linalg.transpose ins(%arg19 : tensor<32x48xf32>) outs(%115 : tensor<48x32xf32>) permutation = [1, 0] 
    %collapsed_89 = tensor.collapse_shape %180 [[0, 1], [2]] : tensor<1x24x48xf32> into tensor<24x48xf32>
    %181 = linalg.matmul ins(%collapsed_89, %transposed_88 : tensor<24x48xf32>, tensor<48x32xf32>) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_90 = tensor.expand_shape %181 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %182 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_90 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %183 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%182 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %184 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%183 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %185 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %186 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%185 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %187 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_90, %186 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %188 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg23 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %189 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%187, %188 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %190 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%168, %189 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.addf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %191 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%190 : tensor<1x24x32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %192 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%191 : tensor<1x24x32xf32>) outs(%32 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %out : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %193 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%192 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.divf %in, %cst_11 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %194 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%193 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.truncf %cst_8 : f64 to f32
      %200 = arith.addf %in, %199 : f32
      linalg.yield %200 : f32
    } -> tensor<1x24x1xf32>
    %195 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%194 : tensor<1x24x1xf32>) outs(%31 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = math.rsqrt %in : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x1xf32>
    %196 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%190, %195 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    %197 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg24 : tensor<32xf32>) outs(%38 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %199 = arith.addf %in, %cst_3 : f32
      linalg.yield %199 : f32
    } -> tensor<32xf32>
    %198 = linalg.generic {indexing_maps = [#map7, #map9, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%196, %197 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%29 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %199 = arith.mulf %in, %in_91 : f32
      linalg.yield %199 : f32
    } -> tensor<1x24x32xf32>
    return %198 : tensor<1x24x32xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x040000000000803FCDCCCC3D0AD7233C6F12833A"
    }
  }
#-}
