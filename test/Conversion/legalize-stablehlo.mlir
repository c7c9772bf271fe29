// RUN: spattn-opt %s -spattn-legalize-stablehlo -allow-unregistered-dialect -split-input-file | FileCheck %s
// RUN: spattn-opt %s -spattn-legalize-stablehlo -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file | FileCheck %s --check-prefix=RAISED --implicit-check-not=remark

// Batches come first, then what each side has; numbers are summed in the type
// of the result.
// CHECK-DAG:   #[[$LHS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d1, d4)>
// CHECK-DAG:   #[[$RHS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d3, d0, d4)>
// CHECK-DAG:   #[[$OUT:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
// CHECK-LABEL: func @dot_general(
// CHECK:         %[[INIT:.*]] = linalg.fill
// CHECK:         linalg.generic {indexing_maps = [#[[$LHS]], #[[$RHS]], #[[$OUT]]],
// CHECK-SAME:        iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
// CHECK-SAME:        outs(%[[INIT]] : tensor<2x4x16x5xf32>)
// CHECK:           arith.extf
// CHECK:           arith.extf
// CHECK:           arith.mulf
// CHECK:           arith.addf
func.func @dot_general(%a: tensor<2x16x4x8xf16>, %b: tensor<4x5x2x8xf16>) -> tensor<2x4x16x5xf32> {
  %r = "stablehlo.dot_general"(%a, %b) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [0, 2], rhs_batching_dimensions = [2, 0], lhs_contracting_dimensions = [3], rhs_contracting_dimensions = [3]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}>
      : (tensor<2x16x4x8xf16>, tensor<4x5x2x8xf16>) -> tensor<2x4x16x5xf32>
  return %r : tensor<2x4x16x5xf32>
}

// -----

// CHECK-DAG:   #[[$FROM:.*]] = affine_map<(d0, d1, d2) -> (d2, 0)>
// CHECK-LABEL: func @moves(
// CHECK:         linalg.generic {indexing_maps = [#[[$FROM]], #{{.*}}]
// CHECK:         linalg.transpose {{.*}} permutation = [1, 0, 2]
// CHECK:         tensor.collapse_shape {{.*}} {{\[}}[0], [1, 2]]
// CHECK:         tensor.collapse_shape {{.*}} tensor<3x8xf32> into tensor<24xf32>
// CHECK:         tensor.expand_shape {{.*}} tensor<24xf32> into tensor<4x6xf32>
// CHECK:         linalg.generic
// CHECK:           %[[I:.*]] = linalg.index 1
// CHECK:           arith.index_cast %[[I]] : index to i32
func.func @moves(%x: tensor<4x1xf32>) -> (tensor<4x6xf32>, tensor<2x3xi32>) {
  %a = "stablehlo.broadcast_in_dim"(%x) <{broadcast_dimensions = array<i64: 2, 0>}> : (tensor<4x1xf32>) -> tensor<2x3x4xf32>
  %b = "stablehlo.transpose"(%a) <{permutation = array<i64: 1, 0, 2>}> : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %c = "stablehlo.reshape"(%b) : (tensor<3x2x4xf32>) -> tensor<3x8xf32>
  %d = "stablehlo.reshape"(%c) : (tensor<3x8xf32>) -> tensor<4x6xf32>
  %e = "stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<2x3xi32>
  return %d, %e : tensor<4x6xf32>, tensor<2x3xi32>
}

// -----

