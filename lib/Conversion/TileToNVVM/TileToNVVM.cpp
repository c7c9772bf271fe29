//===- TileToNVVM.cpp - Tile operations to NVVM for sm_90a ----------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "spattn/Conversion/Passes.h"

#include "Ptx.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/DialectConversion.h"
#include "spattn/Dialect/Tile/IR/Tile.h"

#include <limits>

namespace spattn {
#define GEN_PASS_DEF_CONVERTTILETONVVM
#include "spattn/Conversion/Passes.h.inc"
} // namespace spattn

using namespace mlir;
using namespace spattn::tile;
namespace ptx = spattn::ptx;

static constexpr StringLiteral kSharedMemory = "tile_shared_memory";
static constexpr unsigned kSharedSpace = 3;

namespace {

/// Registers that a thread holds of each type.
class TileTypeConverter : public TypeConverter {
public:
  explicit TileTypeConverter(MLIRContext *context) {
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
    auto pointer = LLVM::LLVMPointerType::get(context, kSharedSpace);
    addConversion([=](SharedType) -> Type { return pointer; });
    addConversion([=](BarrierType) -> Type { return pointer; });
  }
};

/// What the patterns share: emission at an operation.
template <class Op>
struct TilePattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;
  using Adaptor = typename OpConversionPattern<Op>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(Op op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<SmallVector<Value>> results;
    if (failed(lower(op, adaptor, b, results)))
      return failure();
    if (op->getNumResults() == 0)
      rewriter.eraseOp(op);
    else
      rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }

  virtual LogicalResult
  lower(Op op, Adaptor adaptor, ImplicitLocOpBuilder &b,
        SmallVectorImpl<SmallVector<Value>> &results) const = 0;
};

/// Small helpers over an insertion point.
struct Emitter {
  explicit Emitter(ImplicitLocOpBuilder &b) : b(b) {}
  ImplicitLocOpBuilder &b;

  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value toI32(Value index) {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  }
  Value toIndex(Value value) {
    return arith::IndexCastOp::create(b, b.getIndexType(), value);
  }
  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }
  Value thread() { return NVVM::ThreadIdXOp::create(b, b.getI32Type()); }
  /// The thread's lane of its warp, and its warp of its warpgroup.
  Value lane() { return arith::AndIOp::create(b, thread(), i32(31)); }
  Value warp() {
    return arith::AndIOp::create(b, arith::ShRUIOp::create(b, thread(), i32(5)),
                                 i32(3));
  }
  /// The first of the thread's rows; the second is 8 below.
  Value firstRow() {
    return add(mul(warp(), i32(16)), arith::ShRUIOp::create(b, lane(), i32(2)));
  }
  /// The first of the thread's columns of every 8.
  Value firstColumn() {
    return mul(arith::AndIOp::create(b, lane(), i32(3)), i32(2));
  }
  Value address(Value pointer) {
    return LLVM::PtrToIntOp::create(b, b.getI32Type(), pointer);
  }
  Value offset(Value pointer, Value bytes) {
    return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value offset(Value pointer, int64_t bytes) {
    if (bytes == 0)
      return pointer;
    return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
  }
  /// The kernel's shared memory, at a byte offset that depends on a stage.
  Value shared(Value stage, int64_t offsetBytes, int64_t stageBytes) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext(), kSharedSpace);
    Value base = LLVM::AddressOfOp::create(b, pointer, kSharedMemory);
    base = offset(base, offsetBytes);
    if (!stage)
      return base;
    return offset(base, mul(toI32(stage), i32(stageBytes)));
  }
};

int64_t bytesOf(SharedType type) {
  return type.getRows() * type.getColumns() * 2;
}
/// Bytes of a chunk of 64 columns.
int64_t chunkBytes(SharedType type) { return type.getRows() * 128; }

