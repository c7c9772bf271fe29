//===- SpattnGPUTarget.td - What containers are compiled for ----*- tablegen -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPUTARGET_TD
#define SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPUTARGET_TD

include "mlir/IR/AttrTypeBase.td"

def SpattnGPU_TargetAttr : SpattnGPU_Attr<"Target", "target"> {
  let summary = "how the kernels of a `gpu.module` are compiled";
  let description = [{
    A target of a `gpu.module`, as `#nvvm.target` is one. It compiles the module's
    kernels, each of which has a `spattn_gpu.launch`, to an artifact: code with the
    description of its launch, which is what the runtime takes. Both upstream's
    `gpu-module-to-binary` and `spattn-serialize-kernels` ask it for that.

    - `chip`: the GPU, such as `sm_90a`;
    - `opt`: optimization by LLVM and ptxas, 0 to 3;
    - `ptx`: the version of PTX, 84 being 8.4; 0 chooses one that ptxas takes;
    - `strict`: spills, stacks and warnings of ptxas are errors.

    ```mlir
    #spattn_gpu.target<chip = "sm_80", opt = 2>
    ```
  }];
  let parameters = (ins
      StringRefParameter<"", "\"sm_90a\"">:$chip,
      DefaultValuedParameter<"int64_t", "3">:$opt,
      DefaultValuedParameter<"int64_t", "0">:$ptx,
      DefaultValuedParameter<"bool", "false">:$strict);
  let assemblyFormat = "(`<` struct($chip, $opt, $ptx, $strict)^ `>`)?";
  let genVerifyDecl = 1;
}

#endif // SPATTN_DIALECT_SPATTNGPU_IR_SPATTNGPUTARGET_TD
