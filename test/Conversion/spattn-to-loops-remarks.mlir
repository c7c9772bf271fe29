// RUN: spattn-opt %s -convert-spattn-to-loops=remarks=true -split-input-file -verify-diagnostics

func.func @static(%q: memref<1x4x256x16xf32>) {
  // expected-remark @+1 {{tiles of a batch element: 16 visited, 0 full, 16 masked, 48 skipped}}
  spattn.attention structure(#spattn.partition<exclusive>)
    ins(%q, %q, %q : memref<1x4x256x16xf32>, memref<1x4x256x16xf32>, memref<1x4x256x16xf32>)
    outs(%q : memref<1x4x256x16xf32>)
  return
}

// -----

// Nothing can be said of dynamic lengths before they are known.
func.func @dynamic(%q: memref<1x4x?x16xf32>) {
  spattn.attention structure(#spattn.partition<exclusive>)
    ins(%q, %q, %q : memref<1x4x?x16xf32>, memref<1x4x?x16xf32>, memref<1x4x?x16xf32>)
    outs(%q : memref<1x4x?x16xf32>)
  return
}

// -----

func.func @tensors(%q: tensor<1x4x256x16xf32>) -> tensor<1x4x256x16xf32> {
  // expected-error @+1 {{expected operands in buffers; run 'spattn-bufferize' before 'convert-spattn-to-loops'}}
  %r = spattn.attention structure(#spattn.full)
    ins(%q, %q, %q : tensor<1x4x256x16xf32>, tensor<1x4x256x16xf32>, tensor<1x4x256x16xf32>)
    outs(%q : tensor<1x4x256x16xf32>)
  return %r : tensor<1x4x256x16xf32>
}
