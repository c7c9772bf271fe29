//===- Common.cpp - Tile operations that every target lowers alike --------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace spattn::spattn_gpu;
namespace ptx = spattn::ptx;

int64_t spattn::spattn_gpu::wordsOfRow(ColumnMaskType type) {
  return llvm::divideCeil(type.getColumns() / 4, kWordBits);
}

/// Kernels in which registers are scarce: all where the warps that load cannot
/// give theirs to those that compute, elsewhere those that say so.
static llvm::SmallPtrSet<Operation *, 4>
takeScarceRegisters(Operation *root, const spattn::TargetCapabilities &target) {
  llvm::SmallPtrSet<Operation *, 4> found;
  root->walk([&](LLVM::LLVMFuncOp function) {
    if (function->removeAttr(kScarceRegisters) || !target.registerReallocation)
      found.insert(function);
  });
  return found;
}

bool spattn::spattn_gpu::GPUTypeConverter::savesRegisters(Operation *op) const {
  return saving.contains(op->getParentOfType<LLVM::LLVMFuncOp>());
}

spattn::spattn_gpu::GPUTypeConverter::GPUTypeConverter(
    Operation *root, const spattn::TargetCapabilities &target)
    : fragmentWidth(isSm90a(target) ? 4 : 1),
      saving(takeScarceRegisters(root, target)) {
  root->walk([&](FunctionOpInterface kernel) {
    AllocOp::layOut(kernel, [&](AllocOp alloc, int64_t offset) {
      offsets[alloc] = offset;
    });
  });
  MLIRContext *context = root->getContext();
  addConversion([](Type type) { return type; });
  Type f32 = Float32Type::get(context), i32 = IntegerType::get(context, 32);
  addConversion([=](AccumulatorType type, SmallVectorImpl<Type> &types) {
    types.append(type.getColumns() / 2, f32);
    return success();
  });
  addConversion([=](OperandType type, SmallVectorImpl<Type> &types) {
    types.append(type.getColumns() / 4, i32);
    return success();
  });
  addConversion([=](RowsType, SmallVectorImpl<Type> &types) {
    types.append(2, f32);
    return success();
  });
  addConversion([=](ColumnsType type, SmallVectorImpl<Type> &types) {
    types.append(type.getColumns() / 4, f32);
    return success();
  });
  addConversion([=](ColumnMaskType type, SmallVectorImpl<Type> &types) {
    types.append(2 * wordsOfRow(type), i32);
    return success();
  });
  auto pointer = LLVM::LLVMPointerType::get(context, kSharedSpace);
  addConversion([=](MemoryType) -> Type { return pointer; });
  addConversion([=](SharedType) -> Type { return pointer; });
  addConversion([=](BarrierType) -> Type { return pointer; });
}

namespace {

//===----------------------------------------------------------------------===//
// Shared memory, barriers
//===----------------------------------------------------------------------===//

SPATTN_LOWER(AllocOp) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), kSharedSpace);
  Value start = LLVM::AddressOfOp::create(b, pointer, kSharedMemory);
  results.push_back({Emitter(b).offset(start, types().offsetOf(op))});
  return success();
}

SPATTN_LOWER(SharedOp) {
  results.push_back(
      {Emitter(b).inMemory(adaptor.getMemory(), adaptor.getStage(),
                           op.getStageBytes(), /*offset=*/0)});
  return success();
}

SPATTN_LOWER(BarrierOp) {
  results.push_back(
      {Emitter(b).inMemory(adaptor.getMemory(), adaptor.getStage(),
                           /*stageBytes=*/8, op.getOffset())});
  return success();
}

SPATTN_LOWER(BarrierArriveOp) {
  SmallVector<Value> operands{Emitter(b).address(adaptor.getBarrier().front())};
  ValueRange condition = adaptor.getCondition();
  llvm::append_range(operands, condition);
  ptx::emit(b,
            condition.empty() ? "mbarrier.arrive.shared::cta.b64 _, [$0];"
                              : "@$1 mbarrier.arrive.shared::cta.b64 _, [$0];",
            condition.empty() ? "r,~{memory}" : "r,b,~{memory}", operands);
  return success();
}

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

/// Which of its two rows a register of an accumulator belongs to.
size_t rowOf(size_t registerNumber) { return registerNumber % 4 / 2; }

SPATTN_LOWER(FillOp) {
  size_t count = 2;
  if (auto type = dyn_cast<AccumulatorType>(op.getResult().getType()))
    count = type.getColumns() / 2;
  results.emplace_back(count, adaptor.getValue().front());
  return success();
}

