//===- band.mlir - One band, for docs/Tutorial.md -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// One head that sees a quarter of the distances over N tokens: from N/4 to
// N/2 - 1.
!t = tensor<1x1x?x64xbf16>

func.func @band(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.band<exclusive, 1 of 4>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
