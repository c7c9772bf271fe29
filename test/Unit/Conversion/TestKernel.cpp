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

OwningOpRef<ModuleOp> spattn::test::parseAttention(MLIRContext &context,
                                                   const AttentionSpec &spec) {
  context.loadDialect<SpattnDialect, spattn_gpu::SpattnGPUDialect,
                      arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                      NVVM::NVVMDialect, math::MathDialect, scf::SCFDialect,
                      tensor::TensorDialect>();
  context.allowUnregisteredDialects();
  auto type = [](int64_t heads, int64_t dim, const char *element = "bf16",
                 int64_t rows = 0) {
    return "tensor<?x" + std::to_string(heads) + "x" +
           (rows ? std::to_string(rows) : "?") + "x" + std::to_string(dim) +
           "x" + element + ">";
  };
  std::string q = type(spec.heads, spec.headDim),
              k = type(spec.keyHeads, spec.headDim, "bf16", spec.pageSize),
              v = type(spec.keyHeads, spec.valueDim, "bf16", spec.pageSize),
              o = type(spec.heads, spec.valueDim,
                       spec.wideOutput ? "f32" : "bf16");
  std::string l = "tensor<?x" + std::to_string(spec.heads) + "x?xf32>";
  std::string s = "tensor<" + std::to_string(spec.heads) + "xf32>";
  std::string clauses = spec.sinks ? " sink_logits(%s : " + s + ")" : "";
  std::string ends = spec.pageSize ? "tensor<?x1xi32>" : "tensor<?x?xi32>";
  if (spec.sequences && spec.pageSize)
    clauses += " query_ends(%qe : " + ends + ") key_ends(%ke : " + ends + ")";
  else if (spec.sequences)
    for (auto [name, value] :
         {std::pair("query_starts", "%qs"), std::pair("query_ends", "%qe"),
          std::pair("key_starts", "%ks"), std::pair("key_ends", "%ke")})
      clauses += std::string(" ") + name + "(" + value + " : tensor<?x?xi32>)";
  if (spec.slopes)
    clauses += " alibi_slopes(%slopes : " + s + ")";
  std::string biases = "tensor<" + std::to_string(spec.heads) + "x" +
                       std::to_string(std::max<int64_t>(spec.distances, 1)) +
                       "xf32>";
  if (spec.distances)
    clauses += " distance_bias(%bias : " + biases + ")";
  auto positions = [](int64_t heads) {
    return "tensor<?x" + std::to_string(heads) + "x?xi32>";
  };
  std::string qp = positions(spec.heads), kp = positions(spec.keyHeads);
  if (spec.hasPositions())
    clauses +=
        " query_positions(%qp : " + qp + ") key_positions(%kp : " + kp + ")";
  std::string attributes = spec.alignment == Alignment::Start
                               ? "alignment = #spattn.alignment<start>"
                               : "";
  auto addAttribute = [&](const std::string &attribute) {
    attributes += (attributes.empty() ? "" : ", ") + attribute;
  };
  if (spec.boundsOfPack)
    addAttribute("bound_length = #spattn.bound_length<pack>");
  if (spec.causalPositions)
    addAttribute("causal_positions");
  if (spec.selfScore)
    addAttribute("self_score = " + std::to_string(*spec.selfScore) + " : f32");
  if (spec.signedScale)
    addAttribute("signed_scale");
  std::string counts = "tensor<?x" + std::to_string(spec.heads) + "x?xi32>",
              indices = "tensor<?x" + std::to_string(spec.heads) + "x?x?xi32>";
  if (!spec.tileLists.empty()) {
    addAttribute("tile_lists = " + spec.tileLists);
    clauses += " tile_counts(%tc : " + counts +
               ") tile_indices(%ti : " + indices + ")";
  }
  if (spec.pageSize)
    clauses += " page_table(%pages : tensor<?x?xi32>)";
  // Of those with clauses, scalars come last.
  if (spec.softCap)
    clauses += " soft_cap(%cap)";
  if (!attributes.empty())
    attributes = " {" + attributes + "}";
  if (spec.region)
    attributes = R"( score {
    ^bb0(%score: f32, %query: i32, %key: i32, %head: i32, %batch: i32):
      %quarter = arith.constant 0.25 : f32
      %three = arith.constant 3 : i32
      %of_head = arith.constant -0.125 : f32
      %of_batch = arith.constant 0.0625 : f32
      %less = arith.mulf %score, %quarter : f32
      %larger = arith.maximumf %score, %less : f32
      %distance = arith.subi %query, %key : i32
      %rest = arith.remsi %distance, %three : i32
      %rest_f = arith.sitofp %rest : i32 to f32
      %of_rest = arith.mulf %rest_f, %quarter : f32
      %head_f = arith.sitofp %head : i32 to f32
      %head_bias = arith.mulf %head_f, %of_head : f32
      %batch_f = arith.sitofp %batch : i32 to f32
      %batch_bias = arith.mulf %batch_f, %of_batch : f32
      %sum = arith.addf %larger, %of_rest : f32
      %sum2 = arith.addf %sum, %head_bias : f32
      %sum3 = arith.addf %sum2, %batch_bias : f32
      spattn.yield %sum3 : f32
    })" + attributes;
  std::string text =
      "func.func @f(%q: " + q + ", %k: " + k + ", %v: " + v + ", %o: " + o +
      ", %l: " + l + ", %do: " + o + ", %dl: " + l + ", %dq: " + q +
      ", %dk: " + k + ", %dv: " + v + ", %s: " + s + ", %ds: " + s +
      ", %qs: " + ends + ", %qe: " + ends + ", %ks: " + ends +
      ", %ke: " + ends + ", %pages: tensor<?x?xi32>, %slopes: " + s +
      ", %bias: " + biases + ", %cap: f32, %qp: " + qp + ", %kp: " + kp +
      ", %tc: " + counts + ", %ti: " + indices + ") {\n";
  std::string demanded;
  bool ofSlopes = spec.biasGradients && spec.slopes;
  bool ofBiases = spec.biasGradients && spec.distances;
  if (ofSlopes)
    demanded += " dalibi_slopes(%ds : " + s + ")";
  if (ofBiases)
    demanded += " ddistance_bias(%bias : " + biases + ")";
  int results = 3 + spec.sinks + ofSlopes + ofBiases;
  if (spec.backward)
    text += "  %r:" + std::to_string(results) +
            " = spattn.attention_backward structure(" + spec.structure +
            ") ins(%q, %k, %v, %o, %l, %do : " + q + ", " + k + ", " + v +
            ", " + o + ", " + l + ", " + o + ")" +
            (spec.dlse ? " dlse(%dl : " + l + ")" : "") + clauses +
            " outs(%dq, %dk, %dv" + (spec.sinks ? ", %ds" : "") + " : " + q +
            ", " + k + ", " + v + (spec.sinks ? ", " + s : "") + ")" +
            demanded + attributes;
  else
    text += std::string("  %r") + (spec.lse ? ":2" : "") +
            " = spattn.attention structure(" + spec.structure +
            ") ins(%q, %k, %v : " + q + ", " + k + ", " + v + ")" + clauses +
            " outs(%o" + (spec.lse ? ", %l : " + o + ", " + l : " : " + o) +
            ")" + attributes;
  auto module = parseSourceString<ModuleOp>(text + "\n  return\n}", &context);
  if (!module)
    llvm::report_fatal_error("the test's attention is not valid");
  return module;
}

AttentionOpInterface spattn::test::findAttention(ModuleOp module) {
  AttentionOpInterface found;
  module.walk([&](AttentionOpInterface op) { found = op; });
  return found;
}

TestKernel::TestKernel(const AttentionSpec &spec, int64_t threads)
    : module(parseAttention(context, spec)),
      builder(OpBuilder::atBlockEnd(module->getBody())), threads(threads),
      op(findAttention(*module)), heads(op.getHeadStructures()),
      program(op, *TargetCapabilities::of("sm_90a"), /*queryTile=*/128,
              /*keyTile=*/128, /*scarceRegisters=*/0),
      signature(program), b(builder, op.getLoc(), builder.getBF16Type()) {
  SequenceArguments arguments(signature, op);
  KernelSignature::Argument scaleArgument = signature.f32("scale");
  program.addScratch("counter", program.constant(4), /*alignment=*/4);
  KernelSignature::Argument counterArgument = signature.scratch("counter");
  function = signature.begin(b, "kernel", {threads, 1});
  sequence = arguments.get(b, signature);
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
