// RUN: spattn-opt %s -split-input-file -verify-diagnostics

// C1: layout
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'layout' to be a permutation of "bhnd" (batch, head, length, head dimension), got "bhnn"}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>) {layout = "bhnn"}
  return
}

// -----

// C2: rank
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'key' of rank 4, got 'tensor<2x8x4xf32>'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: rank of lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8x1xf32>) {
  // expected-error @below {{expected 'lse' of rank 3, got 'tensor<1x2x8x1xf32>'}}
  %r:2 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o, %l : tensor<1x2x8x4xf32>, tensor<1x2x8x1xf32>)
  return
}

// -----

// C2: tensors and buffers
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: memref<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected operands to be all tensors or all buffers, but 'value' is 'memref<1x2x8x4xf32>'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, memref<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C3: element type
func.func @test(%q: tensor<1x2x8x4xf64>, %k: tensor<1x2x8x4xf64>, %v: tensor<1x2x8x4xf64>, %o: tensor<1x2x8x4xf64>) {
  // expected-error @below {{expected elements of type f32, f16 or bf16, got 'f64'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf64>, tensor<1x2x8x4xf64>, tensor<1x2x8x4xf64>)
    outs(%o : tensor<1x2x8x4xf64>)
  return
}

// -----

// C3: same element type
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf16>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query', 'key' and 'value' to have the same element type, but 'query' has 'f32' and 'value' has 'f16'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf16>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C4: element type of out
func.func @test(%q: tensor<1x2x8x4xbf16>, %k: tensor<1x2x8x4xbf16>, %v: tensor<1x2x8x4xbf16>, %o: tensor<1x2x8x4xf16>) {
  // expected-error @below {{expected 'out' to have the element type of 'value' or f32, got 'f16'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xbf16>, tensor<1x2x8x4xbf16>, tensor<1x2x8x4xbf16>)
    outs(%o : tensor<1x2x8x4xf16>)
  return
}

// -----

// C5: element type of lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x8xbf16>) {
  // expected-error @below {{expected 'lse' to have element type f32, got 'bf16'}}
  %r:2 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o, %l : tensor<1x2x8x4xf32>, tensor<1x2x8xbf16>)
  return
}

// -----

// C6: dynamic heads
func.func @test(%q: tensor<1x?x8x4xf32>, %k: tensor<1x?x8x4xf32>, %v: tensor<1x?x8x4xf32>, %o: tensor<1x?x8x4xf32>) {
  // expected-error @below {{expected a static number of heads of 'query', got 'tensor<1x?x8x4xf32>'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x?x8x4xf32>, tensor<1x?x8x4xf32>, tensor<1x?x8x4xf32>)
    outs(%o : tensor<1x?x8x4xf32>)
  return
}

// -----

// C6: dynamic head dimension
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x?xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a static head dimension of 'key', got 'tensor<1x2x8x?xf32>'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x?xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C6: no heads
func.func @test(%q: tensor<1x0x8x4xf32>, %k: tensor<1x0x8x4xf32>, %v: tensor<1x0x8x4xf32>, %o: tensor<1x0x8x4xf32>) {
  // expected-error @below {{expected a positive number of heads of 'query', got 'tensor<1x0x8x4xf32>'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x0x8x4xf32>, tensor<1x0x8x4xf32>, tensor<1x0x8x4xf32>)
    outs(%o : tensor<1x0x8x4xf32>)
  return
}

// -----

// C7: head dimension
func.func @test(%q: tensor<1x2x8x2048xf32>, %k: tensor<1x2x8x2048xf32>, %v: tensor<1x2x8x2048xf32>, %o: tensor<1x2x8x2048xf32>) {
  // expected-error @below {{expected head dimensions of at most 1024, got 2048}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x2048xf32>, tensor<1x2x8x2048xf32>, tensor<1x2x8x2048xf32>)
    outs(%o : tensor<1x2x8x2048xf32>)
  return
}

// -----

// C8: groups
func.func @test(%q: tensor<1x3x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x3x8x4xf32>) {
  // expected-error @below {{expected the number of query heads to be a multiple of the number of key heads, got 3 and 2}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x3x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x3x8x4xf32>)
  return
}

