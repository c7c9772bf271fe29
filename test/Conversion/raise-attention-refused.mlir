// RUN: spattn-opt %s -spattn-raise-attention=remarks -allow-unregistered-dialect -split-input-file -verify-diagnostics
// RUN: spattn-opt %s -spattn-raise-attention -allow-unregistered-dialect -split-input-file | FileCheck %s --implicit-check-not=spattn.attention

// A mask that comes at run time.
// CHECK-LABEL: func @argument(
// CHECK:         "tm_tensor.attention"
func.func @argument(%q: tensor<16x8xf32>, %m: tensor<16x16xi1>) -> tensor<16x8xf32> {
  // expected-remark@+1 {{attention is not raised: it makes a mask that is not known before run time}}
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// CHECK-LABEL: func @computed(
func.func @computed(%q: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'test.mask' makes a mask that is not known before run time}}
  %m = "test.mask"() : () -> tensor<16x16xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xi1>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// CHECK-LABEL: func @batch(
#map = affine_map<(b, h, i, j) -> (b, h, i, j)>
func.func @batch(%q: tensor<2x1x16x8xf32>) -> tensor<2x1x16x8xf32> {
  %e = tensor.empty() : tensor<2x1x16x16xi1>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%e : tensor<2x1x16x16xi1>) {
  ^bb0(%out: i1):
    // expected-remark@+1 {{attention is not raised: 'linalg.index' makes the mask depend on the batch entry}}
    %b = linalg.index 0 : index
    %j = linalg.index 3 : index
    %c = arith.cmpi sge, %j, %b : index
    linalg.yield %c : i1
  } -> tensor<2x1x16x16xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<2x1x16x8xf32>, tensor<2x1x16x8xf32>, tensor<2x1x16x8xf32>, tensor<2x1x16x16xi1>, tensor<2x1x16x8xf32>) -> tensor<2x1x16x8xf32>
  return %r : tensor<2x1x16x8xf32>
}

// -----

// CHECK-LABEL: func @no_structure(
func.func @no_structure(%q: tensor<24x8xf32>) -> tensor<24x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'arith.constant' makes a mask that no structure was found for}}
  %m = arith.constant dense<"0x4420823CFDE6F1C26B30F90EC7DD01E4887534A20F0B0D04C36ED80E71E0FD77B07670EB940BD5335F973DAAD8619B91FFC911F57CCED458BBBF2CE03753C9BDFA0FF0169DC95756"> : tensor<24x24xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<24x8xf32>, tensor<24x8xf32>, tensor<24x8xf32>, tensor<24x24xi1>, tensor<24x8xf32>) -> tensor<24x8xf32>
  return %r : tensor<24x8xf32>
}

// -----

// CHECK-LABEL: func @bias(
func.func @bias(%q: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'arith.constant' makes a bias of scores that is no function of distance and head}}
  %m = arith.constant dense<[[0.0, 0.5], [0.25, 1.0]]> : tensor<2x2xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

// A softmax of equal numbers is an average.
// CHECK-LABEL: func @average(
func.func @average(%q: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'arith.constant' masks with a finite number all keys of a query, which then gets an average of all values}}
  %m = arith.constant dense<[[0.0, 0.0], [-1.0e9, -1.0e9]]> : tensor<2x2xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func @dynamic_average(
#map = affine_map<(i, j) -> (i, j)>
func.func @dynamic_average(%q: tensor<?x8xf32>, %e: tensor<?x?xf32>) -> tensor<?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %masked = arith.constant -1.0e9 : f32
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sgt, %i, %j : index
    // expected-remark@+1 {{attention is not raised: 'arith.select' masks with a finite number, and whether each query sees a key is not known}}
    %x = arith.select %c, %zero, %masked : f32
    linalg.yield %x : f32
  } -> tensor<?x?xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Blocks of queries and keys are evaluated, and take lengths that are known.
