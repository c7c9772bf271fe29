// Attention to keys in pages agrees with the oracle: pages of all sizes, larger and smaller than tiles of keys, entries of
// different lengths, in both layouts, with what else happens to scores.

// RUN: spattn-run %s --check=100000 --max-error=6e-6 | FileCheck %s
// RUN: spattn-run %s --check=100000 --max-error=6e-6 --query-tile=16 --key-tile=16 --parallel --seed=5 | FileCheck %s
// RUN: spattn-run %s --check=100000 --max-error=6e-6 --query-tile=32 --key-tile=256 --seed=6 | FileCheck %s
// CHECK: summary
// CHECK-COUNT-5: {{e-0[6-9]}}

!q = tensor<3x4x7x24xf32>
!o = tensor<3x4x7x40xf32>
!l = tensor<3x4x7xf32>
!m = tensor<4xf32>
!e = tensor<3x1xi32>

// All pages of the table, which are those of a pool.
func.func @pages_of_16(%q: !q, %k: tensor<?x2x16x24xf32>, %v: tensor<?x2x16x40xf32>, %t: tensor<3x13xi32>, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.causal) ins(%q, %k, %v : !q, tensor<?x2x16x24xf32>, tensor<?x2x16x40xf32>)
      page_table(%t : tensor<3x13xi32>) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}

// Entries of any length, which share pages.
func.func @pages_of_32(%q: !q, %k: tensor<7x2x32x24xf32>, %v: tensor<7x2x32x40xf32>, %e: !e, %t: tensor<3x9xi32>, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<1 x #spattn.full, 1 x #spattn.window<left = 40, right = 0>, 2 x #spattn.partition<exclusive>>)
      ins(%q, %k, %v : !q, tensor<7x2x32x24xf32>, tensor<7x2x32x40xf32>)
      key_ends(%e : !e) page_table(%t : tensor<3x9xi32>) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}

// Queries that are padded, slopes, sinks.
func.func @pages_of_64(%q: !q, %k: tensor<?x2x64x24xf32>, %v: tensor<?x2x64x40xf32>, %s: !m, %qe: !e, %e: !e, %m: !m, %t: tensor<3x5xi32>, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.sink<4>, #spattn.window<left = 99, right = 0>>)
      ins(%q, %k, %v : !q, tensor<?x2x64x24xf32>, tensor<?x2x64x40xf32>) sink_logits(%s : !m)
      query_ends(%qe : !e) key_ends(%e : !e) alibi_slopes(%m : !m) page_table(%t : tensor<3x5xi32>) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}

// vLLM's layout, and bounds that depend on what the table has room for.
func.func @pages_of_128(%q: tensor<3x7x4x24xf32>, %k: tensor<?x128x2x24xf32>, %v: tensor<?x128x2x40xf32>, %e: !e, %t: tensor<3x3xi32>, %o: tensor<3x7x4x40xf32>, %l: tensor<3x7x4xf32>) -> (tensor<3x7x4x40xf32>, tensor<3x7x4xf32>) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
      ins(%q, %k, %v : tensor<3x7x4x24xf32>, tensor<?x128x2x24xf32>, tensor<?x128x2x40xf32>)
      key_ends(%e : !e) page_table(%t : tensor<3x3xi32>) outs(%o, %l : tensor<3x7x4x40xf32>, tensor<3x7x4xf32>)
      {layout = "bnhd", bound_length = #spattn.bound_length<pack>}
  return %r#0, %r#1 : tensor<3x7x4x40xf32>, tensor<3x7x4xf32>
}

// Lengths ahead of entries, in the pool and in the table.
func.func @pages_of_256(%q: tensor<7x3x4x24xf32>, %k: tensor<256x?x2x24xf32>, %v: tensor<256x?x2x40xf32>, %e: tensor<1x3xi32>, %t: tensor<2x3xi32>, %o: tensor<7x3x4x40xf32>, %l: tensor<7x3x4xf32>) -> (tensor<7x3x4x40xf32>, tensor<7x3x4xf32>) {
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : tensor<7x3x4x24xf32>, tensor<256x?x2x24xf32>, tensor<256x?x2x40xf32>)
      key_ends(%e : tensor<1x3xi32>) page_table(%t : tensor<2x3xi32>) outs(%o, %l : tensor<7x3x4x40xf32>, tensor<7x3x4xf32>)
      {layout = "nbhd"}
  return %r#0, %r#1 : tensor<7x3x4x40xf32>, tensor<7x3x4xf32>
}
