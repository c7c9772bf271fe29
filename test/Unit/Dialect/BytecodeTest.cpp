//===- BytecodeTest.cpp - Files of other versions -------------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "spattn/Dialect/Spattn/IR/BytecodeVersion.h"
#include "spattn/Dialect/Spattn/IR/Spattn.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace spattn;
using testing::HasSubstr;

namespace {

constexpr char kAttention[] = R"mlir(
"builtin.module"() ({
  %q, %l = "test.operands"() : () -> (tensor<1x4x?x8xf32>, tensor<1x4x?xf32>)
  %sink = "test.sinks"() : () -> tensor<4xf32>
  %r:2 = spattn.attention structure(#spattn.causal)
    ins(%q, %q, %q : tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>)
    sink_logits(%sink : tensor<4xf32>)
    outs(%q, %l : tensor<1x4x?x8xf32>, tensor<1x4x?xf32>)
    {alignment = #spattn.alignment<start>}
}) : () -> ()
)mlir";

class BytecodeTest : public testing::Test {
protected:
  BytecodeTest() {
    context.loadDialect<SpattnDialect>();
    context.allowUnregisteredDialects();
  }

  std::string write(Operation *op, std::optional<uint64_t> version = {}) {
    BytecodeWriterConfig config;
    if (version) {
      auto own = std::make_unique<BytecodeVersion>();
      own->number = *version;
      config.setDialectVersion<SpattnDialect>(std::move(own));
    }
    std::string bytes;
    llvm::raw_string_ostream stream(bytes);
    EXPECT_TRUE(succeeded(writeBytecodeToFile(op, stream, config)));
    return bytes;
  }

  static std::string print(ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    return text;
  }

  MLIRContext context;
};

TEST_F(BytecodeTest, ReadsWhatItWrites) {
  auto module = parseSourceString<ModuleOp>(kAttention, &context);
  ASSERT_TRUE(module);
  auto again = parseSourceString<ModuleOp>(write(*module), &context);
  ASSERT_TRUE(again);
  EXPECT_EQ(print(*module), print(*again));
}

TEST_F(BytecodeTest, ReadsFilesOfEarlierVersions) {
  for (unsigned version = 1; version <= kBytecodeVersion; ++version) {
    std::string path =
        SPATTN_INPUTS "/version-" + std::to_string(version) + ".mlir";
    auto expected = parseSourceFile<ModuleOp>(path, &context);
    ASSERT_TRUE(expected) << path;
    auto found = parseSourceFile<ModuleOp>(path + "bc", &context);
    ASSERT_TRUE(found) << path << "bc";
    EXPECT_TRUE(succeeded(verify(*found)));
    EXPECT_EQ(print(*found), print(*expected));
  }
}

TEST_F(BytecodeTest, RefusesLaterVersions) {
  auto module = parseSourceString<ModuleOp>(kAttention, &context);
  ASSERT_TRUE(module);
  std::string message;
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &diagnostic) { message += diagnostic.str(); });
  std::string bytes = write(*module, kBytecodeVersion + 1);
  EXPECT_FALSE(parseSourceString<ModuleOp>(bytes, &context));
  EXPECT_THAT(message,
              HasSubstr("has version " + std::to_string(kBytecodeVersion + 1) +
                        " of the dialect 'spattn'; this spattn reads "
                        "versions up to"));
}

} // namespace
