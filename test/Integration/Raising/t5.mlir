// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.full) {{.*}} distance_bias(%{{.*}} : tensor<4x31xf32>)
// CHECK: spattn.attention structure(#spattn.causal) {{.*}} distance_bias(%{{.*}} : tensor<4x47xf32>)
// CHECK: spattn.attention structure(#spattn.full) {{.*}} scale(%{{[^ ]*}}) outs(
// CHECK-NOT: spattn.attention

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> ()>
#map3 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, 0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map9 = affine_map<(d0, d1, d2) -> (d2)>
#map10 = affine_map<(d0, d1) -> (0, d1)>
#map11 = affine_map<(d0, d1) -> (d0, 0)>
#map12 = affine_map<(d0, d1) -> (d0, d1)>
#map13 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @t5(%arg0: tensor<1x24x32xf32>, %arg1: tensor<8x32xf32>, %arg2: tensor<32x32xf32>, %arg3: tensor<32x32xf32>, %arg4: tensor<32x32xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<8x4xf32>, %arg7: tensor<32xf32>, %arg8: tensor<48x32xf32>, %arg9: tensor<48x32xf32>, %arg10: tensor<32x48xf32>, %arg11: tensor<32xf32>, %arg12: tensor<32xf32>, %arg13: tensor<32x32xf32>, %arg14: tensor<32x32xf32>, %arg15: tensor<32x32xf32>, %arg16: tensor<32x32xf32>, %arg17: tensor<8x4xf32>, %arg18: tensor<32xf32>, %arg19: tensor<32x32xf32>, %arg20: tensor<32x32xf32>, %arg21: tensor<32x32xf32>, %arg22: tensor<32x32xf32>, %arg23: tensor<32xf32>, %arg24: tensor<48x32xf32>, %arg25: tensor<48x32xf32>, %arg26: tensor<32x48xf32>, %arg27: tensor<32xf32>, %arg28: tensor<32xf32>) -> tensor<1x24x32xf32> {
    %c3_i64 = arith.constant 3 : i64
    %c2_i64 = arith.constant 2 : i64
    %c4_i64 = arith.constant 4 : i64
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %c8 = arith.constant 8 : index
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<1x4x24x16xf32>
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<1x4x24x24xf32>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<1x4x16x16xf32>
    %cst_4 = arith.constant dense<-3.40282347E+38> : tensor<f32>
    %cst_5 = arith.constant dense<true> : tensor<i1>
    %cst_6 = arith.constant 1.3862943611198906 : f64
    %cst_7 = arith.constant 0.79788456080286541 : f64
    %cst_8 = arith.constant 4.471500e-02 : f64
    %cst_9 = arith.constant 0xFFF0000000000000 : f64
    %cst_10 = arith.constant 2.0794415416798357 : f64
    %cst_11 = arith.constant 9.9999999999999995E-7 : f64
    %cst_12 = arith.constant 3.200000e+01 : f32
    %cst_13 = arith.constant 2.000000e+00 : f32
    %cst_14 = arith.constant 5.000000e-01 : f32
    %cst_15 = arith.constant 1.000000e+00 : f32
    %cst_16 = arith.constant 4.000000e+00 : f32
    %cst_17 = arith.constant dense<7> : tensor<24x24xi64>
    %cst_18 = arith.constant dense<0> : tensor<24x24xi64>
    %cst_19 = arith.constant dense<3> : tensor<16x16xi64>
    %extracted_slice = tensor.extract_slice %arg0[0, 0, 0] [1, 16, 32] [1, 1, 1] : tensor<1x24x32xf32> to tensor<1x16x32xf32>
    %0 = tensor.empty() : tensor<1xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %2 = tensor.empty() : tensor<16xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<16xi64>) {
    ^bb0(%out: i64):
      %242 = linalg.index 0 : index
      %243 = arith.index_cast %242 : index to i64
      linalg.yield %243 : i64
    } -> tensor<16xi64>
    %expanded = tensor.expand_shape %1 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_20 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 16, 1] : tensor<16xi64> into tensor<1x1x16x1xi64>
    %expanded_21 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 16] : tensor<16xi64> into tensor<1x1x1x16xi64>
    %4 = tensor.empty() : tensor<1x1x16x1xi1>
    %5 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_20 : tensor<1x1x16x1xi64>) outs(%4 : tensor<1x1x16x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %242 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %242 : i1
    } -> tensor<1x1x16x1xi1>
    %6 = linalg.generic {indexing_maps = [#map2, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_5, %5 : tensor<i1>, tensor<1x1x16x1xi1>) outs(%4 : tensor<1x1x16x1xi1>) {
    ^bb0(%in: i1, %in_110: i1, %out: i1):
      %242 = arith.andi %in, %in_110 : i1
      linalg.yield %242 : i1
    } -> tensor<1x1x16x1xi1>
    %7 = tensor.empty() : tensor<1x1x1x16xi1>
    %8 = linalg.generic {indexing_maps = [#map3, #map4, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_21 : tensor<1x1x1x1xi64>, tensor<1x1x1x16xi64>) outs(%7 : tensor<1x1x1x16xi1>) {
    ^bb0(%in: i64, %in_110: i64, %out: i1):
      linalg.yield %true : i1
    } -> tensor<1x1x1x16xi1>
    %9 = tensor.empty() : tensor<1x1x16x16xi1>
    %10 = linalg.generic {indexing_maps = [#map5, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %8 : tensor<1x1x16x1xi1>, tensor<1x1x1x16xi1>) outs(%9 : tensor<1x1x16x16xi1>) {
    ^bb0(%in: i1, %in_110: i1, %out: i1):
      %242 = arith.andi %in, %in_110 : i1
      linalg.yield %242 : i1
    } -> tensor<1x1x16x16xi1>
    %11 = tensor.empty() : tensor<1x16x32xf32>
    %12 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice : tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %13 = tensor.empty() : tensor<1x16x1xf32>
    %14 = linalg.fill ins(%cst : f32) outs(%13 : tensor<1x16x1xf32>) -> tensor<1x16x1xf32>
    %15 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%12 : tensor<1x16x32xf32>) outs(%14 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %16 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %17 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x16x1xf32>
    %18 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %19 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice, %18 : tensor<1x16x32xf32>, tensor<1x16x1xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %20 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg7, %19 : tensor<32xf32>, tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %21 = tensor.empty() : tensor<32x32xf32>
    %transposed = linalg.transpose ins(%arg2 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %20 [[0, 1], [2]] : tensor<1x16x32xf32> into tensor<16x32xf32>
    %22 = tensor.empty() : tensor<16x32xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%22 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %24 = linalg.matmul ins(%collapsed, %transposed : tensor<16x32xf32>, tensor<32x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_22 = tensor.expand_shape %24 [[0, 1], [2, 3]] output_shape [1, 16, 4, 8] : tensor<16x32xf32> into tensor<1x16x4x8xf32>
    %25 = tensor.empty() : tensor<1x4x16x8xf32>
    %transposed_23 = linalg.transpose ins(%expanded_22 : tensor<1x16x4x8xf32>) outs(%25 : tensor<1x4x16x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_24 = linalg.transpose ins(%arg3 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %26 = linalg.matmul ins(%collapsed, %transposed_24 : tensor<16x32xf32>, tensor<32x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_25 = tensor.expand_shape %26 [[0, 1], [2, 3]] output_shape [1, 16, 4, 8] : tensor<16x32xf32> into tensor<1x16x4x8xf32>
    %transposed_26 = linalg.transpose ins(%arg4 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %27 = linalg.matmul ins(%collapsed, %transposed_26 : tensor<16x32xf32>, tensor<32x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_27 = tensor.expand_shape %27 [[0, 1], [2, 3]] output_shape [1, 16, 4, 8] : tensor<16x32xf32> into tensor<1x16x4x8xf32>
    %transposed_28 = linalg.transpose ins(%expanded_27 : tensor<1x16x4x8xf32>) outs(%25 : tensor<1x4x16x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_29 = tensor.expand_shape %3 [[0, 1]] output_shape [16, 1] : tensor<16xi64> into tensor<16x1xi64>
    %expanded_30 = tensor.expand_shape %3 [[0, 1]] output_shape [1, 16] : tensor<16xi64> into tensor<1x16xi64>
    %28 = tensor.empty() : tensor<16x16xi64>
    %29 = linalg.generic {indexing_maps = [#map10, #map11, #map12], iterator_types = ["parallel", "parallel"]} ins(%expanded_30, %expanded_29 : tensor<1x16xi64>, tensor<16x1xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i64, %in_110: i64, %out: i64):
      %242 = arith.subi %in, %in_110 : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %30 = tensor.empty() : tensor<16x16xi1>
    %31 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%29 : tensor<16x16xi64>) outs(%30 : tensor<16x16xi1>) {
    ^bb0(%in: i64, %out: i1):
      %242 = arith.cmpi sgt, %in, %c0_i64 : i64
      linalg.yield %242 : i1
    } -> tensor<16x16xi1>
    %32 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%31 : tensor<16x16xi1>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i1, %out: i64):
      %242 = arith.extui %in : i1 to i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %33 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%32 : tensor<16x16xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i64, %out: i64):
      %242 = arith.muli %in, %c4_i64 : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %34 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%29 : tensor<16x16xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i64, %out: i64):
      %242 = math.absi %in : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %35 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%34 : tensor<16x16xi64>) outs(%30 : tensor<16x16xi1>) {
    ^bb0(%in: i64, %out: i1):
      %242 = arith.cmpi slt, %in, %c2_i64 : i64
      linalg.yield %242 : i1
    } -> tensor<16x16xi1>
    %36 = tensor.empty() : tensor<16x16xf32>
    %37 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%34 : tensor<16x16xi64>) outs(%36 : tensor<16x16xf32>) {
    ^bb0(%in: i64, %out: f32):
      %242 = arith.sitofp %in : i64 to f32
      linalg.yield %242 : f32
    } -> tensor<16x16xf32>
    %38 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%37 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_13 : f32
      linalg.yield %242 : f32
    } -> tensor<16x16xf32>
    %39 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%38 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.log %in : f32
      linalg.yield %242 : f32
    } -> tensor<16x16xf32>
    %40 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_10 : f64 to f32
      %243 = arith.divf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<16x16xf32>
    %41 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%40 : tensor<16x16xf32>) outs(%36 : tensor<16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.mulf %in, %cst_13 : f32
      linalg.yield %242 : f32
    } -> tensor<16x16xf32>
    %42 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%41 : tensor<16x16xf32>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: f32, %out: i64):
      %242 = arith.fptosi %in : f32 to i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %43 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%42 : tensor<16x16xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i64, %out: i64):
      %242 = arith.addi %in, %c2_i64 : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %44 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%43, %cst_19 : tensor<16x16xi64>, tensor<16x16xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i64, %in_110: i64, %out: i64):
      %242 = arith.minsi %in, %in_110 : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %45 = linalg.generic {indexing_maps = [#map12, #map12, #map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%35, %34, %44 : tensor<16x16xi1>, tensor<16x16xi64>, tensor<16x16xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i1, %in_110: i64, %in_111: i64, %out: i64):
      %242 = arith.select %in, %in_110, %in_111 : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %46 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%33, %45 : tensor<16x16xi64>, tensor<16x16xi64>) outs(%28 : tensor<16x16xi64>) {
    ^bb0(%in: i64, %in_110: i64, %out: i64):
      %242 = arith.addi %in, %in_110 : i64
      linalg.yield %242 : i64
    } -> tensor<16x16xi64>
    %47 = tensor.empty() : tensor<16x16x4xf32>
    %48 = linalg.generic {indexing_maps = [#map13, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%46 : tensor<16x16xi64>) outs(%47 : tensor<16x16x4xf32>) {
    ^bb0(%in: i64, %out: f32):
      %242 = arith.index_cast %in : i64 to index
      %243 = linalg.index 2 : index
      %244 = arith.cmpi slt, %242, %c8 : index
      cf.assert %244, "index must be smaller than dim size"
      %245 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %245, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg6[%242, %243] : tensor<8x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<16x16x4xf32>
    %49 = tensor.empty() : tensor<4x16x16xf32>
    %transposed_31 = linalg.transpose ins(%48 : tensor<16x16x4xf32>) outs(%49 : tensor<4x16x16xf32>) permutation = [2, 0, 1] 
    %expanded_32 = tensor.expand_shape %transposed_31 [[0, 1], [2], [3]] output_shape [1, 4, 16, 16] : tensor<4x16x16xf32> into tensor<1x4x16x16xf32>
    %50 = tensor.empty() : tensor<1x4x16x16xf32>
    %51 = linalg.generic {indexing_maps = [#map14, #map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %expanded_32, %cst_4 : tensor<1x1x16x16xi1>, tensor<1x4x16x16xf32>, tensor<f32>) outs(%50 : tensor<1x4x16x16xf32>) {
    ^bb0(%in: i1, %in_110: f32, %in_111: f32, %out: f32):
      %242 = arith.select %in, %in_110, %in_111 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x16xf32>
    %52 = tensor.empty() : tensor<1x4x8x16xf32>
    %transposed_33 = linalg.transpose ins(%expanded_25 : tensor<1x16x4x8xf32>) outs(%52 : tensor<1x4x8x16xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_34 = tensor.collapse_shape %transposed_23 [[0, 1], [2], [3]] : tensor<1x4x16x8xf32> into tensor<4x16x8xf32>
    %collapsed_35 = tensor.collapse_shape %transposed_33 [[0, 1], [2], [3]] : tensor<1x4x8x16xf32> into tensor<4x8x16xf32>
    %53 = linalg.fill ins(%cst : f32) outs(%49 : tensor<4x16x16xf32>) -> tensor<4x16x16xf32>
    %54 = linalg.batch_matmul ins(%collapsed_34, %collapsed_35 : tensor<4x16x8xf32>, tensor<4x8x16xf32>) outs(%53 : tensor<4x16x16xf32>) -> tensor<4x16x16xf32>
    %expanded_36 = tensor.expand_shape %54 [[0, 1], [2], [3]] output_shape [1, 4, 16, 16] : tensor<4x16x16xf32> into tensor<1x4x16x16xf32>
    %55 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_36, %51 : tensor<1x4x16x16xf32>, tensor<1x4x16x16xf32>) outs(%50 : tensor<1x4x16x16xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x16xf32>
    %56 = tensor.empty() : tensor<1x4x16xi64>
    %57 = linalg.fill ins(%c0_i64 : i64) outs(%56 : tensor<1x4x16xi64>) -> tensor<1x4x16xi64>
    %58 = tensor.empty() : tensor<1x4x16xf32>
    %59 = linalg.fill ins(%cst_0 : f32) outs(%58 : tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
    %60:2 = linalg.generic {indexing_maps = [#map1, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%55 : tensor<1x4x16x16xf32>) outs(%59, %57 : tensor<1x4x16xf32>, tensor<1x4x16xi64>) {
    ^bb0(%in: f32, %out: f32, %out_110: i64):
      %242 = linalg.index 3 : index
      %243 = arith.index_cast %242 : index to i64
      %244 = arith.maximumf %in, %out : f32
      %245 = arith.cmpf ogt, %in, %out : f32
      %246 = arith.select %245, %243, %out_110 : i64
      linalg.yield %244, %246 : f32, i64
    } -> (tensor<1x4x16xf32>, tensor<1x4x16xi64>)
    %expanded_37 = tensor.expand_shape %60#0 [[0], [1], [2, 3]] output_shape [1, 4, 16, 1] : tensor<1x4x16xf32> into tensor<1x4x16x1xf32>
    %61 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%55, %expanded_37 : tensor<1x4x16x16xf32>, tensor<1x4x16x1xf32>) outs(%50 : tensor<1x4x16x16xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.subf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x16xf32>
    %62 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%61 : tensor<1x4x16x16xf32>) outs(%50 : tensor<1x4x16x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.exp %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x16xf32>
    %63 = tensor.empty() : tensor<1x4x16x1xf32>
    %64 = linalg.fill ins(%cst : f32) outs(%63 : tensor<1x4x16x1xf32>) -> tensor<1x4x16x1xf32>
    %65 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%62 : tensor<1x4x16x16xf32>) outs(%64 : tensor<1x4x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x1xf32>
    %66 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%62, %65 : tensor<1x4x16x16xf32>, tensor<1x4x16x1xf32>) outs(%50 : tensor<1x4x16x16xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.divf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x16xf32>
    %67 = tensor.empty() : tensor<1x4x16x16xi1>
    %68 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%55 : tensor<1x4x16x16xf32>) outs(%67 : tensor<1x4x16x16xi1>) {
    ^bb0(%in: f32, %out: i1):
      %242 = arith.extf %in : f32 to f64
      %243 = arith.cmpf oeq, %242, %cst_9 : f64
      linalg.yield %243 : i1
    } -> tensor<1x4x16x16xi1>
    %69 = tensor.empty() : tensor<1x4x16x1xi1>
    %70 = linalg.fill ins(%true : i1) outs(%69 : tensor<1x4x16x1xi1>) -> tensor<1x4x16x1xi1>
    %71 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%68 : tensor<1x4x16x16xi1>) outs(%70 : tensor<1x4x16x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %242 = arith.andi %in, %out : i1
      linalg.yield %242 : i1
    } -> tensor<1x4x16x1xi1>
    %72 = linalg.generic {indexing_maps = [#map5, #map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71, %cst_3, %66 : tensor<1x4x16x1xi1>, tensor<1x4x16x16xf32>, tensor<1x4x16x16xf32>) outs(%50 : tensor<1x4x16x16xf32>) {
    ^bb0(%in: i1, %in_110: f32, %in_111: f32, %out: f32):
      %242 = arith.select %in, %in_110, %in_111 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x16x16xf32>
    %collapsed_38 = tensor.collapse_shape %72 [[0, 1], [2], [3]] : tensor<1x4x16x16xf32> into tensor<4x16x16xf32>
    %collapsed_39 = tensor.collapse_shape %transposed_28 [[0, 1], [2], [3]] : tensor<1x4x16x8xf32> into tensor<4x16x8xf32>
    %73 = tensor.empty() : tensor<4x16x8xf32>
    %74 = linalg.fill ins(%cst : f32) outs(%73 : tensor<4x16x8xf32>) -> tensor<4x16x8xf32>
    %75 = linalg.batch_matmul ins(%collapsed_38, %collapsed_39 : tensor<4x16x16xf32>, tensor<4x16x8xf32>) outs(%74 : tensor<4x16x8xf32>) -> tensor<4x16x8xf32>
    %expanded_40 = tensor.expand_shape %75 [[0, 1], [2], [3]] output_shape [1, 4, 16, 8] : tensor<4x16x8xf32> into tensor<1x4x16x8xf32>
    %76 = tensor.empty() : tensor<1x16x4x8xf32>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<1x4x16x8xf32>) outs(%76 : tensor<1x16x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_42 = linalg.transpose ins(%arg5 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_43 = tensor.collapse_shape %transposed_41 [[0, 1], [2, 3]] : tensor<1x16x4x8xf32> into tensor<16x32xf32>
    %77 = linalg.matmul ins(%collapsed_43, %transposed_42 : tensor<16x32xf32>, tensor<32x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_44 = tensor.expand_shape %77 [[0, 1], [2]] output_shape [1, 16, 32] : tensor<16x32xf32> into tensor<1x16x32xf32>
    %78 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice, %expanded_44 : tensor<1x16x32xf32>, tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %79 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78 : tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %80 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%79 : tensor<1x16x32xf32>) outs(%14 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %81 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %82 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x16x1xf32>
    %83 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %84 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %83 : tensor<1x16x32xf32>, tensor<1x16x1xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %85 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg11, %84 : tensor<32xf32>, tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %86 = tensor.empty() : tensor<32x48xf32>
    %transposed_45 = linalg.transpose ins(%arg8 : tensor<48x32xf32>) outs(%86 : tensor<32x48xf32>) permutation = [1, 0] 
    %collapsed_46 = tensor.collapse_shape %85 [[0, 1], [2]] : tensor<1x16x32xf32> into tensor<16x32xf32>
    %87 = tensor.empty() : tensor<16x48xf32>
    %88 = linalg.fill ins(%cst : f32) outs(%87 : tensor<16x48xf32>) -> tensor<16x48xf32>
    %89 = linalg.matmul ins(%collapsed_46, %transposed_45 : tensor<16x32xf32>, tensor<32x48xf32>) outs(%88 : tensor<16x48xf32>) -> tensor<16x48xf32>
    %expanded_47 = tensor.expand_shape %89 [[0, 1], [2]] output_shape [1, 16, 48] : tensor<16x48xf32> into tensor<1x16x48xf32>
    %90 = tensor.empty() : tensor<1x16x48xf32>
    %91 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_47 : tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.mulf %in, %cst_14 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %92 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_47 : tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %93 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_8 : f64 to f32
      %243 = arith.mulf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x16x48xf32>
    %94 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_47, %93 : tensor<1x16x48xf32>, tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %95 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_7 : f64 to f32
      %243 = arith.mulf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x16x48xf32>
    %96 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.tanh %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %97 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %cst_15 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %98 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91, %97 : tensor<1x16x48xf32>, tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %transposed_48 = linalg.transpose ins(%arg9 : tensor<48x32xf32>) outs(%86 : tensor<32x48xf32>) permutation = [1, 0] 
    %99 = linalg.matmul ins(%collapsed_46, %transposed_48 : tensor<16x32xf32>, tensor<32x48xf32>) outs(%88 : tensor<16x48xf32>) -> tensor<16x48xf32>
    %expanded_49 = tensor.expand_shape %99 [[0, 1], [2]] output_shape [1, 16, 48] : tensor<16x48xf32> into tensor<1x16x48xf32>
    %100 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %expanded_49 : tensor<1x16x48xf32>, tensor<1x16x48xf32>) outs(%90 : tensor<1x16x48xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x48xf32>
    %101 = tensor.empty() : tensor<48x32xf32>
    %transposed_50 = linalg.transpose ins(%arg10 : tensor<32x48xf32>) outs(%101 : tensor<48x32xf32>) permutation = [1, 0] 
    %collapsed_51 = tensor.collapse_shape %100 [[0, 1], [2]] : tensor<1x16x48xf32> into tensor<16x48xf32>
    %102 = linalg.matmul ins(%collapsed_51, %transposed_50 : tensor<16x48xf32>, tensor<48x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_52 = tensor.expand_shape %102 [[0, 1], [2]] output_shape [1, 16, 32] : tensor<16x32xf32> into tensor<1x16x32xf32>
    %103 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %expanded_52 : tensor<1x16x32xf32>, tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %104 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %105 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<1x16x32xf32>) outs(%14 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %106 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %107 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x16x1xf32>
    %108 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x16x1xf32>) outs(%13 : tensor<1x16x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x1xf32>
    %109 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %108 : tensor<1x16x32xf32>, tensor<1x16x1xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %110 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg12, %109 : tensor<32xf32>, tensor<1x16x32xf32>) outs(%11 : tensor<1x16x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x16x32xf32>
    %111 = tensor.empty() : tensor<24xi64>
    %112 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%111 : tensor<24xi64>) {
    ^bb0(%out: i64):
      %242 = linalg.index 0 : index
      %243 = arith.index_cast %242 : index to i64
      linalg.yield %243 : i64
    } -> tensor<24xi64>
    %expanded_53 = tensor.expand_shape %112 [[0, 1, 2, 3]] output_shape [1, 1, 24, 1] : tensor<24xi64> into tensor<1x1x24x1xi64>
    %expanded_54 = tensor.expand_shape %112 [[0, 1, 2, 3]] output_shape [1, 1, 1, 24] : tensor<24xi64> into tensor<1x1x1x24xi64>
    %113 = tensor.empty() : tensor<1x1x24x24xi1>
    %114 = linalg.generic {indexing_maps = [#map6, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_54, %expanded_53 : tensor<1x1x1x24xi64>, tensor<1x1x24x1xi64>) outs(%113 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i64, %in_110: i64, %out: i1):
      %242 = arith.cmpi sle, %in, %in_110 : i64
      linalg.yield %242 : i1
    } -> tensor<1x1x24x24xi1>
    %115 = tensor.empty() : tensor<1x1x24x1xi1>
    %116 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_53 : tensor<1x1x24x1xi64>) outs(%115 : tensor<1x1x24x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %242 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %242 : i1
    } -> tensor<1x1x24x1xi1>
    %117 = linalg.generic {indexing_maps = [#map2, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_5, %116 : tensor<i1>, tensor<1x1x24x1xi1>) outs(%115 : tensor<1x1x24x1xi1>) {
    ^bb0(%in: i1, %in_110: i1, %out: i1):
      %242 = arith.andi %in, %in_110 : i1
      linalg.yield %242 : i1
    } -> tensor<1x1x24x1xi1>
    %118 = tensor.empty() : tensor<1x1x24x16xi1>
    %119 = linalg.generic {indexing_maps = [#map5, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%117, %8 : tensor<1x1x24x1xi1>, tensor<1x1x1x16xi1>) outs(%118 : tensor<1x1x24x16xi1>) {
    ^bb0(%in: i1, %in_110: i1, %out: i1):
      %242 = arith.andi %in, %in_110 : i1
      linalg.yield %242 : i1
    } -> tensor<1x1x24x16xi1>
    %120 = tensor.empty() : tensor<1x24x32xf32>
    %121 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %122 = tensor.empty() : tensor<1x24x1xf32>
    %123 = linalg.fill ins(%cst : f32) outs(%122 : tensor<1x24x1xf32>) -> tensor<1x24x1xf32>
    %124 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%121 : tensor<1x24x32xf32>) outs(%123 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %125 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %126 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x24x1xf32>
    %127 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %128 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %127 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %129 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg18, %128 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %transposed_55 = linalg.transpose ins(%arg13 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_56 = tensor.collapse_shape %129 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %130 = tensor.empty() : tensor<24x32xf32>
    %131 = linalg.fill ins(%cst : f32) outs(%130 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %132 = linalg.matmul ins(%collapsed_56, %transposed_55 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_57 = tensor.expand_shape %132 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %133 = tensor.empty() : tensor<1x4x24x8xf32>
    %transposed_58 = linalg.transpose ins(%expanded_57 : tensor<1x24x4x8xf32>) outs(%133 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_59 = linalg.transpose ins(%arg14 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %134 = linalg.matmul ins(%collapsed_56, %transposed_59 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_60 = tensor.expand_shape %134 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_61 = linalg.transpose ins(%arg15 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %135 = linalg.matmul ins(%collapsed_56, %transposed_61 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_62 = tensor.expand_shape %135 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_63 = linalg.transpose ins(%expanded_62 : tensor<1x24x4x8xf32>) outs(%133 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %expanded_64 = tensor.expand_shape %112 [[0, 1]] output_shape [24, 1] : tensor<24xi64> into tensor<24x1xi64>
    %expanded_65 = tensor.expand_shape %112 [[0, 1]] output_shape [1, 24] : tensor<24xi64> into tensor<1x24xi64>
    %136 = tensor.empty() : tensor<24x24xi64>
    %137 = linalg.generic {indexing_maps = [#map10, #map11, #map12], iterator_types = ["parallel", "parallel"]} ins(%expanded_65, %expanded_64 : tensor<1x24xi64>, tensor<24x1xi64>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: i64, %in_110: i64, %out: i64):
      %242 = arith.subi %in, %in_110 : i64
      linalg.yield %242 : i64
    } -> tensor<24x24xi64>
    %138 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%137, %cst_18 : tensor<24x24xi64>, tensor<24x24xi64>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: i64, %in_110: i64, %out: i64):
      %242 = arith.minsi %in, %in_110 : i64
      linalg.yield %242 : i64
    } -> tensor<24x24xi64>
    %139 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%138 : tensor<24x24xi64>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: i64, %out: i64):
      %242 = arith.sitofp %in : i64 to f32
      %243 = arith.negf %242 : f32
      %244 = arith.fptosi %243 : f32 to i64
      linalg.yield %244 : i64
    } -> tensor<24x24xi64>
    %140 = tensor.empty() : tensor<24x24xi1>
    %141 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%139 : tensor<24x24xi64>) outs(%140 : tensor<24x24xi1>) {
    ^bb0(%in: i64, %out: i1):
      %242 = arith.cmpi slt, %in, %c4_i64 : i64
      linalg.yield %242 : i1
    } -> tensor<24x24xi1>
    %142 = tensor.empty() : tensor<24x24xf32>
    %143 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%139 : tensor<24x24xi64>) outs(%142 : tensor<24x24xf32>) {
    ^bb0(%in: i64, %out: f32):
      %242 = arith.sitofp %in : i64 to f32
      linalg.yield %242 : f32
    } -> tensor<24x24xf32>
    %144 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%143 : tensor<24x24xf32>) outs(%142 : tensor<24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_16 : f32
      linalg.yield %242 : f32
    } -> tensor<24x24xf32>
    %145 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%144 : tensor<24x24xf32>) outs(%142 : tensor<24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.log %in : f32
      linalg.yield %242 : f32
    } -> tensor<24x24xf32>
    %146 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%145 : tensor<24x24xf32>) outs(%142 : tensor<24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_6 : f64 to f32
      %243 = arith.divf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<24x24xf32>
    %147 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%146 : tensor<24x24xf32>) outs(%142 : tensor<24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.mulf %in, %cst_16 : f32
      linalg.yield %242 : f32
    } -> tensor<24x24xf32>
    %148 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%147 : tensor<24x24xf32>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: f32, %out: i64):
      %242 = arith.fptosi %in : f32 to i64
      linalg.yield %242 : i64
    } -> tensor<24x24xi64>
    %149 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%148 : tensor<24x24xi64>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: i64, %out: i64):
      %242 = arith.addi %in, %c4_i64 : i64
      linalg.yield %242 : i64
    } -> tensor<24x24xi64>
    %150 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%149, %cst_17 : tensor<24x24xi64>, tensor<24x24xi64>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: i64, %in_110: i64, %out: i64):
      %242 = arith.minsi %in, %in_110 : i64
      linalg.yield %242 : i64
    } -> tensor<24x24xi64>
    %151 = linalg.generic {indexing_maps = [#map12, #map12, #map12, #map12], iterator_types = ["parallel", "parallel"]} ins(%141, %139, %150 : tensor<24x24xi1>, tensor<24x24xi64>, tensor<24x24xi64>) outs(%136 : tensor<24x24xi64>) {
    ^bb0(%in: i1, %in_110: i64, %in_111: i64, %out: i64):
      %242 = arith.select %in, %in_110, %in_111 : i64
      linalg.yield %242 : i64
    } -> tensor<24x24xi64>
    %152 = tensor.empty() : tensor<24x24x4xf32>
    %153 = linalg.generic {indexing_maps = [#map13, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151 : tensor<24x24xi64>) outs(%152 : tensor<24x24x4xf32>) {
    ^bb0(%in: i64, %out: f32):
      %242 = arith.index_cast %in : i64 to index
      %243 = linalg.index 2 : index
      %244 = arith.cmpi slt, %242, %c8 : index
      cf.assert %244, "index must be smaller than dim size"
      %245 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %245, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg17[%242, %243] : tensor<8x4xf32>
      linalg.yield %extracted : f32
    } -> tensor<24x24x4xf32>
    %154 = tensor.empty() : tensor<4x24x24xf32>
    %transposed_66 = linalg.transpose ins(%153 : tensor<24x24x4xf32>) outs(%154 : tensor<4x24x24xf32>) permutation = [2, 0, 1] 
    %expanded_67 = tensor.expand_shape %transposed_66 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %155 = tensor.empty() : tensor<1x4x24x24xf32>
    %156 = linalg.generic {indexing_maps = [#map14, #map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%114, %expanded_67, %cst_4 : tensor<1x1x24x24xi1>, tensor<1x4x24x24xf32>, tensor<f32>) outs(%155 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: i1, %in_110: f32, %in_111: f32, %out: f32):
      %242 = arith.select %in, %in_110, %in_111 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x24xf32>
    %157 = tensor.empty() : tensor<1x4x8x24xf32>
    %transposed_68 = linalg.transpose ins(%expanded_60 : tensor<1x24x4x8xf32>) outs(%157 : tensor<1x4x8x24xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_69 = tensor.collapse_shape %transposed_58 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_70 = tensor.collapse_shape %transposed_68 [[0, 1], [2], [3]] : tensor<1x4x8x24xf32> into tensor<4x8x24xf32>
    %158 = linalg.fill ins(%cst : f32) outs(%154 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %159 = linalg.batch_matmul ins(%collapsed_69, %collapsed_70 : tensor<4x24x8xf32>, tensor<4x8x24xf32>) outs(%158 : tensor<4x24x24xf32>) -> tensor<4x24x24xf32>
    %expanded_71 = tensor.expand_shape %159 [[0, 1], [2], [3]] output_shape [1, 4, 24, 24] : tensor<4x24x24xf32> into tensor<1x4x24x24xf32>
    %160 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_71, %156 : tensor<1x4x24x24xf32>, tensor<1x4x24x24xf32>) outs(%155 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x24xf32>
    %161 = tensor.empty() : tensor<1x4x24xi64>
    %162 = linalg.fill ins(%c0_i64 : i64) outs(%161 : tensor<1x4x24xi64>) -> tensor<1x4x24xi64>
    %163 = tensor.empty() : tensor<1x4x24xf32>
    %164 = linalg.fill ins(%cst_0 : f32) outs(%163 : tensor<1x4x24xf32>) -> tensor<1x4x24xf32>
    %165:2 = linalg.generic {indexing_maps = [#map1, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%160 : tensor<1x4x24x24xf32>) outs(%164, %162 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_110: i64):
      %242 = linalg.index 3 : index
      %243 = arith.index_cast %242 : index to i64
      %244 = arith.maximumf %in, %out : f32
      %245 = arith.cmpf ogt, %in, %out : f32
      %246 = arith.select %245, %243, %out_110 : i64
      linalg.yield %244, %246 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_72 = tensor.expand_shape %165#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %166 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%160, %expanded_72 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%155 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.subf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x24xf32>
    %167 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%166 : tensor<1x4x24x24xf32>) outs(%155 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.exp %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x24xf32>
    %168 = tensor.empty() : tensor<1x4x24x1xf32>
    %169 = linalg.fill ins(%cst : f32) outs(%168 : tensor<1x4x24x1xf32>) -> tensor<1x4x24x1xf32>
    %170 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%167 : tensor<1x4x24x24xf32>) outs(%169 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x1xf32>
    %171 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%167, %170 : tensor<1x4x24x24xf32>, tensor<1x4x24x1xf32>) outs(%155 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.divf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x24xf32>
    %172 = tensor.empty() : tensor<1x4x24x24xi1>
    %173 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%160 : tensor<1x4x24x24xf32>) outs(%172 : tensor<1x4x24x24xi1>) {
    ^bb0(%in: f32, %out: i1):
      %242 = arith.extf %in : f32 to f64
      %243 = arith.cmpf oeq, %242, %cst_9 : f64
      linalg.yield %243 : i1
    } -> tensor<1x4x24x24xi1>
    %174 = tensor.empty() : tensor<1x4x24x1xi1>
    %175 = linalg.fill ins(%true : i1) outs(%174 : tensor<1x4x24x1xi1>) -> tensor<1x4x24x1xi1>
    %176 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%173 : tensor<1x4x24x24xi1>) outs(%175 : tensor<1x4x24x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %242 = arith.andi %in, %out : i1
      linalg.yield %242 : i1
    } -> tensor<1x4x24x1xi1>
    %177 = linalg.generic {indexing_maps = [#map5, #map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%176, %cst_2, %171 : tensor<1x4x24x1xi1>, tensor<1x4x24x24xf32>, tensor<1x4x24x24xf32>) outs(%155 : tensor<1x4x24x24xf32>) {
    ^bb0(%in: i1, %in_110: f32, %in_111: f32, %out: f32):
      %242 = arith.select %in, %in_110, %in_111 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x24xf32>
    %collapsed_73 = tensor.collapse_shape %177 [[0, 1], [2], [3]] : tensor<1x4x24x24xf32> into tensor<4x24x24xf32>
    %collapsed_74 = tensor.collapse_shape %transposed_63 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %178 = tensor.empty() : tensor<4x24x8xf32>
    %179 = linalg.fill ins(%cst : f32) outs(%178 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %180 = linalg.batch_matmul ins(%collapsed_73, %collapsed_74 : tensor<4x24x24xf32>, tensor<4x24x8xf32>) outs(%179 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_75 = tensor.expand_shape %180 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %181 = tensor.empty() : tensor<1x24x4x8xf32>
    %transposed_76 = linalg.transpose ins(%expanded_75 : tensor<1x4x24x8xf32>) outs(%181 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_77 = linalg.transpose ins(%arg16 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_78 = tensor.collapse_shape %transposed_76 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %182 = linalg.matmul ins(%collapsed_78, %transposed_77 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_79 = tensor.expand_shape %182 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %183 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %expanded_79 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %184 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%183 : tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %185 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%184 : tensor<1x24x32xf32>) outs(%123 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %186 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%185 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %187 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%186 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x24x1xf32>
    %188 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%187 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %189 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%183, %188 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %190 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg23, %189 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %transposed_80 = linalg.transpose ins(%arg19 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_81 = tensor.collapse_shape %190 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %191 = linalg.matmul ins(%collapsed_81, %transposed_80 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_82 = tensor.expand_shape %191 [[0, 1], [2, 3]] output_shape [1, 24, 4, 8] : tensor<24x32xf32> into tensor<1x24x4x8xf32>
    %transposed_83 = linalg.transpose ins(%expanded_82 : tensor<1x24x4x8xf32>) outs(%133 : tensor<1x4x24x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_84 = linalg.transpose ins(%arg20 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_85 = tensor.collapse_shape %110 [[0, 1], [2]] : tensor<1x16x32xf32> into tensor<16x32xf32>
    %192 = linalg.matmul ins(%collapsed_85, %transposed_84 : tensor<16x32xf32>, tensor<32x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_86 = tensor.expand_shape %192 [[0, 1], [2, 3]] output_shape [1, 16, 4, 8] : tensor<16x32xf32> into tensor<1x16x4x8xf32>
    %transposed_87 = linalg.transpose ins(%arg21 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %193 = linalg.matmul ins(%collapsed_85, %transposed_87 : tensor<16x32xf32>, tensor<32x32xf32>) outs(%23 : tensor<16x32xf32>) -> tensor<16x32xf32>
    %expanded_88 = tensor.expand_shape %193 [[0, 1], [2, 3]] output_shape [1, 16, 4, 8] : tensor<16x32xf32> into tensor<1x16x4x8xf32>
    %transposed_89 = linalg.transpose ins(%expanded_88 : tensor<1x16x4x8xf32>) outs(%25 : tensor<1x4x16x8xf32>) permutation = [0, 2, 1, 3] 
    %194 = tensor.empty() : tensor<1x4x24x16xf32>
    %195 = linalg.generic {indexing_maps = [#map14, #map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%119, %cst_1, %cst_4 : tensor<1x1x24x16xi1>, tensor<1x4x24x16xf32>, tensor<f32>) outs(%194 : tensor<1x4x24x16xf32>) {
    ^bb0(%in: i1, %in_110: f32, %in_111: f32, %out: f32):
      %242 = arith.select %in, %in_110, %in_111 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x16xf32>
    %transposed_90 = linalg.transpose ins(%expanded_86 : tensor<1x16x4x8xf32>) outs(%52 : tensor<1x4x8x16xf32>) permutation = [0, 2, 3, 1] 
    %collapsed_91 = tensor.collapse_shape %transposed_83 [[0, 1], [2], [3]] : tensor<1x4x24x8xf32> into tensor<4x24x8xf32>
    %collapsed_92 = tensor.collapse_shape %transposed_90 [[0, 1], [2], [3]] : tensor<1x4x8x16xf32> into tensor<4x8x16xf32>
    %196 = tensor.empty() : tensor<4x24x16xf32>
    %197 = linalg.fill ins(%cst : f32) outs(%196 : tensor<4x24x16xf32>) -> tensor<4x24x16xf32>
    %198 = linalg.batch_matmul ins(%collapsed_91, %collapsed_92 : tensor<4x24x8xf32>, tensor<4x8x16xf32>) outs(%197 : tensor<4x24x16xf32>) -> tensor<4x24x16xf32>
    %expanded_93 = tensor.expand_shape %198 [[0, 1], [2], [3]] output_shape [1, 4, 24, 16] : tensor<4x24x16xf32> into tensor<1x4x24x16xf32>
    %199 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_93, %195 : tensor<1x4x24x16xf32>, tensor<1x4x24x16xf32>) outs(%194 : tensor<1x4x24x16xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x16xf32>
    %200:2 = linalg.generic {indexing_maps = [#map1, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%199 : tensor<1x4x24x16xf32>) outs(%164, %162 : tensor<1x4x24xf32>, tensor<1x4x24xi64>) {
    ^bb0(%in: f32, %out: f32, %out_110: i64):
      %242 = linalg.index 3 : index
      %243 = arith.index_cast %242 : index to i64
      %244 = arith.maximumf %in, %out : f32
      %245 = arith.cmpf ogt, %in, %out : f32
      %246 = arith.select %245, %243, %out_110 : i64
      linalg.yield %244, %246 : f32, i64
    } -> (tensor<1x4x24xf32>, tensor<1x4x24xi64>)
    %expanded_94 = tensor.expand_shape %200#0 [[0], [1], [2, 3]] output_shape [1, 4, 24, 1] : tensor<1x4x24xf32> into tensor<1x4x24x1xf32>
    %201 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%199, %expanded_94 : tensor<1x4x24x16xf32>, tensor<1x4x24x1xf32>) outs(%194 : tensor<1x4x24x16xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.subf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x16xf32>
    %202 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%201 : tensor<1x4x24x16xf32>) outs(%194 : tensor<1x4x24x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.exp %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x16xf32>
    %203 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%202 : tensor<1x4x24x16xf32>) outs(%169 : tensor<1x4x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x1xf32>
    %204 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%202, %203 : tensor<1x4x24x16xf32>, tensor<1x4x24x1xf32>) outs(%194 : tensor<1x4x24x16xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.divf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x16xf32>
    %205 = tensor.empty() : tensor<1x4x24x16xi1>
    %206 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%199 : tensor<1x4x24x16xf32>) outs(%205 : tensor<1x4x24x16xi1>) {
    ^bb0(%in: f32, %out: i1):
      %242 = arith.extf %in : f32 to f64
      %243 = arith.cmpf oeq, %242, %cst_9 : f64
      linalg.yield %243 : i1
    } -> tensor<1x4x24x16xi1>
    %207 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%206 : tensor<1x4x24x16xi1>) outs(%175 : tensor<1x4x24x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %242 = arith.andi %in, %out : i1
      linalg.yield %242 : i1
    } -> tensor<1x4x24x1xi1>
    %208 = linalg.generic {indexing_maps = [#map5, #map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%207, %cst_1, %204 : tensor<1x4x24x1xi1>, tensor<1x4x24x16xf32>, tensor<1x4x24x16xf32>) outs(%194 : tensor<1x4x24x16xf32>) {
    ^bb0(%in: i1, %in_110: f32, %in_111: f32, %out: f32):
      %242 = arith.select %in, %in_110, %in_111 : f32
      linalg.yield %242 : f32
    } -> tensor<1x4x24x16xf32>
    %collapsed_95 = tensor.collapse_shape %208 [[0, 1], [2], [3]] : tensor<1x4x24x16xf32> into tensor<4x24x16xf32>
    %collapsed_96 = tensor.collapse_shape %transposed_89 [[0, 1], [2], [3]] : tensor<1x4x16x8xf32> into tensor<4x16x8xf32>
    %209 = linalg.batch_matmul ins(%collapsed_95, %collapsed_96 : tensor<4x24x16xf32>, tensor<4x16x8xf32>) outs(%179 : tensor<4x24x8xf32>) -> tensor<4x24x8xf32>
    %expanded_97 = tensor.expand_shape %209 [[0, 1], [2], [3]] output_shape [1, 4, 24, 8] : tensor<4x24x8xf32> into tensor<1x4x24x8xf32>
    %transposed_98 = linalg.transpose ins(%expanded_97 : tensor<1x4x24x8xf32>) outs(%181 : tensor<1x24x4x8xf32>) permutation = [0, 2, 1, 3] 
    %transposed_99 = linalg.transpose ins(%arg22 : tensor<32x32xf32>) outs(%21 : tensor<32x32xf32>) permutation = [1, 0] 
    %collapsed_100 = tensor.collapse_shape %transposed_98 [[0, 1], [2, 3]] : tensor<1x24x4x8xf32> into tensor<24x32xf32>
    %210 = linalg.matmul ins(%collapsed_100, %transposed_99 : tensor<24x32xf32>, tensor<32x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_101 = tensor.expand_shape %210 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %211 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%183, %expanded_101 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %212 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%211 : tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %213 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%212 : tensor<1x24x32xf32>) outs(%123 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %214 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%213 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %215 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%214 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x24x1xf32>
    %216 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%215 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %217 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%211, %216 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %218 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg27, %217 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %transposed_102 = linalg.transpose ins(%arg24 : tensor<48x32xf32>) outs(%86 : tensor<32x48xf32>) permutation = [1, 0] 
    %collapsed_103 = tensor.collapse_shape %218 [[0, 1], [2]] : tensor<1x24x32xf32> into tensor<24x32xf32>
    %219 = tensor.empty() : tensor<24x48xf32>
    %220 = linalg.fill ins(%cst : f32) outs(%219 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %221 = linalg.matmul ins(%collapsed_103, %transposed_102 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%220 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_104 = tensor.expand_shape %221 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %222 = tensor.empty() : tensor<1x24x48xf32>
    %223 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_104 : tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.mulf %in, %cst_14 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %224 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_104 : tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %225 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%224 : tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_8 : f64 to f32
      %243 = arith.mulf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x24x48xf32>
    %226 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_104, %225 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %227 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%226 : tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_7 : f64 to f32
      %243 = arith.mulf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x24x48xf32>
    %228 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%227 : tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.tanh %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %229 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%228 : tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %cst_15 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %230 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%223, %229 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %transposed_105 = linalg.transpose ins(%arg25 : tensor<48x32xf32>) outs(%86 : tensor<32x48xf32>) permutation = [1, 0] 
    %231 = linalg.matmul ins(%collapsed_103, %transposed_105 : tensor<24x32xf32>, tensor<32x48xf32>) outs(%220 : tensor<24x48xf32>) -> tensor<24x48xf32>
    %expanded_106 = tensor.expand_shape %231 [[0, 1], [2]] output_shape [1, 24, 48] : tensor<24x48xf32> into tensor<1x24x48xf32>
    %232 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%230, %expanded_106 : tensor<1x24x48xf32>, tensor<1x24x48xf32>) outs(%222 : tensor<1x24x48xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x48xf32>
    %transposed_107 = linalg.transpose ins(%arg26 : tensor<32x48xf32>) outs(%101 : tensor<48x32xf32>) permutation = [1, 0] 
    %collapsed_108 = tensor.collapse_shape %232 [[0, 1], [2]] : tensor<1x24x48xf32> into tensor<24x48xf32>
    %233 = linalg.matmul ins(%collapsed_108, %transposed_107 : tensor<24x48xf32>, tensor<48x32xf32>) outs(%131 : tensor<24x32xf32>) -> tensor<24x32xf32>
    %expanded_109 = tensor.expand_shape %233 [[0, 1], [2]] output_shape [1, 24, 32] : tensor<24x32xf32> into tensor<1x24x32xf32>
    %234 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%211, %expanded_109 : tensor<1x24x32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.addf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %235 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%234 : tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %236 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%235 : tensor<1x24x32xf32>) outs(%123 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.addf %in, %out : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %237 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%236 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.divf %in, %cst_12 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %238 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%237 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = arith.truncf %cst_11 : f64 to f32
      %243 = arith.addf %in, %242 : f32
      linalg.yield %243 : f32
    } -> tensor<1x24x1xf32>
    %239 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%238 : tensor<1x24x1xf32>) outs(%122 : tensor<1x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %242 = math.rsqrt %in : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x1xf32>
    %240 = linalg.generic {indexing_maps = [#map7, #map8, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%234, %239 : tensor<1x24x32xf32>, tensor<1x24x1xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    %241 = linalg.generic {indexing_maps = [#map9, #map7, #map7], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg28, %240 : tensor<32xf32>, tensor<1x24x32xf32>) outs(%120 : tensor<1x24x32xf32>) {
    ^bb0(%in: f32, %in_110: f32, %out: f32):
      %242 = arith.mulf %in, %in_110 : f32
      linalg.yield %242 : f32
    } -> tensor<1x24x32xf32>
    return %241 : tensor<1x24x32xf32>
  }
}
