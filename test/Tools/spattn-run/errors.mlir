// Wrong command lines and functions: an error that says what would do, and
// status 1.

// DEFINE: %{run} = spattn-run %s
// RUN: not %{run} --bogus 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: Unknown command line argument '--bogus'
// RUN: not spattn-run %t.none 2>&1 | FileCheck %s --check-prefix=NOFILE
// NOFILE: error: cannot open input file '{{.*}}.none': No such file or directory
// RUN: echo 'func.func @f( {' | not spattn-run - 2>&1 | FileCheck %s --check-prefix=SYNTAX
// SYNTAX: <stdin>:1:14: error:
// RUN: echo 'func.func private @f()' | not spattn-run - 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: '-' has no public func.func with a body to run
// RUN: echo 'func.func @f() -> f32 { return }' | not spattn-run - 2>&1 | FileCheck %s --check-prefix=INVALID
// INVALID: <stdin>:1:25: error: 'func.return' op

// RUN: not %{run} --entry=nope 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: error: --entry=nope: no such function in '{{.*}}errors.mlir'; it has f, dynamic, scalar, boolean, unranked, blocks, unsupported
// RUN: not %{run} --entry=hidden 2>&1 | FileCheck %s --check-prefix=PRIVATE
// PRIVATE: errors.mlir:[[@LINE+84]]:1: error: 'hidden' cannot be run: it is private
// RUN: not %{run} --entry=external 2>&1 | FileCheck %s --check-prefix=EXTERNAL
// EXTERNAL: error: 'external' cannot be run: it has no body

// RUN: not %{run} --entry=f --repeat=0 2>&1 | FileCheck %s --check-prefix=REPEAT
// REPEAT: error: --repeat=0: expected a number from 1 to 1000000000
// RUN: not %{run} --entry=f --check=-1 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: --check=-1: expected a number from 0
// RUN: not %{run} --entry=f --query-tile=5000 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: expected 'query-tile' to be from 0 to 4096, got 5000
// RUN: not %{run} --entry=f --vector-width=3 2>&1 | FileCheck %s --check-prefix=WIDTH
// WIDTH: error: expected 'vector-width' to be 0, or a power of two up to 64, got 3
// RUN: not %{run} --entry=f --max-error=-1 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: --max-error: expected a number from 0, or inf
// RUN: not %{run} --entry=f --max-error=1 --check=0 2>&1 | FileCheck %s --check-prefix=UNCHECKED
// UNCHECKED: error: --max-error needs rows to check, but --check is 0
// RUN: env SPATTN_CUDA_DRIVER=/nowhere/libcuda.so not %{run} --entry=f --device=cuda 2>&1 | FileCheck %s --check-prefix=CUDA
// CUDA: error: --device=cuda: {{.*}}/nowhere/libcuda.so
// RUN: not %{run} --entry=f --device=cuda --key-tile=64 2>&1 | FileCheck %s --check-prefix=CUDATILE
// CUDATILE: error: --device=cuda takes --gpu-options, and no options of code for a CPU: key-tile=64
// RUN: not %{run} --entry=f --gpu-options=ctas-per-sm=2 2>&1 | FileCheck %s --check-prefix=GPUOPTIONS
// GPUOPTIONS: error: --gpu-options is for --device=cuda
// RUN: not %{run} --entry=f --device=cuda --gpu-options=tile=2 2>&1 | FileCheck %s --check-prefix=GPUOPTION
// GPUOPTION: error: --gpu-options='tile=2': expected options of spattn-gpu
// RUN: not %{run} --entry=f --device=tpu 2>&1 | FileCheck %s --check-prefix=DEVICE
// DEVICE: for the --device option: Cannot find option named 'tpu'!

