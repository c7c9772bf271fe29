// RUN: spattn-opt %s -spattn-cpu -split-input-file -verify-diagnostics

func.func @math(%x: f32) -> f32 {
  // expected-error @+1 {{'math.erf' op has no lowering to the LLVM dialect for a CPU}}
  %y = math.erf %x : f32
  return %y : f32
}

// -----

// expected-error @+1 {{uses a tensor whose elements are of type '!llvm.ptr'; buffers hold integers, index, floats, complex numbers and vectors}}
func.func @elements(%x: tensor<4x!llvm.ptr>) {
  return
}

// -----

// expected-error @+1 {{has the name of the runtime's function 'spattn_parallel_for'}}
func.func @spattn_parallel_for(%x: f32) {
  return
}
func.func @loop(%m: memref<4xf32>, %x: f32) {
  scf.forall (%i) in (4) {
    memref.store %x, %m[%i] : memref<4xf32>
  }
  return
}
