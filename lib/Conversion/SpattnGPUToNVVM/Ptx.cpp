//===- Ptx.cpp - PTX instructions as inline assembly ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace spattn;

SmallVector<Value> ptx::emit(ImplicitLocOpBuilder &b, StringRef text,
                             StringRef constraints, ValueRange operands,
                             TypeRange results) {
  Type type;
  if (results.size() == 1)
    type = results.front();
  else if (results.size() > 1)
    type = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                            llvm::to_vector(results));
  SmallVector<Type> types;
  if (type)
    types.push_back(type);
  auto op = LLVM::InlineAsmOp::create(
      b, types, operands, text, constraints, /*has_side_effects=*/true,
      /*is_align_stack=*/false, LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT),
      /*operand_attrs=*/ArrayAttr());
  if (results.size() <= 1)
    return llvm::to_vector_of<Value>(op->getResults());
  SmallVector<Value> values;
  for (size_t i = 0; i < results.size(); ++i)
    values.push_back(
        LLVM::ExtractValueOp::create(b, op->getResult(0), int64_t(i)));
  return values;
}

Value ptx::emitIncrement(ImplicitLocOpBuilder &b, Value number, Value lane,
                         StringRef order, StringRef fence) {
  // Not `add`: ptxas adds for all lanes at once, even if there is but one, and
  // waits for the sum to share it among them.
  std::string text = "{\n.reg .pred p;\nmov.b32 $0, 0;\n"
                     "setp.eq.u32 p, $2, 0;\n@p atom." +
                     order.str() + ".gpu.inc.u32 $0, [$1], -1;\n";
  return emit(b, text + fence.str() + "}", "=&r,l,r,~{memory}", {number, lane},
              b.getI32Type())
      .front();
}

void ptx::emitSemaphoreWait(ImplicitLocOpBuilder &b, Value flag, int64_t value,
                            StringRef fence) {
  std::string text = "{\n.reg .pred p;\n.reg .b32 number;\nWAIT:\n"
                     "ld.acquire.gpu.global.u32 number, [$0];\n"
                     "setp.ge.u32 p, number, " +
                     std::to_string(value) + ";\n@!p bra WAIT;\n";
  emit(b, text + fence.str() + "bar.warp.sync 0xffffffff;\n}", "l,~{memory}",
       flag);
}

/// "{$first, $first+1, ...}"
static std::string registerList(size_t first, size_t count) {
  std::string text = "{";
  for (size_t i = 0; i < count; ++i)
    text += (i ? ", $" : "$") + std::to_string(first + i);
  return text + "}";
}

/// Outputs of a kind, and inputs tied to them.
static std::string tiedConstraints(ArrayRef<Type> types) {
  SmallVector<std::string> parts;
  for (Type type : types)
    parts.push_back(type.isF32() ? "=f" : "=r");
  return llvm::join(parts, ",");
}
static void appendTies(std::string &constraints, size_t count) {
  for (size_t i = 0; i < count; ++i)
    constraints += "," + std::to_string(i);
}

