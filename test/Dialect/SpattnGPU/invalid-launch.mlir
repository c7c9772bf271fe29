// RUN: spattn-opt %s -split-input-file -verify-diagnostics -allow-unregistered-dialect

// expected-error @+1 {{the spattn_gpu dialect has no attribute "spattn_gpu.start"}}
llvm.func @f() attributes {spattn_gpu.start = 1 : i32}

// -----

// expected-error @+1 {{expected 'spattn_gpu.scarce_registers' to be a unit attribute, got 1 : i32}}
llvm.func @f() attributes {spattn_gpu.scarce_registers = 1 : i32}

// -----

// expected-error @+1 {{expected 'spattn_gpu.scarce_registers' on a function, got 'builtin.module'}}
module attributes {spattn_gpu.scarce_registers} {
}

// -----

// expected-error @+1 {{expected 'spattn_gpu.launch' to be a #spattn_gpu.launch, got 1 : i32}}
llvm.func @f() attributes {spattn_gpu.launch = 1 : i32}

// -----

func.func @f() {
  // expected-error @+1 {{expected 'spattn_gpu.launch' on a function, got 'test.op'}}
  "test.op"() {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, grid = <1>>} : () -> ()
  return
}

// -----

// expected-error @+1 {{the launch has 0 arguments, but the function takes 1}}
llvm.func @f(i32) attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, grid = <1>>}

// -----

