//===- strided.mlir - Strided distances, for docs/Structures.md -----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The last 32 tokens, and every 32nd before them.
!t = tensor<1x1x?x64xbf16>

func.func @strided(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.intersection<
           #spattn.causal,
           #spattn.union<#spattn.window<left = 31, right = 0>,
                         #spattn.residues<distances, 0 to 1 mod 32>>>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
