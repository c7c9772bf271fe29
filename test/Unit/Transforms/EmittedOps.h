//===- EmittedOps.h - The algebra's IR, run as it is emitted ----*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_TEST_UNIT_TRANSFORMS_EMITTEDOPS_H
#define SPATTN_TEST_UNIT_TRANSFORMS_EMITTEDOPS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/MLIRContext.h"
#include "spattn/Dialect/Spattn/Transforms/IndexOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <memory>

namespace spattn::test {

/// The arithmetic of kernels, executable: emits what `IndexOps` does on i32,
/// and evaluates each operation on the bits that it has. Copies share what they
/// emit to.
class EmittedOps {
public:
  /// A handle, and what it is at run time.
  struct Value {
    IndexOps::Value emitted;
    int64_t value;
  };
  struct Bool {
    IndexOps::Bool emitted;
    bool value;
  };

  EmittedOps() : state(std::make_shared<State>()) {}

  /// A run-time value.
  Value unknown(int64_t value) {
    mlir::Value argument =
        state->block.addArgument(state->type, state->builder.getLoc());
    state->values[argument] = llvm::APInt(32, value, /*isSigned=*/true);
    return {state->ops.wrap(argument), value};
  }

  Value constant(int64_t value) { return make(state->ops.constant(value)); }
  Value add(Value a, Value b) {
    return make(state->ops.add(a.emitted, b.emitted));
  }
  Value sub(Value a, Value b) {
    return make(state->ops.sub(a.emitted, b.emitted));
  }
  Value mul(Value a, Value b) {
    return make(state->ops.mul(a.emitted, b.emitted));
  }
  Value floorDiv(Value a, int64_t divisor) {
    return make(state->ops.floorDiv(a.emitted, divisor));
  }
  Value ceilDiv(Value a, int64_t divisor) {
    return make(state->ops.ceilDiv(a.emitted, divisor));
  }
  Value mod(Value a, Value modulus) {
    return make(state->ops.mod(a.emitted, modulus.emitted));
  }
  Value affine(Value n, int64_t num, int64_t den, int64_t offset) {
    return make(state->ops.affine(n.emitted, num, den, offset));
  }
  Value min(Value a, Value b) {
    return make(state->ops.min(a.emitted, b.emitted));
  }
  Value max(Value a, Value b) {
    return make(state->ops.max(a.emitted, b.emitted));
  }
  Bool lt(Value a, Value b) {
    return make(state->ops.lt(a.emitted, b.emitted));
  }
  Bool le(Value a, Value b) {
    return make(state->ops.le(a.emitted, b.emitted));
  }
  Bool eq(Value a, Value b) {
    return make(state->ops.eq(a.emitted, b.emitted));
  }
  Bool andB(Bool a, Bool b) {
    return make(state->ops.andB(a.emitted, b.emitted));
  }
  Bool orB(Bool a, Bool b) {
    return make(state->ops.orB(a.emitted, b.emitted));
  }
  Bool notB(Bool a) { return make(state->ops.notB(a.emitted)); }
  Bool constantBool(bool value) { return make(state->ops.constantBool(value)); }
  Value select(Bool condition, Value a, Value b) {
    return make(state->ops.select(condition.emitted, a.emitted, b.emitted));
  }
  std::optional<bool> known(Bool value) {
    return state->ops.known(value.emitted);
  }
  std::optional<int64_t> knownValue(Value value) {
    return state->ops.knownValue(value.emitted);
  }

private:
  struct State {
    State()
        : builder(mlir::UnknownLoc::get(&context()), &context()),
          type(builder.getI32Type()), ops(builder, type) {
      builder.setInsertionPointToStart(&block);
    }
    static mlir::MLIRContext &context() {
      static mlir::MLIRContext context;
      context.loadDialect<mlir::arith::ArithDialect>();
      return context;
    }
    mlir::Block block;
    mlir::ImplicitLocOpBuilder builder;
    mlir::Type type;
    IndexOps ops;
    llvm::DenseMap<mlir::Value, llvm::APInt> values;
  };

  Value make(IndexOps::Value emitted) {
    // A folded constant is cut when something needs it as a value.
    llvm::APInt value = emitted.constant
                            ? llvm::APInt(64, *emitted.constant, true).trunc(32)
                            : evaluate(emitted.value);
    return {emitted, value.getSExtValue()};
  }
  Bool make(IndexOps::Bool emitted) {
    return {emitted, emitted.constant ? *emitted.constant
                                      : !evaluate(emitted.value).isZero()};
  }

  llvm::APInt evaluate(mlir::Value value) {
    using namespace mlir::arith;
    if (auto it = state->values.find(value); it != state->values.end())
      return it->second;
    mlir::Operation *op = value.getDefiningOp();
    llvm::SmallVector<llvm::APInt, 3> x;
    for (mlir::Value operand : op->getOperands())
      x.push_back(evaluate(operand));
    unsigned width = value.getType().getIntOrFloatBitWidth();
    llvm::APInt result =
        llvm::TypeSwitch<mlir::Operation *, llvm::APInt>(op)
            .Case([](ConstantOp constant) {
              return llvm::cast<mlir::IntegerAttr>(constant.getValue())
                  .getValue();
            })
            .Case([&](AddIOp) { return x[0] + x[1]; })
            .Case([&](SubIOp) { return x[0] - x[1]; })
            .Case([&](MulIOp) { return x[0] * x[1]; })
            .Case([&](DivSIOp) { return x[0].sdiv(x[1]); })
            .Case([&](RemSIOp) { return x[0].srem(x[1]); })
            .Case([&](ShRSIOp) { return x[0].ashr(x[1]); })
            .Case([&](MinSIOp) { return llvm::APIntOps::smin(x[0], x[1]); })
            .Case([&](MaxSIOp) { return llvm::APIntOps::smax(x[0], x[1]); })
            .Case([&](AndIOp) { return x[0] & x[1]; })
            .Case([&](OrIOp) { return x[0] | x[1]; })
            .Case([&](XOrIOp) { return x[0] ^ x[1]; })
            .Case([&](ExtSIOp) { return x[0].sext(width); })
            .Case([&](TruncIOp) { return x[0].trunc(width); })
            .Case([&](SelectOp) { return x[0].isZero() ? x[2] : x[1]; })
            .Case([&](CmpIOp compare) {
              return llvm::APInt(
                  1, applyCmpPredicate(compare.getPredicate(), x[0], x[1]));
            })
            .Default([](mlir::Operation *op) -> llvm::APInt {
              llvm::report_fatal_error("cannot run " +
                                       op->getName().getStringRef());
            });
    state->values[value] = result;
    return result;
  }

  std::shared_ptr<State> state;
};

inline EmittedOps::Value unknown(EmittedOps &ops, int64_t value) {
  return ops.unknown(value);
}
inline int64_t read(EmittedOps::Value value) { return value.value; }
inline bool read(EmittedOps::Bool value) { return value.value; }

} // namespace spattn::test

#endif // SPATTN_TEST_UNIT_TRANSFORMS_EMITTEDOPS_H
