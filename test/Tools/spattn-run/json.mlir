// The report as JSON.

// RUN: spattn-run %s --json=- --repeat=2 --per-head=false | %python -m json.tool --sort-keys \
// RUN:   | FileCheck %s
// RUN: rm -rf %t && mkdir %t
// RUN: spattn-run %s --json=%t/report.json --device=reference --check=5 > /dev/null
// RUN: FileCheck %s --check-prefix=REF --input-file=%t/report.json

// CHECK:      "device": "cpu",
// CHECK-NEXT: "entries": [
// CHECK:        "checked_rows": 32,
// CHECK-NEXT:   "compile_ms": {{[0-9.]+}},
// CHECK-NEXT:   "error": {{[0-9.]+}}e-0{{[6-9]}},
// CHECK-NEXT:   "errors": {
// CHECK-NEXT:     "out": {
// CHECK-NEXT:       "max_abs": {{[0-9.e-]+}},
// CHECK-NEXT:       "not_zero": 0,
// CHECK-NEXT:       "relative": {{[0-9.]+}}e-0{{[6-9]}}
// CHECK-NEXT:     }
// CHECK-NEXT:   },
// CHECK-NEXT:   "gflops": {{[0-9.e-]+}},
// CHECK-NEXT:   "heads": [
// CHECK-NEXT:     {
// CHECK-NEXT:       "full": 0,
// CHECK-NEXT:       "head": 0,
// CHECK-NEXT:       "masked": 2,
// CHECK-NEXT:       "pairs": 72,
// CHECK-NEXT:       "skipped": 0,
// CHECK-NEXT:       "visited": 2
// CHECK-NEXT:     },
// CHECK:            "head": 1,
// CHECK:        ],
// CHECK-NEXT:   "lse_error": {{[0-9.]+(e-0[6-9])?}},
// CHECK-NEXT:   "max_abs_error": {{[0-9.e-]+}},
// CHECK-NEXT:   "name": "f",
// CHECK-NEXT:   "pairs": 144,
// CHECK-NEXT:   "peak_mib": {{[0-9.]+}},
// CHECK-NEXT:   "run_ms": {{[0-9.e-]+}},
// CHECK-NEXT:   "runs_ms": [
// CHECK-NEXT:     {{[0-9.e-]+}},
// CHECK-NEXT:     {{[0-9.e-]+$}}
// CHECK-NEXT:   ],
// CHECK-NEXT:   "shapes": {
// CHECK-NEXT:     "k": "2x2x8x4xf32",
// CHECK-NEXT:     "l": "2x2x8xf32",
// CHECK:        },
// CHECK-NEXT:   "speedup_over_dense": 1,
// CHECK-NEXT:   "structure": "#spattn.causal",
// CHECK-NEXT:   "tile_shape": {
// CHECK-NEXT:     "key_tile": 16,
// CHECK-NEXT:     "query_tile": 16
// CHECK-NEXT:   },
// CHECK-NEXT:   "tiles": {
// CHECK-NEXT:     "full": 0,
// CHECK-NEXT:     "masked": 4,
// CHECK-NEXT:     "skipped": 0,
// CHECK-NEXT:     "visited": 4

// The interpreter has no tiles.
// REF-DAG: "device": "reference"
// REF-DAG: "checked_rows": 5
// REF-DAG: "compile_ms": null
// REF-DAG: "tiles": null
// REF-DAG: "gflops": null

!t = tensor<2x2x8x4xf32>
!l = tensor<2x2x8xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t, %l: !l) -> (!t, !l) {
  %r:2 = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o, %l : !t, !l)
  return %r#0, %r#1 : !t, !l
}
