// RUN: spattn-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// expected-error @+1 {{expected a window that holds a distance, from -right to left, got left = -1 and right = 0}}
"test.a"() {s = #spattn.window<left = -1, right = 0>} : () -> ()

// -----

// expected-error @+1 {{expected a sink of 0 to 2^40 keys, got -4}}
"test.a"() {s = #spattn.sink<-4>} : () -> ()

// -----

// expected-error @+1 {{expected a prefix of 0 to 2^40 keys, got -1}}
"test.a"() {s = #spattn.prefix<-1>} : () -> ()

// -----

// expected-error @+1 {{key interval '5 to 3' is inverted}}
"test.a"() {s = #spattn.keys<5 to 3>} : () -> ()

// -----

// expected-error @+1 {{key interval '-2 to 3' has a negative bound}}
"test.a"() {s = #spattn.keys<-2 to 3>} : () -> ()

// -----

// expected-error @+1 {{query interval '5 to 3' is inverted}}
"test.a"() {s = #spattn.queries<5 to 3>} : () -> ()

// -----

// expected-error @+1 {{query interval '-2 to 3' has a negative bound}}
"test.a"() {s = #spattn.queries<-2 to 3>} : () -> ()

// -----

// expected-error @+1 {{query interval '-inf to 0' selects no query}}
"test.a"() {s = #spattn.queries<-inf to 0>} : () -> ()

// -----

// expected-error @+1 {{query interval '0 to 1099511627777': bound '1099511627777' is out of range}}
"test.a"() {s = #spattn.queries<0 to 1099511627777>} : () -> ()

// -----

// L8: bounds of queries
// expected-error @+1 {{the structure has more than 16 distinct query bounds}}
"test.a"() {s = #spattn.union<#spattn.queries<1 to 2>, #spattn.queries<3 to 4>, #spattn.queries<5 to 6>, #spattn.queries<7 to 8>, #spattn.queries<9 to 10>, #spattn.queries<11 to 12>, #spattn.queries<13 to 14>, #spattn.queries<15 to 16>, #spattn.queries<17 to inf>>} : () -> ()

// -----

// expected-error @+1 {{residues 'distances, 0 to 1 mod 0': modulus 0 is out of range: expected 1 to 2^20}}
"test.a"() {s = #spattn.residues<distances, 0 to 1 mod 0>} : () -> ()

// -----

// expected-error @+1 {{residues 'keys, 4 to 5 mod 4': residues start from 0 to 3, not at 4}}
"test.a"() {s = #spattn.residues<keys, 4 to 5 mod 4>} : () -> ()

// -----

// expected-error @+1 {{residues 'keys, 2 to 2 mod 4': the interval is empty}}
"test.a"() {s = #spattn.residues<keys, 2 to 2 mod 4>} : () -> ()

// -----

// expected-error @+1 {{residues 'queries, 2 to 1 mod 4': the interval is inverted}}
"test.a"() {s = #spattn.residues<queries, 2 to 1 mod 4>} : () -> ()

// -----

// expected-error @+1 {{residues 'queries, 3 to 8 mod 4': there are no 5 residues}}
"test.a"() {s = #spattn.residues<queries, 3 to 8 mod 4>} : () -> ()

// -----

// expected-error @+1 {{expected one of [distances, keys, queries] for what has the residues, got: heads}}
"test.a"() {s = #spattn.residues<heads, 0 to 1 mod 4>} : () -> ()

// -----

// expected-error @+1 {{expected 'mod'}}
"test.a"() {s = #spattn.residues<keys, 0 to 1>} : () -> ()

// -----

// expected-error @+1 {{the structure has more than 8 distinct intervals of residues}}
"test.a"() {s = #spattn.intersection<#spattn.residues<keys, 0 to 1 mod 2>, #spattn.residues<keys, 0 to 1 mod 3>, #spattn.residues<keys, 0 to 1 mod 4>, #spattn.residues<keys, 0 to 1 mod 5>, #spattn.residues<keys, 0 to 1 mod 6>, #spattn.residues<keys, 0 to 1 mod 7>, #spattn.residues<keys, 0 to 1 mod 8>, #spattn.residues<keys, 0 to 1 mod 9>, #spattn.residues<keys, 0 to 1 mod 10>>} : () -> ()

// -----

// expected-error @+1 {{distance interval '5 to 3' is inverted}}
"test.a"() {s = #spattn.distances<5 to 3>} : () -> ()

// -----

// expected-error @+1 {{distance interval '5 to 5' is empty}}
"test.a"() {s = #spattn.distances<5 to 5>} : () -> ()

// -----

// expected-error @+1 {{distance intervals '0 to 8' and '4 to 12' overlap}}
"test.a"() {s = #spattn.distances<0 to 8, 4 to 12>} : () -> ()

// -----

// expected-error @+1 {{distance intervals '8 to 12' and '0 to 4' are not ascending}}
"test.a"() {s = #spattn.distances<8 to 12, 0 to 4>} : () -> ()

// -----

// expected-error @+1 {{distance interval 'N to N floordiv 2' is inverted}}
"test.a"() {s = #spattn.distances<N to N floordiv 2>} : () -> ()

// -----

// expected-error @+1 {{distance interval '0 to 9000000000000000000': bound '9000000000000000000' is out of range (offsets up to 2^40, factors and divisors up to 2^20, divisors positive)}}
"test.a"() {s = #spattn.distances<0 to 9000000000000000000>} : () -> ()

// -----

// expected-error @+1 {{expected a positive divisor}}
"test.a"() {s = #spattn.distances<0 to N floordiv 0>} : () -> ()

// -----

// expected-error @+1 {{expected a bound: an integer, 'inf', '-inf', or '[p *] N [floordiv q] [+ c]'}}
"test.a"() {s = #spattn.distances<0 to M>} : () -> ()

// -----

// expected-error @+1 {{partition index 16 is out of range: there are indices from 0 to 15}}
"test.a"() {s = #spattn.band<exclusive, 16 of 16>} : () -> ()

// -----

// expected-error @+1 {{a partition of 0 is not possible: it needs at least one part}}
"test.a"() {s = #spattn.band<exclusive, 0 of 0>} : () -> ()

// -----

// expected-error @+1 {{partition length -1 is negative}}
"test.a"() {s = #spattn.partition<exclusive, length = -1>} : () -> ()

// -----

// expected-error @+1 {{partition length 1073741824 is out of range: lengths below 2^30 are supported}}
"test.a"() {s = #spattn.band<exclusive, 1 of 4, length = 1073741824>} : () -> ()

// -----

// expected-error @+1 {{expected 'length'}}
"test.a"() {s = #spattn.partition<exclusive, 4096>} : () -> ()

// -----

// expected-error @+2 {{expected one of [exclusive, local_band, gapped, local] for how the distances of a sequence are dealt to heads, got: inclusive}}
// expected-error @+1 {{failed to parse Spattn_PartitionAttr parameter 'kind'}}
"test.a"() {s = #spattn.partition<inclusive>} : () -> ()

// -----

// expected-error @+2 {{expected one of [end, start] for how unequal query and key lengths line up, got: middle}}
// expected-error @+1 {{failed to parse Spattn_AlignmentAttr parameter 'value'}}
"test.a"() {s = #spattn.alignment<middle>} : () -> ()

// -----

// expected-error @+2 {{expected keyword for how unequal query and key lengths line up}}
// expected-error @+1 {{failed to parse Spattn_AlignmentAttr parameter 'value'}}
"test.a"() {s = #spattn.alignment<>} : () -> ()

// -----

// expected-error @+1 {{expected a head structure, got 1 : i32}}
"test.a"() {s = #spattn.union<1 : i32>} : () -> ()

// -----

// expected-error @+1 {{expected a head structure, got #spattn.heads<1 x #spattn.causal>}}
"test.a"() {s = #spattn.intersection<#spattn.causal, #spattn.heads<1 x #spattn.causal>>} : () -> ()

// -----

// expected-error @+1 {{expected between 1 and 1048576 heads in a group, got 0}}
"test.a"() {s = #spattn.heads<0 x #spattn.causal>} : () -> ()

// -----

// expected-error @+1 {{expected a head structure, got 5 : i32}}
"test.a"() {s = #spattn.heads<2 x 5 : i32>} : () -> ()

// -----

// expected-error @+1 {{expected a tile of 1 to 4096 rows, got 0}}
"test.a"() {s = #spattn.tile_shape<query_tile = 0, key_tile = 64>} : () -> ()

// -----

// expected-error @+1 {{expected 'inf' or an integer after '-'}}
"test.a"() {s = #spattn.distances<-x to 4>} : () -> ()

// -----

// expected-error @+1 {{expected 'to'}}
"test.a"() {s = #spattn.distances<0 4>} : () -> ()

// -----

// expected-error @+1 {{expected 'x'}}
"test.a"() {s = #spattn.heads<2 #spattn.causal>} : () -> ()

// -----

// expected-error @+1 {{expected between 1 and 1048576 heads in a group, got 9999999}}
"test.a"() {s = #spattn.heads<9999999 x #spattn.causal>} : () -> ()

// -----

// A missing number is none of the unbounded sides.
// expected-error @+2 {{expected integer value}}
// expected-error @+1 {{failed to parse Spattn_WindowAttr parameter 'left'}}
"test.a"() {s = #spattn.window<left = , right = 0>} : () -> ()

// -----

// expected-error @+2 {{expected integer value}}
// expected-error @+1 {{failed to parse Spattn_WindowAttr parameter 'right'}}
"test.a"() {s = #spattn.window<left = 1, right = >} : () -> ()

// -----

// Numbers in messages are those that are written.
// expected-error @+1 {{expected a window of fewer than 2^40 distances to each side, got left = -9223372036854775808}}
"test.a"() {s = #spattn.window<left = -9223372036854775808>} : () -> ()

// -----

// expected-error @+1 {{expected a window of fewer than 2^40 distances to each side, got right = 1099511627776}}
"test.a"() {s = #spattn.window<left = 0, right = 1099511627776>} : () -> ()

// -----

// expected-error @+1 {{expected a sink of 0 to 2^40 keys, got 1099511627777}}
"test.a"() {s = #spattn.sink<1099511627777>} : () -> ()

// -----

// expected-error @+1 {{expected one sign, got two}}
"test.a"() {s = #spattn.keys<- -5 to 3>} : () -> ()

// -----

// expected-error @+1 {{expected one sign, got two}}
"test.a"() {s = #spattn.keys<0 to N - -5>} : () -> ()

// -----

// expected-error @+1 {{expected an integer after the sign}}
"test.a"() {s = #spattn.keys<0 to N +>} : () -> ()

// -----

// expected-error @+1 {{expected '>'}}
"test.a"() {s = #spattn.keys<0 to N 4>} : () -> ()

// -----

// expected-error @+1 {{key interval '0 to N - 9223372036854775808': bound 'N - 9223372036854775808' is out of range}}
"test.a"() {s = #spattn.keys<0 to N - 9223372036854775808>} : () -> ()
