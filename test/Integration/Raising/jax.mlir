// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05

// CHECK: spattn.attention structure(#spattn.window<left = 9, right = 0>)
// CHECK-NOT: spattn.attention

#map = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d2, d1, d3, d5)>
#map1 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d4, d1, d5)>
#map2 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4)>
#map3 = affine_map<(d0, d1, d2, d3, d4) -> ()>
#map4 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map5 = affine_map<(d0, d1, d2, d3) -> ()>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0, d1) -> ()>
#map8 = affine_map<(d0, d1) -> (d0, d1)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map10 = affine_map<(d0, d1, d2, d3) -> (0, 0, d2, d3)>
#map11 = affine_map<(d0, d1) -> (d0)>
#map12 = affine_map<(d0, d1) -> (d1)>
#map13 = affine_map<(d0, d1) -> (d0, 0)>
#map14 = affine_map<(d0, d1) -> (0, d1)>
#map15 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map16 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, 0)>
#map17 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d5, d1, d2)>
#map18 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d0, d1, d4, d5)>
#map19 = affine_map<(d0, d1, d2, d3, d4) -> (d1, d3, d4, d0, d2)>
#map20 = affine_map<(d0, d1, d2, d3, d4) -> (d3, d0, d1, d2, d4)>
#map21 = affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d3, d4)>
#map22 = affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d3, d0, d4)>
module @jit_attention attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<2x24x4x8xf32>, %arg1: tensor<2x24x2x8xf32>, %arg2: tensor<2x24x2x8xf32>) -> (tensor<2x24x4x8xf32> {jax.result_info = "result"}) {
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_1 = arith.constant dense<-2.38197633E+38> : tensor<f32>
    %cst_2 = arith.constant dense<0> : tensor<i32>
    %cst_3 = arith.constant dense<9> : tensor<i32>
    %cst_4 = arith.constant dense<true> : tensor<i1>
    %cst_5 = arith.constant dense<0.353553385> : tensor<f32>
    %cst_6 = arith.constant 0.000000e+00 : f32
    %cst_7 = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]> : tensor<24xi32>
    %expanded = tensor.expand_shape %arg0 [[0], [1], [2, 3], [4]] output_shape [2, 24, 2, 2, 8] : tensor<2x24x4x8xf32> into tensor<2x24x2x2x8xf32>
    %0 = tensor.empty() : tensor<2x2x24x2x24xf32>
    %1 = linalg.fill ins(%cst_6 : f32) outs(%0 : tensor<2x2x24x2x24xf32>) -> tensor<2x2x24x2x24xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%expanded, %arg1 : tensor<2x24x2x2x8xf32>, tensor<2x24x2x8xf32>) outs(%1 : tensor<2x2x24x2x24xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %56 = arith.mulf %in, %in_8 : f32
      %57 = arith.addf %out, %56 : f32
      linalg.yield %57 : f32
    } -> tensor<2x2x24x2x24xf32>
    %3 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%cst_5 : tensor<f32>) outs(%0 : tensor<2x2x24x2x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x24x2x24xf32>
    %4 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%2, %3 : tensor<2x2x24x2x24xf32>, tensor<2x2x24x2x24xf32>) outs(%0 : tensor<2x2x24x2x24xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %56 = arith.mulf %in, %in_8 : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x24x2x24xf32>
    %5 = tensor.empty() : tensor<2x2x24x24xi1>
    %6 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4 : tensor<i1>) outs(%5 : tensor<2x2x24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x2x24x24xi1>
    %7 = tensor.empty() : tensor<24x24xi1>
    %8 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst_4 : tensor<i1>) outs(%7 : tensor<24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<24x24xi1>
    %9 = call @tril(%8) : (tensor<24x24xi1>) -> tensor<24x24xi1>
    %10 = tensor.empty() : tensor<1x1x24x24xi1>
    %11 = linalg.generic {indexing_maps = [#map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9 : tensor<24x24xi1>) outs(%10 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<1x1x24x24xi1>
    %12 = linalg.generic {indexing_maps = [#map10, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11 : tensor<1x1x24x24xi1>) outs(%5 : tensor<2x2x24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x2x24x24xi1>
    %13 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %12 : tensor<2x2x24x24xi1>, tensor<2x2x24x24xi1>) outs(%5 : tensor<2x2x24x24xi1>) {
    ^bb0(%in: i1, %in_8: i1, %out: i1):
      %56 = arith.andi %in, %in_8 : i1
      linalg.yield %56 : i1
    } -> tensor<2x2x24x24xi1>
    %14 = tensor.empty() : tensor<24x1xi32>
    %15 = linalg.generic {indexing_maps = [#map11, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst_7 : tensor<24xi32>) outs(%14 : tensor<24x1xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<24x1xi32>
    %16 = tensor.empty() : tensor<1x24xi32>
    %17 = linalg.generic {indexing_maps = [#map12, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst_7 : tensor<24xi32>) outs(%16 : tensor<1x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<1x24xi32>
    %18 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : tensor<i32>) outs(%16 : tensor<1x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<1x24xi32>
    %19 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%17, %18 : tensor<1x24xi32>, tensor<1x24xi32>) outs(%16 : tensor<1x24xi32>) {
    ^bb0(%in: i32, %in_8: i32, %out: i32):
      %56 = arith.addi %in, %in_8 : i32
      linalg.yield %56 : i32
    } -> tensor<1x24xi32>
    %20 = tensor.empty() : tensor<24x24xi32>
    %21 = linalg.generic {indexing_maps = [#map13, #map8], iterator_types = ["parallel", "parallel"]} ins(%15 : tensor<24x1xi32>) outs(%20 : tensor<24x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<24x24xi32>
    %22 = linalg.generic {indexing_maps = [#map14, #map8], iterator_types = ["parallel", "parallel"]} ins(%19 : tensor<1x24xi32>) outs(%20 : tensor<24x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<24x24xi32>
    %23 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%21, %22 : tensor<24x24xi32>, tensor<24x24xi32>) outs(%7 : tensor<24x24xi1>) {
    ^bb0(%in: i32, %in_8: i32, %out: i1):
      %56 = arith.cmpi sle, %in, %in_8 : i32
      linalg.yield %56 : i1
    } -> tensor<24x24xi1>
    %24 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<i32>) outs(%16 : tensor<1x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<1x24xi32>
    %25 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%17, %24 : tensor<1x24xi32>, tensor<1x24xi32>) outs(%16 : tensor<1x24xi32>) {
    ^bb0(%in: i32, %in_8: i32, %out: i32):
      %56 = arith.subi %in, %in_8 : i32
      linalg.yield %56 : i32
    } -> tensor<1x24xi32>
    %26 = linalg.generic {indexing_maps = [#map14, #map8], iterator_types = ["parallel", "parallel"]} ins(%25 : tensor<1x24xi32>) outs(%20 : tensor<24x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<24x24xi32>
    %27 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%21, %26 : tensor<24x24xi32>, tensor<24x24xi32>) outs(%7 : tensor<24x24xi1>) {
    ^bb0(%in: i32, %in_8: i32, %out: i1):
      %56 = arith.cmpi sge, %in, %in_8 : i32
      linalg.yield %56 : i1
    } -> tensor<24x24xi1>
    %28 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%27, %23 : tensor<24x24xi1>, tensor<24x24xi1>) outs(%7 : tensor<24x24xi1>) {
    ^bb0(%in: i1, %in_8: i1, %out: i1):
      %56 = arith.andi %in, %in_8 : i1
      linalg.yield %56 : i1
    } -> tensor<24x24xi1>
    %29 = linalg.generic {indexing_maps = [#map9, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%28 : tensor<24x24xi1>) outs(%10 : tensor<1x1x24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<1x1x24x24xi1>
    %30 = linalg.generic {indexing_maps = [#map10, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%29 : tensor<1x1x24x24xi1>) outs(%5 : tensor<2x2x24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x2x24x24xi1>
    %31 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%13, %30 : tensor<2x2x24x24xi1>, tensor<2x2x24x24xi1>) outs(%5 : tensor<2x2x24x24xi1>) {
    ^bb0(%in: i1, %in_8: i1, %out: i1):
      %56 = arith.andi %in, %in_8 : i1
      linalg.yield %56 : i1
    } -> tensor<2x2x24x24xi1>
    %32 = call @_where(%31, %4, %cst_1) : (tensor<2x2x24x24xi1>, tensor<2x2x24x2x24xf32>, tensor<f32>) -> tensor<2x2x2x24x24xf32>
    %33 = tensor.empty() : tensor<2x2x2x24xf32>
    %34 = linalg.fill ins(%cst : f32) outs(%33 : tensor<2x2x2x24xf32>) -> tensor<2x2x2x24xf32>
    %35 = linalg.generic {indexing_maps = [#map4, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%32 : tensor<2x2x2x24x24xf32>) outs(%34 : tensor<2x2x2x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %56 = arith.maximumf %out, %in : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x2x24xf32>
    %36 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_0 : tensor<f32>) outs(%33 : tensor<2x2x2x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24xf32>
    %37 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%36, %35 : tensor<2x2x2x24xf32>, tensor<2x2x2x24xf32>) outs(%33 : tensor<2x2x2x24xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %56 = arith.maximumf %in, %in_8 : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x2x24xf32>
    %38 = tensor.empty() : tensor<2x2x2x24x1xf32>
    %39 = linalg.generic {indexing_maps = [#map15, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%37 : tensor<2x2x2x24xf32>) outs(%38 : tensor<2x2x2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24x1xf32>
    %40 = tensor.empty() : tensor<2x2x2x24x24xf32>
    %41 = linalg.generic {indexing_maps = [#map16, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%39 : tensor<2x2x2x24x1xf32>) outs(%40 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24x24xf32>
    %42 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%32, %41 : tensor<2x2x2x24x24xf32>, tensor<2x2x2x24x24xf32>) outs(%40 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %56 = arith.subf %in, %in_8 : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x2x24x24xf32>
    %43 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%42 : tensor<2x2x2x24x24xf32>) outs(%40 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %56 = math.exp %in : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x2x24x24xf32>
    %44 = linalg.fill ins(%cst_6 : f32) outs(%33 : tensor<2x2x2x24xf32>) -> tensor<2x2x2x24xf32>
    %45 = linalg.generic {indexing_maps = [#map4, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%43 : tensor<2x2x2x24x24xf32>) outs(%44 : tensor<2x2x2x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      %56 = arith.addf %out, %in : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x2x24xf32>
    %46 = linalg.generic {indexing_maps = [#map15, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%45 : tensor<2x2x2x24xf32>) outs(%38 : tensor<2x2x2x24x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24x1xf32>
    %47 = linalg.generic {indexing_maps = [#map16, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%46 : tensor<2x2x2x24x1xf32>) outs(%40 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24x24xf32>
    %48 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%43, %47 : tensor<2x2x2x24x24xf32>, tensor<2x2x2x24x24xf32>) outs(%40 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %56 = arith.divf %in, %in_8 : f32
      linalg.yield %56 : f32
    } -> tensor<2x2x2x24x24xf32>
    %49 = tensor.empty() : tensor<2x2x8x2x24xf32>
    %50 = linalg.fill ins(%cst_6 : f32) outs(%49 : tensor<2x2x8x2x24xf32>) -> tensor<2x2x8x2x24xf32>
    %51 = linalg.generic {indexing_maps = [#map17, #map18, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg2, %48 : tensor<2x24x2x8xf32>, tensor<2x2x2x24x24xf32>) outs(%50 : tensor<2x2x8x2x24xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %56 = arith.mulf %in, %in_8 : f32
      %57 = arith.addf %out, %56 : f32
      linalg.yield %57 : f32
    } -> tensor<2x2x8x2x24xf32>
    %52 = tensor.empty() : tensor<2x2x24x2x8xf32>
    %53 = linalg.generic {indexing_maps = [#map19, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%51 : tensor<2x2x8x2x24xf32>) outs(%52 : tensor<2x2x24x2x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x24x2x8xf32>
    %54 = tensor.empty() : tensor<2x24x2x2x8xf32>
    %55 = linalg.generic {indexing_maps = [#map20, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%53 : tensor<2x2x24x2x8xf32>) outs(%54 : tensor<2x24x2x2x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x24x2x2x8xf32>
    %collapsed = tensor.collapse_shape %55 [[0], [1], [2, 3], [4]] : tensor<2x24x2x2x8xf32> into tensor<2x24x4x8xf32>
    return %collapsed : tensor<2x24x4x8xf32>
  }
  func.func private @tril(%arg0: tensor<24x24xi1>) -> tensor<24x24xi1> {
    %cst = arith.constant dense<false> : tensor<i1>
    %cst_0 = arith.constant dense<0> : tensor<i32>
    %0 = tensor.empty() : tensor<24x24xi32>
    %1 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<24x24xi32>) {
    ^bb0(%out: i32):
      %9 = linalg.index 0 : index
      %10 = arith.index_cast %9 : index to i32
      linalg.yield %10 : i32
    } -> tensor<24x24xi32>
    %2 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst_0 : tensor<i32>) outs(%0 : tensor<24x24xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<24x24xi32>
    %3 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%1, %2 : tensor<24x24xi32>, tensor<24x24xi32>) outs(%0 : tensor<24x24xi32>) {
    ^bb0(%in: i32, %in_1: i32, %out: i32):
      %9 = arith.addi %in, %in_1 : i32
      linalg.yield %9 : i32
    } -> tensor<24x24xi32>
    %4 = linalg.generic {indexing_maps = [#map8], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<24x24xi32>) {
    ^bb0(%out: i32):
      %9 = linalg.index 1 : index
      %10 = arith.index_cast %9 : index to i32
      linalg.yield %10 : i32
    } -> tensor<24x24xi32>
    %5 = tensor.empty() : tensor<24x24xi1>
    %6 = linalg.generic {indexing_maps = [#map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%3, %4 : tensor<24x24xi32>, tensor<24x24xi32>) outs(%5 : tensor<24x24xi1>) {
    ^bb0(%in: i32, %in_1: i32, %out: i1):
      %9 = arith.cmpi sge, %in, %in_1 : i32
      linalg.yield %9 : i1
    } -> tensor<24x24xi1>
    %7 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%cst : tensor<i1>) outs(%5 : tensor<24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<24x24xi1>
    %8 = linalg.generic {indexing_maps = [#map8, #map8, #map8, #map8], iterator_types = ["parallel", "parallel"]} ins(%6, %arg0, %7 : tensor<24x24xi1>, tensor<24x24xi1>, tensor<24x24xi1>) outs(%5 : tensor<24x24xi1>) {
    ^bb0(%in: i1, %in_1: i1, %in_2: i1, %out: i1):
      %9 = arith.select %in, %in_1, %in_2 : i1
      linalg.yield %9 : i1
    } -> tensor<24x24xi1>
    return %8 : tensor<24x24xi1>
  }
  func.func private @_where(%arg0: tensor<2x2x24x24xi1>, %arg1: tensor<2x2x24x2x24xf32>, %arg2: tensor<f32>) -> tensor<2x2x2x24x24xf32> {
    %0 = tensor.empty() : tensor<2x2x24x24xf32>
    %1 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg2 : tensor<f32>) outs(%0 : tensor<2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x24x24xf32>
    %2 = tensor.empty() : tensor<2x2x2x24x24xi1>
    %3 = linalg.generic {indexing_maps = [#map21, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x2x24x24xi1>) outs(%2 : tensor<2x2x2x24x24xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x2x2x24x24xi1>
    %4 = tensor.empty() : tensor<2x2x2x24x24xf32>
    %5 = linalg.generic {indexing_maps = [#map21, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%1 : tensor<2x2x24x24xf32>) outs(%4 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24x24xf32>
    %6 = linalg.generic {indexing_maps = [#map22, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%arg1 : tensor<2x2x24x2x24xf32>) outs(%4 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x2x24x24xf32>
    %7 = linalg.generic {indexing_maps = [#map4, #map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%3, %6, %5 : tensor<2x2x2x24x24xi1>, tensor<2x2x2x24x24xf32>, tensor<2x2x2x24x24xf32>) outs(%4 : tensor<2x2x2x24x24xf32>) {
    ^bb0(%in: i1, %in_0: f32, %in_1: f32, %out: f32):
      %8 = arith.select %in, %in_0, %in_1 : f32
      linalg.yield %8 : f32
    } -> tensor<2x2x2x24x24xf32>
    return %7 : tensor<2x2x2x24x24xf32>
  }
}
