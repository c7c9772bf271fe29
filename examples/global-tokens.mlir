//===- global-tokens.mlir - Global tokens, for docs/Structures.md ---------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A window of 20 tokens to each side, and 32 tokens that see all keys and that
// all queries see.
!t = tensor<1x1x?x64xbf16>

func.func @global_tokens(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.union<#spattn.window<left = 20, right = 20>,
                                                #spattn.keys<0 to 32>,
                                                #spattn.queries<0 to 32>>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
