// RUN: spattn-opt %s -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file | FileCheck %s --implicit-check-not=remark

// Masks, on the shortest attention there is: without batch and heads.

// Comparisons of indices, in whatever order they are written.
// CHECK-LABEL: func @causal(
// CHECK:         spattn.attention structure(#spattn.causal) 
#map = affine_map<(i, j) -> (i, j)>
func.func @causal(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sle, %j, %i : index
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// A window, of differences that are integers.
// CHECK-LABEL: func @window(
// CHECK:         spattn.attention structure(#spattn.window<left = 4, right = 2>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @window(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %x = arith.index_cast %i : index to i64
    %y = arith.index_cast %j : index to i64
    %d = arith.subi %x, %y : i64
    %four = arith.constant 4 : i64
    %minus = arith.constant -3 : i64
    %c0 = arith.cmpi sle, %d, %four : i64
    %c1 = arith.cmpi sgt, %d, %minus : i64
    %c = arith.andi %c0, %c1 : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Distances that are a band.
// CHECK-LABEL: func @band(
// CHECK:         spattn.attention structure(#spattn.distances<4 to 8>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @band(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %four = arith.constant 4 : index
    %eight = arith.constant 8 : index
    %j4 = arith.addi %j, %four : index
    %j8 = arith.addi %j, %eight : index
    %c0 = arith.cmpi sge, %i, %j4 : index
    %c1 = arith.cmpi slt, %i, %j8 : index
    %c = arith.andi %c0, %c1 : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// A prefix, by a disjunction.
// CHECK-LABEL: func @prefix(
// CHECK:         spattn.attention structure(#spattn.prefix<5>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @prefix(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %five = arith.constant 5 : index
    %c0 = arith.cmpi sge, %i, %j : index
    %c1 = arith.cmpi slt, %j, %five : index
    %c = arith.ori %c0, %c1 : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// A window with sinks, by conditions that are negated.
// CHECK-LABEL: func @sink(
// CHECK:         spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.union<#spattn.window<left = 3, right = 0>, #spattn.keys<0 to 2>>>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @sink(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %true = arith.constant true
    %three = arith.constant 3 : index
    %two = arith.constant 2 : index
    %last = arith.addi %j, %three : index
    %ahead = arith.cmpi ugt, %j, %i : index
    %far = arith.cmpi ult, %last, %i : index
    %past = arith.xori %ahead, %true : i1
    %near = arith.xori %far, %true : i1
    %first = arith.cmpi slt, %j, %two : index
    %either = arith.ori %near, %first : i1
    %c = arith.andi %past, %either : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Tokens that see all, and that all see.
// CHECK-LABEL: func @global(
// CHECK:         spattn.attention structure(#spattn.union<#spattn.window<left = 2, right = 2>, #spattn.keys<0 to 2>, #spattn.queries<0 to 2>>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @global(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %two = arith.constant 2 : index
    %up = arith.addi %i, %two : index
    %down = arith.addi %j, %two : index
    %c0 = arith.cmpi sle, %j, %up : index
    %c1 = arith.cmpi sle, %i, %down : index
    %near = arith.andi %c0, %c1 : i1
    %c2 = arith.cmpi slt, %j, %two : index
    %c3 = arith.cmpi slt, %i, %two : index
    %all = arith.ori %c2, %c3 : i1
    %c = arith.ori %near, %all : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Exclusive or, and selects of conditions.
// CHECK-LABEL: func @different(
// CHECK:         spattn.attention structure(#spattn.distances<-inf to 0, 1 to inf>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @different(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %true = arith.constant true
    %false = arith.constant false
    %same = arith.cmpi eq, %i, %j : index
    %c0 = arith.select %same, %true, %false : i1
    %c = arith.xori %c0, %true : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// What divisions say is found by evaluating all pairs.
// CHECK-LABEL: func @blocks(
// CHECK:         spattn.attention structure(#spattn.union<#spattn.intersection<#spattn.queries<0 to 8>, #spattn.keys<0 to 8>>, #spattn.intersection<#spattn.queries<8 to inf>, #spattn.keys<8 to inf>>>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @blocks(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %eight = arith.constant 8 : index
    %x = arith.divsi %i, %eight : index
    %y = arith.divsi %j, %eight : index
    %c = arith.cmpi eq, %x, %y : index
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Numbers that are added, -inf or large ones.
// CHECK-LABEL: func @added(
// CHECK:         spattn.attention structure(#spattn.causal) 
#map = affine_map<(i, j) -> (i, j)>
func.func @added(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xf32>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %zero = arith.constant 0.0 : f32
    %masked = arith.constant -1.0e+9 : f32
    %c = arith.cmpi sge, %i, %j : index
    %x = arith.select %c, %zero, %masked : f32
    linalg.yield %x : f32
  } -> tensor<16x16xf32>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// One minus a mask of numbers, as models of text have it.
// CHECK-LABEL: func @ones(
// CHECK:         spattn.attention structure(#spattn.keys<0 to 9>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @ones(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xf32>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %one = arith.constant 1.0 : f32
    %least = arith.constant -3.40282347E+38 : f32
    %nine = arith.constant 9 : index
    %c = arith.cmpi slt, %j, %nine : index
    %x = arith.uitofp %c : i1 to f32
    %y = arith.subf %one, %x : f32
    %z = arith.mulf %y, %least : f32
    linalg.yield %z : f32
  } -> tensor<16x16xf32>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Fewer queries than keys, whose ends are aligned.
