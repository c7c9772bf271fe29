//===- blocks.mlir - Blocks on the diagonal, for docs/Structures.md -------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Tokens 0 to 79, 80 to 191, and all from 192 on: each sees those of its block.
!t = tensor<1x1x?x64xbf16>

func.func @blocks(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.union<
           #spattn.intersection<#spattn.queries<0 to 80>, #spattn.keys<0 to 80>>,
           #spattn.intersection<#spattn.queries<80 to 192>, #spattn.keys<80 to 192>>,
           #spattn.intersection<#spattn.queries<192 to inf>, #spattn.keys<192 to inf>>>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