// CHECK-LABEL: func @dynamic_blocks(
#map = affine_map<(i, j) -> (i, j)>
func.func @dynamic_blocks(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %eight = arith.constant 8 : index
    %x = arith.divsi %i, %eight : index
    %y = arith.divsi %j, %eight : index
    // expected-remark@+1 {{attention is not raised: 'arith.cmpi' compares blocks of queries with blocks of keys}}
    %c = arith.cmpi eq, %x, %y : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func @sum_of_indices(
#map = affine_map<(i, j) -> (i, j)>
func.func @sum_of_indices(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %eight = arith.constant 8 : index
    %sum = arith.addi %i, %j : index
    // expected-remark@+1 {{attention is not raised: 'arith.cmpi' compares a sum of query and key}}
    %c = arith.cmpi slt, %sum, %eight : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Something else happens to scores.
// CHECK-LABEL: func @sine(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @sine(%q: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  // expected-remark@+1 {{attention is not raised: 'math.sin' happens to scores, and their region cannot compute it}}
  %sine = math.sin %s : !s
  %p = linalg.softmax dimension(1) ins(%sine : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}

// -----

// CHECK-LABEL: func @f64(
func.func @f64(%q: tensor<4x8xf64>) -> tensor<4x8xf64> {
  // expected-remark@+1 {{attention is not raised: it has no operands of one type, f32, f16 or bf16, whose dimensions are batch, heads, length and head dimension}}
  %r = "tm_tensor.attention"(%q, %q, %q, %q) : (tensor<4x8xf64>, tensor<4x8xf64>, tensor<4x8xf64>, tensor<4x8xf64>) -> tensor<4x8xf64>
  return %r : tensor<4x8xf64>
}

// -----

// CHECK-LABEL: func @head_dimension(
func.func @head_dimension(%q: tensor<4x2048xf32>) -> tensor<4x2048xf32> {
  // expected-remark@+1 {{attention is not raised: it has a head dimension that is not from 1 to 1,024}}
  %r = "tm_tensor.attention"(%q, %q, %q, %q) : (tensor<4x2048xf32>, tensor<4x2048xf32>, tensor<4x2048xf32>, tensor<4x2048xf32>) -> tensor<4x2048xf32>
  return %r : tensor<4x2048xf32>
}

// -----

// CHECK-LABEL: func @dynamic_head_dimension(
func.func @dynamic_head_dimension(%q: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // expected-remark@+1 {{attention is not raised: it has a dynamic number of heads, or a dynamic head dimension}}
  %r = "tm_tensor.attention"(%q, %q, %q, %q) : (tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>, tensor<4x?xf32>) -> tensor<4x?xf32>
  return %r : tensor<4x?xf32>
}

// -----

// CHECK-LABEL: func @dynamic_heads(
func.func @dynamic_heads(%q: tensor<2x?x4x8xf32>) -> tensor<2x?x4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'tm_tensor.attention' has a dynamic number of heads, or more than three dimensions of batch and heads}}
  %r = "tm_tensor.attention"(%q, %q, %q, %q) : (tensor<2x?x4x8xf32>, tensor<2x?x4x8xf32>, tensor<2x?x4x8xf32>, tensor<2x?x4x8xf32>) -> tensor<2x?x4x8xf32>
  return %r : tensor<2x?x4x8xf32>
}

// -----

// CHECK-LABEL: func @operands(
func.func @operands(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'tm_tensor.attention' has operands that are not query, key, value, a mask and a destination}}
  %r = "tm_tensor.attention"(%q, %q, %q) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @ranks(
func.func @ranks(%q: tensor<4x8xf32>, %k: tensor<1x4x8xf32>) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'tm_tensor.attention' has operands that are no tensors of the sizes of their maps}}
  %r = "tm_tensor.attention"(%q, %k, %k, %q) : (tensor<4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @mask_rank(
func.func @mask_rank(%q: tensor<4x8xf32>, %m: tensor<1x4x4xi1>) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'tm_tensor.attention' has a mask that is no tensor of the sizes of its map}}
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<1x4x4xi1>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @mask_sizes(
func.func @mask_sizes(%q: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %m = arith.constant dense<[[true, false], [true, true]]> : tensor<2x2xi1>
  // expected-remark@+1 {{attention is not raised: 'tm_tensor.attention' has a mask that is no tensor of the sizes of its map}}
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<2x2xi1>, tensor<6x8xf32>) -> tensor<6x8xf32>
  return %r : tensor<6x8xf32>
}

// -----

// CHECK-LABEL: func @gathered_outside(
#map = affine_map<(i, j) -> (i, j)>
func.func @gathered_outside(%q: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %row = arith.constant dense<[true, false, true]> : tensor<3xi1>
  %e = tensor.empty() : tensor<6x6xi1>
  // expected-remark@+1 {{attention is not raised: 'linalg.generic' is not a number, or a mask of other sizes than scores}}
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<6x6xi1>) {
  ^bb0(%out: i1):
    %j = linalg.index 1 : index
    %x = tensor.extract %row[%j] : tensor<3xi1>
    linalg.yield %x : i1
  } -> tensor<6x6xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x6xi1>, tensor<6x8xf32>) -> tensor<6x8xf32>
  return %r : tensor<6x8xf32>
}