/// The numbers of the queries of the thread's two rows, of those with so many
/// heads, from `first` on.
SmallVector<Value> queryNumbers(Emitter &e, Value first, int64_t heads) {
  SmallVector<Value> numbers;
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.firstRow();
    if (half)
      row = e.add(row, e.i32(8));
    Value shift = e.i32(llvm::Log2_64(heads));
    Value query = arith::ShRUIOp::create(e.b, row, shift);
    numbers.push_back(
        arith::SIToFPOp::create(e.b, e.b.getF32Type(), e.add(first, query)));
  }
  return numbers;
}

SPATTN_LOWER(DistancesOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  bool transposed = op.getTransposed();
  Value row = e.firstRow(), column = e.firstColumn();
  // Of the thread's two rows; its columns are constants apart.
  SmallVector<Value> starts;
  if (op.getHeads() != 1) {
    Value first = arith::SubIOp::create(b, adaptor.getFirst().front(), column);
    starts = queryNumbers(e, first, op.getHeads());
  } else {
    Value difference = transposed ? arith::SubIOp::create(b, column, row)
                                  : arith::SubIOp::create(b, row, column);
    Value first = e.add(adaptor.getFirst().front(), difference);
    for (int64_t half = 0; half < 2; ++half) {
      Value start = e.add(first, e.i32(transposed ? -8 * half : 8 * half));
      starts.push_back(arith::SIToFPOp::create(b, b.getF32Type(), start));
    }
  }
  SmallVector<Value> values;
  for (int64_t r = 0; r < op.getResult().getType().getColumns() / 2; ++r) {
    float columns = r / 4 * 8 + r % 2;
    Value apart = arith::ConstantOp::create(
        b, b.getF32FloatAttr(transposed ? columns : -columns));
    values.push_back(arith::AddFOp::create(b, starts[rowOf(r)], apart));
  }
  results.push_back(values);
  return success();
}

SPATTN_LOWER(GatherOp) {
  Value pointer = adaptor.getPointer().front();
  SmallVector<Value> values;
  for (Value entry : adaptor.getEntries()) {
    Value number = arith::FPToSIOp::create(b, b.getI32Type(), entry);
    Value address =
        LLVM::GEPOp::create(b, pointer.getType(), b.getF32Type(), pointer,
                            ArrayRef<LLVM::GEPArg>{number});
    values.push_back(LLVM::LoadOp::create(b, b.getF32Type(), address));
  }
  results.push_back(values);
  return success();
}

SPATTN_LOWER(ScatterAddOp) {
  Value pointer = adaptor.getPointer().front();
  for (auto [value, entry] :
       llvm::zip_equal(adaptor.getValues(), adaptor.getEntries())) {
    Value number = arith::FPToSIOp::create(b, b.getI32Type(), entry);
    Value address =
        LLVM::GEPOp::create(b, pointer.getType(), b.getF32Type(), pointer,
                            ArrayRef<LLVM::GEPArg>{number});
    ptx::emit(b,
              "{\n.reg .pred p;\nsetp.neu.f32 p, $1, 0f00000000;\n"
              "@p red.relaxed.gpu.global.add.f32 [$0], $1;\n}",
              "l,f,~{memory}", {address, value});
  }
  return success();
}

SPATTN_LOWER(PositionsOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  if (op.getHeads() != 1) {
    results.push_back(
        queryNumbers(e, adaptor.getFirst().front(), op.getHeads()));
    return success();
  }
  auto columns = dyn_cast<ColumnsType>(op.getResult().getType());
  Value first = e.add(adaptor.getFirst().front(),
                      columns ? e.firstColumn() : e.firstRow());
  SmallVector<Value> values;
  for (int64_t r = 0; r < (columns ? columns.getColumns() / 4 : 2); ++r) {
    int64_t apart = columns ? r / 2 * 8 + r % 2 : 8 * r;
    Value number = apart ? e.add(first, e.i32(apart)) : first;
    values.push_back(arith::SIToFPOp::create(b, b.getF32Type(), number));
  }
  results.push_back(values);
  return success();
}

} // namespace

SmallVector<Value> spattn::spattn_gpu::inlineBody(ImplicitLocOpBuilder &b,
                                                  Block &body,
                                                  ValueRange arguments) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &nested : body.without_terminator())
    b.clone(nested, mapping);
  SmallVector<Value> values;
  for (Value value : body.getTerminator()->getOperands())
    values.push_back(mapping.lookupOrDefault(value));
  return values;
}

