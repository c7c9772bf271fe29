// How a kernel is launched: round trips.

// RUN: spattn-opt %s | FileCheck %s
// RUN: spattn-opt %s | spattn-opt | FileCheck %s
// RUN: spattn-opt %s --mlir-print-op-generic | spattn-opt | FileCheck %s

// CHECK: llvm.func @all({{.*}}) attributes {spattn_gpu.launch = #spattn_gpu.launch<
// CHECK-SAME: buffers = [<"q", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16>,
// CHECK-SAME: <"o", f32, [n = queryLength], alignment = 4, strided = true, optional = true, output = true>],
// CHECK-SAME: maps = [<"q", [d = 64, n = 128, h = 1, b = 1], swizzle = 128, l2 = 256>,
// CHECK-SAME: <"q", [d = 8, b = 1], swizzle = 0, interleave = 16, nan = true>,
// CHECK-SAME: <"q", [d = 64, n = 128], swizzle = 128, software = true>],
// CHECK-SAME: scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>,
// CHECK-SAME: <"delta", bytes = <64 * batch * queryLength + 256>, alignment = 256>],
// CHECK-SAME: limits = [<<queryLength + keyLength>, 1073741823>],
// CHECK-SAME: positive = ["scale"],
// CHECK-SAME: arguments = [<map 0>, <map 1>, <buffer "o">, <scratch "counter">, <i32 "batch">, <i64 "stride:o:n">, <f32 "scale">],
// CHECK-SAME: metadata = {tile = "128x128"},
// CHECK-SAME: threads = 384, cluster = 2, shared = 1024,
// CHECK-SAME: grid = persistent 1 for <16 * batch * ceil(queryLength / 128)>>}
llvm.func @all(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i64, f32) attributes {
  spattn_gpu.launch = #spattn_gpu.launch<
    buffers = [<"q", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16>,
               <"o", f32, [n = queryLength], alignment = 4, strided = true, optional = true, output = true>],
    maps = [<"q", [d = 64, n = 128, h = 1, b = 1], swizzle = 128, l2 = 256>,
            <"q", [d = 8, b = 1], swizzle = 0, interleave = 16, nan = true>,
            <"q", [d = 64, n = 128], swizzle = 128, software = true>],
    scratch = [<"counter", bytes = <4>, alignment = 4, zeroed = true>,
               <"delta", bytes = <4 * 16 * batch * queryLength + 256>, alignment = 256>],
    limits = [<<queryLength + keyLength>, 1073741823>],
    positive = ["scale"],
    threads = 384, cluster = 2, shared = 1024,
    grid = persistent 1 for <16 * batch * ceil(queryLength / 128)>,
    arguments = [<map 0>, <map 1>, <buffer "o">, <scratch "counter">,
                 <i32 "batch">, <i64 "stride:o:n">, <f32 "scale">],
    metadata = {tile = "128x128"}>}

// CHECK: llvm.func @formulas() attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, grid = <n> by <2 * n * n> by <0>>}
llvm.func @formulas() attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, grid = <n> by <2 * n * ceil(n / 1)> by <0>>}

// CHECK: llvm.func @persistent() attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, grid = persistent 0>}
llvm.func @persistent() attributes {spattn_gpu.launch = #spattn_gpu.launch<grid = persistent 0, threads = 1>}

// Names that are no keywords.
// CHECK: #spattn_gpu.launch<buffers = [<"x y", i8, ["a b" = "c d"], alignment = 1>], threads = 1, grid = <ceil("c d" / 2)>>
llvm.func @names() attributes {spattn_gpu.launch = #spattn_gpu.launch<
  buffers = [<"x y", i8, ["a b" = "c d"], alignment = 1>], threads = 1, grid = <ceil("c d" / 2)>>}
