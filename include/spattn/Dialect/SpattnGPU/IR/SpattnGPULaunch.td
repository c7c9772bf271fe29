//===- SpattnGPULaunch.td - How a kernel is launched ------------*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPULAUNCH_TD
#define SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPULAUNCH_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class SpattnGPU_Attr<string name, string attrMnemonic>
    : AttrDef<SpattnGPU_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def SpattnGPU_BufferAttr : SpattnGPU_Attr<"Buffer", "buffer"> {
  let summary = "an array that the caller of a kernel passes";
  let description = [{
    Its name, element type and dimensions. A dimension has a fixed size, or
    gives its size to an *extent*, a name that formulas and arguments use. Its
    address and all strides but the last, in bytes, are multiples of
    `alignment`; the last dimension has stride 1 unless it is `strided`. An
    `optional` one may be left out: kernels then get the address 0.

    ```mlir
    #spattn_gpu.buffer<"o", bf16, [b = batch, h = 16, n = queryLength, d = 128], alignment = 16, output = true>
    ```
  }];
  let parameters = (ins
      StringRefParameter<>:$name, "::mlir::Type":$elementType,
      ArrayRefParameter<"::mlir::StringAttr">:$dimensions,
      ArrayRefParameter<"::mlir::Attribute">:$sizes,
      "int64_t":$alignment,
      DefaultValuedParameter<"bool", "false">:$strided,
      DefaultValuedParameter<"bool", "false">:$optional,
      DefaultValuedParameter<"bool", "false">:$output);
  let assemblyFormat = [{
    `<` $name `,` $elementType `,` custom<Dimensions>($dimensions, $sizes) `,`
    struct($alignment, $strided, $optional, $output) `>`
  }];
  let genVerifyDecl = 1;
}

def SpattnGPU_TensorMapAttr : SpattnGPU_Attr<"TensorMap", "tensor_map"> {
  let summary = "how to make the tensor map of a buffer";
  let description = [{
    The buffer's dimensions from the innermost one out, and how many elements
    one copy moves along each. `swizzle`, `interleave` and `l2` are in bytes, 0
    being none; elements out of bounds are 0, or NaN with `nan`. A `software`
    map is not for TMA but for code that copies with `cp.async`: it has neither
    interleave nor l2 nor NaN.

    ```mlir
    #spattn_gpu.tensor_map<"q", [d = 64, n = 128, h = 1, b = 1], swizzle = 128, l2 = 256>
    ```

    ```mlir
    #spattn_gpu.tensor_map<"q", [d = 64, n = 128, h = 1, b = 1], swizzle = 128, software = true>
    ```
  }];
  let parameters = (ins
      StringRefParameter<>:$buffer,
      ArrayRefParameter<"::mlir::StringAttr">:$dimensions,
      ArrayRefParameter<"::mlir::Attribute">:$box,
      "int64_t":$swizzle,
      DefaultValuedParameter<"int64_t", "0">:$interleave,
      DefaultValuedParameter<"int64_t", "0">:$l2,
      DefaultValuedParameter<"bool", "false">:$nan,
      DefaultValuedParameter<"bool", "false">:$software);
  let assemblyFormat = [{
    `<` $buffer `,` custom<Dimensions>($dimensions, $box) `,`
    struct($swizzle, $interleave, $l2, $nan, $software) `>`
  }];
  let genVerifyDecl = 1;
}

