//===- ScalarExpr.h - Elements of tensors as expressions --------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Frontends write the same attention with transposes, reshapes, broadcasts and
// elementwise operations in many orders. Here an element of a tensor is an
// expression of the indices: whatever moves elements disappears, and what is
// left is arithmetic.
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCALAREXPR_H
#define SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCALAREXPR_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/DenseMap.h"

#include <deque>
#include <limits>
#include <map>
#include <optional>

namespace spattn {

/// The loops of an attention: their sizes, and arithmetic on their indices.
class LoopSpace {
public:
  explicit LoopSpace(mlir::MLIRContext *context) : context(context) {}

  /// Adds a loop of a size, which may be dynamic, and gives its index.
  mlir::AffineExpr add(int64_t size) {
    sizes.push_back(size);
    return mlir::getAffineDimExpr(sizes.size() - 1, context);
  }
  int64_t size(mlir::AffineExpr loop) const {
    return sizes[llvm::cast<mlir::AffineDimExpr>(loop).getPosition()];
  }
  /// Says what the size of a loop is, which was dynamic before.
  void setSize(mlir::AffineExpr loop, int64_t size) {
    sizes[llvm::cast<mlir::AffineDimExpr>(loop).getPosition()] = size;
  }
  mlir::AffineExpr constant(int64_t value) const {
    return mlir::getAffineConstantExpr(value, context);
  }
  /// The same index with what its range makes constant: `i mod 8` is `i` for a
  /// loop of 8, and the index of a loop of 1 is 0.
  mlir::AffineExpr simplify(mlir::AffineExpr expr) const;
  /// The number of values from 0 on that an index takes, if it is known.
  std::optional<int64_t> extent(mlir::AffineExpr expr) const;

private:
  mlir::MLIRContext *context;
  llvm::SmallVector<int64_t> sizes;
};

/// Expressions that are nested deeper are not looked into: programs may be of
/// any size, and stacks are not.
inline constexpr unsigned kMaxNesting = 256;
/// Neither are longer chains of operations that move elements, which may be
/// circular where a region is a graph.
inline constexpr unsigned kMaxSteps = 4096;

/// Counts how deep a recursion is, while it lives.
class Nesting {
public:
  explicit Nesting(unsigned &depth) : depth(depth) { ++depth; }
  ~Nesting() { --depth; }
  Nesting(const Nesting &) = delete;
  bool isTooDeep() const { return depth > kMaxNesting; }

private:
  unsigned &depth;
};

/// The place in a row-major array of these sizes, or null.
mlir::AffineExpr linearize(llvm::ArrayRef<mlir::AffineExpr> indices,
                           llvm::ArrayRef<int64_t> sizes);

/// The indices of a place in a row-major array of these sizes. Appends nothing
/// if that is not known.
bool delinearize(const LoopSpace &space, mlir::AffineExpr place,
                 llvm::ArrayRef<int64_t> sizes,
                 llvm::SmallVectorImpl<mlir::AffineExpr> &indices);

/// An upper bound, and its opposite, that all indices are within.
inline constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

/// One number that a program computes.
struct Expr {
  enum class Kind {
    Read,   ///< an element of `tensor`, at `indices`
    Index,  ///< `index`
    Apply,  ///< what `op`, of scalars or tensors, does to `args`
    Reduce, ///< what `op` makes of `args[0]` over the loop of the keys, from
            ///< `args[1]` on
    Gather, ///< an element of `tensor`, at indices that `args` compute
    Choose, ///< `args[0]` where `indices` are in [`lower`, `upper`), each, and
            ///< `args[1]` elsewhere; `kUnbounded` is no bound
    Scalar, ///< `scalar`, of which nothing is known
  };
  explicit Expr(Kind kind) : kind(kind) {}

  Kind kind;
  mlir::Value tensor;
  llvm::SmallVector<mlir::AffineExpr> indices;
  llvm::SmallVector<int64_t> lower, upper;
  mlir::AffineExpr index;
  mlir::Operation *op = nullptr;
  llvm::SmallVector<Expr *, 3> args;
  mlir::Value scalar;
  /// A constant has its value here, and the kind Apply.
  mlir::TypedAttr constant;