// -----

// C9: batch
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<2x2x8x4xf32>, %v: tensor<2x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'key' to have the same batch size, got 1 and 2}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<2x2x8x4xf32>, tensor<2x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: key heads
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x1x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'key' and 'value' to have the same number of heads, got 2 and 1}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x1x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: out heads
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x1x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'out' to have the same number of heads, got 2 and 1}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x1x8x4xf32>)
  return
}

// -----

// C10: key length
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x9x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'key' and 'value' to have the same length, got 8 and 9}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x9x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C10: out length
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x9x4xf32>) {
  // expected-error @below {{expected 'query' and 'out' to have the same length, got 8 and 9}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x9x4xf32>)
  return
}

// -----

// C10: head dimension
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x8xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'query' and 'key' to have the same head dimension, got 4 and 8}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x8xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C10: value dimension
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x8xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected 'value' and 'out' to have the same head dimension, got 8 and 4}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x8xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C11: lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x2x9xf32>) {
  // expected-error @below {{expected 'query' and 'lse' to have the same length, got 8 and 9}}
  %r:2 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o, %l : tensor<1x2x8x4xf32>, tensor<1x2x9xf32>)
  return
}

// -----

// C11: heads of lse
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %l: tensor<1x?x8xf32>) {
  // expected-error @below {{expected a static number of heads of 'lse', got 'tensor<1x?x8xf32>'}}
  %r:2 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o, %l : tensor<1x2x8x4xf32>, tensor<1x?x8xf32>)
  return
}

// -----

// C12: length
func.func @test(%q: tensor<1x2x2147483649x4xf32>, %k: tensor<1x2x2147483649x4xf32>, %v: tensor<1x2x2147483649x4xf32>, %o: tensor<1x2x2147483649x4xf32>) {
  // expected-error @below {{expected a length of at most 2147483648 of 'query', got 2147483649}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x2147483649x4xf32>, tensor<1x2x2147483649x4xf32>, tensor<1x2x2147483649x4xf32>)
    outs(%o : tensor<1x2x2147483649x4xf32>)
  return
}

// -----

// C12: elements
func.func @test(%q: tensor<9223372036854775807x2x8x4xf32>, %k: tensor<9223372036854775807x2x8x4xf32>, %v: tensor<9223372036854775807x2x8x4xf32>, %o: tensor<9223372036854775807x2x8x4xf32>) {
  // expected-error @below {{expected operands of fewer than 2^63 elements, got 'tensor<9223372036854775807x2x8x4xf32>'}}
  %r:1 = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<9223372036854775807x2x8x4xf32>, tensor<9223372036854775807x2x8x4xf32>, tensor<9223372036854775807x2x8x4xf32>)
    outs(%o : tensor<9223372036854775807x2x8x4xf32>)
  return
}

// -----

