// RUN: spattn-opt %s -split-input-file -convert-spattn-to-spattn-gpu="target=sm_86" -verify-diagnostics

!t = tensor<?x2x?x20xf16>
func.func @columns(%x: !t, %r: tensor<?x2x?xi32>, %o: !t) -> !t {
  // expected-error @below {{expected a head dimension that is a multiple of 8 up to 512 for a kernel on a GPU, got 20}}
  %0 = spattn.gather_rows ins(%x : !t) rows(%r : tensor<?x2x?xi32>) outs(%o : !t)
  return %0 : !t
}

// -----

!t = tensor<?x2x?x8xf16>
func.func @sources(%x: !t, %r: tensor<?x2x?xi32>, %o0: !t, %o1: !t, %o2: !t, %o3: !t, %o4: !t, %o5: !t, %o6: !t, %o7: !t, %o8: !t) -> !t {
  // expected-error @below {{expected at most 8 sources for a kernel on a GPU, got 9}}
  %0:9 = spattn.gather_rows ins(%x, %x, %x, %x, %x, %x, %x, %x, %x : !t, !t, !t, !t, !t, !t, !t, !t, !t) rows(%r : tensor<?x2x?xi32>)
    outs(%o0, %o1, %o2, %o3, %o4, %o5, %o6, %o7, %o8 : !t, !t, !t, !t, !t, !t, !t, !t, !t)
  return %0#0 : !t
}

// -----

!t = tensor<?x2x?x8xf16>
func.func @terms(%x: !t, %r: tensor<?x2x?x33xi32>, %o: !t) -> !t {
  // expected-error @below {{expected at most 32 terms for a kernel on a GPU, got 33}}
  %0 = spattn.sum_rows ins(%x : !t) rows(%r : tensor<?x2x?x33xi32>) outs(%o : !t)
  return %0 : !t
}

// -----

!t = tensor<?x2x?x8xf16>
func.func @parts(%x: !t, %l: tensor<?x2x?xf32>, %r: tensor<?x2x?x17xi32>, %o: !t) -> !t {
  // expected-error @below {{expected at most 16 parts for a kernel on a GPU; merge them in groups, got 17}}
  %0 = spattn.merge ins(%x : !t) lses(%l : tensor<?x2x?xf32>) rows(%r : tensor<?x2x?x17xi32>) outs(%o : !t)
  return %0 : !t
}

// -----

func.func @hash_elements(%x: tensor<?x2x?x8xf32>, %w: tensor<1x3x?x8xf32>, %o: tensor<?x2x?x3xi32>) -> tensor<?x2x?x3xi32> {
  // expected-error @below {{expected elements of type f16 or bf16 for a kernel on a GPU, got 'f32'}}
  %0 = spattn.hash_rows ins(%x : tensor<?x2x?x8xf32>) vectors(%w : tensor<1x3x?x8xf32>) outs(%o : tensor<?x2x?x3xi32>)
  return %0 : tensor<?x2x?x3xi32>
}

// -----

func.func @hash_columns(%x: tensor<?x2x?x264xf16>, %w: tensor<1x3x?x264xf16>, %o: tensor<?x2x?x3xi32>) -> tensor<?x2x?x3xi32> {
  // expected-error @below {{expected a head dimension that is a multiple of 8 up to 256 for a kernel on a GPU, got 264}}
  %0 = spattn.hash_rows ins(%x : tensor<?x2x?x264xf16>) vectors(%w : tensor<1x3x?x264xf16>) outs(%o : tensor<?x2x?x3xi32>)
  return %0 : tensor<?x2x?x3xi32>
}

// -----

func.func @hash_memory(%x: tensor<?x2x?x256xf16>, %w: tensor<1x3x?x256xf16>, %o: tensor<?x2x?x3xi32>) -> tensor<?x2x?x3xi32> {
  // expected-error @below {{needs 131096 bytes of shared memory for a head dimension of 256, and 'sm_86' has 101376}}
  %0 = spattn.hash_rows ins(%x : tensor<?x2x?x256xf16>) vectors(%w : tensor<1x3x?x256xf16>) outs(%o : tensor<?x2x?x3xi32>)
  return %0 : tensor<?x2x?x3xi32>
}