namespace {

SPATTN_LOWER(MapOp) {
  size_t count = 2;
  if (auto type = dyn_cast<AccumulatorType>(op.getResult().getType()))
    count = type.getColumns() / 2;
  SmallVector<Value> mapped;
  for (size_t r = 0; r < count; ++r) {
    SmallVector<Value> arguments;
    for (auto [operand, values] :
         llvm::zip(op.getOperands(), adaptor.getOperands())) {
      if (isa<RowsType>(operand.getType()))
        arguments.push_back(values.size() == count ? values[r]
                                                   : values[rowOf(r)]);
      else if (isa<ColumnsType>(operand.getType()))
        arguments.push_back(values[r / 4 * 2 + r % 2]);
      else
        arguments.push_back(values[r]);
    }
    llvm::append_range(mapped, inlineBody(b, op.getBody().front(), arguments));
  }
  results.push_back(mapped);
  return success();
}

SPATTN_LOWER(ColumnMaskOp) {
  Emitter e(b);
  if (types().savesRegisters(op))
    e.readThreadAgain();
  Value first = e.firstRow(), column = e.firstColumn();
  auto clamp = [&](Value value, int64_t upper) -> Value {
    Value most = e.i32(upper);
    return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, value, e.i32(0)),
                                  most);
  };
  SmallVector<Value> words;
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.toIndex(e.add(first, e.i32(8 * half)));
    // How many of the thread's columns, two of every 8, are ahead of each end.
    SmallVector<Value> counts;
    for (Value end : inlineBody(b, op.getBody().front(), row)) {
      Value from = arith::SubIOp::create(b, end, column);
      Value one = e.i32(1);
      Value pairs = arith::ShLIOp::create(
          b, arith::ShRSIOp::create(b, from, e.i32(3)), one);
      Value two = e.i32(2);
      Value rest = arith::MinSIOp::create(
          b, arith::AndIOp::create(b, from, e.i32(7)), two);
      counts.push_back(e.add(pairs, rest));
    }
    for (int64_t w = 0; w < wordsOfRow(op.getResult().getType()); ++w) {
      Value word;
      for (size_t s = 0; s + 1 < counts.size(); s += 2) {
        Value ends[2];
        for (size_t i = 0; i < 2; ++i)
          ends[i] = clamp(
              arith::SubIOp::create(b, counts[s + i], e.i32(w * kWordBits)),
              kWordBits);
        Value zero = e.i32(0);
        Value size = arith::MaxSIOp::create(
            b, arith::SubIOp::create(b, ends[1], ends[0]), zero);
        Value bits = ptx::emit(b, "bmsk.clamp.b32 $0, $1, $2;", "=r,r,r",
                               {ends[0], size}, b.getI32Type())
                         .front();
        word = word ? Value(arith::OrIOp::create(b, word, bits)) : bits;
      }
      words.push_back(word ? word : e.i32(0));
    }
  }
  if (op.getOthers())
    for (auto [word, other] : llvm::zip(words, adaptor.getOthers()))
      word = arith::OrIOp::create(b, word, other);
  results.push_back(words);
  return success();
}

SPATTN_LOWER(ColumnMaskDifferenceOp) {
  Emitter e(b);
  SmallVector<Value> words;
  for (auto [word, other] : llvm::zip(adaptor.getLhs(), adaptor.getRhs())) {
    Value outside = arith::XOrIOp::create(b, other, e.i32(-1));
    words.push_back(arith::AndIOp::create(b, word, outside));
  }
  results.push_back(words);
  return success();
}

SPATTN_LOWER(MaskOp) {
  Emitter e(b);
  Value negInf = arith::ConstantOp::create(
      b, b.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
  size_t perRow = wordsOfRow(op.getSeen().getType());
  SmallVector<Value> masked;
  for (auto [r, value] : llvm::enumerate(adaptor.getSource())) {
    size_t number = r / 4 * 2 + r % 2;
    Value word = adaptor.getSeen()[rowOf(r) * perRow + number / kWordBits];
    Value bit = arith::AndIOp::create(
        b, word, e.i32(int32_t(uint32_t(1) << number % kWordBits)));
    Value keeps =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bit, e.i32(0));
    masked.push_back(arith::SelectOp::create(b, keeps, value, negInf));
  }
  results.push_back(masked);
  return success();
}

Value combine(ImplicitLocOpBuilder &b, ReductionKind kind, Value lhs,
              Value rhs) {
  if (kind == ReductionKind::Max)
    return arith::MaxNumFOp::create(b, lhs, rhs);
  return arith::AddFOp::create(b, lhs, rhs);
}

SPATTN_LOWER(ReduceOp) {
  SmallVector<Value> values(adaptor.getInit());
  for (auto [r, value] : llvm::enumerate(adaptor.getSource()))
    values[rowOf(r)] = combine(b, op.getKind(), values[rowOf(r)], value);
  results.push_back(values);
  return success();
}

