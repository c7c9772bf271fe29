//===- KernelRun.h - Whole kernels and what they compute --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_CONVERSION_KERNELRUN_H
#define SPATTN_TEST_UNIT_CONVERSION_KERNELRUN_H

#include "TestKernel.h"

#include <array>

namespace spattn::test {

/// An attention in double precision, by the definition. Rows are by batch
/// entry, head and position.
struct Reference {
  std::vector<double> out, lse, delta, dq, dk, dv, dsink, dslopes, dbias;
  /// Whether a query sees a key.
  std::vector<char> seesKey;
};

/// Kernels that are built as a whole, launched as they describe it, one at a
/// time, on arrays with gaps between rows and random numbers in what is read.
class KernelRun {
public:
  /// `sinks`: those of the heads, if they are not to be random.
  KernelRun(const AttentionSpec &spec, const CallSpec &call, unsigned seed,
            llvm::ArrayRef<float> sinks = {});

  /// Builds kernels, for a target.
  void
  build(llvm::StringRef target,
        llvm::function_ref<void(mlir::OpBuilder &, KernelProgram &)> build);
  /// Runs a kernel, with as many CTAs as the call says if it is persistent.
  /// Returns what went wrong. `lanes`: Machine::lanes.
  std::string run(llvm::StringRef kernel, bool late, int64_t lanes = 32);

  /// An array, or scratch memory, by the name that launches have for it;
  /// scratch is flat.
  float &at(const std::string &name, int64_t b, int64_t h, int64_t n,
            int64_t d = 0);
  std::vector<float> &scratch(const std::string &name);
  /// Words of scratch memory that are counters.
  int64_t &counter(int64_t word);
  int64_t &headsDone(int64_t word);

  /// Compares the rows of an array, whose norms may be off by so much of their
  /// size or, for small ones, of the usual size. Rows that are zero have to be.
  void expectRows(const std::string &name, llvm::ArrayRef<double> expected,
                  double tolerance);
  /// Whether nothing but rows of arrays has been written.
  void expectGapsKept();

private:
  /// Whether a row of zeros is one that sees nothing, or that nothing sees;
  /// gradients of others have errors of rounding. One key alone gives zeros.
  bool isEmpty(const std::string &name, int64_t row) const;

  struct Array {
    int64_t address = 0;
    std::array<int64_t, 4> sizes{}, strides{};
  };

  void allocate(const std::string &name, std::array<int64_t, 4> sizes,
                int64_t elementBytes);
  int64_t take(GlobalArray array);
  int64_t evaluate(spattn_gpu::FormulaAttr formula) const;
  Datum bind(spattn_gpu::LaunchAttr launch, spattn_gpu::ArgumentAttr argument,
             Machine &machine) const;
  void describeSequences();
  /// Puts keys and values into pages of pools, in any order, beside pages of
  /// NaN, to which what no batch entry has refers.
  void fillPages(unsigned seed);
  int64_t countPages() const { return call.keys / spec.pageSize; }
  void computeReference();
  int64_t countSequences() const {
    return spec.sequences ? call.sequences[0].size() : 1;
  }
  /// The sequence of a query, or of a key; none for padding.
  std::optional<SequenceSpec> findSequence(int64_t b, int64_t i) const;
  std::optional<SequenceSpec> findSequenceOfKey(int64_t b, int64_t j) const;

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

public:
  const AttentionSpec spec;
  const CallSpec call;
  AttentionOpInterface op;
  Reference reference;

private:
  std::map<std::string, Array> arrays;
  std::map<std::string, int64_t> scratchAt;
  std::map<int64_t, GlobalArray> memory;
  std::map<int64_t, int64_t> counters;
  int64_t next = 1 << 20;
};

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_CONVERSION_KERNELRUN_H
