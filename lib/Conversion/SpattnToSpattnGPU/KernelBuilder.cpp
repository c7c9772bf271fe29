//===- KernelBuilder.cpp - What attention kernels are built from ----------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spattn;

//===----------------------------------------------------------------------===//
// Numbers and control flow
//===----------------------------------------------------------------------===//

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
}

Value KernelBuilder::asIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  return arith::IndexCastOp::create(b, b.getIndexType(), value);
}

Value KernelBuilder::f32(float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

Value KernelBuilder::compare(arith::CmpIPredicate predicate, Value lhs,
                             Value rhs) {
  return arith::CmpIOp::create(b, predicate, lhs, rhs);
}

Value KernelBuilder::add(Value lhs, Value rhs) {
  return arith::AddIOp::create(b, lhs, rhs);
}

Value KernelBuilder::sub(Value lhs, Value rhs) {
  return arith::SubIOp::create(b, lhs, rhs);
}

Value KernelBuilder::mul(Value lhs, Value rhs) {
  return arith::MulIOp::create(b, lhs, rhs);
}

Value KernelBuilder::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(b, x, y, z);
}

Value KernelBuilder::pointer(Value base, Value elements, Type type) {
  Value position =
      arith::IndexCastOp::create(b, b.getI64Type(), asIndex(elements));
  return LLVM::GEPOp::create(b, base.getType(), type, base,
                             ArrayRef<LLVM::GEPArg>{position});
}

Value KernelBuilder::asNumber(Value truth) {
  return arith::ExtUIOp::create(b, b.getI32Type(), truth);
}

Value KernelBuilder::rowPointer(int buffer, int stride, Value batch, Value head,
                                Value row, Type type) {
  Value position = add(add(mul(asIndex(batch), asIndex(args[stride])),
                           mul(asIndex(head), asIndex(args[stride + 1]))),
                       mul(asIndex(row), asIndex(args[stride + 2])));
  return pointer(args[buffer], position, type);
}

llvm::SmallVector<Value> KernelBuilder::emitWhile(
    ValueRange initial, function_ref<Value(ValueRange)> condition,
    function_ref<llvm::SmallVector<Value>(ValueRange, Block *)> body) {
  llvm::SmallVector<Type> types(initial.getTypes());
  llvm::SmallVector<Location> locs(types.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, types, initial);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locs);
  scf::ConditionOp::create(b, condition(before->getArguments()),
                           before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, locs);
  scf::YieldOp::create(b, body(after->getArguments(), after));
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value KernelBuilder::isWarp(int64_t number) {
  Value warp = arith::DivUIOp::create(b, thread, index(32));
  return compare(arith::CmpIPredicate::eq, warp, index(number));
}

Value KernelBuilder::lane() {
  return arith::AndIOp::create(b, thread, index(31));
}