// C13: heads
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a structure for each of the 2 query heads, got 3}}
  %r:1 = spattn.attention structure(#spattn.heads<3 x #spattn.causal>)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C14: structure
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a head structure (#spattn.full, .causal, .window, .sink, .prefix, .keys, .queries, .distances, .partition, .band, .union, .intersection) or #spattn.heads, got 3 : i64}}
  %r:1 = spattn.attention structure(3)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C16: tiles
func.func @test(%q: tensor<1x2x8x64xf32>) {
  // expected-error @below {{expected a tile shape whose tiles need at most 1048576 elements of scratch, got #spattn.tile_shape<query_tile = 4096, key_tile = 4096>, which needs 17825792}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x64xf32>, tensor<1x2x8x64xf32>, tensor<1x2x8x64xf32>)
    outs(%q : tensor<1x2x8x64xf32>) {tile_shape = #spattn.tile_shape<query_tile = 4096, key_tile = 4096>}
  return
}

// -----

// C15: results
func.func @test(%q: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected results of the types of 'outs'}}
  "spattn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0>, structure = #spattn.causal}> ({}) : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> ()
  return
}

// -----

// L5: intervals of distances
!t = tensor<1x1x8x4xf32>
func.func @intervals(%x: !t) -> !t {
  // expected-error @below {{the structure has 33 intervals of distances, counted for each range of keys; at most 24 are supported}}
  %r = spattn.attention structure(#spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47, 48 to 49, 50 to 51, 52 to 53, 54 to 55, 56 to 57, 58 to 59, 60 to 61, 62 to 63, 64 to 65>)
      ins(%x, %x, %x : !t, !t, !t) outs(%x : !t)
  return %r : !t
}

// -----

// L5: counted for each range of keys and of queries
!t = tensor<1x1x8x4xf32>
func.func @intervals_of_queries(%x: !t) -> !t {
  // expected-error @below {{the structure has 27 intervals of distances, counted for each range of keys and of queries; at most 24 are supported}}
  %r = spattn.attention structure(#spattn.union<
        #spattn.intersection<#spattn.queries<0 to 100>, #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>>,
        #spattn.intersection<#spattn.queries<100 to 200>, #spattn.distances<-1 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>>,
        #spattn.intersection<#spattn.queries<200 to inf>, #spattn.distances<-2 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>>>)
      ins(%x, %x, %x : !t, !t, !t) outs(%x : !t)
  return %r : !t
}

// -----

// L6: intervals of all groups
!t = tensor<1x6x8x4xf32>
func.func @intervals_of_groups(%x: !t) -> !t {
  // expected-error @below {{the structures of all head groups have 144 intervals of distances; at most 128 are supported}}
  %r = spattn.attention structure(#spattn.heads<1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17, 18 to 19, 20 to 21, 22 to 23, 24 to 25, 26 to 27, 28 to 29, 30 to 31, 32 to 33, 34 to 35, 36 to 37, 38 to 39, 40 to 41, 42 to 43, 44 to 45, 46 to 47>>)
      ins(%x, %x, %x : !t, !t, !t) outs(%x : !t)
  return %r : !t
}

// -----

// L7: groups of many intervals
!t = tensor<1x8x8x4xf32>
func.func @many_intervals(%x: !t) -> !t {
  // expected-error @below {{the structures of head groups that have more than 8 intervals of distances have 72 together; at most 64 are supported}}
  %r = spattn.attention structure(#spattn.heads<1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>, 1 x #spattn.distances<0 to 1, 2 to 3, 4 to 5, 6 to 7, 8 to 9, 10 to 11, 12 to 13, 14 to 15, 16 to 17>>)
      ins(%x, %x, %x : !t, !t, !t) outs(%x : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x4xf32>
func.func @unranked(%q: !t, %k: tensor<*xf32>, %o: !t) -> !t {
  // expected-error @+1 {{'spattn.attention' op expected 'key' to be a ranked tensor or a strided memref, got 'tensor<*xf32>'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %k, %q : !t, tensor<*xf32>, !t) outs(%o : !t)
  return %r : !t
}

// -----

!t = tensor<1x2x8x4xf32>
func.func @unranked_out(%q: !t, %o: tensor<*xf32>) {
  // expected-error @+1 {{'spattn.attention' op expected 'out' to be a ranked tensor or a strided memref, got 'tensor<*xf32>'}}
  %r = spattn.attention structure(#spattn.causal) ins(%q, %q, %q : !t, !t, !t) outs(%o : tensor<*xf32>)
  return
}

// -----

func.func @scalar(%q: memref<1x2x8x4xf32>, %l: memref<*xf32>) {
  // expected-error @+1 {{'spattn.attention' op expected 'lse' to be a ranked tensor or a strided memref, got 'memref<*xf32>'}}
  spattn.attention structure(#spattn.causal) ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
      outs(%q, %l : memref<1x2x8x4xf32>, memref<*xf32>)
  return
}

// -----

// C2: rank of sink_logits
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<1x2xf32>) {
  // expected-error @below {{expected 'sink_logits' of rank 1, got 'tensor<1x2xf32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : tensor<1x2xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: sink_logits is no array
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: f32) {
  // expected-error @below {{'spattn.attention' op expected 'sink_logits' to be a ranked tensor or a strided memref, got 'f32'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : f32) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C5: sink_logits
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2xbf16>) {
  // expected-error @below {{expected 'sink_logits' to have element type f32, got 'bf16'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : tensor<2xbf16>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C6: sink_logits
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<?xf32>) {
  // expected-error @below {{expected a static number of heads of 'sink_logits', got 'tensor<?xf32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : tensor<?xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: heads of sink_logits
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<4xf32>) {
  // expected-error @below {{expected 'query' and 'sink_logits' to have the same number of heads, got 2 and 4}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    sink_logits(%s : tensor<4xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: rank of query_starts
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<1xi32>) {
  // expected-error @below {{expected 'query_starts' of rank 2, got 'tensor<1xi32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_starts(%s : tensor<1xi32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C21: elements of key_ends
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<1x1xi64>) {
  // expected-error @below {{expected 'key_ends' to have element type i32, got 'i64'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    key_ends(%s : tensor<1x1xi64>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: batch of key_starts
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2x1xi32>) {
  // expected-error @below {{expected 'query' and 'key_starts' to have the same batch size, got 1 and 2}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    key_starts(%s : tensor<2x1xi32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C21: numbers of sequences
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<1x3xi32>, %t: tensor<1x2xi32>) {
  // expected-error @below {{expected 'query_starts' and 'query_ends' to have the same number of sequences, got 3 and 2}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_starts(%s : tensor<1x3xi32>) query_ends(%t : tensor<1x2xi32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C22: several sequences, but no ends of keys
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<1x3xi32>) {
  // expected-error @below {{expected 'key_ends' where batch entries have 3 sequences}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_starts(%s : tensor<1x3xi32>) query_ends(%s : tensor<1x3xi32>)
    key_starts(%s : tensor<1x3xi32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C23: bounds of a pack without sequences
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{has 'bound_length' of a pack, but no starts or ends of sequences}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>) {bound_length = #spattn.bound_length<pack>}
  return
}

// -----

// C2: rank of alibi_slopes
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2x1xf32>) {
  // expected-error @below {{expected 'alibi_slopes' of rank 1, got 'tensor<2x1xf32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    alibi_slopes(%s : tensor<2x1xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C5: alibi_slopes
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2xf16>) {
  // expected-error @below {{expected 'alibi_slopes' to have element type f32, got 'f16'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    alibi_slopes(%s : tensor<2xf16>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: heads of alibi_slopes
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<3xf32>) {
  // expected-error @below {{expected 'query' and 'alibi_slopes' to have the same number of heads, got 2 and 3}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    alibi_slopes(%s : tensor<3xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C2: rank of distance_bias
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2xf32>) {
  // expected-error @below {{expected 'distance_bias' of rank 2, got 'tensor<2xf32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%s : tensor<2xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C5: distance_bias
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2x9xbf16>) {
  // expected-error @below {{expected 'distance_bias' to have element type f32, got 'bf16'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%s : tensor<2x9xbf16>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C6: distances of distance_bias
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2x?xf32>) {
  // expected-error @below {{expected a static number of distances of 'distance_bias', got 'tensor<2x?xf32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%s : tensor<2x?xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C6: no distances
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2x0xf32>) {
  // expected-error @below {{expected a positive number of distances of 'distance_bias', got 'tensor<2x0xf32>'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%s : tensor<2x0xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C9: heads of distance_bias
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<4x9xf32>) {
  // expected-error @below {{expected 'query' and 'distance_bias' to have the same number of heads, got 2 and 4}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%s : tensor<4x9xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C24: too many distances
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: tensor<2x1048577xf32>) {
  // expected-error @below {{expected a 'distance_bias' of at most 1048576 distances, got 1048577}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    distance_bias(%s : tensor<2x1048577xf32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C25: elements of positions
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi64>) {
  // expected-error @below {{expected 'query_positions' to have element type i32, got 'i64'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi64>) key_positions(%p : tensor<1x2x8xi64>) outs(%o : tensor<1x2x8x4xf32>) {causal_positions}
  return
}

// -----

// C11: lengths of positions
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi32>, %n: tensor<1x2x9xi32>) {
  // expected-error @below {{expected 'key' and 'key_positions' to have the same length, got 8 and 9}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) key_positions(%n : tensor<1x2x9xi32>) outs(%o : tensor<1x2x8x4xf32>) {causal_positions}
  return
}

// -----

// C25: positions of queries alone
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi32>) {
  // expected-error @below {{has 'query_positions', but no 'key_positions'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) outs(%o : tensor<1x2x8x4xf32>) {causal_positions}
  return
}

// -----

// C25: positions of keys alone
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi32>) {
  // expected-error @below {{has 'key_positions', but no 'query_positions'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    key_positions(%p : tensor<1x2x8xi32>) outs(%o : tensor<1x2x8x4xf32>) {causal_positions}
  return
}

// -----

// C25: positions that nothing depends on
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi32>) {
  // expected-error @below {{has positions, but neither 'causal_positions' nor 'self_score'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) key_positions(%p : tensor<1x2x8xi32>) outs(%o : tensor<1x2x8x4xf32>)
  return
}

// -----

// C25: an order without positions
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{has 'causal_positions', but no 'query_positions' and 'key_positions'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>) {causal_positions}
  return
}

// -----

// C25: a score without positions
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>) {
  // expected-error @below {{has 'self_score', but no 'query_positions' and 'key_positions'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    outs(%o : tensor<1x2x8x4xf32>) {self_score = -5.0e4 : f32}
  return
}

// -----

// C26: a score that is too large
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi32>) {
  // expected-error @below {{expected a 'self_score' from -1e6 to 1e6, got -2.000000e+06 : f32}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) key_positions(%p : tensor<1x2x8xi32>) outs(%o : tensor<1x2x8x4xf32>) {self_score = -2.0e6 : f32}
  return
}

// -----

// C26: a score that is no number
func.func @test(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %p: tensor<1x2x8xi32>) {
  // expected-error @below {{expected a 'self_score' from -1e6 to 1e6, got 0x7FC00000 : f32}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
    query_positions(%p : tensor<1x2x8xi32>) key_positions(%p : tensor<1x2x8xi32>) outs(%o : tensor<1x2x8x4xf32>) {self_score = 0x7FC00000 : f32}
  return
}

// -----

// C32: arguments of the region
func.func @test(%q: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a 'score' region of (f32, i32, i32, i32, i32): the score, and the numbers of query, key, head and batch entry, got (f32, index)}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: index):
    spattn.yield %score : f32
  }
  return
}