SmallVector<Value> ptx::emitWgmma(ImplicitLocOpBuilder &b, const Wgmma &shape,
                                  ValueRange lhs, Value rhs, ValueRange acc) {
  size_t registers = shape.columns / 2;
  bool inRegisters = lhs.size() > 1;
  SmallVector<Type> types(registers, b.getF32Type());
  // A first step that overwrites reads nothing: poison keeps LLVM from zeroing
  // registers for it.
  SmallVector<Value> inputs(acc.begin(), acc.end());
  if (acc.empty()) {
    Value poison = LLVM::PoisonOp::create(b, b.getF32Type());
    inputs.assign(registers, poison);
  }
  // Operands: outputs, lhs, rhs, then the inputs tied to the outputs.
  std::string constraints = tiedConstraints(types);
  for (size_t i = 0; i < lhs.size(); ++i)
    constraints += inRegisters ? ",r" : ",l";
  constraints += ",l";
  appendTies(constraints, registers);
  size_t lhsNumber = registers, rhsNumber = registers + lhs.size();
  std::string element = shape.isBF16 ? "bf16" : "f16";
  std::string text = "{\n.reg .pred p;\n.reg .b64 da, db;\n";
  for (size_t k = 0; k < shape.rhsSteps.size(); ++k) {
    bool accumulates = k > 0 || !acc.empty();
    text += "setp.ne.b32 p, " + std::to_string(int(accumulates)) + ", 0;\n";
    text += "add.s64 db, $" + std::to_string(rhsNumber) + ", " +
            std::to_string(shape.rhsSteps[k]) + ";\n";
    if (!inRegisters)
      text += "add.s64 da, $" + std::to_string(lhsNumber) + ", " +
              std::to_string(shape.lhsSteps[k]) + ";\n";
    text += "wgmma.mma_async.sync.aligned.m64n" +
            std::to_string(shape.columns) + "k16.f32." + element + "." +
            element + " " + registerList(0, registers) + ", ";
    text += inRegisters ? registerList(lhsNumber + 4 * k, 4) : "da";
    text += ", db, p, 1, 1";
    text += inRegisters ? ", " : shape.transposeLhs ? ", 1, " : ", 0, ";
    text += shape.transposeRhs ? "1;\n" : "0;\n";
  }
  text += "}";
  SmallVector<Value> operands(lhs.begin(), lhs.end());
  operands.push_back(rhs);
  operands.append(inputs);
  return emit(b, text, constraints, operands, types);
}

SmallVector<Value> ptx::emitWgmmaWait(ImplicitLocOpBuilder &b, int64_t pending,
                                      ValueRange values, ValueRange after) {
  SmallVector<Type> types(values.getTypes());
  std::string constraints = tiedConstraints(types);
  for (size_t i = 0; i < after.size(); ++i)
    constraints += constraints.empty() ? "f" : ",f";
  appendTies(constraints, types.size());
  constraints += constraints.empty() ? "~{memory}" : ",~{memory}";
  // Nothing orders a wait after arithmetic, and ptxas schedules it early, as
  // something slow: then nothing runs beside the MMA. A branch that needs
  // the results holds it back. It is never taken.
  std::string text;
  if (!after.empty()) {
    size_t first = types.size();
    text = "{\n.reg .pred p;\n.reg .f32 sum;\nmov.f32 sum, $" +
           std::to_string(first) + ";\n";
    for (size_t i = 1; i < after.size(); ++i)
      text += "add.f32 sum, sum, $" + std::to_string(first + i) + ";\n";
    text += "setp.lt.f32 p, sum, 0f00000000;\n@!p bra READY;\n"
            "nanosleep.u32 0;\nREADY:\n}\n";
  }
  text += "wgmma.wait_group.sync.aligned " + std::to_string(pending) + ";";
  SmallVector<Value> operands(after.begin(), after.end());
  llvm::append_range(operands, values);
  return emit(b, text, constraints, operands, types);
}

Value ptx::emitDescriptor(ImplicitLocOpBuilder &b, Value address,
                          int64_t leadingBytes, int64_t strideBytes) {
  // PTX ISA, "matrix descriptor": address, leading and stride offsets in units
  // of 16 bytes; layout type 1 is the 128-byte swizzle.
  constexpr uint64_t swizzle128 = uint64_t(1) << 62;
  uint64_t constant = swizzle128 | uint64_t(leadingBytes >> 4) << 16 |
                      uint64_t(strideBytes >> 4) << 32;
  auto i32 = b.getI32Type(), i64 = b.getI64Type();
  Value bits = LLVM::PtrToIntOp::create(b, i32, address);
  Value four = LLVM::ConstantOp::create(b, i32, b.getI32IntegerAttr(4));
  Value mask = LLVM::ConstantOp::create(b, i32, b.getI32IntegerAttr(0x3fff));
  Value units =
      LLVM::AndOp::create(b, LLVM::LShrOp::create(b, bits, four), mask);
  Value fixed = LLVM::ConstantOp::create(
      b, i64, b.getI64IntegerAttr(static_cast<int64_t>(constant)));
  return LLVM::OrOp::create(b, LLVM::ZExtOp::create(b, i64, units), fixed);
}
