//===- Operands.h - What attention takes -----------------------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What SpattnOperands.td says of each operand of attention and its gradients.
// Whoever handles operands asks here and names only those that it computes
// with, so that a new one is a row there and its meaning.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_DIALECT_SPATTN_IR_OPERANDS_H
#define SPATTN_DIALECT_SPATTN_IR_OPERANDS_H

#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <optional>
#include <string>

#include "spattn/Dialect/Spattn/IR/SpattnEnums.h.inc"

namespace spattn {

/// A dimension of operands. `layout` gives their order.
enum class Dim { Batch, Head, Length, Width };
constexpr std::array<Dim, 4> kDims = {Dim::Batch, Dim::Head, Dim::Length,
                                      Dim::Width};

/// `b`, `h`, `n` or `d`, as in `layout`.
char getLetter(Dim dim);

/// What a dimension of an operand counts.
enum class Extent {
  None,
  Batch,
  QueryHeads,
  KeyHeads,
  QueryLength,
  KeyLength,
  HeadDim,
  ValueDim,
  Sequences,
  Distances,
  ListBatch,
  ListHeads,
  ListRows,
  Listed,
  TablePages,
  /// With a page table: pages of keys and values, and the rows of each.
  Pages,
  PageRows,
  /// Rows that are summed or merged into one.
  Terms,
};

/// What messages call the size of a dimension: `batch size`.
llvm::StringRef getSizeText(Extent extent);
/// `B`, `Hq`, ...: the symbol of the specification.
llvm::StringRef getSymbol(Extent extent);
/// What launches call one that is known at run time only: `batch`,
/// `queryLength`, `keyLength`, `sequences`, `listRows`, `listed`, `tablePages`
/// or `poolPages`; empty for others.
llvm::StringRef getRunTimeName(Extent extent);

/// Which elements an array may have.
enum class ElementKind {
  /// f32, f16 or bf16, the same of all inputs.
  Input,
  /// Those, or f32.
  InputOrF32,
  /// Those of `out`.
  Out,
  F32,
  I32,
};

/// What an operation knows of one of its operands.
struct OperandInfo {
  OperandKind kind;
  /// In the IR, in messages, and in functions of gradients.
  llvm::StringLiteral name;
  /// In kernel launches.
  llvm::StringLiteral buffer;
  /// Of each `Dim`; none where it has no such dimension.
  std::array<Extent, 4> extents;
  ElementKind elements;
  /// In bytes, what GPU kernels ask of the address and of the strides.
  unsigned alignment;
  /// Whether the operation can do without.
  bool isOptional;
  /// Whether the operation writes it; otherwise it reads it.
  bool isWritten;
  std::optional<OperandKind> gradientOf;
  /// Whether a scalar, which is always finite, has to be positive, and whether
  /// GPU kernels ask it to be.
  bool isPositive, isPositiveOnGpu;
  /// Whether a gradient is there only where it is asked for.
  bool isOnDemand;

  Extent getExtent(Dim dim) const { return extents[unsigned(dim)]; }
  bool has(Dim dim) const { return getExtent(dim) != Extent::None; }
  unsigned getRank() const {
    return extents.size() - llvm::count(extents, Extent::None);
  }
  /// Whether it is a number of type f32, not a tensor or a buffer.
  bool isScalar() const { return getRank() == 0; }
  /// Whether it has a row for each query, as opposed to each key.
  bool isOfQueries() const {
    return getExtent(Dim::Length) == Extent::QueryLength;
  }
  /// `B x Hq x Nq x D`.
  std::string getShapeText() const;
  /// What messages call the size of a dimension: `number of sequences`.
  llvm::StringRef getSizeText(Dim dim) const;
};

/// The first description of an operand that an operation has: what all of them
/// say alike, which is all but who reads and writes it.
const OperandInfo &getOperandInfo(OperandKind kind);

/// The same operand where there is a page table: rows of elements of keys are
/// in pages then.
const OperandInfo &getPagedInfo(const OperandInfo &info);

/// A tensor, buffer or scalar that an operation is given.
struct AttentionOperand {
  mlir::Value value;
  const OperandInfo *info;

  const OperandInfo *operator->() const { return info; }
};

/// An array that an operation reads or writes, as what launches it sees it.
struct KernelArray {
  mlir::Value value;
  /// Its dimensions, and what GPU kernels ask of its address and strides.
  const OperandInfo *info;
  /// In messages, and in launches.
  std::string name, buffer;
  bool isWritten;

  const OperandInfo *operator->() const { return info; }
};

/// The first array with a row of elements for each query: that which says how
/// many there are, and how long.
const KernelArray &getRowModel(llvm::ArrayRef<KernelArray> arrays);

/// What gathers, sums and merges by row numbers take: rows of elements, and a
/// number for each, that numbers refer to; one number for each row of the
/// result, and several.
extern const OperandInfo kSourceRows, kSourceNumbers, kRowNumbers,
    kRowNumbersOfTerms;
/// What rows are hashed by: as many sets of vectors as there are terms.
extern const OperandInfo kHashVectors;

/// A number that an operation takes: `value`, or where that is null a default.
struct KernelScalar {
  mlir::Value value;
  const OperandInfo *info;
  /// None if only a given one counts.
  std::optional<double> defaultValue;

  const OperandInfo *operator->() const { return info; }
};

/// The order of dimensions.
class Layout {
public:
  /// `bhnd`.
  constexpr Layout() = default;
  /// Nothing unless `text` is a permutation of `bhnd`.
  static std::optional<Layout> parse(llvm::StringRef text);

  llvm::ArrayRef<Dim> getDims() const { return dims; }
  /// The position of a dimension in the shape of an operand of rank 4.
  unsigned getDim(Dim dim) const;
  /// The position of a dimension that an operand has in its shape.
  unsigned getDim(const OperandInfo &info, Dim dim) const;

private:
  std::array<Dim, 4> dims = kDims;
};

/// Something for each operand there may be.
template <class T>
class OperandMap {
public:
  T &operator[](OperandKind kind) { return entries[unsigned(kind)]; }
  const T &operator[](OperandKind kind) const {
    return entries[unsigned(kind)];
  }

private:
  std::array<T, getMaxEnumValForOperandKind() + 1> entries{};
};

/// Whether tiles of so many keys, from multiples of that on, are whole pages of
/// `pageSize` rows or lie within one.
inline bool isTileOfPages(int64_t keyTile, int64_t pageSize) {
  return keyTile % pageSize == 0 || pageSize % keyTile == 0;
}

/// Where the rows of sequences start and end: for queries, or for keys.
struct SequenceEnds {
  OperandKind starts, ends;
};
inline constexpr SequenceEnds kQuerySequences = {OperandKind::QueryStarts,
                                                 OperandKind::QueryEnds};
inline constexpr SequenceEnds kKeySequences = {OperandKind::KeyStarts,
                                               OperandKind::KeyEnds};

/// Values of operands; null for those that are not given.
using OperandValues = OperandMap<mlir::Value>;

} // namespace spattn

#endif // SPATTN_DIALECT_SPATTN_IR_OPERANDS_H