// CHECK-LABEL: func @elements(
// CHECK:         arith.constant dense<2.000000e+00> : tensor<4xf32>
// CHECK:         arith.divf
// CHECK:         arith.truncf
// CHECK:         arith.extf
// CHECK:         arith.cmpf une
// CHECK:         math.absf
// CHECK:         arith.cmpf one
// CHECK:         arith.ori
// CHECK:         arith.xori
// CHECK:         arith.select
// CHECK:         arith.sitofp
// CHECK:         arith.uitofp
// CHECK-NOT:     stablehlo
func.func @elements(%x: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = "stablehlo.constant"() <{value = dense<2.0> : tensor<4xf32>}> : () -> tensor<4xf32>
  %a = "stablehlo.divide"(%x, %two) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = "stablehlo.convert"(%a) : (tensor<4xf32>) -> tensor<4xf16>
  %c = "stablehlo.convert"(%b) : (tensor<4xf16>) -> tensor<4xf32>
  %d = "stablehlo.compare"(%c, %x) <{comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %e = "stablehlo.is_finite"(%x) : (tensor<4xf32>) -> tensor<4xi1>
  %f = "stablehlo.add"(%d, %e) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %g = "stablehlo.not"(%f) : (tensor<4xi1>) -> tensor<4xi1>
  %h = "stablehlo.select"(%g, %c, %x) : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %j = "stablehlo.convert"(%i) : (tensor<4xi32>) -> tensor<4xf32>
  %k = "stablehlo.convert"(%g) : (tensor<4xi1>) -> tensor<4xf32>
  return %h, %j, %k : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: func @reduce(
// CHECK:         %[[START:.*]] = tensor.extract %arg1[]
// CHECK:         %[[INIT:.*]] = linalg.fill ins(%[[START]] : f32)
// CHECK:         linalg.generic {{.*}} iterator_types = ["reduction", "parallel", "reduction"]} {{.*}} outs(%[[INIT]] : tensor<3xf32>)
// CHECK:           arith.maximumf
func.func @reduce(%x: tensor<2x3x4xf32>, %y: tensor<f32>) -> tensor<3xf32> {
  %r = "stablehlo.reduce"(%x, %y) <{dimensions = array<i64: 0, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = "stablehlo.maximum"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%m) : (tensor<f32>) -> ()
  }) : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

// What attention is not made of stays, and so does what is dynamic, unsigned,
// or says something else.
// CHECK-LABEL: func @stays(
// CHECK:         stablehlo.sine
// CHECK:         stablehlo.add
// CHECK:         stablehlo.divide
// CHECK:         stablehlo.divide
// CHECK:         stablehlo.reduce
// CHECK:           stablehlo.subtract
// CHECK:         stablehlo.compare
// CHECK:         stablehlo.convert
// CHECK:         stablehlo.dot_general
func.func @stays(%x: tensor<4xf32>, %d: tensor<?xf32>, %u: tensor<4xui32>, %i: tensor<4xi32>, %s: tensor<f32>) {
  %0 = "stablehlo.sine"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "stablehlo.add"(%d, %d) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %2 = "stablehlo.divide"(%u, %u) : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
  %3 = "stablehlo.divide"(%i, %i) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %4 = "stablehlo.reduce"(%x, %s) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = "stablehlo.subtract"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%m) : (tensor<f32>) -> ()
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  %5 = "stablehlo.compare"(%x, %x) <{compare_type = #stablehlo<comparison_type TOTALORDER>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %6 = "stablehlo.convert"(%x) : (tensor<4xf32>) -> tensor<4xi32>
  %7 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [0]>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return
}

// -----

// RAISED-LABEL: func @attention(
// RAISED-NOT:     linalg.generic
// RAISED:         spattn.attention structure(#spattn.causal)
// RAISED-NOT:     stablehlo
func.func @attention(%q: tensor<4x16x8xf32>, %k: tensor<4x16x8xf32>, %v: tensor<4x16x8xf32>) -> tensor<4x16x8xf32> {
  %s = "stablehlo.dot_general"(%q, %k) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [0], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [2]>}> : (tensor<4x16x8xf32>, tensor<4x16x8xf32>) -> tensor<4x16x16xf32>
  %i = "stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<4x16x16xi32>
  %j = "stablehlo.iota"() <{iota_dimension = 2 : i64}> : () -> tensor<4x16x16xi32>
  %past = "stablehlo.compare"(%i, %j) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction GE>}> : (tensor<4x16x16xi32>, tensor<4x16x16xi32>) -> tensor<4x16x16xi1>
  %least = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
  %zero = "stablehlo.constant"() <{value = dense<0.0> : tensor<f32>}> : () -> tensor<f32>
  %masked = "stablehlo.broadcast_in_dim"(%least) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4x16x16xf32>
  %t = "stablehlo.select"(%past, %s, %masked) : (tensor<4x16x16xi1>, tensor<4x16x16xf32>, tensor<4x16x16xf32>) -> tensor<4x16x16xf32>
  %max = "stablehlo.reduce"(%t, %least) <{dimensions = array<i64: 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = "stablehlo.maximum"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%m) : (tensor<f32>) -> ()
  }) : (tensor<4x16x16xf32>, tensor<f32>) -> tensor<4x16xf32>
  %maxes = "stablehlo.broadcast_in_dim"(%max) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<4x16xf32>) -> tensor<4x16x16xf32>
  %d = "stablehlo.subtract"(%t, %maxes) : (tensor<4x16x16xf32>, tensor<4x16x16xf32>) -> tensor<4x16x16xf32>
  %e = "stablehlo.exponential"(%d) : (tensor<4x16x16xf32>) -> tensor<4x16x16xf32>
  %sum = "stablehlo.reduce"(%e, %zero) <{dimensions = array<i64: 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%m) : (tensor<f32>) -> ()
  }) : (tensor<4x16x16xf32>, tensor<f32>) -> tensor<4x16xf32>
  %sums = "stablehlo.broadcast_in_dim"(%sum) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<4x16xf32>) -> tensor<4x16x16xf32>
  %p = "stablehlo.divide"(%e, %sums) : (tensor<4x16x16xf32>, tensor<4x16x16xf32>) -> tensor<4x16x16xf32>
  %o = "stablehlo.dot_general"(%p, %v) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [0], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [1]>}> : (tensor<4x16x16xf32>, tensor<4x16x8xf32>) -> tensor<4x16x8xf32>
  return %o : tensor<4x16x8xf32>
}
