// RUN: spattn-opt %s -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file | FileCheck %s --implicit-check-not=remark --implicit-check-not=tm_tensor

// What is added to scores is a mask, or one of the biases below.

// T5: a table of the program, gathered by a bucket of the distance.
// CHECK-LABEL: func @buckets(
// CHECK-SAME:      %[[TABLE:arg[0-9]]]: tensor<6x4xf32>)
// CHECK:         %[[BIAS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x31xf32>)
// CHECK:           %[[HEAD:.*]] = linalg.index 0
// CHECK:           %[[ENTRY:.*]] = linalg.index 1
// The distance, and the first pair that has it.
// CHECK:           %[[D:.*]] = arith.addi %[[ENTRY]], %c-15
// CHECK:           arith.maxsi %[[D]], %c-15
// CHECK:           arith.minsi
// CHECK:           %[[I:.*]] = arith.maxsi
// CHECK:           %[[J:.*]] = arith.subi %[[I]]
// CHECK:           arith.subi %[[I]], %[[J]]
// CHECK:           %[[BUCKET:.*]] = arith.minsi
// CHECK:           tensor.extract %[[TABLE]][%[[BUCKET]], %[[HEAD]]]
// CHECK:         spattn.attention structure(#spattn.full)
// CHECK-SAME:      distance_bias(%[[BIAS]] : tensor<4x31xf32>)
func.func @buckets(%q: tensor<1x4x16x8xf32>, %table: tensor<6x4xf32>) -> tensor<1x4x16x8xf32> {
  %most = arith.constant 5 : index
  %zero = arith.constant 0 : index
  %e = tensor.empty() : tensor<1x4x16x16xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%e : tensor<1x4x16x16xf32>) {
  ^bb0(%unused: f32):
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %d = arith.subi %i, %j : index
    %behind = arith.maxsi %d, %zero : index
    %bucket = arith.minsi %behind, %most : index
    %x = tensor.extract %table[%bucket, %h] : tensor<6x4xf32>
    linalg.yield %x : f32
  } -> tensor<1x4x16x16xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<1x4x16x8xf32>, tensor<1x4x16x8xf32>, tensor<1x4x16x8xf32>, tensor<1x4x16x16xf32>, tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32>
  return %r : tensor<1x4x16x8xf32>
}

// -----

// What is asserted of a place is asserted where it is looked up, and goes with
// the bias of all pairs.
// CHECK-LABEL: func @asserted(
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<1x31xf32>)
// CHECK:           cf.assert %{{.*}}, "expected an index within the tensor"
// CHECK:           tensor.extract
// CHECK-NOT:     cf.assert
// CHECK:         spattn.attention {{.*}} distance_bias(
func.func @asserted(%q: tensor<16x8xf32>, %table: tensor<31xf32>) -> tensor<16x8xf32> {
  %last = arith.constant 15 : index
  %zero = arith.constant 0 : index
  %e = tensor.empty() : tensor<16x16xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xf32>) {
  ^bb0(%unused: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %d = arith.subi %i, %j : index
    %place = arith.addi %d, %last : index
    %ok = arith.cmpi sge, %place, %zero : index
    cf.assert %ok, "not negative"
    %x = tensor.extract %table[%place] : tensor<31xf32>
    linalg.yield %x : f32
  } -> tensor<16x16xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Buckets that are a constant, pair by pair; keys are more than queries, whose
// ends are aligned, and a mask chooses between the bias and a number that masks.
// CHECK-LABEL: func @constant_buckets(
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<2x7xf32>)
// Of the pairs that are seen, no distance is below -1.
// CHECK:           arith.constant dense<[0, 0, 2, 1, 0, 0]> : tensor<6xi64>
// CHECK:         spattn.attention structure(#spattn.causal)
// CHECK-SAME:      distance_bias(%{{.*}} : tensor<2x7xf32>)
func.func @constant_buckets(%q: tensor<1x2x3x8xf32>, %k: tensor<1x2x4x8xf32>, %table: tensor<3x2xf32>) -> tensor<1x2x3x8xf32> {
  %buckets = arith.constant dense<[[1, 2, 7, 7], [0, 1, 2, 7], [0, 0, 1, 2]]> : tensor<3x4xi64>
  %one = arith.constant 1 : index
  %masked = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<1x2x3x4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (i, j)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%buckets : tensor<3x4xi64>) outs(%e : tensor<1x2x3x4xf32>) {
  ^bb0(%bucket: i64, %unused: f32):
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %place = arith.index_cast %bucket : i64 to index
    %x = tensor.extract %table[%place, %h] : tensor<3x2xf32>
    %end = arith.addi %i, %one : index
    %past = arith.cmpi sge, %end, %j : index
    %y = arith.select %past, %x, %masked : f32
    linalg.yield %y : f32
  } -> tensor<1x2x3x4xf32>
  %r = "tm_tensor.attention"(%q, %k, %k, %m, %q) : (tensor<1x2x3x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x8xf32>) -> tensor<1x2x3x8xf32>
  return %r : tensor<1x2x3x8xf32>
}