#define LOWER(Op)                                                              \
  struct Op##Lowering : TilePattern<Op> {                                      \
    using TilePattern::TilePattern;                                            \
    LogicalResult                                                              \
    lower(Op op, Adaptor adaptor, ImplicitLocOpBuilder &b,                     \
          SmallVectorImpl<SmallVector<Value>> &results) const override;        \
  };                                                                           \
  LogicalResult Op##Lowering::lower(                                           \
      Op op, Adaptor adaptor, ImplicitLocOpBuilder &b,                         \
      SmallVectorImpl<SmallVector<Value>> &results) const

//===----------------------------------------------------------------------===//
// Shared memory, barriers, copies
//===----------------------------------------------------------------------===//

LOWER(SharedOp) {
  Value stage = op.getStage() ? adaptor.getStage().front() : Value();
  results.push_back({Emitter(b).shared(stage, op.getOffset(),
                                       bytesOf(op.getResult().getType()))});
  return success();
}

LOWER(BarrierOp) {
  Value stage = op.getStage() ? adaptor.getStage().front() : Value();
  results.push_back({Emitter(b).shared(stage, op.getOffset(), 8)});
  return success();
}

LOWER(BarrierInitOp) {
  ptx::emit(b,
            "mbarrier.init.shared::cta.b64 [$0], " +
                std::to_string(op.getCount()) + ";",
            "r,~{memory}", Emitter(b).address(adaptor.getBarrier().front()));
  return success();
}

LOWER(BarrierFenceOp) {
  ptx::emit(b, "fence.mbarrier_init.release.cluster;", "~{memory}");
  return success();
}

LOWER(BarrierArriveOp) {
  ptx::emit(b, "mbarrier.arrive.shared::cta.b64 _, [$0];", "r,~{memory}",
            Emitter(b).address(adaptor.getBarrier().front()));
  return success();
}

LOWER(BarrierWaitOp) {
  ptx::emit(b,
            "{\n.reg .pred p;\nWAIT:\n"
            "mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1;\n"
            "@p bra DONE;\nbra WAIT;\nDONE:\n}",
            "r,r,~{memory}",
            {Emitter(b).address(adaptor.getBarrier().front()),
             adaptor.getParity().front()});
  return success();
}

