// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 0.002

// CHECK: spattn.attention structure(#spattn.causal)
// CHECK-NOT: spattn.attention

// RUN: spattn-opt %t.mlir -spattn-gpu-outline | FileCheck %s --check-prefix=GPU
// GPU: spattn.launch
// GPU: gpu.module

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> ()>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map9 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map10 = affine_map<(d0, d1, d2) -> (d2)>
#map11 = affine_map<(d0, d1) -> (d0, d1)>
#map12 = affine_map<(d0, d1, d2, d3) -> (0, 0, d2, d3)>
#map13 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map14 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map17 = affine_map<(d0, d1, d2) -> (d1, d2)>
module {
  func.func @llama(%arg0: tensor<2x24x32xf16>, %arg1: tensor<8x32xf16>, %arg2: tensor<32x32xf16>, %arg3: tensor<16x32xf16>, %arg4: tensor<16x32xf16>, %arg5: tensor<32x32xf16>, %arg6: tensor<48x32xf16>, %arg7: tensor<48x32xf16>, %arg8: tensor<32x48xf16>, %arg9: tensor<32xf16>, %arg10: tensor<32xf16>, %arg11: tensor<32xf16>) -> tensor<2x24x32xf16> {
    %c0_i64 = arith.constant 0 : i64
    %c2_i64 = arith.constant 2 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<2x4x24x24xf32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<f16>
    %cst_4 = arith.constant dense<0xFC00> : tensor<f16>
    %cst_5 = arith.constant dense<true> : tensor<i1>
    %cst_6 = arith.constant 0.59460355750136051 : f64
    %cst_7 = arith.constant 0xFFF0000000000000 : f64
    %cst_8 = arith.constant 9.9999999999999995E-7 : f64
    %cst_9 = arith.constant dense_resource<torch_tensor_4_torch.float16> : tensor<4xf16>
    %cst_10 = arith.constant 3.200000e+01 : f32
    %0 = tensor.empty() : tensor<24xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %145 = linalg.index 0 : index
      %146 = arith.index_cast %145 : index to i64
      linalg.yield %146 : i64
    } -> tensor<24xi64>
    %2 = tensor.empty() : tensor<2xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %145 = linalg.index 0 : index
      %146 = arith.index_cast %145 : index to i64
      linalg.yield %146 : i64
    } -> tensor<2xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_11 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_12 = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %4 = tensor.empty() : tensor<1x1x24x24xi1>
    %5 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_12, %expanded_11 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_52: i64, %out: i1):
      %145 = arith.cmpi sle, %in, %in_52 : i64
      linalg.yield %145 : i1
    } -> tensor<1x1x24x24xi1>
    %6 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_5, %5 : tensor<i1>, tensor<1x1x24x24xi1>) outs(%4 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %in_52: i1, %out: i1):
      %145 = arith.andi %in, %in_52 : i1
      linalg.yield %145 : i1
    } -> tensor<1x1x24x24xi1>
    %7 = tensor.empty() : tensor<2x1x1x24xi1>
    %8 = linalg.generic {indexing_maps = [#map5, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_12 : tensor<2x1x1x1xi64>, tensor<1x1x1x24xi64>) outs(%7 : tensor<2x1x1x24xi1>) {
    ^bb0(%in: i64, %in_52: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<2x1x1x24xi1>
    %9 = tensor.empty() : tensor<2x1x24x24xi1>
    %10 = linalg.generic {indexing_maps = [#map7, #map1, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %8 : tensor<1x1x24x24xi1>, tensor<2x1x1x24xi1>) outs(%9 : tensor<2x1x24x24xi1>) {
    ^bb0(%in: i1, %in_52: i1, %out: i1):
      %145 = arith.andi %in, %in_52 : i1
      linalg.yield %145 : i1
    } -> tensor<2x1x24x24xi1>
    %expanded_13 = tensor.expand_shape %cst_9 [[0, 1, 2]] output_shape [1, 4, 1] : tensor<4xf16> into tensor<1x4x1xf16>
    %11 = tensor.empty() : tensor<1x4x1xf32>
    %12 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_13 : tensor<1x4x1xf16>) outs(%11 : tensor<1x4x1xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<1x4x1xf32>
    %expanded_14 = tensor.expand_shape %1 [[0, 1, 2]] output_shape [1, 1, 24] : tensor<24xi64> into tensor<1x1x24xi64>
    %13 = tensor.empty() : tensor<1x1x24xf32>
    %14 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_14 : tensor<1x1x24xi64>) outs(%13 : tensor<1x1x24xf32>) {
    ^bb0(%in: i64, %out: f32):
      %145 = arith.sitofp %in : i64 to f32
      linalg.yield %145 : f32
    } -> tensor<1x1x24xf32>
    %15 = tensor.empty() : tensor<1x4x24xf32>
    %16 = linalg.fill ins(%cst : f32) outs(%15 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %17 = linalg.batch_matmul ins(%12, %14 : tensor<1x4x1xf32>, tensor<1x1x24xf32>) outs(%16 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %18 = tensor.empty() : tensor<1x24x4xf32>
    %transposed = linalg.transpose ins(%17 : tensor<1x4x24xf32>) outs(%18 : tensor<1x24x4xf32>) permutation = [0, 2, 1] 
    %concat = tensor.concat dim(2) %transposed, %transposed : (tensor<1x24x4xf32>, tensor<1x24x4xf32>) -> tensor<1x24x8xf32>
    %19 = tensor.empty() : tensor<1x24x8xf32>
    %20 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%19 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.cos %in : f32
      linalg.yield %145 : f32
    } -> tensor<1x24x8xf32>
    %21 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x24x8xf32>) outs(%19 : tensor<1x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.sin %in : f32
      linalg.yield %145 : f32
    } -> tensor<1x24x8xf32>
    %22 = tensor.empty() : tensor<1x24x8xf16>
    %23 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x24x8xf32>) outs(%22 : tensor<1x24x8xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<1x24x8xf16>
    %24 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<1x24x8xf32>) outs(%22 : tensor<1x24x8xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<1x24x8xf16>
    %25 = tensor.empty() : tensor<2x24x32xf32>
    %26 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x24x32xf16>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %27 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<2x24x32xf32>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %28 = tensor.empty() : tensor<2x24x1xf32>
    %29 = linalg.fill ins(%cst : f32) outs(%28 : tensor<2x24x1xf32>) -> tensor<2x24x1xf32>
    %30 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%27 : tensor<2x24x32xf32>) outs(%29 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %31 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_10 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %32 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_8 : f64 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x24x1xf32>
    %33 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.rsqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %34 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26, %33 : tensor<2x24x32xf32>, tensor<2x24x1xf32>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f32, %in_52: f32, %out: f32):
      %145 = arith.mulf %in, %in_52 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %35 = tensor.empty() : tensor<2x24x32xf16>
    %36 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<2x24x32xf32>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %37 = linalg.generic {indexing_maps = [#map10, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg9, %36 : tensor<32xf16>, tensor<2x24x32xf16>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %38 = tensor.empty() : tensor<32x32xf16>
    %transposed_15 = linalg.transpose ins(%arg2 : tensor<32x32xf16>) outs(%38 : tensor<32x32xf16>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %37 [[0, 1], [2]] : tensor<2x24x32xf16> into tensor<48x32xf16>
    %39 = tensor.empty() : tensor<48x32xf32>
    %40 = linalg.fill ins(%cst : f32) outs(%39 : tensor<48x32xf32>) -> tensor<48x32xf32>
    %41 = linalg.matmul ins(%collapsed, %transposed_15 : tensor<48x32xf16>, tensor<32x32xf16>) outs(%40 : tensor<48x32xf32>) -> tensor<48x32xf32>
    %42 = tensor.empty() : tensor<48x32xf16>
    %43 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%41 : tensor<48x32xf32>) outs(%42 : tensor<48x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<48x32xf16>
    %expanded_16 = tensor.expand_shape %43 [[0, 1], [2, 3]] output_shape [2, 24, 4, 8] : tensor<48x32xf16> into tensor<2x24x4x8xf16>
    %44 = tensor.empty() : tensor<2x4x24x8xf16>
    %transposed_17 = linalg.transpose ins(%expanded_16 : tensor<2x24x4x8xf16>) outs(%44 : tensor<2x4x24x8xf16>) permutation = [0, 2, 1, 3] 
    %45 = tensor.empty() : tensor<32x16xf16>
    %transposed_18 = linalg.transpose ins(%arg3 : tensor<16x32xf16>) outs(%45 : tensor<32x16xf16>) permutation = [1, 0] 
    %46 = tensor.empty() : tensor<48x16xf32>
    %47 = linalg.fill ins(%cst : f32) outs(%46 : tensor<48x16xf32>) -> tensor<48x16xf32>
    %48 = linalg.matmul ins(%collapsed, %transposed_18 : tensor<48x32xf16>, tensor<32x16xf16>) outs(%47 : tensor<48x16xf32>) -> tensor<48x16xf32>
    %49 = tensor.empty() : tensor<48x16xf16>
    %50 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%48 : tensor<48x16xf32>) outs(%49 : tensor<48x16xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<48x16xf16>
    %expanded_19 = tensor.expand_shape %50 [[0, 1], [2, 3]] output_shape [2, 24, 2, 8] : tensor<48x16xf16> into tensor<2x24x2x8xf16>
    %51 = tensor.empty() : tensor<2x2x24x8xf16>
    %transposed_20 = linalg.transpose ins(%expanded_19 : tensor<2x24x2x8xf16>) outs(%51 : tensor<2x2x24x8xf16>) permutation = [0, 2, 1, 3] 
    %transposed_21 = linalg.transpose ins(%arg4 : tensor<16x32xf16>) outs(%45 : tensor<32x16xf16>) permutation = [1, 0] 
    %52 = linalg.matmul ins(%collapsed, %transposed_21 : tensor<48x32xf16>, tensor<32x16xf16>) outs(%47 : tensor<48x16xf32>) -> tensor<48x16xf32>
    %53 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%52 : tensor<48x16xf32>) outs(%49 : tensor<48x16xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<48x16xf16>
    %expanded_22 = tensor.expand_shape %53 [[0, 1], [2, 3]] output_shape [2, 24, 2, 8] : tensor<48x16xf16> into tensor<2x24x2x8xf16>
    %transposed_23 = linalg.transpose ins(%expanded_22 : tensor<2x24x2x8xf16>) outs(%51 : tensor<2x2x24x8xf16>) permutation = [0, 2, 1, 3] 
    %expanded_24 = tensor.expand_shape %23 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf16> into tensor<1x1x24x8xf16>
    %expanded_25 = tensor.expand_shape %24 [[0], [1, 2], [3]] output_shape [1, 1, 24, 8] : tensor<1x24x8xf16> into tensor<1x1x24x8xf16>
    %54 = linalg.generic {indexing_maps = [#map3, #map12, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_17, %expanded_24 : tensor<2x4x24x8xf16>, tensor<1x1x24x8xf16>) outs(%44 : tensor<2x4x24x8xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x4x24x8xf16>
    %extracted_slice = tensor.extract_slice %transposed_17[0, 0, 0, 0] [2, 4, 24, 4] [1, 1, 1, 1] : tensor<2x4x24x8xf16> to tensor<2x4x24x4xf16>
    %extracted_slice_26 = tensor.extract_slice %transposed_17[0, 0, 0, 4] [2, 4, 24, 4] [1, 1, 1, 1] : tensor<2x4x24x8xf16> to tensor<2x4x24x4xf16>
    %55 = tensor.empty() : tensor<2x4x24x4xf16>
    %56 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_26 : tensor<2x4x24x4xf16>) outs(%55 : tensor<2x4x24x4xf16>) {
    ^bb0(%in: f16, %out: f16):
      %145 = arith.negf %in : f16
      linalg.yield %145 : f16
    } -> tensor<2x4x24x4xf16>
    %concat_27 = tensor.concat dim(3) %56, %extracted_slice : (tensor<2x4x24x4xf16>, tensor<2x4x24x4xf16>) -> tensor<2x4x24x8xf16>
    %57 = linalg.generic {indexing_maps = [#map3, #map12, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_27, %expanded_25 : tensor<2x4x24x8xf16>, tensor<1x1x24x8xf16>) outs(%44 : tensor<2x4x24x8xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x4x24x8xf16>
    %58 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%54, %57 : tensor<2x4x24x8xf16>, tensor<2x4x24x8xf16>) outs(%44 : tensor<2x4x24x8xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.addf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x4x24x8xf16>
    %59 = linalg.generic {indexing_maps = [#map3, #map12, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_20, %expanded_24 : tensor<2x2x24x8xf16>, tensor<1x1x24x8xf16>) outs(%51 : tensor<2x2x24x8xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x2x24x8xf16>
    %extracted_slice_28 = tensor.extract_slice %transposed_20[0, 0, 0, 0] [2, 2, 24, 4] [1, 1, 1, 1] : tensor<2x2x24x8xf16> to tensor<2x2x24x4xf16>
    %extracted_slice_29 = tensor.extract_slice %transposed_20[0, 0, 0, 4] [2, 2, 24, 4] [1, 1, 1, 1] : tensor<2x2x24x8xf16> to tensor<2x2x24x4xf16>
    %60 = tensor.empty() : tensor<2x2x24x4xf16>
    %61 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_29 : tensor<2x2x24x4xf16>) outs(%60 : tensor<2x2x24x4xf16>) {
    ^bb0(%in: f16, %out: f16):
      %145 = arith.negf %in : f16
      linalg.yield %145 : f16
    } -> tensor<2x2x24x4xf16>
    %concat_30 = tensor.concat dim(3) %61, %extracted_slice_28 : (tensor<2x2x24x4xf16>, tensor<2x2x24x4xf16>) -> tensor<2x2x24x8xf16>
    %62 = linalg.generic {indexing_maps = [#map3, #map12, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_30, %expanded_25 : tensor<2x2x24x8xf16>, tensor<1x1x24x8xf16>) outs(%51 : tensor<2x2x24x8xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x2x24x8xf16>
    %63 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59, %62 : tensor<2x2x24x8xf16>, tensor<2x2x24x8xf16>) outs(%51 : tensor<2x2x24x8xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.addf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x2x24x8xf16>
    %64 = tensor.empty() : tensor<2x2x2x24x8xf16>
    %65 = linalg.generic {indexing_maps = [#map13, #map14], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%63 : tensor<2x2x24x8xf16>) outs(%64 : tensor<2x2x2x24x8xf16>) {
    ^bb0(%in: f16, %out: f16):
      linalg.yield %in : f16
    } -> tensor<2x2x2x24x8xf16>
    %collapsed_31 = tensor.collapse_shape %65 [[0], [1, 2], [3], [4]] : tensor<2x2x2x24x8xf16> into tensor<2x4x24x8xf16>
    %66 = linalg.generic {indexing_maps = [#map13, #map14], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_23 : tensor<2x2x24x8xf16>) outs(%64 : tensor<2x2x2x24x8xf16>) {
    ^bb0(%in: f16, %out: f16):
      linalg.yield %in : f16
    } -> tensor<2x2x2x24x8xf16>
    %collapsed_32 = tensor.collapse_shape %66 [[0], [1, 2], [3], [4]] : tensor<2x2x2x24x8xf16> into tensor<2x4x24x8xf16>
    %67 = tensor.empty() : tensor<2x1x24x24xf16>
    %68 = linalg.generic {indexing_maps = [#map3, #map4, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %cst_3, %cst_4 : tensor<2x1x24x24xi1>, tensor<f16>, tensor<f16>) outs(%67 : tensor<2x1x24x24xf16>) {
    ^bb0(%in: i1, %in_52: f16, %in_53: f16, %out: f16):
      %145 = arith.select %in, %in_52, %in_53 : f16
      linalg.yield %145 : f16
    } -> tensor<2x1x24x24xf16>
    %69 = tensor.empty() : tensor<2x4x24x8xf32>
    %70 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%58 : tensor<2x4x24x8xf16>) outs(%69 : tensor<2x4x24x8xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x8xf32>
    %71 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_31 : tensor<2x4x24x8xf16>) outs(%69 : tensor<2x4x24x8xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x8xf32>
    %72 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_32 : tensor<2x4x24x8xf16>) outs(%69 : tensor<2x4x24x8xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x8xf32>
    %73 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70 : tensor<2x4x24x8xf32>) outs(%69 : tensor<2x4x24x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_6 : f64 to f32
      %146 = arith.mulf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x4x24x8xf32>
    %74 = tensor.empty() : tensor<2x4x8x24xf32>
    %transposed_33 = linalg.transpose ins(%71 : tensor<2x4x24x8xf32>) outs(%74 : tensor<2x4x8x24xf32>) permutation = [0, 1, 3, 2] 
    %75 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_33 : tensor<2x4x8x24xf32>) outs(%74 : tensor<2x4x8x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_6 : f64 to f32
      %146 = arith.mulf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x4x8x24xf32>
    %collapsed_34 = tensor.collapse_shape %73 [[0, 1], [2], [3]] : tensor<2x4x24x8xf32> into tensor<8x24x8xf32>
    %collapsed_35 = tensor.collapse_shape %75 [[0, 1], [2], [3]] : tensor<2x4x8x24xf32> into tensor<8x8x24xf32>
    %76 = tensor.empty() : tensor<8x24x24xf32>
    %77 = linalg.fill ins(%cst : f32) outs(%76 : tensor<8x24x24xf32>) -> tensor<8x24x24xf32>
    %78 = linalg.batch_matmul ins(%collapsed_34, %collapsed_35 : tensor<8x24x8xf32>, tensor<8x8x24xf32>) outs(%77 : tensor<8x24x24xf32>) -> tensor<8x24x24xf32>
    %expanded_36 = tensor.expand_shape %78 [[0, 1], [2], [3]] output_shape [2, 4, 24, 24] : tensor<8x24x24xf32> into tensor<2x4x24x24xf32>
    %79 = tensor.empty() : tensor<2x4x24x24xf32>
    %80 = linalg.generic {indexing_maps = [#map3, #map15, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_36, %68 : tensor<2x4x24x24xf32>, tensor<2x1x24x24xf16>) outs(%79 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %in_52: f16, %out: f32):
      %145 = arith.extf %in_52 : f16 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x4x24x24xf32>
    %81 = tensor.empty() : tensor<2x4x24xi64>
    %82 = linalg.fill ins(%c0_i64 : i64) outs(%81 : tensor<2x4x24xi64>) -> tensor<2x4x24xi64>
    %83 = tensor.empty() : tensor<2x4x24xf32>
    %84 = linalg.fill ins(%cst_0 : f32) outs(%83 : tensor<2x4x24xf32>) -> tensor<2x4x24xf32>
    %85:2 = linalg.generic {indexing_maps = [#map3, #map16, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%80 : tensor<2x4x24x24xf32>) outs(%84, %82 : tensor<2x4x24xf32>, tensor<2x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_52: i64):
      %145 = linalg.index 3 : index
      %146 = arith.index_cast %145 : index to i64
      %147 = arith.maximumf %in, %out : f32
      %148 = arith.cmpf ogt, %in, %out : f32
      %149 = arith.select %148, %146, %out_52 : i64
      linalg.yield %147, %149 : f32, i64
    } -> (tensor<2x4x24xf32>, tensor<2x4x24xi64>)
    %expanded_37 = tensor.expand_shape %85#0 [[0], [1], [2, 3]] output_shape [2, 4, 24, 1] : tensor<2x4x24xf32> into tensor<2x4x24x1xf32>
    %86 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80, %expanded_37 : tensor<2x4x24x24xf32>, tensor<2x4x24x1xf32>) outs(%79 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %in_52: f32, %out: f32):
      %145 = arith.subf %in, %in_52 : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x24xf32>
    %87 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%86 : tensor<2x4x24x24xf32>) outs(%79 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.exp %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x24xf32>
    %88 = tensor.empty() : tensor<2x4x24x1xf32>
    %89 = linalg.fill ins(%cst : f32) outs(%88 : tensor<2x4x24x1xf32>) -> tensor<2x4x24x1xf32>
    %90 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%87 : tensor<2x4x24x24xf32>) outs(%89 : tensor<2x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x1xf32>
    %91 = linalg.generic {indexing_maps = [#map3, #map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%87, %90 : tensor<2x4x24x24xf32>, tensor<2x4x24x1xf32>) outs(%79 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: f32, %in_52: f32, %out: f32):
      %145 = arith.divf %in, %in_52 : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x24xf32>
    %92 = tensor.empty() : tensor<2x4x24x24xi1>
    %93 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80 : tensor<2x4x24x24xf32>) outs(%92 : tensor<2x4x24x24xi1>) {
    ^bb0(%in: f32, %out: i1):
      %145 = arith.extf %in : f32 to f64
      %146 = arith.cmpf oeq, %145, %cst_7 : f64
      linalg.yield %146 : i1
    } -> tensor<2x4x24x24xi1>
    %94 = tensor.empty() : tensor<2x4x24x1xi1>
    %95 = linalg.fill ins(%true : i1) outs(%94 : tensor<2x4x24x1xi1>) -> tensor<2x4x24x1xi1>
    %96 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%93 : tensor<2x4x24x24xi1>) outs(%95 : tensor<2x4x24x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %145 = arith.andi %in, %out : i1
      linalg.yield %145 : i1
    } -> tensor<2x4x24x1xi1>
    %97 = linalg.generic {indexing_maps = [#map2, #map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%96, %cst_2, %91 : tensor<2x4x24x1xi1>, tensor<2x4x24x24xf32>, tensor<2x4x24x24xf32>) outs(%79 : tensor<2x4x24x24xf32>) {
    ^bb0(%in: i1, %in_52: f32, %in_53: f32, %out: f32):
      %145 = arith.select %in, %in_52, %in_53 : f32
      linalg.yield %145 : f32
    } -> tensor<2x4x24x24xf32>
    %collapsed_38 = tensor.collapse_shape %97 [[0, 1], [2], [3]] : tensor<2x4x24x24xf32> into tensor<8x24x24xf32>
    %collapsed_39 = tensor.collapse_shape %72 [[0, 1], [2], [3]] : tensor<2x4x24x8xf32> into tensor<8x24x8xf32>
    %98 = tensor.empty() : tensor<8x24x8xf32>
    %99 = linalg.fill ins(%cst : f32) outs(%98 : tensor<8x24x8xf32>) -> tensor<8x24x8xf32>
    %100 = linalg.batch_matmul ins(%collapsed_38, %collapsed_39 : tensor<8x24x24xf32>, tensor<8x24x8xf32>) outs(%99 : tensor<8x24x8xf32>) -> tensor<8x24x8xf32>
    %expanded_40 = tensor.expand_shape %100 [[0, 1], [2], [3]] output_shape [2, 4, 24, 8] : tensor<8x24x8xf32> into tensor<2x4x24x8xf32>
    %101 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_40 : tensor<2x4x24x8xf32>) outs(%44 : tensor<2x4x24x8xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<2x4x24x8xf16>
    %102 = tensor.empty() : tensor<2x24x4x8xf16>
    %transposed_41 = linalg.transpose ins(%101 : tensor<2x4x24x8xf16>) outs(%102 : tensor<2x24x4x8xf16>) permutation = [0, 2, 1, 3] 
    %collapsed_42 = tensor.collapse_shape %transposed_41 [[0], [1], [2, 3]] : tensor<2x24x4x8xf16> into tensor<2x24x32xf16>
    %transposed_43 = linalg.transpose ins(%arg5 : tensor<32x32xf16>) outs(%38 : tensor<32x32xf16>) permutation = [1, 0] 
    %103 = tensor.empty() : tensor<2x32x32xf16>
    %104 = linalg.generic {indexing_maps = [#map17, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_43 : tensor<32x32xf16>) outs(%103 : tensor<2x32x32xf16>) {
    ^bb0(%in: f16, %out: f16):
      linalg.yield %in : f16
    } -> tensor<2x32x32xf16>
    %105 = linalg.fill ins(%cst : f32) outs(%25 : tensor<2x24x32xf32>) -> tensor<2x24x32xf32>
    %106 = linalg.batch_matmul ins(%collapsed_42, %104 : tensor<2x24x32xf16>, tensor<2x32x32xf16>) outs(%105 : tensor<2x24x32xf32>) -> tensor<2x24x32xf32>
    %107 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<2x24x32xf32>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %108 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %107 : tensor<2x24x32xf16>, tensor<2x24x32xf16>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.addf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %109 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<2x24x32xf16>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %110 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<2x24x32xf32>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %111 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%110 : tensor<2x24x32xf32>) outs(%29 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %112 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_10 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %113 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_8 : f64 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x24x1xf32>
    %114 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.rsqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %115 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109, %114 : tensor<2x24x32xf32>, tensor<2x24x1xf32>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f32, %in_52: f32, %out: f32):
      %145 = arith.mulf %in, %in_52 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %116 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115 : tensor<2x24x32xf32>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %117 = linalg.generic {indexing_maps = [#map10, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg10, %116 : tensor<32xf16>, tensor<2x24x32xf16>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %118 = tensor.empty() : tensor<32x48xf16>
    %transposed_44 = linalg.transpose ins(%arg6 : tensor<48x32xf16>) outs(%118 : tensor<32x48xf16>) permutation = [1, 0] 
    %collapsed_45 = tensor.collapse_shape %117 [[0, 1], [2]] : tensor<2x24x32xf16> into tensor<48x32xf16>
    %119 = tensor.empty() : tensor<48x48xf32>
    %120 = linalg.fill ins(%cst : f32) outs(%119 : tensor<48x48xf32>) -> tensor<48x48xf32>
    %121 = linalg.matmul ins(%collapsed_45, %transposed_44 : tensor<48x32xf16>, tensor<32x48xf16>) outs(%120 : tensor<48x48xf32>) -> tensor<48x48xf32>
    %122 = tensor.empty() : tensor<48x48xf16>
    %123 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%121 : tensor<48x48xf32>) outs(%122 : tensor<48x48xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<48x48xf16>
    %expanded_46 = tensor.expand_shape %123 [[0, 1], [2]] output_shape [2, 24, 48] : tensor<48x48xf16> into tensor<2x24x48xf16>
    %124 = tensor.empty() : tensor<2x24x48xf32>
    %125 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_46 : tensor<2x24x48xf16>) outs(%124 : tensor<2x24x48xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x24x48xf32>
    %126 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<2x24x48xf32>) outs(%124 : tensor<2x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.negf %in : f32
      %146 = math.exp %145 : f32
      %147 = arith.addf %146, %cst_1 : f32
      %148 = arith.divf %cst_1, %147 : f32
      linalg.yield %148 : f32
    } -> tensor<2x24x48xf32>
    %127 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125, %126 : tensor<2x24x48xf32>, tensor<2x24x48xf32>) outs(%124 : tensor<2x24x48xf32>) {
    ^bb0(%in: f32, %in_52: f32, %out: f32):
      %145 = arith.mulf %in, %in_52 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x48xf32>
    %128 = tensor.empty() : tensor<2x24x48xf16>
    %129 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<2x24x48xf32>) outs(%128 : tensor<2x24x48xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<2x24x48xf16>
    %transposed_47 = linalg.transpose ins(%arg7 : tensor<48x32xf16>) outs(%118 : tensor<32x48xf16>) permutation = [1, 0] 
    %130 = linalg.matmul ins(%collapsed_45, %transposed_47 : tensor<48x32xf16>, tensor<32x48xf16>) outs(%120 : tensor<48x48xf32>) -> tensor<48x48xf32>
    %131 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%130 : tensor<48x48xf32>) outs(%122 : tensor<48x48xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<48x48xf16>
    %expanded_48 = tensor.expand_shape %131 [[0, 1], [2]] output_shape [2, 24, 48] : tensor<48x48xf16> into tensor<2x24x48xf16>
    %132 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129, %expanded_48 : tensor<2x24x48xf16>, tensor<2x24x48xf16>) outs(%128 : tensor<2x24x48xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x24x48xf16>
    %transposed_49 = linalg.transpose ins(%arg8 : tensor<32x48xf16>) outs(%42 : tensor<48x32xf16>) permutation = [1, 0] 
    %collapsed_50 = tensor.collapse_shape %132 [[0, 1], [2]] : tensor<2x24x48xf16> into tensor<48x48xf16>
    %133 = linalg.matmul ins(%collapsed_50, %transposed_49 : tensor<48x48xf16>, tensor<48x32xf16>) outs(%40 : tensor<48x32xf32>) -> tensor<48x32xf32>
    %134 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%133 : tensor<48x32xf32>) outs(%42 : tensor<48x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<48x32xf16>
    %expanded_51 = tensor.expand_shape %134 [[0, 1], [2]] output_shape [2, 24, 32] : tensor<48x32xf16> into tensor<2x24x32xf16>
    %135 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108, %expanded_51 : tensor<2x24x32xf16>, tensor<2x24x32xf16>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.addf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %136 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%135 : tensor<2x24x32xf16>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f16, %out: f32):
      %145 = arith.extf %in : f16 to f32
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %137 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%136 : tensor<2x24x32xf32>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %138 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction"]} ins(%137 : tensor<2x24x32xf32>) outs(%29 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.addf %in, %out : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %139 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%138 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.divf %in, %cst_10 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %140 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%139 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = arith.truncf %cst_8 : f64 to f32
      %146 = arith.addf %in, %145 : f32
      linalg.yield %146 : f32
    } -> tensor<2x24x1xf32>
    %141 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%140 : tensor<2x24x1xf32>) outs(%28 : tensor<2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %145 = math.rsqrt %in : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x1xf32>
    %142 = linalg.generic {indexing_maps = [#map8, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%136, %141 : tensor<2x24x32xf32>, tensor<2x24x1xf32>) outs(%25 : tensor<2x24x32xf32>) {
    ^bb0(%in: f32, %in_52: f32, %out: f32):
      %145 = arith.mulf %in, %in_52 : f32
      linalg.yield %145 : f32
    } -> tensor<2x24x32xf32>
    %143 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142 : tensor<2x24x32xf32>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %145 = arith.truncf %in : f32 to f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    %144 = linalg.generic {indexing_maps = [#map10, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg11, %143 : tensor<32xf16>, tensor<2x24x32xf16>) outs(%35 : tensor<2x24x32xf16>) {
    ^bb0(%in: f16, %in_52: f16, %out: f16):
      %145 = arith.mulf %in, %in_52 : f16
      linalg.yield %145 : f16
    } -> tensor<2x24x32xf16>
    return %144 : tensor<2x24x32xf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float16: "0x02000000003C662E1F211914"
    }
  }
#-}
