// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.keys<0 to 17>)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map4 = affine_map<(d0, d1, d2) -> (d2)>
#map5 = affine_map<(d0) -> (d0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> ()>
#map8 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, 0)>
#map9 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map12 = affine_map<(d0, d1) -> (d1)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @bert(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<24x32xf32>, %arg3: tensor<2x32xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32xf32>, %arg6: tensor<32x32xf32>, %arg7: tensor<32xf32>, %arg8: tensor<32x32xf32>, %arg9: tensor<32xf32>, %arg10: tensor<32x32xf32>, %arg11: tensor<32xf32>, %arg12: tensor<32x32xf32>, %arg13: tensor<32xf32>, %arg14: tensor<32xf32>, %arg15: tensor<32xf32>, %arg16: tensor<48x32xf32>, %arg17: tensor<48xf32>, %arg18: tensor<32x48xf32>, %arg19: tensor<32xf32>, %arg20: tensor<32xf32>, %arg21: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c1_i64 = arith.constant 1 : i64
    %c24_i64 = arith.constant 24 : i64
    %c24 = arith.constant 24 : index
    %c2 = arith.constant 2 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<1x4x24x24xf32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_4 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_5 = arith.constant dense<true> : tensor<i1>
    %cst_6 = arith.constant 0.79788456080286541 : f64
    %cst_7 = arith.constant 4.471500e-02 : f64
    %cst_8 = arith.constant 0.59460355750136051 : f64
    %cst_9 = arith.constant 0xFFF0000000000000 : f64
    %cst_10 = arith.constant 9.9999999999999998E-13 : f64
    %c0 = arith.constant 0 : index
    %cst_11 = arith.constant 3.200000e+01 : f64
    %cst_12 = arith.constant 3.200000e+01 : f32
    %cst_13 = arith.constant 5.000000e-01 : f32
    %cst_14 = arith.constant 1.000000e+00 : f32
    %c3_i64 = arith.constant 3 : i64
    %cst_15 = arith.constant dense<0> : tensor<1x7xi64>
    %cst_16 = arith.constant dense<1> : tensor<1x24xi64>
    %cst_17 = arith.constant dense_resource<torch_tensor_1_24_torch.int64_1> : tensor<1x24xi64>
    %cst_18 = arith.constant dense_resource<torch_tensor_1_24_torch.int64> : tensor<1x24xi64>
    %inserted_slice = tensor.insert_slice %cst_15 into %cst_16[0, 17] [1, 7] [1, 1] : tensor<1x7xi64> into tensor<1x24xi64>
    %0 = tensor.empty() : tensor<1x24xi64>
    %1 = linalg.fill ins(%c0_i64 : i64) outs(%0 : tensor<1x24xi64>) -> tensor<1x24xi64>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_18 : tensor<1x24xi64>) outs(%1 : tensor<1x24xi64>) {
    ^bb0(%in: i64, %out: i64):
      %136 = arith.index_cast %in : i64 to index
      %137 = arith.cmpi slt, %136, %c24 : index
      cf.assert %137, "index must be smaller than dim size"
      %138 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %138, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_17[%c0, %136] : tensor<1x24xi64>
      linalg.yield %extracted : i64
    } -> tensor<1x24xi64>
    %3 = tensor.empty() : tensor<1x24x32xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<1x24xi64>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: i64, %out: f32):
      %136 = arith.index_cast %in : i64 to index
      %137 = linalg.index 2 : index
      %138 = arith.cmpi slt, %136, %c2 : index
      cf.assert %138, "index must be smaller than dim size"
      %139 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %139, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg3[%136, %137] : tensor<2x32xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x24x32xf32>
    %5 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %4 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %6 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_18 : tensor<1x24xi64>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: i64, %out: f32):
      %136 = arith.index_cast %in : i64 to index
      %137 = linalg.index 2 : index
      %138 = arith.cmpi slt, %136, %c24 : index
      cf.assert %138, "index must be smaller than dim size"
      %139 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %139, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg2[%136, %137] : tensor<24x32xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x24x32xf32>
    %7 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5, %6 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %8 = tensor.empty() : tensor<1x24x32xf64>
    %9 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7 : tensor<1x24x32xf32>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %136 = arith.extf %in : f32 to f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %10 = tensor.empty() : tensor<1x24x1xf64>
    %11 = linalg.fill ins(%cst : f64) outs(%10 : tensor<1x24x1xf64>) -> tensor<1x24x1xf64>
    %12 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%9 : tensor<1x24x32xf64>) outs(%11 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %13 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12 : tensor<1x24x1xf64>) outs(%10 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_11 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %14 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %13 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_46: f64, %out: f64):
      %136 = arith.subf %in, %in_46 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %15 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14, %14 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_46: f64, %out: f64):
      %136 = arith.mulf %in, %in_46 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %16 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%15 : tensor<1x24x32xf64>) outs(%11 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %17 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<1x24x1xf64>) outs(%10 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_11 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %18 = tensor.empty() : tensor<1x24x1xf32>
    %19 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<1x24x1xf64>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %136 = arith.truncf %in : f64 to f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %20 = linalg.fill ins(%cst_0 : f32) outs(%18 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %21 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%7 : tensor<1x24x32xf32>) outs(%20 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %22 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_12 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %23 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_10 : f64 to f32
      %137 = arith.addf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x24x1xf32>
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.rsqrt %in : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %25 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7, %22 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.subf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %26 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25, %24 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %27 = linalg.generic {indexing_maps = [#map2, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26, %arg4 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %28 = linalg.generic {indexing_maps = [#map2, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %arg5 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %29 = tensor.empty() : tensor<1x24xi1>
    %30 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%inserted_slice : tensor<1x24xi64>) outs(%29 : tensor<1x24xi1>) {
    ^bb0(%in: i64, %out: i1):
      %136 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %136 : i1
    } -> tensor<1x24xi1>
    %31 = tensor.empty() : tensor<1xi64>
    %32 = linalg.generic {indexing_maps = [#map5], iterator_types = ["parallel"]} outs(%31 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %33 = tensor.empty() : tensor<24xi64>
    %34 = linalg.generic {indexing_maps = [#map5], iterator_types = ["parallel"]} outs(%33 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %136 = linalg.index 0 : index
      %137 = arith.index_cast %136 : index to i64
      linalg.yield %137 : i64
    } -> tensor<24xi64>
    %expanded = tensor.expand_shape %32 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_19 = tensor.expand_shape %34 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_20 = tensor.expand_shape %34 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %35 = tensor.empty() : tensor<1x1x24x1xi1>
    %36 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_19 : tensor<1x1x24x1xi64>) outs(%35 : tensor<1x1x24x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %136 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %136 : i1
    } -> tensor<1x1x24x1xi1>
    %37 = linalg.generic {indexing_maps = [#map7, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_5, %36 : tensor<i1>, tensor<1x1x24x1xi1>) outs(%35 : tensor<1x1x24x1xi1>) {
    ^bb0(%in: i1, %in_46: i1, %out: i1):
      %136 = arith.andi %in, %in_46 : i1
      linalg.yield %136 : i1
    } -> tensor<1x1x24x1xi1>
    %38 = tensor.empty() : tensor<1x1x1x24xi1>
    %39 = linalg.generic {indexing_maps = [#map8, #map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_20 : tensor<1x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%38 : tensor<1x1x1x24xi1>) {
    ^bb0(%in: i64, %in_46: i64, %out: i1):
      %136 = arith.cmpi slt, %in, %c0_i64 : i64
      %137 = arith.addi %in, %c1_i64 : i64
      %138 = arith.select %136, %137, %in : i64
      %139 = arith.index_cast %138 : i64 to index
      %140 = arith.cmpi slt, %in_46, %c0_i64 : i64
      %141 = arith.addi %in_46, %c24_i64 : i64
      %142 = arith.select %140, %141, %in_46 : i64
      %143 = arith.index_cast %142 : i64 to index
      %extracted = tensor.extract %30[%139, %143] : tensor<1x24xi1>
      linalg.yield %extracted : i1
    } -> tensor<1x1x1x24xi1>
    %40 = tensor.empty() : tensor<1x1x24x24xi1>
    %41 = linalg.generic {indexing_maps = [#map10, #map11, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%37, %39 : tensor<1x1x24x1xi1>, tensor<1x1x1x24xi1>) outs(%40 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_46: i1, %out: i1):
      %136 = arith.andi %in, %in_46 : i1
      linalg.yield %136 : i1
    } -> tensor<1x1x24x24xi1>
    %collapsed = tensor.collapse_shape %28 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %42 = tensor.empty() : tensor<32x32xf32>
    %transposed = linalg.transpose ins(%arg6 : tensor<32x32xf32>) outs(%42 : tensor<32x32xf32>) permutation = [1, 0] 
    %43 = tensor.empty() : tensor<24x32xf32>
    %44 = linalg.fill ins(%cst_0 : f32) outs(%43 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %45 = linalg.matmul ins(%collapsed, %transposed : tensor<24x32xf32>, tensor<32x32xf32>) outs(%44 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %46 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel"]} ins(%45, %arg7 : tensor<24x32xf32>, tensor<32xf32>) outs(%43 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<24x32xf32>
    %expanded_21 = tensor.expand_shape %46 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %47 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed_22 = linalg.transpose ins(%expanded_21 : tensor<1x24x4x8xf32>) outs(%47 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_23 = linalg.transpose ins(%arg8 : tensor<32x32xf32>) outs(%42 : tensor<32x32xf32>) permutation = [1, 0] 
    %48 = linalg.matmul ins(%collapsed, %transposed_23 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%44 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %49 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel"]} ins(%48, %arg9 : tensor<24x32xf32>, tensor<32xf32>) outs(%43 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<24x32xf32>
    %expanded_24 = tensor.expand_shape %49 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_25 = linalg.transpose ins(%arg10 : tensor<32x32xf32>) outs(%42 : tensor<32x32xf32>) permutation = [1, 0] 
    %50 = linalg.matmul ins(%collapsed, %transposed_25 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%44 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %51 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel"]} ins(%50, %arg11 : tensor<24x32xf32>, tensor<32xf32>) outs(%43 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<24x32xf32>
    %expanded_26 = tensor.expand_shape %51 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_27 = linalg.transpose ins(%expanded_26 : tensor<1x24x4x8xf32>) outs(%47 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %52 = tensor.empty() : tensor<1x1x24x24xf32>
    %53 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%41, %cst_3, %cst_4 : tensor<1x1x24x24xi1>, tensor<f32>, tensor<f32>) outs(%52 : tensor<1x1x24x24xf32>) {
    ^bb0(%in: i1, %in_46: f32, %in_47: f32, %out: f32):
      %136 = arith.select %in, %in_46, %in_47 : f32
      linalg.yield %136 : f32
    } -> tensor<1x1x24x24xf32>
    %54 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_22 : tensor<1x4x24x8xf32>) outs(%47 : tensor<1x4x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_8 : f64 to f32
      %137 = arith.mulf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x4x24x8xf32>
    %55 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_28 = linalg.transpose ins(%expanded_24 : tensor<1x24x4x8xf32>) outs(%55 : tensor<1x4x8x24xf32>) permutation = [0, 2, 3, 1] 
    %56 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_28 : tensor<1x4x8x24xf32>) outs(%55 : tensor<1x4x8x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_8 : f64 to f32
      %137 = arith.mulf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x4x8x24xf32>
    %collapsed_29 = tensor.collapse_shape %54 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_30 = tensor.collapse_shape %56 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %57 = tensor.empty() : tensor<4x24x24xf32>
    %58 = linalg.fill ins(%cst_0 : f32) outs(%57 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %59 = linalg.batch_matmul ins(%collapsed_29, %collapsed_30 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%58 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_31 = tensor.expand_shape %59 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %60 = tensor.empty() : tensor<1x4x24x24xf32>
    %61 = linalg.generic {indexing_maps = [#map6, #map13, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_31, %53 : tensor<1x4x24x24xf32>, tensor<1x1x24x24xf32>) outs(%60 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x4x24x24xf32>
    %62 = tensor.empty() : tensor<1x4x24xi64>
    %63 = linalg.fill ins(%c0_i64 : i64) outs(%62 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %64 = tensor.empty() : tensor<1x4x24xf32>
    %65 = linalg.fill ins(%cst_1 : f32) outs(%64 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %66:2 = linalg.generic {indexing_maps = [#map6, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%61 : tensor<1x4x24x24xf32>) outs(%65, %63 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_46: i64):
      %136 = linalg.index 3 : index
      %137 = arith.index_cast %136 : index to i64
      %138 = arith.maximumf %in, %out : f32
      %139 = arith.cmpf ogt, %in, %out : f32
      %140 = arith.select %139, %137, %out_46 : i64
      linalg.yield %138, %140 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_32 = tensor.expand_shape %66#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %67 = linalg.generic {indexing_maps = [#map6, #map10, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%61, %expanded_32 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%60 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.subf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x4x24x24xf32>
    %68 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67 : tensor<1x4x24x24xf32>) outs(%60 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.exp %in : f32
      linalg.yield %136 : f32
    } -> tensor<1x4x24x24xf32>
    %69 = tensor.empty() : tensor<1x4x24x1xf32>
    %70 = linalg.fill ins(%cst_0 : f32) outs(%69 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %71 = linalg.generic {indexing_maps = [#map6, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%68 : tensor<1x4x24x24xf32>) outs(%70 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<1x4x24x1xf32>
    %72 = linalg.generic {indexing_maps = [#map6, #map10, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68, %71 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%60 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.divf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x4x24x24xf32>
    %73 = tensor.empty() : tensor<1x4x24x24xi1>
    %74 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%61 : tensor<1x4x24x24xf32>) outs(%73 : tensor<1x4x24x24xi1>) {
    ^bb0(%in: f32, %out: i1):
      %136 = arith.extf %in : f32 to f64
      %137 = arith.cmpf oeq, %136, %cst_9 : f64
      linalg.yield %137 : i1
    } -> tensor<1x4x24x24xi1>
    %75 = tensor.empty() : tensor<1x4x24x1xi1>
    %76 = linalg.fill ins(%true : i1) outs(%75 : tensor<1x4x24x1xi1>) -> tensor<1x4x24x1xi1>
    %77 = linalg.generic {indexing_maps = [#map6, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%74 : tensor<1x4x24x24xi1>) outs(%76 : tensor<1x4x24x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %136 = arith.andi %in, %out : i1
      linalg.yield %136 : i1
    } -> tensor<1x4x24x1xi1>
    %78 = linalg.generic {indexing_maps = [#map10, #map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%77, %cst_2, %72 : tensor<1x4x24x1xi1>, tensor<1x4x24x24xf32>, tensor<1x4x24x24xf32>) outs(%60 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: i1, %in_46: f32, %in_47: f32, %out: f32):
      %136 = arith.select %in, %in_46, %in_47 : f32
      linalg.yield %136 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_33 = tensor.collapse_shape %78 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_34 = tensor.collapse_shape %transposed_27 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %79 = tensor.empty() : tensor<4x24x8xf32>
    %80 = linalg.fill ins(%cst_0 : f32) outs(%79 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %81 = linalg.batch_matmul ins(%collapsed_33, %collapsed_34 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%80 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_35 = tensor.expand_shape %81 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %82 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_36 = linalg.transpose ins(%expanded_35 : tensor<1x4x24x8xf32>) outs(%82 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_37 = tensor.collapse_shape %transposed_36 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %transposed_38 = linalg.transpose ins(%arg12 : tensor<32x32xf32>) outs(%42 : tensor<32x32xf32>) permutation = [1, 0] 
    %83 = linalg.matmul ins(%collapsed_37, %transposed_38 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%44 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %84 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel"]} ins(%83, %arg13 : tensor<24x32xf32>, tensor<32xf32>) outs(%43 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<24x32xf32>
    %expanded_39 = tensor.expand_shape %84 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %85 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_39, %28 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %86 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<1x24x32xf32>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %136 = arith.extf %in : f32 to f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %87 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%86 : tensor<1x24x32xf64>) outs(%11 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %88 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87 : tensor<1x24x1xf64>) outs(%10 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_11 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %89 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%86, %88 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_46: f64, %out: f64):
      %136 = arith.subf %in, %in_46 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %90 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %89 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_46: f64, %out: f64):
      %136 = arith.mulf %in, %in_46 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %91 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%90 : tensor<1x24x32xf64>) outs(%11 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %92 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91 : tensor<1x24x1xf64>) outs(%10 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_11 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %93 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x24x1xf64>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %136 = arith.truncf %in : f64 to f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %94 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%85 : tensor<1x24x32xf32>) outs(%20 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %95 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_12 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %96 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_10 : f64 to f32
      %137 = arith.addf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x24x1xf32>
    %97 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.rsqrt %in : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %98 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85, %95 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.subf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %99 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %97 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %100 = linalg.generic {indexing_maps = [#map2, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99, %arg14 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %101 = linalg.generic {indexing_maps = [#map2, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100, %arg15 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %collapsed_40 = tensor.collapse_shape %101 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %102 = tensor.empty() : tensor<32x48xf32>
    %transposed_41 = linalg.transpose ins(%arg16 : tensor<48x32xf32>) outs(%102 : tensor<32x48xf32>) permutation = [1, 0] 
    %103 = tensor.empty() : tensor<24x48xf32>
    %104 = linalg.fill ins(%cst_0 : f32) outs(%103 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %105 = linalg.matmul ins(%collapsed_40, %transposed_41 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%104 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %106 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel"]} ins(%105, %arg17 : tensor<24x48xf32>, tensor<48xf32>) outs(%103 : tensor<24x48xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<24x48xf32>
    %expanded_42 = tensor.expand_shape %106 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %107 = tensor.empty() : tensor<1x24x48xf32>
    %108 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_42 : tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.mulf %in, %cst_13 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x48xf32>
    %109 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_42 : tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %136 : f32
    } -> tensor<1x24x48xf32>
    %110 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_7 : f64 to f32
      %137 = arith.mulf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x24x48xf32>
    %111 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_42, %110 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x48xf32>
    %112 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_6 : f64 to f32
      %137 = arith.mulf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x24x48xf32>
    %113 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.tanh %in : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x48xf32>
    %114 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %cst_14 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x48xf32>
    %115 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108, %114 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%107 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x48xf32>
    %collapsed_43 = tensor.collapse_shape %115 [[0, 1], [2]] : tensor<1x24x48xf32> into tensor<24x48xf32>
    %116 = tensor.empty() : tensor<48x32xf32>
    %transposed_44 = linalg.transpose ins(%arg18 : tensor<32x48xf32>) outs(%116 : tensor<48x32xf32>) permutation = [1, 0] 
    %117 = linalg.matmul ins(%collapsed_43, %transposed_44 : tensor<24x48xf32>, tensor<48x32xf32>) outs(%44 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %118 = linalg.generic {indexing_maps = [#map, #map12, #map], iterator_types = ["parallel", "parallel"]} ins(%117, %arg19 : tensor<24x32xf32>, tensor<32xf32>) outs(%43 : tensor<24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<24x32xf32>
    %expanded_45 = tensor.expand_shape %118 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %119 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_45, %101 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %120 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119 : tensor<1x24x32xf32>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f32, %out: f64):
      %136 = arith.extf %in : f32 to f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %121 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%120 : tensor<1x24x32xf64>) outs(%11 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %122 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<1x24x1xf64>) outs(%10 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_11 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %123 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120, %122 : tensor<1x24x32xf64>, tensor<1x24x1xf64>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_46: f64, %out: f64):
      %136 = arith.subf %in, %in_46 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %124 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123, %123 : tensor<1x24x32xf64>, tensor<1x24x32xf64>) outs(%8 : tensor<1x24x32xf64>) {
    ^bb0(%in: f64, %in_46: f64, %out: f64):
      %136 = arith.mulf %in, %in_46 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x32xf64>
    %125 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%124 : tensor<1x24x32xf64>) outs(%11 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.addf %in, %out : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %126 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x24x1xf64>) outs(%10 : tensor<1x24x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %136 = arith.divf %in, %cst_11 : f64
      linalg.yield %136 : f64
    } -> tensor<1x24x1xf64>
    %127 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<1x24x1xf64>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %136 = arith.truncf %in : f64 to f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %128 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%119 : tensor<1x24x32xf32>) outs(%20 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.addf %in, %out : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %129 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.divf %in, %cst_12 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %130 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = arith.truncf %cst_10 : f64 to f32
      %137 = arith.addf %in, %136 : f32
      linalg.yield %137 : f32
    } -> tensor<1x24x1xf32>
    %131 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<1x24x1xf32>) outs(%18 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %136 = math.rsqrt %in : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x1xf32>
    %132 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119, %129 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.subf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %133 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%132, %131 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %134 = linalg.generic {indexing_maps = [#map2, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%133, %arg20 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.mulf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    %135 = linalg.generic {indexing_maps = [#map2, #map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134, %arg21 : tensor<1x24x32xf32>, tensor<32xf32>) outs(%3 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_46: f32, %out: f32):
      %136 = arith.addf %in, %in_46 : f32
      linalg.yield %136 : f32
    } -> tensor<1x24x32xf32>
    return %135 : tensor<1x24x32xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_1_24_torch.int64_1: "0x08000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_1_24_torch.int64: "0x0800000000000000000000000100000000000000020000000000000003000000000000000400000000000000050000000000000006000000000000000700000000000000080000000000000009000000000000000A000000000000000B000000000000000C000000000000000D000000000000000E000000000000000F0000000000000010000000000000001100000000000000120000000000000013000000000000001400000000000000150000000000000016000000000000001700000000000000"
    }
  }
#-}