// -----

// CHECK-LABEL: func @result_type(
func.func @result_type(%q: tensor<2x6x8xf32>) -> tensor<2x6x8xi32> {
  // expected-remark@+1 {{attention is not raised: it has a result that is not f16, bf16, f32 or f64}}
  %r = "tm_tensor.attention"(%q, %q, %q, %q) : (tensor<2x6x8xf32>, tensor<2x6x8xf32>, tensor<2x6x8xf32>, tensor<2x6x8xf32>) -> tensor<2x6x8xi32>
  return %r : tensor<2x6x8xi32>
}

// -----

// CHECK-LABEL: func @no_maps(
func.func @no_maps(%q: tensor<4x8xf32>, %s: f32) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'iree_linalg_ext.attention' has operands that are not query, key, value, scale, a mask and a destination, with a map each}}
  %r = "iree_linalg_ext.attention"(%q, %q, %q, %s, %q) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, f32, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

#q = affine_map<(m, n, k, l) -> (m, k)>
#k = affine_map<(m, n, k, l) -> (l, k)>
#v = affine_map<(m, n, k, l) -> (l, n)>
#s = affine_map<(m, n, k, l) -> ()>
#o = affine_map<(m, n, k, l) -> (m, n)>
// CHECK-LABEL: func @region(
func.func @region(%q: tensor<4x8xf32>, %s: f32) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'iree_linalg_ext.attention' has a region that modifies scores}}
  %r = "iree_linalg_ext.attention"(%q, %q, %q, %s, %q) ({
  ^bb0(%score: f32):
    %x = math.tanh %score : f32
    "iree_linalg_ext.yield"(%x) : (f32) -> ()
  }) {indexing_maps = [#q, #k, #v, #s, #o]} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, f32, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

#q = affine_map<(m, n, k, l) -> (m, k)>
#k = affine_map<(m, n, k, l) -> (l, k)>
#v = affine_map<(m, n, k, l) -> (l, n)>
#s = affine_map<(m, n, k, l) -> ()>
#o = affine_map<(m, n, k, l) -> (m, n)>
// CHECK-LABEL: func @scale(
func.func @scale(%q: tensor<4x8xf32>, %s: i32) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'iree_linalg_ext.attention' has a scale that is no float}}
  %r = "iree_linalg_ext.attention"(%q, %q, %q, %s, %q) {indexing_maps = [#q, #k, #v, #s, #o]} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, i32, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

#q = affine_map<(m, n, k, l) -> (m, k)>
#k = affine_map<(m, n, k, l) -> (m, k)>
#v = affine_map<(m, n, k, l) -> (l, n)>
#s = affine_map<(m, n, k, l) -> ()>
#o = affine_map<(m, n, k, l) -> (m, n)>
// CHECK-LABEL: func @maps(
func.func @maps(%q: tensor<4x8xf32>, %s: f32) -> tensor<4x8xf32> {
  // expected-remark@+1 {{attention is not raised: 'iree_linalg_ext.attention' has indexing maps that are not those of attention}}
  %r = "iree_linalg_ext.attention"(%q, %q, %q, %s, %q) {indexing_maps = [#q, #k, #v, #s, #o]} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, f32, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// Numbers are those of their type: 256 and 257 are the same in bf16.
// CHECK-LABEL: func @rounded_indices(
#map = affine_map<(i, j) -> (i, j)>
func.func @rounded_indices(%q: tensor<300x8xf32>) -> tensor<300x8xf32> {
  %e = tensor.empty() : tensor<300x300xi1>
  // expected-remark@+1 {{attention is not raised: 'linalg.generic' makes a mask that no structure was found for}}
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<300x300xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = arith.index_cast %i : index to i32
    %k = arith.index_cast %j : index to i32
    %x = arith.sitofp %n : i32 to bf16
    %y = arith.sitofp %k : i32 to bf16
    %c = arith.cmpf oge, %x, %y : bf16
    linalg.yield %c : i1
  } -> tensor<300x300xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<300x8xf32>, tensor<300x8xf32>, tensor<300x8xf32>, tensor<300x300xi1>, tensor<300x8xf32>) -> tensor<300x8xf32>
  return %r : tensor<300x8xf32>
}

// -----

// No attention: a sum over some of the keys.
// CHECK-LABEL: func @part(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @part(%q: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %w = math.exp %s : !s
  %half = tensor.extract_slice %w[0, 0] [16, 8] [1, 1] : !s to tensor<16x8xf32>
  %r = tensor.empty() : tensor<16xf32>
  %sum0 = linalg.fill ins(%zero : f32) outs(%r : tensor<16xf32>) -> tensor<16xf32>
  %sum = linalg.reduce { arith.addf } ins(%half : tensor<16x8xf32>) outs(%sum0 : tensor<16xf32>) dimensions = [1]
  %sums = linalg.broadcast ins(%sum : tensor<16xf32>) outs(%e : !s) dimensions = [1]
  %p = arith.divf %w, %sums : !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}

// -----

// Nor a softmax over queries.
// CHECK-LABEL: func @queries(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @queries(%q: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %w = math.exp %s : !s
  %r = tensor.empty() : tensor<16xf32>
  %sum0 = linalg.fill ins(%zero : f32) outs(%r : tensor<16xf32>) -> tensor<16xf32>
  %sum = linalg.reduce { arith.addf } ins(%w : !s) outs(%sum0 : tensor<16xf32>) dimensions = [0]
  %sums = linalg.broadcast ins(%sum : tensor<16xf32>) outs(%e : !s) dimensions = [0]
  %p = arith.divf %w, %sums : !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}

// -----

// No attention: a softmax of something else, and weights that are no softmax.
// CHECK-LABEL: func @no_softmax(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @no_softmax(%s: !s, %q: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %p = math.exp %s : !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}

// -----

// An attention whose output is added to something.
// CHECK-LABEL: func @accumulated(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @accumulated(%q: !t, %sum: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %p = linalg.softmax dimension(1) ins(%s : !s) outs(%e : !s) -> !s
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%sum : !t) -> !t
  return %o : !t
}