// expected-error @+1 {{argument 0 of the launch is #spattn_gpu.argument<i64 "n">, but the function takes 'i32'}}
llvm.func @f(i32) attributes {spattn_gpu.launch = #spattn_gpu.launch<threads = 1, grid = <1>, arguments = [<i64 "n">]>}

// -----

// expected-error @+1 {{expected elements of type f16, bf16, f32, f64, i8, i16, i32 or i64, got 'index'}}
"test.op"() {a = #spattn_gpu.buffer<"x", index, [n = 1], alignment = 4>} : () -> ()

// -----

// expected-error @+1 {{expected a name without ':', got 'x:y'}}
"test.op"() {a = #spattn_gpu.buffer<"x:y", f32, [n = 1], alignment = 4>} : () -> ()

// -----

// expected-error @+1 {{expected 1 to 8 dimensions, got 0}}
"test.op"() {a = #spattn_gpu.buffer<"x", f32, [], alignment = 4>} : () -> ()

// -----

// expected-error @+1 {{two dimensions are named "n"}}
"test.op"() {a = #spattn_gpu.buffer<"x", f32, [n = 1, n = 2], alignment = 4>} : () -> ()

// -----

// expected-error @+1 {{expected a size of 1 or more, got 0}}
"test.op"() {a = #spattn_gpu.buffer<"x", f32, [n = 0], alignment = 4>} : () -> ()

// -----

// expected-error @+1 {{expected an alignment that is a power of two up to 2^20, got 12}}
"test.op"() {a = #spattn_gpu.buffer<"x", f32, [n = 4], alignment = 12>} : () -> ()

// -----

// expected-error @+1 {{expected at most 5 dimensions of a tensor map, got 6}}
"test.op"() {a = #spattn_gpu.tensor_map<"x", [a = 1, b = 1, c = 1, d = 1, e = 1, f = 1], swizzle = 0>} : () -> ()

// -----

// expected-error @+1 {{expected a box of 1 to 256, got 257}}
"test.op"() {a = #spattn_gpu.tensor_map<"x", [n = 257], swizzle = 0>} : () -> ()

// -----

// expected-error @+1 {{expected 'swizzle' to be one of 0, 32, 64, 128, got 16}}
"test.op"() {a = #spattn_gpu.tensor_map<"x", [n = 64], swizzle = 16>} : () -> ()

// -----

// expected-error @+1 {{expected 'interleave' to be one of 0, 16, 32, got 8}}
"test.op"() {a = #spattn_gpu.tensor_map<"x", [n = 64], swizzle = 0, interleave = 8>} : () -> ()

// -----

// expected-error @+1 {{expected 'l2' to be one of 0, 64, 128, 256, got 8}}
"test.op"() {a = #spattn_gpu.tensor_map<"x", [n = 64], swizzle = 0, l2 = 8>} : () -> ()

// -----

// expected-error @+1 {{a software tensor map has no 'interleave', 'l2' and 'nan'}}
"test.op"() {a = #spattn_gpu.tensor_map<"x", [n = 64], swizzle = 128, l2 = 128, software = true>} : () -> ()

// -----

// expected-error @+1 {{expected a divisor of 1 or more, got 0}}
"test.op"() {a = #spattn_gpu.formula<ceil(n / 0)>} : () -> ()

// -----

// expected-error @+1 {{the product is too large}}
"test.op"() {a = #spattn_gpu.formula<4294967296 * 4294967296>} : () -> ()

// -----

// expected-error @+1 {{expected an alignment that is a power of two up to 2^20, got 3}}
"test.op"() {a = #spattn_gpu.scratch<"x", bytes = <n>, alignment = 3>} : () -> ()

// -----

// expected-error @+1 {{expected 'buffer', 'map', 'scratch', 'i32', 'i64' or 'f32', got 'f64'}}
"test.op"() {a = #spattn_gpu.argument<f64 "x">} : () -> ()

// -----

// expected-error @+1 {{expected the number of a tensor map, or a name}}
"test.op"() {a = #spattn_gpu.argument<i32 "">} : () -> ()

// -----

// expected-error @+1 {{expected 1 to 1024 threads, got 0}}
"test.op"() {a = #spattn_gpu.launch<threads = 0, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{expected clusters of 1 to 16 CTAs, got 17}}
"test.op"() {a = #spattn_gpu.launch<threads = 1, cluster = 17, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{expected 0 to 2^20 bytes of shared memory, got -1}}
"test.op"() {a = #spattn_gpu.launch<threads = 1, shared = -1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{expected at most 64 CTAs per SM, got 65}}
"test.op"() {a = #spattn_gpu.launch<threads = 1, grid = persistent 65>} : () -> ()

// -----

// expected-error @+1 {{expected 0 or more CTAs per SM, got -1}}
"test.op"() {a = #spattn_gpu.launch<threads = 1, grid = persistent -1>} : () -> ()

// -----

// expected-error @+1 {{expected a grid}}
"test.op"() {a = #spattn_gpu.launch<threads = 1>} : () -> ()

// -----

// expected-error @+1 {{'threads' is given twice}}
"test.op"() {a = #spattn_gpu.launch<threads = 1, threads = 2>} : () -> ()

// -----

// expected-error @+1 {{a launch has no 'block'}}
"test.op"() {a = #spattn_gpu.launch<block = 1>} : () -> ()

// -----

// expected-error @+1 {{two buffers are named 'x'}}
"test.op"() {a = #spattn_gpu.launch<buffers = [<"x", f32, [n = 1], alignment = 4>, <"x", f32, [n = 1], alignment = 4>], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{two scratch buffers are named 'x'}}
"test.op"() {a = #spattn_gpu.launch<scratch = [<"x", bytes = <1>, alignment = 4>, <"x", bytes = <1>, alignment = 4>], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{there is no buffer 'x' for a tensor map}}
"test.op"() {a = #spattn_gpu.launch<maps = [<"x", [n = 1], swizzle = 0>], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{buffer 'x' has no dimension 'd'}}
"test.op"() {a = #spattn_gpu.launch<buffers = [<"x", f32, [n = 1], alignment = 4>], maps = [<"x", [d = 1], swizzle = 0>], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{there is no buffer 'x' for an argument}}
"test.op"() {a = #spattn_gpu.launch<arguments = [<buffer "x">], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{there is no tensor map 0}}
"test.op"() {a = #spattn_gpu.launch<arguments = [<map 0>], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{there is no scratch buffer 'x'}}
"test.op"() {a = #spattn_gpu.launch<arguments = [<scratch "x">], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{expected stride:BUFFER:DIMENSION or size:BUFFER:DIMENSION, got 'steps:x:n'}}
"test.op"() {a = #spattn_gpu.launch<arguments = [<i32 "steps:x:n">], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{there is no buffer 'x' for 'size:x:n'}}
"test.op"() {a = #spattn_gpu.launch<arguments = [<i32 "size:x:n">], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{expected a name without ':', got ''}}
"test.op"() {a = #spattn_gpu.launch<positive = [""], threads = 1, grid = <1>>} : () -> ()

// -----

// expected-error @+1 {{expected a string as metadata "a"}}
"test.op"() {a = #spattn_gpu.launch<metadata = {a = 1 : i32}, threads = 1, grid = <1>>} : () -> ()
