// RUN: spattn-opt --allow-unregistered-dialect %s | spattn-opt --allow-unregistered-dialect | FileCheck %s
// RUN: spattn-opt --allow-unregistered-dialect --emit-bytecode %s | spattn-opt --allow-unregistered-dialect | FileCheck %s
// RUN: spattn-opt --allow-unregistered-dialect --mlir-print-op-generic %s | spattn-opt --allow-unregistered-dialect | FileCheck %s

// CHECK: #spattn.full
"test.a"() {s = #spattn.full} : () -> ()
// CHECK: #spattn.causal
"test.a"() {s = #spattn.causal} : () -> ()
// CHECK: #spattn.window<left = 1023, right = 0>
"test.a"() {s = #spattn.window<left = 1023, right = 0>} : () -> ()
// CHECK: #spattn.window<left = 7>
"test.a"() {s = #spattn.window<left = 7>} : () -> ()
// CHECK: #spattn.sink<4>
"test.a"() {s = #spattn.sink<4>} : () -> ()
// CHECK: #spattn.sink<0>
"test.a"() {s = #spattn.sink<0>} : () -> ()
// CHECK: #spattn.prefix<0>
"test.a"() {s = #spattn.prefix<0>} : () -> ()
// CHECK: #spattn.window<>
"test.a"() {s = #spattn.window<>} : () -> ()
// CHECK: #spattn.prefix<128>
"test.a"() {s = #spattn.prefix<128>} : () -> ()
// CHECK: #spattn.keys<0 to N floordiv 4>
"test.a"() {s = #spattn.keys<0 to N floordiv 4>} : () -> ()
// CHECK: #spattn.queries<0 to N floordiv 4>
"test.a"() {s = #spattn.queries<0 to N floordiv 4>} : () -> ()
// CHECK: #spattn.queries<-inf to 7>
"test.a"() {s = #spattn.queries<-inf to 7>} : () -> ()
// With aligned starts, there may be queries past the number of keys.
// CHECK: #spattn.queries<N to inf>
"test.a"() {s = #spattn.queries<N to inf>} : () -> ()
// CHECK: #spattn.union<#spattn.keys<0 to 4>, #spattn.queries<0 to 4>>
"test.a"() {s = #spattn.union<#spattn.keys<0 to 4>, #spattn.queries<0 to 4>>} : () -> ()
// CHECK: #spattn.residues<distances, 0 to 1 mod 4>
"test.a"() {s = #spattn.residues<distances, 0 to 1 mod 4>} : () -> ()
// Residues go round.
// CHECK: #spattn.residues<queries, 3 to 5 mod 4>
"test.a"() {s = #spattn.residues<queries, 3 to 5 mod 4>} : () -> ()
// CHECK: #spattn.intersection<#spattn.causal, #spattn.residues<keys, 120 to 128 mod 128>>
"test.a"() {s = #spattn.intersection<#spattn.causal, #spattn.residues<keys, 120 to 128 mod 128>>} : () -> ()
// CHECK: #spattn.keys<-inf to inf>
"test.a"() {s = #spattn.keys<-inf to inf>} : () -> ()
// CHECK: #spattn.distances<0 to 128, N floordiv 2 to N floordiv 2 + 256>
"test.a"() {s = #spattn.distances<0 to 128, N floordiv 2 to N floordiv 2 + 256>} : () -> ()
// CHECK: #spattn.distances<-3 to 3 * N floordiv 8 - 2>
"test.a"() {s = #spattn.distances<-3 to 3 * N floordiv 8 - 2>} : () -> ()
// CHECK: #spattn.partition<exclusive>
"test.a"() {s = #spattn.partition<exclusive>} : () -> ()
// CHECK: #spattn.partition<local_band>
"test.a"() {s = #spattn.partition<local_band>} : () -> ()
// CHECK: #spattn.partition<gapped>
"test.a"() {s = #spattn.partition<gapped>} : () -> ()
// CHECK: #spattn.partition<local>
"test.a"() {s = #spattn.partition<local>} : () -> ()
// CHECK: #spattn.band<exclusive, 3 of 16>
"test.a"() {s = #spattn.band<exclusive, 3 of 16>} : () -> ()
// CHECK: #spattn.partition<exclusive, length = 4096>
"test.a"() {s = #spattn.partition<exclusive, length = 4096>} : () -> ()
// CHECK: #spattn.band<gapped, 3 of 16, length = 0>
"test.a"() {s = #spattn.band<gapped, 3 of 16, length = 0>} : () -> ()
// CHECK: #spattn.band<local, 0 of 2, length = 1073741823>
"test.a"() {s = #spattn.band<local, 0 of 2, length = 1073741823>} : () -> ()
// CHECK: #spattn.union<#spattn.partition<exclusive>, #spattn.sink<4>>
"test.a"() {s = #spattn.union<#spattn.partition<exclusive>, #spattn.sink<4>>} : () -> ()
// CHECK: #spattn.intersection<#spattn.causal, #spattn.keys<0 to 64>>
"test.a"() {s = #spattn.intersection<#spattn.causal, #spattn.keys<0 to 64>>} : () -> ()
// CHECK: #spattn.heads<8 x #spattn.partition<exclusive>, 8 x #spattn.causal>
"test.a"() {s = #spattn.heads<8 x #spattn.partition<exclusive>, 8 x #spattn.causal>} : () -> ()
// CHECK: #spattn.tile_shape<query_tile = 64, key_tile = 32>
"test.a"() {s = #spattn.tile_shape<query_tile = 64, key_tile = 32>} : () -> ()