// -----

// A block of queries ends among keys.
// CHECK-LABEL: func @half_of_queries(
#map = affine_map<(i, j) -> (i, j)>
func.func @half_of_queries(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %two = arith.constant 2 : index
    %x = arith.floordivsi %i, %two : index
    // expected-remark@+1 {{attention is not raised: 'arith.cmpi' compares blocks of indices with indices}}
    %c = arith.cmpi sge, %x, %j : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Every other residue is no interval of residues.
// CHECK-LABEL: func @rest_of_a_multiple(
#map = affine_map<(i, j) -> (i, j)>
func.func @rest_of_a_multiple(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    %three = arith.constant 3 : index
    %x = arith.muli %j, %two : index
    %y = arith.remsi %x, %three : index
    // expected-remark@+1 {{attention is not raised: 'arith.cmpi' takes the rest of something else than distances, keys and queries}}
    %c = arith.cmpi eq, %y, %zero : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// A divisor that is none.
// CHECK-LABEL: func @no_divisor(
#map = affine_map<(i, j) -> (i, j)>
func.func @no_divisor(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %zero = arith.constant 0 : index
    // expected-remark@+1 {{attention is not raised: 'arith.remsi' is not known in a mask}}
    %x = arith.remsi %j, %zero : index
    %c = arith.cmpi eq, %x, %zero : index
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// A constant ends somewhere, and dynamic lengths do not.
// CHECK-LABEL: func @padding_of_a_length(
#map = affine_map<(i, j) -> (i, j)>
func.func @padding_of_a_length(%q: tensor<?x8xf32>, %e: tensor<?x?xi1>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    // expected-remark@+1 {{attention is not raised: 'arith.constant' is looked up by queries or keys, which fixes their number}}
    %seen = arith.constant dense<[true, true, false, true]> : tensor<4xi1>
    %c = tensor.extract %seen[%j] : tensor<4xi1>
    linalg.yield %c : i1
  } -> tensor<?x?xi1>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// A bias of all pairs.
// CHECK-LABEL: func @bias_of_pairs(
func.func @bias_of_pairs(%q: tensor<1x2x16x8xf32>, %m: tensor<1x2x16x16xf32>) -> tensor<1x2x16x8xf32> {
  // expected-remark@+1 {{attention is not raised: it makes a bias of scores that is no function of distance and head}}
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x16xf32>, tensor<1x2x16x8xf32>) -> tensor<1x2x16x8xf32>
  return %r : tensor<1x2x16x8xf32>
}

// -----

// Operands of biases have a static size.
// CHECK-LABEL: func @dynamic_buckets(
#map = affine_map<(i, j) -> (i, j)>
func.func @dynamic_buckets(%q: tensor<?x8xf32>, %table: tensor<6xf32>, %e: tensor<?x?xf32>) -> tensor<?x8xf32> {
  %most = arith.constant 5 : index
  %zero = arith.constant 0 : index
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %d = arith.subi %i, %j : index
    %behind = arith.maxsi %d, %zero : index
    %bucket = arith.minsi %behind, %most : index
    // expected-remark@+1 {{attention is not raised: 'tensor.extract' makes a bias of scores, and lengths are dynamic}}
    %x = tensor.extract %table[%bucket] : tensor<6xf32>
    linalg.yield %x : f32
  } -> tensor<?x?xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// A sum of two lengths may be beyond 32 bits.
// CHECK-LABEL: func @wide(
#map = affine_map<(i, j) -> (i, j)>
func.func @wide(%q: tensor<?x8xf32>, %e: tensor<?x?xf32>) -> tensor<?x8xf32> {
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %s = arith.addi %i, %j : index
    %x = arith.index_cast %s : index to i64
    // expected-remark@+1 {{attention is not raised: 'arith.sitofp' makes a bias of scores, and lengths are dynamic}}
    %y = arith.sitofp %x : i64 to f32
    linalg.yield %y : f32
  } -> tensor<?x?xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Keys alone, on both sides of queries.
// CHECK-LABEL: func @keys_on_both_sides(
#map = affine_map<(i, j) -> (i, j)>
func.func @keys_on_both_sides(%q: tensor<16x8xf32>, %slope: tensor<1xf32>) -> tensor<16x8xf32> {
  %zero = arith.constant 0 : index
  %e = tensor.empty() : tensor<16x16xf32>
  %m = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x16xf32>) {
  ^bb0(%out: f32):
    %j = linalg.index 1 : index
    %x = arith.index_cast %j : index to i64
    %y = arith.sitofp %x : i64 to f32
    %s = tensor.extract %slope[%zero] : tensor<1xf32>
    // expected-remark@+1 {{attention is not raised: 'arith.mulf' makes a bias of scores that is no function of distance and head}}
    %z = arith.mulf %y, %s : f32
    linalg.yield %z : f32
  } -> tensor<16x16xf32>
  %r = "tm_tensor.attention"(%q, %q, %q, %m, %q) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x16xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// A function of scores that looks something up.
// CHECK-LABEL: func @weighed(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @weighed(%q: !t, %weights: !s) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %weighed = arith.mulf %s, %weights : !s
  %p = linalg.softmax dimension(1) ins(%weighed : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  // expected-remark@-1 {{attention is not raised: it happens to scores, whose region sees no tensors}}
  return %o : !t
}

// -----

// Of two products.
// CHECK-LABEL: func @two_products(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @two_products(%q: !t, %k: !t) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %s1 = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %k : !t, !t) outs(%s0 : !s) -> !s
  // expected-remark@+1 {{attention is not raised: 'arith.addf' is between queries times keys and the softmax, and is no scale, mask, bias or soft cap}}
  %sum = arith.addf %s, %s1 : !s
  %p = linalg.softmax dimension(1) ins(%sum : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}

// -----

// Operands of biases come ahead of the region.
// CHECK-LABEL: func @function_ahead_of_bias(
!s = tensor<16x16xf32>
!t = tensor<16x8xf32>
func.func @function_ahead_of_bias(%q: !t, %table: tensor<31xf32>) -> !t {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !s
  %s0 = linalg.fill ins(%zero : f32) outs(%e : !s) -> !s
  %s = linalg.matmul indexing_maps = [
           affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%q, %q : !t, !t) outs(%s0 : !s) -> !s
  %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]} ins(%s : !s) outs(%e : !s) {
  ^bb0(%x: f32, %unused: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %last = arith.constant 15 : index
    %d = arith.subi %i, %j : index
    %place = arith.addi %d, %last : index
    %bias = tensor.extract %table[%place] : tensor<31xf32>
    // expected-remark@+1 {{attention is not raised: 'math.tanh' modifies scores ahead of a bias by distance}}
    %y = math.tanh %x : f32
    %z = arith.addf %y, %bias : f32
    linalg.yield %z : f32
  } -> !s
  %p = linalg.softmax dimension(1) ins(%b : !s) outs(%e : !s) -> !s
  %f = tensor.empty() : !t
  %o0 = linalg.fill ins(%zero : f32) outs(%f : !t) -> !t
  %o = linalg.matmul ins(%p, %q : !s, !t) outs(%o0 : !t) -> !t
  return %o : !t
}
