//===- TestKernel.h - Kernels of parts, to be run ---------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_TESTKERNEL_H
#define SPATTN_TEST_UNIT_CONVERSION_TESTKERNEL_H

#include "Machine.h"
#include "Parts/KernelSignature.h"
#include "Parts/SharedMemory.h"
#include "mlir/IR/BuiltinOps.h"
#include "gtest/gtest.h"

namespace spattn::test {

/// The attention that a test's kernel belongs to.
struct AttentionSpec {
  std::string structure = "#spattn.full";
  int64_t heads = 1, keyHeads = 1;
  Alignment alignment = Alignment::End;
  bool backward = false;
  int64_t headDim = 64, valueDim = 64;
  /// Whether there is a log-sum-exp, of attention, or a gradient by it.
  bool lse = false, dlse = false;
  /// Whether heads have sinks.
  bool sinks = false;
  /// Whether scores are capped, and heads have slopes of a bias by distance.
  bool softCap = false, slopes = false;
  /// Distances that heads have a bias for, if any.
  int64_t distances = 0;
  /// Whether queries and keys have positions: which pairs are not allowed then
  /// besides, and the score of equal ones.
  bool causalPositions = false;
  std::optional<float> selfScore = std::nullopt;
  bool hasPositions() const { return causalPositions || selfScore; }
  /// Whether a region modifies scores: `score` says how.
  bool region = false;
  /// Whether the scale may be of any sign, without a modification.
  bool signedScale = false;
  /// Whether there are gradients by what there is of slopes and biases.
  bool biasGradients = false;
  /// Whether the output is of f32.
  bool wideOutput = false;
  /// Whether batch entries hold sequences, and bounds depend on their pack.
  bool sequences = false, boundsOfPack = false;
  /// The attribute of lists of tiles; empty if there are none.
  std::string tileLists = "";
  /// Rows of a page, if keys are in pages. Of sequences, which are one for each
  /// batch entry then, there are only ends.
  int64_t pageSize = 0;
};

/// What the region makes of a score, and its derivative.
struct RegionScore {
  double score, derivative;
};
inline RegionScore evaluateRegion(double score, int64_t query, int64_t key,
                                  int64_t head, int64_t batch) {
  bool isPositive = score >= score * 0.25;
  return {(isPositive ? score : score * 0.25) + 0.25 * ((query - key) % 3) -
              0.125 * head + 0.0625 * batch,
          isPositive ? 1 : 0.25};
}

/// A sequence of a batch entry.
struct SequenceSpec {
  int64_t firstQuery, queries, firstKey, keys;
};

/// A module with the attention, and all that kernels need in the context.
mlir::OwningOpRef<mlir::ModuleOp> parseAttention(mlir::MLIRContext &context,
                                                 const AttentionSpec &spec);
AttentionOpInterface findAttention(mlir::ModuleOp module);

/// Numbers of a call.
struct CallSpec {
  int64_t batches = 1, queries = 1, keys = 1;
  int64_t ctas = 1;
  float scale = 1;
  /// Those of each batch entry, as many in each, if there are any.
  std::vector<std::vector<SequenceSpec>> sequences = {};
  float softCap = 3;
};

/// A kernel that a test composes of parts: all arguments that some part asks
/// for, and an entry block to emit to.
class TestKernel {
public:
  /// Loads what kernels need into the context.
  explicit TestKernel(const AttentionSpec &spec, int64_t threads = 32);

  /// A number, or a fragment, that the test gives when the kernel runs.
  mlir::Value input(llvm::StringRef name, mlir::Type type);
  mlir::Value input(llvm::StringRef name) {
    return input(name, b.getI32Type());
  }
  /// Values that the test looks at when the kernel has run.
  void record(llvm::StringRef name, mlir::ValueRange values);

  /// Ends the kernel, and verifies it.
  void end(int64_t shared = 0);
  /// A run of the ended kernel, with inputs yet to be given.
  Machine machine(const CallSpec &call);

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder builder;
  int64_t threads;

public:
  AttentionOpInterface op;
  HeadStructures heads;
  KernelProgram program;
  KernelSignature signature;
  KernelBuilder b;
  mlir::LLVM::LLVMFuncOp function;
  SequenceInfo sequence;
  mlir::Value scale, counter;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_TESTKERNEL_H