void KernelBuilder::emitRoles(const Roles &roles) {
  Value group = arith::IndexCastOp::create(
      b, b.getI32Type(), spattn_gpu::WarpgroupOp::create(b, b.getIndexType()));
  Value isProducer = compare(arith::CmpIPredicate::eq, group, index(0));
  auto role = scf::IfOp::create(b, isProducer, /*withElseRegion=*/true);
  in(role.thenBlock(), [&] {
    spattn_gpu::SetMaxRegistersOp::create(b, roles.producerRegisters,
                                          /*increase=*/false);
    for (auto [number, work] : llvm::enumerate(roles.warps))
      inWarp(number, work);
  });
  in(role.elseBlock(), [&] {
    spattn_gpu::SetMaxRegistersOp::create(
        b, roles.consumerRegisters,
        /*increase=*/roles.consumerRegisters >= roles.launchedRegisters);
    roles.computing(sub(group, index(1)));
  });
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

llvm::SmallVector<Type> KernelBuilder::argumentTypes(int pointers, int count) {
  llvm::SmallVector<Type> types(pointers,
                                LLVM::LLVMPointerType::get(b.getContext()));
  types.append(3, b.getI32Type());
  types.push_back(b.getF32Type());
  types.append(count - types.size(), b.getI64Type());
  return types;
}

void KernelBuilder::begin(StringRef name, ArrayRef<Type> types, int maps,
                          int64_t threads, int64_t blocksOfOne) {
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), types);
  function = LLVM::LLVMFuncOp::create(b, name, type);
  for (int i = 0; i < maps; ++i) {
    function.setArgAttr(
        i, LLVM::LLVMDialect::getByValAttrName(),
        TypeAttr::get(LLVM::LLVMArrayType::get(b.getI64Type(), 16)));
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        b.getI64IntegerAttr(64));
    function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                        b.getUnitAttr());
  }
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    b.getUnitAttr());
  function->setAttr(
      NVVM::NVVMDialect::getMaxntidAttrName(),
      b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(blocksOfOne));
  // exp2 is one instruction where denormals may be flushed.
  function.setPassthroughAttr(b.getArrayAttr({b.getStrArrayAttr(
      {"denormal-fp-math-f32", "preserve-sign,preserve-sign"})}));

  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  args.assign(entry->args_begin(), entry->args_end());
  auto i32 = b.getI32Type();
  thread = NVVM::ThreadIdXOp::create(b, i32);
  block = NVVM::BlockIdXOp::create(b, i32);
  blocks = NVVM::GridDimXOp::create(b, i32);
}

//===----------------------------------------------------------------------===//
// Shared memory and barriers
//===----------------------------------------------------------------------===//

void KernelBuilder::allocate(ArrayRef<int64_t> begins, int64_t words,
                             int64_t total) {
  for (auto [i, begin] : llvm::enumerate(begins)) {
    int64_t end = i + 1 < begins.size() ? begins[i + 1] : total;
    if (end > begin)
      memories[begin] = spattn_gpu::AllocOp::create(
          b, end - begin, /*alignment=*/begin < words ? 1024 : 16);
  }
}

std::pair<Value, int64_t> KernelBuilder::place(int64_t offset) {
  auto part = std::prev(memories.upper_bound(offset));
  return {part->second, offset - part->first};
}

spattn_gpu::AccumulatorType KernelBuilder::accType(int64_t columns) {
  return spattn_gpu::AccumulatorType::get(
      b.getContext(), spattn_gpu::kFragmentRows, columns, b.getF32Type());
}

spattn_gpu::SharedType KernelBuilder::sharedType(int64_t rows,
                                                 int64_t columns) {
  return spattn_gpu::SharedType::get(b.getContext(), rows, columns, element);
}

Value KernelBuilder::sharedTile(int64_t rows, int64_t columns, Value stage,
                                int64_t offset) {
  return spattn_gpu::SharedOp::create(b, sharedType(rows, columns),
                                      memories.at(offset),
                                      stage ? asIndex(stage) : Value());
}

Value KernelBuilder::barrier(int64_t number, Value stage) {
  auto [memory, offset] = place(barrierOffset + 8 * number);
  return spattn_gpu::BarrierOp::create(
      b, memory, stage ? asIndex(stage) : Value(), offset);
}

void KernelBuilder::initBarriers(int64_t number, int64_t stages, int64_t count,
                                 bool loads) {
  for (int64_t s = 0; s < stages; ++s)
    spattn_gpu::BarrierInitOp::create(b, barrier(number, index(s)), count,
                                      loads);
}

std::pair<Value, Value> KernelBuilder::stageOf(Value count, int64_t stages) {
  Value number = index(stages);
  Value stage = arith::RemUIOp::create(b, count, number);
  Value round = arith::DivUIOp::create(b, count, number);
  return {stage, arith::AndIOp::create(b, round, index(1))};
}

Value KernelBuilder::flip(Value parity) {
  return arith::XOrIOp::create(b, parity, index(1));
}