// -----

// A constant that is both: slopes, and -inf ahead.
// CHECK-LABEL: func @mask_and_bias(
// CHECK:           arith.constant dense<[0.000000e+00, 0.000000e+00, 0.000000e+00, -5.000000e-01, -1.000000e+00]> : tensor<5xf32>
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}} distance_bias(%{{.*}} : tensor<1x5xf32>)
func.func @mask_and_bias(%q: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %m = arith.constant dense<[[0.0, 0xFF800000, 0xFF800000], [-0.5, 0.0, 0xFF800000], [-1.0, -0.5, 0.0]]> : tensor<3x3xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>, tensor<3x3xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  return %r : tensor<3x8xf32>
}

// -----

// ALiBi of any length, with slopes of the program.
// CHECK-LABEL: func @alibi(
// CHECK-SAME:      %[[SLOPES:arg[0-9]]]: tensor<4xf32>,
// CHECK:         %[[OWN:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4xf32>)
// CHECK:           %[[HEAD:.*]] = linalg.index 0
// CHECK:           %[[X:.*]] = tensor.extract %[[SLOPES]][%[[HEAD]]]
// CHECK:           arith.mulf %cst{{.*}}, %[[X]]
// CHECK:         spattn.attention structure(#spattn.full) {{.*}} alibi_slopes(%[[OWN]] : tensor<4xf32>)
func.func @alibi(%q: tensor<1x4x?x8xf32>, %slopes: tensor<4xf32>, %e: tensor<1x4x?x?xf32>) -> tensor<1x4x?x8xf32> {
  %m = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (h)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%slopes : tensor<4xf32>) outs(%e : tensor<1x4x?x?xf32>) {
  ^bb0(%slope: f32, %unused: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %d = arith.subi %j, %i : index
    %x = arith.index_cast %d : index to i64
    %away = math.absi %x : i64
    %y = arith.sitofp %away : i64 to f32
    %z = arith.mulf %slope, %y : f32
    %w = arith.negf %z : f32
    linalg.yield %w : f32
  } -> tensor<1x4x?x?xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x?xf32>, tensor<1x4x?x8xf32>) -> tensor<1x4x?x8xf32>
  return %r : tensor<1x4x?x8xf32>
}

// -----

