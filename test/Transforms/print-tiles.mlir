// RUN: spattn-opt %s -spattn-print-tiles -o /dev/null 2>&1 | FileCheck %s
// RUN: spattn-opt %s -spattn-print-tiles="query-length=128 per-head=false" -o /dev/null 2>&1 | FileCheck %s --check-prefix=GIVEN
// RUN: spattn-opt %s -spattn-print-tiles="query-length=64 key-length=256 per-head=false" -o /dev/null 2>&1 | FileCheck %s --check-prefix=CACHE
// RUN: spattn-opt %s -spattn-print-tiles="map per-head=false" -o /dev/null 2>&1 | FileCheck %s --check-prefix=MAP
// RUN: spattn-opt %s -spattn-print-tiles="map query-length=65600 key-length=64" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: not spattn-opt %s -spattn-print-tiles="query-length=-7" -o /dev/null 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// NEGATIVE: error: expected lengths of at least 0

// CHECK: attention at {{.*}}: #spattn.partition<exclusive>
// CHECK-NEXT: 2 heads, 256 queries, 256 keys, tiles of 64 x 64
// CHECK-NEXT: all heads: 12 visited, 4 full, 8 masked, 20 skipped, 32896 pairs
// CHECK-NEXT: head 0: 9 visited, 3 full, 6 masked, 7 skipped, 24640 pairs
// CHECK-NEXT: head 1: 3 visited, 1 full, 2 masked, 13 skipped, 8256 pairs
// CHECK: attention at {{.*}}: #spattn.causal
// CHECK-NEXT: lengths are dynamic: give query-length and key-length

// GIVEN: 2 heads, 128 queries, 128 keys
// GIVEN-NEXT: all heads: 6 visited, 2 full, 4 masked, 2 skipped, 16512 pairs

// 64 queries at the end of 256 keys.
// CACHE: 2 heads, 64 queries, 256 keys
// CACHE-NEXT: all heads: 8 visited, 6 full, 2 masked, 0 skipped, 28736 pairs

// MAP: attention at {{.*}}: #spattn.partition<exclusive>
// MAP: head 0: 9 visited, 3 full, 6 masked, 7 skipped, 24640 pairs
// MAP-NEXT: {{^}}    +...{{$}}
// MAP-NEXT: {{^}}    #+..{{$}}
// MAP-NEXT: {{^}}    +#+.{{$}}
// MAP-NEXT: {{^}}    .+#+{{$}}
// MAP-NEXT: head 1: 3 visited, 1 full, 2 masked, 13 skipped, 8256 pairs
// MAP-NEXT: {{^}}    ....{{$}}
// MAP-NEXT: {{^}}    ....{{$}}
// MAP-NEXT: {{^}}    +...{{$}}
// MAP-NEXT: {{^}}    #+..{{$}}
// MAP-NEXT: attention at {{.*}}: #spattn.causal
// MAP-NEXT: lengths are dynamic: give query-length and key-length

// LARGE: 2 heads, 65600 queries, 64 keys
// LARGE-NEXT: all heads:
// LARGE-NEXT: no map of 1025 x 1 tiles: at most 1024 to a side
// LARGE-NEXT: head 0:
// LARGE-NEXT: head 1:
func.func @f(%s: tensor<1x2x256x16xf32>, %d: tensor<1x2x?x16xf32>) -> (tensor<1x2x256x16xf32>, tensor<1x2x?x16xf32>) {
  %0 = spattn.attention structure(#spattn.partition<exclusive>)
    ins(%s, %s, %s : tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>) outs(%s : tensor<1x2x256x16xf32>)
  %1 = spattn.attention structure(#spattn.causal)
    ins(%d, %d, %d : tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>, tensor<1x2x?x16xf32>) outs(%d : tensor<1x2x?x16xf32>)
  return %0, %1 : tensor<1x2x256x16xf32>, tensor<1x2x?x16xf32>
}

// Global tokens in the middle, and blocks that tiles lie across.
// MAP: attention at {{.*}}: #spattn.union<#spattn.window
// MAP: head 0: 32 visited, 15 full, 17 masked, 32 skipped, 23704 pairs
// MAP-NEXT: {{^}}    ++#.....{{$}}
// MAP-NEXT: {{^}}    ++#.....{{$}}
// MAP-NEXT: {{^}}    ########{{$}}
// MAP-NEXT: {{^}}    ..#++...{{$}}
// MAP-NEXT: {{^}}    ..#+++..{{$}}
// MAP-NEXT: {{^}}    ..#.+++.{{$}}
// MAP-NEXT: {{^}}    ..#..+++{{$}}
// MAP-NEXT: {{^}}    ..#...++{{$}}
// MAP: attention at {{.*}}: #spattn.union<#spattn.intersection
// MAP: head 0: 28 visited, 17 full, 11 masked, 36 skipped, 23040 pairs
// MAP-NEXT: {{^}}    ##+.....{{$}}
// MAP-NEXT: {{^}}    ##+.....{{$}}
// MAP-NEXT: {{^}}    ++++++..{{$}}
// MAP-NEXT: {{^}}    ..+###..{{$}}
// MAP-NEXT: {{^}}    ..+###..{{$}}
// MAP-NEXT: {{^}}    ..+###..{{$}}
// MAP-NEXT: {{^}}    ......##{{$}}
// MAP-NEXT: {{^}}    ......##{{$}}
func.func @queries(%s: tensor<1x1x256x16xf32>) -> (tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>) {
  %0 = spattn.attention structure(#spattn.union<#spattn.window<left = 20, right = 20>, #spattn.keys<64 to 96>, #spattn.queries<64 to 96>>)
    ins(%s, %s, %s : tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>) outs(%s : tensor<1x1x256x16xf32>) {tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 32>}
  %1 = spattn.attention structure(#spattn.union<#spattn.intersection<#spattn.queries<0 to 80>, #spattn.keys<0 to 80>>,
                                                #spattn.intersection<#spattn.queries<80 to 192>, #spattn.keys<80 to 192>>,
                                                #spattn.intersection<#spattn.queries<192 to inf>, #spattn.keys<192 to inf>>>)
    ins(%s, %s, %s : tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>) outs(%s : tensor<1x1x256x16xf32>) {tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 32>}
  return %0, %1 : tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>
}

// CHECK: gradients at {{.*}}: #spattn.causal
// CHECK-NEXT: 2 heads, 256 queries, 256 keys, tiles of 64 x 64
func.func @backward(%s: tensor<1x2x256x16xf32>, %l: tensor<1x2x256xf32>) -> tensor<1x2x256x16xf32> {
  %0:3 = spattn.attention_backward structure(#spattn.causal)
    ins(%s, %s, %s, %s, %l, %s : tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>,
        tensor<1x2x256x16xf32>, tensor<1x2x256xf32>, tensor<1x2x256x16xf32>)
    outs(%s, %s, %s : tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>)
  return %0#0 : tensor<1x2x256x16xf32>
}

// CHECK: attention at {{.*}}: #spattn.causal
// CHECK-NEXT: lengths of sequences are known at run time only
func.func @sequences(%s: tensor<1x2x256x16xf32>, %n: tensor<1x1xi32>) -> tensor<1x2x256x16xf32> {
  %0 = spattn.attention structure(#spattn.causal)
    ins(%s, %s, %s : tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>, tensor<1x2x256x16xf32>)
    key_ends(%n : tensor<1x1xi32>) outs(%s : tensor<1x2x256x16xf32>)
  return %0 : tensor<1x2x256x16xf32>
}