void KernelBuilder::arrive(Value barrier) {
  spattn_gpu::BarrierArriveOp::create(
      b, barrier, compare(arith::CmpIPredicate::eq, lane(), index(0)));
}

void KernelBuilder::arriveAfterReads(Value barrier) {
  Value all = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
  NVVM::SyncWarpOp::create(b, all);
  arrive(barrier);
}

void KernelBuilder::load(Value map, Value row, Value head, Value batch,
                         Value tile, Value barrier) {
  spattn_gpu::LoadOp::create(b, map, asIndex(row), asIndex(head),
                             asIndex(batch), tile, barrier);
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

Value KernelBuilder::map(ValueRange operands, Type type,
                         function_ref<Value(ValueRange)> body) {
  auto mapOp = spattn_gpu::MapOp::create(b, type, operands);
  llvm::SmallVector<Type> types(operands.size(), b.getF32Type());
  llvm::SmallVector<Location> locs(operands.size(), b.getLoc());
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&mapOp.getBody(), {}, types, locs);
  Value result = body(block->getArguments());
  spattn_gpu::YieldOp::create(b, ValueRange{result});
  return mapOp.getResult();
}

Value KernelBuilder::scaleRows(Value acc, Value factors) {
  return map({acc, factors}, acc.getType(), [&](ValueRange x) -> Value {
    return arith::MulFOp::create(b, x[0], x[1]);
  });
}

Value KernelBuilder::mma(Value lhs, Value lhsBlock, Value rhs, Value acc,
                         bool transposed, int64_t columns, bool lhsTransposed) {
  return spattn_gpu::MmaOp::create(b, accType(columns), lhs,
                                   lhsBlock ? asIndex(lhsBlock) : Value(), rhs,
                                   acc, transposed, lhsTransposed);
}

Value KernelBuilder::toOperand(Value acc) {
  auto type = spattn_gpu::OperandType::get(
      b.getContext(), spattn_gpu::kFragmentRows,
      cast<spattn_gpu::AccumulatorType>(acc.getType()).getColumns(), element);
  return spattn_gpu::ToOperandOp::create(b, type, acc);
}

ValueRange KernelBuilder::wait(int64_t pending, ValueRange values,
                               Value after) {
  return spattn_gpu::MmaWaitOp::create(b, values.getTypes(), pending, values,
                                       after)
      .getResults();
}

Value KernelBuilder::mask(Value scores, Value seen) {
  return spattn_gpu::MaskOp::create(b, scores.getType(), scores, seen);
}

Value KernelBuilder::mask(const WorkItem &item, Value scores, Index first,
                          SpansOfRow body) {
  int64_t columns =
      cast<spattn_gpu::AccumulatorType>(scores.getType()).getColumns();
  return mask(scores, allowedColumns(item, columns, first, body));
}

Value KernelBuilder::allowedColumns(const WorkItem &item, int64_t columns,
                                    Index first, SpansOfRow body) {
  const ItemLayout &layout = queue.layout;
  if (!layout.hasTables())
    return spans(columns, first, /*others=*/Value(),
                 [&](Index row) { return body(item.form, row); });
  Value none = spans(columns, first, /*others=*/Value(),
                     [](Index) { return std::vector<Span<Index>>(); });
  Value stage = stageOf(item.number, queue.stages).first;
  Value firstRow = mul(stage, index(layout.words() / 4));
  auto loop = scf::ForOp::create(b, index(0), index(layout.intervals), index(1),
                                 ValueRange{none});
  in(loop.getBody(), [&] {
    llvm::SmallVector<Type> types(4, b.getI32Type());
    auto [memory, offset] = place(queue.words + 4 * layout.intervalsAt());
    ValueRange row =
        spattn_gpu::ReadWordsOp::create(
            b, types, memory, asIndex(add(firstRow, loop.getInductionVar())),
            16, /*uniform=*/false, offset)
            .getValues();
    Index begin = ops.wrap(row[0]), end = ops.wrap(row[1]);
    // A row as a normal form of its own: one interval for some keys, and
    // nothing for others.
    NormalForm<Index> form = item.form;
    form.segments = {{ops.constant(0), begin, {}},
                     {begin, end, {{ops.wrap(row[2]), ops.wrap(row[3])}}},
                     {end, form.lengths.keys, {}}};
    Value found = spans(columns, first, loop.getRegionIterArg(0),
                        [&](Index row) { return body(form, row); });
    scf::YieldOp::create(b, ValueRange{found});
  });
  return loop.getResult(0);
}

