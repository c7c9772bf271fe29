// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// The labels are those of docs/Spec.md.

// M1: layout
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'layout' to be a permutation of "bhnd" (batch, head, length, head dimension), got "bhn"}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>) {layout = "bhn"}
  return
}

// -----

// M2: no parts
func.func @test(%o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected one of 'parts' or more, got none}}
  %r = "spattn.merge"(%o) {operandSegmentSizes = array<i32: 0, 0, 0, 1, 0>} : (tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return
}

// -----

// M2: a log-sum-exp too few
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected as many of 'lses' as of 'parts', 2, got 1}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0 : tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M2: a gradient too few
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dp0: tensor<1x2x8x4xf32>, %dl0: tensor<1x2x8xf32>, %dl1: tensor<1x2x8xf32>) {
  // expected-error @below {{expected as many of 'dparts' as of 'parts', 2, got 1}}
  %r:3 = spattn.merge_backward ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
    dout(%do : tensor<1x2x8x4xf32>) outs(%dp0 : tensor<1x2x8x4xf32>) dlses(%dl0, %dl1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
  return
}

// -----

// M2: a gradient by a log-sum-exp too many
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dp0: tensor<1x2x8x4xf32>, %dp1: tensor<1x2x8x4xf32>, %dl0: tensor<1x2x8xf32>, %dl1: tensor<1x2x8xf32>, %dl2: tensor<1x2x8xf32>) {
  // expected-error @below {{expected as many of 'dlses' as of 'parts', 2, got 3}}
  %r:5 = spattn.merge_backward ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
    dout(%do : tensor<1x2x8x4xf32>) outs(%dp0, %dp1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) dlses(%dl0, %dl1, %dl2 : tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>)
  return
}

// -----

// M3: rank of a part
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'parts[1]' of rank 4, got 'tensor<2x8x4xf32>'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M3: rank of a log-sum-exp
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8x1xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'lses[0]' of rank 3, got 'tensor<1x2x8x1xf32>'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8x1xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M3: tensors and buffers
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: memref<1x2x8x4xf32>) {
  // expected-error @below {{expected operands to be all tensors or all buffers, but 'out' is 'memref<1x2x8x4xf32>'}}
  spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : memref<1x2x8x4xf32>)
  return
}

// -----

// M3: no array
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: f32, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'lses[1]' to be a ranked tensor or a strided memref, got 'f32'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, f32) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M4: elements that there are no parts of
func.func @test(%p0: tensor<1x2x8x4xf64>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected elements of type f32, f16 or bf16 in 'parts[0]', got 'f64'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf64>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M4: two types of 16 bits
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf16>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xbf16>) {
  // expected-error @below {{expected 'out' to have elements of type f32 or, as 'parts[1]' has, 'f16', got 'bf16'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf16>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xbf16>)
  return
}

// -----

// M4: elements of a log-sum-exp
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>, %lse: tensor<1x2x8xf16>) {
  // expected-error @below {{expected 'lse' to have element type f32, got 'f16'}}
  %r:2 = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o, %lse : tensor<1x2x8x4xf32>, tensor<1x2x8xf16>)
  return
}

// -----

// M5: dynamic heads
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x?x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a static number of heads of 'parts[1]', got 'tensor<1x?x8x4xf32>'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x?x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M5: no heads
func.func @test(%p0: tensor<1x0x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a positive number of heads of 'parts[0]', got 'tensor<1x0x8x4xf32>'}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x0x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M5: a large head dimension
func.func @test(%p0: tensor<1x2x8x1032xf32>, %p1: tensor<1x2x8x1032xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x1032xf32>) {
  // expected-error @below {{expected a head dimension of at most 1024 of 'parts[0]', got 1032}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x1032xf32>, tensor<1x2x8x1032xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x1032xf32>)
  return
}

// -----

// M6: lengths
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x9xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'parts[0]' and 'lses[1]' to have the same length, got 8 and 9}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x9xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// M6: head dimensions
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %o: tensor<1x2x8x5xf32>) {
  // expected-error @below {{expected 'parts[0]' and 'out' to have the same head dimension, got 4 and 5}}
  %r = spattn.merge ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>) outs(%o : tensor<1x2x8x5xf32>)
  return
}