// -----

// C32: another terminator
func.func @test(%q: tensor<1x2x8x4xf32>) {
  // expected-error @below {{expected a 'score' region that ends with 'spattn.yield'}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    llvm.unreachable
  }
  return
}

// -----

// C32: what the region yields
func.func @test(%q: tensor<1x2x8x4xf32>) {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    // expected-error @below {{expected a score of type f32, got i32}}
    spattn.yield %query : i32
  }
  return
}

// -----

// C33: an operation that lowerings do not have
func.func @test(%q: tensor<1x2x8x4xf32>) {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    // expected-error @below {{cannot be in a 'score' region: expected one of the operations of 'arith' and 'math' that the specification lists}}
    %r = math.sin %score : f32
    spattn.yield %r : f32
  }
  return
}

// -----

// C33: another type
func.func @test(%q: tensor<1x2x8x4xf32>) {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    // expected-error @below {{expected f32, i32 and i1 in a 'score' region, got f64}}
    %r = arith.constant 1.0 : f64
    spattn.yield %score : f32
  }
  return
}

// -----

// C33: a divisor that may be 0
func.func @test(%q: tensor<1x2x8x4xf32>) {
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    // expected-error @below {{expected a divisor in a 'score' region that is a positive constant}}
    %r = arith.remsi %query, %key : i32
    spattn.yield %score : f32
  }
  return
}

// -----

// values of the function are not those of a pair
func.func @test(%q: tensor<1x2x8x4xf32>, %x: f32) {
  // expected-note @below {{required by region isolation constraints}}
  %r = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%q : tensor<1x2x8x4xf32>) score {
  ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
    // expected-error @below {{using value defined outside the region}}
    %r = arith.addf %score, %x : f32
    spattn.yield %r : f32
  }
  return
}