  /// Whether this is an operation of that type.
  template <class... Op>
  bool is() const {
    return kind == Kind::Apply && llvm::isa_and_nonnull<Op...>(op);
  }
  /// The operation in whose words this can be reported, or null.
  mlir::Operation *where() const {
    if (op)
      return op;
    mlir::Value value = tensor ? tensor : scalar;
    return value ? value.getDefiningOp() : nullptr;
  }
};

/// A contraction, read at some indices.
struct Product {
  mlir::linalg::LinalgOp op;
  /// The index of each of its loops.
  llvm::SmallVector<mlir::AffineExpr> loops;
  /// What it multiplies.
  Expr *lhs, *rhs;
};

/// Makes expressions, and owns them. They are looked at one step at a time:
/// nothing is expanded that nobody asks for.
class ExprGraph {
public:
  /// Reductions are over the loop `keys`.
  ExprGraph(const LoopSpace &space, mlir::AffineExpr keys)
      : space(space), keys(keys) {}

  /// The element of a tensor at these indices. Equal reads are one object.
  Expr *read(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> indices);

  /// Where a read comes from, one operation further up; null if that is not
  /// known.
  Expr *step(Expr *expr);

  /// The first expression that is not a read of something known.
  Expr *resolve(Expr *expr);
  /// The same behind conversions between float types.
  Expr *resolveValue(Expr *expr);

  /// Whether both are the same number, as far as can be seen.
  bool isSame(Expr *a, Expr *b);

  /// Whether the number depends on the index of a loop.
  bool dependsOn(Expr *expr, mlir::AffineExpr loop);

  /// 1 where an index is from `least` to `greatest`, which may be unbounded,
  /// and 0 elsewhere.
  Expr *isWithin(mlir::AffineExpr index, std::optional<int64_t> least,
                 std::optional<int64_t> greatest);

  /// The contraction that a read is of; `contracted` is the index of its one
  /// loop that is summed over. None if it is no contraction, has more of such
  /// loops, or adds to something.
  std::optional<Product> getProduct(Expr *read, mlir::AffineExpr contracted);

  /// The same, with its loops given.
  std::optional<Product> getProduct(mlir::linalg::LinalgOp op,
                                    llvm::ArrayRef<mlir::AffineExpr> loops);

  /// The loop that a contraction sums over, if it is one and starts from 0.
  std::optional<unsigned> getContractedLoop(mlir::linalg::LinalgOp op);

  /// What element of its result an operation makes of the one at these indices,
  /// of which the result is or that it reduces. None if that is not known.
  std::optional<llvm::SmallVector<mlir::AffineExpr>>
  follow(mlir::OpOperand &use, llvm::ArrayRef<mlir::AffineExpr> indices);

private:
  bool isFunctionOfKeys(mlir::AffineExpr index) const {
    return index.isFunctionOfDim(
        llvm::cast<mlir::AffineDimExpr>(keys).getPosition());
  }
  Expr *make(Expr expr);
  Expr *stepOnce(Expr *expr);
  Expr *stepLinalg(mlir::linalg::LinalgOp op, mlir::OpResult result,
                   llvm::ArrayRef<mlir::AffineExpr> indices);
  Expr *stepShape(mlir::Operation *op,
                  llvm::ArrayRef<mlir::AffineExpr> indices);
  /// A scalar in the body of an operation with loops, or outside of any.
  Expr *scalar(mlir::Value value, mlir::linalg::LinalgOp op,
               llvm::ArrayRef<mlir::AffineExpr> loops);
  bool findLoops(mlir::AffineMap map, llvm::ArrayRef<mlir::AffineExpr> indices,
                 llvm::SmallVectorImpl<mlir::AffineExpr> &loops);
  Expr *readOperand(mlir::OpOperand &operand, mlir::linalg::LinalgOp op,
                    llvm::ArrayRef<mlir::AffineExpr> loops);

  const LoopSpace &space;
  mlir::AffineExpr keys;
  std::deque<Expr> exprs;
  std::map<std::pair<void *, std::vector<const void *>>, Expr *> reads;
  llvm::DenseMap<Expr *, Expr *> steps;
  std::map<std::pair<Expr *, Expr *>, bool> same;
  unsigned depth = 0;
};

/// The value of a constant of a number type, or none.
std::optional<double> getConstant(const Expr *expr);

} // namespace spattn

#endif // SPATTN_LIB_CONVERSION_LINALGTOSPATTN_SCALAREXPR_H