// CHECK-LABEL: func @cache(
// CHECK:         spattn.attention structure(#spattn.causal) ins({{.*}}) outs({{[^{]*$}}
#map = affine_map<(i, j) -> (i, j)>
func.func @cache(%q: tensor<4x8xf32>, %k: tensor<16x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %twelve = arith.constant 12 : index
    %place = arith.addi %i, %twelve : index
    %c = arith.cmpi sge, %place, %j : index
    linalg.yield %c : i1
  } -> tensor<4x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<4x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<4x16xi1>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// Fewer queries than keys, whose starts are aligned.
// CHECK-LABEL: func @starts(
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}}{alignment = #spattn.alignment<start>}
#map = affine_map<(i, j) -> (i, j)>
func.func @starts(%q: tensor<4x8xf32>, %k: tensor<16x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sge, %i, %j : index
    linalg.yield %c : i1
  } -> tensor<4x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<4x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<4x16xi1>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// A constant, element by element.
// CHECK-LABEL: func @constant(
// CHECK:         spattn.attention structure(#spattn.window<left = 1, right = 0>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @constant(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %m = arith.constant dense<[[true, false, false, false], [true, true, false, false],
                            [false, true, true, false], [false, false, true, true]]> : tensor<4x4xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xi1>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// A constant that is added.
// CHECK-LABEL: func @constant_added(
// CHECK:         spattn.attention structure(#spattn.keys<0 to 3>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @constant_added(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %m = arith.constant dense<[[0.0, 0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0, 0xFF800000],
                            [0.0, 0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0, 0xFF800000]]> : tensor<4x4xf32>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// Documents that are causal each.
// CHECK-LABEL: func @documents(
// CHECK:         spattn.attention structure(#spattn.intersection<#spattn.window<left = 9, right = 0>, #spattn.union<#spattn.keys<6 to inf>, #spattn.queries<0 to 6>>>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @documents(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %six = arith.constant 6 : index
    %x = arith.cmpi sge, %i, %six : index
    %y = arith.cmpi sge, %j, %six : index
    %same = arith.cmpi eq, %x, %y : i1
    %past = arith.cmpi sge, %i, %j : index
    %c = arith.andi %same, %past : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Small integers, which may go round, are evaluated.