SPATTN_LOWER(QuadReduceOp) {
  SmallVector<Value> values(adaptor.getSource());
  for (Value &value : values)
    for (int distance : {1, 2}) {
      Value other =
          ptx::emit(b,
                    "shfl.sync.bfly.b32 $0, $1, " + std::to_string(distance) +
                        ", 0x1f, 0xffffffff;",
                    "=f,f", value, b.getF32Type())
              .front();
      value = combine(b, op.getKind(), value, other);
    }
  results.push_back(values);
  return success();
}

SPATTN_LOWER(AnyGreaterOp) {
  Value any;
  for (auto [lhs, rhs] : llvm::zip(adaptor.getLhs(), adaptor.getRhs())) {
    Value greater =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, lhs, rhs);
    any = any ? Value(arith::OrIOp::create(b, any, greater)) : greater;
  }
  Value all = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
  results.push_back({NVVM::VoteSyncOp::create(b, b.getI1Type(), all, any,
                                              NVVM::VoteSyncKind::any)
                         .getResult()});
  return success();
}

SPATTN_LOWER(ToOperandOp) {
  Type element = op.getResult().getType().getElementType();
  ValueRange source = adaptor.getSource();
  SmallVector<Value> packed;
  for (size_t r = 0; r < source.size(); r += 2)
    packed.push_back(pack(b, element, source[r], source[r + 1]));
  results.push_back(packed);
  return success();
}

/// Of lane 0. A shuffle tells ptxas that the value is uniform in a warp.
Value broadcast(ImplicitLocOpBuilder &b, Value value) {
  return ptx::emit(b, "shfl.sync.idx.b32 $0, $1, 0, 0x1f, 0xffffffff;", "=r,r",
                   value, b.getI32Type())
      .front();
}

SPATTN_LOWER(WriteWordsOp) {
  Emitter e(b);
  Value start = e.words(op, adaptor);
  Value zero = e.i32(0);
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, e.lane(), zero);
  auto ifFirst = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifFirst.thenBlock());
  for (auto [i, values] : llvm::enumerate(adaptor.getValues()))
    LLVM::StoreOp::create(b, values.front(), e.offset(start, 4 * int64_t(i)),
                          i % 4 ? 4 : 16);
  return success();
}

SPATTN_LOWER(ReadWordsOp) {
  Emitter e(b);
  Value start = e.words(op, adaptor);
  for (size_t i = 0; i < op.getValues().size(); ++i) {
    Value word = LLVM::LoadOp::create(
        b, b.getI32Type(), e.offset(start, 4 * int64_t(i)), i % 4 ? 4 : 16);
    if (op.getUniform())
      word = broadcast(b, word);
    results.push_back({word});
  }
  return success();
}

SPATTN_LOWER(LookupOp) {
  Emitter e(b);
  auto i32 = b.getI32Type();
  Value start = e.words(op, adaptor);
  Value number = adaptor.getNumber().front(), lane = e.lane(), all = e.i32(-1);
  auto load = [&](Value index) -> Value {
    return LLVM::LoadOp::create(b, i32, e.offset(start, e.mul(index, e.i32(4))),
                                4);
  };
  // How many keys are at most the number, a key a lane.
  int64_t count = op.getCount();
  Value found;
  for (int64_t first = 0; first < count; first += 32) {
    int64_t lanes = std::min<int64_t>(count - first, 32);
    Value begin = e.i32(first);
    Value index =
        e.add(arith::MinUIOp::create(b, lane, e.i32(lanes - 1)), begin);
    Value isBelow = arith::CmpIOp::create(b, arith::CmpIPredicate::sle,
                                          load(index), number);
    Value ballot = NVVM::VoteSyncOp::create(b, i32, all, isBelow,
                                            NVVM::VoteSyncKind::ballot);
    if (lanes < 32)
      ballot = arith::AndIOp::create(
          b, ballot, e.i32(int32_t((uint32_t(1) << lanes) - 1)));
    Value below = math::CtPopOp::create(b, ballot);
    found = found ? Value(e.add(found, below)) : below;
  }
  Value zero = e.i32(0);
  Value last = arith::MaxSIOp::create(
      b, arith::SubIOp::create(b, found, e.i32(1)), zero);
  results.push_back({load(e.add(last, e.i32(count)))});
  return success();
}

SPATTN_LOWER(AtomicIncOp) {
  results.push_back({ptx::emitIncrement(b, adaptor.getCounter().front(),
                                        Emitter(b).lane(), "relaxed")});
  return success();
}

