// What is reported of a function, tiles by hand.

// RUN: spattn-run %s --repeat=3 --warmup=1 --query-tile=16 --key-tile=16 | FileCheck %s
// RUN: spattn-run %s --entry=bands --per-head=false --query-tile=16 --key-tile=16 \
// RUN:   | FileCheck %s --check-prefix=ONE

!t = tensor<1x2x64x16xf32>

// Two heads of 32 distances each. Head 0: a diagonal of 4 tiles and two below
// it, the last one partial. Head 1: the same, two tiles further down.

// CHECK-LABEL: {{^}}@bands{{$}}
// CHECK-NEXT:  structure   #spattn.partition<exclusive>
// CHECK-NEXT:  shapes      q: 1x2x64x16xf32, k: 1x2x64x16xf32, v: 1x2x64x16xf32, o: 1x2x64x16xf32
// CHECK-NEXT:  compile     {{[0-9]+\.[0-9]}} ms
// CHECK-NEXT:  run         {{[0-9.]+}} ms (median of 3, {{[0-9.]+}} to {{[0-9.]+}})
// CHECK-NEXT:  tiles       16 x 16: 12 visited (4 full, 8 masked), 20 skipped
// CHECK-NEXT:  pairs       2080 unmasked
// CHECK-NEXT:  rate        {{[0-9.]+}} GFLOP/s
// CHECK-NEXT:  error       {{[0-9.]+}}e-0{{[6-9]}} relative, {{[0-9.e-]+}} max abs (64 rows)
// CHECK-NEXT:  speed-up    {{[0-9.]+}} over @dense
// CHECK-NEXT:  memory      {{[0-9]+}} MiB peak
// CHECK-EMPTY:
// CHECK-NEXT:  head  visited  full  masked  skipped  pairs
// CHECK-NEXT:  0           9     3       6        7   1552
// CHECK-NEXT:  1           3     1       2       13    528
func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Dense is what sees as much as causal attention, whatever it is called.
// CHECK-LABEL: {{^}}@dense{{$}}
// CHECK:       tiles       16 x 16: 20 visited (12 full, 8 masked), 12 skipped
// CHECK-NEXT:  pairs       4160 unmasked
// CHECK:       speed-up    1.00 over @dense
func.func @dense(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.heads<1 x #spattn.causal, 1 x #spattn.window<right = 0>>)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}

// Of other lengths: there is no dense function to compare with. The operation's
// own tile shape wins.

!k = tensor<1x2x48x16xf32>

// CHECK-LABEL: {{^}}@short{{$}}
// CHECK:       tiles       32 x 16: 12 visited (12 full, 0 masked), 0 skipped
// CHECK:       speed-up    -
func.func @short(%q: !t, %k: !k, %v: !k, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.full)
      ins(%q, %k, %v : !t, !k, !k) outs(%o : !t)
      {tile_shape = #spattn.tile_shape<query_tile = 32, key_tile = 16>}
  return %r : !t
}

// A function without attention runs too.

// CHECK-LABEL: {{^}}@none{{$}}
// CHECK-NEXT:  shapes      x: 4xf32
// CHECK-NEXT:  compile
// CHECK-NEXT:  run
// CHECK-NEXT:  error       - (it does not consist of one attention)
// CHECK-NEXT:  speed-up    -
func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

func.func private @not_run(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// CHECK-LABEL: summary
// CHECK-SAME:  compile ms  run ms  tiles  skipped  GFLOP/s  {{ *}}error  speed-up
// CHECK-NEXT:  @bands  {{ *[0-9.]+ +[0-9.]+}}     12       20 {{ *[0-9.]+ +[0-9.]+}}e-0{{[6-9] +[0-9.]+}}
// CHECK-NEXT:  @dense  {{ *[0-9.]+ +[0-9.]+}}     20       12 {{ *[0-9.]+ +[0-9.]+}}e-0{{[6-9] +}}1.00
// CHECK-NEXT:  @short  {{ *[0-9.]+ +[0-9.]+}}     12        0 {{ *[0-9.]+ +[0-9.]+}}e-0{{[6-9] +}}-
// CHECK-NEXT:  @none   {{ *[0-9.]+ +[0-9.]+}}      -        -{{ +- +- +-$}}
// CHECK-NOT:   @not_run

// ONE:     @bands
// ONE:     speed-up    -
// ONE-NOT: head
// ONE:     summary
