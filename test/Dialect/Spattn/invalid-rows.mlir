// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// The labels are those of docs/Spec.md.

// R1: layout
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'layout' to be a permutation of "bhnd" (batch, head, length, head dimension), got "bhn"}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5xi32>) outs(%o : tensor<1x2x5x4xf32>) {layout = "bhn"}
  return
}

// -----

// R2: no sources
func.func @test(%r: tensor<1x2x5xi32>) {
  // expected-error @below {{expected one of 'sources' or more, got none}}
  "spattn.gather_rows"(%r) {operandSegmentSizes = array<i32: 0, 1, 0>} : (tensor<1x2x5xi32>) -> ()
  return
}

// -----

// R2: a destination too few
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected as many of 'outs' as of 'sources', 2, got 1}}
  %0 = spattn.gather_rows ins(%x, %x : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R2: a mark too many
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected as many of 'unit_rms' as of 'sources', 1, got 2}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5xi32>) outs(%o : tensor<1x2x5x4xf32>) {unit_rms = array<i1: true, true>}
  return
}

// -----

// R3: rank of row numbers
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'rows' of rank 3, got 'tensor<1x2x5x3xi32>'}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R3: tensors and buffers
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x3xi32>, %o: memref<1x2x5x4xf32>) {
  // expected-error @below {{expected operands to be all tensors or all buffers, but 'out' is 'memref<1x2x5x4xf32>'}}
  spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x3xi32>) outs(%o : memref<1x2x5x4xf32>)
  return
}

// -----

// R4: elements of row numbers
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xf32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'rows' to have element type i32, got 'f32'}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5xf32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R4: two types of 16 bits
func.func @test(%x: tensor<1x2x8x4xf16>, %r: tensor<1x2x5x3xi32>, %z: tensor<1x2x5x4xbf16>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'add' to have elements of type f32 or, as 'source' has, 'f16', got 'bf16'}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf16>) rows(%r : tensor<1x2x5x3xi32>) add(%z : tensor<1x2x5x4xbf16>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R5: terms that are dynamic
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x?xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected a static number of terms of 'rows', got 'tensor<1x2x5x?xi32>'}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x?xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R5: no terms
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x0xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected a positive number of terms of 'rows', got 'tensor<1x2x5x0xi32>'}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x0xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R5: very many terms
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x1025xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected a number of terms of at most 1024 of 'rows', got 1025}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x1025xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R6: lengths of what has a row for each row number
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'rows' and 'outs[0]' to have the same length, got 5 and 8}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5xi32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// R6: lengths of sources
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'sources[0]' and 'sources[1]' to have the same length, got 8 and 5}}
  %0:2 = spattn.gather_rows ins(%x, %o : tensor<1x2x8x4xf32>, tensor<1x2x5x4xf32>) rows(%r : tensor<1x2x5xi32>) outs(%o, %o : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>)
  return
}

// -----

// R6: head dimensions
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x6xf32>) {
  // expected-error @below {{expected 'source' and 'out' to have the same head dimension, got 4 and 6}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x6xf32>)
  return
}

// -----

// R7: types of results
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected results of the types of what is written}}
  %0 = "spattn.gather_rows"(%x, %r, %o) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<1x2x8x4xf32>, tensor<1x2x5xi32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf16>
  return
}

// -----

// R8: a gather of other elements
func.func @test(%x: tensor<1x2x8x4xf16>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'outs[0]' to have the element type of its source, 'f16', got 'f32'}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf16>) rows(%r : tensor<1x2x5xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// R8: a sum of other elements
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x4xf16>) {
  // expected-error @below {{expected 'out' to have the element type of 'source', 'f32', or f32, got 'f16'}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x4xf16>)
  return
}

// -----

// R9: epsilon of a gather
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected an 'epsilon' that is positive and finite}}
  %0 = spattn.gather_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5xi32>) outs(%o : tensor<1x2x5x4xf32>) {epsilon = 0.0 : f32}
  return
}

// -----

// R9: epsilon of a sum
func.func @test(%x: tensor<1x2x8x4xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected an 'epsilon' that is positive and finite}}
  %0 = spattn.sum_rows ins(%x : tensor<1x2x8x4xf32>) rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x4xf32>) {epsilon = 0x7F800000 : f32}
  return
}

// -----

// R10: vectors of each batch entry
func.func @test(%x: tensor<1x2x8x4xf32>, %w: tensor<2x3x6x4xf32>, %o: tensor<1x2x8x3xi32>) {
  // expected-error @below {{expected 'vectors' with a batch size of 1, got 'tensor<2x3x6x4xf32>'}}
  %0 = spattn.hash_rows ins(%x : tensor<1x2x8x4xf32>) vectors(%w : tensor<2x3x6x4xf32>) outs(%o : tensor<1x2x8x3xi32>)
  return
}

// -----

// R10: numbers of other sets
func.func @test(%x: tensor<1x2x8x4xf32>, %w: tensor<1x3x6x4xf32>, %o: tensor<1x2x8x2xi32>) {
  // expected-error @below {{expected a number in 'out' for each of the sets of 'vectors', 3, got 2}}
  %0 = spattn.hash_rows ins(%x : tensor<1x2x8x4xf32>) vectors(%w : tensor<1x3x6x4xf32>) outs(%o : tensor<1x2x8x2xi32>)
  return
}

// -----

// R10: elements of vectors
func.func @test(%x: tensor<1x2x8x4xf32>, %w: tensor<1x3x6x4xf16>, %o: tensor<1x2x8x3xi32>) {
  // expected-error @below {{expected 'vectors' to have the element type of 'source', 'f32', got 'f16'}}
  %0 = spattn.hash_rows ins(%x : tensor<1x2x8x4xf32>) vectors(%w : tensor<1x3x6x4xf16>) outs(%o : tensor<1x2x8x3xi32>)
  return
}

// -----

// R4: elements of numbers
func.func @test(%x: tensor<1x2x8x4xf32>, %w: tensor<1x3x6x4xf32>, %o: tensor<1x2x8x3xi64>) {
  // expected-error @below {{expected 'out' to have element type i32, got 'i64'}}
  %0 = spattn.hash_rows ins(%x : tensor<1x2x8x4xf32>) vectors(%w : tensor<1x3x6x4xf32>) outs(%o : tensor<1x2x8x3xi64>)
  return
}

// -----

// R6: head dimensions
func.func @test(%x: tensor<1x2x8x4xf32>, %w: tensor<1x3x6x5xf32>, %o: tensor<1x2x8x3xi32>) {
  // expected-error @below {{expected 'source' and 'vectors' to have the same head dimension, got 4 and 5}}
  %0 = spattn.hash_rows ins(%x : tensor<1x2x8x4xf32>) vectors(%w : tensor<1x3x6x5xf32>) outs(%o : tensor<1x2x8x3xi32>)
  return
}
