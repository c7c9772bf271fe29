//===- HashKernel.cpp - The kernel of hashes of rows ----------------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A CTA multiplies a tile of rows with the vectors of all sets, tile by tile.
// The number of a vector takes the last bits of its product, so that the
// largest product, a maximum of floats, says which it is.
//
//===----------------------------------------------------------------------===//

#include "RowsKernels.h"

#include "../Parts/KernelBuilder.h"
#include "../Parts/Pipeline.h"
#include "../Parts/SharedMemory.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;

/// Two warpgroups have 64 rows each, and there are two tiles of vectors.
static constexpr int64_t kThreads = 256, kRows = 128, kStages = 2;
/// Numbers of vectors, and of their negatives, have 15 bits at the most.
static constexpr int64_t kMostVectors = int64_t(1) << 14;
/// Where products are compared: within the numbers that are normal and finite.
static constexpr float kLeast = 0x1p-100f, kMost = 0x1p+100f;

namespace {
/// What the kernel has in shared memory.
struct HashLayout {
  explicit HashLayout(int64_t columns) {
    int64_t width = llvm::alignTo(columns, kChunkColumns);
    vectorRows = width <= 128 ? 128 : 64;
    rows = shared.tiles(1, kRows, width);
    vectors = shared.tiles(kStages, vectorRows, width);
    loadedRows = shared.barriers(1, /*arrivals=*/1, /*loads=*/true);
    loadedVectors = shared.barriers(kStages, /*arrivals=*/1, /*loads=*/true);
  }

  SharedLayout shared;
  int64_t vectorRows;
  TileRing rows, vectors;
  BarrierArray loadedRows, loadedVectors;
};

/// Builds the kernel.
class HashKernel {
public:
  HashKernel(OpBuilder &builder, HashRowsOp op, const HashLayout &layout,
             int64_t sets)
      : b(builder, op.getLoc(),
          cast<ShapedType>(op.getSource().getType()).getElementType()),
        layout(layout), sets(sets) {}

  void build(StringRef name, int64_t heads, int64_t ctasPerSm,
             KernelProgram &program);

private:
  void locate(Value cta, int64_t heads);
  void loadVectors(Value step);
  Value emitKeys(Value products, Value firstVector);
  Value emitHashes(Value largest);
  void emitStep(Value step, Value &largest);

  KernelBuilder b;
  const HashLayout &layout;
  int64_t sets;
  Value rowMap, vectorMap, length, count;
  StridedArray out;
  Value first, head, batch;
  /// Tiles of a set, and steps: those of all sets.
  Value tiles, steps;
  /// The largest number, and the bits that numbers take.
  Value lastNumber, bits;
};
} // namespace

void HashKernel::build(StringRef name, int64_t heads, int64_t ctasPerSm,
                       KernelProgram &program) {
  KernelSignature signature(program);
  auto rows = signature.tensorMap("x", kRows);
  auto vectors = signature.tensorMap("w", layout.vectorRows);
  KernelSignature::Strided hashes;
  hashes.pointer = signature.buffer("o");
  auto queryLength = signature.i32("queryLength");
  auto keyLength = signature.i32("keyLength");
  hashes.strides = signature.strides("o");
  program.limitLengths({"queryLength"});
  program.limitLength("keyLength", kMostVectors);
  auto grid = program.perTile(heads, "queryLength", kRows);
  program.limitTiles(grid);

  signature.begin(b, name, {kThreads, ctasPerSm});
  layout.shared.allocate(b);
  initBarriers(b, {layout.loadedRows, layout.loadedVectors}, kThreads);
  rowMap = signature.get(rows);
  vectorMap = signature.get(vectors);
  length = signature.get(queryLength);
  count = signature.get(keyLength);
  out = signature.get(b, hashes);
  locate(b.cta, heads);
  // Where there are no vectors, all products are 0, and so are numbers.
  Value whole =
      b.ops.materialize(b.ops.ceilDiv(b.ops.wrap(count), layout.vectorRows));
  tiles = arith::MaxUIOp::create(b, whole, b.i32(1));
  steps = b.mul(tiles, b.i32(sets));
  Value numbers = b.mul(count, b.i32(2));
  lastNumber = b.sub(numbers, b.i32(1));
  bits = lastNumber;
  for (int64_t shift : {1, 2, 4, 8})
    bits = arith::OrIOp::create(b, bits,
                                arith::ShRUIOp::create(b, bits, b.i32(shift)));

  b.inWarp(0, [&] {
    Value rows = layout.rows.at(b);
    b.load(rowMap, first, head, batch, rows, layout.loadedRows.at(b));
    for (int64_t stage = 0; stage < kStages; ++stage)
      loadVectors(b.i32(stage));
  });
  Value loaded = layout.loadedRows.at(b);
  b.await(loaded, b.i32(0));
  scf::ForOp loop = b.forLoop(0, steps, b.fillRows(0));
  b.in(loop.getBody(), [&] {
    Value largest = loop.getRegionIterArgs().front();
    emitStep(loop.getInductionVar(), largest);
    scf::YieldOp::create(b, largest);
  });
  signature.end(b, layout.shared.total(), /*persistent=*/-1, grid);
}

