//===- TestKernel.cpp - Kernels of parts, to be run -----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::test;

static OwningOpRef<ModuleOp> parse(MLIRContext &context,
                                   const AttentionSpec &spec) {
  context.loadDialect<SpattnDialect, spattn_gpu::SpattnGPUDialect,
                      arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                      NVVM::NVVMDialect, math::MathDialect, scf::SCFDialect,
                      tensor::TensorDialect>();
  context.allowUnregisteredDialects();
  auto type = [](int64_t heads) {
    return "tensor<?x" + std::to_string(heads) + "x?x64xbf16>";
  };
  std::string q = type(spec.heads), k = type(spec.keyHeads);
  std::string l = "tensor<?x" + std::to_string(spec.heads) + "x?xf32>";
  std::string attributes = spec.alignment == Alignment::Start
                               ? " {alignment = #spattn.alignment<start>}"
                               : "";
  std::string text = "func.func @f(%q: " + q + ", %k: " + k + ", %v: " + k +
                     ", %o: " + q + ", %l: " + l + ", %do: " + q +
                     ", %dq: " + q + ", %dk: " + k + ", %dv: " + k + ") {\n";
  if (spec.backward)
    text += "  %r:3 = spattn.attention_backward structure(" + spec.structure +
            ") ins(%q, %k, %v, %o, %l, %do : " + q + ", " + k + ", " + k +
            ", " + q + ", " + l + ", " + q + ") outs(%dq, %dk, %dv : " + q +
            ", " + k + ", " + k + ")" + attributes;
  else
    text += "  %r = spattn.attention structure(" + spec.structure +
            ") ins(%q, %k, %v : " + q + ", " + k + ", " + k +
            ") outs(%o : " + q + ")" + attributes;
  auto module = parseSourceString<ModuleOp>(text + "\n  return\n}", &context);
  if (!module)
    llvm::report_fatal_error("the test's attention is not valid");
  return module;
}

static AttentionOpInterface findAttention(ModuleOp module) {
  AttentionOpInterface found;
  module.walk([&](AttentionOpInterface op) { found = op; });
  return found;
}

TestKernel::TestKernel(const AttentionSpec &spec, int64_t threads)
    : module(parse(context, spec)),
      builder(OpBuilder::atBlockEnd(module->getBody())), threads(threads),
      op(findAttention(*module)), heads(op.getHeadStructures()),
      program(op, *TargetCapabilities::of("sm_90a"), /*queryTile=*/128,
              /*keyTile=*/128, /*scarceRegisters=*/0),
      signature(program), b(builder, op.getLoc(), builder.getBF16Type()) {
  SequenceArguments arguments(signature);
  KernelSignature::Argument scaleArgument = signature.f32("scale");
  program.addScratch("counter", program.constant(4), /*alignment=*/4);
  KernelSignature::Argument counterArgument = signature.scratch("counter");
  function = signature.begin(b, "kernel", {threads, 1});
  sequence = arguments.get(signature);
  scale = signature.get(scaleArgument);
  counter = signature.get(counterArgument);
}

Value TestKernel::input(StringRef name, Type type) {
  OperationState state(b.getLoc(), "test.input");
  state.addAttribute("name", b.getStringAttr(name));
  state.addTypes(type);
  return b.create(state)->getResult(0);
}

void TestKernel::record(StringRef name, ValueRange values) {
  OperationState state(b.getLoc(), "test.record");
  state.addAttribute("name", b.getStringAttr(name));
  state.addOperands(values);
  b.create(state);
}

void TestKernel::end(int64_t shared) {
  signature.end(b, shared, /*persistent=*/1, program.constant(1));
  program.describeLaunches();
  EXPECT_TRUE(succeeded(verify(*module)));
}

Machine TestKernel::machine(const CallSpec &call) {
  return Machine(function,
                 {Datum::integer(call.batches), Datum::integer(call.queries),
                  Datum::integer(call.keys), Datum::real32(call.scale),
                  Datum::integer(/*address=*/4096, 64)},
                 threads, call.ctas);
}