def SpattnGPU_FormulaAttr : SpattnGPU_Attr<"Formula", "formula"> {
  let summary = "an integer that depends on extents";
  let description = [{
    A sum of products. A factor is an extent, or an extent divided by a constant
    and rounded up.

    ```mlir
    #spattn_gpu.formula<16 * batch * ceil(queryLength / 128) + 256>
    ```
  }];
  // Term i has coefficients[i], and the next counts[i] factors.
  let parameters = (ins
      ArrayRefParameter<"int64_t">:$coefficients,
      ArrayRefParameter<"int64_t">:$counts,
      OptionalArrayRefParameter<"::mlir::StringAttr">:$names,
      OptionalArrayRefParameter<"int64_t">:$divisors);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def SpattnGPU_ScratchAttr : SpattnGPU_Attr<"Scratch", "scratch"> {
  let summary = "device memory that the caller lends for a launch";
  let description = [{
    With `zeroed`, it is set to 0 ahead of the kernel.

    ```mlir
    #spattn_gpu.scratch<"counter", bytes = <4>, alignment = 4, zeroed = true>
    ```
  }];
  let parameters = (ins
      StringRefParameter<>:$name, "::spattn::spattn_gpu::FormulaAttr":$bytes,
      "int64_t":$alignment,
      DefaultValuedParameter<"bool", "false">:$zeroed);
  let assemblyFormat = [{
    `<` $name `,` struct($bytes, $alignment, $zeroed) `>`
  }];
  let genVerifyDecl = 1;
}

def SpattnGPU_LimitAttr : SpattnGPU_Attr<"Limit", "limit"> {
  let summary = "a quantity beyond which launches are refused";
  let description = [{
    ```mlir
    #spattn_gpu.limit<<queryLength + keyLength>, 1073741823>
    ```
  }];
  let parameters = (ins "::spattn::spattn_gpu::FormulaAttr":$value,
                        "int64_t":$maximum);
  let assemblyFormat = "`<` $value `,` $maximum `>`";
}

def SpattnGPU_ArgumentKind : I32EnumAttr<"ArgumentKind", "what a kernel's argument is", [
    I32EnumAttrCase<"Buffer", 0, "buffer">,
    I32EnumAttrCase<"TensorMap", 1, "map">,
    I32EnumAttrCase<"Scratch", 2, "scratch">,
    I32EnumAttrCase<"I32", 3, "i32">,
    I32EnumAttrCase<"I64", 4, "i64">,
    I32EnumAttrCase<"F32", 5, "f32">]> {
  let cppNamespace = "::spattn::spattn_gpu";
  let genSpecializedAttr = 0;
}

def SpattnGPU_ArgumentAttr : SpattnGPU_Attr<"Argument", "argument"> {
  let summary = "what is passed for one of a kernel's parameters";
  let description = [{
    The address of a buffer or of scratch by name; a tensor map by its index; or
    a scalar: an extent, a value of the caller such as `scale`, or
    `stride:BUFFER:DIMENSION` (in elements), `size:BUFFER:DIMENSION`.

    ```mlir
    #spattn_gpu.argument<i64 "stride:o:n">
    ```
  }];
  let parameters = (ins
      "::spattn::spattn_gpu::ArgumentKind":$kind,
      StringRefParameter<>:$name,
      DefaultValuedParameter<"int64_t", "0">:$number);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def SpattnGPU_LaunchAttr : SpattnGPU_Attr<"Launch", "launch"> {
  let summary = "how a kernel is launched";
  let description = [{
    All that a launch needs besides the code: what the caller passes, what is
    made of it, and the order of the kernel's parameters. An artifact has the
    same fields. It is attached to the kernel's function as `spattn_gpu.launch`,
    and checked against the function's parameters and the shared memory that it
    allocates. Kernels that are launched together, in the order of the module, have the same buffers, tensor maps,
    scratch, limits and positive values.

    - `threads` of a CTA, `cluster` CTAs of a cluster, `shared` bytes of dynamic
      shared memory;
    - `grid = persistent N for <...>`: N CTAs per SM, or as many as fit if N is
      0, but no more than the formula says; or `grid = <x> by <y> by <z>`, where
      the last two may be left out;
    - `limits` that launches are refused beyond, and values that must be
      `positive` and finite.

    ```mlir
    #spattn_gpu.launch<
      buffers = [<"x", f32, [n = length], alignment = 4, output = true>],
      threads = 128, grid = <ceil(length / 128)>,
      arguments = [<buffer "x">, <i32 "length">]>
    ```
  }];
  let parameters = (ins
      OptionalArrayRefParameter<"::spattn::spattn_gpu::BufferAttr">:$buffers,
      OptionalArrayRefParameter<"::spattn::spattn_gpu::TensorMapAttr">:$maps,
      OptionalArrayRefParameter<"::spattn::spattn_gpu::ScratchAttr">:$scratch,
      OptionalArrayRefParameter<"::spattn::spattn_gpu::LimitAttr">:$limits,
      OptionalArrayRefParameter<"::mlir::StringAttr">:$positive,
      "int64_t":$threads,
      "int64_t":$cluster,
      "int64_t":$shared,
      // CTAs per SM of a persistent grid; else -1.
      "int64_t":$persistent,
      OptionalArrayRefParameter<"::spattn::spattn_gpu::FormulaAttr">:$grid,
      OptionalArrayRefParameter<"::spattn::spattn_gpu::ArgumentAttr">:$arguments,
      OptionalParameter<"::mlir::DictionaryAttr">:$metadata);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The name of the attribute on kernels.
    static constexpr ::llvm::StringLiteral kName = "spattn_gpu.launch";
    bool isPersistent() const { return getPersistent() >= 0; }
    /// The launch of a kernel; null if there is none.
    static LaunchAttr of(::mlir::Operation *function);
  }];
}

#endif // SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPULAUNCH_TD