// CHECK-LABEL: func @bytes(
// CHECK:         spattn.attention structure(#spattn.causal) 
#map = affine_map<(i, j) -> (i, j)>
func.func @bytes(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %x = arith.index_cast %i : index to i8
    %y = arith.index_cast %j : index to i8
    %d = arith.subi %x, %y : i8
    %zero = arith.constant 0 : i8
    %c = arith.cmpi sge, %d, %zero : i8
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Indices as f32, which are exact.
// CHECK-LABEL: func @floats(
// CHECK:         spattn.attention structure(#spattn.window<left = 3, right = 0>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @floats(%q: tensor<16x8xf32>, %k: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = arith.subi %i, %j : index
    %x = arith.index_cast %n : index to i32
    %d = arith.sitofp %x : i32 to f32
    %zero = arith.constant 0.0 : f32
    %four = arith.constant 4.0 : f32
    %c0 = arith.cmpf oge, %d, %zero : f32
    %c1 = arith.cmpf olt, %d, %four : f32
    %c = arith.andi %c0, %c1 : i1
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// A constant of a resource, as torch-mlir writes them.
// CHECK-LABEL: func @resource(
// CHECK:         spattn.attention structure(#spattn.keys<0 to 3>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @resource(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %m0 = arith.constant dense_resource<row> : tensor<4xi1>
  %e = tensor.empty() : tensor<4x4xi1>
  %m = linalg.broadcast ins(%m0 : tensor<4xi1>) outs(%e : tensor<4x4xi1>) dimensions = [0]
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x4xi1>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

{-#
  dialect_resources: {
    builtin: {
      row: "0x0100000001010100"
    }
  }
#-}

// -----

// A mask of padding, which is gathered from a constant that was written in
// parts.
// CHECK-LABEL: func @gathered(
// CHECK:         spattn.attention structure(#spattn.keys<0 to 11>)
#map = affine_map<(i, j) -> (i, j)>
func.func @gathered(%q: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %ones = arith.constant dense<1> : tensor<1x16xi64>
  %zeros = arith.constant dense<0> : tensor<1x5xi64>
  %padding = tensor.insert_slice %zeros into %ones[0, 11] [1, 5] [1, 1] : tensor<1x5xi64> into tensor<1x16xi64>
  %e = tensor.empty() : tensor<16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xi1>) {
  ^bb0(%out: i1):
    %j = linalg.index 1 : index
    %zero = arith.constant 0 : index
    %none = arith.constant 0 : i64
    %sixteen = arith.constant 16 : index
    %isNegative = arith.cmpi slt, %j, %zero : index
    %around = arith.addi %j, %sixteen : index
    %place = arith.select %isNegative, %around, %j : index
    %x = tensor.extract %padding[%zero, %place] : tensor<1x16xi64>
    %c = arith.cmpi ne, %x, %none : i64
    linalg.yield %c : i1
  } -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Heads that see different keys.
// CHECK-LABEL: func @heads(
// CHECK:         spattn.attention structure(#spattn.heads<1 x #spattn.window<left = 3, right = 0>, 1 x #spattn.distances<4 to 8>, 1 x #spattn.distances<8 to 12>, 1 x #spattn.distances<12 to inf>>)
#map = affine_map<(b, h, i, j) -> (b, h, i, j)>
!t = tensor<2x4x16x8xf32>
!m = tensor<2x4x16x16xi1>
func.func @heads(%q: !t) -> !t {
  %e = tensor.empty() : !m
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%e : !m) {
  ^bb0(%out: i1):
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %four = arith.constant 4 : index
    %width = arith.muli %h, %four : index
    %d = arith.subi %i, %j : index
    %e0 = arith.subi %d, %width : index
    %zero = arith.constant 0 : index
    %c0 = arith.cmpi sge, %e0, %zero : index
    %c1 = arith.cmpi slt, %e0, %four : index
    %c = arith.andi %c0, %c1 : i1
    linalg.yield %c : i1
  } -> !m
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (!t, !t, !t, !m, !t) -> !t
  return %r : !t
}

// -----

// Every fourth key, at all lengths, as rests that are rounded to 0.
// CHECK-LABEL: func @dilated(
// CHECK:         spattn.attention structure(#spattn.residues<distances, 0 to 1 mod 4>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @dilated(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %zero = arith.constant 0 : index
    %four = arith.constant 4 : index
    %d = arith.subi %i, %j : index
    %x = arith.remsi %d, %four : index
    %c = arith.cmpi eq, %x, %zero : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Rests of queries and of keys that are equal.
// CHECK-LABEL: func @same_rest(
// CHECK:         spattn.attention structure(#spattn.residues<distances, 0 to 1 mod 5>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @same_rest(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %five = arith.constant 5 : index
    %x = arith.remsi %i, %five : index
    %y = arith.remsi %j, %five : index
    %c = arith.cmpi eq, %x, %y : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// The last columns of each block.
// CHECK-LABEL: func @columns(
// CHECK:         spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.residues<keys, 12 to 16 mod 16>>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @columns(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %twelve = arith.constant 12 : index
    %sixteen = arith.constant 16 : index
    %x = arith.remsi %j, %sixteen : index
    %late = arith.cmpi sge, %x, %twelve : index
    %past = arith.cmpi sge, %i, %j : index
    %c = arith.andi %late, %past : i1
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// A quotient of a quotient.
// CHECK-LABEL: func @block_of_keys(
// CHECK:         spattn.attention structure(#spattn.keys<16 to 28>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @block_of_keys(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %four = arith.constant 4 : index
    %three = arith.constant 3 : index
    %two = arith.constant 2 : index
    %x = arith.floordivsi %j, %four : index
    %next = arith.addi %x, %two : index
    %y = arith.floordivsi %next, %three : index
    %c = arith.cmpi eq, %y, %two : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Distances to both sides.
// CHECK-LABEL: func @near(
// CHECK:         spattn.attention structure(#spattn.window<left = 4, right = 4>) 
#map = affine_map<(i, j) -> (i, j)>
func.func @near(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %zero = arith.constant 0 : index
    %four = arith.constant 4 : index
    %d = arith.subi %i, %j : index
    %back = arith.subi %zero, %d : index
    %far = arith.maxsi %d, %back : index
    %c = arith.cmpi sle, %far, %four : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Heads look their windows up.
// CHECK-LABEL: func @windows_of_heads(
// CHECK:         spattn.attention structure(#spattn.heads<2 x #spattn.window<left = 3, right = 0>, 1 x #spattn.causal>)
#map = affine_map<(b, h, i, j) -> (b, h, i, j)>
!t = tensor<2x3x?x8xf32>
!m = tensor<2x3x?x?xi1>
func.func @windows_of_heads(%q: !t, %e: !m) -> !t {
  %windows = arith.constant dense<[4, 4, 1000000]> : tensor<3xi64>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%e : !m) {
  ^bb0(%out: i1):
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %window = tensor.extract %windows[%h] : tensor<3xi64>
    %size = arith.index_cast %window : i64 to index
    %large = arith.constant 1000 : index
    %isCausal = arith.cmpi sgt, %size, %large : index
    %past = arith.cmpi sge, %i, %j : index
    %d = arith.subi %i, %j : index
    %near = arith.cmpi slt, %d, %size : index
    %seen = arith.ori %near, %isCausal : i1
    %c = arith.andi %past, %seen : i1
    linalg.yield %c : i1
  } -> !m
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (!t, !t, !t, !m, !t) -> !t
  return %r : !t
}