// MPT: the key's number alone. No softmax notices what it is short
// of a distance, where all keys are behind.
// CHECK-LABEL: func @alibi_of_keys(
// CHECK:         %[[OWN:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<2xf32>)
// CHECK:           arith.constant 2.500000e-01 : f32
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}} alibi_slopes(%[[OWN]] : tensor<2xf32>)
func.func @alibi_of_keys(%q: tensor<1x2x16x8xf32>, %slopes: tensor<2xf32>) -> tensor<1x2x16x8xf32> {
  %quarter = arith.constant 0.25 : f32
  %last = arith.constant -15 : i32
  %masked = arith.constant -3.40282347E+38 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x2x16x16xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (h)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%slopes : tensor<2xf32>) outs(%e : tensor<1x2x16x16xf32>) {
  ^bb0(%slope: f32, %unused: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %x = arith.index_cast %j : index to i32
    %away = arith.addi %x, %last : i32
    %y = arith.sitofp %away : i32 to f32
    %z = arith.mulf %slope, %y : f32
    %w = arith.mulf %z, %quarter : f32
    %past = arith.cmpi sge, %i, %j : index
    %mask = arith.select %past, %zero, %masked : f32
    %both = arith.addf %w, %mask : f32
    linalg.yield %both : f32
  } -> tensor<1x2x16x16xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x16xf32>, tensor<1x2x16x8xf32>) -> tensor<1x2x16x8xf32>
  return %r : tensor<1x2x16x8xf32>
}

// -----

// Computed of indices and constants, of which no distance is made: in a region.
// CHECK-LABEL: func @computed(
// CHECK-NOT:     _bias
// CHECK:         spattn.attention structure(#spattn.full) {{.*}} score {
// CHECK-NEXT:    ^bb0(%[[SCORE:.*]]: f32, %[[I:.*]]: i32, %[[J:.*]]: i32, %[[H:.*]]: i32, %{{.*}}: i32):
// CHECK-NEXT:      %[[IH:.*]] = arith.minsi %[[I]], %[[H]] : i32
// CHECK-NEXT:      %[[X:.*]] = arith.sitofp %[[IH]] : i32 to f32
// CHECK-NEXT:      %[[NEW:.*]] = arith.addf %[[SCORE]], %[[X]] : f32
// CHECK-NEXT:      spattn.yield %[[NEW]] : f32
func.func @computed(%q: tensor<1x2x?x8xf32>, %e: tensor<1x2x?x?xf32>) -> tensor<1x2x?x8xf32> {
  %m = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%e : tensor<1x2x?x?xf32>) {
  ^bb0(%unused: f32):
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %s = arith.minsi %i, %h : index
    %x = arith.index_cast %s : index to i64
    %y = arith.sitofp %x : i64 to f32
    linalg.yield %y : f32
  } -> tensor<1x2x?x?xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x8xf32>) -> tensor<1x2x?x8xf32>
  return %r : tensor<1x2x?x8xf32>
}

// -----

// Functions of scores are regions; the innermost scale is that of the product.
// CHECK-LABEL: func @clamped(
// CHECK:         %[[SCALE:.*]] = arith.constant 2.500000e-01 : f32
// CHECK:         spattn.attention structure(#spattn.causal) {{.*}} scale(%[[SCALE]]) {{.*}} score {
// CHECK-NEXT:    ^bb0(%[[SCORE:.*]]: f32,
// CHECK:           %[[HIGH:.*]] = arith.minimumf %[[SCORE]], %{{.*}} : f32
// CHECK:           %[[LOW:.*]] = arith.maximumf %[[HIGH]], %{{.*}} : f32
// CHECK:           spattn.yield %[[LOW]] : f32
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @clamped(%q: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %quarter = arith.constant 0.25 : f32
  %least = arith.constant -5.0 : f32
  %most = arith.constant 5.0 : f32
  %masked = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %c = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]} ins(%s : !s) outs(%e : !s) {
  ^bb0(%x: f32, %unused: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %y = arith.mulf %x, %quarter : f32
    %high = arith.minimumf %y, %most : f32
    %low = arith.maximumf %high, %least : f32
    %past = arith.cmpi sge, %i, %j : index
    %z = arith.select %past, %low, %masked : f32
    linalg.yield %z : f32
  } -> !s
  %p = linalg.softmax dimension(1) ins(%c : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}
