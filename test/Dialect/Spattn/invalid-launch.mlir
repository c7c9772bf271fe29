// The constraints of spattn.launch, by their labels.
// RUN: spattn-opt %s -verify-diagnostics -split-input-file

// L1
gpu.module @kernels {}
func.func @unnamed(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected a name for each of the 1 'outs', got 0}}
  "spattn.launch"(%x) <{kernels = @kernels, input_names = [], value_names = [], out_names = [], operandSegmentSizes = array<i32: 0, 0, 1>}> : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// L1
gpu.module @kernels {}
func.func @no_outs(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected one of 'outs' or more, got none}}
  spattn.launch @kernels ins(x = %x : tensor<4xf32>) values() outs()
  return
}

// -----

// L2
gpu.module @kernels {}
func.func @twice(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error@+1 {{uses the name 'x' twice}}
  spattn.launch @kernels ins(x = %x : memref<4xf32>) values() outs(x = %y : memref<4xf32>)
  return
}

// -----

// L2
gpu.module @kernels {}
func.func @empty(%y: memref<4xf32>) {
  // expected-error@+1 {{expected names that are not empty and hold no NUL}}
  spattn.launch @kernels ins() values() outs("" = %y : memref<4xf32>)
  return
}

// -----

// L2
gpu.module @kernels {}
func.func @nul(%y: memref<4xf32>) {
  // expected-error@+1 {{expected names that are not empty and hold no NUL}}
  spattn.launch @kernels ins() values() outs("a\00b" = %y : memref<4xf32>)
  return
}

// -----

// L3
gpu.module @kernels {}
func.func @unranked(%x: memref<*xf32>, %y: memref<4xf32>) {
  // expected-error@+1 {{expected 'x' to be a ranked tensor or a strided memref, got 'memref<*xf32>'}}
  spattn.launch @kernels ins(x = %x : memref<*xf32>) values() outs(y = %y : memref<4xf32>)
  return
}

// -----

// L3
gpu.module @kernels {}
func.func @scalar(%x: f32, %y: memref<4xf32>) {
  // expected-error@+1 {{expected 'x' to be a ranked tensor or a strided memref, got 'f32'}}
  spattn.launch @kernels ins(x = %x : f32) values() outs(y = %y : memref<4xf32>)
  return
}

// -----

// L4
gpu.module @kernels {}
func.func @elements(%x: memref<4xindex>, %y: memref<4xf32>) {
  // expected-error@+1 {{expected 'x' to have elements that are integers of 8, 16, 32 or 64 bits, f16, bf16, f32 or f64, got 'index'}}
  spattn.launch @kernels ins(x = %x : memref<4xindex>) values() outs(y = %y : memref<4xf32>)
  return
}

// -----

// L5
func.func @kernels() {
  return
}
func.func @no_module(%y: memref<4xf32>) {
  // expected-error@+1 {{expected @kernels to be a 'gpu.module' or a 'gpu.binary', got 'func.func'}}
  spattn.launch @kernels ins() values() outs(y = %y : memref<4xf32>)
  return
}

// -----

// L5
func.func @no_symbol(%y: memref<4xf32>) {
  // expected-error@+1 {{refers to @kernels, but there is no such symbol}}
  spattn.launch @kernels ins() values() outs(y = %y : memref<4xf32>)
  return
}

// -----

gpu.module @kernels {}
func.func @value(%x: i1, %y: memref<4xf32>) {
  // expected-error@+1 {{operand #0 must be variadic of 32-bit float or 64-bit float or 32-bit signless integer or 64-bit signless integer or index, but got 'i1'}}
  spattn.launch @kernels ins() values(x = %x : i1) outs(y = %y : memref<4xf32>)
  return
}