/// Finds the tile of rows.
void HashKernel::locate(Value cta, int64_t heads) {
  Value ofHead = b.ops.materialize(b.ops.ceilDiv(b.ops.wrap(length), kRows));
  Value tile = arith::RemUIOp::create(b, cta, ofHead);
  Value number = arith::DivUIOp::create(b, cta, ofHead);
  head = arith::RemUIOp::create(b, number, b.i32(heads));
  batch = arith::DivUIOp::create(b, number, b.i32(heads));
  first = b.mul(tile, b.i32(kRows));
}

/// By one warp: the vectors of a step, if there is such a step.
void HashKernel::loadVectors(Value step) {
  b.when(b.compare(arith::CmpIPredicate::ult, step, steps), [&] {
    Value set = arith::DivUIOp::create(b, step, tiles);
    Value tile = arith::RemUIOp::create(b, step, tiles);
    Value row = b.mul(tile, b.i32(layout.vectorRows));
    Value stage = arith::RemUIOp::create(b, step, b.i32(kStages));
    Value zero = b.i32(0);
    Value vectors = layout.vectors.at(b, stage);
    b.load(vectorMap, row, set, zero, vectors,
           layout.loadedVectors.at(b, stage));
  });
}

/// The sizes of products, with numbers of vectors in their last bits. Of equal
/// ones, that of the smaller number is the larger. Those past the last vector
/// are 0, and are no larger than that of vector 0.
Value HashKernel::emitKeys(Value products, Value firstVector) {
  auto columns = cast<AccumulatorType>(products.getType()).getColumns();
  Value numbers = PositionsOp::create(
      b, ColumnsType::get(b.getContext(), columns), firstVector);
  return b.map({products, numbers}, products.getType(), [&](ValueRange x) {
    Value number = arith::FPToSIOp::create(b, b.getI32Type(), x[1]);
    Value behind = b.sub(lastNumber, number);
    Value left = arith::MaxSIOp::create(b, behind, b.i32(0));
    Value isNegative =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x[0], b.f32(0));
    Value ofNegative = b.sub(left, count);
    Value code = arith::SelectOp::create(b, isNegative, ofNegative, left);
    Value size = math::AbsFOp::create(b, x[0]);
    size = arith::MaxNumFOp::create(b, size, b.f32(kLeast));
    size = arith::MinNumFOp::create(b, size, b.f32(kMost));
    Value word = arith::BitcastOp::create(b, b.getI32Type(), size);
    Value others = arith::XOrIOp::create(b, bits, b.i32(-1));
    word = arith::AndIOp::create(b, word, others);
    word = arith::OrIOp::create(b, word, code);
    return arith::BitcastOp::create(b, b.getF32Type(), word).getResult();
  });
}

/// The numbers in the last bits, as words.
Value HashKernel::emitHashes(Value largest) {
  return b.map(largest, b.rowsType(), [&](ValueRange x) {
    Value word = arith::BitcastOp::create(b, b.getI32Type(), x[0]);
    Value code = arith::AndIOp::create(b, word, bits);
    Value behind = b.sub(lastNumber, code);
    Value number = arith::MaxSIOp::create(b, behind, b.i32(0));
    return arith::BitcastOp::create(b, b.getF32Type(), number).getResult();
  });
}