LOWER(LoadOp) {
  Emitter e(b);
  SharedType type = op.getTile().getType();
  // One piece of assembly, so that the lane that does it is elected once.
  // Operands: barrier, map, row, head, batch, tile, then the column of each
  // chunk, which cannot be written as a number.
  SmallVector<Value> operands = {e.address(adaptor.getBarrier().front()),
                                 adaptor.getMap().front(),
                                 e.toI32(adaptor.getRow().front()),
                                 e.toI32(adaptor.getHead().front()),
                                 e.toI32(adaptor.getBatch().front()),
                                 e.address(adaptor.getTile().front())};
  std::string constraints = "r,l,r,r,r,r";
  std::string text = "{\n.reg .pred p;\n.reg .b32 target;\n"
                     "elect.sync _|p, 0xffffffff;\n"
                     "@p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], " +
                     std::to_string(bytesOf(type)) + ";\n";
  for (int64_t column = 0; column < type.getColumns();
       column += kChunkColumns) {
    text += "add.s32 target, $5, " +
            std::to_string(column / kChunkColumns * chunkBytes(type)) + ";\n" +
            "@p cp.async.bulk.tensor.4d.shared::cluster.global"
            ".mbarrier::complete_tx::bytes [target], [$1, {$" +
            std::to_string(operands.size()) + ", $2, $3, $4}], [$0];\n";
    operands.push_back(e.i32(column));
    constraints += ",r";
  }
  ptx::emit(b, text + "}", constraints + ",~{memory}", operands);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

LOWER(MmaFenceOp) {
  ptx::emit(b, "wgmma.fence.sync.aligned;", "~{memory}");
  return success();
}

LOWER(MmaCommitOp) {
  ptx::emit(b, "wgmma.commit_group.sync.aligned;", "~{memory}");
  return success();
}

LOWER(MmaWaitOp) {
  SmallVector<Value> flat;
  for (ValueRange values : adaptor.getValues())
    llvm::append_range(flat, values);
  SmallVector<Value> passed = ptx::emitWgmmaWait(b, op.getPending(), flat);
  ArrayRef<Value> rest(passed);
  for (ValueRange values : adaptor.getValues()) {
    results.emplace_back(rest.take_front(values.size()));
    rest = rest.drop_front(values.size());
  }
  return success();
}

LOWER(MmaOp) {
  Emitter e(b);
  SharedType rhs = op.getRhs().getType();
  ptx::Wgmma shape;
  shape.columns = op.getResult().getType().getColumns();
  shape.isBF16 = rhs.getElementType().isBF16();
  shape.transposeRhs = !op.getTransposed();
  int64_t depth = op.getTransposed() ? rhs.getColumns() : rhs.getRows();
  // Along columns, 16 elements are 32 bytes of a chunk of 128; along rows,
  // 16 rows of 128 bytes.
  auto alongColumns = [](SharedType type, int64_t k) {
    return (k / kChunkColumns * chunkBytes(type) + k % kChunkColumns * 2) >> 4;
  };
  for (int64_t k = 0; k < depth; k += 16)
    shape.rhsSteps.push_back(op.getTransposed() ? alongColumns(rhs, k)
                                                : k * 128 >> 4);
  constexpr int64_t atomBytes = 8 * 128;
  Value rhsDescriptor = ptx::emitDescriptor(
      b, adaptor.getRhs().front(),
      /*leadingBytes=*/op.getTransposed() ? 16 : chunkBytes(rhs), atomBytes);
  SmallVector<Value> lhs;
  if (auto type = dyn_cast<SharedType>(op.getLhs().getType())) {
    for (int64_t k = 0; k < depth; k += 16)
      shape.lhsSteps.push_back(alongColumns(type, k));
    Value bytes = e.mul(e.toI32(adaptor.getRowBlock().front()),
                        e.i32(kFragmentRows * 128));
    lhs.push_back(ptx::emitDescriptor(
        b, e.offset(adaptor.getLhs().front(), bytes), 16, atomBytes));
  } else {
    lhs.assign(adaptor.getLhs().begin(), adaptor.getLhs().end());
  }
  ValueRange acc = op.getAcc() ? adaptor.getAcc() : ValueRange();
  results.push_back(ptx::emitWgmma(b, shape, lhs, rhsDescriptor, acc));
  return success();
}

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

/// Which of its two rows a register of an accumulator belongs to.
size_t rowOf(size_t registerNumber) { return registerNumber % 4 / 2; }

LOWER(FillOp) {
  size_t count = 2;
  if (auto type = dyn_cast<AccumulatorType>(op.getResult().getType()))
    count = type.getColumns() / 2;
  results.emplace_back(count, adaptor.getValue().front());
  return success();
}

/// Clones a body's operations for given arguments; returns what it yields.
SmallVector<Value> inlineBody(ImplicitLocOpBuilder &b, Block &body,
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

LOWER(MapOp) {
  size_t count = 2;
  if (auto type = dyn_cast<AccumulatorType>(op.getResult().getType()))
    count = type.getColumns() / 2;
  SmallVector<Value> mapped;
  for (size_t r = 0; r < count; ++r) {
    SmallVector<Value> arguments;
    for (ValueRange values : adaptor.getOperands())
      arguments.push_back(values.size() == count ? values[r]
                                                 : values[rowOf(r)]);
    llvm::append_range(mapped, inlineBody(b, op.getBody().front(), arguments));
  }
  results.push_back(mapped);
  return success();
}

LOWER(MaskOp) {
  Emitter e(b);
  Value first = e.firstRow(), column = e.firstColumn();
  // Limits relative to the thread's first column, so that each register is
  // compared with constants.
  SmallVector<SmallVector<Value>> limits;
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.toIndex(e.add(first, e.i32(8 * half)));
    limits.push_back(inlineBody(b, op.getBody().front(), row));
    for (Value &limit : limits.back())
      limit = arith::SubIOp::create(b, limit, column);
  }
  Value negInf = arith::ConstantOp::create(
      b, b.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
  SmallVector<Value> masked;
  for (auto [r, value] : llvm::enumerate(adaptor.getSource())) {
    Value position = e.i32(int64_t(r) / 4 * 8 + int64_t(r) % 2);
    Value allowed;
    ArrayRef<Value> ends = limits[rowOf(r)];
    for (size_t s = 0; s + 1 < ends.size(); s += 2) {
      Value after = arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                          position, ends[s]);
      Value before = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                           position, ends[s + 1]);
      Value within = arith::AndIOp::create(b, after, before);
      allowed = allowed ? arith::OrIOp::create(b, allowed, within) : within;
    }
    masked.push_back(
        allowed ? arith::SelectOp::create(b, allowed, value, negInf) : negInf);
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

LOWER(ReduceOp) {
  SmallVector<Value> values(adaptor.getInit());
  for (auto [r, value] : llvm::enumerate(adaptor.getSource()))
    values[rowOf(r)] = combine(b, op.getKind(), values[rowOf(r)], value);
  results.push_back(values);
  return success();
}

LOWER(CombineOp) {
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

/// Two elements of 16 bits in a register.
Value pack(ImplicitLocOpBuilder &b, Type element, Value low, Value high) {
  StringRef suffix = element.isBF16() ? "bf16x2" : "f16x2";
  return ptx::emit(b, ("cvt.rn." + suffix + ".f32 $0, $1, $2;").str(), "=r,f,f",
                   {high, low}, b.getI32Type())
      .front();
}

LOWER(ToOperandOp) {
  Type element = op.getResult().getType().getElementType();
  ValueRange source = adaptor.getSource();
  SmallVector<Value> packed;
  for (size_t r = 0; r < source.size(); r += 2)
    packed.push_back(pack(b, element, source[r], source[r + 1]));
  results.push_back(packed);
  return success();
}

/// Runs `body` for each of the thread's rows that exists.
void forRows(Emitter &e, Value rows,
             function_ref<void(int64_t half, Value row)> body) {
  ImplicitLocOpBuilder &b = e.b;
  Value first = e.firstRow();
  for (int64_t half = 0; half < 2; ++half) {
    Value row = e.toIndex(e.add(first, e.i32(8 * half)));
    Value exists =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, row, rows);
    auto ifExists = scf::IfOp::create(b, exists, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifExists.thenBlock());
    body(half, row);
  }
}

Value elementPointer(Emitter &e, Value pointer, Value index, Type element) {
  Value position = arith::IndexCastOp::create(e.b, e.b.getI64Type(), index);
  return LLVM::GEPOp::create(e.b, pointer.getType(), element, pointer,
                             ArrayRef<LLVM::GEPArg>{position});
}

LOWER(StoreOp) {
  Emitter e(b);
  Type element = op.getElementType();
  ValueRange source = adaptor.getSource();
  Value column = e.toIndex(e.firstColumn());
  forRows(e, adaptor.getRows().front(), [&](int64_t half, Value row) {
    Value start = e.add(e.mul(row, adaptor.getStride().front()), column);
    Value base =
        elementPointer(e, adaptor.getPointer().front(), start, element);
    for (size_t r = 0; r < source.size(); r += 4) {
      Value low = source[r + 2 * half], high = source[r + 2 * half + 1];
      int64_t bytes = int64_t(r) / 4 * 8 * (element.isF32() ? 4 : 2);
      Value target = e.offset(base, bytes);
      if (element.isF32()) {
        LLVM::StoreOp::create(b, low, target);
        LLVM::StoreOp::create(b, high, e.offset(target, 4));
      } else {
        LLVM::StoreOp::create(b, pack(b, element, low, high), target,
                              /*alignment=*/4);
      }
    }
  });
  return success();
}

LOWER(StoreRowsOp) {
  Emitter e(b);
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                        e.firstColumn(), e.i32(0));
  auto ifFirst = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifFirst.thenBlock());
  forRows(e, adaptor.getRows().front(), [&](int64_t half, Value row) {
    Value position = e.mul(row, adaptor.getStride().front());
    LLVM::StoreOp::create(b, adaptor.getSource()[half],
                          elementPointer(e, adaptor.getPointer().front(),
                                         position, b.getF32Type()));
  });
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
  Value number = e.add(e.toI32(offset), e.i32(id));
  ptx::emit(b, (instruction + " $0" + count).str(), "r,~{memory}", number);
}