Value KernelBuilder::spans(
    int64_t columns, Index first, Value others,
    function_ref<std::vector<Span<Index>>(Index row)> body) {
  auto spansOp = spattn_gpu::ColumnMaskOp::create(
      b, spattn_gpu::ColumnMaskType::get(b.getContext(), columns), others);
  OpBuilder::InsertionGuard guard(b);
  Block *block =
      b.createBlock(&spansOp.getBody(), {}, {b.getIndexType()}, {b.getLoc()});
  Index row = ops.wrap(
      arith::IndexCastOp::create(b, b.getI32Type(), block->getArgument(0)));
  llvm::SmallVector<Value> ends;
  for (const Span<Index> &span : body(row))
    for (Index end : {span.lo, span.hi})
      ends.push_back(
          ops.materialize(ops.min(ops.max(ops.sub(end, first), ops.constant(0)),
                                  ops.constant(columns))));
  spattn_gpu::YieldOp::create(b, ends);
  return spansOp.getResult();
}

//===----------------------------------------------------------------------===//
// Posted items
//===----------------------------------------------------------------------===//

void KernelBuilder::setPosted(WorkItem item, Block *decoded, Value count) {
  posted = std::move(item);
  auto collect = [&](Value value) {
    if (value && value.getParentBlock() == decoded)
      words.insert(value);
  };
  auto visitor =
      llvm::makeVisitor(collect, [&](Index &number) { collect(number.value); });
  bool hasTables = queue.layout.hasTables();
  posted.forEachNumber(visitor, hasTables);
  controlWords = words.size();
  posted.forEachMaskNumber(visitor, hasTables);
  if (hasTables)
    postTables(count);
}

void KernelBuilder::postTables(Value count) {
  const ItemLayout &layout = queue.layout;
  llvm::SmallVector<Value> firsts, shifts, intervals;
  // One sequence of all tiles: masked ones, then full ones.
  for (const auto &piece : posted.masked.pieces) {
    firsts.push_back(ops.materialize(piece.firstNumber));
    shifts.push_back(ops.materialize(piece.shift));
  }
  for (const auto &piece : posted.full.pieces) {
    firsts.push_back(
        ops.materialize(ops.add(piece.firstNumber, posted.masked.count)));
    shifts.push_back(
        ops.materialize(ops.sub(piece.shift, posted.masked.count)));
  }
  for (const auto &segment : posted.form.segments)
    for (const auto &interval : segment.intervals)
      for (Index value : {segment.begin, segment.end, interval.lo, interval.hi})
        intervals.push_back(ops.materialize(value));
  assert(int64_t(firsts.size()) == layout.pieces &&
         int64_t(intervals.size()) == 4 * layout.intervals &&
         "tables are laid out for this attention's items");
  llvm::append_range(firsts, shifts);
  Value stage = asIndex(stageOf(count, queue.stages).first);
  for (auto [at, values] : {std::pair(layout.piecesAt(), firsts),
                            {layout.intervalsAt(), intervals}}) {
    auto [memory, offset] = place(queue.words + 4 * at);
    spattn_gpu::WriteWordsOp::create(b, memory, stage, layout.bytes(), values,
                                     offset);
  }
}

