//===- run.cpp - Compiles and calls a function ----------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "spattn/InitAll.h"
#include "spattn/JIT/CpuKernel.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

static constexpr char source[] = R"mlir(
!t = tensor<?x2x?x4xf32>

func.func @bands(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.partition<exclusive>)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
)mlir";

static int fail(llvm::Error error) {
  llvm::errs() << llvm::toString(std::move(error)) << "\n";
  return 1;
}

int main() {
  mlir::DialectRegistry registry;
  spattn::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  if (!module)
    return 1; // The error has been printed.

  spattn::RuntimeContext runtime; // A thread a core.
  llvm::Expected<std::unique_ptr<spattn::CpuKernel>> kernel =
      spattn::CpuKernel::compile(*module, "bands", runtime);
  if (!kernel)
    return fail(kernel.takeError());

  // With equal queries and keys every key weighs the same.
  constexpr int64_t heads = 2, length = 8, dim = 4;
  constexpr int64_t count = heads * length * dim;
  std::vector<float> qk(count, 0.0f), v(count), out(count);
  for (int64_t i = 0; i < count; ++i)
    v[i] = static_cast<float>(i / dim % length);
  auto view = [&](std::vector<float> &data) {
    return spattn::BufferView::contiguous(data.data(),
                                          spattn::runtime::ElementType::F32,
                                          {1, heads, length, dim});
  };
  auto results = (*kernel)->run({view(qk), view(qk), view(v), view(out)});
  if (!results)
    return fail(results.takeError());

  // The second of two heads has the distances from 4 to 7: query 7 sees the
  // keys 0 to 3, and query 3 none.
  auto at = [&](int64_t head, int64_t query) {
    return out[(head * length + query) * dim];
  };
  llvm::outs() << "query 7: " << at(1, 7) << ", query 3: " << at(1, 3) << "\n";
  return at(1, 7) == 1.5f && at(1, 3) == 0.0f ? 0 : 1;
}
