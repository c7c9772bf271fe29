//===- AttentionCall.h - What the operators of attention share  -*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The operators of attention take the same arguments in the same order, but for
// the tensors that come first. A call of one has two steps: it takes all of its
// arguments, then it checks them and collects the operands of the kernel.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_TORCH_ATTENTIONCALL_H
#define SPATTN_LIB_TORCH_ATTENTIONCALL_H

#include "Kernels.h"
#include "Reader.h"

#include <optional>

namespace spattn {
namespace torch_ops {

class AttentionCall;

/// The options, which follow the tensors.
struct Options {
  explicit Options(ArgumentReader &reader)
      : structure(reader.takeString()),
        scale(reader.take<std::optional<double>>()),
        layout(reader.takeString()), alignment(reader.takeString()) {}

  std::string structure;
  std::optional<double> scale;
  std::string layout, alignment;
};

/// The soft cap, slopes and biases of scores.
class Scores {
public:
  explicit Scores(ArgumentReader &reader)
      : softCap(reader.take<std::optional<double>>()),
        slopesTensor(reader.take<std::optional<Tensor>>()),
        biasTensor(reader.take<std::optional<Tensor>>()) {}

  void addTo(AttentionCall &call);

  const std::optional<double> softCap;

private:
  std::optional<Tensor> slopesTensor, biasTensor;
  Operand slopes, bias;
};

/// Where sequences start and end: which of their operands there are.
class SequenceOperands {
public:
  explicit SequenceOperands(ArgumentReader &reader) {
    for (std::optional<Tensor> &tensor : tensors)
      tensor = reader.take<std::optional<Tensor>>();
    boundLength = reader.takeString();
  }

  void addTo(AttentionCall &call);

private:
  std::optional<Tensor> tensors[4];
  Operand operands[4];
  std::string boundLength;
};

/// The positions of rows, and what they do.
class PositionOperands {
public:
  explicit PositionOperands(ArgumentReader &reader) {
    for (std::optional<Tensor> &tensor : tensors)
      tensor = reader.take<std::optional<Tensor>>();
    isCausal = reader.take<bool>();
    selfScore = reader.take<std::optional<double>>();
  }

  void addTo(AttentionCall &call);

private:
  std::optional<Tensor> tensors[2];
  Operand operands[2];
  bool isCausal;
  std::optional<double> selfScore;
};

/// Lists of tiles.
class ListOperands {
public:
  explicit ListOperands(ArgumentReader &reader)
      : countsTensor(reader.take<std::optional<Tensor>>()),
        indicesTensor(reader.take<std::optional<Tensor>>()),
        attribute(reader.takeString()) {}

  void addTo(AttentionCall &call);

private:
  std::optional<Tensor> countsTensor, indicesTensor;
  std::string attribute;
  Operand counts, indices;
};

/// All that decides what is seen and modifies scores, behind the options and
/// what comes between. Attention of pages has no positions and no lists.
class Modifiers {
public:
  explicit Modifiers(ArgumentReader &reader, bool hasPages = false)
      : scores(reader), sequences(reader) {
    if (!hasPages) {
      positions.emplace(reader);
      lists.emplace(reader);
    }
    region = reader.takeString();
  }

  /// The operands have to outlive the run.
  void addTo(AttentionCall &call);

  std::optional<double> getSoftCap() const { return scores.softCap; }

private:
  Scores scores;
  SequenceOperands sequences;
  std::optional<PositionOperands> positions;
  std::optional<ListOperands> lists;
  std::string region;
};

/// An attention, or its gradients, about to run.
class AttentionCall {
public:
  /// Checks query, key and value.
  AttentionCall(const Options &options, const Tensor &queryTensor,
                const Tensor &keyTensor, const Tensor &valueTensor);
  AttentionCall(const AttentionCall &) = delete;

  /// Check the device, and the dtype, if the rank is that of query. The kernel
  /// checks sizes.
  void checkDevice(const Operand &operand, const char *name) const;
  void checkAlike(const Operand &operand, const char *name) const;

  /// Rows of the layout, and one number for each, checked.
  Operand ofRows(const Tensor &tensor, const char *name) const;
  Operand ofNumbers(const Tensor &tensor, const char *name) const;
  /// Numbers of heads, checked and readable: one for each query head, or a row.
  Operand ofHeads(const Tensor &tensor, uint32_t rank, const char *name) const;

  /// Starts the operands with query, key and value, when all that can be is
  /// checked and results are allocated.
  void start();
  /// Adds an operand that kernels read.
  void read(Operand &operand);
  void readSinks(const std::optional<Tensor> &tensor);

  /// The scale and, if there is one, the soft cap.
  std::vector<double> getScalars(const Modifiers &modifiers) const;

  const Options &options;
  const Layout layout;
  const Device device;
  Operand query, key, value;
  KernelRequest request;
  std::vector<const Operand *> operands;

private:
  Operand sinks;
};

} // namespace torch_ops
} // namespace spattn

#endif // SPATTN_LIB_TORCH_ATTENTIONCALL_H
