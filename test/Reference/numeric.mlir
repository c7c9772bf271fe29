// Compiled kernels agree with the oracle in every row, for every structure, over
// several tiles with remainders, and whatever the tile shape.

// RUN: spattn-run %s --check=100000 --max-error=2e-6 | FileCheck %s
// RUN: spattn-run %s --check=100000 --max-error=2e-6 --query-tile=16 --key-tile=48 | FileCheck %s
// RUN: spattn-run %s --check=100000 --max-error=2e-6 --query-tile=96 --key-tile=16 | FileCheck %s
// RUN: spattn-run %s --check=100000 --max-error=2e-6 --vector-width=4 --seed=5 | FileCheck %s

// CHECK: summary
// CHECK-COUNT-32: {{e-0[6-9]}}

!q = tensor<2x4x150x24xf32>
!k = tensor<2x2x201x24xf32>
!v = tensor<2x2x201x40xf32>
!o = tensor<2x4x150x40xf32>
!l = tensor<2x4x150xf32>

func.func @full(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @causal(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @window(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = 40, right = 0>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @both_sides(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = 3, right = 70>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @future(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.window<left = -1>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @sink(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.sink<5>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @sink_window(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.sink<4>, #spattn.window<left = 31, right = 0>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @prefix(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.prefix<70>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @keys(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.keys<N floordiv 3 to N - 7>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @queries(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.queries<N floordiv 2 to N - 7>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @global_tokens(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.window<left = 20, right = 20>, #spattn.keys<0 to 70>, #spattn.queries<0 to 70>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @blocks(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.intersection<#spattn.queries<0 to 75>, #spattn.keys<0 to 75>>, #spattn.intersection<#spattn.queries<75 to 130>, #spattn.keys<75 to 130>>, #spattn.intersection<#spattn.queries<141 to inf>, #spattn.keys<141 to inf>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @image_spans(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.causal, #spattn.intersection<#spattn.queries<10 to 60>, #spattn.keys<10 to 60>>, #spattn.intersection<#spattn.queries<100 to 180>, #spattn.keys<100 to 180>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @windows_by_query(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<2 x #spattn.union<#spattn.intersection<#spattn.queries<0 to 90>, #spattn.window<left = 50, right = 3>>, #spattn.intersection<#spattn.queries<N floordiv 3 to inf>, #spattn.distances<-9 to 5, 30 to 40>>>, 1 x #spattn.causal, 1 x #spattn.queries<0 to 60>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @dilated(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.intersection<#spattn.window<left = 120, right = 0>, #spattn.residues<distances, 0 to 1 mod 4>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @strided(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.window<left = 20, right = 0>, #spattn.intersection<#spattn.causal, #spattn.residues<distances, 0 to 1 mod 20>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @fixed(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.union<#spattn.intersection<#spattn.queries<0 to 75>, #spattn.keys<0 to 75>>, #spattn.intersection<#spattn.queries<75 to inf>, #spattn.keys<75 to inf>>, #spattn.residues<keys, 14 to 16 mod 16>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @dilation_per_head(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<1 x #spattn.window<left = 30, right = 30>, 1 x #spattn.intersection<#spattn.window<left = 60, right = 60>, #spattn.residues<distances, 0 to 1 mod 2>>, 2 x #spattn.intersection<#spattn.window<left = 90, right = 90>, #spattn.residues<distances, 0 to 1 mod 3>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @segments(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<2 x #spattn.intersection<#spattn.residues<queries, 0 to 1 mod 2>, #spattn.residues<keys, 0 to 1 mod 2>, #spattn.causal>, 2 x #spattn.intersection<#spattn.residues<queries, 1 to 2 mod 2>, #spattn.residues<keys, 1 to 2 mod 2>, #spattn.union<#spattn.intersection<#spattn.queries<0 to 75>, #spattn.keys<0 to 75>>, #spattn.intersection<#spattn.queries<75 to inf>, #spattn.keys<75 to inf>>>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @far(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.distances<100 to inf>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @two_bands(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.distances<0 to 16, N floordiv 2 to N floordiv 2 + 33>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @points(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.distances<0 to 1, 64 to 65, 128 to 129>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @exclusive(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @local_band(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @gapped(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<gapped>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @local(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @band(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.band<local_band, 3 of 7>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @bands_and_sink(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.union<#spattn.partition<exclusive>, #spattn.sink<4>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @holes(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.intersection<#spattn.causal, #spattn.union<#spattn.keys<10 to 60>, #spattn.distances<50 to 90>>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @mixture(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<1 x #spattn.causal, 3 x #spattn.partition<exclusive>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @nothing(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.distances<1000 to 2000>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
func.func @start(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.partition<local_band>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
      {alignment = #spattn.alignment<start>}
  return %r#0, %r#1 : !o, !l
}
func.func @fixed_length(%q: !q, %k: !k, %v: !v, %o: !o, %l: !l) -> (!o, !l) {
  %r:2 = spattn.attention structure(#spattn.heads<3 x #spattn.partition<exclusive, length = 300>, 1 x #spattn.band<gapped, 1 of 4, length = 77>>)
      ins(%q, %k, %v : !q, !k, !v) outs(%o, %l : !o, !l)
  return %r#0, %r#1 : !o, !l
}