// RUN: not %{run} --entry=dynamic 2>&1 | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: error: argument 0 ('q') of type 'tensor<?x2x?x4xf32>' has dimensions that are not known; give its shape with --shape=q:<size>x2x<size>x4
// RUN: not %{run} --entry=dynamic --shape=q:1x2x8x4 2>&1 | FileCheck %s --check-prefix=REST
// REST: error: argument 1 ('k') of type {{.*}}; give its shape with --shape=k:1x2x<size>x4
// RUN: not %{run} --entry=dynamic --shape=q:1x2x8x5 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: --shape=q:1x2x8x5: expected 'tensor<?x2x?x4xf32>' for argument 0 ('q'), got 1x2x8x5xf32, whose size 5 should be 4
// RUN: not %{run} --entry=dynamic --shape=q:1x2x8 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: error: --shape=q:1x2x8: {{.*}}, of rank 3
// RUN: not %{run} --entry=dynamic --shape=q:1xx8 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: --shape=q:1xx8: expected sizes from 0 to 2^63 - 1 with 'x' between them, got ''
// RUN: not %{run} --entry=dynamic --shape=q 2>&1 | FileCheck %s --check-prefix=COLON
// COLON: error: --shape=q: expected an argument's name or position, ':' and a shape: q:1x16x4096x128
// RUN: not %{run} --entry=dynamic --shape=z:1 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: --shape=z:1: no function has such an argument; 'dynamic' has argument 0 ('q'), argument 1 ('k'), argument 2 ('v'), argument 3 ('o')
// RUN: not %{run} --entry=dynamic --shape=q:1x2x8x4 --shape=k:2x2x8x4 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: error: {{.*}}batch size
// RUN: not %{run} --entry=dynamic --shape=q:0x2x99999999999x4 --shape=k:0x2x8x4 2>&1 | FileCheck %s --check-prefix=LONG
// LONG: error: argument 0 ('q') has a length of 99999999999; supported are lengths below 2147483648
// RUN: not %{run} --entry=dynamic --shape=q:99999999999999x2x2000000000x4 --shape=k:99999999999999x2x8x4 2>&1 | FileCheck %s --check-prefix=BYTES
// BYTES: error: argument 0 ('q'): an array of 2^63 bytes or more

// RUN: not %{run} --entry=scalar 2>&1 | FileCheck %s --check-prefix=SCALAR
// SCALAR: error: argument 0 ('n') is a scalar; give its value with --scalar=n:<number>
// RUN: not %{run} --entry=scalar --scalar=n:1.5 2>&1 | FileCheck %s --check-prefix=INTEGER
// INTEGER: error: --scalar=n:1.5: expected an integer for argument 0 ('n')
// RUN: not %{run} --entry=scalar --scalar=n:x 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: --scalar=n:x: expected a number, got 'x'
// RUN: not %{run} --entry=scalar --shape=n:1 2>&1 | FileCheck %s --check-prefix=NOSHAPE
// NOSHAPE: error: --shape=n:1: argument 0 ('n') is a scalar; give its value with --scalar
// RUN: not %{run} --entry=f --scalar=q:1 2>&1 | FileCheck %s --check-prefix=NOSCALAR
// NOSCALAR: error: --scalar=q:1: argument 0 ('q') is no scalar

// RUN: not %{run} --entry=boolean 2>&1 | FileCheck %s --check-prefix=BOOLEAN
// BOOLEAN: error: argument 0 ('x') has type 'tensor<4xi1>'; supported are ranked tensors and memrefs of f16, bf16, f32, f64, index, i8, i16, i32 and i64, and scalars of f32, index and i64
// RUN: not %{run} --entry=unranked 2>&1 | FileCheck %s --check-prefix=UNRANKED
// UNRANKED: error: argument 0 ('x') has type 'tensor<*xf32>'; supported are
// RUN: not %{run} --entry=blocks 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: error: expected a function of one block, got 2
// RUN: not %{run} --entry=unsupported --max-error=1 2>&1 | FileCheck %s --check-prefix=WHY
// WHY: error: --max-error: 'unsupported' cannot be compared with the oracle: it does not consist of one attention

!t = tensor<1x2x8x4xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
!d = tensor<?x2x?x4xf32>
func.func @dynamic(%q: !d, %k: !d, %v: !d, %o: !d) -> !d {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !d, !d, !d) outs(%o : !d)
  return %r : !d
}
func.func @scalar(%n: index) -> tensor<?xf32> {
  %t = tensor.empty(%n) : tensor<?xf32>
  return %t : tensor<?xf32>
}
func.func private @hidden(%x: !t) -> !t { return %x : !t }
func.func private @external(%x: !t) -> !t
func.func @boolean(%x: tensor<4xi1>) -> tensor<4xi1> { return %x : tensor<4xi1> }
func.func @unranked(%x: tensor<*xf32>) { return }
func.func @blocks() {
  cf.br ^next
^next:
  return
}
func.func @unsupported(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
