// RUN: spattn-opt %s -spattn-normalize | FileCheck %s

!s = tensor<1x4x64x16xf32>
!d = tensor<1x4x?x16xf32>

// Affine bounds fold; what overlaps merges; what reaches every distance is unbounded.
// CHECK-LABEL: @folds
// CHECK: structure(#spattn.causal)
func.func @folds(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.distances<0 to N floordiv 4, 8 to 64>) ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// CHECK-LABEL: @clips
// CHECK: structure(#spattn.window<left = 15, right = 0>)
func.func @clips(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.distances<0 to N floordiv 4, 64 to 80>) ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// CHECK-LABEL: @wide_window
// CHECK: structure(#spattn.full)
func.func @wide_window(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.window<left = 63, right = 63>) ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// Without lengths the same window is one.
// CHECK-LABEL: @dynamic_window
// CHECK: structure(#spattn.window<left = 63, right = 63>)
func.func @dynamic_window(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.window<left = 63, right = 63>) ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// CHECK-LABEL: @dynamic_bounds
// CHECK: structure(#spattn.distances<0 to N floordiv 4, 8 to 64>)
func.func @dynamic_bounds(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.distances<0 to N floordiv 4, 8 to 64>) ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// CHECK-LABEL: @merges_adjacent
// CHECK: structure(#spattn.window<left = 19, right = 0>)
func.func @merges_adjacent(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.distances<0 to 8, 8 to 20>) ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// CHECK-LABEL: @union
// CHECK: structure(#spattn.union<#spattn.window<left = 9, right = 4>, #spattn.sink<4>>)
func.func @union(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.union<#spattn.window<left = 4, right = 4>, #spattn.sink<4>, #spattn.distances<3 to 10>>)
         ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// CHECK-LABEL: @intersection
// CHECK: structure(#spattn.distances<2 to 5>)
func.func @intersection(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.intersection<#spattn.window<left = 4, right = 4>, #spattn.distances<2 to 10>>)
         ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// Nothing is left.
// CHECK-LABEL: @empty
// CHECK: structure(#spattn.sink<0>)
func.func @empty(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.distances<64 to 70>) ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// Groups with equal structures join, unless their place in the group matters.
// CHECK-LABEL: @heads
// CHECK: structure(#spattn.heads<2 x #spattn.causal, 1 x #spattn.partition<exclusive>, 1 x #spattn.partition<exclusive>>)
func.func @heads(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.heads<1 x #spattn.causal, 1 x #spattn.distances<0 to inf>,
           1 x #spattn.partition<exclusive>, 1 x #spattn.partition<exclusive>>)
         ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// CHECK-LABEL: @keys
// CHECK: structure(#spattn.keys<0 to 16>)
func.func @keys(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.keys<0 to N floordiv 4>) ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// Gradients have the same structures.
// CHECK-LABEL: @backward
// CHECK: spattn.attention_backward structure(#spattn.keys<0 to 16>)
func.func @backward(%q: !s, %l: tensor<1x4x64xf32>) -> (!s, !s, !s) {
  %r:3 = spattn.attention_backward structure(#spattn.keys<0 to N floordiv 4>)
      ins(%q, %q, %q, %q, %l, %q : !s, !s, !s, !s, tensor<1x4x64xf32>, !s) outs(%q, %q, %q : !s, !s, !s)
  return %r#0, %r#1, %r#2 : !s, !s, !s
}

// What allows nothing adds nothing to a union, keys that do not exist neither.
// CHECK-LABEL: @union_of_none
// CHECK: structure(#spattn.sink<4>)
func.func @union_of_none(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.union<#spattn.intersection<#spattn.causal, #spattn.distances<-9 to 0>>,
           #spattn.keys<N floordiv 64 - 3 to N floordiv 64 - 2>, #spattn.sink<4>>)
         ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// CHECK-LABEL: @intersection_of_none
// CHECK: structure(#spattn.sink<0>)
func.func @intersection_of_none(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.intersection<#spattn.sink<0>, #spattn.keys<0 to 4>>)
         ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// CHECK-LABEL: @prefix_of_none
// CHECK: structure(#spattn.causal)
func.func @prefix_of_none(%q: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.heads<2 x #spattn.prefix<0>, 2 x #spattn.union<#spattn.sink<0>, #spattn.causal>>)
         ins(%q, %q, %q : !d, !d, !d) outs(%o : !d)
  return %r : !d
}

// A key bound that is negative at the length is 0.
// CHECK-LABEL: @negative_key
// CHECK: structure(#spattn.keys<0 to 1>)
func.func @negative_key(%q: !s, %o: !s) -> !s {
  %r = spattn.attention structure(#spattn.keys<N floordiv 32 - 3 to N floordiv 32 - 1>)
         ins(%q, %q, %q : !s, !s, !s) outs(%o : !s)
  return %r : !s
}

// Bounds past what an attribute can say, at the length.
// CHECK-LABEL: @far
// CHECK: structure(#spattn.causal)
// CHECK: structure(#spattn.keys<0 to inf>)
!k = tensor<1x4x2097152x16xf32>
func.func @far(%q: !d, %k: !k, %o: !d) -> (!d, !d) {
  %r = spattn.attention structure(#spattn.distances<0 to 1048576 * N>)
         ins(%q, %k, %k : !d, !k, !k) outs(%o : !d)
  %s = spattn.attention structure(#spattn.keys<0 to 1048576 * N>)
         ins(%q, %k, %k : !d, !k, !k) outs(%o : !d)
  return %r, %s : !d, !d
}

// Bounds depend on the lengths of sequences, which nobody knows.
// CHECK-LABEL: @sequences
// CHECK: structure(#spattn.keys<0 to N floordiv 2>)
// CHECK: structure(#spattn.partition<exclusive>)
!w = tensor<1x2x64x16xf32>
func.func @sequences(%q: !w, %o: !w, %n: tensor<1x1xi32>) -> (!w, !w) {
  %r = spattn.attention structure(#spattn.keys<0 to N floordiv 2>)
         ins(%q, %q, %q : !w, !w, !w) key_ends(%n : tensor<1x1xi32>) outs(%o : !w)
  %s = spattn.attention structure(#spattn.partition<exclusive>)
         ins(%q, %q, %q : !w, !w, !w) query_starts(%n : tensor<1x1xi32>) outs(%o : !w)
  return %r, %s : !w, !w
}
