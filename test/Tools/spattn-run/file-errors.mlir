// What is wrong with a file is said with its name, the argument and what would
// do; nothing is written.

// RUN: rm -rf %t && mkdir %t && %python %S/Inputs/npy.py %t && cd %t
// RUN: ls > %t.before

// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=none.npy 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: file-errors.mlir:[[@LINE+43]]:30: error: input of argument 2 ('v'): 'none.npy': No such file or directory
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=. 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: input of argument 2 ('v'): '.': not a regular file
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=text.npy 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: error: input of argument 2 ('v'): 'text.npy': not a .npy file
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=short.npy 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: error: {{.*}}'short.npy': 252 bytes of data, but the header asks for 256 (truncated)
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=huge.npy 2>&1 | FileCheck %s --check-prefix=HUGE
// HUGE: error: {{.*}}'huge.npy': an array of 2^63 bytes or more
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=length.npy 2>&1 | FileCheck %s --check-prefix=LENGTH
// LENGTH: error: {{.*}}'length.npy': a header of 4294967295 bytes; at most 65535 are supported
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=big.npy 2>&1 | FileCheck %s --check-prefix=BIG
// BIG: error: {{.*}}'big.npy': elements are big-endian ('>f4'); little-endian ones are supported
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=complex.npy 2>&1 | FileCheck %s --check-prefix=COMPLEX
// COMPLEX: error: {{.*}}'complex.npy': elements of type '<c8' are not supported; supported are <f2, <f4, <f8, |i1, <i2, <i4, <i8, |u1, <u2, <u4, <u8, |V2 (bfloat16 as <u2 or |V2)
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=int.npy 2>&1 | FileCheck %s --check-prefix=INT
// INT: error: 'int.npy', input of argument 2 ('v'): elements of type '<i4' do not fit f32; supported are <f2, <f4, <f8, and the bits of bf16 as |V2
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=rank.npy 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: error: 'rank.npy': expected 'tensor<1x2x8x4xf32>' for argument 2 ('v'), got 2x8x4xf32, of rank 3
// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy --input=f4.npy --input=shape.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: 'shape.npy': expected 'tensor<1x2x8x4xf32>' for argument 2 ('v'), got 1x2x7x4xf32, whose size 7 should be 8

// RUN: not spattn-run %s --entry=f --output=out.npy --input=f4.npy 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: file-errors.mlir:[[@LINE+20]]:1: error: expected an --input for each of 3 inputs of 'f': argument 0 ('q'), argument 1 ('k'), argument 2 ('v'); got 1
// RUN: not spattn-run %s --entry=f --output=out.npy --output=out2.npy 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: error: expected an --output for each of 1 results (1 of 'f'), got 2
// RUN: not spattn-run %s --entry=f --output=none/out.npy 2>&1 | FileCheck %s --check-prefix=WHERE
// WHERE: error: 'none/out.npy': there is no folder 'none'
// RUN: not spattn-run %s --entry=f --output=out.npy --json=out.npy 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: --output and --json are both 'out.npy'
// RUN: not spattn-run %s --entry=f --entry=i --output=a.npy --output=a.npy 2>&1 | FileCheck %s --check-prefix=SAME
// SAME: error: --output=a.npy is given twice

// A failure of a later function leaves no outputs of an earlier one.
// RUN: not spattn-run %s --entry=f --entry=fails --device=reference --output=a.npy --output=b.npy --json=out.json \
// RUN:   > report 2>&1
// RUN: FileCheck %s --check-prefix=LATER --input-file=report
// LATER: error: the reference interpreter does not run 'arith.addf'
// LATER: @f

// RUN: rm report && ls > %t.after && diff %t.before %t.after

!t = tensor<1x2x8x4xf32>
func.func @f(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
func.func @i(%x: tensor<2xi32>) -> tensor<2xi32> {
  return %x : tensor<2xi32>
}
func.func @fails(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