void KernelBuilder::awaitRoom(Value count) {
  auto [stage, phase] = stageOf(count, queue.stages);
  await(barrier(queue.empty, stage), flip(phase));
}

void KernelBuilder::post(Value count, ValueRange values) {
  Value stage = stageOf(count, queue.stages).first;
  spattn_gpu::WriteWordsOp::create(b, memories.at(queue.words), asIndex(stage),
                                   queue.layout.bytes(), values);
  arrive(barrier(queue.full, stage));
}

void KernelBuilder::postEnd(Value count) {
  llvm::SmallVector<Value> none(words.size(), index(0));
  awaitRoom(count);
  post(count, none);
}

Value KernelBuilder::emitSection(AttentionOpInterface op, Value rowHeads,
                                 Value keyLength, int64_t bytes) {
  int64_t rowBytes = 2 * (op.getHeadDim() + op.getValueDim());
  int64_t most = bytes / rowBytes * op.getGroupSize();
  llvm::SmallVector<Value> end = emitWhile(
      {index(1)},
      [&](ValueRange carried) -> Value {
        Value next = add(carried[0], carried[0]);
        Value fits = compare(arith::CmpIPredicate::ule, mul(next, keyLength),
                             index(most));
        Value rest = arith::AndIOp::create(b, rowHeads, sub(next, index(1)));
        return arith::AndIOp::create(
            b, fits, compare(arith::CmpIPredicate::eq, rest, index(0)));
      },
      [&](ValueRange carried, Block *) -> llvm::SmallVector<Value> {
        return {add(carried[0], carried[0])};
      });
  return end[0];
}

std::pair<Value, Value> KernelBuilder::locate(const RowItems &rows,
                                              Value number) {
  // Of a section, later rows come last.
  Value inSection = number, before = index(0);
  if (rows.section != rows.rowHeads) {
    Value sectionItems = mul(rows.tileRows, rows.section);
    Value section = arith::DivUIOp::create(b, number, sectionItems);
    inSection = arith::RemUIOp::create(b, number, sectionItems);
    before = mul(section, rows.section);
  }
  Value tile = arith::DivUIOp::create(b, inSection, rows.section);
  // Heads ascend as rows descend. The other way round, where later heads see
  // later rows only, some blocks would be dealt nothing but empty items.
  Value fromEnd = arith::RemUIOp::create(b, inSection, rows.section);
  return {tile, add(before, sub(sub(rows.section, index(1)), fromEnd))};
}

WorkItem KernelBuilder::decodeRows(AttentionOpInterface op,
                                   const HeadStructures &heads,
                                   const RowItems &rows, Value number,
                                   Value batches,
                                   const Lengths<Index> &lengths) {
  WorkItem item;
  auto [tile, rest] = locate(rows, number);
  item.head = arith::DivUIOp::create(b, rest, batches);
  item.batch = arith::RemUIOp::create(b, rest, batches);
  item.keyHead = item.head;
  if (op.getGroupSize() > 1)
    item.keyHead =
        arith::DivUIOp::create(b, item.head, index(op.getGroupSize()));
  item.form = normalForm(ops, heads, ops.wrap(item.head), lengths,
                         op.getAlgebraAlignment());
  item.first = ops.mul(ops.wrap(tile), ops.constant(rows.queryTile));
  auto ranges =
      keyTiles(ops, item.form, item.first,
               ops.add(item.first, ops.constant(rows.queryTile)), rows.keyTile);
  item.masked = maskedSequence(ops, ranges);
  item.full = fullSequence(ops, ranges);
  item.maskedCount = ops.materialize(item.masked.count);
  item.visited = ops.materialize(ops.add(item.masked.count, item.full.count));
  return item;
}

Value KernelBuilder::isVisited(const WorkItem &item) {
  return compare(arith::CmpIPredicate::sgt, item.visited, index(0));
}

