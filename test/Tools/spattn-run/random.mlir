// Random inputs are standard normal, and depend on nothing but the seed.

// RUN: rm -rf %t && mkdir %t
// RUN: env SPATTN_NUM_THREADS=1 spattn-run %s --entry=f32 --output=%t/a.npy > /dev/null
// RUN: env SPATTN_NUM_THREADS=3 spattn-run %s --entry=f32 --output=%t/b.npy > /dev/null
// RUN: spattn-run %s --entry=f32 --output=%t/c.npy --seed=1 > /dev/null
// RUN: cmp %t/a.npy %t/b.npy && not cmp %t/a.npy %t/c.npy

// RUN: spattn-run %s --output=%t/f32.npy --output=%t/f16.npy --output=%t/bf16.npy --output=%t/second.npy > /dev/null
// RUN: %python %S/Inputs/normal.py %t/f32.npy %t/f16.npy %t/bf16.npy %t/second.npy | FileCheck %s
// CHECK-COUNT-4: normal
// CHECK:         independent

func.func @f32(%x: tensor<1000x333xf32>) -> tensor<1000x333xf32> {
  return %x : tensor<1000x333xf32>
}
func.func @f16(%x: tensor<1000x333xf16>) -> tensor<1000x333xf16> {
  return %x : tensor<1000x333xf16>
}
func.func @bf16(%x: tensor<1000x333xbf16>) -> tensor<1000x333xbf16> {
  return %x : tensor<1000x333xbf16>
}
func.func @second(%x: tensor<1xf32>, %y: tensor<1000x333xf32>) -> tensor<1000x333xf32> {
  return %y : tensor<1000x333xf32>
}
