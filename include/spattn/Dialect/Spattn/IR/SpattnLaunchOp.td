//===- SpattnLaunchOp.td - Launches of outlined kernels ----*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_SPATTNLAUNCHOP_TD
#define SPATTN_DIALECT_SPATTN_IR_SPATTNLAUNCHOP_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"

def Spattn_LaunchArray : Type<CPred<"true">, "ranked tensor or strided memref">;

def Spattn_LaunchOp : Spattn_Op<"launch", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<DestinationStyleOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs the kernels that an attention was outlined into";
  let description = [{
    Stands where an attention, or the gradients of one, stood before
    `spattn-outline-kernels` moved it into a `gpu.module`. `kernels` is that
    module or, once it has been compiled, the `gpu.binary` that took its place.
    Whatever it takes to launch them (how many kernels, on which grid, with which
    tensor maps and scratch memory) is part of what was compiled. The operation
    only says which array or number each name in the description of the launch
    stands for.

    Like the attention, it is in destination style and takes tensors or buffers:
    the contents of `outs` are not read, and every element of them is written.
    Kernels write while they read, so that a destination must not overlap any
    other operand.

    ```mlir
    gpu.module @f_attention {}
    func.func @f(%q: tensor<?x8x?x64xbf16>, %k: tensor<?x2x?x64xbf16>, %v: tensor<?x2x?x64xbf16>,
                 %o: tensor<?x8x?x64xbf16>, %scale: f32) -> tensor<?x8x?x64xbf16> {
      %r = spattn.launch @f_attention
          ins(q = %q : tensor<?x8x?x64xbf16>, k = %k : tensor<?x2x?x64xbf16>, v = %v : tensor<?x2x?x64xbf16>)
          values(scale = %scale : f32)
          outs(o = %o : tensor<?x8x?x64xbf16>)
      return %r : tensor<?x8x?x64xbf16>
    }
    ```

    Constraints:

    - (L1) `inputs`, `values` and `outs` have a name each, and there is at least
      one of `outs`;
    - (L2) names are not empty, hold no NUL, and are different from each other;
    - (L3) `inputs` and `outs` are ranked tensors or strided memrefs;
    - (L4) their elements are integers of 8, 16, 32 or 64 bits, f16, bf16, f32 or
      f64;
    - (L5) `kernels` is a `gpu.module` or a `gpu.binary`.
  }];
  let arguments = (ins
      FlatSymbolRefAttr:$kernels,
      StrArrayAttr:$input_names, StrArrayAttr:$value_names,
      StrArrayAttr:$out_names,
      Variadic<Spattn_LaunchArray>:$inputs,
      Variadic<AnyTypeOf<[F32, F64, I32, I64, Index]>>:$values,
      Variadic<Spattn_LaunchArray>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernels
    `ins` `(` custom<NamedOperands>($input_names, $inputs, type($inputs)) `)`
    `values` `(` custom<NamedOperands>($value_names, $values, type($values)) `)`
    `outs` `(` custom<NamedOperands>($out_names, $outs, type($outs)) `)`
    attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The names of all operands that are arrays: of `inputs`, then of `outs`.
    ::llvm::SmallVector<::llvm::StringRef> getBufferNames();
    /// All operands that are arrays, in the same order.
    ::llvm::SmallVector<::mlir::Value> getBuffers();
  }];
}

#endif // SPATTN_DIALECT_SPATTN_IR_SPATTNLAUNCHOP_TD