SPATTN_LOWER(WarpBroadcastOp) {
  results.push_back({broadcast(b, adaptor.getSource().front())});
  return success();
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

void emitNamedBarrier(ImplicitLocOpBuilder &b, StringRef instruction,
                      int64_t id, Value offset, int64_t threads) {
  Emitter e(b);
  std::string count = ", " + std::to_string(threads) + ";";
  if (!offset) {
    ptx::emit(b, (instruction + " " + Twine(id) + count).str(), "~{memory}");
    return;
  }
  Value base = e.i32(id);
  Value number = e.add(e.toI32(offset), base);
  ptx::emit(b, (instruction + " $0" + count).str(), "r,~{memory}", number);
}

SPATTN_LOWER(NamedBarrierSyncOp) {
  emitNamedBarrier(b, "bar.sync", op.getId(),
                   op.getOffset() ? adaptor.getOffset().front() : Value(),
                   op.getThreads());
  return success();
}

SPATTN_LOWER(NamedBarrierArriveOp) {
  emitNamedBarrier(b, "bar.arrive", op.getId(),
                   op.getOffset() ? adaptor.getOffset().front() : Value(),
                   op.getThreads());
  return success();
}

SPATTN_LOWER(WarpgroupOp) {
  Emitter e(b);
  Value shift = e.i32(7);
  Value group = arith::ShRUIOp::create(b, e.thread(), shift);
  results.push_back({e.toIndex(broadcast(b, group))});
  return success();
}

/// Lowers a function of one f32.
template <class Op>
struct FunctionLowering : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;

  LogicalResult
  matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "not an f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, emit(b, adaptor.getOperand()));
    return success();
  }

  virtual Value emit(ImplicitLocOpBuilder &b, Value x) const = 0;
};

/// LLVM selects no logarithm for NVPTX; the approximate one is an instruction.
struct Log2Lowering : FunctionLowering<math::Log2Op> {
  using FunctionLowering::FunctionLowering;

  Value emit(ImplicitLocOpBuilder &b, Value x) const override {
    return LLVM::CallIntrinsicOp::create(
               b, x.getType(), b.getStringAttr("llvm.nvvm.lg2.approx.f"), x)
        .getResult(0);
  }
};

/// Functions to the base e, by those to the base 2.
struct ExpLowering : FunctionLowering<math::ExpOp> {
  using FunctionLowering::FunctionLowering;

  Value emit(ImplicitLocOpBuilder &b, Value x) const override {
    Value factor =
        arith::ConstantOp::create(b, b.getF32FloatAttr(llvm::numbers::log2e));
    Value scaled = arith::MulFOp::create(b, x, factor);
    return math::Exp2Op::create(b, scaled);
  }
};

struct LogLowering : FunctionLowering<math::LogOp> {
  using FunctionLowering::FunctionLowering;

  Value emit(ImplicitLocOpBuilder &b, Value x) const override {
    Value factor =
        arith::ConstantOp::create(b, b.getF32FloatAttr(llvm::numbers::ln2));
    Value log2 = math::Log2Op::create(b, x);
    return arith::MulFOp::create(b, log2, factor);
  }
};

/// The approximate one is an instruction, with a relative error of 2^-11.
struct TanhLowering : FunctionLowering<math::TanhOp> {
  using FunctionLowering::FunctionLowering;

  Value emit(ImplicitLocOpBuilder &b, Value x) const override {
    return ptx::emit(b, "tanh.approx.f32 $0, $1;", "=f,f", x, x.getType())
        .front();
  }
};

} // namespace

void spattn::spattn_gpu::populateCommonPatterns(const GPUTypeConverter &types,
                                                RewritePatternSet &patterns) {
  patterns
      .add<AllocOpLowering, SharedOpLowering, BarrierOpLowering,
           BarrierArriveOpLowering, FillOpLowering, DistancesOpLowering,
           GatherOpLowering, ScatterAddOpLowering, PositionsOpLowering,
           MapOpLowering, ColumnMaskOpLowering, ColumnMaskDifferenceOpLowering,
           MaskOpLowering, ReduceOpLowering, QuadReduceOpLowering,
           AnyGreaterOpLowering, ToOperandOpLowering, WriteWordsOpLowering,
           ReadWordsOpLowering, LookupOpLowering, AtomicIncOpLowering,
           WarpBroadcastOpLowering, NamedBarrierSyncOpLowering,
           NamedBarrierArriveOpLowering, WarpgroupOpLowering, Log2Lowering,
           ExpLowering, LogLowering, TanhLowering>(types,
                                                   patterns.getContext());
}