// -----

// M6: batch sizes
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %do: tensor<3x2x8x4xf32>, %dp0: tensor<1x2x8x4xf32>, %dp1: tensor<1x2x8x4xf32>, %dl0: tensor<1x2x8xf32>, %dl1: tensor<1x2x8xf32>) {
  // expected-error @below {{expected 'parts[0]' and 'dout' to have the same batch size, got 1 and 3}}
  %r:4 = spattn.merge_backward ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
    dout(%do : tensor<3x2x8x4xf32>) outs(%dp0, %dp1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) dlses(%dl0, %dl1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
  return
}

// -----

// M6: heads
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dp0: tensor<1x2x8x4xf32>, %dp1: tensor<1x2x8x4xf32>, %dl0: tensor<1x3x8xf32>, %dl1: tensor<1x2x8xf32>) {
  // expected-error @below {{expected 'parts[0]' and 'dlses[0]' to have the same number of heads, got 2 and 3}}
  %r:4 = spattn.merge_backward ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
    dout(%do : tensor<1x2x8x4xf32>) outs(%dp0, %dp1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) dlses(%dl0, %dl1 : tensor<1x3x8xf32>, tensor<1x2x8xf32>)
  return
}

// -----

// M7: types of results
func.func @test(%p: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected results of the types of what is written}}
  %r = "spattn.merge"(%p, %l, %o) {operandSegmentSizes = array<i32: 1, 1, 0, 1, 0>} : (tensor<1x2x8x4xf32>, tensor<1x2x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf16>
  return
}

// -----

// M8: elements of a gradient
func.func @test(%p0: tensor<1x2x8x4xf32>, %p1: tensor<1x2x8x4xf32>, %l0: tensor<1x2x8xf32>, %l1: tensor<1x2x8xf32>, %do: tensor<1x2x8x4xf32>, %dp0: tensor<1x2x8x4xf16>, %dp1: tensor<1x2x8x4xf32>, %dl0: tensor<1x2x8xf32>, %dl1: tensor<1x2x8xf32>) {
  // expected-error @below {{expected 'dparts[0]' to have the element type of its part, 'f32', or f32, got 'f16'}}
  %r:4 = spattn.merge_backward ins(%p0, %p1 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) lses(%l0, %l1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
    dout(%do : tensor<1x2x8x4xf32>) outs(%dp0, %dp1 : tensor<1x2x8x4xf16>, tensor<1x2x8x4xf32>) dlses(%dl0, %dl1 : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
  return
}

// -----

// M9: several arrays of parts that are rows
func.func @test(%p: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected one of 'parts' with 'rows', got 2}}
  %x = spattn.merge ins(%p, %p : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) lses(%l, %l : tensor<1x2x8xf32>, tensor<1x2x8xf32>)
    rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// M9: elements of an output that are shorter than those of its parts
func.func @test(%p: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x4xf16>) {
  // expected-error @below {{expected 'out' to have the element type of its parts, 'f32', or f32, got 'f16'}}
  %x = spattn.merge ins(%p : tensor<1x2x8x4xf32>) lses(%l : tensor<1x2x8xf32>)
    rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x4xf16>)
  return
}

// -----

// M6: log-sum-exps of other rows than the parts
func.func @test(%p: tensor<1x2x8x4xf32>, %l: tensor<1x2x5xf32>, %r: tensor<1x2x5x3xi32>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'parts[0]' and 'lses[0]' to have the same length, got 8 and 5}}
  %x = spattn.merge ins(%p : tensor<1x2x8x4xf32>) lses(%l : tensor<1x2x5xf32>)
    rows(%r : tensor<1x2x5x3xi32>) outs(%o : tensor<1x2x5x4xf32>)
  return
}

// -----

// M4: row numbers
func.func @test(%p: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xf32>, %r: tensor<1x2x5x3xi64>, %o: tensor<1x2x5x4xf32>) {
  // expected-error @below {{expected 'rows' to have element type i32, got 'i64'}}
  %x = spattn.merge ins(%p : tensor<1x2x8x4xf32>) lses(%l : tensor<1x2x8xf32>)
    rows(%r : tensor<1x2x5x3xi64>) outs(%o : tensor<1x2x5x4xf32>)
  return
}
