// RUN: spattn-opt %s -spattn-bufferize | FileCheck %s

!p = tensor<?x2x?x64xbf16>

// CHECK-LABEL: func.func @rows
// CHECK: spattn.gather_rows ins(%{{.*}} : memref<?x2x?x64xbf16{{.*}}>) rows(%{{.*}} : memref<?x2x?xi32{{.*}}>)
// CHECK: spattn.sum_rows ins(%{{.*}} : memref<?x2x?x64xbf16{{.*}}>) rows(%{{.*}} : memref<?x2x?x4xi32{{.*}}>)
func.func @rows(%p: !p, %r: tensor<?x2x?xi32>, %s: tensor<?x2x?x4xi32>, %o: !p, %q: !p) -> !p {
  %0 = spattn.gather_rows ins(%p : !p) rows(%r : tensor<?x2x?xi32>) outs(%o : !p)
  %1 = spattn.sum_rows ins(%0 : !p) rows(%s : tensor<?x2x?x4xi32>) outs(%q : !p)
  return %1 : !p
}