/// Items are dealt to blocks in rounds, of a pair for each block: one as far
/// from the last as the other one is from the first. Where many rows see no
/// key, those are the first of many heads, and the last of others have as much
/// more to do: pairs are alike, and rows without keys are written beside the
/// other work instead of after it. Some are not, and a block's place in a round
/// moves on by a part of it that rounds and sections hardly have in common, or
/// some blocks would be dealt all of those.
void KernelBuilder::dealItems(Value items,
                              function_ref<WorkItem(Value number)> decode,
                              function_ref<void(const WorkItem &)> emitEmpty) {
  Value one = index(1), zero = index(0);
  Value lastItem = sub(items, one);
  Value seconds = arith::DivUIOp::create(b, items, index(2));
  Value pairs = sub(items, seconds);
  // The golden section.
  Value move = arith::DivUIOp::create(b, mul(blocks, index(98)), index(256));
  llvm::SmallVector<Value> end = emitWhile(
      {zero, zero, block, zero},
      [&](ValueRange carried) {
        return compare(arith::CmpIPredicate::slt, carried[1], pairs);
      },
      [&](ValueRange carried, Block *body) -> llvm::SmallVector<Value> {
        Value count = carried[0], round = carried[1], place = carried[2],
              side = carried[3];
        awaitRoomForTables(count);
        Value pair = add(round, place);
        Value isSecond = compare(arith::CmpIPredicate::ne, side, zero);
        Value number =
            arith::SelectOp::create(b, isSecond, pair, sub(lastItem, pair));
        setPosted(decode(number), body, count);
        // The last round may be a part of one, and the item in the middle has
        // no other.
        Value exists =
            compare(arith::CmpIPredicate::slt, pair,
                    arith::SelectOp::create(b, isSecond, seconds, pairs));
        auto existsAnd = [&](arith::CmpIPredicate predicate) -> Value {
          return arith::AndIOp::create(
              b, exists, compare(predicate, posted.visited, zero));
        };
        Value any = existsAnd(arith::CmpIPredicate::sgt);
        Value isEmpty = existsAnd(arith::CmpIPredicate::sle);
        when(any, [&] {
          awaitRoomForNumbers(count);
          post(count, words.getArrayRef());
        });
        when(isEmpty, [&] { emitEmpty(posted); });
        auto onSecond = [&](Value then, Value otherwise) -> Value {
          return arith::SelectOp::create(b, isSecond, then, otherwise);
        };
        Value moved = arith::RemUIOp::create(b, add(place, move), blocks);
        return {add(count, asNumber(any)), onSecond(add(round, blocks), round),
                onSecond(moved, place), arith::XOrIOp::create(b, side, one)};
      });
  postEnd(end[0]);
}

ValueRange KernelBuilder::receive(Value count, size_t numWords, bool uniform) {
  Value stage = stageOf(count, queue.stages).first;
  llvm::SmallVector<Type> types(numWords, b.getI32Type());
  return spattn_gpu::ReadWordsOp::create(b, types, memories.at(queue.words),
                                         asIndex(stage), queue.layout.bytes(),
                                         uniform)
      .getValues();
}

WorkItem KernelBuilder::withWords(ValueRange values) {
  WorkItem item = posted;
  auto replace = [&](Value &value) {
    size_t number = llvm::find(words, value) - words.begin();
    if (number < values.size())
      value = values[number];
  };
  auto visitor =
      llvm::makeVisitor(replace, [&](Index &number) { replace(number.value); });
  item.forEachNumber(visitor, queue.layout.hasTables());
  item.forEachMaskNumber(visitor, queue.layout.hasTables());
  return item;
}

WorkItem KernelBuilder::withMask(const WorkItem &item) {
  WorkItem again =
      withWords(receive(item.number, words.size(), /*uniform=*/false));
  again.number = item.number;
  return again;
}

