// A program of which attention is a part: layers of which every second sees a
// band of distances, on f16 and bf16, and the gradients of one attention. The
// rest is linear algebra, loops, branches and calls. program.py says in NumPy
// what it computes.

!x = tensor<1x4x?x64xf32>
!h = tensor<1x4x?x64xf16>
!b = tensor<1x4x?x64xbf16>
!l = tensor<1x4x?xf32>
#map = affine_map<(b, h, n, d) -> (b, h, n, d)>

func.func private @empty(%x: !x) -> !x {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c2 : !x
  %e = tensor.empty(%n) : !x
  return %e : !x
}

// factor * x, rounded to f16.
func.func private @scaled(%x: !x, %factor: f32) -> !h {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c2 : !x
  %e = tensor.empty(%n) : !h
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : !x) outs(%e : !h) {
  ^bb0(%in: f32, %out: f16):
    %0 = arith.mulf %in, %factor : f32
    %1 = arith.truncf %0 : f32 to f16
    linalg.yield %1 : f16
  } -> !h
  return %r : !h
}

// x + y / 2.
func.func private @residual(%x: !x, %y: !x) -> !x {
  %e = call @empty(%x) : (!x) -> !x
  %half = arith.constant 0.5 : f32
  %r = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %y : !x, !x) outs(%e : !x) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %b, %half : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> !x
  return %r : !x
}

// Even layers: causal, in f16.
func.func private @even(%x: !x) -> !x {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %q = call @scaled(%x, %two) : (!x, f32) -> !h
  %k = call @scaled(%x, %one) : (!x, f32) -> !h
  %v = call @scaled(%x, %one) : (!x, f32) -> !h
  %e = call @empty(%x) : (!x) -> !x
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !h, !h, !h) outs(%e : !x)
  return %r : !x
}

// Odd ones: each head sees a band, in bf16, whose rounding is that of x.
func.func private @odd(%x: !x, %scale: f32) -> !x {
  %q = arith.truncf %x : !x to !b
  %e = call @empty(%x) : (!x) -> !x
  %r = spattn.attention structure(#spattn.partition<exclusive>) ins(%q, %q, %q : !b, !b, !b) scale(%scale) outs(%e : !x)
  return %r : !x
}

func.func @layers(%x: !x, %steps: index, %scale: f32, %out: !x) -> !x attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = scf.for %i = %c0 to %steps step %c1 iter_args(%a = %x) -> !x {
    %rest = arith.remui %i, %c2 : index
    %isEven = arith.cmpi eq, %rest, %c0 : index
    %b = scf.if %isEven -> !x {
      %0 = func.call @even(%a) : (!x) -> !x
      scf.yield %0 : !x
    } else {
      %0 = func.call @odd(%a, %scale) : (!x, f32) -> !x
      scf.yield %0 : !x
    }
    %c = func.call @residual(%a, %b) : (!x, !x) -> !x
    scf.yield %c : !x
  }
  %r = linalg.copy ins(%y : !x) outs(%out : !x) -> !x
  return %r : !x
}

// The gradient by x of the sum of causal self-attention of x in f16, which is
// that by queries, keys and values together. A transposed array is an operand,
// too: heads and rows are the other way round in it.
func.func @gradient(%x: !x, %out: !x) -> !x attributes {llvm.emit_c_interface} {
  %one = arith.constant 1.0 : f32
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c2 : !x
  %q = call @scaled(%x, %one) : (!x, f32) -> !h
  %turned = tensor.empty(%n) : tensor<1x?x4x64xf16>
  %t = linalg.transpose ins(%q : !h) outs(%turned : tensor<1x?x4x64xf16>) permutation = [0, 2, 1, 3]
  %back = tensor.empty(%n) : !h
  %k = linalg.transpose ins(%t : tensor<1x?x4x64xf16>) outs(%back : !h) permutation = [0, 2, 1, 3]
  %oe = tensor.empty(%n) : !h
  %le = tensor.empty(%n) : !l
  %o, %l = spattn.attention structure(#spattn.causal) ins(%q, %k, %q : !h, !h, !h) outs(%oe, %le : !h, !l)
  %h1 = arith.constant 1.0 : f16
  %do = linalg.fill ins(%h1 : f16) outs(%oe : !h) -> !h
  %qe = tensor.empty(%n) : !h
  %ke = tensor.empty(%n) : !h
  %ve = tensor.empty(%n) : !h
  %dq, %dk, %dv = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %k, %q, %o, %l, %do : !h, !h, !h, !h, !l, !h) outs(%qe, %ke, %ve : !h, !h, !h)
  %r = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%dq, %dk, %dv : !h, !h, !h) outs(%out : !x) {
  ^bb0(%a: f16, %b: f16, %c: f16, %unused: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.extf %c : f16 to f32
    %3 = arith.addf %0, %1 : f32
    %4 = arith.addf %3, %2 : f32
    linalg.yield %4 : f32
  } -> !x
  return %r : !x
}