LOWER(SyncOp) {
  emitNamedBarrier(b, "bar.sync", op.getId(),
                   op.getOffset() ? adaptor.getOffset().front() : Value(),
                   op.getThreads());
  return success();
}

LOWER(ArriveOp) {
  emitNamedBarrier(b, "bar.arrive", op.getId(),
                   op.getOffset() ? adaptor.getOffset().front() : Value(),
                   op.getThreads());
  return success();
}

LOWER(WarpgroupOp) {
  Emitter e(b);
  Value group = arith::ShRUIOp::create(b, e.thread(), e.i32(7));
  // A shuffle from lane 0 tells ptxas that the value is uniform in a warp.
  Value uniform = ptx::emit(b, "shfl.sync.idx.b32 $0, $1, 0, 0x1f, 0xffffffff;",
                            "=r,r", group, b.getI32Type())
                      .front();
  results.push_back({e.toIndex(uniform)});
  return success();
}

LOWER(SetRegistersOp) {
  ptx::emit(b,
            std::string("setmaxnreg.") + (op.getIncrease() ? "inc" : "dec") +
                ".sync.aligned.u32 " + std::to_string(op.getCount()) + ";",
            "");
  return success();
}

#undef LOWER

/// LLVM selects no logarithm for NVPTX; the approximate one is an instruction.
struct Log2Lowering : OpConversionPattern<math::Log2Op> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(math::Log2Op op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "not an f32");
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr("llvm.nvvm.lg2.approx.f"),
        adaptor.getOperand());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct ConvertTileToNVVMPass
    : public spattn::impl::ConvertTileToNVVMBase<ConvertTileToNVVMPass> {
  using ConvertTileToNVVMBase::ConvertTileToNVVMBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    declareSharedMemory();
    TileTypeConverter types(context);
    RewritePatternSet patterns(context);
    ConversionTarget target(*context);
    target.addLegalDialect<arith::ArithDialect, LLVM::LLVMDialect,
                           NVVM::NVVMDialect>();
    target.addIllegalDialect<TileDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns,
                                                         target);
    patterns
        .add<SharedOpLowering, BarrierOpLowering, BarrierInitOpLowering,
             BarrierFenceOpLowering, BarrierArriveOpLowering,
             BarrierWaitOpLowering, LoadOpLowering, MmaFenceOpLowering,
             MmaCommitOpLowering, MmaWaitOpLowering, MmaOpLowering,
             FillOpLowering, MapOpLowering, MaskOpLowering, ReduceOpLowering,
             CombineOpLowering, ToOperandOpLowering, StoreOpLowering,
             StoreRowsOpLowering, SyncOpLowering, ArriveOpLowering,
             WarpgroupOpLowering, SetRegistersOpLowering, Log2Lowering>(
            types, context);
    target.addIllegalOp<math::Log2Op>();
    // Bodies of maps and masks go with their operation.
    target.addLegalOp<spattn::tile::YieldOp>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }

  void declareSharedMemory() {
    ModuleOp module = getOperation();
    if (module.lookupSymbol(kSharedMemory))
      return;
    ImplicitLocOpBuilder b(module.getLoc(), module.getBodyRegion());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
    LLVM::GlobalOp::create(b, type, /*isConstant=*/false,
                           LLVM::Linkage::External, kSharedMemory, Attribute(),
                           /*alignment=*/1024, kSharedSpace);
  }
};
} // namespace