llvm::SmallVector<Value> KernelBuilder::forPosted(
    ValueRange initial,
    function_ref<llvm::SmallVector<Value>(WorkItem &, Value tilesBefore,
                                          Value itemsBefore, ValueRange)>
        body) {
  llvm::SmallVector<Value> carried{index(0), index(0)};
  llvm::append_range(carried, initial);
  llvm::SmallVector<Type> types =
      llvm::to_vector(ValueRange(carried).getTypes());
  llvm::SmallVector<Type> received = types;
  received.append(controlWords, b.getI32Type());
  auto loop = scf::WhileOp::create(b, received, carried);
  llvm::SmallVector<Location> locs(received.size(), b.getLoc());
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types,
                                ArrayRef(locs).take_front(types.size()));
  llvm::SmallVector<Value> passed(before->args_begin(), before->args_end());
  auto [stage, phase] = stageOf(before->getArgument(1), queue.stages);
  await(barrier(queue.full, stage), phase);
  ValueRange numbers =
      receive(before->getArgument(1), controlWords, /*uniform=*/true);
  WorkItem next = withWords(numbers);
  Value any = isVisited(next);
  llvm::append_range(passed, numbers);
  scf::ConditionOp::create(b, any, passed);
  Block *after = b.createBlock(&loop.getAfter(), {}, received, locs);
  ValueRange arguments = after->getArguments();
  WorkItem item = withWords(arguments.drop_front(types.size()));
  Value tiles = arguments[0], count = arguments[1];
  item.number = count;
  llvm::SmallVector<Value> result = body(
      item, tiles, count, arguments.take_front(types.size()).drop_front(2));
  arriveAfterReads(barrier(queue.empty, stageOf(count, queue.stages).first));
  llvm::SmallVector<Value> yielded{add(tiles, item.visited),
                                   add(count, index(1))};
  llvm::append_range(yielded, result);
  scf::YieldOp::create(b, yielded);
  b.setInsertionPointAfter(loop);
  return llvm::to_vector_of<Value>(loop.getResults().take_front(types.size()));
}

void KernelBuilder::forPosted(
    function_ref<void(WorkItem &, Value tilesBefore, Value itemsBefore)> body) {
  forPosted({}, [&](WorkItem &item, Value tiles, Value count, ValueRange) {
    body(item, tiles, count);
    return llvm::SmallVector<Value>();
  });
}

Value KernelBuilder::maskIfPartial(const WorkItem &item, Value n, Masked masked,
                                   Value scores,
                                   function_ref<Value()> emitMask) {
  if (masked == Masked::No)
    return scores;
  if (masked == Masked::Yes)
    return emitMask();
  Value isMasked = compare(arith::CmpIPredicate::slt, n, item.maskedCount);
  auto ifMasked = scf::IfOp::create(b, scores.getType(), isMasked,
                                    /*withElseRegion=*/true);
  in(ifMasked.thenBlock(),
     [&] { scf::YieldOp::create(b, ValueRange{emitMask()}); });
  in(ifMasked.elseBlock(),
     [&] { scf::YieldOp::create(b, ValueRange{scores}); });
  return ifMasked.getResult(0);
}

KernelBuilder::Index KernelBuilder::firstOf(const WorkItem &item, Value n,
                                            int64_t size) {
  Index number = ops.wrap(n);
  const ItemLayout &layout = queue.layout;
  if (layout.hasTables()) {
    Value stage = stageOf(item.number, queue.stages).first;
    auto [memory, offset] = place(queue.words + 4 * layout.piecesAt());
    Value shift = spattn_gpu::LookupOp::create(
        b, layout.pieces, memory, asIndex(stage), layout.bytes(), n, offset);
    return ops.mul(ops.add(number, ops.wrap(shift)), ops.constant(size));
  }
  Index masked = item.masked.nth(ops, number);
  Index full = item.full.nth(ops, ops.sub(number, item.masked.count));
  Index tile = ops.select(ops.lt(number, item.masked.count), masked, full);
  return ops.mul(tile, ops.constant(size));
}