void HashKernel::emitStep(Value step, Value &largest) {
  PipelineState state(b, step, kStages);
  Value set = arith::DivUIOp::create(b, step, tiles);
  Value tile = arith::RemUIOp::create(b, step, tiles);
  Value group = WarpgroupOp::create(b);
  b.await(layout.loadedVectors.at(b, state.stage), state.phase);
  b.fence();
  Value rows = layout.rows.at(b);
  Value vectors = layout.vectors.at(b, state.stage);
  Value products = b.mma(rows, group, vectors, Value(), /*transposed=*/true,
                         layout.vectorRows);
  b.commit();
  products = b.wait(0, products).front();
  // All warps have read the vectors.
  b.syncThreads(kThreads);
  b.inWarp(0, [&] { loadVectors(b.add(step, b.i32(kStages))); });

  // Known to be small, so that conversions of numbers fold.
  Value firstOfTile = b.mul(tile, b.i32(layout.vectorRows));
  Value firstVector =
      arith::AndIOp::create(b, firstOfTile, b.i32(kMostVectors - 1));
  Value isFirst = b.compare(arith::CmpIPredicate::eq, tile, b.i32(0));
  Value before = b.map(largest, b.rowsType(), [&](ValueRange x) {
    return arith::SelectOp::create(b, isFirst, b.f32(0), x[0]).getResult();
  });
  Value keys = emitKeys(products, firstVector);
  largest = ReduceOp::create(b, b.rowsType(), ReductionKind::Max, keys, before);
  Value isLast =
      b.compare(arith::CmpIPredicate::eq, b.add(tile, b.i32(1)), tiles);
  b.when(isLast, [&] {
    Value whole =
        QuadReduceOp::create(b, b.rowsType(), ReductionKind::Max, largest);
    Value hashes = emitHashes(whole);
    Value before = b.mul(group, b.asIndex(b.i32(kFragmentRows)));
    Value row = b.add(b.asIndex(first), before);
    Value address = b.pointer(out.row(b, batch, head, row, b.getI32Type()), set,
                              b.getI32Type());
    Value rowsLeft = b.sub(b.asIndex(length), row);
    Value left = arith::MaxSIOp::create(b, rowsLeft, b.asIndex(b.i32(0)));
    StoreRowsOp::create(b, hashes, address, b.asIndex(out.rowStride), left);
  });
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// The size of a dimension of an array of the operation.
static int64_t sizeOf(HashRowsOp op, Value array, Dim dim) {
  return cast<ShapedType>(array.getType())
      .getDimSize(cast<KernelOpInterface>(*op).getDimOrder().getDim(dim));
}

LogicalResult spattn::checkHashKernel(HashRowsOp op,
                                      const TargetCapabilities &target) {
  Type element = cast<ShapedType>(op.getSource().getType()).getElementType();
  if (!element.isF16() && !element.isBF16())
    return op.emitOpError("expected elements of type f16 or bf16 for a kernel "
                          "on a GPU, got ")
           << element;
  int64_t columns = sizeOf(op, op.getSource(), Dim::Width);
  if (columns % 8 != 0 || columns > 256)
    return op.emitOpError("expected a head dimension that is a multiple of 8 "
                          "up to 256 for a kernel on a GPU, got ")
           << columns;
  if (int64_t bytes = HashLayout(columns).shared.total();
      bytes > target.sharedMemory)
    return op.emitOpError("needs ")
           << bytes << " bytes of shared memory for a head dimension of "
           << columns << ", and '" << target.chip << "' has "
           << target.sharedMemory;
  return success();
}

void spattn::buildHashKernel(OpBuilder &builder, HashRowsOp op, StringRef name,
                             KernelProgram &program,
                             const TargetCapabilities &target) {
  HashLayout layout(sizeOf(op, op.getSource(), Dim::Width));
  int64_t ctasPerSm = 2 * layout.shared.total() <= target.sharedMemory ? 2 : 1;
  HashKernel(builder, op, layout, sizeOf(op, op.getOut(), Dim::Width))
      .build(name, sizeOf(op, op.getSource(), Dim::Head), ctasPerSm, program);
}
